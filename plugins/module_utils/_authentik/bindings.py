# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets in authentik: the bindings of an application, and its entitlements with theirs.

PRIVATE to this collection. A binding joins a target (an application or an entitlement) to one policy, group or user
(C(policies/bindings/)). Nothing stops a server from keeping the same one twice, and a PATCH without C(target) fails inside of
authentik, so an update sends the whole binding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.service import Authentik
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.context import Context
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.ensure import (
    finish_set,
    refuse_duplicates,
    refuse_loss,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.plan import Operation, Row, plan_object, plan_set
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import Field, Resource, Unknown

BOUND_KINDS = ("policy", "group", "user")
# A request's targets are 47 characters each in its URL, which has to stay below 4 KB.
TARGETS_PER_REQUEST = 80

ENTITLEMENT = Resource(
    kind="entitlement",
    path="core/application_entitlements/",
    id="pbm_uuid",
    ref="pbm_uuid",
    identity=("app", "name"),
    filter="app",
    since="2024.12",
    fields=(
        Field("app", internal=True),
        Field("name", required=True),
        Field("attributes", type="dict"),
    ),
)
BINDING = Resource(
    kind="binding",
    path="policies/bindings/",
    identity=("target", *BOUND_KINDS),
    filter="target",
    twins=True,
    whole=("target", *BOUND_KINDS, "order", "negate", "enabled", "timeout", "failure_result"),
    fields=(
        Field("target", internal=True),
        *(Field(kind, ref=kind) for kind in BOUND_KINDS),
        Field("order", type="int", default=0),
        Field("negate", type="bool"),
        Field("enabled", type="bool"),
        Field("timeout", type="int"),
        Field("failure_result", type="bool"),
    ),
)


def ensure_bindings(context: Context) -> dict[str, Any]:
    """The bindings of one application, by the options of C(authentik_policy_bindings)."""
    service = Authentik(context)
    slug, prune = context.params["application"], context.params["prune"]
    refuse_loss(context, "bindings")
    application = service.id_of("application", slug)
    wanted = [BINDING.desired(entry) for entry in context.params["bindings"]]
    _refuse_wrong("bindings", wanted)
    refuse_duplicates("bindings", [_bound(entry) for entry in wanted])
    rows = bindings_of(service, [application])
    target = f"application {slug!r}"
    operations, _references = plan_set(
        BINDING,
        [{"target": application, **entry} for entry in service.resolve(BINDING, wanted)],
        rows,
        labels=[_label(entry, target) for entry in wanted],
        prune=prune,
        row_label=lambda row: _label(names_of(row), target),
    )
    if context.params["state"] == "absent":
        operations = _removals(wanted, rows, target)
    return finish_set(context, service, operations)[0]


def ensure_entitlements(context: Context) -> dict[str, Any]:
    """The entitlements of one application and who has them, by the options of C(authentik_application_entitlements)."""
    service = Authentik(context)
    slug, entries, prune = (context.params[option] for option in ("application", "entitlements", "prune"))
    refuse_loss(context, "entitlements")
    names = [entry["name"] for entry in entries]
    refuse_duplicates("entitlements", names)
    for entry in entries:
        refuse_duplicates(f"the groups of entitlement {entry['name']!r}", entry["groups"] or [])
        refuse_duplicates(f"the users of entitlement {entry['name']!r}", entry["users"] or [])
        holders = [{kind: name} for kind in ("group", "user") for name in entry[f"{kind}s"] or []]
        _refuse_wrong(f"entitlement {entry['name']!r}", holders)
    application = service.id_of("application", slug)
    rows = [] if isinstance(application, Unknown) else service.rows(ENTITLEMENT, {"app": application})
    if context.params["state"] == "absent":
        removals = [plan_object(ENTITLEMENT, None, row) for row in rows if row["name"] in names]
        result = finish_set(context, service, removals)[0]
        return {**result, "entitlements": sorted(row["name"] for row in rows if row["name"] not in names)}

    operations, targets = plan_set(
        ENTITLEMENT,
        [{"app": application, **entry} for entry in service.resolve(ENTITLEMENT, [*map(ENTITLEMENT.desired, entries)])],
        rows,
        labels=[ENTITLEMENT.named(name) for name in names],
        prune=prune,
        row_label=lambda row: ENTITLEMENT.named(row["name"]),
    )
    operations += _plan_holders(service, entries, targets, prune)
    kept = [] if prune else [row["name"] for row in rows]
    return {**finish_set(context, service, operations)[0], "entitlements": sorted({*names, *kept})}


def _refuse_wrong(what: str, wanted: Iterable[Mapping[str, Any]]) -> None:
    """Of several bindings authentik would make those that are right before it refuses the others."""
    for entry in wanted:
        if any(entry.get(kind) == "" for kind in BOUND_KINDS):
            raise Failure(f"{what}: a policy, group or user has an empty name. Nothing was changed.")
        if entry.get("timeout", 0) < 0:
            raise Failure(f"{what}: the timeout {entry['timeout']} is below 0. Nothing was changed.")


def _plan_holders(
    service: Authentik, entries: Sequence[Mapping[str, Any]], targets: Sequence[Any], prune: bool
) -> list[Operation]:
    """The bindings of entitlements to the groups and users that have them."""
    rows = bindings_of(service, targets)
    wanted, labels, owners = [], [], {}
    for entry, target in zip(entries, targets, strict=True):
        owners[target] = ENTITLEMENT.named(entry["name"])
        for kind in ("group", "user"):
            for name in entry[f"{kind}s"] or []:
                wanted.append({"target": target, kind: name})
                labels.append(_label({kind: name}, owners[target]))
    # Pruning stops at what the task is silent about: an entry without users keeps its users.
    asked = {
        (target, kind)
        for entry, target in zip(entries, targets, strict=True)
        for kind in ("group", "user")
        if entry[f"{kind}s"] is not None
    }
    operations, _references = plan_set(
        BINDING,
        service.resolve(BINDING, wanted),
        [row for row in rows if (row["target"], _kind_of(row)) in asked],
        labels=labels,
        prune=prune,
        row_label=lambda row: _label(names_of(row), owners[row["target"]]),
    )
    return operations


def bindings_of(service: Authentik, targets: Iterable[Any]) -> list[Row]:
    """The bindings of targets, a request per 80 of them and 100 rows; what they are bound to need not be looked up then."""
    known = [target for target in targets if not isinstance(target, Unknown)]
    rows: list[Row] = []
    for start in range(0, len(known), TARGETS_PER_REQUEST):
        chunk = known[start : start + TARGETS_PER_REQUEST]
        rows += [row for row in service.all_rows(BINDING.path, {"target_in": chunk}) if row["target"] in chunk]
    for row in rows:
        for kind, name in names_of(row).items():
            service.learn(kind, name, row[kind])
    return rows


def _removals(wanted: Sequence[Mapping[str, Any]], rows: Sequence[Row], target: str) -> list[Operation]:
    named = [_bound(entry) for entry in wanted]
    return [
        Operation("delete", BINDING, _label(names_of(row), target), current=row) for row in rows if _bound(names_of(row)) in named
    ]


def _kind_of(row: Row) -> str:
    return next(kind for kind in BOUND_KINDS if row[kind] is not None)


def names_of(row: Row) -> dict[str, str]:
    """What a binding is bound to, by kind and name."""
    kind = _kind_of(row)
    return {kind: row[f"{kind}_obj"]["username" if kind == "user" else "name"]}


def _bound(entry: Mapping[str, Any]) -> str:
    return next(f"{kind} {entry[kind]!r}" for kind in BOUND_KINDS if entry.get(kind))


def _label(entry: Mapping[str, Any], target: str) -> str:
    return f"binding of {_bound(entry)} to {target}"
