# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorded exchanges with a NetBird that devices have joined, sent again to a fresh stand-in.

Devices join a real server by another protocol; the stand-in has them join where the recording first shows them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance._compare import Mismatch
from conformance._replay import replay
from conformance._rules import NETBIRD, NETBIRD_ORIGIN
from simulators import netbird
from simulators.netbird.peers import join
from simulators.netbird.state import Account
from support.recordings import recording

EXCHANGES: Sequence[Mapping[str, Any]] = recording("netbird-0.77.1-peers")["exchanges"]
RANGES = {"network_range": "100.118.0.0/16", "network_range_v6": "fde8:9ecc:2ca1:1b6::/64"}
# What the server works out of a device that joins, or is said in another way.
WORKED_OUT = ("id", "name", "groups", "user_id", "dns_label", "accessible_peers_count")


def collection_of(exchange: Mapping[str, Any]) -> str:
    """The collection that an exchange is about: the words of its path, without ids."""
    words = exchange["request"]["path"].removeprefix("/api/").split("/")
    found = [word for word in words if re.fullmatch(r"[a-z][a-z-]{2,15}", word) and not word.startswith("missing")]
    return "/".join(found[:2])


def with_peers(account: Account) -> Iterator[Mapping[str, Any]]:
    """The exchanges, with devices joining right before the first of them that lists them."""
    joined: set[str] = set()
    # The last token of a service user that the recording shows.
    token = ""
    for exchange in EXCHANGES:
        request, shown = exchange["request"], exchange["response"].get("json")
        if request["method"] == "GET" and request["path"] == "/api/peers" and isinstance(shown, list):
            # A peer that the API made, for temporary access, tells no system but "js".
            for row in (row for row in shown if row["id"] not in joined and row["os"].strip() != "js"):
                joined.add(row["id"])
                names = {each["name"] for each in row["groups"]}
                groups = [each["id"] for each in account.groups.values() if each["name"] in names]
                fields = {key: value for key, value in row.items() if key not in WORKED_OUT}
                join(account, row["name"], groups=groups, **fields)
        if request["auth"] == "service-user-token":
            exchange = {**exchange, "request": {**request, "auth": f"Token {token}"}}
        yield exchange
        if isinstance(shown, dict) and "plain_token" in shown and exchange["name"] == "token create, service user":
            token = shown["plain_token"]


def differences() -> list[Mismatch]:
    """Replay the recording; every difference there is."""
    with netbird.serve() as running:
        account = running.state.account
        account.network_range, account.network_range_v6 = RANGES.values()
        return replay(with_peers(account), running.url, running.token, NETBIRD, {NETBIRD_ORIGIN: running.url})
