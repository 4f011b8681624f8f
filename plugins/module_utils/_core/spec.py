# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an object is: its fields and where it lives, as data.

PRIVATE to this collection. From a :class:`Resource` come a module's arguments, the body that is sent, the comparison with
what the server has, and the difference that is shown. Nothing here does I/O.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

HIDDEN = "(hidden)"
HIDDEN_WRITTEN = "(hidden, written)"


@dataclass(eq=False, repr=False)
class Unknown:
    """A value that exists only once an earlier step is carried out.

    ``source`` is the operation of the same plan that makes it (its answer then holds the value); without a source it is an
    object that an earlier task would have made, met in check mode.
    """

    label: str
    source: Any = None
    key: str = "pk"

    def __repr__(self) -> str:
        return f"{self.label} (known after apply)"


def same(value: Any) -> Any:
    return value


def text(value: Any) -> Any:
    """Text as servers store it: authentik removes white space around it, and null is no text."""
    return value.strip() if isinstance(value, str) else "" if value is None else value


@dataclass(frozen=True)
class Endpoint:
    """An address of its own at which a setting is written, and may be written again.

    ``path`` is filled in from the object's row; ``key`` is the setting's name in the body. With ``each`` a list is written one
    entry at a time.
    """

    path: str
    key: str
    method: str = "POST"
    each: bool = False


@dataclass(frozen=True)
class Field:
    """One setting of an object: a module's option and its place in the API."""

    # The option, and the API's name (dotted where it is nested) if that differs.
    name: str
    type: str = "str"
    api: str = ""
    choices: tuple[str, ...] = ()
    elements: str = ""
    suboptions: Mapping[str, Any] | None = None
    # Without the option there is no task (required), or no new object (needed). An internal field is no option at all.
    required: bool = False
    needed: bool = False
    internal: bool = False
    # The kind of object that the value refers to: the option holds a name, the API an id. An empty name means none.
    ref: str = ""
    # Lists that are compared as sets, and how a value of either side is brought into the form in which it is compared.
    unordered: bool = False
    canonical: Callable[[Any], Any] = same
    # What a new object gets where the task leaves the option out; if told so, also where the server's value is empty.
    default: Any = None
    default_if_empty: bool = False
    # The server's version that brought the setting.
    since: str = ""
    # Where the server takes the setting if not in the object's body; of a list with a removal, what is added and what is removed.
    in_body: bool = True
    endpoint: Endpoint | None = None
    removal: Endpoint | None = None
    # How the setting is read, by (service, row), if it is not in the object's row.
    source: Callable[[Any, Mapping[str, Any]], Any] | None = None
    # A secret is never shown; one that is not readable the server keeps to itself. What is given on creation an object that
    # exists does not get, unless the task says so.
    secret: bool = False
    readable: bool = True
    on_create: bool = False

    @property
    def path(self) -> str:
        return self.api or self.name

    def argument(self) -> dict[str, Any]:
        """The option as Ansible's argument spec has it."""
        more = {"required": self.required, "choices": list(self.choices), "elements": self.elements, "options": self.suboptions}
        return {"type": self.type, "no_log": self.secret, **{name: value for name, value in more.items() if value}}

    def comparable(self, value: Any) -> Any:
        """``value`` of either side, so that equal settings are equal values."""
        if isinstance(value, Unknown):
            return value
        if self.type == "list":
            # NetBird answers null for an empty list.
            items = [self.canonical(item) for item in value or []]
            return sorted(items, key=_order) if self.unordered else items
        return self.canonical(value)

    def differs(self, wanted: Any, current: Any) -> bool:
        return bool(self.comparable(wanted) != self.comparable(current))

    def shown(self, value: Any) -> Any:
        """``value`` as messages and differences may show it."""
        if self.secret:
            return HIDDEN
        return printable(self.comparable(value) if isinstance(value, list) else value)


@dataclass(frozen=True)
class Resource:
    """One kind of object: its name for people, its collection in the API, and its settings."""

    kind: str
    path: str
    fields: tuple[Field, ...]
    # The option that a person knows the object by.
    label: str = "name"
    # The keys of an answer by which URLs address the object, and by which other objects refer to it.
    id: str = "pk"
    ref: str = "pk"
    # The API's names that tell two objects apart, the one of them that lists can be filtered by, and what goes with every list.
    identity: tuple[str, ...] = ("name",)
    filter: str = ""
    params: Mapping[str, Any] | None = None
    # Where the server replaces the object, the keys that an update sends back, less what the server works out itself.
    # Without them only changes are sent.
    whole: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    # Only a new read shows what an update did.
    fresh: bool = False

    def arguments(self) -> dict[str, dict[str, Any]]:
        return {field.name: field.argument() for field in self.fields if not field.internal}

    def named(self, label: Any) -> str:
        """The object in a sentence: C(application 'netbird')."""
        return f"{self.kind} {str(label)!r}" if label is not None else self.kind

    def desired(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """What a task asked for, by option; what it left out is not in it."""
        return {field.name: options[field.name] for field in self.fields if options.get(field.name) is not None}


def printable(value: Any) -> Any:
    """``value`` with words where it is not known yet."""
    if isinstance(value, list):
        return [printable(item) for item in value]
    return repr(value) if isinstance(value, Unknown) else value


def get_path(document: Any, path: str, default: Any = None) -> Any:
    """The value at a dotted path."""
    for key in path.split("."):
        if not isinstance(document, Mapping) or key not in document:
            return default
        document = document[key]
    return document


def has_path(document: Any, path: str) -> bool:
    return get_path(document, path, has_path) is not has_path


def with_path(document: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of ``document`` with the value at a dotted path set."""
    key, _dot, rest = path.partition(".")
    inner = with_path(document.get(key) or {}, rest, value) if rest else value
    return {**document, key: inner}


def without_path(document: Mapping[str, Any], path: str) -> dict[str, Any]:
    key, _dot, rest = path.partition(".")
    if not has_path(document, path):
        return dict(document)
    if rest:
        return {**document, key: without_path(document[key], rest)}
    return {name: value for name, value in document.items() if name != key}


def view(resource: Resource, row: Mapping[str, Any]) -> dict[str, Any]:
    """A server's row as modules return it: its ids and what the options set, in one form, without secrets.

    What the server derives is left out: a prediction could only guess it.
    """
    shown: dict[str, Any] = {key: row[key] for key in (resource.id, resource.ref) if key in row}
    for field in resource.fields:
        if not field.secret and has_path(row, field.path):
            shown = with_path(shown, field.path, printable(field.comparable(get_path(row, field.path))))
    return shown


def _order(value: Any) -> str:
    return repr(sorted(value.items())) if isinstance(value, Mapping) else repr(value)


def duplicates(values: Iterable[Any]) -> list[Any]:
    """The values that come more than once, each named once, in their order."""
    return [value for value, times in Counter(values).items() if times > 1]
