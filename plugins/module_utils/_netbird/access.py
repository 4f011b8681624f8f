# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may reach what: groups, setup keys, posture checks and policies.

PRIVATE to this collection. The API is C(/api/groups), C(/api/setup-keys), C(/api/posture-checks) and C(/api/policies).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.plan import Operation, rows_after
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.service import Service
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import Consent, Field
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.common import (
    Row,
    enabled,
    expired,
    groups,
    ids,
    listed,
    netbird_kind,
    typed,
    untyped,
)

# Kinds whose objects NetBird lets go on naming a group that is deleted, and the setting that does.
LEFT_DANGLING = {"dns_zone": "distribution_groups", "network_router": "peer_groups", "user_invite": "auto_groups"}


def _group_read(row: Row) -> Row:
    return {**row, "peers": ids(row["peers"]), "resources": [typed(each) for each in row["resources"] or []]}


def _group_sent(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, **({"resources": [untyped(each) for each in body["resources"]]} if "resources" in body else {})}


def _still_used(service: Service, operation: Operation, plan: Sequence[Operation]) -> str:
    """By what a group that goes is still named; NetBird itself refuses only where other kinds name it."""
    if operation.action != "delete":
        return ""
    users = []
    for kind, setting in LEFT_DANGLING.items():
        resource = service.references[kind]
        rows = rows_after(plan, resource, service.rows_of_kind(kind))
        users += [
            f"{resource.kind} {row.get(resource.by[0]) or row.get('id', 'that is new')!r}"
            for row in rows
            if operation.existing["id"] in (row[setting] or [])
        ]
    return f"NetBird would delete it, and leave {', '.join(users)} with a group that is not there" if users else ""


GROUP = netbird_kind(
    "group",
    "groups",
    Field("name", required=True),
    Field("peers", type="list", elements="str", ref="peer", unordered=True),
    Field("resources", type="list", elements="str", ref="network_resource", unordered=True),
    reading=_group_read,
    sending=_group_sent,
    derived=("id", "issued", "peers_count", "resources_count"),
    consents=(Consent("", _still_used),),
)


def _cannot_be(key: Mapping[str, Any], now: Row | None) -> str:
    if (key["usage_limit"] or 0) < 0:
        return f"the usage_limit {key['usage_limit']} is below 0, which stands for no limit"
    if now is None:
        return "there is no such key to revoke, and NetBird would make one that is valid" if key["revoked"] else ""
    return "a key that was revoked stays so" if now["revoked"] and not key["revoked"] else ""


SETUP_KEY = netbird_kind(
    "setup key",
    "setup-keys",
    Field("name", required=True),
    Field("type", choices=("reusable", "one-off"), default="reusable", fixed=True),
    Field("expires_in", type="int", readable=False, on_create=True),
    groups("auto_groups", default=[]),
    Field("usage_limit", type="int", fixed=True),
    Field("ephemeral", type="bool", fixed=True),
    Field("allow_extra_dns_labels", type="bool", fixed=True),
    Field("revoked", type="bool"),
    whole=("auto_groups", "revoked"),
    prefer=lambda row: row["valid"],
    spent=lambda row, days: not row["valid"] or expired(row["expires"], days),
    tells=("key",),
    twins=True,
    invalid=_cannot_be,
)


def _checks_read(row: Row) -> Row:
    """A posture check with an empty one for each kind of check that it does not have."""
    return {**row, "checks": {field.name: row["checks"].get(field.name) or {} for field in CHECKS}}


def _checks_sent(body: dict[str, Any]) -> dict[str, Any]:
    checks = {name: _filled(check) for name, check in body["checks"].items()}
    return {**body, "checks": {name: check for name, check in checks.items() if check}}


def _filled(value: Any) -> Any:
    """A check with what a task left out of it left out, and what NetBird shows empty in place of that."""
    if isinstance(value, Mapping):
        inner = {name: _filled(each) for name, each in value.items() if each is not None}
        return {name: each for name, each in inner.items() if each not in ("", {}, [])}
    return [_filled(each) for each in value] if isinstance(value, list) else value


def _check(name: str, **options: dict[str, Any]) -> Field:
    return Field(name, type="dict", suboptions=options, api=f"checks.{name}", canonical=lambda value: _filled(value or {}))


VERSION = {"type": "dict", "options": {"min_version": {"type": "str", "required": True}}}
KERNEL = {"type": "dict", "options": {"min_kernel_version": {"type": "str", "required": True}}}
ACTION = {"type": "str", "choices": ["allow", "deny"], "required": True}
CHECKS = (
    _check("nb_version_check", min_version={"type": "str"}),
    _check("os_version_check", android=VERSION, darwin=VERSION, ios=VERSION, linux=KERNEL, windows=KERNEL),
    _check(
        "geo_location_check",
        action={**ACTION, "required": False},
        locations={
            "type": "list",
            "elements": "dict",
            "options": {"country_code": {"type": "str", "required": True}, "city_name": {"type": "str"}},
        },
    ),
    _check(
        "peer_network_range_check",
        action={**ACTION, "required": False},
        ranges={"type": "list", "elements": "str"},
    ),
    _check(
        "process_check",
        processes={
            "type": "list",
            "elements": "dict",
            "options": {name: {"type": "str"} for name in ("linux_path", "mac_path", "windows_path")},
        },
    ),
)


def _nothing_checked(check: Mapping[str, Any], _now: Row | None) -> str:
    # NetBird closes the connection without an answer.
    return "" if any(_filled(check[field.name] or {}) for field in CHECKS) else "it has to check something"


POSTURE_CHECK = netbird_kind(
    "posture check",
    "posture-checks",
    Field("name", required=True),
    Field("description"),
    *CHECKS,
    reading=_checks_read,
    sending=_checks_sent,
    invalid=_nothing_checked,
)

WITH_PORTS = ("tcp", "udp")
SIDES = {"source": "sourceResource", "destination": "destinationResource"}


def _policy_read(row: Row) -> Row:
    """A policy with its rule in place of the list: NetBird keeps the first of several, and answers as if it kept all."""
    # What is empty the server leaves out.
    rule = {"ports": [], "port_ranges": [], **(row.get("rules") or [{}])[0]}
    for side, key in SIDES.items():
        rule[f"{side}s"] = ids(rule.get(f"{side}s"))
        single = rule.pop(key, None) or {"id": "", "type": ""}
        rule[f"{side}_peer"] = single["id"] if single["type"] == "peer" else ""
        rule[f"{side}_resource"] = typed(single) if single["type"] not in ("peer", "") else ""
    return {
        **{key: value for key, value in row.items() if key != "rules"},
        "enabled": row["enabled"] and rule.get("enabled", True),
        "rule": {key: value for key, value in rule.items() if key not in ("id", "name", "description", "enabled")},
    }


def _policy_sent(body: dict[str, Any]) -> dict[str, Any]:
    rule = {key: value for key, value in body["rule"].items() if value not in (None, "", [], {})}
    for side, key in SIDES.items():
        peer, resource = rule.pop(f"{side}_peer", ""), rule.pop(f"{side}_resource", "")
        if peer or resource:
            rule[key] = {"id": peer, "type": "peer"} if peer else untyped(resource)
    same = {key: body[key] for key in ("name", "description", "enabled") if key in body}
    return {**{key: value for key, value in body.items() if key != "rule"}, "rules": [{**rule, **same}]}


def _policy_wrong(policy: Mapping[str, Any], _now: Row | None) -> str:
    for side in SIDES:
        if not any(policy[name] for name in (f"{side}s", f"{side}_peer", f"{side}_resource")):
            return f"it needs {side}s, a {side}_peer or a {side}_resource"
    protocol, ranges = policy["protocol"], policy["port_ranges"] or []
    if protocol not in WITH_PORTS and (policy["ports"] or ranges):
        return f"the protocol {protocol} has no ports; tcp and udp have. Empty ports or port_ranges, or choose one of these"
    reversed_ones = [f"{each['start']}-{each['end']}" for each in ranges if each["start"] > each["end"]]
    if reversed_ones:
        return f"a range of ports ends before it starts: {', '.join(reversed_ones)}"
    if policy["authorized_groups"] and protocol != "netbird-ssh":
        return "authorized_groups belong to the protocol netbird-ssh"
    return ""


POLICY = netbird_kind(
    "policy",
    "policies",
    Field("name", required=True),
    Field("description"),
    enabled(),
    Field("action", choices=("accept", "drop"), default="accept", api="rule.action"),
    Field("protocol", choices=("all", "tcp", "udp", "icmp", "netbird-ssh"), default="all", api="rule.protocol"),
    Field("ports", type="list", elements="str", unordered=True, api="rule.ports"),
    Field(
        "port_ranges",
        type="list",
        elements="dict",
        unordered=True,
        suboptions={"start": {"type": "int", "required": True}, "end": {"type": "int", "required": True}},
        api="rule.port_ranges",
    ),
    Field("bidirectional", type="bool", default=True, api="rule.bidirectional"),
    groups("sources", api="rule.sources"),
    Field("source_peer", ref="peer", api="rule.source_peer", canonical=lambda value: value or ""),
    Field("source_resource", ref="network_resource", api="rule.source_resource", canonical=lambda value: value or ""),
    groups("destinations", api="rule.destinations"),
    Field("destination_peer", ref="peer", api="rule.destination_peer", canonical=lambda value: value or ""),
    Field("destination_resource", ref="network_resource", api="rule.destination_resource", canonical=lambda value: value or ""),
    Field(
        "authorized_groups",
        type="dict",
        ref="group",
        api="rule.authorized_groups",
        canonical=lambda value: value or {},
        since="0.61.0",
    ),
    Field("source_posture_checks", type="list", elements="str", ref="posture_check", unordered=True),
    reading=_policy_read,
    sending=_policy_sent,
    invalid=_policy_wrong,
    alternatives=(
        ("ports", "port_ranges"),
        ("sources", "source_peer", "source_resource"),
        ("destinations", "destination_peer", "destination_resource"),
    ),
    constraints={
        "mutually_exclusive": [
            ("ports", "port_ranges"),
            ("sources", "source_peer", "source_resource"),
            ("destinations", "destination_peer", "destination_resource"),
        ]
    },
    twins=True,
)


def policies_naming(service: Service, plan: Sequence[Operation], settings: Sequence[str], value: Any) -> str:
    """The policies that name an object in one of these settings once the plan is carried out, as a list of names."""
    rows = rows_after(plan, POLICY, service.rows_everywhere(POLICY))
    return listed(row["name"] for row in rows if value in [row["rule"][setting] for setting in settings])
