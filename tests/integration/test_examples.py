# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example that the documentation shows, run as it stands but for the addresses."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import pytest
import yaml

from support import COLLECTION, MODULES, ROOT, Servers
from support.cases import ELSEWHERE

pytestmark = pytest.mark.once

READMES = [
    path for path in sorted([ROOT / "README.md", *(ROOT / "roles").glob("*/README.md")]) if "hosts: localhost" in path.read_text()
]
PROVIDER = {"provider": {"client_id": "example"}, "client_secret": "secret-of-the-examples"}


def with_addresses(servers: Servers, text: str) -> Any:
    text = text.replace("authentik_url: https://authentik.company", f"authentik_url: {servers.authentik.url}")
    text = text.replace("netbird_url: https://netbird.company", f"netbird_url: {servers.netbird.url}")
    return yaml.safe_load(text.replace("issuer: https://authentik.company", f"issuer: {servers.authentik.url}"))


@pytest.fixture(autouse=True)
def surroundings(servers: Servers) -> None:
    """What the examples take for granted."""
    state = servers.authentik.state
    state.add_user("alice", "password-of-alice", email="alice@example.com", groups=["developers", "operators"])
    tasks = [
        {
            f"{COLLECTION}.authentik_oauth2_provider": {
                "name": "NetBird",
                "redirect_uris": [{"url": "https://netbird.company/cb"}],
            }
        },
        {f"{COLLECTION}.authentik_application": {"slug": "netbird", "name": "NetBird", "provider": "NetBird"}},
    ]
    assert servers.play(tasks).code == 0


def set_up(servers: Servers) -> dict[str, Any]:
    """A whole set-up, for modules that look at one; what its role says of it."""
    variables = {
        "management_return_secret": True,
        "management_user_approval_required": False,
        "management_entitlements": [{"name": "netbird-developers", "groups": ["developers"]}],
    }
    assert servers.play(ROOT / "playbooks/management.yml", variables).code == 0
    (provider,) = servers.authentik.state.providers.values()
    known = {"client_id": provider["client_id"], "client_secret": provider["client_secret"]}
    return {**known, "redirect_url": f"{servers.netbird.url}/oauth2/callback"}


@pytest.mark.parametrize("module", MODULES)
def test_examples_of_a_module(servers: Servers, module: str) -> None:
    loaded = import_module(f"ansible_collections.{COLLECTION}.plugins.modules.{module}")
    tasks = with_addresses(servers, loaded.EXAMPLES)
    assert any(f"{COLLECTION}.{module}" in task for task in tasks)
    vault = {"vault_authentik_token": servers.authentik.token, "vault_netbird_token": servers.netbird.token, "provider": PROVIDER}
    if module in ELSEWHERE:
        vault |= {"management_result": set_up(servers), "vault_password_of_alice": "password-of-alice"}
    for _run in range(2):
        played = servers.play(tasks, vault)
        assert played.code == 0, played.output
        assert played.failure == ""
    assert played.changed == []


@pytest.mark.parametrize("readme", READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_playbooks_of_a_readme(servers: Servers, readme: Any) -> None:
    vault = {"vault_authentik_token": servers.authentik.token, "vault_netbird_token": servers.netbird.token}
    if readme.parent.name == "verify":
        set_up(servers)
        vault["vault_password_of_alice"] = "password-of-alice"
    blocks = re.findall(r"```yaml\n(- name:.*?)```", readme.read_text(), re.DOTALL)
    playbook = servers.folder / "readme.yml"
    for block in blocks:
        playbook.write_text(yaml.safe_dump(with_addresses(servers, block)))
        for _run in range(2):
            played = servers.play(playbook, vault, connection=False)
            assert played.code == 0, played.output
        assert played.changed == []
    assert blocks
