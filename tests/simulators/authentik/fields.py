# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of fields in the tables of resources: what each takes and how it complains, as Django REST framework does.

UNRECORDED: most complaints, which are those of one framework for every field (the source of Django REST framework).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .state import Row, State, is_uuid, stamp

if TYPE_CHECKING:
    from .spec import View

Kind = Callable[["Field", Any, State], Any]

REQUIRED = "This field is required."
SLUG = re.compile(r"[-a-zA-Z0-9_]+")
URL = re.compile(r"(https?|blank)://[^\s/?#]+[^\s]*", re.IGNORECASE)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+|[^@\s]+@localhost")
DURATION_PARTS = frozenset({"microseconds", "milliseconds", "seconds", "minutes", "hours", "days", "weeks"})


class Invalid(Exception):
    """A value that is refused; ``detail`` is what the answer holds under the field's name."""

    def __init__(self, detail: Any) -> None:
        super().__init__(detail)
        self.detail = [detail] if isinstance(detail, str) else detail


def text(field: Field, value: Any, _state: State) -> Any:
    """Take a string (numbers are turned into one)."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Invalid("Not a valid string.")
    clean = str(value).strip()
    if not clean and not field.blank:
        raise Invalid("This field may not be blank.")
    if field.max_length and len(clean) > field.max_length:
        raise Invalid(f"Ensure this field has no more than {field.max_length} characters.")
    return clean


def slug(field: Field, value: Any, state: State) -> Any:
    """Take letters, numbers, underscores and hyphens; 2026.5 writes its complaint with other quotation marks."""
    clean = text(field, value, state)
    if not SLUG.fullmatch(clean):
        left, right = ("“", "”") if state.at_least("2026.5") and not field.plain_quotes else ('"', '"')
        raise Invalid(f"Enter a valid {left}slug{right} consisting of letters, numbers, underscores or hyphens.")
    return clean


def url(field: Field, value: Any, state: State) -> Any:
    """Take a web address, which may hold placeholders and needs no top-level domain."""
    clean = text(field, value, state)
    if clean and not URL.fullmatch(clean):
        raise Invalid("Enter a valid URL.")
    return clean


def email(field: Field, value: Any, state: State) -> Any:
    """Take an e-mail address."""
    clean = text(field, value, state)
    if clean and not EMAIL.fullmatch(clean):
        raise Invalid("Enter a valid email address.")
    return clean


def boolean(_field: Field, value: Any, _state: State) -> Any:
    """Take a boolean or one of its spellings."""
    if value in (True, "true", "True", "1", "on", "yes"):
        return True
    if value in (False, "false", "False", "0", "off", "no"):
        return False
    raise Invalid("Must be a valid boolean.")


def integer(_field: Field, value: Any, _state: State) -> Any:
    """Take a whole number or its digits."""
    if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)):
        raise Invalid("A valid integer is required.")
    return int(value)


def mapping(_field: Field, value: Any, _state: State) -> Any:
    """Take an object."""
    if not isinstance(value, dict):
        raise Invalid("Value must be a dictionary, and not have any duplicate keys.")
    return value


def mappings(field: Field, value: Any, state: State) -> Any:
    """Take a list of objects."""
    if not isinstance(value, list):
        raise Invalid(f'Expected a list of items but got type "{type(value).__name__}".')
    return [mapping(field, each, state) for each in value]


def moment(_field: Field, value: Any, _state: State) -> Any:
    """Take a time; it is given back with six digits and a Z."""
    try:
        parsed = datetime.fromisoformat(str(value))
    except ValueError:
        raise Invalid(
            "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
        ) from None
    return stamp(parsed.replace(tzinfo=parsed.tzinfo or UTC).astimezone(UTC))


def choice(field: Field, value: Any, _state: State) -> Any:
    """Take one of the field's choices."""
    if not isinstance(value, str) or value not in field.choices:
        raise Invalid(f'"{value}" is not a valid choice.')
    return value


def choices(field: Field, value: Any, state: State) -> Any:
    """Take a list of the field's choices; complaints are keyed by the position."""
    if not isinstance(value, list):
        raise Invalid(f'Expected a list of items but got type "{type(value).__name__}".')
    if not value:
        raise Invalid("This list may not be empty.")
    wrong: dict[str, Any] = {}
    for index, each in enumerate(value):
        try:
            choice(field, each, state)
        except Invalid as error:
            wrong[str(index)] = error.detail
    if wrong:
        raise Invalid(wrong)
    return list(value)


def duration(field: Field, value: Any, state: State) -> Any:
    """Take a span of time in authentik's notation, ``hours=3;minutes=1``."""
    clean = text(field, value, state)
    for part in clean.split(";"):
        key, _, number = part.partition("=")
        if key.lower() not in DURATION_PARTS or not re.fullmatch(r"-?\d+(\.\d+)?", number):
            raise Invalid(f"{clean} is not in the correct format of 'hours=3;minutes=1'.")
    return clean


def redirect_keys(state: State) -> dict[str, bool]:
    """Return the keys of a redirect, and whether each is required."""
    return {"matching_mode": True, "url": True, **({"redirect_uri_type": False} if state.at_least("2026.5") else {})}


def redirect_uris(_field: Field, value: Any, state: State) -> Any:
    """Take the redirects of a provider; whether a regular expression compiles is looked at when each entry is well formed."""
    if not isinstance(value, list):
        raise Invalid({"non_field_errors": [f'Expected a list of items but got type "{type(value).__name__}".']})
    kept = redirect_keys(state)
    wrong = [_redirect_errors(each, state) for each in value]
    if any(wrong):
        raise Invalid(wrong)
    for each in value:
        if each["matching_mode"] == "regex":
            try:
                re.compile(each["url"])
            except re.error:
                raise Invalid(f"Invalid Regex Pattern: {each['url']}") from None
    return [{key: each[key].strip() for key in kept if key in each} for each in value]


def _redirect_errors(entry: Any, state: State) -> dict[str, Any]:
    if not isinstance(entry, dict):
        return {"non_field_errors": [f"Invalid data. Expected a dictionary, but got {type(entry).__name__}."]}
    allowed = {"matching_mode": ("strict", "regex")}
    if state.at_least("2026.5"):
        allowed["redirect_uri_type"] = ("authorization", "logout")
    wrong: dict[str, Any] = {key: [REQUIRED] for key in ("matching_mode", "url") if key not in entry}
    for key, values in allowed.items():
        if key in entry and entry[key] not in values:
            wrong[key] = [f'"{entry[key]}" is not a valid choice.']
    if "url" in entry and not isinstance(entry["url"], str):
        wrong["url"] = ["Not a valid string."]
    elif "url" in entry and not entry["url"].strip():
        wrong["url"] = ["This field may not be blank."]
    return wrong


def pk_of(state: State, table: str, value: Any) -> Any:
    """Take a reference by primary key to a row of a table."""
    rows = getattr(state, table)
    numbered = table in ("users", "providers")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Invalid(f"Incorrect type. Expected pk value, received {type(value).__name__}.")
    if numbered and not str(value).isdecimal():
        raise Invalid(f"Incorrect type. Expected pk value, received {type(value).__name__}.")
    if not numbered and not is_uuid(value):
        raise Invalid(f"“{value}” is not a valid UUID.")
    key = int(value) if numbered else str(value).lower()
    if key not in rows:
        raise Invalid(f'Invalid pk "{value}" - object does not exist.')
    return key


def ref(table: str) -> Kind:
    """Make the kind for a reference to a row of a table."""
    return lambda _field, value, state: pk_of(state, table, value)


def refs(table: str) -> Kind:
    """Make the kind for a set of references: doubles fall together, and the order is the table's own."""

    def kind(_field: Field, value: Any, state: State) -> Any:
        if not isinstance(value, list):
            raise Invalid(f'Expected a list of items but got type "{type(value).__name__}".')
        found = {pk_of(state, table, each) for each in value}
        return [pk for pk in getattr(state, table) if pk in found]

    return kind


def target(_field: Field, value: Any, state: State) -> Any:
    """Take anything that a policy, a group or a user can be bound to."""
    if not isinstance(value, str):
        raise Invalid(f"Incorrect type. Expected pk value, received {type(value).__name__}.")
    if not is_uuid(value):
        raise Invalid(f"“{value}” is not a valid UUID.")
    for flow in state.flows.values():
        if value == flow["policybindingmodel_ptr_id"]:
            return flow["pk"]
    if not is_target(state, value):
        raise Invalid(f'Invalid pk "{value}" - object does not exist.')
    return value.lower()


def is_target(state: State, pk: str) -> bool:
    """Say whether something can be bound to this id."""
    tables: tuple[Mapping[Any, Any], ...] = (state.applications, state.entitlements, state.flows)
    return any(pk in table for table in tables) or pk in state.other_targets


@dataclass(frozen=True)
class Field:
    """One field of a resource: what it takes, what it is when left out, and how it is read.

    ``read`` says how it is shown where that is not simply what is kept. A field that a model has a default for stays as
    it is when a PUT leaves it out. ``entries`` are the keys of a list's entries, and whether each is required. ``since``
    and ``until`` bound the releases that know the field: others ignore it in a request, and don't answer it.
    """

    name: str
    kind: Kind = text
    required: bool = False
    default: Any = None
    null: bool = False
    blank: bool = False
    max_length: int = 0
    choices: tuple[str, ...] = ()
    unique: str = ""
    plain_quotes: bool = False
    read: Callable[[View, Row], Any] | None = None
    entries: Callable[[State], Mapping[str, bool]] | None = None
    writable: bool = True
    # What is never shown.
    write_only: bool = False
    since: str = "0"
    until: str = "9999"

    def known(self, state: State) -> bool:
        """Say whether the server's release has this field."""
        return state.at_least(self.since) and not state.at_least(self.until)

    def described(self, state: State) -> dict[str, Any]:
        """Return what OPTIONS says of the field."""
        children = {key: {"required": required} for key, required in self.entries(state).items()} if self.entries else {}
        said = {"required": self.required, "read_only": not self.writable}
        return {**said, "child": {"children": children}} if children else said

    def initial(self, state: State) -> Any:
        """Return what the field is when a new object's request leaves it out."""
        if callable(self.default):
            return self.default(state)
        return list(self.default) if isinstance(self.default, list) else self.default

    def clean(self, value: Any, state: State) -> Any:
        """Check a value of a request and return what is kept."""
        if value is None:
            if self.null:
                return None
            raise Invalid("This field may not be null.")
        return self.kind(self, value, state)


def computed(name: str, read: Callable[[View, Row], Any], *, since: str = "0", until: str = "9999") -> Field:
    """Make a field that is only read."""
    return Field(name, read=read, writable=False, since=since, until=until)


def constant(name: str, value: Any, *, since: str = "0", until: str = "9999") -> Field:
    """Make a field that always reads the same."""
    return computed(name, lambda _view, _row: value, since=since, until=until)


def stored(name: str) -> Field:
    """Make a field that the server fills in itself."""
    return computed(name, lambda _view, row: row[name])
