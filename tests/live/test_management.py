# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The management set-up on the servers, from the first run of its playbook to its removal. The tests build on each other."""

from __future__ import annotations

import pytest

from live._breaks import MANAGEMENT, Break
from live._claims import Wrong, assert_named_and_made_good, assert_refused_before_a_write
from live._servers import Live, Row, difference, kinds, names, stable
from live._setup import EXPECTED, GROUPS, Management
from support import ROOT, Played


@pytest.fixture(scope="module")
def setup(live: Live, before: Row) -> Management:
    made = Management(live)
    made.make_people()
    return made


def test_check_mode_on_servers_without_the_setup_writes_nothing(setup: Management, checked: Played) -> None:
    assert checked.code == 0, checked.output
    assert difference(setup.peopled, setup.live.inventory()) == []


def test_the_first_run_makes_it(first: Played) -> None:
    assert first.code == 0, first.output
    assert first.recap("changed") == 7


def test_check_mode_had_predicted_exactly_that(checked: Played, first: Played) -> None:
    assert checked.changed == first.changed
    assert [task.touched for task in checked.tasks] == [task.touched for task in first.tasks]


def test_the_application_is_as_it_was_asked_for(working: Management) -> None:
    row, name = working.application, working.live.name("management")
    assert (row["name"], row["slug"], row["group"]) == (name, name, "Network")
    assert row["meta_description"] == "Made by a test"
    assert row["meta_launch_url"] == working.nb.url
    assert row["provider"] == working.provider["pk"]
    bound = ["group staff-developers", "group staff-operators", "user carol"]
    assert working.bound_to(row["pk"]) == bound


def test_it_is_written_down_as_code(working: Management) -> None:
    """The role finds nothing to do where it is given what was exported."""
    played = working.live.play(ROOT / "playbooks/management.yml", working.exported(), *working.options, "--check", "--diff")
    assert (played.code, played.changed) == (0, []), played.output


def test_the_provider_is_as_netbird_needs_it(working: Management) -> None:
    row = working.provider
    (key,) = (row for row in working.ak.rows("crypto/certificatekeypairs/") if row["name"] == "authentik Self-signed Certificate")
    assert (row["client_type"], row["signing_key"], row["issuer_mode"]) == ("confidential", key["pk"], "per_provider")
    assert row["include_claims_in_id_token"] is True
    (redirect,) = working.redirects()
    assert (redirect["matching_mode"], redirect["url"]) == ("strict", f"{working.nb.url}/oauth2/callback")
    assert working.scopes() == ["email", "entitlements", "openid", "profile"]
    assert working.mapping("profile")["pk"] not in row["property_mappings"]
    assert sorted(row.get("grant_types", ["authorization_code", "refresh_token"])) == ["authorization_code", "refresh_token"]


def test_the_entitlements_are_bound_to_whom_they_should_be(working: Management) -> None:
    assert working.entitlements() == {
        "developers": ["group staff-developers"],
        "operators": ["group staff-operators", "user carol"],
        "guests": [],
    }


def test_the_connector_is_of_the_provider(working: Management) -> None:
    row = working.connector
    assert row["type"] in ("authentik", "oidc")
    assert (row["issuer"], row["client_id"]) == (working.issuer, working.provider["client_id"])


def test_of_the_accounts_settings_only_those_are_others(working: Management, before: Row) -> None:
    wanted = {"jwt_groups_enabled": True, "jwt_groups_claim_name": "groups"}
    extra = {**before["settings"]["extra"], "user_approval_required": False}
    assert stable(working.live.settings()) == stable({**before["settings"], **wanted, "extra": extra})


def test_a_second_run_changes_nothing(working: Management) -> None:
    inventory = working.live.inventory()
    second = working.play()
    assert (second.code, second.changed) == (0, []), second.output
    assert difference(inventory, working.live.inventory()) == []


def test_groups_are_there_before_anybody_logs_in(working: Management) -> None:
    users = names(working.nb.rows("user"), "id")
    seeded = working.play(seed_groups=True)
    assert seeded.code == 0, seeded.output
    assert len(seeded.changed) == 1
    issued = {row["name"]: row["issued"] for row in working.nb.rows("group")}
    assert [issued.get(working.live.name(group)) for group in GROUPS] == ["jwt"] * len(GROUPS)
    assert names(working.nb.rows("user"), "id") == users, "nobody temporary stays"
    assert working.play(seed_groups=True).changed == []


@pytest.mark.parametrize("person", EXPECTED)
def test_a_person_logs_in_and_has_exactly_their_groups(working: Management, person: str) -> None:
    assert working.groups_of(person) == EXPECTED[person]


def test_somebody_whom_the_bindings_leave_out_does_not_get_in(working: Management) -> None:
    login = working.log_in("dave")
    assert login["outcome"] == "permission_denied"
    assert not login.get("user")


def test_one_change_is_one_change(working: Management) -> None:
    inventory = working.live.inventory()
    played = working.play("--diff", description="Made by a test, and changed")
    assert played.code == 0, played.output
    assert [task.touched["after"] for task in played.tasks if task.changed] == [
        {f"application {working.live.name('management')!r}": ["description"]}
    ]
    assert kinds(difference(inventory, working.live.inventory())) == ["authentik application"]
    assert working.play().changed == ["zerotrust.netbird_authentik.management : The application"]


def test_drift_by_hand_is_healed(working: Management) -> None:
    inventory = working.live.inventory()
    working.change_provider(include_claims_in_id_token=False, redirect_uris=[])
    working.unbind(user=working.user("carol")["pk"])
    working.ak.patch(f"core/applications/{working.application['slug']}/", {"meta_launch_url": "https://elsewhere.invalid"})
    working.live.set(jwt_groups_claim_name="roles")
    healed = working.play()
    assert healed.code == 0, healed.output
    assert len(healed.changed) == 4
    # A binding that is made again is another object.
    assert set(kinds(difference(inventory, working.live.inventory()))) == {"authentik binding"}


# Input that cannot be right
BAD: Wrong = {
    "a group that does not exist": ({"bindings": [{"group": "no-such-group"}]}, "no-such-group"),
    "a person who does not exist": ({"entitlements": [{"name": "a", "users": ["no-such-person"]}]}, "no-such-person"),
    "an entitlement twice": ({"entitlements": [{"name": "a"}, {"name": "a"}]}, "more than once"),
    "a binding twice": ({"bindings": [{"user": "akadmin"}, {"user": "akadmin"}]}, "none may come twice"),
    "a flow that does not exist": ({"authorization_flow": "no-such-flow"}, "no-such-flow"),
    "a key that does not exist": ({"signing_key": "no-such-key"}, "no-such-key"),
    "an empty secret": ({"client_secret": ""}, "management_client_secret is empty"),
    "seeding without a claim": ({"seed_groups": True, "group_claim": "entitlements"}, "needs the claim groups"),
}


def test_bad_input_is_refused_before_a_write(working: Management) -> None:
    assert_refused_before_a_write(working, BAD)


def test_verify_finds_nothing_wrong(working: Management) -> None:
    inventory = working.live.inventory()
    played = working.play_verify(verify_expected_groups=[working.live.name(group) for group in EXPECTED["alice"]])
    assert played.code == 0, played.output
    assert played.changed == []
    assert difference(inventory, working.live.inventory()) == []


@pytest.mark.parametrize("it", MANAGEMENT.values(), ids=list(MANAGEMENT))
def test_the_cause_is_named_and_the_role_makes_it_good(working: Management, it: Break) -> None:
    assert_named_and_made_good(working, it)


def test_removal_leaves_nothing_but_what_logins_made(working: Management) -> None:
    checked = working.play("--check", state="absent")
    removed = working.play(state="absent")
    assert removed.code == 0, removed.output
    assert removed.changed == checked.changed
    left = difference(working.peopled, working.live.inventory())
    assert set(kinds(left)) <= {"NetBird user", "NetBird group", ""}, left
    # Whether people are approved is not the set-up's own: what was asked for once stays.
    extra = {**working.peopled["settings"]["extra"], "user_approval_required": False}
    assert stable(working.live.settings()) == stable({**working.peopled["settings"], "extra": extra})
