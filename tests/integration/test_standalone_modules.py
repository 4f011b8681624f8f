# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules that the standalone set-up alone needs: people and their passwords, memberships, roles, the brand."""

from __future__ import annotations

from typing import Any

import pytest

from support import COLLECTION, Servers
from support.modules import call
from support.refusals import assert_all_refused

pytestmark = pytest.mark.once
PASSWORD = "password-of-a-person"


@pytest.fixture(autouse=True)
def people(servers: Servers) -> None:
    state = servers.authentik.state
    state.add_user("alice", PASSWORD, name="Alice", email="alice@example.com", groups=["developers"])
    state.add_user("carol", PASSWORD, name="Carol", email="carol@example.com")
    state.add_user("dave", PASSWORD, name="Dave", email="dave@example.com")


def task(module: str, **options: Any) -> dict[str, Any]:
    return {f"{COLLECTION}.{module}": options}


# What is wrong with a module's input; alice has the app password "taken", and there is a group of developers.
MODULES: dict[str, tuple[dict[str, Any], str]] = {
    "no name": (task("authentik_user", username="new"), "to create it, name is needed"),
    "empty password": (task("authentik_user", username="new", name="New", password=""), "password is empty"),
    "no user": (task("authentik_app_password", identifier="new"), "to create it, user is needed"),
    "unknown user": (task("authentik_app_password", identifier="new", user="nobody"), "authentik has no user 'nobody'"),
    "of another user": (task("authentik_app_password", identifier="taken", user="dave"), "belongs to 'alice'"),
    "an API token": (
        task("authentik_app_password", identifier="authentik-bootstrap-token", state="absent"),
        "is a token of another kind (api)",
    ),
    "empty key": (task("authentik_app_password", identifier="taken", key=""), "key is empty"),
    "no time": (task("authentik_app_password", identifier="taken", expires="tomorrow"), "'tomorrow' is not a time"),
    "unknown member": (
        task("authentik_group_membership", group="developers", members=["nobody"]),
        "authentik has no user 'nobody'",
    ),
    "unknown group": (task("authentik_group_membership", group="nobody", members=["alice"]), "authentik has no group 'nobody'"),
    "nobody left": (task("authentik_group_membership", group="developers", members=[], exact=True), "nobody would be left"),
    "no title": (task("authentik_flow", slug="new", name="New"), "to create it, title is needed"),
    "unknown flow": (task("authentik_brand", flow_device_code="nothing"), "authentik has no flow 'nothing'"),
    "the default brand removed": (
        task("authentik_brand", state="absent"),
        "state is absent but all of the following are missing",
    ),
    "unknown role": (task("authentik_group", name="new", roles=["nothing"]), "authentik has no role 'nothing'"),
}


@pytest.mark.parametrize("in_process", [True, False], ids=["in-process", "ordinary"])
def test_bad_input_of_a_module(servers: Servers, in_process: bool) -> None:
    alice = servers.authentik.state.find("users", username="alice")
    assert alice is not None
    servers.authentik.state.add_token("taken", alice["pk"], "app_password")
    assert_all_refused(servers, MODULES, in_process)


def test_a_permission_that_only_authentik_knows(servers: Servers) -> None:
    played = servers.play([task("authentik_role", name="new", permissions=["Can view users"])])
    assert played.code != 0
    assert "authentik has no permission 'Can view users'" in played.failure
    assert played.writes == []


def test_a_person_with_a_password(servers: Servers) -> None:
    first, second = "first-password-of-bob", "second-password-of-bob"
    options = {"username": "bob", "name": "Bob"}
    made = servers.play([task("authentik_user", **options, password=first)], {}, "-vvvv", "--diff")
    assert made.code == 0, made.output
    bob = servers.authentik.state.find("users", username="bob")
    assert bob is not None
    assert bob["password"] == first
    kept = servers.play([task("authentik_user", **options, password=second, email="bob@example.com")])
    assert kept.writes == [f"PATCH /api/v3/core/users/{bob['pk']}/"]
    assert bob["password"] == first
    changed = servers.play([task("authentik_user", **options, password=second, update_password="always")], {}, "-vvvv", "--diff")
    assert changed.writes == [f"POST /api/v3/core/users/{bob['pk']}/set_password/"]
    assert bob["password"] == second
    assert first not in made.output
    assert second not in changed.output


def run(servers: Servers, module: str, **options: Any) -> dict[str, Any]:
    """The module's result."""
    connection = servers.connection_of("authentik")
    servers.authentik.clear()
    result = call(module, {**connection, **options})
    assert "failed" not in result, result
    return result


def test_the_default_brand_stays_the_only_one(servers: Servers) -> None:
    assert run(servers, "authentik_brand", branding_title="Company")["changed"] is True
    (brand,) = servers.authentik.state.brands
    assert [(each.method, each.path) for each in servers.authentik.writes] == [("PATCH", f"/api/v3/core/brands/{brand}/")]
    assert run(servers, "authentik_brand", branding_title="Company")["changed"] is False
    run(servers, "authentik_brand", domain="login.company")
    assert [brand["default"] for brand in servers.authentik.state.brands.values()] == [True, False]


def test_members_of_others_stay(servers: Servers) -> None:
    group = servers.authentik.state.find("groups", name="developers")
    assert group is not None
    module = "authentik_group_membership"
    assert run(servers, module, group="developers", members=["dave", "carol"])["members"] == ["alice", "carol", "dave"]
    left = run(servers, module, group="developers", members=["dave", "nobody"], state="absent")
    assert left["members"] == ["alice", "carol"]
    assert run(servers, module, group="developers", members=["dave"], exact=True)["members"] == ["dave"]
    assert [servers.authentik.state.users[pk]["username"] for pk in group["users"]] == ["dave"]
    assert run(servers, module, group="no group", members=["dave"], state="absent")["changed"] is False
