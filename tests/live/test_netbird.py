# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of NetBird's objects on the server: the laws, one document of all, what is told once, peers, and the inventory."""

from __future__ import annotations

import re
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from live._laws import assert_lawful, ensure, named, predicted
from live._servers import AGENT_NETWORK, REVERSE_PROXY, Live, Row
from support import COLLECTION
from support.case import Case
from support.cases import CASES
from support.document import changed, count, document
from support.inventory import read
from support.modules import call

pytestmark = pytest.mark.usefixtures("nothing_left")

# Names that the cases and the document give to what they make.
NAMES = re.compile(
    r"\b(developers|servers|office|printer|company(?= devices|\.example|$)|automation|files|exit|llm|careful|daily|ai(?=\.)"
    r"|(team|key|check|site|files|route|policy|names|zone)-\d+)\b"
)
# The connector needs an issuer: the management set-up has it. The others have tests of their own.
ELSEWHERE = ("netbird_identity_provider", "netbird_reverse_proxy_service", "netbird_agent_network_settings")
KINDS = [case for case in CASES if case.module.startswith("netbird") and case.module not in ELSEWHERE]
JOINS_WITHIN = 60.0


def case_of(module: str) -> Case:
    return next(case for case in CASES if case.module == module)


def test_the_agent_networks_settings(live: Live) -> None:
    """Before there are providers, which would keep them."""
    path = f"{AGENT_NETWORK}settings"
    if not live.netbird.has(path) or live.netbird.api.get(path)["endpoint"]:
        pytest.skip("this NetBird has no agent network, or one that has begun already")
    try:
        assert_lawful(live, case_of("netbird_agent_network_settings"), NAMES)
    finally:
        ensure(live, "netbird_agent_network_settings", {"state": "absent"})


@pytest.mark.parametrize("case", KINDS, ids=lambda case: case.module)
def test_laws(live: Live, case: Case) -> None:
    if "agent_network" in case.module and not live.netbird.has(f"{AGENT_NETWORK}providers"):
        pytest.skip("this NetBird has no agent network")
    assert_lawful(live, case, NAMES)


def test_the_reverse_proxy(live: Live, tmp_path: Path) -> None:
    if not live.proxy:
        pytest.skip("NETBIRD_PROXY names no proxy that could connect")
    clusters, cluster = f"{REVERSE_PROXY}clusters", f"{live.name('proxy')}.example.com"
    names = re.compile(rf"{NAMES.pattern}|proxy(?=\.example\.com)")
    token = {"name": live.name("edge")}
    try:
        plain = ensure(live, "netbird_reverse_proxy_token", {**token, "return_secret": True})["plain_token"]
        with live.proxy(cluster, plain, tmp_path / "proxy"):
            end = time.monotonic() + JOINS_WITHIN
            while cluster not in [row["address"] for row in live.netbird.rows(clusters) if row["online"]]:
                assert time.monotonic() < end, "the proxy did not connect"
                time.sleep(0.5)
            assert_lawful(live, case_of("netbird_reverse_proxy_service"), names)
            domain = {"domain": f"apps.{live.domain}"}
            predicted(live, "netbird_reverse_proxy_domain", {**domain, "target_cluster": cluster})
            predicted(live, "netbird_reverse_proxy_domain", {**domain, "state": "absent"})
    finally:
        predicted(live, "netbird_reverse_proxy_token", {**token, "state": "absent"})
        live.netbird.api.write("DELETE", f"{clusters}/{cluster}", None)


def test_one_document(live: Live) -> None:
    wanted = named(live, NAMES, document(4))
    made = predicted(live, "netbird_config", {"config": wanted})
    assert len(made["changes"]) == count(wanted)
    predicted(live, "netbird_config", {"config": named(live, NAMES, changed(document(4)))})
    sections = [section for section in wanted if isinstance(wanted[section], list)]
    exported = ensure(live, "netbird_config", {"state": "exported", "sections": sections})
    assert {row["name"] for row in wanted["groups"]} <= {row["name"] for row in exported["config"]["groups"]}
    assert ensure(live, "netbird_config", {"config": exported["config"]}, check_mode=True)["changed"] is False
    fewer = {**wanted, "policies": wanted["policies"][:2]}
    pruned = predicted(live, "netbird_config", {"config": fewer, "prune": ["policies"], "prune_prefix": live.name("")})
    assert len([line for line in pruned["changes"] if "delete" in line]) == count(wanted) - count(fewer)


def test_a_token_is_told_once_and_made_anew_in_time(live: Live) -> None:
    user, name = live.name("robot"), live.name("token")
    ensure(live, "netbird_user", {"user": user, "is_service_user": True, "role": "auditor"})
    options = {"user": user, "name": name, "expires_in": 30, "return_secret": True}
    first = ensure(live, "netbird_token", options)
    assert ensure(live, "netbird_token", options)["changed"] is False
    second = ensure(live, "netbird_token", {**options, "renew_before": 40, "expires_in": 60})
    assert first["plain_token"] != second["plain_token"]
    predicted(live, "netbird_token", {"user": user, "name": name, "state": "absent"})


def test_an_invite(live: Live) -> None:
    options = {"email": f"invited@{live.domain}", "name": "Invited", "role": "user", "expires_in": 7200}
    predicted(live, "netbird_user_invite", options)
    renewed = ensure(live, "netbird_user_invite", {**options, "renew_before": 1, "return_secret": True})
    assert renewed["invite_token"]
    predicted(live, "netbird_user_invite", {"email": options["email"], "state": "absent"})


def test_every_kind_is_read_by_name(live: Live) -> None:
    sections = [
        "groups", "peers", "users", "setup_keys", "policies", "networks", "network_resources", "dns_zones", "account_settings",
    ]  # fmt: skip
    found = ensure(live, "netbird_info", {"gather_subset": [], "sections": sections, "use_names": True})["objects"]
    assert set(found) == set(sections)
    ids = {row["id"] for row in found["groups"]}
    assert not ids.intersection(group for policy in found["policies"] for group in policy.get("sources") or [])


def joined_peers(live: Live, names: list[str]) -> list[Row]:
    """The peers of these names, once they are there and connected."""
    end = time.monotonic() + JOINS_WITHIN
    while True:
        rows = [row for row in live.netbird.rows("peer") if row["name"] in names and row["connected"]]
        if len(rows) == len(names):
            return rows
        assert time.monotonic() < end, "the clients did not join"
        time.sleep(0.5)


def test_peers(live: Live, tmp_path: Path) -> None:
    if not live.join:
        pytest.skip("NETBIRD_CLIENT names no client that could join")
    one, other = names = [live.name("web-1"), live.name("web-2")]
    group, router, policy = live.name("web servers"), live.name("way"), live.name("to one")
    key = ensure(live, "netbird_setup_key", {"name": live.name("peers"), "return_secret": True})["key"]
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(live.join(name, key, tmp_path / name))
        rows = {row["name"]: row for row in joined_peers(live, names)}
        for known_by in ("id", "ip", "dns_label"):
            assert ensure(live, "netbird_peer", {"peer": rows[one][known_by]})["peer"]["id"] == rows[one]["id"]
        predicted(live, "netbird_peer", {"peer": one, "ssh_enabled": True})
        predicted(live, "netbird_group", {"name": group, "peers": names})
        predicted(live, "netbird_network", {"name": router})
        predicted(live, "netbird_network_router", {"network": router, "peer": other})
        predicted(live, "netbird_policy", {"name": policy, "sources": [group], "destination_peer": one})

        file = tmp_path / "live.netbird_peers.yml"
        connection = {"netbird_url": live.netbird.url, "netbird_token": live.netbird.token}
        filters = {"groups": [group], "connected": True, "os": ["linux"]}
        file.write_text(yaml.safe_dump({"plugin": f"{COLLECTION}.netbird_peers", **connection, "filters": filters}))
        (inventory,) = read([file])
        assert (inventory.error, set(inventory.hosts)) == ("", set(names))
        assert inventory.hosts[one]["ansible_host"] == rows[one]["ip"]
        assert inventory.groups[f"netbird_{re.sub('[^a-z]', '_', group)}"] == names
    refused = call("netbird_peer", {**connection, "peer": one, "state": "absent"})
    assert f"NetBird would delete the policies that name it too: {policy!r}" in refused["msg"]
    predicted(live, "netbird_peer", {"peer": one, "state": "absent", "delete_policies": True})
    assert policy not in {row["name"] for row in live.netbird.rows("policy")}
