# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""authentik_claims_info: which groups of NetBird people will get, and what differs from their entitlements."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
import requests
import yaml

from simulators import authentik
from simulators._server import Fault
from support import COLLECTION, ROOT, Servers
from support.modules import call

MODULE = "authentik_claims_info"
PASSWORD = "password-of-a-person"
ENTITLEMENTS: list[dict[str, Any]] = [
    {"name": "nb-developers", "groups": ["developers"]},
    {"name": "nb-operators", "groups": ["operators"], "users": ["carol"]},
    {"name": "nb-staff", "groups": ["staff", "operators"]},
]
DENIED = "the application's bindings do not let this person in"
MAPPING = "profile with entitlements as groups"
# As the role management makes it.
EXPRESSION = yaml.safe_load((ROOT / "roles/management/vars/main.yml").read_text())["management_profile_expression"]


class People:
    """A set-up with people in it, and what the module says of them."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self.state: authentik.State = servers.authentik.state
        self.connection = servers.connection_of("authentik")
        self.state.add_group("staff")
        self.state.add_user("alice", PASSWORD, name="Alice", email="alice@example.com", groups=["developers"])
        self.state.add_user("bob", PASSWORD, name="Bob", groups=["operators"])
        self.state.add_user("carol", PASSWORD, name="Carol", type="external")
        self.state.add_user("dave", PASSWORD, name="Dave")
        # Who is in developers is staff as well.
        self.row("groups", name="developers")["parents"] = [self.row("groups", name="staff")["pk"]]
        self.call("authentik_scope_mapping", name=MAPPING, scope_name="profile", expression=EXPRESSION)
        self.call(
            "authentik_oauth2_provider",
            name="NetBird",
            redirect_uris=[{"url": "http://localhost:53000"}],
            signing_key="authentik Self-signed Certificate",
            property_mappings=["openid", "email", MAPPING, "entitlements"],
            client_type="public",
        )
        self.call("authentik_application", slug="netbird", name="NetBird", provider="NetBird")
        self.call("authentik_application_entitlements", application="netbird", entitlements=ENTITLEMENTS)

    def call(self, module: str, **options: Any) -> dict[str, Any]:
        result = call(module, {**self.connection, **options})
        assert "failed" not in result, result
        return result

    def row(self, table: str, **values: Any) -> dict[str, Any]:
        found = self.state.find(table, **values)
        assert found is not None
        return found

    @property
    def provider(self) -> dict[str, Any]:
        (row,) = self.state.providers.values()
        return row

    def bind(self, target: str, **values: Any) -> None:
        self.servers.authentik_post("policies/bindings/", {"target": target, "order": 0, **values})

    def bind_application(self, **values: Any) -> None:
        self.bind(self.row("applications", slug="netbird")["pk"], **values)

    def bind_entitlement(self, name: str, **values: Any) -> None:
        self.bind(self.row("entitlements", name=name)["pbm_uuid"], **values)

    def ask(self, **options: Any) -> dict[str, Any]:
        self.servers.authentik.clear()
        return call(MODULE, {**self.connection, "application": "netbird", **options})

    def seen(self, **options: Any) -> dict[str, dict[str, Any]]:
        result = self.ask(**options)
        assert "failed" not in result, result
        return {person["username"]: person for person in result["people"]}

    def groups(self, **options: Any) -> dict[str, list[str]]:
        """The groups of each person, where they are what the bindings say."""
        seen = self.seen(**options)
        assert {person["result"] for person in seen.values()} == {"passed"}, seen
        assert all(person["groups"] == person["expected"] for person in seen.values())
        return {username: person["groups"] for username, person in seen.items()}


@pytest.fixture
def people(servers: Servers) -> People:
    return People(servers)


def test_groups_are_those_of_the_bindings(servers: Servers, authentik_version: str) -> None:
    people = People(servers)
    # Through a child group, twice, directly, not at all.
    expected = {"alice": ["nb-developers", "nb-staff"], "bob": ["nb-operators", "nb-staff"], "carol": ["nb-operators"]}
    assert people.groups() == expected
    everybody = people.groups(people="all")
    assert everybody == {**expected, "dave": [], "akadmin": []}
    assert list(everybody) == sorted(everybody)

    people.bind_entitlement("nb-developers", user=people.row("users", username="dave")["pk"], enabled=False)
    people.bind_entitlement("nb-developers", user=people.row("users", username="carol")["pk"])
    people.bind_entitlement("nb-operators", group=people.row("groups", name="staff")["pk"], negate=True)
    assert people.groups() == {
        "alice": ["nb-developers", "nb-staff"],
        "bob": ["nb-operators", "nb-staff"],
        "carol": ["nb-developers", "nb-operators"],
        "dave": ["nb-operators"],
        "akadmin": ["nb-operators"],
    }


@pytest.mark.once
@pytest.mark.parametrize("claim", ["groups", "entitlements"])
def test_the_groups_are_those_of_a_login(people: People, claim: str) -> None:
    """What a person's own login gives is the proof of the preview."""
    options = {"issuer": people.servers.issuer, "client_id": people.provider["client_id"], "username": "alice"}
    login = call("oidc_login", {**options, "password": PASSWORD})["login"]
    assert people.groups(users=["alice"], claim=claim) == {"alice": sorted(login["claims"][claim])}
    assert sorted(login["claims"][claim]) == ["nb-developers", "nb-staff"]


@pytest.mark.once
def test_an_entitlement_that_two_bindings_give(people: People) -> None:
    """authentik's tokens then name it twice, which is no difference."""
    people.bind_entitlement("nb-staff", group=people.row("groups", name="developers")["pk"])
    preview = f"{people.servers.authentik.url}/api/v3/providers/oauth2/{people.provider['pk']}/preview_user/"
    headers = {"Authorization": f"Bearer {people.servers.authentik.token}"}
    alice = people.row("users", username="alice")["pk"]
    claims = requests.get(preview, params={"for_user": alice}, headers=headers, timeout=10).json()["preview"]
    assert claims["groups"] == ["nb-developers", "nb-staff", "nb-staff"]
    assert people.groups(users=["alice"]) == {"alice": ["nb-developers", "nb-staff"]}
    checked = call("netbird_login_check", {**people.servers.connection, "setup": "management", "username": "alice"})
    assert "groups-claim-without-entitlements" not in {row["cause"] for row in checked["checks"]}


@pytest.mark.once
def test_who_is_looked_at(people: People) -> None:
    state = people.state
    state.add_user("erin", groups=["developers"], is_active=False)
    state.add_user("robot", groups=["developers"], type="service_account")
    state.add_user("outpost", groups=["staff"], type="internal_service_account")
    assert sorted(people.seen()) == ["alice", "bob", "carol"]
    assert sorted(people.seen(people="all")) == ["akadmin", "alice", "bob", "carol", "dave"]
    assert sorted(people.seen(groups=["staff"])) == ["alice"]
    assert sorted(people.seen(groups=["developers", "operators"])) == ["alice", "bob"]
    assert list(people.seen(users=["robot", "erin", "robot", "dave"])) == ["dave", "erin", "robot"]
    for nobody in ({"users": []}, {"groups": []}):
        assert people.ask(**nobody)["people"] == []


@pytest.mark.once
def test_a_person_whom_the_bindings_leave_out(people: People) -> None:
    people.bind_application(group=people.row("groups", name="operators")["pk"])
    result = people.ask(people="all")
    seen = {person["username"]: person for person in result["people"]}
    assert {username for username, person in seen.items() if person["access"]} == {"bob"}
    assert seen["alice"] == {
        "username": "alice",
        "name": "Alice",
        "active": True,
        "access": False,
        "groups": ["nb-developers", "nb-staff"],
        "expected": ["nb-developers", "nb-staff"],
        "result": "failed",
        "saw": DENIED,
    }
    assert seen["dave"]["result"] == "passed", "nobody wants dave in NetBird"


@pytest.mark.once
def test_an_inactive_person(people: People) -> None:
    people.row("users", username="alice")["is_active"] = False
    assert "alice" not in people.seen()
    (alice,) = people.seen(users=["alice"]).values()
    assert (alice["active"], alice["access"], alice["saw"]) == (False, False, "the account is not active")


@pytest.mark.once
def test_claims_that_are_missing(people: People) -> None:
    people.provider["include_claims_in_id_token"] = False
    (carol,) = people.seen(users=["carol"]).values()
    assert (carol["groups"], carol["expected"], carol["result"]) == ([], ["nb-operators"], "failed")
    assert carol["saw"] == "the token lacks nb-operators"
    assert people.seen(users=["dave"])["dave"]["result"] == "passed"


@pytest.mark.once
def test_groups_of_another_mapping(people: People) -> None:
    people.row("mappings", name=MAPPING)["expression"] = 'return {"groups": ["nb-operators", "Everybody"]}'
    (alice,) = people.seen(users=["alice"]).values()
    assert alice["groups"] == ["Everybody", "nb-operators"]
    assert alice["saw"] == "the token lacks nb-developers, nb-staff; the token has Everybody, nb-operators too"


def test_requests_grow_with_pages_and_two_for_each_person(servers: Servers, authentik_version: str) -> None:
    people = People(servers)
    for number in range(300):
        people.state.add_user(f"person{number:03}", groups=["developers"])
    begun = time.monotonic()
    seen = people.groups()
    seconds = time.monotonic() - begun
    assert len(seen) == 303
    asked = Counter(request.path.removeprefix("/api/v3/") for request in servers.authentik.requests)
    print(f"{sum(asked.values())} requests for {len(seen)} people in {seconds:.2f} s")
    assert asked.pop("core/applications/netbird/check_access/") == 303
    assert asked.pop(f"providers/oauth2/{people.provider['pk']}/preview_user/") == 303
    assert asked == {
        "core/applications/": 1,
        "core/application_entitlements/": 1,
        "policies/bindings/": 1,
        "core/groups/": 1,
        # 303 people, the administrator and the outpost's account, 100 on a page.
        "core/users/": 4,
    }


@pytest.mark.once
def test_a_server_that_falters(people: People) -> None:
    """authentik replaces its workers now and then; what was under way there is asked for again."""
    expected = people.groups()
    people.servers.authentik.inject(Fault(status=500, path="/preview_user/", skip=1, times=2))
    assert people.groups() == expected


@pytest.mark.once
def test_a_refusal_ends_it(people: People) -> None:
    """The first refusal is told, and whoever comes after is not asked for."""
    for number in range(50):
        people.state.add_user(f"person{number:02}", groups=["developers"])
    people.servers.authentik.inject(Fault(status=403, path="/preview_user/", times=None, body='{"detail": "Refused."}'))
    result = people.ask()
    assert "authentik said: Refused." in result["msg"]
    assert sum("/preview_user/" in request.path for request in people.servers.authentik.requests) < 20


@pytest.mark.once
def test_what_is_missing_is_named_at_once(people: People) -> None:
    refused = people.ask(application="nothing", users=["nobody", "alice", "noone"])
    assert refused["msg"].startswith(
        "authentik has no application 'nothing' (in /api/v3/core/applications/) and no user 'nobody' (in /api/v3/core/users/) "
        "and no user 'noone' (in /api/v3/core/users/)."
    )
    assert "no group 'nothing'" in people.ask(groups=["nothing"])["msg"]


@pytest.mark.once
def test_an_application_without_a_provider(people: People) -> None:
    people.row("applications", slug="netbird")["provider"] = None
    assert people.ask()["msg"] == (
        "The application 'netbird' has no provider, so people get no tokens from it. Give it an OAuth2/OpenID provider."
    )


@pytest.mark.once
def test_check_mode_before_the_application_is_there(servers: Servers) -> None:
    played = servers.play([{f"{COLLECTION}.{MODULE}": {"application": "netbird"}}], None, "--check")
    assert played.code == 0, played.output
    assert played.tasks[0].result["people"] == []
    assert "application 'netbird' does not exist in authentik yet" in played.tasks[0].result["warnings"][0]


@pytest.mark.once
def test_one_way_to_name_people(people: People) -> None:
    played = people.servers.play([{f"{COLLECTION}.{MODULE}": {"application": "netbird", "people": "all", "users": ["alice"]}}])
    assert played.code != 0
    assert "mutually exclusive: people|groups|users" in played.failure
    assert played.requests == 0


@pytest.mark.once
def test_in_a_play_nothing_is_written_and_no_secret_told(people: People) -> None:
    before = people.servers.snapshot()
    task = {f"{COLLECTION}.{MODULE}": {"application": "netbird", "people": "all"}}
    inside = people.servers.play([task], None, "-vvvv", "--diff")
    module = people.servers.play([task], {"netbird_authentik_in_process": False}, "-vvvv", "--diff")
    for played in (inside, module):
        assert played.code == 0, played.output
        assert played.changed == []
        assert played.writes == []
        told = [
            secret
            for secret in (PASSWORD, people.provider["client_secret"], *people.servers.secrets())
            if secret in played.output
        ]
        assert told == []
    assert inside.tasks[0].result["people"] == module.tasks[0].result["people"] == people.ask(people="all")["people"]
    assert people.servers.snapshot() == before
