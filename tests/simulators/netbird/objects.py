# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is particular to each kind of object in NetBird's API: its checks, what is made up, how it is shown."""

from __future__ import annotations

import copy
import ipaddress
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from .state import NEVER, Account, Refused, Row, now, passed

Show = Callable[[Account, Row, str], Any]


def decode(fields: Mapping[str, Any], body: Any) -> Row:
    """Read a body as Go does: known fields of the right type or null, defaults for the rest."""
    if not isinstance(body, dict):
        raise Refused(400, "couldn't parse JSON request", verbatim=True)
    row: Row = {}
    for name, default in fields.items():
        value = body.get(name)
        wanted: Any = default if isinstance(default, type) else type(default)
        if value is not None and type(value) is not wanted:
            raise Refused(400, "couldn't parse JSON request", verbatim=True)
        row[name] = value if value is not None else None if isinstance(default, type) else copy.deepcopy(default)
    return row


def refuse_if(wrong: object, message: str, status: int = 422) -> None:
    """Refuse when something is wrong."""
    if wrong:
        raise Refused(status, message)


def taken(account: Account, kind: str, row: Row, key: str = "name") -> bool:
    """Tell whether another row of the kind has this row's value."""
    return any(other[key] == row[key] and other["id"] != row["id"] for other in account.rows(kind).values())


def minimum(account: Account, ids: list[str]) -> list[Row]:
    """Show groups as other objects refer to them; ids that no group has are left out."""
    return [
        {
            "id": row["id"],
            "name": row["name"],
            "peers_count": len(row["peers"]),
            "resources_count": len(row["resources"]),
        }
        for row in (account.groups.get(each) for each in ids)
        if row is not None
    ]


def below(account: Account, kind: str, row: Row) -> list[Row]:
    """Return the rows of a kind that lie below another row."""
    return [each for each in account.rows(kind).values() if each["_parent"] == row["id"]]


def drop_below(account: Account, kind: str, row: Row) -> None:
    """Delete the rows of a kind that lie below another row."""
    for each in below(account, kind, row):
        del account.rows(kind)[each["id"]]


def without(*names: str) -> Show:
    """Show a row without some of its fields."""
    return lambda account, row, how: copy.deepcopy({k: v for k, v in row.items() if k not in names})


# groups


def check_group(account: Account, row: Row, old: Row | None) -> None:
    """A new name must be free; a rename is not checked at all (measured). The group All can't be changed."""
    refuse_if(old is not None and old["name"] == "All", "updating group ALL is not allowed")
    refuse_if(not row["name"], "group name shouldn't be empty")
    if old is None:
        refuse_if(taken(account, "groups", row), f"group with name {row['name']} already exists", 409)


def build_group(account: Account, row: Row, body: Row, old: Row | None) -> None:
    """Who made a group stays; a group made by the API is `issued: api`."""
    row["issued"] = old["issued"] if old else "api"


def show_group(account: Account, row: Row, how: str) -> Row:
    """Show a group with null in place of an empty list."""
    known = account.rows("peers")
    peers = [{"id": each, "name": known[each]["name"]} for each in row["peers"] if each in known]
    return {
        "id": row["id"],
        "issued": row["issued"],
        "name": row["name"],
        "peers": peers or None,
        "peers_count": len(peers),
        "resources": copy.deepcopy(row["resources"]) or None,
        "resources_count": len(row["resources"]),
    }


# (what a group is linked to, kind, how the message names the row, does the row use the group), in the server's order
GROUP_LINKS: tuple[tuple[str, str, str, Callable[[Row, str], bool]], ...] = (
    ("route", "routes", "network_id", lambda row, g: g in row["groups"] + row["peer_groups"]),
    ("name server groups", "nameservers", "name", lambda row, g: g in row["groups"]),
    (
        "policy",
        "policies",
        "name",
        lambda row, g: any(g in rule["sources"] + rule["destinations"] for rule in row["rules"]),
    ),
    ("setup key", "setup-keys", "name", lambda row, g: g in row["auto_groups"]),
    ("user", "users", "id", lambda row, g: g in row["auto_groups"]),
    ("network router", "routers", "id", lambda row, g: g in row["peer_groups"]),
)


def free_group(account: Account, row: Row) -> None:
    """Refuse to delete a group that something uses: 400, the message in the case it is written in."""
    if row["name"] == "All":
        raise Refused(400, "deleting group ALL is not allowed", verbatim=True)
    if row["resources"]:
        used: tuple[str, str] | None = ("network resource", row["resources"][0]["id"])
    else:
        used = next(
            (
                (label, other[name])
                for label, kind, name, uses in GROUP_LINKS
                for other in (account.users if kind == "users" else account.rows(kind)).values()
                if uses(other, row["id"])
            ),
            None,
        )
    if used:
        raise Refused(400, f"group has been linked to {used[0]}: {used[1]}", verbatim=True)


# setup keys


def build_setup_key(account: Account, row: Row, body: Row, old: Row | None) -> None:
    """A PUT changes nothing but the groups and `revoked`; the key is shown whole once."""
    if old is not None:
        changed = {"auto_groups": row["auto_groups"], "revoked": row["revoked"]}
        row.clear()
        row.update(old | changed)
    else:
        days = row.pop("expires_in")
        row.update(
            key=str(uuid.uuid4()).upper(),
            expires=now(seconds=days) if days else NEVER,
            last_used=NEVER,
            used_times=0,
            revoked=False,
        )
    row["updated_at"] = now()


def check_setup_key(account: Account, row: Row, old: Row | None) -> None:
    """Refuse a key without a name, or of an unknown type."""
    if old is None:
        refuse_if(not row["name"], "setup key name shouldn't be empty")
        refuse_if(row["type"] not in ("reusable", "one-off"), f"unknown setup key type {row['type']}")


def show_setup_key(account: Account, row: Row, how: str) -> Row:
    """Show a key, whole only in the answer to its creation."""
    overused = bool(row["usage_limit"]) and row["used_times"] >= row["usage_limit"]
    state = "revoked" if row["revoked"] else "expired" if passed(row["expires"]) else "overused" if overused else "valid"
    key = row["key"] if how == "create" else row["key"][:5] + "****"
    return copy.deepcopy(row) | {"key": key, "state": state, "valid": state == "valid"}


# policies and posture checks

RULE = {
    "name": "",
    "description": "",
    "enabled": False,
    "action": "",
    "bidirectional": False,
    "protocol": "",
    "ports": list,
    "port_ranges": list,
    "sources": [],
    "destinations": [],
}


def check_policy(account: Account, row: Row, old: Row | None) -> None:
    """Refuse a policy without a name or without a rule; names are not unique."""
    refuse_if(not row["name"], "policy name shouldn't be empty")
    refuse_if(not row["rules"], "policy rules shouldn't be empty")


def build_policy(account: Account, row: Row, body: Row, old: Row | None) -> None:
    """Read the rules; groups that do not exist are left out without a word."""
    row["rules"] = [decode(RULE, rule) for rule in row["rules"]]
    for rule in row["rules"]:
        for side in ("sources", "destinations"):
            rule[side] = [each for each in rule[side] if each in account.groups]


def show_policy(account: Account, row: Row, how: str) -> Row:
    """Show a policy; its rule has the policy's id, and no ports where none were given."""
    rules = []
    for rule in row["rules"]:
        shown = {k: v for k, v in copy.deepcopy(rule).items() if not (k in ("ports", "port_ranges") and v is None)}
        sides = {side: minimum(account, rule[side]) for side in ("sources", "destinations")}
        rules.append(shown | sides | {"id": row["id"]})
    return copy.deepcopy({k: v for k, v in row.items() if k != "rules"}) | {"rules": rules}


def check_posture(account: Account, row: Row, old: Row | None) -> None:
    """Refuse checks without a name, with a name that is taken, or with nothing to check."""
    refuse_if(not row["name"], "posture checks name shouldn't be empty")
    refuse_if(not row["checks"], "posture checks shouldn't be empty")
    refuse_if(taken(account, "posture-checks", row), f"posture checks with name {row['name']} already exists")


# networks


def show_network(account: Account, row: Row, how: str) -> Row:
    """Show a network: [] or null for nothing depends on the request (measured)."""
    resources = [each["id"] for each in below(account, "resources", row)]
    routers = [each["id"] for each in below(account, "routers", row)]
    return copy.deepcopy(row) | {
        "policies": [],
        "resources": resources or ([] if how == "create" else None),
        "routers": routers or ([] if how in ("create", "list") else None),
        "routing_peers_count": 0,
    }


def free_network(account: Account, row: Row) -> None:
    """Delete a network's resources and routers with it."""
    for resource in below(account, "resources", row):
        free_resource(account, resource)
    drop_below(account, "resources", row)
    drop_below(account, "routers", row)


def address(text: str) -> tuple[str, str]:
    """Return an address as the server keeps it, and its type: host, subnet or domain."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        if not re.fullmatch(r"(\*\.)?([\w-]+\.)+[A-Za-z]{2,}", text):
            raise Refused(500, "internal server error") from None
        return text, "domain"
    return str(network), "host" if network.num_addresses == 1 else "subnet"


def check_resource(account: Account, row: Row, old: Row | None) -> None:
    """Refuse a name that is taken; an address that is none is an error of the server's (measured)."""
    prefix = f"failed to {'update' if old else 'create'} network resource: "
    row["address"], row["type"] = address(row["address"])
    refuse_if(taken(account, "resources", row), f"{prefix}resource with name {row['name']} already exists")


def build_resource(account: Account, row: Row, body: Row, old: Row | None) -> None:
    """Put the resource into its groups, which is where the server keeps that."""
    free_resource(account, row)
    for group in row.pop("groups"):
        if group in account.groups:
            account.groups[group]["resources"].append({"id": row["id"], "type": row["type"]})


def free_resource(account: Account, row: Row) -> None:
    """Take a resource out of every group."""
    for group in account.groups.values():
        group["resources"] = [each for each in group["resources"] if each["id"] != row["id"]]


def show_resource(account: Account, row: Row, how: str) -> Row:
    """Show a resource with the groups that it is in."""
    groups = [g["id"] for g in account.groups.values() if any(each["id"] == row["id"] for each in g["resources"])]
    return {k: v for k, v in row.items() if k != "_parent"} | {"groups": minimum(account, groups)}


def check_router(account: Account, row: Row, old: Row | None) -> None:
    """Refuse a router that is neither a peer nor groups of peers."""
    refuse_if(not row["peer"] and not row["peer_groups"], "either peer or peer_groups must be provided", 400)


# DNS


def check_nameservers(account: Account, row: Row, old: Row | None) -> None:
    """Refuse a group of name servers that nothing would ever ask."""
    refuse_if(
        not row["primary"] and not row["domains"],
        "nameserver group primary status is false and domains are empty, it should be primary or have at least one domain",
    )
    refuse_if(taken(account, "nameservers", row), f"nameserver group with name {row['name']} already exist")
    count = len(row["nameservers"])
    refuse_if(not 1 <= count <= 3, f"the list of nameservers should be 1 or 3, got {count}")
    refuse_if(not row["groups"], "the list of group IDs should not be empty")


def check_zone(account: Account, row: Row, old: Row | None) -> None:
    """Refuse a zone without a name, or for a domain that has one."""
    refuse_if(not row["name"], "zone name is required")
    refuse_if(taken(account, "zones", row, "domain"), f"zone with domain {row['domain']} already exists", 409)


def show_zone(account: Account, row: Row, how: str) -> Row:
    """Show a zone with its records."""
    show = without("_parent")
    return copy.deepcopy(row) | {"records": [show(account, each, how) for each in below(account, "records", row)]}


def free_zone(account: Account, row: Row) -> None:
    """Delete a zone's records with it."""
    drop_below(account, "records", row)


def check_record(account: Account, row: Row, old: Row | None) -> None:
    """Refuse a type that is not served, and the same record a second time."""
    refuse_if(row["type"] not in ("A", "AAAA", "CNAME"), "invalid record type, must be A, AAAA, or CNAME")
    same = ("name", "type", "content")
    refuse_if(
        any(
            all(other[k] == row[k] for k in same) and other["id"] != row["id"] and other["_parent"] == row["_parent"]
            for other in account.rows("records").values()
        ),
        "identical record already exists",
        409,
    )


# routes


def check_route(account: Account, row: Row, old: Row | None) -> None:
    """Refuse a route to nowhere, and a second one to the same network through the same group."""
    refuse_if(not row["network"] and not row["domains"], "either 'network' or 'domains' should be provided")
    for other in account.rows("routes").values():
        shared = [each for each in row["peer_groups"] if each in other["peer_groups"]]
        if other["id"] != row["id"] and shared and row["network"] and other["network"] == row["network"]:
            name = account.groups[shared[0]]["name"]
            message = f"failed to add route with prefix {row['network']} - peer group {name} already has this route"
            raise Refused(409, message)


def build_route(account: Account, row: Row, body: Row, old: Row | None) -> None:
    """The type of the network follows from the network."""
    if row["domains"]:
        row["network_type"] = "Domain"
    else:
        row["network_type"] = "IPv6" if ":" in row["network"] else "IPv4"
