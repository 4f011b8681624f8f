# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be done: desired state x current state -> operations, and the difference they make.

PRIVATE to this collection. Pure functions: check mode stops after them, C(changed) and the difference are read off them, and
the writes are made from them, so the three cannot disagree.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import (
    ALL_KEYS,
    HIDDEN,
    HIDDEN_WRITTEN,
    Field,
    Resource,
    Unknown,
    get_path,
    unknowns,
    view,
    with_path,
    without_path,
)

Row = Mapping[str, Any]
Supports = Callable[[Resource, Field, "Row | None"], bool]


@dataclass(eq=False)
class Operation:
    """One write. ``values`` are the options that it sets, references as ids; ``asked`` those that the task itself named.

    ``current`` is the server's row before it (None for a creation). ``fallback`` are values to try instead where the server
    refuses these with the words ``refusal``. ``after`` are operations that have to be done before it, beside those that make
    what its values hold. ``beside`` are rows of the same identity that are there before a creation. It is ``answered`` once the
    server has told of the object that it made.
    """

    action: str
    resource: Resource
    label: str
    values: dict[str, Any] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    current: Row | None = None
    fallback: dict[str, Any] = field(default_factory=dict)
    refusal: str = ""
    after: Sequence[Operation] = ()
    beside: Sequence[Row] = ()
    answered: bool = False

    def __str__(self) -> str:
        return f"{self.action} {self.label}"

    @property
    def needs(self) -> list[Operation]:
        """The operations that have to be done before it."""
        sources = [unknown.source for value in self.values.values() for unknown in unknowns(value)]
        return [*self.after, *(source for source in sources if source is not None)]

    @property
    def within(self) -> dict[str, Any]:
        """The objects within which its own one lies, by option."""
        return {name: self.values.get(name, self.existing.get(name)) for name in self.resource.parents}

    @property
    def existing(self) -> Row:
        """The row that an update or a deletion is about."""
        return self.current or {}

    @property
    def fields(self) -> list[Field]:
        """The settings that it touches: a deletion touches all that there are."""
        if self.action == "delete":
            return [item for item in self.resource.fields if get_path(self.current, item.path) is not None]
        return [item for item in self.resource.fields if item.name in self.values]

    def body(self) -> dict[str, Any]:
        """What is sent, by the API's names. It may still hold :class:`Unknown` values of earlier operations."""
        resource = self.resource
        body: dict[str, Any] = {}
        fields = [item for item in self.fields if item.in_body and item.name not in resource.parents]
        if self.current is not None and fields:
            # A nested setting goes with its neighbours: servers replace what holds it.
            holders = [item.path.partition(".")[0] for item in fields if "." in item.path]
            whole = self.current if resource.whole == ALL_KEYS else resource.whole
            body = {key: self.current[key] for key in (*whole, *holders) if key in self.current}
            for path in (*resource.derived, *resource.parents):
                body = without_path(body, path)
        for item in fields:
            body = with_path(body, item.path, self.values[item.name])
        return resource.sending(body)

    def outcome(self, unsaid: Row | None = None) -> dict[str, Any]:
        """The row after it, as far as it is known before it; a new one begins with what is ``unsaid``."""
        row: dict[str, Any] = dict(self.current or unsaid or {})
        for item in self.fields:
            row = with_path(row, item.path, self.values[item.name])
        return row

    def predicted(self) -> dict[str, Any]:
        """The row after it as modules return it."""
        return view(self.resource, self.outcome())


def rows_after(plan: Sequence[Operation], resource: Resource, rows: Sequence[Row]) -> list[Row]:
    """The rows of a kind as they are once a plan is carried out; what a new one does not say is None."""
    own = [operation for operation in plan if operation.resource.kind == resource.kind]
    changed = {operation.existing[resource.id]: operation for operation in own if operation.current is not None}
    left = [row for row in rows if row[resource.id] not in changed]
    unsaid: dict[str, Any] = {}
    for item in resource.fields:
        unsaid = with_path(unsaid, item.path, None)
    after = [operation.outcome(unsaid) for operation in own if operation.action != "delete"]
    return [*left, *after]


def complete(
    resource: Resource, asked: Mapping[str, Any], current: Row | None, supports: Supports, optional: Collection[str] = ()
) -> dict[str, Any]:
    """What a task named, and the defaults that belong to it: those of a new object, and those that stand in for nothing.

    A setting that the server lacks is an error where the task named it, unless it is one of the ``optional``.
    """
    options: dict[str, Any] = {}
    for item in resource.fields:
        if item.name in asked:
            if not supports(resource, item, current):
                if item.name in optional:
                    continue
                raise Failure(
                    f"{resource.named(asked.get(resource.label))}: this server's version has no setting {item.name}"
                    f"{f' (it came with release {item.since})' if item.since else ''}. Leave the option out."
                )
            options[item.name] = asked[item.name]
        elif item.needed and current is None:
            raise Failure(f"{resource.named(asked.get(resource.label))} does not exist yet; to create it, {item.name} is needed.")
        elif item.default is not None and supports(resource, item, current):
            empty = current is None or (item.default_if_empty and not get_path(current, item.path))
            options.update({item.name: item.default} if empty else {})
    return {**_emptied(resource, asked, current), **options}


def _emptied(resource: Resource, asked: Mapping[str, Any], current: Row | None) -> dict[str, Any]:
    """The settings that stand against one that the task named, as empty."""
    others = [
        item
        for names in resource.alternatives
        for item in resource.fields
        if item.name in names and any(asked.get(name) for name in names) and get_path(current, item.path)
    ]
    return {item.name: [] if item.type == "list" else "" for item in others}


def refuse_invalid(resource: Resource, wanted: Mapping[str, Any], current: Row | None, label: str) -> None:
    """Say what is wrong with an object before anything is written: what it would be, or what it was created as."""
    for item in resource.fields:
        kept = get_path(current, item.path)
        if item.fixed and item.name in wanted and current is not None and item.differs(wanted[item.name], kept):
            raise Failure(
                f"{label} has the {item.name} {item.shown(kept)!r}, which cannot become {item.shown(wanted[item.name])!r}. "
                "Remove it and create it anew, or give the new one another name. Nothing was changed."
            )
    if resource.invalid is not None:
        now = {item.name: get_path(current, item.path) for item in resource.fields}
        wrong = resource.invalid({**now, **wanted}, current)
        if wrong:
            raise Failure(f"{label}: {wrong}. Nothing was changed.")


def plan_object(
    resource: Resource,
    wanted: Mapping[str, Any] | None,
    current: Row | None,
    *,
    label: str = "",
    asked: Collection[str] | None = None,
    update_secret: bool = False,
    beside: Sequence[Row] = (),
) -> Operation | None:
    """The one operation that brings one object to what is wanted (None: to absence); None where nothing has to be done.

    ``wanted`` holds options, references as ids; ``asked`` are those of them that are not defaults (none given: all). With
    ``update_secret`` secrets that cannot be read back are written although nothing says that they differ.
    ``beside`` are rows of the same identity whose place a new object takes.
    """
    if wanted is None:
        if current is None:
            return None
        return Operation("delete", resource, label or _label(resource, current), current=current)
    if resource.joins and current is None:
        raise Failure(f"There is no {label or resource.named(wanted.get(resource.label))}, and none can be created.")
    values = {
        item.name: wanted[item.name]
        for item in resource.fields
        if item.name in wanted and (current is None or _differs(item, wanted[item.name], current, update_secret))
    }
    if current is not None and not values:
        return None
    # A secret that cannot be compared goes along when something else about its object changes.
    unreadable = [item for item in resource.fields if not item.readable and item.name in wanted]
    values.update({item.name: wanted[item.name] for item in unreadable if current is None or update_secret or not item.on_create})
    label = label or resource.named(wanted.get(resource.label))
    action = "create" if current is None else "update"
    return Operation(action, resource, label, values, frozenset(wanted if asked is None else asked), current, beside=beside)


def plan_set(
    resource: Resource,
    wanted: Sequence[Mapping[str, Any]],
    rows: Sequence[Row],
    *,
    labels: Sequence[str],
    prune: bool,
    row_label: Callable[[Row], str],
) -> tuple[list[Operation], list[Any]]:
    """The operations for a set of objects, and for each wanted one the reference to it (an :class:`Unknown` until created).

    With ``prune`` the rows that nothing wanted claims go, after everything new is there: nobody loses access in between.
    """
    unclaimed: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        unclaimed.setdefault(identity_of_row(resource, row), []).append(row)
    operations: list[Operation] = []
    references: list[Any] = []
    for item, label in zip(wanted, labels, strict=True):
        twins = unclaimed.get(identity_of_options(resource, item), [])
        plans = [plan_object(resource, item, row, label=label) for row in twins]
        # Of equal objects made twice, the one that is right already is kept.
        best = next((index for index, plan in enumerate(plans) if plan is None), 0)
        new = {**{field.name: field.default for field in resource.fields if field.default is not None}, **item}
        operation = plans[best] if plans else plan_object(resource, new, None, label=label)
        kept = twins.pop(best) if plans else None
        if operation is not None:
            operations.append(operation)
        references.append(kept[resource.ref] if kept is not None else Unknown(label, operation, resource.ref))
    if prune:
        for row in (row for twins in unclaimed.values() for row in twins):
            operations.append(Operation("delete", resource, row_label(row), current=row))
    return operations, references


def phases(operations: Sequence[Operation]) -> list[list[Operation]]:
    """The operations in groups whose members need nothing of each other, in the order in which these have to go.

    What others need comes first, and what is removed goes last, so that nobody loses access in between: of several kinds first
    the one that the plan has last, because that refers to the others.
    """
    depths: dict[Operation, int] = {}
    for operation in operations:
        depths[operation] = 1 + max((depths[need] for need in operation.needs), default=-1)
    needed = {need for operation in operations for need in operation.needs}
    first: dict[int, list[Operation]] = {}
    last: dict[str, list[Operation]] = {}
    for operation in operations:
        if operation.action == "delete" and operation not in needed:
            last.setdefault(operation.resource.path, []).append(operation)
        else:
            first.setdefault(depths[operation], []).append(operation)
    return [*(first[depth] for depth in sorted(first)), *reversed(last.values())]


def difference(operations: Sequence[Operation], name_of: Callable[[str, Any], Any]) -> dict[str, Any]:
    """What ``--diff`` shows: only what changes, by option, with names for ids and without secrets.

    ``name_of(kind, id)`` gives the name of a referenced object.
    """
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for operation in operations:
        label = _unused(operation.label, before, after)
        current = operation.current
        fields = [item for item in operation.fields if not item.internal]
        if current is not None:
            before[label] = {item.name: _shown(item, get_path(current, item.path), name_of, HIDDEN) for item in fields}
        if operation.action != "delete":
            after[label] = {item.name: _shown(item, operation.values[item.name], name_of, HIDDEN_WRITTEN) for item in fields}
    return {"before": before, "after": after}


def identity_of_row(resource: Resource, row: Row) -> tuple[Any, ...]:
    return tuple(get_path(row, path) for path in resource.identity)


def identity_of_options(resource: Resource, options: Mapping[str, Any]) -> tuple[Any, ...]:
    by_path = {item.path: options.get(item.name) for item in resource.fields}
    return tuple(by_path.get(path) for path in resource.identity)


def _differs(item: Field, wanted: Any, current: Row, update_secret: bool) -> bool:
    return item.differs(wanted, get_path(current, item.path)) if item.readable else update_secret


def _label(resource: Resource, row: Row) -> str:
    paths = {item.name: item.path for item in resource.fields}
    return resource.named(get_path(row, paths.get(resource.label, resource.label)))


def _shown(item: Field, value: Any, name_of: Callable[[str, Any], Any], hidden: str) -> Any:
    if item.secret:
        return hidden
    value = item.translated(value, name_of)
    return item.shown(sorted(value, key=str) if item.ref and item.unordered and value else value)


def _unused(label: str, *taken: Collection[str]) -> str:
    """Of equal objects made twice, the second is shown as C(… (2))."""
    names = itertools.chain([label], (f"{label} ({count})" for count in itertools.count(2)))
    return next(name for name in names if not any(name in each for each in taken))
