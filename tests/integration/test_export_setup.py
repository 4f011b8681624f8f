# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""authentik_application_info and the playbook export_setup: a set-up that exists, as the variables of its role."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from support import ROOT, Servers, role
from support.modules import call

pytestmark = pytest.mark.once

SETUPS: dict[str, dict[str, Any]] = {
    "management": {"management_user_approval_required": False},
    "standalone": {"netbird_token": "", "standalone_netbird_url": "https://netbird.company"},
}
ENTITLEMENTS = [
    {"name": "netbird-developers", "groups": ["developers", "operators"]},
    {"name": "netbird-operators", "users": ["alice"]},
    {"name": "nobody-has-it"},
]
BINDINGS = [{"group": "developers"}, {"group": "operators", "negate": True, "order": 2}, {"user": "alice", "timeout": 5}]


def chosen(setup: str) -> dict[str, Any]:
    """Variables of which most differ from the defaults."""
    values = {
        "slug": "mesh",
        "name": "The mesh",
        "group": "Network",
        "description": "Who may be in it",
        "open_in_new_tab": True,
        "entitlements": ENTITLEMENTS,
        "bindings": BINDINGS,
        {"management": "redirect_uris_extra", "standalone": "redirects_extra"}[setup]: [
            {"matching_mode": "strict", "url": "http://localhost:54000"}
        ],
    }
    return {**SETUPS[setup], **{f"{setup}_{name}": value for name, value in values.items()}}


def people(servers: Servers) -> None:
    servers.authentik.state.add_user("alice", "password-of-alice", groups=["developers"])
    servers.authentik.state.add_group("operators")


def exported(servers: Servers, setup: str, slug: str = "mesh", name: str = "exported.yml") -> Path:
    written = servers.folder / name
    played = servers.play(
        ROOT / "playbooks/export_setup.yml", {"export_setup": setup, "export_slug": slug, "export_file": str(written)}
    )
    assert played.code == 0, played.output[-3000:]
    assert not played.writes
    return written


@pytest.mark.parametrize("setup", SETUPS)
def test_an_export_says_what_the_server_has(servers: Servers, other_servers: Servers, setup: str) -> None:
    for each in (servers, other_servers):
        people(each)
    made = servers.play(role(setup), chosen(setup))
    assert made.code == 0, made.output[-3000:]
    written = exported(servers, setup)
    assert written.stat().st_mode & 0o777 == 0o600
    variables = yaml.safe_load(written.read_text())
    assert variables[f"{setup}_entitlements"] == ENTITLEMENTS
    assert sorted(map(str, variables[f"{setup}_bindings"])) >= sorted(map(str, BINDINGS))
    assert {name: variables[name] for name in chosen(setup) if name.endswith(("slug", "name", "group", "_extra"))} == {
        name: value for name, value in chosen(setup).items() if name.endswith(("slug", "name", "group", "_extra"))
    }
    (provider,) = servers.authentik.state.providers.values()
    assert provider["client_secret"] not in written.read_text()

    checked = servers.play(role(setup), {**SETUPS[setup], **variables}, "--check")
    assert (checked.code, checked.changed) == (0, []), checked.output[-3000:]
    there = other_servers.play(role(setup), {**SETUPS[setup], **variables})
    assert there.code == 0, there.output[-3000:]
    again = exported(other_servers, setup).read_text()
    assert again.replace(other_servers.netbird.url, servers.netbird.url) == written.read_text()


def test_what_was_made_by_hand_is_adopted(servers: Servers) -> None:
    """By the guide's steps: a provider and an application of names of their own, one entitlement, and nothing else."""
    people(servers)
    connection = servers.connection_of("authentik")
    redirects = [{"url": f"{servers.netbird.url}/oauth2/callback"}]
    own = {"name": "Ours", "scope_name": "profile", "expression": "return {'ours': True}"}
    call("authentik_scope_mapping", {**connection, **own})
    provider = {"name": "Provider for NetBird", "redirect_uris": redirects, "property_mappings": ["openid", "Ours", "email"]}
    call("authentik_oauth2_provider", {**connection, **provider})
    call("authentik_application", {**connection, "slug": "nb", "name": "nb", "provider": "Provider for NetBird"})
    entitlements = [{"name": "netbird-developers", "groups": ["developers"]}]
    call("authentik_application_entitlements", {**connection, "application": "nb", "entitlements": entitlements})
    before = servers.authentik.state.snapshot()
    variables = yaml.safe_load(exported(servers, "management", "nb").read_text())
    assert variables["management_provider_name"] == "Provider for NetBird"
    adopted = servers.play(role("management"), {**SETUPS["management"], **variables}, "--diff")
    assert adopted.code == 0, adopted.output[-3000:]
    assert not [write for write in adopted.writes if write.startswith("DELETE")]
    after = servers.authentik.state.snapshot()
    for kind in ("applications", "providers", "entitlements", "bindings"):
        assert set(after[kind]) == set(before[kind]), "what was there is what is used"
    (mapping,) = [row for row in after["mappings"].values() if row["name"] == "Ours"]
    assert mapping["expression"] == own["expression"], "somebody else may use it"
    assert servers.play(role("management"), {**SETUPS["management"], **variables}).changed == []


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"export_setup": "both"}, "export_setup has to be management or standalone"),
        ({"export_setup": "management", "export_slug": "nowhere"}, "authentik has no application 'nowhere'"),
        ({"export_setup": "management", "export_slug": "bare"}, "The application has no OAuth2/OpenID provider"),
    ],
    ids=str,
)
def test_what_cannot_be_exported(servers: Servers, variables: dict[str, Any], words: str) -> None:
    connection = servers.connection_of("authentik")
    call("authentik_application", {**connection, "slug": "bare", "name": "bare"})
    written = servers.folder / "exported.yml"
    played = servers.play(ROOT / "playbooks/export_setup.yml", {**variables, "export_file": str(written)})
    assert words in played.failure
    assert not written.exists()


def test_by_name_in_the_options_of_the_modules(servers: Servers) -> None:
    people(servers)
    assert servers.play(role("management"), chosen("management")).code == 0
    connection = servers.connection_of("authentik")
    found = call("authentik_application_info", {**connection, "slug": "mesh"})
    for module, option in (("authentik_policy_bindings", "bindings"), ("authentik_application_entitlements", "entitlements")):
        options = {**connection, "application": "mesh", option: found[option], "prune": True}
        assert call(module, options, check_mode=True)["changed"] is False
    for module, option in (("authentik_application", "application"), ("authentik_oauth2_provider", "provider")):
        assert call(module, {**connection, **found[option]}, check_mode=True)["changed"] is False
