# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server as the core sees it: lists read once, names turned into ids, one place that sends writes.

PRIVATE to this collection. What is special about authentik and NetBird is in their own files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.client import Client
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import ApiError, Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import (
    Field,
    Resource,
    Unknown,
    get_path,
    same,
)

Row = Mapping[str, Any]


class Service:
    """Base of a product's own: one server during one task.

    ``name`` is for people, ``option`` the prefix of the options that hold its URL and token, ``arguments`` are its other ones.
    ``references`` are the kinds of objects that settings refer to by name, ``always`` is a collection that every version has.
    """

    name = ""
    option = ""
    arguments: Mapping[str, dict[str, Any]] = {}
    references: Mapping[str, Resource] = {}
    always = ""

    def __init__(self, client: Client, *, check_mode: bool, warn: Callable[[str], None]) -> None:
        self._client = client
        self._check_mode = check_mode
        self._warn = warn
        self._lists: dict[tuple[str, str], list[Row]] = {}
        self._ids: dict[tuple[str, str], Any] = {}
        self._names: dict[tuple[str, Any], str] = {}
        self._counts: dict[str, Counter[str]] = {}

    # What the servers do differently

    def prefix(self, path: str) -> str:
        """The path of a collection as the server wants it in a URL."""
        raise NotImplementedError

    def pages(self, path: str, params: Mapping[str, Any]) -> Iterator[tuple[list[Row], int]]:
        """The rows of a collection page by page, each with how many pages follow. A page costs a request."""
        raise NotImplementedError

    def url(self, resource: Resource, row: Row) -> str:
        """The path of one object."""
        raise NotImplementedError

    def supports(self, resource: Resource, field: Field, row: Row | None) -> bool:
        """Whether this server has a setting of an object, which is not there yet where there is no ``row``."""
        return True

    def kept(self, value: str) -> str:
        """A text as the server keeps it."""
        return value

    def gone(self, error: ApiError) -> bool:
        """Whether a deletion is refused because the object is not there any more."""
        return error.status == 404

    def gather(self, resource: Resource) -> None:
        """Read what lies in many places in fewer requests than one for each, where the server has lists for that."""

    # What they have in common

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        return self.request("GET", path, params=params)

    def write(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        return self.request(method, path, body=body) or {}

    def request(self, method: str, path: str, *, params: Any = None, body: Any = None) -> Any:
        return self._client.request(method, self.prefix(path), params=params, body=body)

    def fresh_rows(self, path: str, params: Mapping[str, Any] | None = None) -> list[Row]:
        """All rows of a collection as they are now."""
        return [row for rows, _left in self.pages(path, params or {}) for row in rows]

    def all_rows(self, path: str, params: Mapping[str, Any] | None = None) -> list[Row]:
        """All rows of a collection, read once in a task."""
        key = list_key(path, params)
        rows = self._lists.get(key)
        if rows is None:
            rows = self._lists[key] = self.fresh_rows(path, params)
        return rows

    def rows_of(self, resource: Resource, within: Mapping[str, Any], *, fresh: bool = False, **query: Any) -> list[Row]:
        """The rows of a kind, those within one object where it lies within others, if ``fresh`` read anew."""
        read = self.fresh_rows if fresh else self.all_rows
        try:
            rows = read(resource.path.format(**within), {**(resource.params or {}), **query})
        except ApiError as error:
            if error.status == 404 and resource.since and not resource.parents and self._answers():
                error.args = (
                    f"This {self.name} has nothing at {error.path}: what is kept there ({resource.kind}) came with release "
                    f"{resource.since}. Update {self.name}, or leave it out.",
                )
            raise
        return [resource.reading({**row, **within}) for row in rows if resource.own is None or resource.own(row)]

    def _answers(self) -> bool:
        """Whether the server is the one that it should be."""
        try:
            self.all_rows(self.always)
        except Failure:
            return False
        return True

    def rows(self, resource: Resource, identity: Mapping[str, Any], *, fresh: bool = False) -> list[Row]:
        """The rows that have these values, if ``fresh`` read anew. Servers ignore unknown filters, so each row is looked at."""
        query = {resource.filter: identity[resource.filter]} if resource.filter else {}
        within = {name: identity[name] for name in resource.parents}
        rows = self.rows_of(resource, within, fresh=fresh, **query)
        return [
            row for row in rows if all(_comparable(get_path(row, key)) == _comparable(value) for key, value in identity.items())
        ]

    def find(self, resource: Resource, key: str, value: Any) -> Row | None:
        """The one row that has this value."""
        return self.find_each(resource, key, [value])[0]

    def find_each(self, resource: Resource, key: str, values: Sequence[Any]) -> list[Row | None]:
        """For each of these values of a key the one row that has it, with the settings that are read elsewhere."""
        found = self._found(resource, [key], values)
        return [self.one(resource, resource.named(value), found[value]) for value in values]

    def find_all(self, resource: Resource, identities: Sequence[Mapping[str, Any]]) -> list[list[Row]]:
        """For each of these identities the rows that have it; what is within an object that is not there yet is not there."""
        if resource.joins or (len(resource.identity) == 1 and not resource.parents):
            keys = resource.by if resource.joins else resource.identity
            values = [each[resource.identity[0]] for each in identities]
            found = self._found(resource, keys, values)
            return [found[value] for value in values]
        indexes: dict[tuple[Any, ...], dict[tuple[Any, ...], list[Row]]] = {}
        rows: list[list[Row]] = []
        places = [tuple(identity[name] for name in resource.parents) for identity in identities]
        known = {place for place in places if not any(each is None or isinstance(each, Unknown) for each in place)}
        if len(known) > 1:
            self.gather(resource)
        for identity, place in zip(identities, places, strict=True):
            if place not in known:
                rows.append([])
                continue
            if place not in indexes:
                index = indexes[place] = {}
                for row in self.rows_of(resource, dict(zip(resource.parents, place, strict=True))):
                    index.setdefault(comparable_identity(resource, row), []).append(row)
            rows.append(indexes[place].get(tuple(_comparable(identity[path]) for path in resource.identity), []))
        return rows

    def one(self, resource: Resource, label: str, rows: Sequence[Row]) -> Row | None:
        """The one row of several that could be meant, with the settings that are read elsewhere."""
        row = self._one(resource, label, resource.id, rows)
        sources = [(field.path, field.source) for field in resource.fields if field.source is not None]
        return row and {**row, **{path: source(self, row) for path, source in sources}}

    def _one(self, resource: Resource, label: str, key: str, rows: Sequence[Row]) -> Row | None:
        preferred = [row for row in rows if resource.prefer is not None and resource.prefer(row)]
        rows = preferred or rows
        if len(rows) > 1:
            ids = ", ".join(str(row[key]) for row in rows)
            raise Failure(
                f"{self.name} has {len(rows)} objects that are {label} (ids {ids}): which one is meant cannot be told. "
                "Rename or remove the others."
            )
        return rows[0] if rows else None

    def _found(self, where: Resource, keys: Sequence[str], values: Collection[Any]) -> dict[Any, list[Row]]:
        """For each value the rows that have it, at the first of these keys where any has."""
        rows = self._rows_with(where, values) if values else []
        indexes: list[dict[Any, list[Row]]] = []
        for key in keys:
            indexes.append({})
            for row in rows:
                indexes[-1].setdefault(get_path(row, key), []).append(row)
        return {value: next((index[value] for index in indexes if value in index), []) for value in values}

    def _rows_with(self, where: Resource, values: Collection[Any]) -> list[Row]:
        """The rows in which the filter has one of these values, and maybe others.

        Several are found in the whole list, unless more pages follow its first one than there are values: those are asked
        for one by one, as is a single one.
        """
        params, query = where.params or {}, where.filter
        if where.parents:
            return self.rows_everywhere(where)
        whole = not query or list_key(where.path, params) in self._lists
        if whole or (len(values) > 1 and self._read_short(where.path, params, len(values))):
            return self.rows_of(where, {})
        rows = (row for value in values for row in self.rows_of(where, {}, **{query: value}))
        # A row may answer several of them.
        return list({row[where.ref]: row for row in rows}.values())

    def _read_short(self, path: str, params: Mapping[str, Any], most: int) -> bool:
        """Read a list if no more than so many pages follow the first."""
        rows: list[Row] = []
        for page, left in self.pages(path, params):
            if left > most:
                return False
            rows += page
        self._lists[list_key(path, params)] = rows
        return True

    def read(self, resource: Resource, row: Row) -> Row:
        """One object as a new read shows it."""
        self._lists.clear()
        rows = self.rows(resource, {path: get_path(row, path) for path in (*resource.identity, *resource.parents)})
        found = self.one(resource, resource.kind, [each for each in rows if each[resource.id] == row[resource.id]])
        if found is None:
            raise Failure(f"{self.name} does not show it any more.")
        return found

    def resolve(self, resource: Resource, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Options with ids in place of names. Every name and text of all items is checked before this returns."""
        fields = {field.name: field for field in resource.fields}
        for item in items:
            self._refuse_texts(resource, item)
        wanted: dict[str, list[str]] = {}
        for item in items:
            for option, value in item.items():
                for kind, name in fields[option].references(value):
                    wanted.setdefault(kind, []).append(name)
        self.look_up(wanted)
        return [
            {
                option: None if value == "" and fields[option].ref else fields[option].translated(value, self.known_id)
                for option, value in item.items()
            }
            for item in items
        ]

    def _refuse_texts(self, resource: Resource, item: Mapping[str, Any]) -> None:
        """The server has to keep each text as it is given, or as it is compared."""
        label = resource.titled(item)
        for field in resource.fields:
            value = item.get(field.name)
            plain = field.type in ("str", "raw")
            compared = field.canonical if plain and field.path not in resource.identity else same
            for text in _texts(value) if plain or field.suboptions else []:
                kept = self.kept(text)
                if compared(kept) != compared(text):
                    raise Failure(
                        f"{label}: {field.name} is {field.shown(text)!r}, of which {self.name} would keep {field.shown(kept)!r}: "
                        "white space before or after it goes. Nothing was changed."
                    )

    def look_up(self, wanted: Mapping[str, Iterable[str]], *, required: bool = True) -> None:
        """Learn the ids of names, by kind, unless they are known."""
        unknown = {kind: [name for name in names if (kind, name) not in self._ids] for kind, names in wanted.items()}
        self.named_rows(unknown, required=required)

    def known_id(self, kind: str, name: str) -> Any:
        """The id of a name that was looked up; None if there is none."""
        return self._ids.get((kind, name))

    def named_rows(self, wanted: Mapping[str, Collection[str]], *, required: bool = True) -> dict[str, dict[str, Row]]:
        """The rows of names, by kind and name, looked up whatever is known; their ids are known then.

        If they are ``required``, there is one error for all that do not exist, in check mode a warning for each.
        """
        found: dict[str, dict[str, Row]] = {}
        missing = []
        for kind, names in wanted.items():
            reference = self.references[kind]
            found[kind] = {}
            for name, rows in self._found(reference, reference.by, dict.fromkeys(names)).items():
                label = f"{reference.kind} {name!r}"
                row = self._one(reference, label, reference.ref, rows)
                if row is not None:
                    found[kind][name] = row
                    self.learn(kind, name, row[reference.ref])
                elif required and self._check_mode:
                    self._warn(f"{label} does not exist in {self.name} yet; a run without check mode needs it.")
                    self._ids[kind, name] = Unknown(label)
                elif required:
                    since = (reference.built_in or {}).get(name)
                    made = f"; {self.name} makes it by itself since {since}" if since else ""
                    missing.append(f"{label} (in {self.prefix(reference.path)}{made})")
        if missing:
            raise Failure(f"{self.name} has no {' and no '.join(missing)}. Nothing was changed; create it or correct the name.")
        return found

    def rows_of_kind(self, kind: str) -> list[Row]:
        """All rows of what names of this kind can stand for."""
        return self.rows_everywhere(self.references[kind])

    def rows_everywhere(self, resource: Resource) -> list[Row]:
        """All rows of a kind, wherever they lie: a request for each object that they can lie within, unless they are gathered."""
        places: list[dict[str, Any]] = [{}]
        for name in resource.parents:
            (kind,) = (field.ref for field in resource.fields if field.name == name)
            ids = [row[self.references[kind].ref] for row in self.rows_of_kind(kind)]
            places = [{**place, name: each} for place in places for each in ids]
        if len(places) > 1:
            self.gather(resource)
        return [row for place in places for row in self.rows_of(resource, place)]

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
            return value.name or value
        if (kind, value) not in self._names:
            reference = self.references[kind]
            for row in self.rows_of_kind(kind):
                self._names.setdefault((kind, row[reference.ref]), _name_in(reference, row))
        return self._names.get((kind, value), value)

    def times(self, kind: str, name: Any) -> int:
        """How many objects have a name."""
        if kind not in self._counts:
            self._counts[kind] = Counter(_name_in(self.references[kind], row) for row in self.rows_of_kind(kind))
        return self._counts[kind][name]


def _texts(value: Any) -> list[str]:
    """The texts in a value."""
    if isinstance(value, Mapping):
        return _texts([*value.values()])
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []


def _name_in(reference: Resource, row: Row) -> str:
    """What people call an object: the first of its keys that says anything."""
    return next(str(row[key]) for key in reference.by if row.get(key))


def list_key(path: str, params: Mapping[str, Any] | None) -> tuple[str, str]:
    """What a list is kept under."""
    return path, repr(sorted((params or {}).items()))


def comparable_identity(resource: Resource, row: Row) -> tuple[Any, ...]:
    """What tells a row from others, as it can be looked up."""
    return tuple(_comparable(get_path(row, path)) for path in resource.identity)


def _comparable(value: Any) -> Any:
    """A value of an identity as it can be looked up: of a list the order says nothing, and nothing is nothing."""
    return tuple(sorted(value, key=str)) if isinstance(value, list) else value or None
