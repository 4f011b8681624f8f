# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of groups and users: each entry is what the single module makes, and nothing goes that is out of scope."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import pytest
import yaml

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.service import Authentik
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import argument_spec
from simulators._server import Fault
from support import MODULES, Servers
from support.modules import call

pytestmark = pytest.mark.once

PLUGINS = "ansible_collections.zerotrust.netbird_authentik.plugins.modules"
SETS = {"groups": "name", "users": "username"}
FORTY = [f"nb-{number:02}" for number in range(40)]


def ensure(servers: Servers, option: str, entries: list[dict[str, Any]], check_mode: bool = False, **more: Any) -> dict[str, Any]:
    connection = servers.connection_of("authentik")
    return call(f"authentik_{option}", {**connection, option: entries, **more}, check_mode=check_mode)


def entries_of(option: str, names: list[str], **more: Any) -> list[dict[str, Any]]:
    return [{SETS[option]: name, **({"name": name} if option == "users" else {}), **more} for name in names]


def names_in(servers: Servers, option: str) -> list[str]:
    return sorted(row[SETS[option]] for row in getattr(servers.authentik.state, option).values())


def documentation(module: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(import_module(f"{PLUGINS}.{module}").DOCUMENTATION)
    return loaded


@pytest.mark.parametrize("option", SETS)
def test_an_entry_has_the_options_of_the_single_module_and_their_description(option: str) -> None:
    single = f"authentik_{option.removesuffix('s')}"
    suboptions = documentation(f"authentik_{option}")["options"][option]["suboptions"]
    described = yaml.safe_load(re.sub(rf"O\({option}\[\]\.", "O(", yaml.safe_dump(suboptions)))
    options = documentation(single)["options"]
    assert described == {name: options[name] for name in described}
    assert options.keys() - described.keys() <= {"state"}
    arguments = import_module(f"{PLUGINS}.{single}").ARGUMENT_SPEC["argument_spec"]
    connection = argument_spec(Authentik, {})["argument_spec"]
    own = {name: argument for name, argument in arguments.items() if name not in connection and name != "state"}
    assert import_module(f"{PLUGINS}.authentik_{option}").ARGUMENT_SPEC["argument_spec"][option]["options"] == own


@pytest.mark.parametrize("option", SETS)
def test_check_mode_on_a_fresh_server_is_exact(servers: Servers, option: str) -> None:
    before = servers.snapshot()
    predicted = ensure(servers, option, entries_of(option, FORTY), check_mode=True)
    assert servers.snapshot() == before
    assert not servers.authentik.writes
    made = ensure(servers, option, entries_of(option, FORTY))
    assert predicted["changes"] == made["changes"] == [f"create {option[:-1]} '{name}'" for name in FORTY]
    assert predicted["diff"] == made["diff"]
    assert [row[SETS[option]] for row in made[option]] == FORTY
    for guess, row in zip(predicted[option], made[option], strict=True):
        assert guess.items() <= row.items()
    again = ensure(servers, option, entries_of(option, FORTY))
    assert again["changed"] is False
    assert again["changes"] == []
    assert again[option] == made[option]


@pytest.mark.parametrize("option", SETS)
def test_results_keep_the_order_of_the_task(servers: Servers, option: str) -> None:
    """The first write of all is answered last."""
    servers.authentik.inject(Fault("slow", method="POST", seconds=0.3))
    names = FORTY[::-1]
    made = ensure(servers, option, entries_of(option, names))
    assert [row[SETS[option]] for row in made[option]] == names
    assert list(made["diff"]["after"]) == [f"{option[:-1]} '{name}'" for name in names]
    posts = [request for request in servers.authentik.requests if request.method == "POST"]
    assert len(posts) == len(names)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_how_many_are_under_way_makes_no_difference(servers: Servers, other_servers: Servers, concurrency: int) -> None:
    for each, at_once in ((servers, 1), (other_servers, concurrency)):
        each.authentik.state.add_group("nb-old")
        ensure(each, "groups", entries_of("groups", FORTY), prune=True, prune_prefix="nb-", concurrency=at_once)
    assert servers.comparable_snapshot() == other_servers.comparable_snapshot()
    assert "nb-old" not in names_in(servers, "groups")


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_refusal_half_way_says_what_was_done_and_the_next_run_finishes(servers: Servers, concurrency: int) -> None:
    refusal = Fault("status", method="POST", skip=20, status=400, body='{"name": ["No."]}')
    servers.authentik.inject(refusal)
    failed = ensure(servers, "groups", entries_of("groups", FORTY), concurrency=concurrency)
    there = [name for name in names_in(servers, "groups") if name in FORTY]
    assert failed["failed"] is True
    assert re.match(r"Could not create group 'nb-\d\d': authentik said: name: No\. \(POST", failed["msg"])
    assert f"{len(there)} other changes of this task were made; the next run goes on from there." in failed["msg"]
    assert sorted(failed["changes"]) == [f"create group '{name}'" for name in there]
    assert 20 <= len(there) < 40 - concurrency
    finished = ensure(servers, "groups", entries_of("groups", FORTY), concurrency=concurrency)
    assert finished["changes"] == [f"create group '{name}'" for name in FORTY if name not in there]
    assert [name for name in names_in(servers, "groups") if name in FORTY] == FORTY


def test_pruned_is_what_is_in_every_scope_and_nothing_else(servers: Servers) -> None:
    state = servers.authentik.state
    for name, attributes in {
        "nb-a": {"by": "us"},
        "nb-b": {"by": "them"},
        "x-c": {"by": "us"},
        "nb-admins": {"by": "us"},
    }.items():
        state.add_group(name, superuser=name == "nb-admins")["attributes"] = attributes
    before = names_in(servers, "groups")
    scope = {"prune": True, "prune_prefix": "nb-", "prune_attributes": {"by": "us"}}
    predicted = ensure(servers, "groups", entries_of("groups", ["nb-kept"]), check_mode=True, **scope)
    assert predicted["changes"] == ["create group 'nb-kept'", "delete group 'nb-a'"]
    assert names_in(servers, "groups") == before
    assert ensure(servers, "groups", entries_of("groups", ["nb-kept"]), **scope)["diff"] == predicted["diff"]
    assert names_in(servers, "groups") == sorted([*(name for name in before if name != "nb-a"), "nb-kept"])


def test_users_are_pruned_below_a_path_but_never_oneself(servers: Servers) -> None:
    state = servers.authentik.state
    own = next(row for row in state.users.values() if row["username"] == "akadmin")
    paths = {"a": "company", "b": "company/guests", "c": "companyx", "d": "other"}
    for name, path in paths.items():
        state.add_user(name, path=path)
    state.add_user("outpost", path="company", type="internal_service_account")
    own["path"] = "company"
    before = names_in(servers, "users")
    ensure(servers, "users", [], prune=True, prune_path="company", allow_empty=True)
    assert names_in(servers, "users") == [name for name in before if name not in ("a", "b")]


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "one name twice": ("groups", {"groups": [{"name": "a"}, {"name": "a"}]}, "groups: named more than once: a."),
    "everything by an empty list": (
        "groups",
        {"groups": [], "prune": True, "prune_prefix": "nb-"},
        "groups is empty and prune is set",
    ),
    "an empty prefix": ("groups", {"prune": True, "prune_prefix": ""}, "prune_prefix is empty, which would be everything"),
    "an empty path": ("users", {"prune": True, "prune_path": "/"}, "prune_path is empty, which would be everything"),
    "no attributes": ("users", {"prune": True, "prune_attributes": {}}, "prune_attributes is empty, which would be everything"),
    "nothing at a time": ("groups", {"concurrency": 0}, "concurrency is 0"),
    "a role that is not there": ("groups", {"groups": [{"name": "a", "roles": ["r"]}]}, "authentik has no role 'r'"),
    "a new user without a name": (
        "users",
        {"users": [{"username": "a"}]},
        "user 'a' does not exist yet; to create it, name is needed",
    ),
    "an empty password": ("users", {"users": [{"username": "a", "name": "A", "password": ""}]}, "password is empty"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_before_the_first_write(servers: Servers, case: str) -> None:
    option, more, message = REFUSED[case]
    wanted = {option: entries_of(option, ["nb-1", "nb-2"]), **more}
    for check_mode in (False, True):
        result = ensure(servers, option, wanted[option], check_mode, **{name: more[name] for name in more if name != option})
        if check_mode and case == "a role that is not there":
            assert result["changed"] is True
            continue
        assert message in result.get("msg", ""), result
    assert not servers.authentik.writes


def test_prune_needs_a_scope(servers: Servers) -> None:
    played = servers.play([{"zerotrust.netbird_authentik.authentik_groups": {"groups": [{"name": "a"}], "prune": True}}])
    assert played.failure == "prune is True but any of the following are missing: prune_prefix, prune_attributes"
    assert not played.writes


def test_requests_grow_with_pages_and_changes(servers: Servers) -> None:
    def asked(entries: list[dict[str, Any]], **more: Any) -> list[str]:
        servers.authentik.clear()
        ensure(servers, "groups", entries, **more)
        return [request.method for request in servers.authentik.requests]

    names = [f"nb-{number:03}" for number in range(150)]
    assert asked(entries_of("groups", names)) == ["GET", *["POST"] * 150]
    assert asked(entries_of("groups", names)) == ["GET"] * 2
    assert sorted(asked([*entries_of("groups", names[1:]), {"name": names[0], "attributes": {"a": 1}}])) == ["GET"] * 2 + [
        "PATCH"
    ]
    assert asked(entries_of("groups", names[:3])) == ["GET"] * 2
    assert sorted(asked(entries_of("groups", names), state="absent")) == [*["DELETE"] * 150, *["GET"] * 2]
    # A few names are asked for one by one, however many groups there are; the first page tells that there are many.
    for number in range(500):
        servers.authentik.state.add_group(f"other-{number}")
    assert asked(entries_of("groups", names[:3])).count("GET") == 1 + 3
    assert asked(entries_of("groups", names[:1])) == ["GET"]


def test_every_set_is_listed_here() -> None:
    loaded = {name: import_module(f"{PLUGINS}.{name}").ARGUMENT_SPEC["argument_spec"] for name in MODULES}
    sets = {name for name, arguments in loaded.items() if "concurrency" in arguments}
    assert sets == {f"authentik_{option}" for option in SETS} | {
        "authentik_policy_bindings",
        "authentik_application_entitlements",
        # test_config.py has it.
        "netbird_config",
    }
