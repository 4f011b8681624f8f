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
from functools import partial
from itertools import groupby
from string import Formatter
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure

HIDDEN = "(hidden)"
HIDDEN_WRITTEN = "(hidden, written)"
# Of an object that is replaced, every key is sent back, also those that came with a later version.
ALL_KEYS = ("*",)


@dataclass(eq=False, repr=False)
class Unknown:
    """A value that exists only once an earlier step is carried out.

    ``source`` is the operation of the same plan that makes it (its answer then holds the value); without a source it is an
    object that an earlier task would have made, met in check mode. ``name`` is how other objects name it.
    """

    label: str
    source: Any = None
    key: str = "pk"
    name: str = ""

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
    # The kind of object that the value (or each item, or each key) refers to: the option holds a name, the API an id. An empty
    # name means none. Of a dict, or a list of them, the suboptions that refer to objects, with their kinds.
    ref: str = ""
    refs: Mapping[str, str] | None = None
    # Lists that are compared as sets, and how a value of either side is brought into the form in which it is compared.
    unordered: bool = False
    canonical: Callable[[Any], Any] = same
    # What a new object gets where the task leaves the option out; if told so, also where the server's value is empty.
    default: Any = None
    default_if_empty: bool = False
    # The server's release that brought the setting (its OpenAPI documents).
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
    # What the server keeps as it was created.
    fixed: bool = False

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
            # What a set names twice servers keep once.
            return [item for item, _same in groupby(sorted(items, key=_order))] if self.unordered else items
        return self.canonical(value)

    def references(self, value: Any) -> list[tuple[str, Any]]:
        """The kind and the name, or the id, of each object that ``value`` refers to."""
        if self.ref:
            return [(self.ref, one) for one in _names_in(value)]
        parts = value if isinstance(value, list) else [value or {}]
        return [(kind, one) for part in parts for name, kind in (self.refs or {}).items() for one in _names_in(part.get(name))]

    def translated(self, value: Any, translate: Callable[[str, Any], Any]) -> Any:
        """``value`` with each reference in it as ``translate(kind, reference)``."""
        if not value:
            return value
        if self.ref:
            return _named(value, partial(translate, self.ref))
        if isinstance(value, list) and self.refs:
            return [self.translated(part, translate) for part in value]
        parts = {
            name: _named(value[name], partial(translate, kind)) for name, kind in (self.refs or {}).items() if value.get(name)
        }
        return {**value, **parts} if parts else value

    def differs(self, wanted: Any, current: Any) -> bool:
        return bool(self.comparable(wanted) != self.comparable(current))

    def shown(self, value: Any) -> Any:
        """``value`` as messages and differences may show it."""
        if self.secret:
            return HIDDEN
        return printable(self.comparable(value) if isinstance(value, (list, dict)) else value)


@dataclass(frozen=True)
class Consent:
    """A change that does more than it says, and is made only where the task sets the option ``option``.

    ``effect(service, operation, plan)`` is what the operation would do beside what it says, as a sentence; nothing if it would
    not. Without an option there is no way to have it made.
    """

    option: str
    effect: Callable[[Any, Any, Any], str]


@dataclass(frozen=True)
class Resource:
    """One kind of object: its name for people, its collection in the API, and its settings.

    A collection that lies within another object has that object's option in its path: C(networks/{network}/routers).
    """

    kind: str
    path: str
    fields: tuple[Field, ...] = ()
    # Where new objects are made, if not by a POST to the collection.
    creation: str = ""
    # The option that a person knows the object by.
    label: str = "name"
    # The keys of an answer by which URLs address the object, and by which other objects refer to it.
    id: str = "pk"
    ref: str = "pk"
    # The server's release that brought the kind (its OpenAPI documents).
    since: str = ""
    # Of those that the server makes by itself, by name, the releases that brought them.
    built_in: Mapping[str, str] | None = None
    # Which rows are of this kind, where their collection holds others too.
    own: Callable[[Mapping[str, Any]], bool] | None = None
    # The API's names that tell two objects apart, the one of them that lists can be filtered by, and what goes with every list.
    identity: tuple[str, ...] = ("name",)
    filter: str = ""
    params: Mapping[str, Any] | None = None
    # The keys that a name in another object's settings is compared with, in this order, and who of several is meant.
    by: tuple[str, ...] = ("name",)
    prefer: Callable[[Mapping[str, Any]], Any] | None = None
    # How a row of the server becomes one with the fields' paths, and how a body becomes what the server takes.
    reading: Callable[[Mapping[str, Any]], Mapping[str, Any]] = same
    sending: Callable[[dict[str, Any]], dict[str, Any]] = same
    # Where the server replaces the object, the keys that an update sends back, less what the server works out itself.
    # Without them only changes are sent.
    whole: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    # Only a new read shows what an update did.
    fresh: bool = False
    # Kinds whose new objects have to be there first, though no setting names them.
    follows: tuple[str, ...] = ()
    # There is one of it at most, known by no name, and there may be none.
    optional: bool = False
    # Objects that come to be in another way: tasks find them by any of the keys ``by``, and change or remove them.
    joins: bool = False
    # Options of which naming one empties the others.
    alternatives: tuple[tuple[str, ...], ...] = ()
    # What is wrong with an object as it would be, by options, where the server has this row of it now: a sentence, or nothing.
    invalid: Callable[[Mapping[str, Any], Mapping[str, Any] | None], str] | None = None
    # Whether an object is of no more use within so many days, so that a new one takes its place where the task renews.
    spent: Callable[[Mapping[str, Any], int], bool] | None = None
    # Servers that are asked for the same object by two at once make two of these.
    twins: bool = False
    # Servers refuse a second one, so that a spent one goes before the new one comes, and not after it.
    unique: bool = False
    # The keys of what the answer to a creation tells, and no other answer.
    tells: tuple[str, ...] = ()
    consents: tuple[Consent, ...] = ()
    # What else C(AnsibleModule) has to hold the options to.
    constraints: Mapping[str, Any] | None = None

    @property
    def parents(self) -> tuple[str, ...]:
        """The options that name the objects within which these ones lie."""
        return tuple(name for _text, name, _format, _conversion in Formatter().parse(self.path) if name)

    def arguments(self) -> dict[str, dict[str, Any]]:
        """The options of one object."""
        return {
            **{field.name: field.argument() for field in self.fields if not field.internal},
            **{consent.option: {"type": "bool", "default": False} for consent in self.consents if consent.option},
            **({"renew_before": {"type": "int"}} if self.spent is not None else {}),
        }

    def named(self, label: Any) -> str:
        """The object in a sentence: C(application 'netbird')."""
        return f"{self.kind} {str(label)!r}" if label is not None else self.kind

    def titled(self, options: Mapping[str, Any]) -> str:
        """An object by the options that tell it from others, names as they were given."""
        own = [field.name for field in self.fields if field.path in self.identity and field.name not in self.parents]
        values = [options.get(name) for name in ([self.label] if len(own) < 2 else own)]
        words = [str(word) for value in values if value for word in (value if isinstance(value, list) else [value])]
        return " of ".join([self.named(" ".join(words) or None), *(repr(options.get(name)) for name in self.parents)])

    def desired(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """What a task asked for, by option; what it left out is not in it. Without a name it could be anything."""
        for field in self.fields:
            if field.required and isinstance(value := options.get(field.name), str) and not value.strip():
                raise Failure(f"{self.kind}: {field.name} is empty. Nothing was changed.")
        return {field.name: options[field.name] for field in self.fields if options.get(field.name) is not None}


def _names_in(value: Any) -> list[Any]:
    """What a reference holds: one, a list of them, or a mapping whose keys they are."""
    return list(value) if isinstance(value, (list, dict)) else [value] if value else []


def _named(value: Any, translate: Callable[[Any], Any]) -> Any:
    """The same with each of them translated."""
    if isinstance(value, list):
        return [translate(each) for each in value]
    if isinstance(value, dict):
        return {translate(key): each for key, each in value.items()}
    return translate(value)


def unknowns(value: Any) -> list[Unknown]:
    """The values in it that are not known yet."""
    if isinstance(value, dict):
        return unknowns([*value, *value.values()])
    if isinstance(value, list):
        return [unknown for item in value for unknown in unknowns(item)]
    return [value] if isinstance(value, Unknown) else []


def printable(value: Any) -> Any:
    """``value`` with words where it is not known yet."""
    if isinstance(value, list):
        return [printable(item) for item in value]
    if isinstance(value, dict):
        return {printable(key): printable(item) for key, item in value.items()}
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
    ids = [resource.id, *([resource.ref] if resource.ref not in resource.derived else [])]
    shown: dict[str, Any] = {key: row[key] for key in ids if key in row}
    for field in resource.fields:
        if not field.secret and has_path(row, field.path):
            shown = with_path(shown, field.path, printable(field.comparable(get_path(row, field.path))))
    return shown


def _order(value: Any) -> str:
    return repr(sorted(value.items())) if isinstance(value, Mapping) else repr(value)


def duplicates(values: Iterable[Any]) -> list[Any]:
    """The values that come more than once, each named once, in their order."""
    return [value for value, times in Counter(values).items() if times > 1]
