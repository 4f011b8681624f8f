# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is particular to each kind of object in NetBird's API: its checks, what is made up, how it is shown."""

from __future__ import annotations

import copy
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


def strings(value: list[Any] | None) -> list[str]:
    """Read a list of texts as Go does."""
    if any(not isinstance(each, str) for each in value or []):
        raise Refused(400, "couldn't parse JSON request", verbatim=True)
    return list(value or [])


def leads_to(service: Row, target_id: str) -> bool:
    """Say whether a service of the reverse proxy leads to a peer or a resource."""
    return any(target["target_id"] == target_id for target in service["targets"])


def refuse_if(wrong: object, message: str, status: int = 422) -> None:
    """Refuse when something is wrong."""
    if wrong:
        raise Refused(status, message)


def refuse_unknown(account: Account, groups: list[str]) -> None:
    """Refuse ids that no group has."""
    for group in groups:
        refuse_if(group not in account.groups, f"group id {group} not found")


def taken(account: Account, kind: str, row: Row, key: str = "name") -> bool:
    """Tell whether another row of the kind has this row's value."""
    return any(other[key] == row[key] and other["id"] != row["id"] for other in account.rows(kind).values())


def minimum(account: Account, ids: list[str], *, of_resource: bool = False) -> list[Row]:
    """Show groups as other objects refer to them, without ids that no group has; only resources count theirs (measured)."""
    return [
        {
            "id": row["id"],
            "name": row["name"],
            "peers_count": len(row["peers"]),
            "resources_count": len(row["resources"]) if of_resource else 0,
        }
        for row in (account.groups.get(each) for each in dict.fromkeys(ids))
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
    row["peers"] = list(dict.fromkeys(each for each in strings(row["peers"]) if each in account.rows("peers")))
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


def people_of(service: Row) -> list[str]:
    """Return the groups that a service of the reverse proxy lets in."""
    bearer = service["auth"].get("bearer_auth") or {}
    private = service["access_groups"] if service["private"] else []
    return [*private, *(bearer.get("distribution_groups", []) if bearer.get("enabled") else [])]


# (what a group is linked to, kind, how the message names the row, does the row use the group), in the server's order
GROUP_LINKS: tuple[tuple[str, str, str, Callable[[Row, str], bool]], ...] = (
    (
        "route",
        "routes",
        "network_id",
        lambda row, g: g in [*row["groups"], *(row["peer_groups"] or []), *(row["access_control_groups"] or [])],
    ),
    ("name server groups", "nameservers", "name", lambda row, g: g in row["groups"]),
    (
        "policy",
        "policies",
        "name",
        lambda row, g: any(g in (rule[side] or []) for rule in row["rules"] for side in ("sources", "destinations")),
    ),
    ("setup key", "setup-keys", "name", lambda row, g: g in row["auto_groups"]),
    ("user", "users", "id", lambda row, g: g in row["auto_groups"]),
    ("network router", "routers", "id", lambda row, g: g in (row["peer_groups"] or [])),
    # UNRECORDED: where these stand among the others (measured: that they are there)
    ("agent network policy", "agent-policies", "name", lambda row, g: g in row["source_groups"]),
    ("reverse proxy service", "services", "domain", lambda row, g: g in people_of(row)),
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
    if used is None and row["id"] in account.dns_settings["disabled_management_groups"]:
        used = ("disabled DNS management groups", row["name"])
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
            usage_limit=1 if row["type"] == "one-off" else row["usage_limit"],
        )
    row["updated_at"] = now()


def check_setup_key(account: Account, row: Row, old: Row | None) -> None:
    """Refuse a key that could not be, and what can't be changed."""
    if old is not None:
        refuse_if(row["auto_groups"] is None, "setup key AutoGroups field is invalid")
        refuse_if(old["revoked"] and not row["revoked"], "can't un-revoke a revoked setup key")
    else:
        refuse_if(not row["name"], "setup key name shouldn't be empty")
        refuse_if(row["type"] not in ("reusable", "one-off"), f"unknown setup key type {row['type']}")
        refuse_if(row["expires_in"] < 0, "expiresIn can not be in the past")
        refuse_if(
            row["type"] == "one-off" and row["usage_limit"] > 1,
            f"usage_limit {row['usage_limit']} is not valid for a one-off setup key, which can be used once; "
            "use type reusable for a key that can be used more than once",
        )
    row["auto_groups"] = strings(row["auto_groups"])
    for group in row["auto_groups"]:
        refuse_if(group not in account.groups, f"invalid auto groups: group not found: {group}")
        refuse_if(account.groups[group]["name"] == "All", "invalid auto groups: can't add 'All' group to the setup key")


def show_setup_key(account: Account, row: Row, how: str) -> Row:
    """Show a key, whole only in the answer to its creation."""
    overused = 0 < row["usage_limit"] <= row["used_times"]
    state = "revoked" if row["revoked"] else "expired" if passed(row["expires"]) else "overused" if overused else "valid"
    key = row["key"] if how == "create" else row["key"][:5] + "****"
    return copy.deepcopy(row) | {"key": key, "state": state, "valid": state == "valid"}
