# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only place that writes.

PRIVATE to this collection. Each operation is carried out, and what the server answers is compared with what was asked:
authentik ignores fields that it does not know, so success alone proves nothing. Operations that need nothing of each other go
out side by side: a server spends its time on each of them, and a network on each answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import ApiError, Failure, NoAnswerError
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.plan import Operation, Row, phases, plan_object
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.service import Service, comparable_identity
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import (
    Endpoint,
    Field,
    Unknown,
    get_path,
    has_path,
)

# Seconds to wait before looking whether a POST without an answer was carried out; after the last, it failed.
PAUSES = (0.2, 1.0, 3.0)
# How servers refuse what somebody else has made since the plan.
TAKEN = (400, 405, 409, 412, 422)


def apply(
    service: Service,
    operations: Sequence[Operation],
    *,
    concurrency: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> dict[Operation, Row]:
    """Carry out a plan, phase by phase; the server's row for each operation that leaves one, in the plan's order.

    In a phase up to ``concurrency`` operations are under way at a time. A failure keeps what has not begun from beginning; the
    first in the plan's order is raised, and says what was done. ``progress(done, total)`` is called after each operation.
    """
    results: dict[Operation, Row | None] = {}
    failures: dict[Operation, Failure] = {}

    def work(operation: Operation) -> None:
        if failures:
            return
        try:
            results[operation] = _carry_out(service, operation, results)
        except Failure as failure:
            failures[operation] = failure

    with ThreadPoolExecutor(concurrency) as pool:
        for phase in phases(operations):
            _read_again(service, phase, failures)
            # One alone stays in this thread, which has a connection already.
            start = map if concurrency == 1 or len(phase) == 1 else pool.map
            for _operation in start(work, phase):
                if progress is not None:
                    progress(len(results), len(operations))
            if not failures:
                _settle(service, phase, results, failures)
            if failures:
                raise _explained(operations, failures, results)
    return {operation: row for operation in operations if (row := results[operation]) is not None}


def _read_again(service: Service, phase: Sequence[Operation], failures: dict[Operation, Failure]) -> None:
    """What servers take only as a whole, as it is now: what another task has changed since the plan would go back otherwise.

    It narrows the gap to the time of one phase: neither API has a condition for writes that would close it.
    """
    for operations in _places(each for each in phase if each.action == "update" and each.resource.whole):
        resource = operations[0].resource
        try:
            # What there is one of has no id.
            rows = {row.get(resource.id): row for row in _rows_around(service, operations)}
        except Failure as failure:
            failures[operations[0]] = failure
            return
        for operation in operations:
            operation.current = {**operation.existing, **rows.get(operation.existing.get(resource.id), {})}


def _settle(
    service: Service,
    phase: Sequence[Operation],
    results: dict[Operation, Row | None],
    failures: dict[Operation, Failure],
) -> None:
    """Where another task has made the same objects at the same time, leave one of each."""
    for operations in _places(each for each in phase if each.action == "create" and each.resource.twins):
        operation, resource = operations[0], operations[0].resource
        try:
            there: dict[tuple[Any, ...], list[Row]] = {}
            for row in _rows_around(service, operations):
                there.setdefault(comparable_identity(resource, row), []).append(row)
            for operation in operations:
                own = results[operation] or {}
                twins = _twins(operation, own, there.get(comparable_identity(resource, own), []))
                if twins and min((own, *twins), key=lambda row: str(row[resource.id])) is own:
                    twins = _left(service, operation, own)
                if twins:
                    _delete(service, Operation("delete", resource, operation.label, current=own))
                    operation.answered = False
                    results[operation] = _brought(service, operation, min(twins, key=lambda row: str(row[resource.id])))
                    _verify(service, operation, results[operation] or {})
        except Failure as failure:
            failures[operation] = failure


def _twins(operation: Operation, own: Row, rows: Sequence[Row]) -> list[Row]:
    """The objects that somebody else has made meanwhile, and that are the same as one's own."""
    resource = operation.resource
    others = [own[resource.id], *(row[resource.id] for row in operation.beside)]
    same = [row for row in rows if comparable_identity(resource, row) == comparable_identity(resource, own)]
    return [row for row in same if row[resource.id] not in others]


def _left(service: Service, operation: Operation, own: Row) -> list[Row]:
    """The twins of the first of them, by their ids: who made another removes it, unless they looked before this one was made."""
    twins: list[Row] = []
    for pause in PAUSES:
        time.sleep(pause)
        twins = _twins(operation, own, _rows_around(service, [operation]))
        if not twins:
            break
    return twins


def _places(operations: Iterable[Operation]) -> list[list[Operation]]:
    """Operations by the list that their objects are in."""
    places: dict[tuple[str, str], list[Operation]] = {}
    for operation in operations:
        places.setdefault((operation.resource.path, repr(operation.within)), []).append(operation)
    return list(places.values())


def _rows_around(service: Service, operations: Sequence[Operation]) -> list[Row]:
    """The list that the operations' objects are in as it is now; a part of it where all have the value that is asked for."""
    resource, within = operations[0].resource, operations[0].within
    asked = {get_path(operation.outcome(), resource.filter) for operation in operations} if resource.filter else set()
    return service.rows_of(resource, within, fresh=True, **({resource.filter: asked.pop()} if len(asked) == 1 else {}))


def _brought(service: Service, operation: Operation, row: Row) -> Row:
    """An object that somebody else has made meanwhile, as the operation would have it."""
    update = plan_object(operation.resource, operation.values, row, label=operation.label, asked=operation.asked)
    return row if update is None else _update(service, update)


def _explained(
    operations: Sequence[Operation], failures: Mapping[Operation, Failure], results: Mapping[Operation, Any]
) -> Failure:
    """The first failure in the plan's order, with the operation that failed and what was done."""
    operation = next(each for each in operations if each in failures)
    failure = failures[operation]
    failure.done = [str(each) for each in operations if each in results]
    beside = f" {len(failures) - 1} more that were under way failed too." if len(failures) > 1 else ""
    done = f" {len(results)} other changes of this task were made; the next run goes on from there." if results else ""
    failure.args = (f"Could not {operation}: {failure}{beside}{done}",)
    return failure


def _carry_out(service: Service, operation: Operation, made: Mapping[Operation, Row | None]) -> Row | None:
    resource = operation.resource
    if operation.action == "delete":
        _delete(service, operation)
        return None
    operation.values = {name: _known(value, made) for name, value in operation.values.items()}
    write = _create_or_fall_back if operation.action == "create" else _update
    row = write(service, operation)
    if _set_by_endpoints(service, operation, row) or resource.fresh:
        row = service.read(resource, row)
    _verify(service, operation, row)
    return row


def _known(value: Any, made: Mapping[Operation, Row | None]) -> Any:
    """A value with what earlier operations made in it."""
    if isinstance(value, list):
        return [_known(each, made) for each in value]
    if isinstance(value, dict):
        return {_known(key, made): _known(each, made) for key, each in value.items()}
    if isinstance(value, Unknown) and (source := made.get(value.source)) is not None:
        return source[value.key]
    return value


def _update(service: Service, operation: Operation) -> Row:
    body = operation.body()
    if not body and operation.current is not None:
        return operation.current
    resource = operation.resource
    answer = service.write("PUT" if resource.whole else "PATCH", service.url(resource, operation.existing), body)
    return resource.reading({**answer, **operation.within})


def _set_by_endpoints(service: Service, operation: Operation, row: Row) -> bool:
    """Write the settings that have an address of their own; whether the row is out of date then."""
    outdated = False
    for item in operation.fields:
        wanted = operation.values[item.name]
        now = get_path(row if has_path(row, item.path) else operation.current, item.path)
        if item.endpoint is None or (item.readable and not item.differs(wanted, now)):
            continue
        for endpoint, value in _calls(item, item.endpoint, wanted, now or []):
            sent(partial(service.write, endpoint.method, endpoint.path.format(**row), {endpoint.key: value}))
        outdated = outdated or item.readable
    return outdated


def _calls(item: Field, endpoint: Endpoint, wanted: Any, now: Any) -> Iterator[tuple[Endpoint, Any]]:
    """The calls that a setting takes; of a list with a removal first what is added, then what is removed."""
    if item.removal is None:
        yield endpoint, wanted
        return
    added, removed = [each for each in wanted if each not in now], [each for each in now if each not in wanted]
    for call, entries in ((endpoint, added), (item.removal, removed)):
        yield from ((call, value) for value in (entries if call.each else [entries] if entries else []))


def _create_or_fall_back(service: Service, operation: Operation) -> Row:
    try:
        return _create(service, operation)
    except ApiError as error:
        if operation.fallback and operation.refusal in error.detail:
            operation.values.update(operation.fallback)
            return _create(service, operation)
        taken = _made(service, operation) if error.status in TAKEN else []
        if len(taken) != 1:
            raise
        return _brought(service, operation, taken[0])


def _create(service: Service, operation: Operation) -> Row:
    """POST, once: nothing stops a server from making the same object twice, so a lost answer is looked up first."""
    resource, body = operation.resource, operation.body()
    path = (resource.creation or resource.path).format(**operation.within)

    def post() -> Row:
        row = resource.reading({**service.write("POST", path, body), **operation.within})
        operation.answered = True
        return row

    return sent(post, partial(_made, service, operation))


def _made(service: Service, operation: Operation) -> list[Row]:
    """The objects that a creation is about, as far as they were not there before."""
    resource = operation.resource
    identity = {item.path: operation.values.get(item.name) for item in resource.fields if item.path in resource.identity}
    there = [row[resource.id] for row in operation.beside]
    rows = service.rows(resource, {**identity, **operation.within}, fresh=True)
    return [row for row in rows if row.get(resource.id) not in there]


def sent(write: Callable[[], Row], made: Callable[[], list[Row]] = list) -> Row:
    """What a write is answered. It is repeated where its answer is lost, unless what it should have ``made`` is there."""
    for pause in (*PAUSES, None):
        try:
            return write()
        except Failure as failure:
            if pause is None or not _may_have_been_carried_out(failure):
                raise
            time.sleep(pause)
            if rows := made():
                return rows[-1]
    raise AssertionError("unreachable: the last attempt returns or raises")


def _may_have_been_carried_out(failure: Failure) -> bool:
    """No answer, or the failure of something between; an error that the server words itself is its final one."""
    if isinstance(failure, ApiError):
        return failure.status >= 500 and not failure.detail
    return isinstance(failure, NoAnswerError)


def _delete(service: Service, operation: Operation) -> None:
    try:
        service.write("DELETE", service.url(operation.resource, operation.existing), None)
    except ApiError as error:
        if not service.gone(error):
            raise


def _verify(service: Service, operation: Operation, row: Row) -> None:
    for item in operation.fields:
        wanted = operation.values[item.name]
        if not item.readable or (item.name not in operation.asked and not has_path(row, item.path)):
            continue
        if item.differs(wanted, get_path(row, item.path)):
            raise Failure(
                f"the setting {item.name} did not take: asked for {item.shown(wanted)!r}, {service.name} answered "
                f"{item.shown(get_path(row, item.path))!r}. Its version may not have this setting or this value"
                f"{f' (the setting came with release {item.since})' if item.since else ''}."
            )
