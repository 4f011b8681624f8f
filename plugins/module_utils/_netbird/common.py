# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What NetBird's kinds of objects have in common: whole objects, ids, and rows that name what they refer to as objects.

PRIVATE to this collection. Everything here was measured on 0.77.1.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import ALL_KEYS, Field, Resource

Row = Mapping[str, Any]
# Go's zero time: never.
NEVER = "0001-01-01T00:00:00Z"


def netbird_kind(kind: str, path: str, *fields: Field, **more: Any) -> Resource:
    """A kind of NetBird's objects: they have ids, and a PUT replaces them."""
    return Resource(kind, path, fields, **{"id": "id", "ref": "id", "whole": ALL_KEYS, **more})


def groups(name: str, **more: Any) -> Field:
    """A setting that holds groups, by name."""
    return Field(name, type="list", elements="str", ref="group", unordered=True, **more)


def enabled() -> Field:
    """Left out of a PUT it would be off, so a new object is given it."""
    return Field("enabled", type="bool", default=True)


def ids_of(*keys: str) -> Callable[[Row], Row]:
    """Rows in which these keys hold ids in place of objects."""

    def reading(row: Row) -> Row:
        return {**row, **{key: ids(row[key]) for key in keys if key in row}}

    return reading


def ids(objects: Iterable[Any] | None) -> list[Any]:
    return [each["id"] if isinstance(each, Mapping) else each for each in objects or []]


def typed(found: Mapping[str, Any]) -> str:
    """A network resource as policies and groups refer to it, with its type: C(host/dc31…)."""
    return f"{found['type']}/{found['id']}"


def untyped(reference: str) -> dict[str, str]:
    """What is sent for that."""
    kind, _slash, found = reference.partition("/")
    return {"id": found, "type": kind}


def address(value: Any) -> Any:
    """An address or a range as NetBird shows it, a host as its range; a name as it is."""
    try:
        return str(ipaddress.ip_interface(value))
    except ValueError:
        return value


def expired(moment: str, days: int) -> bool:
    """Whether a time such as C(2026-11-25T23:07:08.437814047Z) is past within so many days."""
    # Python reads no nanoseconds.
    at = datetime.strptime(moment[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return moment != NEVER and at <= datetime.now(timezone.utc) + timedelta(days=days)


def listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in sorted(names))
