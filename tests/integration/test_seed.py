# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles have NetBird make the groups before anybody has logged in: on every version of authentik, as a user runs them."""

from __future__ import annotations

from typing import Any

import pytest

from support import Played, Servers
from support.seeding import (
    ENTITLEMENTS,
    GROUPS,
    VARIABLES,
    add_people,
    behind,
    everything_but_groups,
    groups_of,
    jwt_groups,
    role,
)

Row = dict[str, Any]
NEW = {"name": "nb-new"}


def result_of(played: Played) -> Row:
    """What the role's task for the groups did."""
    (task,) = (task for task in played.tasks if task.name.endswith("The groups before anybody has logged in"))
    return task.result


def test_the_management_role(servers: Servers, authentik_version: str) -> None:
    add_people(servers.authentik.state)
    variables = {**VARIABLES["management"], "management_seed_groups": True}
    checked = servers.play(role("management"), variables, "--check", "--diff")
    assert checked.code == 0, checked.output
    assert checked.writes == []
    assert jwt_groups(servers) == {}
    first = servers.play(role("management"), variables, "-vvvv", "--diff")
    assert first.code == 0, first.output
    assert checked.changed == first.changed
    assert result_of(checked)["diff"] == result_of(first)["diff"]
    made = jwt_groups(servers)
    assert sorted(made) == GROUPS
    assert [user["role"] for user in servers.netbird.state.users.values()] == ["owner"]
    second = servers.play(role("management"), variables, "-vvvv", "--diff")
    assert (second.code, second.changed, second.writes) == (0, [], [])
    assert groups_of(servers, "alice") == {"nb-developers"}
    assert groups_of(servers, "bob") == {"nb-operators"}
    assert jwt_groups(servers) == made
    more = {**variables, "management_entitlements": [*ENTITLEMENTS, NEW]}
    third = servers.play(role("management"), more, "--tags", "management_entitlements")
    assert third.recap("changed") == 2
    assert set(jwt_groups(servers).items()) - set(made.items()) == {("nb-new", jwt_groups(servers)["nb-new"])}
    for secret in servers.secrets():
        assert secret not in first.output + second.output


def test_the_standalone_role(servers: Servers, authentik_version: str) -> None:
    add_people(servers.authentik.state)
    assert servers.play(role("standalone"), {**VARIABLES["standalone"], "netbird_token": ""}).code == 0
    with behind(servers) as server:
        other = Servers(servers.authentik, server, servers.folder)
        variables = {**VARIABLES["standalone"], "standalone_seed_groups": True}
        before = everything_but_groups(other)
        checked = other.play(role("standalone"), variables, "--check", "--diff")
        assert checked.code == 0, checked.output
        assert checked.writes == []
        assert everything_but_groups(other) == before
        first = other.play(role("standalone"), variables, "-vvvv", "--diff")
        assert first.code == 0, first.output
        assert checked.changed == first.changed
        made = jwt_groups(other)
        assert sorted(made) == GROUPS
        assert list(server.state.users) == ["1"]
        second = other.play(role("standalone"), variables, "-vvvv", "--diff")
        assert (second.code, second.changed, second.writes) == (0, [], [])
        assert groups_of(other, "alice") == {"nb-developers"}
        assert groups_of(other, "bob") == {"nb-operators"}
        assert jwt_groups(other) == made
        for secret in other.secrets():
            assert secret not in first.output + second.output


@pytest.mark.once
def test_check_on_fresh_servers(servers: Servers) -> None:
    """The stand-in's NetBird has no embedded provider and no authentik yet; neither has authentik anything of it."""
    add_people(servers.authentik.state)
    servers.netbird.state.embedded = False
    variables = {**VARIABLES["standalone"], "standalone_seed_groups": True}
    before = servers.snapshot()
    checked = servers.play(role("standalone"), variables, "--check", "--diff")
    assert checked.code == 0, checked.output
    assert result_of(checked)["changed"] is True
    assert checked.writes == []
    assert servers.snapshot() == before


@pytest.mark.once
@pytest.mark.parametrize(
    ("setup", "variables", "message"),
    [
        ("standalone", {"netbird_token": ""}, "standalone_seed_groups needs netbird_token"),
        ("management", {"management_group_claim": "entitlements"}, "management_seed_groups needs the claim groups"),
    ],
)
def test_a_role_that_cannot_is_refused_before_the_first_write(servers: Servers, setup: str, variables: Row, message: str) -> None:
    add_people(servers.authentik.state)
    played = servers.play(role(setup), {**VARIABLES[setup], f"{setup}_seed_groups": True, **variables})
    assert played.code != 0
    assert message in played.failure
    assert played.writes == []
