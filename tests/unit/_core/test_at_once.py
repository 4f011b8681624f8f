# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two tasks that make the same object at once: what the server refuses is taken over, what it makes twice is made one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.apply import apply
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import ApiError, Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.plan import Operation
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.service import Row, Service
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import Field, Resource

FIELDS = (Field("name"), Field("colour"))
UNIQUE = Resource("group", "groups", FIELDS)
TWICE = Resource("policy", "policies", FIELDS, twins=True)


class Server(Service):
    """Another task makes ``others`` right before this one's first write."""

    name = "server"

    def __init__(self, *others: Mapping[str, Any], unique: bool, refuses: bool = False) -> None:
        self.others = list(others)
        self.unique = unique
        self.refuses = refuses
        self.stored: list[dict[str, Any]] = []
        self.written: list[str] = []

    def pages(self, path: str, params: Mapping[str, Any]) -> Iterator[tuple[list[Row], int]]:
        yield list(self.stored), 0

    def url(self, resource: Resource, row: Row) -> str:
        return f"{resource.path}/{row['pk']}"

    def write(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        self.written.append(f"{method} {path}")
        self.stored += [dict(each) for each in self.others]
        self.others = []
        if method == "POST":
            assert body is not None
            if self.refuses or (self.unique and body["name"] in [each["name"] for each in self.stored]):
                raise ApiError("server said: it exists.", method=method, path=path, status=409, detail="it exists")
            self.stored.append({"pk": "5", **body})
            return self.stored[-1]
        (row,) = [each for each in self.stored if path.endswith(f"/{each['pk']}")]
        if method == "DELETE":
            self.stored.remove(row)
            return {}
        row.update(body or {})
        return row


def create(resource: Resource) -> Operation:
    return Operation("create", resource, "ours", {"name": "a", "colour": "red"}, frozenset(["name", "colour"]))


def test_what_another_made_meanwhile_is_brought_to_what_was_asked() -> None:
    server = Server({"pk": "3", "name": "a", "colour": "blue"}, unique=True)
    operation = create(UNIQUE)
    assert apply(server, [operation])[operation]["pk"] == "3"
    assert server.stored == [{"pk": "3", "name": "a", "colour": "red"}]
    assert server.written == ["POST groups", "PATCH groups/3"]


def test_what_another_made_equal_meanwhile_is_left() -> None:
    server = Server({"pk": "3", "name": "a", "colour": "red"}, unique=True)
    apply(server, [create(UNIQUE)])
    assert server.written == ["POST groups"]


def test_a_refusal_of_what_is_not_there_stays_one() -> None:
    server = Server(unique=True, refuses=True)
    with pytest.raises(Failure, match="Could not create ours: server said: it exists"):
        apply(server, [create(UNIQUE)])


def test_of_two_the_first_stays() -> None:
    server = Server({"pk": "3", "name": "a", "colour": "blue"}, unique=False)
    operation = create(TWICE)
    assert apply(server, [operation])[operation]["pk"] == "3"
    assert server.stored == [{"pk": "3", "name": "a", "colour": "red"}]
    assert server.written == ["POST policies", "DELETE policies/5", "PATCH policies/3"]


def test_the_second_is_for_who_made_it_to_remove() -> None:
    server = Server({"pk": "7", "name": "a", "colour": "blue"}, {"pk": "1", "name": "b", "colour": "blue"}, unique=False)
    operation = create(TWICE)
    assert apply(server, [operation])[operation]["pk"] == "5"
    assert server.written == ["POST policies"]
