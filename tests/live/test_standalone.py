# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The standalone set-up on authentik, and NetBird's own files and management server behind it. The tests build on each other."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests

from live._breaks import STANDALONE, Break
from live._claims import Wrong, assert_named_and_made_good, assert_refused_before_a_write
from live._program import started
from live._servers import Live, Row, change_account, difference, kinds, stable
from live._setup import EXPECTED, GROUPS
from live._standalone import Standalone
from support import ROOT, Played

SCOPES = ["email", "entitlements", "goauthentik.io/api", "offline_access", "openid", "profile"]
GRANTS = ["authorization_code", "client_credentials", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"]


@pytest.fixture(scope="module")
def setup(live: Live, before: Row) -> Standalone:
    made = Standalone(live)
    made.make_people()
    return made


@pytest.fixture(scope="module")
def management(setup: Standalone, first: Played) -> Iterator[str]:
    """The URL of NetBird's management server, started with what the role has rendered."""
    if first.code or setup.live.management is None:
        pytest.skip("NETBIRD_MANAGEMENT names no program" if not first.code else "the first run failed")
    with started(setup.live.management, setup.host / "artifacts/management.json", setup.live.folder / "netbird") as url:
        yield url
    setup.server = None


def test_check_mode_on_servers_without_the_setup_writes_nothing(setup: Standalone, checked: Played) -> None:
    assert checked.code == 0, checked.output
    assert difference(setup.peopled, setup.live.inventory()) == []
    assert not setup.environment_file.exists()


def test_the_first_run_makes_it(first: Played) -> None:
    assert first.code == 0, first.output


def test_check_mode_had_predicted_exactly_that(checked: Played, first: Played) -> None:
    assert checked.changed == first.changed
    of_servers = [
        [(task.name, task.touched) for task in played.tasks if ".standalone : " in task.name and task.result.get("diff")]
        for played in (checked, first)
    ]
    assert of_servers[0] == of_servers[1]


def test_it_is_written_down_as_code(working: Standalone) -> None:
    """The role finds nothing to do where it is given what was exported."""
    played = working.live.play(ROOT / "playbooks/standalone.yml", working.exported(), *working.options, "--check", "--diff")
    assert (played.code, played.changed) == (0, []), played.output


def test_the_provider_is_as_netbird_needs_it(working: Standalone) -> None:
    row = working.provider
    assert (row["client_type"], row["sub_mode"], row["issuer_mode"]) == ("public", "user_id", "per_provider")
    assert row["access_code_validity"] == "minutes=10"
    assert row["signing_key"]
    host = re.escape(working.public_url)
    redirects = {(each["matching_mode"], each["url"]) for each in working.redirects()}
    assert redirects == {("strict", "http://localhost:53000"), ("regex", f"{host}/.*")}
    assert working.scopes() == SCOPES
    assert sorted(row.get("grant_types", GRANTS)) == GRANTS


def test_the_application_lets_in_whom_it_should_and_the_service_account(working: Standalone) -> None:
    assert working.application["provider"] == working.provider["pk"]
    assert working.application["meta_launch_url"] == working.public_url
    bound = ["group staff-developers", "group staff-operators", "user carol", "user netbird"]
    assert working.bound_to(working.application["pk"]) == bound


def test_the_entitlements_are_bound_to_whom_they_should_be(working: Standalone) -> None:
    assert working.entitlements() == {
        "developers": ["group staff-developers"],
        "operators": ["group staff-operators", "user carol"],
        "guests": [],
    }


def test_the_service_account_may_read_users_and_nothing_else(working: Standalone) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": working.provider["client_id"],
        "username": working.live.name("netbird"),
        "password": working.environment()["NETBIRD_IDP_MGMT_EXTRA_PASSWORD"],
        "scope": "goauthentik.io/api",
    }
    granted = requests.post(f"{working.ak.url}/application/o/token/", data=form, timeout=60)
    assert granted.status_code == 200, granted.text
    headers = {"Authorization": f"Bearer {granted.json()['access_token']}"}
    seen = {
        path: requests.get(f"{working.ak.url}/api/v3/core/{path}/", headers=headers, timeout=60) for path in ("users", "groups")
    }
    assert {path: answer.status_code for path, answer in seen.items()} == {"users": 200, "groups": 403}


def test_the_default_brand_has_the_device_code_flow_and_nothing_else_changed(working: Standalone, before: Row) -> None:
    brand = working.live.brand()
    flow = working.ak.row("flow", working.live.name("device-code"))
    assert (flow["designation"], flow["authentication"]) == ("stage_configuration", "require_authenticated")
    was = before[f"authentik brand {brand['brand_uuid']}"]
    assert stable(brand) == {**stable(brand), **was, "flow_device_code": flow["pk"]}


def test_netbirds_host_has_its_environment(working: Standalone) -> None:
    written, client_id = working.environment(), working.provider["client_id"]
    assert written["NETBIRD_AUTH_OIDC_CONFIGURATION_ENDPOINT"] == f"{working.issuer}.well-known/openid-configuration"
    assert {written[name] for name in ("NETBIRD_AUTH_CLIENT_ID", "NETBIRD_AUTH_AUDIENCE")} == {client_id}
    assert written["NETBIRD_IDP_MGMT_EXTRA_USERNAME"] == working.live.name("netbird")
    assert working.environment_file.stat().st_mode & 0o777 == 0o600


def test_configure_sh_made_of_it_what_the_management_server_needs(working: Standalone) -> None:
    if not working.live.infrastructure_files:
        pytest.skip("NETBIRD_INFRASTRUCTURE_FILES names no folder")
    document, client_id = working.management_json(), working.provider["client_id"]
    http, manager = document["HttpConfig"], document["IdpManagerConfig"]
    assert (http["AuthIssuer"], http["AuthAudience"]) == (working.issuer, client_id)
    assert (manager["ManagerType"], manager["ClientConfig"]["ClientID"]) == ("authentik", client_id)
    assert manager["ExtraConfig"]["Username"] == working.live.name("netbird")
    assert document["DeviceAuthorizationFlow"]["ProviderConfig"]["ClientID"] == client_id
    assert document["DataStoreEncryptionKey"]


def test_a_second_run_changes_nothing(working: Standalone) -> None:
    inventory = working.live.inventory()
    files = {path: path.read_bytes() for path in working.host.rglob("*") if path.is_file()}
    second = working.play()
    assert (second.code, second.changed) == (0, []), second.output
    assert difference(inventory, working.live.inventory()) == []
    assert {path: path.read_bytes() for path in working.host.rglob("*") if path.is_file()} == files


@pytest.mark.parametrize("person", EXPECTED)
def test_a_person_logs_in_at_authentik_and_has_exactly_their_entitlements(working: Standalone, person: str) -> None:
    login = working.log_in(person)
    assert login["outcome"] == "logged_in", login
    assert login["claims"]["sub"] == str(working.user(person)["pk"])
    for claims in (login["claims"], login["access_claims"]):
        assert sorted(map(working.short, claims["entitlements"])) == EXPECTED[person]


def test_somebody_whom_the_bindings_leave_out_does_not_get_in(working: Standalone) -> None:
    assert working.log_in("dave")["outcome"] == "permission_denied"


def test_a_person_lets_a_device_in(working: Standalone) -> None:
    login = working.let_device_in("alice")
    assert login["outcome"] == "logged_in", login
    assert sorted(map(working.short, login["claims"]["entitlements"])) == EXPECTED["alice"]


def test_one_change_is_one_change(working: Standalone) -> None:
    inventory = working.live.inventory()
    played = working.play("--diff", description="Made by a test, and changed")
    assert played.code == 0, played.output
    assert len(played.changed) == 1
    assert kinds(difference(inventory, working.live.inventory())) == ["authentik application"]
    assert len(working.play().changed) == 1


def test_drift_by_hand_is_healed(working: Standalone) -> None:
    inventory = working.live.inventory()
    working.change_provider(sub_mode="hashed_user_id", access_code_validity="minutes=1")
    working.unbind(user=working.user("carol")["pk"])
    working.ak.patch(f"flows/instances/{working.live.name('device-code')}/", {"title": "Something else"})
    healed = working.play()
    assert healed.code == 0, healed.output
    assert len(healed.changed) == 3
    # A binding that is made again is another object.
    assert set(kinds(difference(inventory, working.live.inventory()))) == {"authentik binding"}


# Input that cannot be right
BAD: Wrong = {
    "a group that does not exist": ({"bindings": [{"group": "no-such-group"}]}, "no-such-group"),
    "a person who does not exist": ({"entitlements": [{"name": "a", "users": ["no-such-person"]}]}, "no-such-person"),
    "an entitlement twice": ({"entitlements": [{"name": "a"}, {"name": "a"}]}, "more than once"),
    "a flow that does not exist": ({"authorization_flow": "no-such-flow"}, "no-such-flow"),
    "a URL with a path": ({"netbird_url": "https://netbird.invalid/path"}, "without a path"),
    "a person as the service account": ({"service_account": "akadmin"}, "is not a service account"),
    "seeding without a token": ({"seed_groups": True}, "needs netbird_token"),
}


def test_bad_input_is_refused_before_a_write(working: Standalone) -> None:
    assert_refused_before_a_write(working, BAD)


# NetBird's own management server


def test_the_management_server_starts_with_that_and_the_first_person_is_its_owner(working: Standalone, management: str) -> None:
    working.become_owner(management, "alice")


def test_with_the_owners_token_the_role_turns_on_the_group_sync(working: Standalone, management: str) -> None:
    assert working.server, "nobody is the owner"
    played = working.play()
    assert played.code == 0, played.output
    assert len(played.changed) == 1
    (account,) = working.server.rows("accounts")
    wanted = {"jwt_groups_enabled": True, "jwt_groups_claim_name": "entitlements"}
    assert wanted.items() <= account["settings"].items()
    change_account(working.server, user_approval_required=False)


def test_groups_are_there_before_those_log_in_who_are_in_them(working: Standalone, management: str) -> None:
    assert working.server, "nobody is the owner"
    played = working.play(seed_groups=True)
    assert played.code == 0, played.output
    issued = {row["name"]: row["issued"] for row in working.server.rows("group")}
    assert [issued.get(working.live.name(group)) for group in GROUPS] == ["jwt"] * len(GROUPS)
    assert len(working.server.rows("user")) == 1, "nobody temporary stays"


@pytest.mark.parametrize("person", EXPECTED)
def test_a_person_logs_in_to_netbird_and_has_exactly_their_groups(working: Standalone, management: str, person: str) -> None:
    assert working.server, "nobody is the owner"
    assert working.groups_of(person) == EXPECTED[person]


def test_verify_finds_nothing_wrong(working: Standalone) -> None:
    inventory = working.live.inventory()
    groups = [working.live.name(group) for group in EXPECTED["alice"]]
    played = working.play_verify(verify_expected_groups=groups)
    assert played.code == 0, played.output
    assert played.changed == []
    assert difference(inventory, working.live.inventory()) == []


@pytest.mark.parametrize("it", STANDALONE.values(), ids=list(STANDALONE))
def test_the_cause_is_named_and_the_role_makes_it_good(working: Standalone, it: Break) -> None:
    assert_named_and_made_good(working, it)


def test_removal_leaves_nothing(working: Standalone) -> None:
    checked = working.play("--check", state="absent")
    removed = working.play(state="absent")
    assert removed.code == 0, removed.output
    assert removed.changed == checked.changed
    assert difference(working.peopled, working.live.inventory()) == []
