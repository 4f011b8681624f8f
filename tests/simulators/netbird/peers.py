# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Peers, as NetBird's API shows and changes them; they join beside the API (`State.join`)."""

from __future__ import annotations

import copy
import ipaddress
import re
import uuid
from typing import Any

from .endpoints import Call, Endpoint
from .objects import decode, leads_to, minimum, refuse_if
from .state import SINGLE_ACCOUNT_DOMAIN, Account, Refused, Row, now, xid

HIDDEN = ("dns_name", "wg_key")
# What another peer is shown of one.
SEEN = ("city_name", "connected", "country_code", "geoname_id", "id", "ip", "ipv6", "last_seen", "name", "user_id")
SIDES = (("sources", "sourceResource"), ("destinations", "destinationResource"))
# The server serves SSH for its clients here.
SSH_PORTS = {22: 22022}


def failed() -> Refused:
    """Return the answer to what the server did not foresee."""
    return Refused(500, "internal server error")


def dns_label(account: Account, row: Row) -> str:
    """Return a peer's whole name in DNS."""
    return f"{row['dns_name']}.{account.settings['dns_domain'] or SINGLE_ACCOUNT_DOMAIN}"


def show(account: Account, row: Row, *, listed: bool = False) -> Row:
    """Show a peer; how many peers it reaches stands in lists alone, and is not counted (measured)."""
    groups = [group["id"] for group in account.groups.values() if row["id"] in group["peers"]]
    shown = copy.deepcopy({key: value for key, value in row.items() if key not in HIDDEN})
    shown |= {"dns_label": dns_label(account, row), "groups": minimum(account, groups)}
    return shown | ({"accessible_peers_count": 0} if listed else {})


def find(call: Call) -> Row:
    """Return the peer that the path names."""
    row = call.account.rows("peers").get(call.ids[0])
    if row is None:
        raise Refused(404, f"peer not found: {call.ids[0]}")
    return row


def alike(pattern: str, *values: str) -> bool:
    """Tell whether a value has a text in it as a database sees that: in any case, `%` and `_` stand for others."""
    parts = {"%": ".*", "_": "."}
    wanted = "".join(parts.get(each, re.escape(each)) for each in pattern)
    return any(re.search(wanted, value, re.IGNORECASE | re.DOTALL) for value in values)


def peers(call: Call) -> list[Row]:
    """List peers by name and address; somebody without rights sees their own."""
    name, address = call.query.get("name", ""), call.query.get("ip", "")
    return [
        show(call.account, row, listed=True)
        for row in call.account.rows("peers").values()
        if alike(name, row["name"]) and alike(address, row["ip"], row["ipv6"])
        if call.user["role"] != "user" or row["user_id"] == call.user["id"]
    ]


def put(call: Call) -> Row:
    """Change a peer. The addresses are stored first, each at once, so a refusal may leave a part (measured)."""
    account, row = call.account, find(call)
    flags = ("login_expiration_enabled", "inactivity_expiration_enabled")
    body = decode({"name": "", "ssh_enabled": False, "ip": str, "ipv6": str, **dict.fromkeys(flags, False)}, call.body)
    others = [each for each in account.rows("peers").values() if each is not row]
    address, v6 = body.pop("ip"), body.pop("ipv6")
    if address is not None:
        put_address(account, row, parsed(address), others)
    if v6 is not None:
        put_v6(account, row, parsed(v6), others)
    for flag in flags:
        words = f"{flag.partition('_')[0]} expiration"
        refuse_if(
            body[flag] and not row["user_id"],
            f"this peer hasn't been added with the SSO login, therefore the {words} can't be updated",
            412,
        )
    if not body["name"]:
        raise failed()
    renamed = body["name"] != row["name"]
    row.update(body)
    if renamed:
        row["dns_name"] = account.dns_name(row)
    return show(account, row)


def parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Read an address."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise Refused(422, f'invalid IP address {text}: ParseAddr("{text}"): unable to parse IP') from None


def put_address(account: Account, row: Row, address: Any, others: list[Row]) -> None:
    """Give a peer an address of the account's network."""
    prefix = f"update peer IP transaction: IP {address} is "
    network = account.effective_range
    refuse_if(address not in ipaddress.ip_network(network), f"{prefix}not within the account network range {network}")
    holder = next((each for each in others if each["ip"] == str(address)), None)
    refuse_if(holder, f"{prefix}already assigned to peer {holder and holder['id']}")
    row["ip"] = str(address)


def put_v6(account: Account, row: Row, address: Any, others: list[Row]) -> None:
    """Give a peer an IPv6 address of the account's network."""
    network = account.settings.get("network_range_v6", account.network_range_v6)
    refuse_if(address.version != 6, f"address {address} is not IPv6")
    wrong = f"IP {address} is not within the account IPv6 range {network}"
    refuse_if(address not in ipaddress.ip_network(network), wrong)
    holder = next((each for each in others if each["ipv6"] == str(address)), None)
    refuse_if(holder, f"IPv6 {address} is already assigned to peer {holder and holder['name']}")
    row["ipv6"] = str(address)


def delete(call: Call) -> Row:
    """Delete a peer, and without a word every policy that names it (measured); routers and services hold on to theirs."""
    account, peer_id = call.account, call.ids[0]
    if peer_id not in account.rows("peers"):
        raise Refused(404, f"peer {peer_id} account not found")
    router = next((each for each in account.rows("routers").values() if each["peer"] == peer_id), None)
    refuse_if(router, f"peer is linked to a network router: {router and router['id']}", 412)
    service = next((each for each in account.rows("services").values() if leads_to(each, peer_id)), None)
    # UNRECORDED: a peer that a service leads to (measured on 0.77.1, after the recordings)
    refuse_if(service, f"peer {peer_id} is in use by proxy {service and service['id']}", 412)
    for policy in list(account.rows("policies").values()):
        named = [rule.get(resource) or {} for rule in policy["rules"] for _groups, resource in SIDES]
        if any(each.get("id") == peer_id for each in named):
            del account.rows("policies")[policy["id"]]
    for group in account.groups.values():
        group["peers"] = [each for each in group["peers"] if each != peer_id]
    del account.rows("peers")[peer_id]
    return {}


def accessible(call: Call) -> list[Row]:
    """List the peers that policies let one reach or be reached by; none for a peer that there is not."""
    account, peer_id = call.account, call.ids[0]
    found: set[str] = set()
    for policy in account.rows("policies").values():
        for rule in policy["rules"] if policy["enabled"] else ():
            if rule["enabled"]:
                sources, destinations = (members(account, rule, *side) for side in SIDES)
                found |= destinations if peer_id in sources else set()
                found |= sources if peer_id in destinations else set()
    rows = [row for row in account.rows("peers").values() if row["id"] in found - {peer_id}]
    return [
        {key: row[key] for key in SEEN} | {"dns_label": dns_label(account, row), "os": row["os"].rpartition(" ")[0]}
        for row in rows
    ]


def members(account: Account, rule: Row, groups: str, resource: str) -> set[str]:
    """Return the peers on one side of a rule."""
    found = {peer for each in rule.get(groups) or [] if each in account.groups for peer in account.groups[each]["peers"]}
    return found | {(rule.get(resource) or {}).get("id", "")}


# temporary access


def grant(call: Call) -> Row:
    """Make a temporary peer of the caller's that reaches another; where a rule is bad, it is made all the same (measured)."""
    account, target = call.account, find(call)
    body = decode({"name": "", "wg_pub_key": "", "rules": []}, call.body)
    known = any(row.get("wg_key") == body["wg_pub_key"] for row in account.rows("peers").values())
    refuse_if(known, "peer has been already registered", 412)
    if not body["name"]:
        raise failed()
    owner = {"user_id": call.user["id"], "wg_key": body["wg_pub_key"]}
    row = account.add_peer(body["name"], [], ephemeral=True, os="js ", **owner)
    for rule in [allowed(text) for text in body["rules"]]:
        sides = {"sourceResource": row["id"], "destinationResource": target["id"]}
        grant_rule(account, row["name"], rule | {side: {"id": each, "type": "peer"} for side, each in sides.items()})
    return {"id": row["id"], "name": row["name"], "rules": body["rules"]}


def allowed(text: str) -> Row:
    """Read a rule of temporary access: a protocol, with a port where it has some."""
    protocol, _, port = text.partition("/")
    with_port = protocol in ("tcp", "udp", "netbird-ssh")
    if protocol not in ("tcp", "udp", "netbird-ssh", "icmp", "all") or with_port != port.isdecimal():
        raise failed()
    number = int(port) if with_port else 0
    if number > 65535:
        raise failed()
    number = SSH_PORTS.get(number, number) if protocol == "netbird-ssh" else number
    return {"protocol": protocol, "port_ranges": [{"start": number, "end": number}]}


def grant_rule(account: Account, name: str, rule: Row) -> None:
    """Make the policy of one rule of temporary access."""
    title = f"Temporary access policy for peer {name}"
    policy: Row = {"id": xid(), "name": title, "description": title, "enabled": True, "source_posture_checks": None}
    words = "Temporary access rule"
    settings = {"name": words, "description": words, "enabled": True, "action": "accept", "bidirectional": False}
    account.rows("policies")[policy["id"]] = policy | {"rules": [settings | {"sources": [], "destinations": []} | rule]}


# jobs


def show_job(row: Row) -> Row:
    """Show a job."""
    return {key: value for key, value in row.items() if key != "_peer"}


def jobs(call: Call) -> list[Row]:
    """List what a peer was asked to do."""
    if call.ids[0] not in call.account.rows("peers"):
        raise Refused(404, f"peer {call.ids[0]} account not found")
    return [show_job(row) for row in call.account.rows("jobs").values() if row["_peer"] == call.ids[0]]


def job(call: Call) -> Row:
    """Show one job."""
    row = call.account.rows("jobs").get(call.ids[1])
    if row is None:
        raise Refused(404, f"job {call.ids[1]} not found")
    return show_job(row)


def create_job(call: Call) -> Row:
    """Ask a connected peer for a bundle of its logs, one at a time; nothing here ever sends one."""
    workload = decode({"workload": dict}, call.body)["workload"]
    refuse_if(not workload, "could not determine job type: unexpected end of JSON input", 400)
    kind = workload.get("type")
    refuse_if(kind != "bundle", f"unsupported job type: {kind}", 400)
    fields = {"anonymize": False, "bundle_for": False, "bundle_for_time": 0, "log_file_count": 0}
    wanted = decode(fields, workload.get("parameters") or {})
    files, minutes = wanted["log_file_count"], wanted["bundle_for_time"]
    refuse_if(not 1 <= files <= 1000, f"log-file-count must be between 1 and 1000, got {files}", 400)
    wrong = wanted["bundle_for"] and not 1 <= minutes <= 5
    refuse_if(wrong, f"bundle_for_time must be between 1 and 5, got {minutes}", 400)
    peer = find(call)
    refuse_if(not peer["connected"], "peer not connected", 400)
    pending = any(each["_peer"] == peer["id"] and each["status"] == "pending" for each in call.account.rows("jobs").values())
    refuse_if(pending, "peer already has pending job", 400)
    row = {
        "id": str(uuid.uuid4()),
        "_peer": peer["id"],
        "created_at": now(),
        "status": "pending",
        "triggered_by": call.user["id"],
        "workload": {"parameters": wanted, "result": {}, "type": kind},
    }
    call.account.rows("jobs")[row["id"]] = row
    return show_job(row)


JOBS = "remote_jobs"
ENDPOINTS = (
    Endpoint("GET", "peers", peers),
    Endpoint("GET", "peers/*", lambda call: show(call.account, find(call)), "peers"),
    Endpoint("PUT", "peers/*", put, "peers"),
    Endpoint("DELETE", "peers/*", delete, "peers"),
    Endpoint("GET", "peers/*/accessible-peers", accessible, "peers"),
    Endpoint("POST", "peers/*/temporary-access", grant, "peers"),
    Endpoint("GET", "peers/*/jobs", jobs, JOBS),
    Endpoint("POST", "peers/*/jobs", create_job, JOBS),
    Endpoint("GET", "peers/*/jobs/*", job, JOBS),
)
