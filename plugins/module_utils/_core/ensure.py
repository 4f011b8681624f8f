# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bodies of modules: look, plan, and (not in check mode) apply.

PRIVATE to this collection.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.apply import apply
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.context import Context
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.plan import (
    Operation,
    Row,
    complete,
    difference,
    identity_of_options,
    identity_of_row,
    plan_object,
    refuse_invalid,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.service import Service
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import (
    Resource,
    duplicates,
    get_path,
    view,
)

STATE_ARGUMENT: dict[str, dict[str, Any]] = {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}}

# What every module has that owns a set.
SET_ARGUMENTS: dict[str, dict[str, Any]] = {
    "prune": {"type": "bool", "default": False},
    "allow_empty": {"type": "bool", "default": False},
    "concurrency": {"type": "int", "default": 4},
    **STATE_ARGUMENT,
}


def ensure_object(
    context: Context,
    service: Service,
    resource: Resource,
    returns: str,
    *,
    update_secret: bool = False,
    optional: Collection[str] = (),
) -> dict[str, Any]:
    """One object as the task's options say; the result has its row under ``returns``.

    Options that are ``optional`` are left out where the server has no such setting.
    """
    params = context.params
    # What there is always one of has no state.
    state = params.get("state", "present")
    (planned,) = plan_each(
        service, resource, [params], state=state, update_secret=lambda _entry: update_secret, optional=optional
    )
    refuse_unasked(service, [planned])
    result, made = finish(context, service, planned.operations)
    if state == "present":
        result[returns] = row_after(resource, planned.operation, planned.row, made)
        if params.get("return_secret") and planned.operation in made:
            result.update(told(planned.operation, made[planned.operation]))
            if planned.operation.action == "create" and not planned.operation.answered:
                context.warn(
                    f"{service.name} told the secret of {planned.operation.label} once, in an answer that was lost or to another "
                    "task that made it at the same time. Remove it and run this again to have another one."
                )
    return result


def ensure_objects(
    context: Context,
    service: Service,
    resource: Resource,
    returns: str,
    *,
    in_scope: Callable[[Row], bool],
    update_secret: Callable[[Mapping[str, Any]], bool] = lambda _entry: False,
) -> dict[str, Any]:
    """A set of objects: each entry of the option ``returns`` has the options of one. The result has their rows under that name.

    With ``prune`` every object goes that is ``in_scope`` and that no entry names.
    """
    entries = context.params[returns]
    refuse_loss(context, returns)
    refuse_duplicates(returns, [entry[resource.label] for entry in entries])
    plans = plan_each(service, resource, entries, state=context.params["state"], update_secret=update_secret)
    removals: list[Operation | None] = []
    present = context.params["state"] == "present"
    if present and context.params["prune"]:
        named = {identity_of_options(resource, entry) for entry in entries}
        others = [row for row in service.rows_everywhere(resource) if identity_of_row(resource, row) not in named]
        removals = [plan_object(resource, None, row) for row in others if in_scope(row)]
    result, made = finish_set(context, service, [*(each for planned in plans for each in planned.operations), *removals])
    if present:
        result[returns] = [row_after(resource, planned.operation, planned.row, made) for planned in plans]
    return result


@dataclass(frozen=True)
class Planned:
    """What one entry takes: the row that is there, its operation, and the removal of what that takes the place of."""

    entry: Mapping[str, Any]
    row: Row | None
    operation: Operation | None
    removals: Sequence[Operation] = ()

    @property
    def operations(self) -> list[Operation]:
        """In their order: an operation comes after those that it has to wait for."""
        if self.operation is None:
            return list(self.removals)
        return [*self.removals, self.operation] if self.operation.after else [self.operation, *self.removals]


def plan_each(
    service: Service,
    resource: Resource,
    entries: Sequence[Mapping[str, Any]],
    *,
    state: str,
    update_secret: Callable[[Mapping[str, Any]], bool] = lambda _entry: False,
    optional: Collection[str] = (),
) -> list[Planned]:
    """What each entry takes; all names are known to be there, and all objects to be right, when this returns."""
    asked = [resource.desired(entry) for entry in entries]
    labels = [resource.titled(each) for each in asked]
    identities = _identities(service, resource, asked, required=state == "present")
    found = service.find_all(resource, identities)
    spent = [_spent(resource, entry, rows) for entry, rows in zip(entries, found, strict=True)]
    rows = [
        service.one(resource, label, [row for row in all_of if row not in used])
        for label, all_of, used in zip(labels, found, spent, strict=True)
    ]
    if state == "absent":
        return [
            Planned(entry, row, plan_object(resource, None, row, label=label))
            for entry, row, label in zip(entries, rows, labels, strict=True)
        ]
    full = [complete(resource, each, row, service.supports, optional) for each, row in zip(asked, rows, strict=True)]
    plans = []
    resolved = service.resolve(resource, full)
    for entry, each, wanted, row, used, label in zip(entries, asked, resolved, rows, spent, labels, strict=True):
        refuse_invalid(resource, wanted, row, label)
        operation = plan_object(
            resource,
            wanted,
            row,
            label=label,
            asked=each.keys() - set(optional),
            update_secret=update_secret(entry),
            beside=used,
        )
        removals = [Operation("delete", resource, f"{label} (spent)", current=old) for old in used]
        if operation is not None and resource.unique:
            operation.after = removals
        elif operation is not None:
            for removal in removals:
                removal.after = [operation]
        plans.append(Planned(entry, row, operation, removals))
    return plans


def _identities(
    service: Service, resource: Resource, asked: Sequence[Mapping[str, Any]], *, required: bool
) -> list[dict[str, Any]]:
    """What tells each entry's object from others, by the API's names, ids for names; None for a name that nothing has."""
    fields = [field for field in resource.fields if field.path in resource.identity and field.ref]
    names: dict[str, list[Any]] = {}
    for kind, name in (one for each in asked for field in fields for one in field.references(each.get(field.name))):
        names.setdefault(kind, []).append(name)
    service.look_up(names, required=required)
    identities = []
    for each in asked:
        identity = dict(zip(resource.identity, identity_of_options(resource, each), strict=True))
        for field in fields:
            if each.get(field.name):
                identity[field.path] = field.translated(each[field.name], service.known_id)
        identities.append(identity)
    return identities


def _spent(resource: Resource, entry: Mapping[str, Any], rows: Sequence[Row]) -> list[Row]:
    """The rows that are of no more use, where the entry asks for a new one then."""
    days = entry.get("renew_before")
    if resource.spent is None or days is None:
        return []
    return [row for row in rows if resource.spent(row, days)]


def refuse_unasked(service: Service, plans: Sequence[Planned]) -> None:
    """Make no change that does more than it says, unless its entry says that this is meant."""
    plan = [each for planned in plans for each in planned.operations]
    for planned in plans:
        for operation in planned.operations:
            for consent in operation.resource.consents:
                if consent.option and planned.entry.get(consent.option):
                    continue
                effect = consent.effect(service, operation, plan)
                if effect:
                    how = f"Set {consent.option} if this is meant. " if consent.option else ""
                    raise Failure(f"Could not {operation}: {effect}. {how}Nothing was changed.")


def refuse_loss(context: Context, option: str) -> None:
    """An empty list with C(prune) is a mistake far more often than a wish."""
    if context.params["prune"] and not context.params[option] and not context.params["allow_empty"]:
        raise Failure(
            f"{option} is empty and prune is set: that would remove all that prune may. "
            "Set allow_empty if this is meant. Nothing was changed."
        )


def refuse_duplicates(what: str, values: Iterable[Any]) -> None:
    twice = duplicates(values)
    if twice:
        raise Failure(f"{what}: named more than once: {', '.join(map(str, twice))}. Nothing was changed.")


def finish(
    context: Context, service: Service, operations: Sequence[Operation | None]
) -> tuple[dict[str, Any], dict[Operation, Row]]:
    """Carry a plan out, unless in check mode; C(changed) and the difference come from the plan itself."""
    needed = [operation for operation in operations if operation is not None]
    result = {"changed": bool(needed), "diff": difference(needed, service.name_of)}
    concurrency = context.params.get("concurrency", 1)
    if concurrency < 1:
        raise Failure(f"concurrency is {concurrency}: at least one change has to be under way at a time. Nothing was changed.")
    if context.check_mode:
        return result, {}
    return result, apply(service, needed, concurrency=concurrency, progress=context.progress)


def finish_set(
    context: Context, service: Service, operations: Sequence[Operation | None]
) -> tuple[dict[str, Any], dict[Operation, Row]]:
    """The same for a set, of whose changes the result has a sentence each under C(changes)."""
    result, made = finish(context, service, operations)
    return {**result, "changes": [str(each) for each in operations if each is not None]}, made


def row_after(
    resource: Resource, operation: Operation | None, current: Row | None, rows: Mapping[Operation, Row]
) -> dict[str, Any]:
    """An object as it is now, or in check mode as it would be."""
    if operation is None:
        return view(resource, current or {})
    return view(resource, rows[operation]) if operation in rows else operation.predicted()


def told(operation: Operation, row: Row) -> dict[str, Any]:
    """What the server tells once of an object, in its answer to the creation; later it shows such keys masked, if at all."""
    return {key: row[key] for key in operation.resource.tells if row.get(key)} if operation.answered else {}


def options_of(service: Service, resource: Resource, row: Row) -> dict[str, Any]:
    """An object as a task would name it: names for ids, and what the server tells."""
    # What tasks only find has the name that they find it by.
    options = {resource.label: get_path(row, resource.by[0])} if resource.joins else {}
    for field in resource.fields:
        value = get_path(row, field.path)
        if not field.readable or field.secret or value is None:
            continue
        options[field.name] = field.comparable(field.translated(value, service.name_of))
    return options
