# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example that the documentation shows, run as it stands but for the addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulators import authentik, netbird
from simulators.netbird import proxies
from simulators.netbird.state import ADMIN_PASSWORD
from support import COLLECTION, MODULES, ROOT, VERSIONS, Played, Servers
from support.cases import ELSEWHERE
from support.cases_netbird import AGENT_PROVIDER, CLUSTER
from support.modules import call
from support.together import Part, play_together

pytestmark = pytest.mark.once

READMES = [
    path for path in sorted([ROOT / "README.md", *(ROOT / "roles").glob("*/README.md")]) if "hosts: localhost" in path.read_text()
]
PROVIDER = {"provider": {"client_id": "example"}, "client_secret": "secret-of-the-examples"}


def with_addresses(servers: Servers, text: str) -> Any:
    text = text.replace("authentik_url: https://authentik.company", f"authentik_url: {servers.authentik.url}")
    text = text.replace("netbird_url: https://netbird.company", f"netbird_url: {servers.netbird.url}")
    return yaml.safe_load(text.replace("issuer: https://authentik.company", f"issuer: {servers.authentik.url}"))


@contextmanager
def surroundings(folder: Path, version: str) -> Iterator[Servers]:
    """What the examples take for granted."""
    with authentik.serve(version=version) as one, netbird.serve() as other:
        one.state.add_user("alice", "password-of-alice", email="alice@example.com", groups=["developers", "operators"])
        servers = Servers(one, other, folder)
        connection = servers.connection_of("authentik")
        redirects = [{"url": "https://netbird.company/cb"}]
        call("authentik_oauth2_provider", {**connection, "name": "NetBird", "redirect_uris": redirects})
        made = call("authentik_application", {**connection, "slug": "netbird", "name": "NetBird", "provider": "NetBird"})
        assert made["changed"] is True, made
        in_netbird(servers)
        yield servers


def in_netbird(servers: Servers) -> None:
    """What the examples of NetBird's objects refer to."""
    account = servers.netbird.state.account
    for name in ("web-0", "web-1", "web-2", "router-1"):
        account.add_peer(name, [])
    proxies.connect(account, CLUSTER)
    account.add_user("1", email="alice@company.example", name="Alice")
    connection = servers.connection_of("netbird")
    config = {
        "groups": [{"name": name} for name in ("developers", "servers", "printers")],
        "networks": [{"name": "office"}],
        "dns_zones": [{"domain": "company.example", "distribution_groups": ["All"]}],
        "setup_keys": [{"name": "old"}],
        "users": [{"user": "ansible", "is_service_user": True, "role": "admin"}],
        "network_resources": [{"network": "office", "name": "wiki", "address": "192.168.7.8"}],
        "agent_network_providers": [{"name": "models", **AGENT_PROVIDER}],
    }
    made = call("netbird_config", {**connection, "config": config})
    assert made["changed"] is True, made


@contextmanager
def set_up(folder: Path, version: str) -> Iterator[Servers]:
    """The same with a whole set-up, for modules that look at one."""
    variables = {
        "management_return_secret": True,
        "management_user_approval_required": False,
        "management_entitlements": [{"name": "netbird-developers", "groups": ["developers"]}],
    }
    with surroundings(folder, version) as servers:
        assert servers.play(ROOT / "playbooks/management.yml", variables).code == 0
        yield servers


@pytest.fixture
def whole(made_once: Callable[..., Servers], version: str) -> Iterator[Servers]:
    with made_once(set_up, version).whole_again() as servers:
        yield servers


def twice(servers: Servers, module: str) -> Part:
    """A module's examples, and the same once more."""
    loaded = import_module(f"ansible_collections.{COLLECTION}.plugins.modules.{module}")
    tasks = with_addresses(servers, loaded.EXAMPLES)
    assert any(f"{COLLECTION}.{module}" in task for task in tasks)
    tokens = {"vault_authentik_token": servers.authentik.token, "vault_netbird_token": servers.netbird.token}
    vault = {**tokens, "provider": PROVIDER, "vault_status_password": "password-of-the-page"}
    if module in ELSEWHERE:
        (provider,) = servers.authentik.state.providers.values()
        known = {"client_id": provider["client_id"], "client_secret": provider["client_secret"]}
        vault["management_result"] = {**known, "redirect_url": f"{servers.netbird.url}/oauth2/callback"}
        vault["vault_password_of_alice"] = "password-of-alice"
        vault["vault_password_of_admin"] = ADMIN_PASSWORD
    return Part(servers, [tasks, tasks], vault)


def assert_good(first: Played, second: Played) -> None:
    for played in (first, second):
        assert played.failure == ""
        assert played.code == 0, played.output
    assert second.changed == []


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Played]]:
    """What the examples of every module did that needs no whole set-up, each on servers of its own."""
    folder = tmp_path_factory.mktemp("examples")
    with ExitStack() as stack:
        parts = {
            module: twice(stack.enter_context(surroundings(folder, VERSIONS[-1])), module)
            for module in MODULES
            if module not in ELSEWHERE
        }
        return play_together(folder, parts)


@pytest.mark.parametrize("module", [module for module in MODULES if module not in ELSEWHERE])
def test_examples_of_a_module(examples: dict[str, list[Played]], module: str) -> None:
    assert_good(*examples[module])


@pytest.mark.parametrize("module", ELSEWHERE)
def test_examples_of_a_module_that_looks_at_a_set_up(whole: Servers, tmp_path: Path, module: str) -> None:
    assert_good(*play_together(tmp_path, {module: twice(whole, module)})[module])


@pytest.mark.parametrize("readme", READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_playbooks_of_a_readme(request: pytest.FixtureRequest, tmp_path: Path, readme: Path) -> None:
    blocks = re.findall(r"```yaml\n(- name:.*?)```", readme.read_text(), re.DOTALL)
    assert blocks
    with ExitStack() as stack:
        verified = readme.parent.name == "verify"
        servers = request.getfixturevalue("whole") if verified else stack.enter_context(surroundings(tmp_path, VERSIONS[-1]))
        vault = {"vault_authentik_token": servers.authentik.token, "vault_netbird_token": servers.netbird.token}
        vault |= {"vault_password_of_alice": "password-of-alice"} if verified else {}
        playbook = servers.folder / "readme.yml"
        for block in blocks:
            playbook.write_text(yaml.safe_dump(with_addresses(servers, block)))
            for _run in range(2):
                played = servers.play(playbook, vault, connection=False)
                assert played.code == 0, played.output
            assert played.changed == []
