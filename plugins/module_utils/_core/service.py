# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server as the core sees it: lists read once, names turned into ids, one place that sends writes.

PRIVATE to this collection. What is special about authentik and NetBird is in their own files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.client import Client
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import Field, Resource, Unknown, get_path

Row = Mapping[str, Any]

# Up to so many names are asked for one by one; more are found in the whole list, which costs a request per 100 objects.
NAMES_ONE_BY_ONE = 4


@dataclass(frozen=True)
class Reference:
    """How a name becomes an id. ``by`` are the keys of a row that the name is compared with, in this order.

    ``filter`` is a query that finds one name (none: the list is short enough to be read whole), ``prefer`` decides between
    several rows that match.
    """

    kind: str
    path: str
    by: tuple[str, ...] = ("name",)
    filter: str = ""
    id: str = "pk"
    params: Mapping[str, Any] | None = None
    prefer: Callable[[Row], Any] | None = None


class Service:
    """Base of :class:`Authentik` and :class:`Netbird`: one server during one task."""

    name = ""
    references: Mapping[str, Reference] = {}

    def __init__(self, client: Client, *, check_mode: bool, warn: Callable[[str], None]) -> None:
        self._client = client
        self._check_mode = check_mode
        self._warn = warn
        self._lists: dict[tuple[str, tuple[tuple[str, Any], ...]], list[Row]] = {}
        self._ids: dict[tuple[str, str], Any] = {}
        self._names: dict[tuple[str, Any], str] = {}

    # What the servers do differently

    def prefix(self, path: str) -> str:
        """The path of a collection as the server wants it in a URL."""
        raise NotImplementedError

    def pages(self, path: str, params: Mapping[str, Any]) -> list[Row]:
        """All rows of a collection."""
        raise NotImplementedError

    def url(self, resource: Resource, row: Row) -> str:
        """The path of one object."""
        raise NotImplementedError

    def write(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        raise NotImplementedError

    def supports(self, resource: Resource, field: Field, row: Row | None) -> bool:
        """Whether this server has a setting of an object, which is not there yet where there is no ``row``."""
        return True

    # What they have in common

    def all_rows(self, path: str, params: Mapping[str, Any] | None = None) -> list[Row]:
        """All rows of a collection, read once in a task."""
        key = (path, tuple(sorted((name, repr(value)) for name, value in (params or {}).items())))
        rows = self._lists.get(key)
        if rows is None:
            rows = self._lists[key] = self.pages(path, params or {})
        return rows

    def rows(self, resource: Resource, identity: Mapping[str, Any], *, fresh: bool = False) -> list[Row]:
        """The rows that have these values, if ``fresh`` read anew. Servers ignore unknown filters, so each row is looked at."""
        params = {**(resource.params or {}), **{path: identity[path] for path in resource.filters}}
        rows = self.pages(resource.path, params) if fresh else self.all_rows(resource.path, params)
        return [row for row in rows if all(get_path(row, path) == value for path, value in identity.items())]

    def find(self, resource: Resource, identity: Mapping[str, Any]) -> Row | None:
        """The one row that has these values."""
        return self._only(resource, identity, self.rows(resource, identity))

    def find_each(self, resource: Resource, identities: Sequence[Mapping[str, Any]]) -> list[Row | None]:
        """For each of these the one row that has its values: asked for one by one, or many of them in the whole list."""
        if len(identities) <= NAMES_ONE_BY_ONE:
            return [self.find(resource, identity) for identity in identities]
        rows: dict[tuple[Any, ...], list[Row]] = {}
        for row in self.all_rows(resource.path, resource.params):
            rows.setdefault(tuple(get_path(row, path) for path in resource.identity), []).append(row)
        return [
            self._only(resource, identity, rows.get(tuple(identity[path] for path in resource.identity), []))
            for identity in identities
        ]

    def _only(self, resource: Resource, identity: Mapping[str, Any], rows: Sequence[Row]) -> Row | None:
        if len(rows) > 1:
            name = resource.named(" ".join(map(str, identity.values())))
            ids = ", ".join(str(row[resource.id]) for row in rows)
            raise Failure(
                f"{self.name} has {len(rows)} objects that are {name} (ids {ids}): which one is meant cannot be told. "
                "Rename or remove the others."
            )
        return self._filled(resource, rows[0]) if rows else None

    def _filled(self, resource: Resource, row: Row) -> Row:
        """A row with the settings that are read elsewhere."""
        return {**row, **{field.path: field.source(self, row) for field in resource.fields if field.source is not None}}

    def read(self, resource: Resource, row: Row) -> Row:
        """One object as a new read shows it."""
        self._lists.clear()
        found = self.find(resource, {path: get_path(row, path) for path in resource.identity})
        if found is None:
            raise Failure(f"{self.name} does not show it any more.")
        return found

    def resolve(self, resource: Resource, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Options with ids in place of names. Every name of all items is checked before this returns."""
        wanted: dict[str, list[str]] = {}
        for item in items:
            for field in resource.fields:
                if field.ref:
                    wanted.setdefault(field.ref, []).extend(_names(item.get(field.name)))
        self.look_up(wanted)
        kinds = {field.name: field.ref for field in resource.fields if field.ref}
        return [
            {name: self._translated(kinds[name], value) if name in kinds else value for name, value in item.items()}
            for item in items
        ]

    def look_up(self, wanted: Mapping[str, Iterable[str]]) -> None:
        """Learn the ids of names, by kind; one error for all that do not exist."""
        missing = []
        for kind, names in wanted.items():
            unknown = [name for name in dict.fromkeys(names) if (kind, name) not in self._ids]
            rows = self._candidates(self.references[kind], unknown)
            for name in unknown:
                row = self._match(self.references[kind], name, rows)
                if row is not None:
                    self.learn(kind, name, row[self.references[kind].id])
                elif self._check_mode:
                    label = f"{self.references[kind].kind} {name!r}"
                    self._warn(f"{label} does not exist in {self.name} yet; a run without check mode needs it.")
                    self._ids[kind, name] = Unknown(label)
                else:
                    missing.append(f"{self.references[kind].kind} {name!r} (in {self.prefix(self.references[kind].path)})")
        if missing:
            raise Failure(f"{self.name} has no {' and no '.join(missing)}. Nothing was changed; create it or correct the name.")

    def named_rows(self, kind: str, names: Sequence[str] | None) -> list[Row]:
        """The rows of these names, or all of a kind; those that do not exist are left out."""
        reference = self.references[kind]
        if names is None:
            return self.all_rows(reference.path, reference.params)
        wanted = list(dict.fromkeys(names))
        rows = self._candidates(reference, wanted)
        return [row for name in wanted if (row := self._match(reference, name, rows)) is not None]

    def learn(self, kind: str, name: str, value: Any) -> None:
        """Note a name and its id that an answer told."""
        self._ids[kind, name] = value
        self._names[kind, value] = name

    def id_of(self, kind: str, name: str) -> Any:
        """The id of a name; an :class:`Unknown` in check mode where it does not exist yet."""
        self.look_up({kind: [name]})
        return self._ids[kind, name]

    def name_of(self, kind: str, value: Any) -> Any:
        """The name of an id, for people. Costs a list where no answer has told it yet."""
        if isinstance(value, Unknown):
            return value
        if (kind, value) not in self._names:
            reference = self.references[kind]
            for row in self.all_rows(reference.path, reference.params):
                self._names.setdefault((kind, row[reference.id]), next(str(row[key]) for key in reference.by if row.get(key)))
        return self._names.get((kind, value), value)

    def _translated(self, kind: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._ids[kind, name] for name in value]
        return self._ids[kind, value] if value else None

    def _candidates(self, reference: Reference, names: Sequence[str]) -> list[Row]:
        if not names:
            return []
        if not reference.filter or len(names) > NAMES_ONE_BY_ONE:
            return self.all_rows(reference.path, reference.params)
        found = []
        for name in names:
            found += self.all_rows(reference.path, {**(reference.params or {}), reference.filter: name})
        return found

    def _match(self, reference: Reference, name: str, rows: Sequence[Row]) -> Row | None:
        for key in reference.by:
            matches = [row for row in rows if row.get(key) == name]
            if len(matches) > 1 and reference.prefer is not None:
                matches = [row for row in matches if reference.prefer(row)] or matches
            if len(matches) > 1:
                raise Failure(f"{self.name} has {len(matches)} {reference.kind}s {name!r}: which one is meant cannot be told.")
            if matches:
                return matches[0]
        return None


def _names(value: Any) -> list[str]:
    if isinstance(value, list):
        return value
    return [value] if value else []
