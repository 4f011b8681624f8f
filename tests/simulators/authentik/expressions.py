# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions of scope mappings and policies: really run, with small objects in place of authentik's models.

UNRECORDED: what else than the expressions of the recordings may use of users, groups and helpers (authentik's source).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from typing import Any

from .state import Row, State

HEAD = "def _expression(request, user, provider, token, context):\n"


class Rows(list[Any]):
    """A list that answers to the few query calls that expressions use."""

    def all(self) -> Rows:
        """Return every row."""
        return Rows(self)

    def filter(self, **values: Any) -> Rows:
        """Return the rows with these values."""
        return Rows(row for row in self if all(getattr(row, key) == value for key, value in values.items()))

    def first(self) -> Any:
        """Return the first row, or None."""
        return self[0] if self else None

    def exists(self) -> bool:
        """Say whether there is a row."""
        return bool(self)

    def values_list(self, name: str, flat: bool = False) -> list[Any]:
        """Return one column."""
        return [getattr(row, name) if flat else (getattr(row, name),) for row in self]


class Model:
    """A row that is read like a model's instance; a column that it lacks is an error, as it is there."""

    def __init__(self, state: State, row: Row) -> None:
        self._state, self._row = state, row

    def __getattr__(self, name: str) -> Any:
        try:
            return self._row[name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}") from None


class Group(Model):
    """A group."""


class Application(Model):
    """An application."""


class Entitlement(Model):
    """An entitlement of an application."""


class User(Model):
    """A user."""

    def _models(self, rows: Iterable[Row]) -> Rows:
        return Rows(Group(self._state, row) for row in rows)

    @property
    def groups(self) -> Rows:
        """The groups that the user is directly in."""
        return self._models(self._state.groups_of(self._row))

    ak_groups = groups

    def all_groups(self) -> Rows:
        """Return the groups that the user is in, also through others."""
        return self._models(self._state.all_groups_of(self._row))

    @property
    def is_superuser(self) -> bool:
        """Whether a group makes the user an administrator."""
        return self._state.is_superuser(self._row)

    @property
    def uid(self) -> str:
        """The user's hash."""
        return self._state.uid(self._row)

    def group_attributes(self, _request: object = None) -> dict[str, Any]:
        """Return the attributes of the groups, the user's own on top."""
        merged: dict[str, Any] = {}
        for group in self._state.all_groups_of(self._row):
            merged.update(group["attributes"])
        return {**merged, **self._row["attributes"]}

    def app_entitlements(self, application: Application) -> Rows:
        """Return the entitlements of an application that the user has."""
        found = self._state.entitlements_of(self._row, application.pk)
        return Rows(Entitlement(self._state, row) for row in found)

    def app_entitlements_attributes(self, application: Application) -> dict[str, Any]:
        """Return the attributes of those entitlements, the user's own on top."""
        merged: dict[str, Any] = {}
        for each in self.app_entitlements(application):
            merged.update(each.attributes)
        return {**merged, **self._row["attributes"]}


class Provider(Model):
    """A provider; one whose application is gone has no ``application``."""

    @property
    def application(self) -> Application:
        """The application that uses this provider."""
        found = self._state.find("applications", provider=self._row["pk"])
        if found is None:
            raise LookupError("OAuth2Provider has no application.")
        return Application(self._state, found)


class Request:
    """What an expression knows of the request."""

    def __init__(self, user: User, context: dict[str, Any] | None = None) -> None:
        self.user = user
        self.context = context or {}
        self.http_request = None


def _source(expression: str) -> str:
    return HEAD + textwrap.indent(expression, "    ", lambda _line: True) + "\n"


def syntax_error(expression: str, name: str) -> str:
    """Return authentik's complaint about an expression that doesn't compile, or an empty text."""
    try:
        compile(_source(expression), name, "exec")
    except (SyntaxError, ValueError) as error:
        return f"Expression Syntax Error: {error}"
    return ""


def _flatten(value: Any) -> Any:
    return next(iter(value), None) if isinstance(value, list | tuple) else value


# The helpers of authentik's expressions that say something about these objects or about texts.
HELPERS: dict[str, Any] = {
    "ak_is_sso_flow": False,  # nobody comes here from another provider
    "ak_is_group_member": lambda user, **group: user.all_groups().filter(**group).exists(),
    "list_flatten": _flatten,
    "regex_match": lambda value, pattern: re.search(pattern, value) is not None,
    "regex_replace": lambda value, pattern, into: re.sub(pattern, into, value),
}


def run(expression: str, user: User, provider: Provider | None = None, token: Any = None, **helpers: Any) -> Any:
    """Run an expression: bare statements with ``return``."""
    space: dict[str, Any] = HELPERS | helpers
    exec(compile(_source(expression), "<expression>", "exec"), space)
    return space["_expression"](Request(user), user, provider, token, {})


def evaluate_policy(state: State, expression: str, user: Row, messages: list[str] | None = None) -> bool:
    """Run a policy's expression for a user; what it has to say is added to the messages."""
    said = [] if messages is None else messages
    return bool(run(expression, User(state, user), ak_message=said.append))
