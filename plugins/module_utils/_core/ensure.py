# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bodies of modules: look, plan, and (not in check mode) apply.

PRIVATE to this collection.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
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
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.service import Service
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import Resource, duplicates, view

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
    operations, rows = _plan_each(context, service, resource, [context.params], lambda _entry: update_secret, optional)
    result, made = finish(context, service, operations)
    if context.params["state"] == "present":
        result[returns] = row_after(resource, operations[0], rows[0], made)
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
    operations, rows = _plan_each(context, service, resource, entries, update_secret, ())
    removals: list[Operation | None] = []
    present = context.params["state"] == "present"
    if present and context.params["prune"]:
        named = {identity_of_options(resource, entry) for entry in entries}
        others = [row for row in service.all_rows(resource.path, resource.params) if identity_of_row(resource, row) not in named]
        removals = [plan_object(resource, None, row) for row in others if in_scope(row)]
    result, made = finish_set(context, service, [*operations, *removals])
    if present:
        result[returns] = [row_after(resource, *each, made) for each in zip(operations, rows, strict=True)]
    return result


def _plan_each(
    context: Context,
    service: Service,
    resource: Resource,
    entries: Sequence[Mapping[str, Any]],
    update_secret: Callable[[Mapping[str, Any]], bool],
    optional: Collection[str],
) -> tuple[list[Operation | None], list[Row | None]]:
    """For each entry what has to be done, and the row that is there."""
    asked = [resource.desired(entry) for entry in entries]
    (key,) = resource.identity
    rows = service.find_each(resource, key, [each[resource.label] for each in asked])
    if context.params["state"] == "absent":
        return [plan_object(resource, None, row) for row in rows], rows
    full = [complete(resource, each, row, service.supports, optional) for each, row in zip(asked, rows, strict=True)]
    operations = [
        plan_object(resource, wanted, row, asked=each.keys() - set(optional), update_secret=update_secret(entry))
        for entry, each, wanted, row in zip(entries, asked, service.resolve(resource, full), rows, strict=True)
    ]
    return operations, rows


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
