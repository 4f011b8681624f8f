# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Peers: how a device joins a stand-in, and what the API shows, changes and removes of it."""

from __future__ import annotations

import copy
import ipaddress
import re
import secrets
from fnmatch import fnmatchcase
from typing import Any

from .endpoints import Call
from .objects import decode, minimum, refuse_if
from .policies import SIDES
from .state import Account, Refused, Row, now, xid

FLAGS = (
    "block_inbound",
    "block_lan_access",
    "disable_client_routes",
    "disable_dns",
    "disable_firewall",
    "disable_server_routes",
    "lazy_connection_enabled",
    "rosenpass_enabled",
    "rosenpass_permissive",
    "server_ssh_allowed",
)


def join(account: Account, name: str, *, groups: list[str] | None = None, user_id: str = "", **fields: Any) -> Row:
    """Have a device join, with these groups or as a user's; `fields` are what else it tells of itself."""
    moment = now()
    row: Row = {
        "id": xid(),
        "name": name,
        "hostname": name,
        "ip": fields.get("ip") or str(free(account.settings.get("network_range") or account.network_range)),
        "ipv6": fields.get("ipv6") or str(free(account.settings.get("network_range_v6") or account.network_range_v6)),
        "connected": True,
        "connection_ip": "127.0.0.1",
        "created_at": moment,
        "last_login": moment,
        "last_seen": moment,
        "os": "Debian GNU/Linux 12",
        "kernel_version": "6.12.0",
        "version": "0.77.1",
        "ui_version": "",
        "serial_number": "",
        "city_name": "",
        "country_code": "",
        "geoname_id": 0,
        "approval_required": False,
        "ephemeral": False,
        "extra_dns_labels": [],
        "local_flags": dict.fromkeys(FLAGS, False),
        "login_expired": False,
        "login_expiration_enabled": False,
        "inactivity_expiration_enabled": False,
        "ssh_enabled": False,
        "user_id": user_id,
    } | fields
    row["dns_label"] = dns_label(account, row)
    account.rows("peers")[row["id"]] = row
    for group in account.groups.values():
        if group["name"] == "All" or group["id"] in (groups or []):
            group["peers"].append(row["id"])
    return row


def free(network: str) -> Any:
    """Return an address of a network; they are so many that nobody has it."""
    whole = ipaddress.ip_network(network)
    return whole[1 + secrets.randbelow(min(whole.num_addresses, 1 << 62) - 2)]


def dns_label(account: Account, row: Row) -> str:
    """Return what a peer is called in the DNS: of two peers of a name the second has the end of its address too."""
    label = re.sub(
        r"[^a-z0-9-]+", "-", row["name"].lower().encode("idna" if row["name"].isalpha() else "utf-8").decode("latin-1")
    )
    taken = {each["dns_label"].partition(".")[0] for each in account.rows("peers").values() if each["id"] != row["id"]}
    if label in taken:
        label = f"{label}-{'-'.join(row['ip'].split('.')[2:])}"
    return f"{label}.{account.settings.get('dns_domain') or account.domain or 'netbird.selfhosted'}"


def show(account: Account, row: Row, *, listed: bool = False) -> Row:
    """Show a peer with its groups; only the list has a count, which is 0 (measured)."""
    groups = [each["id"] for each in account.groups.values() if row["id"] in each["peers"]]
    shown = copy.deepcopy(row) | {"groups": minimum(account, groups)}
    return shown | ({"accessible_peers_count": 0} if listed else {})


def find(call: Call) -> Row:
    """Return the peer that the path names."""
    row = call.account.rows("peers").get(call.ids[0])
    if row is None:
        raise Refused(404, f"peer not found: {call.ids[0]}")
    return row


def like(value: str, pattern: str) -> bool:
    """Tell whether a part of a value is like a pattern of SQL's."""
    glob = re.sub(r"[*?[]", lambda found: f"[{found[0]}]", pattern).replace("%", "*").replace("_", "?")
    return fnmatchcase(value.lower(), f"*{glob.lower()}*")


def peers(call: Call) -> list[Row]:
    """List the peers, or those like a name or an address; somebody without rights sees only their own."""
    rows = list(call.account.rows("peers").values())
    if call.user["role"] == "user":
        rows = [row for row in rows if row["user_id"] == call.user["id"]]
    name, ip = call.query.get("name", ""), call.query.get("ip", "")
    rows = [row for row in rows if like(row["name"], name) and (like(row["ip"], ip) or like(row["ipv6"], ip))]
    return [show(call.account, row, listed=True) for row in rows]


def update(call: Call) -> Row:
    """Replace a peer's settings: first the one address, then the other, then the rest (measured: not all or nothing)."""
    row = find(call)
    switches = ("ssh_enabled", "login_expiration_enabled", "inactivity_expiration_enabled")
    body = decode({"name": "", "ip": str, "ipv6": str} | dict.fromkeys(switches, False), call.body)
    if body["ip"] is not None:
        change_ip(call.account, row, body["ip"])
    if body["ipv6"] is not None:
        change_ipv6(call.account, row, body["ipv6"])
    for name, words in (("login_expiration_enabled", "login"), ("inactivity_expiration_enabled", "inactivity")):
        message = f"this peer hasn't been added with the sso login, therefore the {words} expiration can't be updated"
        refuse_if(body[name] and not row["user_id"], message, 412)
    refuse_if(not body["name"], "internal server error", 500)
    renamed = body["name"] != row["name"]
    row.update({name: body[name] for name in ("name", *switches)})
    if renamed:
        row["dns_label"] = dns_label(call.account, row)
    return show(call.account, row)


def change_ip(account: Account, row: Row, text: str) -> None:
    """Change the IPv4 address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise Refused(422, f'invalid ip address {text}: parseaddr("{text}"): unable to parse ip') from None
    network = account.settings.get("network_range") or account.network_range
    before = "update peer ip transaction: ip"
    refuse_if(address not in ipaddress.ip_network(network), f"{before} {text} is not within the account network range {network}")
    for other in account.rows("peers").values():
        refuse_if(other is not row and other["ip"] == text, f"{before} {text} is already assigned to peer {other['id']}")
    row["ip"] = text


def change_ipv6(account: Account, row: Row, text: str) -> None:
    """Change the IPv6 address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise Refused(422, f'invalid ipv6 address {text}: parseaddr("{text}"): unable to parse ip') from None
    refuse_if(address.version == 4, f"address {text} is not ipv6")
    network = account.settings.get("network_range_v6") or account.network_range_v6
    refuse_if(address not in ipaddress.ip_network(network), f"ip {text} is not within the account ipv6 range {network}")
    for other in account.rows("peers").values():
        refuse_if(other is not row and other["ipv6"] == text, f"ipv6 {text} is already assigned to peer {other['name']}")
    row["ipv6"] = text


def delete(call: Call) -> Row:
    """Delete a peer, and the policies that name it (measured); one that routes a network stays."""
    account = call.account
    row = account.rows("peers").get(call.ids[0])
    if row is None:
        raise Refused(404, f"peer {call.ids[0]} account not found")
    for router in account.rows("routers").values():
        refuse_if(router["peer"] == row["id"], f"peer is linked to a network router: {router['id']}", 412)
    for policy in list(account.rows("policies").values()):
        singles = [rule[single] for rule in policy["rules"] for single in SIDES.values() if rule.get(single)]
        if row["id"] in [single["id"] for single in singles]:
            del account.rows("policies")[policy["id"]]
    for group in account.groups.values():
        group["peers"] = [each for each in group["peers"] if each != row["id"]]
    del account.rows("peers")[row["id"]]
    return {}


def accessible(call: Call) -> list[Row]:
    """List the other peers that a peer may reach: all of them here, as with the policy of a new account."""
    names = (
        "city_name",
        "connected",
        "country_code",
        "dns_label",
        "geoname_id",
        "id",
        "ip",
        "ipv6",
        "last_seen",
        "name",
        "os",
        "user_id",
    )
    rows = call.account.rows("peers")
    return [{name: row[name] for name in names} for row in rows.values() if call.ids[0] in rows and row["id"] != call.ids[0]]
