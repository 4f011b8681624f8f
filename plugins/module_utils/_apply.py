# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only place that writes.

PRIVATE to this collection. Each operation is carried out, and what the server answers is compared with what was asked:
authentik ignores fields that it does not know, so success alone proves nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._errors import ApiError, Failure, NoAnswerError
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._plan import Operation, Row
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._service import Service
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._spec import Unknown, get_path, has_path

# Seconds to wait before looking whether a POST without an answer was carried out; after the last, it failed.
PAUSES = (0.2, 1.0, 3.0)


def apply(service: Service, operations: Sequence[Operation]) -> dict[Operation, Row]:
    """Carry out a plan in its order; the server's row for each operation that leaves one."""
    rows: dict[Operation, Row] = {}
    for operation in operations:
        try:
            row = _carry_out(service, operation, rows)
        except Failure as failure:
            done = f" {len(rows)} earlier changes of this task were made; the next run goes on from there." if rows else ""
            failure.args = (f"Could not {operation.action} {operation.label}: {failure}{done}",)
            raise
        if row is not None:
            rows[operation] = row
    return rows


def _carry_out(service: Service, operation: Operation, rows: dict[Operation, Row]) -> Row | None:
    resource = operation.resource
    if operation.action == "delete":
        _delete(service, operation)
        return None
    for name, value in operation.values.items():
        if isinstance(value, Unknown) and value.source in rows:
            operation.values[name] = rows[value.source][value.key]
    if operation.action == "create":
        row = _create_or_fall_back(service, operation)
    else:
        method = "PUT" if resource.whole else "PATCH"
        row = service.write(method, service.url(resource, operation.current), operation.body())
    if _set_by_endpoints(service, operation, row) or resource.fresh:
        row = service.read(resource, row)
    _verify(service, operation, row)
    return row


def _set_by_endpoints(service: Service, operation: Operation, row: Row) -> bool:
    """Older versions ignore some settings in the body and take them at an endpoint of their own."""
    pending = [
        item for item in operation.fields if item.endpoint and item.differs(operation.values[item.name], get_path(row, item.path))
    ]
    for item in pending:
        url = f"{service.url(operation.resource, row)}{item.endpoint}"
        service.write("POST", url, {"url": operation.values[item.name]})
    return bool(pending)


def _create_or_fall_back(service: Service, operation: Operation) -> Row:
    try:
        return _create(service, operation)
    except ApiError as error:
        if not operation.fallback or error.status not in (400, 422):
            raise
        operation.values.update(operation.fallback)
        return _create(service, operation)


def _create(service: Service, operation: Operation) -> Row:
    """POST, once: nothing stops a server from making the same object twice, so a lost answer is looked up first."""
    body = operation.body()
    identity = {path: get_path(body, path) for path in operation.resource.identity}
    for pause in (*PAUSES, None):
        try:
            return service.write("POST", operation.resource.path, body)
        except Failure as failure:
            if pause is None or not _may_have_been_carried_out(failure):
                raise
            time.sleep(pause)
            made = service.rows(operation.resource, identity, forget=True)
            if made:
                return made[-1]
    raise AssertionError("unreachable: the last attempt returns or raises")


def _may_have_been_carried_out(failure: Failure) -> bool:
    """No answer, or the failure of something between; an error that the server words itself is its final one."""
    if isinstance(failure, ApiError):
        return failure.status >= 500 and not failure.detail
    return isinstance(failure, NoAnswerError)


def _delete(service: Service, operation: Operation) -> None:
    try:
        service.write("DELETE", service.url(operation.resource, operation.current), None)
    except ApiError as error:
        if error.status != 404:
            raise


def _verify(service: Service, operation: Operation, row: Row) -> None:
    for item in operation.fields:
        wanted = operation.values[item.name]
        if not item.readable or (item.name not in operation.asked and not has_path(row, item.path)):
            continue
        if item.differs(wanted, get_path(row, item.path)):
            raise Failure(
                f"the setting {item.name} did not take: asked for {item.shown(wanted)!r}, {service.name} answered "
                f"{item.shown(get_path(row, item.path))!r}. Its version may not have this setting or this value."
            )
