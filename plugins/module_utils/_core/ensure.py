# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bodies of modules: look, plan, and (not in check mode) apply.

PRIVATE to this collection.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.apply import apply
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.context import Context
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.plan import (
    Operation,
    Row,
    complete,
    difference,
    identity_of_options,
    plan_object,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.service import Service
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import Resource, view

STATE_ARGUMENT: dict[str, dict[str, Any]] = {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}}

PRUNE_ARGUMENTS: dict[str, dict[str, Any]] = {
    "prune": {"type": "bool", "default": False},
    "allow_empty": {"type": "bool", "default": False},
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
    asked = resource.desired(context.params)
    current = service.find(resource, dict(zip(resource.identity, identity_of_options(resource, asked), strict=True)))
    if context.params["state"] == "absent":
        return finish(context, service, [plan_object(resource, None, current)])[0]
    (wanted,) = service.resolve(resource, [complete(resource, asked, current, service.supports, optional)])
    operation = plan_object(resource, wanted, current, asked=asked.keys() - set(optional), update_secret=update_secret)
    result, rows = finish(context, service, [operation])
    result[returns] = row_after(resource, operation, current, rows)
    return result


def finish(
    context: Context, service: Service, operations: Sequence[Operation | None]
) -> tuple[dict[str, Any], dict[Operation, Row]]:
    """Carry a plan out, unless in check mode; C(changed) and the difference come from the plan itself."""
    needed = [operation for operation in operations if operation is not None]
    result = {"changed": bool(needed), "diff": difference(needed, service.name_of)}
    rows = {} if context.check_mode else apply(service, needed)
    return result, rows


def row_after(
    resource: Resource, operation: Operation | None, current: Row | None, rows: Mapping[Operation, Row]
) -> dict[str, Any]:
    """An object as it is now, or in check mode as it would be."""
    if operation is None:
        return view(resource, current or {})
    return view(resource, rows[operation]) if operation in rows else operation.predicted()
