# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies and posture checks: checks, what is made up, how they are shown."""

from __future__ import annotations

import copy
import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from .objects import decode, minimum, refuse_if, strings, taken
from .state import Account, Refused, Row

RULE: Mapping[str, Any] = {
    "id": "",
    "name": "",
    "description": "",
    "enabled": False,
    "action": "",
    "bidirectional": False,
    "protocol": "",
    "ports": list,
    "port_ranges": list,
    "sources": list,
    "destinations": list,
    "sourceResource": dict,
    "destinationResource": dict,
    "authorized_groups": dict,
}
RANGE = {"start": 0, "end": 0}
SIDES = {"sources": "sourceResource", "destinations": "destinationResource"}
PROTOCOLS = ("all", "tcp", "udp", "icmp", "netbird-ssh")
LAST_PORT = 65535


def check_policy(account: Account, row: Row, old: Row | None) -> None:
    """Refuse a policy without a name or a rule, and rules that could not be; names are not unique."""
    row["rules"] = [decode(RULE, rule) for rule in row["rules"]]
    for rule in row["rules"]:
        for name in ("ports", *SIDES):
            rule[name] = None if rule[name] is None else strings(rule[name])
        rule["port_ranges"] = [decode(RANGE, each) for each in rule["port_ranges"] or []]
    refuse_if(not row["name"], "policy name shouldn't be empty")
    refuse_if(not row["rules"], "policy rules shouldn't be empty")
    for rule in row["rules"]:
        refuse_if(rule["id"] not in ("", row["id"]), f"invalid rule ID: {rule['id']}")
        check_rule(rule)


def check_rule(rule: Row) -> None:
    """Refuse what a rule can't have, in the server's order."""
    missing = any(not rule[single] and rule[side] is None for side, single in SIDES.items())
    words = "specify either sources or source resources and destinations or destination resources"
    refuse_if(missing, words)
    for side, single in SIDES.items():
        refuse_if(rule[side] and rule[single], f"specify either {side} or  {side.removesuffix('s')} resources, not both")
    refuse_if(rule["action"] not in ("accept", "drop"), "unknown action type")
    refuse_if(rule["protocol"] not in PROTOCOLS, f"unknown protocol type: {rule['protocol']}")
    refuse_if(rule["ports"] and rule["port_ranges"], "specify either individual ports or port ranges, not both")
    asked = rule["authorized_groups"] if rule["protocol"] == "netbird-ssh" else None
    words = "authorized group for netbird-ssh protocol should be specified for each source group"
    refuse_if(asked and not set(asked) <= set(rule["sources"] or []), words)
    numbers = [each if each.isdecimal() else "0" for each in rule["ports"] or []]
    bounds = [number for each in rule["port_ranges"] for number in each.values()]
    refuse_if(
        not all(0 < number <= LAST_PORT for number in [*map(int, numbers), *bounds]), "valid port value is in 1..65535 range"
    )
    with_ports = rule["ports"] or rule["port_ranges"]
    refuse_if(rule["protocol"] in ("all", "icmp") and with_ports, "for all or icmp protocol ports is not allowed")


def build_policy(account: Account, row: Row, body: Row, old: Row | None) -> None:
    """What belongs to another protocol goes without a word."""
    for rule in row["rules"]:
        if rule["protocol"] != "netbird-ssh":
            rule["authorized_groups"] = None


def show_policy(account: Account, row: Row, how: str) -> Row:
    """Show a policy; its rule has the policy's id, and only the answer to a write has more than one rule (measured)."""
    rules = []
    seen: set[str] = set()
    for rule in row["rules"] if how in ("create", "update") else row["rules"][:1]:
        shown = {
            key: copy.deepcopy(rule[key]) for key in RULE if key not in (*SIDES, "id") and rule.get(key) not in (None, [], {})
        }
        # A group that was shown already is no source again (measured).
        sources = [each for each in rule["sources"] or [] if each not in seen]
        seen.update(sources, rule["destinations"] or [])
        sides = {"sources": sources, "destinations": rule["destinations"] or []}
        rules.append(shown | {side: minimum(account, ids) or None for side, ids in sides.items()} | {"id": row["id"]})
    checks = row["source_posture_checks"] and [
        each for each in row["source_posture_checks"] if each in account.rows("posture-checks")
    ]
    return copy.deepcopy(row) | {"rules": rules, "source_posture_checks": checks}


# posture checks

VERSION = re.compile(r"v?\d+(\.\d+){0,3}")
CHECKS: Mapping[str, Any] = {
    "nb_version_check": dict,
    "os_version_check": dict,
    "geo_location_check": dict,
    "peer_network_range_check": dict,
    "process_check": dict,
}


def check_posture(account: Account, row: Row, old: Row | None) -> None:
    """Refuse checks without a name, with a name that is taken, or with nothing to check."""
    if row["checks"] is None:
        raise ConnectionAbortedError
    refuse_if(not row["name"], "posture checks name shouldn't be empty")
    row["checks"] = {name: check for name, check in decode(CHECKS, row["checks"]).items() if check is not None}
    refuse_if(not row["checks"], "posture checks shouldn't be empty")
    for name, check in row["checks"].items():
        CHECKED[name](check)
    if old is None:
        refuse_if(taken(account, "posture-checks", row), f"posture checks with name {row['name']} already exists")


def check_version(text: Any, what: str) -> None:
    """Refuse what is no version."""
    refuse_if(not text, f"{what} minimum version shouldn't be empty")
    refuse_if(not VERSION.fullmatch(text), f"{what} version: {text} is not valid")


def check_systems(check: Row) -> None:
    """Refuse a system without a version, and no system at all."""
    refuse_if(not check, "osversioncheck at least one os version check is required")
    for system, wanted in check.items():
        kernel = system in ("linux", "windows")
        what = f"osversioncheck  {system}{' kernel' if kernel else ''}"
        check_version(wanted.get("min_kernel_version" if kernel else "min_version"), what)


def check_ranges(check: Row) -> None:
    """Refuse what is no network, or no action."""
    refuse_if(not check.get("ranges"), "peernetworkrangecheck network ranges shouldn't be empty")
    for each in check["ranges"]:
        refuse_if("/" not in each, "invalid network prefix")
        try:
            ipaddress.ip_network(each, strict=False)
        except ValueError:
            raise Refused(422, "invalid network prefix") from None
    refuse_if(check.get("action") not in ("allow", "deny"), "peernetworkrangecheck action is not valid")


def check_processes(check: Row) -> None:
    """Refuse a check of nothing, and show every path."""
    paths = ("linux_path", "mac_path", "windows_path")
    refuse_if(not check.get("processes"), "processcheck processes shouldn't be empty")
    for each in check["processes"]:
        refuse_if(not any(each.get(path) for path in paths), "processcheck path shouldn't be empty")
        each.update({path: each.get(path) or "" for path in paths})


def check_places(check: Row) -> None:
    """Say that there is no database of places, as on the recorded server."""
    raise Refused(
        412,
        "geo location database is not initialized. check the self-hosted geo database documentation at "
        "https://docs.netbird.io/selfhosted/geo-support",
    )


CHECKED = {
    "nb_version_check": lambda check: check_version(check.get("min_version"), "nbversioncheck"),
    "os_version_check": check_systems,
    "geo_location_check": check_places,
    "peer_network_range_check": check_ranges,
    "process_check": check_processes,
}


def free_posture(account: Account, row: Row) -> None:
    """Refuse to delete what a policy uses."""
    for policy in account.rows("policies").values():
        used = row["id"] in (policy["source_posture_checks"] or [])
        refuse_if(used, f"posture checks have been linked to policy: {policy['name']}", 412)
