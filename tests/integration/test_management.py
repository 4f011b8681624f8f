# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The management set-up from its playbook, on every version of authentik, down to a person's login."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from simulators import authentik, netbird
from support import ROOT, Servers, redirect_of
from support.browser import Login, log_in

PLAYBOOK = ROOT / "playbooks/management.yml"
PASSWORD = "password-of-a-person"
VARIABLES: dict[str, Any] = {
    "management_group": "Network",
    "management_description": "Mesh",
    "management_publisher": "NetBird",
    "management_icon": "https://netbird.company/icon.png",
    "management_open_in_new_tab": True,
    "management_user_approval_required": False,
    "management_bindings": [{"group": "developers"}, {"group": "operators"}, {"user": "carol", "order": 2}],
    "management_entitlements": [
        {"name": "nb-developers", "groups": ["developers"]},
        {"name": "nb-operators", "groups": ["operators"], "users": ["carol"]},
        {"name": "nb-guests"},
    ],
}


def add_people(state: authentik.State) -> None:
    state.add_user("alice", PASSWORD, name="Alice", email="alice@example.com", groups=["developers", "operators"])
    state.add_user("bob", PASSWORD, name="Bob", email="bob@example.com", groups=["developers"])
    state.add_user("carol", PASSWORD, name="Carol", email="carol@example.com")
    state.add_user("dave", PASSWORD, name="Dave", email="dave@example.com")


@pytest.fixture
def servers(servers: Servers) -> Servers:
    """Servers with people that the playbook has not seen yet."""
    add_people(servers.authentik.state)
    return servers


@contextmanager
def set_up(folder: Path, version: str) -> Iterator[Servers]:
    with authentik.serve(version=version) as one, netbird.serve() as other:
        servers = Servers(one, other, folder)
        add_people(one.state)
        assert servers.play(PLAYBOOK, VARIABLES).code == 0
        yield servers


@pytest.fixture
def made(made_once: Callable[..., Servers], version: str) -> Iterator[Servers]:
    """Servers on which the playbook ran once."""
    with made_once(set_up, version).whole_again() as servers:
        yield servers


def person(servers: Servers, username: str) -> Login:
    connector = next(iter(servers.netbird.state.connectors))
    return log_in(servers.netbird.url, servers.authentik.url, connector, username, PASSWORD)


def groups_of(servers: Servers, username: str) -> set[str]:
    """The names of the groups that NetBird puts a person into."""
    login = person(servers, username)
    assert login.status == 200, login
    return {servers.netbird.state.groups[group]["name"] for group in login.groups}


def test_first_run_second_run_and_a_login(servers: Servers, authentik_version: str) -> None:
    first = servers.play(PLAYBOOK, VARIABLES)
    assert first.code == 0, first.output
    assert first.recap("changed") == 7
    second = servers.play(PLAYBOOK, VARIABLES)
    assert second.code == 0, second.output
    assert second.recap("changed") == 0
    assert second.writes == []

    assert groups_of(servers, "alice") == {"nb-developers", "nb-operators"}
    assert groups_of(servers, "bob") == {"nb-developers"}
    assert groups_of(servers, "carol") == {"nb-operators"}
    assert not person(servers, "dave").claims, "the bindings leave dave out"
    assert {group["issued"] for group in servers.netbird.state.groups.values() if group["name"].startswith("nb-")} == {"jwt"}


def test_what_it_makes(servers: Servers, authentik_version: str) -> None:
    extra = [{"url": "https://other.company/cb"}, {"url": "https://other.company/", "redirect_uri_type": "logout"}]
    assert servers.play(PLAYBOOK, {**VARIABLES, "management_redirect_uris_extra": extra}).code == 0
    state = servers.authentik.state
    (provider,) = state.providers.values()
    (application,) = state.applications.values()
    assert provider["client_type"] == "confidential"
    redirects = [
        ("strict", f"{servers.netbird.url}/oauth2/callback", "authorization"),
        ("strict", f"{servers.netbird.url}/oauth2/logout/callback", "logout"),
        ("strict", "https://other.company/cb", "authorization"),
        ("strict", "https://other.company/", "logout"),
    ]
    assert [redirect_of(each) for each in provider["redirect_uris"]] == [
        each for each in redirects if each[2] == "authorization" or authentik_version != "2025.10"
    ]
    assert provider["include_claims_in_id_token"] is True
    assert provider["signing_key"] == next(iter(state.certificates))
    assert sorted(state.mappings[pk]["scope_name"] for pk in provider["property_mappings"]) == [
        "email",
        "entitlements",
        "openid",
        "profile",
    ]
    if authentik_version == "2026.8":
        assert sorted(provider["grant_types"]) == ["authorization_code", "refresh_token"]
    assert application["provider"] == provider["pk"]
    assert (application["name"], application["slug"], application["group"]) == ("NetBird", "netbird", "Network")
    assert application["meta_launch_url"] == servers.netbird.url
    assert application["meta_icon"] == "https://netbird.company/icon.png"
    (connector,) = servers.netbird.state.connectors.values()
    assert connector["issuer"] == f"{servers.authentik.url}/application/o/netbird/"
    assert connector["client_id"] == provider["client_id"]
    settings = servers.netbird.state.settings
    assert (settings["jwt_groups_enabled"], settings["jwt_groups_claim_name"]) == (True, "groups")
    assert settings["peer_login_expiration"] == 86400


@pytest.mark.once
def test_one_entitlement_changes(made: Servers) -> None:
    entitlements = [*VARIABLES["management_entitlements"][:2], {"name": "nb-guests", "users": ["dave"]}]
    played = made.play(PLAYBOOK, {**VARIABLES, "management_entitlements": entitlements}, "--diff")
    assert played.recap("changed") == 1
    assert played.writes == ["POST /api/v3/policies/bindings/"]


def test_check_on_a_fresh_server_runs_through_and_writes_nothing(servers: Servers, authentik_version: str) -> None:
    before = servers.snapshot()
    checked = servers.play(PLAYBOOK, VARIABLES, "--check", "--diff")
    assert checked.code == 0, checked.output
    assert checked.writes == []
    assert servers.snapshot() == before
    real = servers.play(PLAYBOOK, VARIABLES, "--diff")
    assert checked.changed == real.changed
    for one, other in zip(checked.tasks, real.tasks, strict=True):
        assert one.touched == other.touched, one.name


def test_absent_takes_back_exactly_what_it_made(servers: Servers, authentik_version: str) -> None:
    servers.authentik_post("core/applications/", {"name": "Other", "slug": "other"})
    before = servers.snapshot()
    assert servers.play(PLAYBOOK, VARIABLES).code == 0
    assert servers.snapshot() != before
    absent = {**VARIABLES, "management_state": "absent"}
    checked = servers.play(PLAYBOOK, absent, "--check", "--diff")
    assert checked.writes == []
    removed = servers.play(PLAYBOOK, absent)
    assert removed.code == 0, removed.output
    assert removed.changed == checked.changed
    after = servers.snapshot()
    # Whether people are approved is not the set-up's own: what was asked for once stays.
    before["netbird"]["accounts"][0]["extra"]["user_approval_required"] = False
    assert after == before
    assert servers.play(PLAYBOOK, absent).changed == []


@pytest.mark.once
def test_absent_keeps_the_group_sync_that_another_provider_needs(made: Servers) -> None:
    assert made.play(PLAYBOOK, {**VARIABLES, "management_connector_name": "second"}).code == 0
    assert made.play(PLAYBOOK, {**VARIABLES, "management_connector_name": "second", "management_state": "absent"}).code == 0
    assert made.netbird.state.settings["jwt_groups_enabled"] is True


@pytest.mark.once
def test_the_guide_to_the_letter_syncs_no_group(servers: Servers) -> None:
    played = servers.play(PLAYBOOK, {**VARIABLES, "management_group_claim": "entitlements"})
    assert played.code == 0, played.output
    assert servers.netbird.state.settings["jwt_groups_claim_name"] == "entitlements"
    assert groups_of(servers, "alice") == set()
    assert servers.play(PLAYBOOK, VARIABLES).code == 0
    assert groups_of(servers, "alice") == {"nb-developers", "nb-operators"}


@pytest.mark.once
def test_a_chosen_secret_and_its_change(servers: Servers) -> None:
    chosen = {**VARIABLES, "management_client_id": "netbird", "management_client_secret": "chosen-secret-number-one"}
    assert servers.play(PLAYBOOK, chosen).code == 0
    assert groups_of(servers, "alice")
    assert servers.play(PLAYBOOK, chosen).changed == []
    changed = servers.play(PLAYBOOK, {**chosen, "management_client_secret": "chosen-secret-number-two"}, "--diff", "-vvvv")
    assert changed.code == 0, changed.output
    assert len(changed.changed) == 2
    assert "chosen-secret" not in changed.output
    assert "next restart" in changed.output
    servers.netbird.restart()
    assert groups_of(servers, "alice") == {"nb-developers", "nb-operators"}


@pytest.mark.once
def test_grants_that_were_taken_away_come_back(made: Servers) -> None:
    (provider,) = made.authentik.state.providers.values()
    provider["grant_types"] = ["refresh_token"]
    healed = made.play(PLAYBOOK, VARIABLES, "--tags", "management_application")
    assert len(healed.changed) == 1
    assert sorted(provider["grant_types"]) == ["authorization_code", "refresh_token"]


@pytest.mark.once
def test_an_older_server_gets_the_generic_type(servers: Servers) -> None:
    servers.netbird.state.unknown_types.add("authentik")
    played = servers.play(PLAYBOOK, VARIABLES)
    assert played.code == 0, played.output
    (connector,) = servers.netbird.state.connectors
    assert not connector.startswith("authentik-")
    assert servers.play(PLAYBOOK, VARIABLES).changed == []
    assert groups_of(servers, "alice") == {"nb-developers", "nb-operators"}


@pytest.mark.once
def test_facts_for_later_plays(servers: Servers) -> None:
    role = {"ansible.builtin.include_role": {"name": "zerotrust.netbird_authentik.management"}}
    shown = {"ansible.builtin.debug": {"msg": "{{ management_result }}"}}
    used = {"ansible.builtin.assert": {"that": "management_result.client_secret | length == 128"}, "no_log": True}
    played = servers.play([role, shown], VARIABLES)
    (provider,) = servers.authentik.state.providers.values()
    assert played.tasks[-1].result["msg"] == {
        "client_id": provider["client_id"],
        "issuer": f"{servers.authentik.url}/application/o/netbird/",
        "redirect_url": f"{servers.netbird.url}/oauth2/callback",
        "provider_name": "NetBird",
        "connector": next(iter(servers.netbird.state.connectors)),
        "client_secret_changes": False,
    }
    played = servers.play([role, used], {**VARIABLES, "management_return_secret": True}, "-vvvv", "--diff")
    assert played.code == 0, played.output[-2000:]
    assert all(secret not in played.output for secret in servers.secrets())


@pytest.mark.once
def test_tags_run_a_part(made: Servers) -> None:
    changed = {**VARIABLES, "management_group": "Other", "management_entitlements": [{"name": "nb-more"}]}
    assert made.play(PLAYBOOK, changed, "--tags", "management_entitlements").writes == [
        "POST /api/v3/core/application_entitlements/"
    ]
    assert made.play(PLAYBOOK, changed, "--tags", "something_else").requests == 0


@pytest.mark.once
def test_a_hundred_entitlements(servers: Servers) -> None:
    number = 100
    for index in range(number):
        servers.authentik.state.add_group(f"group-{index}")
    entitlements = [{"name": f"nb-{index}", "groups": [f"group-{index}"]} for index in range(number)]
    variables = {"management_entitlements": entitlements}
    first = servers.play(PLAYBOOK, variables)
    assert first.code == 0, first.output
    task = next(task for task in first.tasks if task.name.endswith("An entitlement for each group of NetBird"))
    assert len(task.writes) == 2 * number
    assert len(task.requests) <= 220
    second = servers.play(PLAYBOOK, variables)
    task = next(task for task in second.tasks if task.name.endswith("An entitlement for each group of NetBird"))
    assert not second.changed
    assert len(task.requests) <= 12
    assert second.requests <= first.requests - 2 * number
