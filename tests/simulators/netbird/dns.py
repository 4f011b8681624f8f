# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nameserver groups, zones and their records: checks, and how they are shown."""

from __future__ import annotations

import copy
import ipaddress
import re

from .objects import below, decode, drop_below, refuse_if, refuse_unknown, strings, taken, without
from .state import Account, Refused, Row

LABEL = r"[a-zA-Z0-9_]([\w-]*[a-zA-Z0-9_])?"
DOMAIN = re.compile(rf"({LABEL}\.)*{LABEL}")
SERVER = {"ip": "", "ns_type": "", "port": 0}
TYPES = ("A", "AAAA", "CNAME")


def check_nameservers(account: Account, row: Row, old: Row | None) -> None:
    """Refuse a group of name servers that nothing would ever ask, and what could not be asked."""
    before = f"nameserver group primary status is {'true' if row['primary'] else 'false'} and"
    refuse_if(not 1 <= len(row["name"]) <= 40, "nameserver group name should be between 1 and 40")
    refuse_if(row["primary"] and row["domains"], f"{before} domains are not empty, you should set either primary or domain")
    refuse_if(
        row["primary"] and row["search_domains_enabled"],
        f"{before} search domains is enabled, you should not set search domains for primary nameservers",
    )
    refuse_if(
        not row["primary"] and not row["domains"],
        f"{before} domains are empty, it should be primary or have at least one domain",
    )
    for domain in strings(row["domains"]):
        why = "wildcards not allowed" if "*" in domain else f"invalid domain name: invalid domain format: {domain}"
        refuse_if(not DOMAIN.fullmatch(domain), f'nameserver group got an invalid domain: {domain} "{why}"')
    refuse_if(taken(account, "nameservers", row), f"nameserver group with name {row['name']} already exist")
    row["nameservers"] = [decode(SERVER, each) for each in row["nameservers"]]
    refuse_if(
        not all(each["ns_type"] == "udp" and is_address(each["ip"]) for each in row["nameservers"]), "invalid ns servers format"
    )
    count = len(row["nameservers"])
    refuse_if(not 1 <= count <= 3, f"the list of nameservers should be 1 or 3, got {count}")
    refuse_if(not row["groups"], "the list of group IDs should not be empty")
    refuse_unknown(account, strings(row["groups"]))


def show_nameservers(account: Account, row: Row, how: str) -> Row:
    """Show a group; domains that were left out are [] in the answer to a write, and null from then on (measured)."""
    written = how in ("create", "update") and row["domains"] is None
    return copy.deepcopy(row) | ({"domains": []} if written else {})


def is_address(text: str) -> bool:
    """Tell whether a text is an address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def check_zone(account: Account, row: Row, old: Row | None) -> None:
    """Refuse a zone without a name or a group, and for a domain that has one or is the peers'."""
    refuse_if(not row["name"], "zone name is required")
    refuse_if(len(row["name"]) > 255, "zone name exceeds maximum length of 255 characters")
    refuse_if(not DOMAIN.fullmatch(row["domain"]) or not row["domain"].isascii(), "invalid zone domain format")
    refuse_if(not row["distribution_groups"], "at least one distribution group is required")
    refuse_if(old is not None and old["domain"] != row["domain"], "zone domain cannot be updated")
    peers = account.settings.get("dns_domain") or account.domain
    refuse_if(row["domain"] == peers, f"zone domain {row['domain']} conflicts with peer dns domain")
    refuse_if(taken(account, "zones", row, "domain"), f"zone with domain {row['domain']} already exists", 409)
    for group in strings(row["distribution_groups"]):
        refuse_if(group not in account.groups, f"group: {group} not found")


def show_zone(account: Account, row: Row, how: str) -> Row:
    """Show a zone with its records."""
    show = without("_parent")
    return copy.deepcopy(row) | {"records": [show(account, each, how) for each in below(account, "records", row)]}


def free_zone(account: Account, row: Row) -> None:
    """Delete a zone's records with it."""
    drop_below(account, "records", row)


def check_record(account: Account, row: Row, old: Row | None) -> None:
    """Refuse a type that is not served, what is none of its type or zone, and the same record a second time."""
    zone = account.rows("zones")[row["_parent"]]
    name, kind, content = row["name"], row["type"], row["content"]
    refuse_if(not name, "record name is required")
    refuse_if(not re.fullmatch(rf"(\*\.)?{DOMAIN.pattern}", name), "invalid record name format")
    refuse_if(not kind, "record type is required")
    refuse_if(kind not in TYPES, "invalid record type, must be A, AAAA, or CNAME")
    check_content(kind, content)
    refuse_if(row["ttl"] < 0, "ttl cannot be negative")
    refuse_if(name != zone["domain"] and not name.endswith(f".{zone['domain']}"), "record name does not belong to zone")
    others = [each for each in below(account, "records", zone) if each["id"] != row["id"] and each["name"] == name]
    refuse_if(any((each["type"], each["content"]) == (kind, content) for each in others), "identical record already exists", 409)
    beside = any("CNAME" in (kind, each["type"]) for each in others)
    refuse_if(beside, f"an a, aaaa, or cname record with name {name} already exists")


def check_content(kind: str, content: str) -> None:
    """Refuse what a record of its type can't stand for."""
    refuse_if(not content, f"{kind} record is required")
    if kind == "CNAME":
        refuse_if(not DOMAIN.fullmatch(content), "invalid CNAME target format")
        return
    wanted = ipaddress.IPv4Address if kind == "A" else ipaddress.IPv6Address
    try:
        wanted(content)
    except ValueError:
        raise Refused(422, f"{kind} record must be a valid {'ipv4' if kind == 'A' else 'ipv6'} address") from None
