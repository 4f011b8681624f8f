# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a resource of the API is: a path, its fields, filters and checks. The resources themselves are tables of these.

UNRECORDED: some kinds of filters, and what the filters complain of (the source of django-filter).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .fields import Field, Invalid
from .state import Row, State, is_uuid

ANY = ("GET", "POST", "PUT", "PATCH", "DELETE")
NO_CHOICE = "Select a valid choice. That choice is not one of the available choices."


@dataclass(frozen=True)
class View:
    """One request's view of the state: who asks, at which address, and with which query."""

    state: State
    caller: Row
    base: str
    partial: bool = False
    query: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def superuser(self) -> bool:
        """Whether the caller is an administrator."""
        return self.state.is_superuser(self.caller)

    def flag(self, name: str, default: bool) -> bool:
        """Return a switch of the query, such as ``include_users``."""
        value = self.query.get(name, [""])[-1].lower()
        return default if value not in ("true", "false") else value == "true"

    def plain(self) -> View:
        """Return the view without the query, for objects inside of objects."""
        return View(self.state, self.caller, self.base)


class ServerFailure(Exception):
    """An error inside the server that it has no answer for."""


class NotBuilt(Exception):
    """Something that the server does and this stand-in does not: it says so (501) and never answers more kindly."""


Filter = Callable[[View, Row], bool]
FilterKind = Callable[[str, list[str], View], Filter | None]


def _none(_view: View, _attrs: Row, _row: Row | None) -> None:
    """Check nothing."""


def _nothing(_view: View, _row: Row) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Resource:
    """One kind of object.

    ``check`` sees the cleaned request and the row that it changes (None for a new one), and may add to it; ``made`` adds
    the columns that the server fills in; ``saved`` and ``deleted`` do what follows from a change. ``key`` is the column of
    the id, ``lookup`` the one in the path.
    """

    path: str
    table: str
    model: str
    permission: str
    fields: tuple[Field, ...]
    key: str = "pk"
    lookup: str = "pk"
    order: tuple[str, ...] = ("name",)
    filters: Mapping[str, FilterKind] = field(default_factory=dict)
    search: tuple[str, ...] = ("name",)
    unique_together: tuple[str, ...] = ()
    methods: tuple[str, ...] = ANY
    # Whether the list tells that it takes GET alone.
    read_only: bool = False
    check: Callable[[View, Row, Row | None], None] = _none
    made: Callable[[View, Row], None] = _nothing
    saved: Callable[[View, Row], None] = _nothing
    deleted: Callable[[View, Row], None] = _nothing
    only: Callable[[Row], bool] = lambda _row: True
    # The column of whoever may list a row as their own.
    owner: str = ""
    # The rows of a page that its caller is shown, where that is no question of permissions.
    listed: Callable[[View, Row], bool] | None = None

    def render(self, view: View, row: Row) -> Row:
        """Return a row as the API answers it."""
        known = (each for each in self.fields if each.known(view.state) and not each.write_only)
        return {each.name: each.read(view, row) if each.read else row[each.name] for each in known}

    def rows(self, state: State) -> list[Row]:
        """Return the rows in the order in which they are listed."""
        rows = [row for row in getattr(state, self.table).values() if self.only(row)]
        return sorted(rows, key=lambda row: tuple(row[key] for key in self.order))


# Filters. Each is made for one request from the values of its parameter; a parameter that is empty filters nothing.


def exact(name: str, values: list[str], _view: View) -> Filter | None:
    """Filter by equality, case-sensitively."""
    value = values[-1]
    return (lambda _view, row: str(row[name]) == value) if value else None


def switch(name: str, values: list[str], _view: View) -> Filter | None:
    """Filter by a boolean; anything that is not one filters nothing."""
    value = values[-1].lower()
    return (lambda _view, row: row[name] == (value == "true")) if value in ("true", "false") else None


def since(version: str, kind: FilterKind) -> FilterKind:
    """Make a filter that older releases ignore without a word."""
    return lambda name, values, view: kind(name, values, view) if view.state.at_least(version) else None


def is_null(name: str, values: list[str], _view: View) -> Filter | None:
    """Filter by whether a column is empty (``managed__isnull``)."""
    value, column = values[-1].lower(), name.removesuffix("__isnull")
    return (lambda _view, row: (row[column] is None) == (value == "true")) if value in ("true", "false") else None


def startswith(name: str, values: list[str], _view: View) -> Filter | None:
    """Filter by the beginning of a text (``path_startswith``)."""
    column = name.removesuffix("_startswith")
    return lambda _view, row: str(row[column]).startswith(values[-1])


def among(name: str, values: list[str], view: View, choices: tuple[str, ...] = ()) -> Filter | None:
    """Filter by one or more of a field's choices."""
    wanted = [value for value in values if value]
    for value in wanted:
        if choices and value not in choices:
            raise Invalid({name: [f"Select a valid choice. {value} is not one of the available choices."]})
    return (lambda _view, row: row[name] in wanted) if wanted else None


def choice_of(*choices: str) -> FilterKind:
    """Make a filter by choices."""
    return lambda name, values, view: among(name, values, view, choices)


def existing(table: str) -> FilterKind:
    """Make a filter by one or more of the values that rows of the table have; another value is an error."""

    def kind(name: str, values: list[str], view: View) -> Filter | None:
        have = tuple(str(row[name]) for row in getattr(view.state, table).values() if row[name] is not None)
        return among(name, values, view, (*have, ""))

    return kind


def reference(table: str, column: str = "") -> FilterKind:
    """Make a filter by one related row: its id has to be well formed and to exist."""

    def kind(name: str, values: list[str], view: View) -> Filter | None:
        if not values[-1]:
            return None
        pk = related(name, values[-1], view, table, NO_CHOICE)
        return lambda _view, row: row[column or name] == pk

    return kind


def references(table: str, has: Callable[[View, Row], list[Any]], by: str = "") -> FilterKind:
    """Make a filter by several related rows, any of which may be there; one unknown value refuses them all."""

    def kind(name: str, values: list[str], view: View) -> Filter | None:
        wanted = []
        for value in filter(None, values):
            unknown = f"Select a valid choice. {value} is not one of the available choices."
            if by:
                found = [pk for pk, row in getattr(view.state, table).items() if row[by] == value]
                if not found:
                    raise Invalid({name: [unknown]})
                wanted += found
            else:
                wanted.append(related(name, value, view, table, unknown))
        return (lambda view, row: any(pk in has(view, row) for pk in wanted)) if wanted else None

    return kind


def related(name: str, value: str, view: View, table: str, unknown: str) -> Any:
    """Return the id of a related row that a filter names."""
    rows = getattr(view.state, table)
    if table in ("users", "providers"):
        if value.isdecimal() and int(value) in rows:
            return int(value)
        raise Invalid({name: [unknown if value.isdecimal() else f"“{value}” is not a valid value."]})
    if not is_uuid(value):
        raise Invalid({name: [f"“{value}” is not a valid UUID."]})
    if value.lower() not in rows:
        raise Invalid({name: [unknown]})
    return value.lower()


def attributes(name: str, values: list[str], _view: View) -> Filter | None:
    """Filter by attributes, given as JSON; levels are joined by two underscores."""
    if not values[-1]:
        return None
    try:
        wanted = json.loads(values[-1])
    except ValueError:
        raise Invalid({name: ["failed to parse JSON"]}) from None
    if not isinstance(wanted, dict):
        raise Invalid({name: ["value must be key:value mapping"]})

    def matches(_view: View, row: Row) -> bool:
        for path, value in wanted.items():
            found: Any = row[name]
            for part in path.split("__"):
                found = found.get(part) if isinstance(found, dict) else None
            if found != value:
                return False
        return True

    return matches
