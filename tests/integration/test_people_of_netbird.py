# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""netbird_peer, netbird_user, netbird_user_invite and netbird_token: what is told once, and what needs a word before."""

from __future__ import annotations

from typing import Any

import pytest

from simulators.netbird.peers import dns_label
from support import Servers
from support.modules import call

pytestmark = pytest.mark.once


def ensure(servers: Servers, kind: str, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    connection = servers.connection_of("netbird")
    servers.netbird.clear()
    return call(f"netbird_{kind}", {**connection, **options}, check_mode=check_mode)


def writes(servers: Servers) -> list[str]:
    return [f"{request.method} {request.path}" for request in servers.netbird.requests if request.method != "GET"]


def predicted(servers: Servers, kind: str, **options: Any) -> dict[str, Any]:
    """What a run did, once a check has predicted the same."""
    guess = ensure(servers, kind, check_mode=True, **options)
    assert not writes(servers)
    made = ensure(servers, kind, **options)
    assert (made["changed"], made["diff"]) == (guess["changed"], guess["diff"])
    assert ensure(servers, kind, **options)["changed"] is False
    return made


@pytest.mark.parametrize("known_by", ["name", "id", "ip", "ipv6", "dns_label"])
def test_a_peer_by_whatever_it_is_known(servers: Servers, known_by: str) -> None:
    row = servers.netbird.state.account.add_peer("web-1", [])
    servers.netbird.state.account.add_peer("web-2", [], ssh_enabled=True)
    known = {**row, "dns_label": dns_label(servers.netbird.state.account, row)}[known_by]
    made = predicted(servers, "peer", peer=known, ssh_enabled=True)
    assert made["peer"]["id"] == row["id"]
    assert made["diff"]["before"] == {f"peer '{known}'": {"ssh_enabled": False}}
    assert row["ssh_enabled"] is True


def test_a_peer_keeps_what_the_task_leaves_out(servers: Servers) -> None:
    account = servers.netbird.state.account
    row = account.add_peer("laptop", [], user_id=next(iter(account.users)), login_expiration_enabled=True, ssh_enabled=True)
    predicted(servers, "peer", peer="laptop", ip=row["ip"].rpartition(".")[0] + ".77")
    assert (row["login_expiration_enabled"], row["ssh_enabled"], row["name"]) == (True, True, "laptop")


def test_a_peer_that_never_joined_can_only_be_absent(servers: Servers) -> None:
    assert "There is no peer 'web-1', and none can be created" in ensure(servers, "peer", peer="web-1")["msg"]
    assert ensure(servers, "peer", peer="web-1", state="absent")["changed"] is False


def test_two_peers_of_a_name_are_told_apart_by_something_else(servers: Servers) -> None:
    rows = [servers.netbird.state.account.add_peer("web-1", []) for _ in range(2)]
    assert "2 objects that are peer 'web-1'" in ensure(servers, "peer", peer="web-1", ssh_enabled=True)["msg"]
    assert (
        predicted(servers, "peer", peer=dns_label(servers.netbird.state.account, rows[1]), ssh_enabled=True)["peer"]["id"]
        == rows[1]["id"]
    )


def test_policies_that_name_a_peer_go_with_it_only_if_that_is_meant(servers: Servers) -> None:
    account = servers.netbird.state.account
    account.add_peer("web-1", [])
    ensure(servers, "policy", name="to web-1", sources=["All"], destination_peer="web-1")
    refused = ensure(servers, "peer", peer="web-1", state="absent")
    assert (
        "NetBird would delete the policies that name it too: 'to web-1'. Set delete_policies if this is meant." in refused["msg"]
    )
    assert not writes(servers)
    predicted(servers, "peer", peer="web-1", state="absent", delete_policies=True)
    assert [row["name"] for row in account.rows("policies").values()] == ["Default"]


def test_a_bad_address_is_refused_before_the_good_one_is_written(servers: Servers) -> None:
    row = servers.netbird.state.account.add_peer("web-1", [])
    refused = ensure(servers, "peer", peer="web-1", ip=row["ip"].rpartition(".")[0] + ".77", ipv6="fd00::nope")
    assert "'fd00::nope' is no ipv6 address" in refused["msg"]
    assert not writes(servers)


def test_ownership_is_handed_over_only_if_that_is_meant(servers: Servers) -> None:
    account = servers.netbird.state.account
    account.add_user("1", email="bob@example.com", name="Bob", role="admin")
    refused = ensure(servers, "user", user="bob@example.com", role="owner")
    assert "NetBird has one owner" in refused["msg"]
    assert "Set transfer_ownership if this is meant" in refused["msg"]
    assert not writes(servers)
    predicted(servers, "user", user="bob@example.com", role="owner", transfer_ownership=True)
    assert sorted(row["role"] for row in account.users.values()) == ["admin", "owner"]


def test_a_person_who_waits_is_let_in(servers: Servers) -> None:
    account = servers.netbird.state.account
    row = account.add_user("1", email="bob@example.com", name="Bob", is_blocked=True, pending_approval=True)
    predicted(servers, "user", user="bob@example.com", approved=True)
    assert (row["pending_approval"], row["is_blocked"], row["role"]) == (False, False, "user")
    assert "nobody can take an approval back" in ensure(servers, "user", user="bob@example.com", approved=False)["msg"]
    assert not writes(servers)


def test_a_new_person_s_password_is_told_on_request(servers: Servers) -> None:
    made = ensure(servers, "user", user="bob@example.com", name="Bob", role="user", return_secret=True)
    (row,) = [each for each in servers.netbird.state.local_users.values() if each["email"] == "bob@example.com"]
    assert made["password"] == row["password"]
    assert ensure(servers, "user", user="bob@example.com", role="user", return_secret=True)["changed"] is False


TOLD = {
    "token": ({"user": "automation", "name": "t"}, {"expires_in": 30}, "plain_token", "tokens"),
    "user_invite": ({"email": "bob@example.com"}, {"name": "Bob", "role": "user", "expires_in": 7200}, "invite_token", "invites"),
    "setup_key": ({"name": "k"}, {"expires_in": 86400}, "key", "setup-keys"),
}


@pytest.mark.parametrize("kind", TOLD)
def test_what_is_told_once_and_renewed_in_time(servers: Servers, kind: str) -> None:
    """A new one takes the place of one that has ended or is about to, and the old one goes once the new one is there.

    Of invites NetBird takes one for each address, so that the old one goes first.
    """
    key, options, secret, rows = TOLD[kind]
    account = servers.netbird.state.account
    ensure(servers, "user", user="automation", is_service_user=True, role="admin")
    kept = account.tokens if rows == "tokens" else account.rows(rows)
    before = set(kept)
    guess = ensure(servers, kind, check_mode=True, **key, **options)
    made = ensure(servers, kind, **key, **options)
    assert made["diff"] == guess["diff"]
    assert secret not in made
    assert ensure(servers, kind, **key, **options)["changed"] is False
    first = set(kept) - before

    guess = ensure(servers, kind, check_mode=True, **key, **options, renew_before=40, return_secret=True)
    assert not writes(servers)
    made = ensure(servers, kind, **key, **options, renew_before=40, return_secret=True)
    assert made["diff"] == guess["diff"]
    order = ["DELETE", "POST"] if kind == "user_invite" else ["POST", "DELETE"]
    assert [write.partition(" ")[0] for write in writes(servers)] == order
    (second,) = set(kept) - before
    assert {second}.isdisjoint(first)
    assert made[secret] in kept[second].values()
    assert ensure(servers, kind, **key, **options, renew_before=0)["changed"] is False, "it is good for some time"

    ensure(servers, kind, **key, state="absent")
    assert set(kept) == before


def test_what_cannot_change_says_so(servers: Servers) -> None:
    ensure(servers, "setup_key", name="k", type="reusable", usage_limit=5)
    refused = ensure(servers, "setup_key", name="k", usage_limit=7)
    assert "setup key 'k' has the usage_limit 5, which cannot become 7. Remove it and create it anew" in refused["msg"]
    assert not writes(servers)


def test_a_key_is_revoked_for_good_and_no_twin_of_a_valid_one(servers: Servers) -> None:
    assert "there is no such key to revoke" in ensure(servers, "setup_key", name="k", revoked=True)["msg"]
    assert not writes(servers)
    ensure(servers, "setup_key", name="k")
    predicted(servers, "setup_key", name="k", revoked=True)
    assert "a key that was revoked stays so" in ensure(servers, "setup_key", name="k", revoked=False)["msg"]
    assert not writes(servers)
    assert ensure(servers, "setup_key", name="k", renew_before=0)["changed"], "the revoked one is of no use"
    servers.netbird.state.account.rows("setup-keys")["old"] = {
        **next(iter(servers.netbird.state.account.rows("setup-keys").values())),
        **{"id": "old", "revoked": True},
    }
    assert ensure(servers, "setup_key", name="k")["changed"] is False


@pytest.mark.parametrize("user", ["dns_zone", "network_router", "user_invite"])
def test_a_group_that_netbird_would_leave_dangling_stays(servers: Servers, user: str) -> None:
    ensure(servers, "group", name="a")
    ensure(servers, "network", name="office")
    uses: dict[str, dict[str, Any]] = {
        "dns_zone": {"domain": "z.example", "distribution_groups": ["a"]},
        "network_router": {"network": "office", "peer_groups": ["a"]},
        "user_invite": {"email": "bob@example.com", "name": "Bob", "role": "user", "auto_groups": ["a"]},
    }
    assert not ensure(servers, user, **uses[user]).get("failed")
    refused = ensure(servers, "group", name="a", state="absent")
    assert "with a group that is not there" in refused["msg"]
    assert not writes(servers)
    own = {"dns_zone": ["domain"], "network_router": ["network", "peer_groups"], "user_invite": ["email"]}[user]
    ensure(servers, user, state="absent", **{name: uses[user][name] for name in own})
    assert predicted(servers, "group", name="a", state="absent")["changed"]


def test_a_resource_that_a_policy_names_stays_and_so_does_its_network(servers: Servers) -> None:
    ensure(servers, "network", name="office")
    ensure(servers, "network_resource", network="office", name="printer", address="192.168.7.9")
    ensure(servers, "policy", name="to the printer", sources=["All"], destination_resource="printer")
    for kind, options in (("network_resource", {"network": "office", "name": "printer"}), ("network", {"name": "office"})):
        refused = ensure(servers, kind, state="absent", **options)
        assert "leave the policies 'to the printer'" in refused["msg"], kind
        assert not writes(servers)
    ensure(servers, "policy", name="to the printer", state="absent")
    assert predicted(servers, "network", name="office", state="absent")["changed"]
    assert not servers.netbird.state.account.rows("resources")


def test_peers_get_other_addresses_only_if_that_is_meant(servers: Servers) -> None:
    wanted = {"network_range": "100.99.0.0/16"}
    predicted(servers, "account_settings", network_range="100.98.0.0/16")
    row = servers.netbird.state.account.add_peer("web-1", [])
    refused = ensure(servers, "account_settings", **wanted)
    assert "NetBird would give every peer (1) another address" in refused["msg"]
    assert not writes(servers)
    predicted(servers, "account_settings", **wanted, readdress_peers=True)
    assert row["ip"].startswith("100.99.")
    assert ensure(servers, "account_settings", **wanted)["changed"] is False


def test_a_version_that_is_none_is_refused_before_netbird_fails(servers: Servers) -> None:
    refused = ensure(servers, "account_settings", auto_update_version="newest")
    assert "auto_update_version 'newest' is no version" in refused["msg"]
    assert not writes(servers)
    predicted(servers, "account_settings", auto_update_version="0.77.0", agent_network_only=True)


def test_what_there_is_is_told_with_names_on_request(servers: Servers) -> None:
    peer = servers.netbird.state.account.add_peer("web-1", [])
    made = ensure(servers, "group", name="servers", peers=["web-1"])["group"]
    ensure(servers, "network", name="office")
    ensure(servers, "network_resource", network="office", name="printer", address="192.168.7.9", groups=["servers"])
    sections = ["groups", "network_resources"]
    told = ensure(servers, "info", gather_subset=[], sections=sections)["objects"]
    assert {row["name"]: row["peers"] for row in told["groups"]} == {"All": [peer["id"]], "servers": [peer["id"]]}
    told = ensure(servers, "info", gather_subset=[], sections=sections, use_names=True)["objects"]
    assert next(row for row in told["groups"] if row["name"] == "servers")["id"] == made["id"]
    assert {row["name"]: row["peers"] for row in told["groups"]} == {"All": ["web-1"], "servers": ["web-1"]}
    (printer,) = told["network_resources"]
    assert (printer["network"], printer["groups"], printer["address"]) == ("office", ["servers"], "192.168.7.9/32")
    assert not writes(servers)
