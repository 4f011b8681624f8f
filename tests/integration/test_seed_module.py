# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetBird's groups before anybody has logged in, by the module: in both set-ups, and nothing temporary stays.

Both are made once, and put back after each test.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird import jwt_groups as seeding_by_login
from ansible_collections.zerotrust.netbird_authentik.plugins.modules import netbird_jwt_groups
from simulators._server import Fault
from simulators.netbird import people
from support import COLLECTION, Servers
from support.seeding import (
    GROUPS,
    MARK,
    SETUPS,
    assert_nothing_temporary,
    everything_but_groups,
    groups_of,
    jwt_groups,
    seed,
    started,
)

pytestmark = pytest.mark.once
Row = dict[str, Any]


@pytest.fixture(scope="module", params=SETUPS)
def setup(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    variables = {f"{request.param}_bindings": [{"group": "developers"}, {"user": "bob"}]}
    with started(request.param, tmp_path_factory.mktemp("seed"), **variables) as servers:
        yield servers


@pytest.fixture
def working(setup: Servers) -> Iterator[Servers]:
    with setup.whole_again() as servers:
        yield servers


@pytest.mark.parametrize("in_process", [True, False], ids=["in-process", "ordinary"])
def test_no_secret_is_shown(working: Servers, in_process: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[str] = []
    rows = working.authentik.state.users

    class Watched(dict[Any, Any]):
        """Notes the passwords of people who are removed."""

        def __delitem__(self, key: Any) -> None:
            given.append(self[key]["password"])
            super().__delitem__(key)

    working.authentik.state.users = Watched(rows)
    task = {f"{COLLECTION}.netbird_jwt_groups": {"groups": GROUPS}}
    values = {"netbird_authentik_in_process": in_process}
    played = working.play([task], values, "-vvvv", "--diff")
    working.authentik.state.users = dict(working.authentik.state.users)
    assert played.code == 0, played.output
    assert played.changed
    assert len(given) == 1
    for secret in (*given, *working.secrets()):
        assert secret not in played.output
    assert f"{MARK}-" not in played.output


def application(servers: Servers) -> Row:
    return next(iter(servers.authentik.state.applications.values()))


def entitle(servers: Servers, *names: str) -> None:
    for name in names:
        servers.authentik_post("core/application_entitlements/", {"name": name, "app": application(servers)["pk"]})


def writes(servers: Servers) -> list[str]:
    """What was written with the APIs; tokens are no part of them."""
    requests = [request for server in servers.both for request in server.writes if request.path.startswith("/api/")]
    return [f"{request.method} {request.path}" for request in requests]


def test_groups_are_made_and_nothing_else(working: Servers) -> None:
    before = everything_but_groups(working)
    predicted = seed(working, check_mode=True)
    assert writes(working) == []
    made = seed(working)
    assert_nothing_temporary(working, before)
    assert not any(working.netbird.state.sessions.values()), "nor a session at NetBird's embedded provider"
    ids = jwt_groups(working)
    assert made["groups"] == [{"id": ids[name], "name": name, "issued": "jwt"} for name in GROUPS]
    assert predicted["groups"] == [{"name": name, "issued": "jwt"} for name in GROUPS]
    assert predicted["changed"] is made["changed"] is True
    assert predicted["diff"] == made["diff"]
    assert made["diff"]["before"] == {}
    assert sorted(made["diff"]["after"]) == ["group 'nb-developers'", "group 'nb-operators'"]


def test_a_second_time_nobody_logs_in(working: Servers) -> None:
    first = seed(working)
    for server in working.both:
        server.clear()
    again = seed(working)
    assert again == {"changed": False, "diff": {"before": {}, "after": {}}, "groups": first["groups"]}
    assert seed(working, check_mode=True) == again
    requests = {request.path for server in working.both for request in server.requests}
    assert requests == {"/api/groups", "/api/users", "/api/v3/core/users/"}


def test_people_who_log_in_later_get_theirs(working: Servers) -> None:
    seed(working)
    made = jwt_groups(working)
    assert groups_of(working, "alice") == {"nb-developers"}
    assert groups_of(working, "bob") == {"nb-operators"}
    assert jwt_groups(working) == made


def test_only_what_is_missing_is_made(working: Servers) -> None:
    seed(working)
    made = jwt_groups(working)
    entitle(working, "nb-new")
    before = everything_but_groups(working)
    working.authentik.clear()
    result = seed(working, groups=[*GROUPS, "nb-new"])
    assert list(result["diff"]["after"]) == ["group 'nb-new'"]
    assert writes(working).count("POST /api/v3/policies/bindings/") == 2, "one entitlement, and the application"
    assert {name: jwt_groups(working)[name] for name in made} == made
    assert set(jwt_groups(working)) - set(made) == {"nb-new"}
    assert_nothing_temporary(working, before)


def test_many_names_are_spread_over_logins(working: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeding_by_login, "NAMES_AT_ONCE", 2)
    names = [f"nb-{number}" for number in range(5)]
    entitle(working, *names)
    before = everything_but_groups(working)
    assert [row["name"] for row in seed(working, groups=names)["groups"]] == names
    assert set(names) <= set(jwt_groups(working))
    assert writes(working).count("POST /api/v3/core/users/") == 3
    assert_nothing_temporary(working, before)


# What may stand in the way of a login


@pytest.mark.parametrize("earlier", [False, True], ids=["groups first", "approval first"])
def test_people_have_to_be_approved(working: Servers, earlier: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    working.netbird.state.account.extra["user_approval_required"] = True
    if earlier:
        # A server that turns people away before it looks at their groups.
        sync = people.sync_groups
        monkeypatch.setattr(people, "sync_groups", lambda account, user, names: user["is_blocked"] or sync(account, user, names))
    before = everything_but_groups(working)
    assert seed(working)["changed"] is True
    assert sorted(jwt_groups(working)) == GROUPS
    assert any(write.endswith("/approve") for write in writes(working)) is earlier
    assert_nothing_temporary(working, before)


@pytest.mark.parametrize("seeded", [False, True])
def test_only_some_groups_may_use_netbird(working: Servers, seeded: bool) -> None:
    entitle(working, "nb-new", "nb-users")
    if seeded:
        seed(working, groups=["nb-users"])
    working.netbird.state.settings["jwt_allow_groups"] = ["no entitlement", "nb-new", "nb-users"] if seeded else ["nb-users"]
    before = everything_but_groups(working)
    assert seed(working)["changed"] is True
    assert sorted(jwt_groups(working)) == [*GROUPS, "nb-users"]
    assert_nothing_temporary(working, before)


def test_bindings_of_others_stay(working: Servers) -> None:
    """Those of the set-up leave the temporary person out, who is bound to the application for the moment."""
    bound = [row for row in working.authentik.state.bindings.values() if row["target"] == application(working)["pk"]]
    assert bound
    kept = copy.deepcopy(working.authentik.state.bindings)
    seed(working)
    assert working.authentik.state.bindings == kept


def test_an_application_for_everybody_gets_no_binding(working: Servers) -> None:
    state = working.authentik.state
    state.bindings = {pk: row for pk, row in state.bindings.items() if row["target"] != application(working)["pk"]}
    seed(working)
    assert writes(working).count("POST /api/v3/policies/bindings/") == len(GROUPS)


def shadowed(servers: Servers) -> None:
    servers.netbird.state.account.add_group("nb-operators")


def settings(**values: Any) -> Callable[[Servers], None]:
    return lambda servers: servers.netbird.state.settings.update(values)


def without_domain(servers: Servers) -> None:
    servers.netbird.state.account.domain = ""


def without_provider(servers: Servers) -> None:
    application(servers)["provider"] = None


def nothing(servers: Servers) -> None:
    return None


# What is wrong, the options, and what the message has to say. Nothing is written then.
REFUSED: dict[str, tuple[Callable[[Servers], None], Row, str]] = {
    "a group of the API": (shadowed, {}, "'nb-operators' that its API made, and not a token"),
    "no entitlement": (nothing, {"groups": [*GROUPS, "nb-x"]}, "The application 'netbird' has no entitlements 'nb-x'"),
    "no application": (nothing, {"application": "none"}, "authentik has no application 'none'"),
    "no provider": (without_provider, {}, "The application 'netbird' has no provider"),
    "no group sync": (settings(jwt_groups_enabled=False), {}, "NetBird reads no groups from tokens"),
    "no claim": (settings(jwt_groups_claim_name=""), {}, "NetBird reads no groups from tokens"),
    "nobody allowed": (settings(jwt_allow_groups=["vips"]), {}, "lets in only who is in 'vips'"),
    "an account without a domain": (without_domain, {}, "NetBird's account has no domain"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_the_first_write(working: Servers, case: str) -> None:
    spoil, options, message = REFUSED[case]
    spoil(working)
    result = seed(working, **options)
    assert message in result["msg"]
    assert result["msg"].endswith((".", "name."))
    assert writes(working) == []
    assert seed(working, groups=[]) == {"changed": False, "diff": {"before": {}, "after": {}}, "groups": []}


def test_a_connector_that_is_not_there(working: Servers) -> None:
    result = seed(working, connector="none")
    if working.netbird.state.embedded:
        assert "NetBird has no identity provider 'none'" in result["msg"]
        assert writes(working) == []
    else:
        assert result["changed"] is True


def test_without_its_library_nothing_is_begun(working: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(netbird_jwt_groups, "JWT_IMPORT_ERROR", "Traceback of the import")
    result = seed(working)
    assert "Failed to import the required Python library (PyJWT)" in result["msg"]
    assert result["exception"] == "Traceback of the import"
    assert writes(working) == []


def without_key(servers: Servers) -> None:
    for provider in servers.authentik.state.providers.values():
        provider["signing_key"] = None


def all_of_them(servers: Servers) -> None:
    application(servers)["policy_engine_mode"] = "all"


def without_redirects_of_ours(servers: Servers) -> None:
    for provider in servers.authentik.state.providers.values():
        provider["redirect_uris"] = [{"matching_mode": "strict", "url": "https://elsewhere.company/"}]


# What makes the login fail; it is named, and nothing temporary stays.
FAILING: dict[str, tuple[Callable[[Servers], None], tuple[str, ...]]] = {
    "no signing key": (without_key, ("Authentication failed", "the id_token is not right")),
    "another redirect": (without_redirects_of_ours, ("Redirect URI Error",)),
    "a policy engine mode that asks for all": (all_of_them, ("its policy_engine_mode all leaves no way to",)),
    "another claim": (settings(jwt_groups_claim_name="other"), ("its claim other held nothing",)),
}


@pytest.mark.parametrize("case", FAILING)
def test_a_login_that_fails_is_named(working: Servers, case: str) -> None:
    spoil, messages = FAILING[case]
    spoil(working)
    before = everything_but_groups(working)
    result = seed(working)
    assert any(message in result["msg"] for message in messages), result["msg"]
    assert result["msg"].endswith("What was temporary was removed again.")
    assert_nothing_temporary(working, before)
    assert jwt_groups(working) == {}


# What an interrupted run leaves


def leave(servers: Servers) -> None:
    """Interrupt a run at its end: nothing temporary can be removed any more."""
    for server in servers.both:
        server.inject(Fault("status", method="DELETE", status=403, body="{}", times=None))
    result = seed(servers)
    assert "the next run removes what is left" in result["msg"]
    for server in servers.both:
        server.clear_faults()
        server.clear()


def test_leftovers_are_removed_although_nothing_is_missing(working: Servers) -> None:
    before = everything_but_groups(working)
    leave(working)
    assert sorted(jwt_groups(working)) == GROUPS
    predicted = seed(working, check_mode=True)
    assert writes(working) == []
    result = seed(working)
    assert_nothing_temporary(working, before)
    assert {write.partition(" ")[0] for write in writes(working)} == {"DELETE"}
    assert predicted == result
    assert result["changed"] is True
    assert list(result["diff"]["before"]) == ["the temporary person in authentik", "the temporary person in NetBird"]
    assert result["diff"]["after"] == {}
    assert seed(working)["changed"] is False


def test_nobody_else_is_taken_for_a_leftover(working: Servers) -> None:
    state = working.authentik.state
    mark = f"{MARK}-{'0' * 32}"
    others = [
        {"username": mark, "email": f"{mark}@{MARK}.invalid", "path": "users"},
        {"username": mark + "1", "email": f"{mark}@{MARK}.invalid", "path": f"{MARK}/netbird"},
        {"username": "eve", "email": "eve@example.com", "path": f"{MARK}/netbird"},
        {"username": f"{MARK}-x", "email": f"{MARK}-x@{MARK}.invalid", "path": f"{MARK}/netbird"},
        {"username": mark[:-1] + "1", "email": f"{mark[:-1]}1@{MARK}.invalid", "path": f"{MARK}/other"},
    ]
    for values in others:
        state.add_user(**values)
    for number, email in enumerate(("", "eve@example.com", f"x{mark}@{MARK}.invalid", f"{mark}@{MARK}.invalid.company")):
        working.netbird.state.account.add_user(f"other-{number}", email=email)
    before = everything_but_groups(working)
    assert seed(working)["changed"] is True
    assert everything_but_groups(working) == before
    assert seed(working)["changed"] is False


def test_leftovers_of_a_service_account_that_may_only_read(tmp_path: Path) -> None:
    """NetBird would delete people in authentik too, and fail where it may not."""
    with started("standalone", tmp_path, standalone_service_account_access="least") as servers:
        before = everything_but_groups(servers)
        leave(servers)
        assert seed(servers)["changed"] is True
        assert_nothing_temporary(servers, before)
        assert all(request.status < 500 for server in servers.both for request in server.requests)
