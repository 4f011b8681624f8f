# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How names become ids: with how many requests, in how much time, and what is said of those that are not there."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pytest

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.service import Row, Service
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import Field, Resource, Unknown

PAGE = 100
PERSON = Resource(kind="person", path="people/", filter="name", fields=(Field("name", required=True), Field("team", ref="team")))


class Server(Service):
    """A server in memory, of lists with pages; its filter finds every name that contains what is asked for."""

    name = "the server"
    references: ClassVar = {
        "person": Resource("person", "people/", filter="name"),
        "team": Resource("team", "teams/", by=("slug", "name"), prefer=lambda row: row["own"]),
    }

    def __init__(self, *, check_mode: bool = False, **lists: list[Row]) -> None:
        self.warnings: list[str] = []
        super().__init__(None, check_mode=check_mode, warn=self.warnings.append)  # type: ignore[arg-type]
        self.asked: list[str] = []
        self._served = {f"{name}/": rows for name, rows in lists.items()}

    def prefix(self, path: str) -> str:
        return f"/api/{path}"

    def pages(self, path: str, params: Mapping[str, Any]) -> Iterator[tuple[list[Row], int]]:
        rows = [row for row in self._served[path] if params.get("name", "") in row["name"]]
        pages = max(1, -(-len(rows) // PAGE))
        for page in range(pages):
            self.asked.append(params.get("name", path))
            yield rows[page * PAGE : (page + 1) * PAGE], pages - page - 1


def people(number: int) -> list[Row]:
    return [{"pk": index, "name": f"p{index:04}"} for index in range(number)]


def names(*numbers: int) -> list[str]:
    return [f"p{number:04}" for number in numbers]


# How many there are, which are wanted, and how many requests that takes.
REQUESTS = {
    "one": (5000, [4999], 1),
    "none": (5000, [], 0),
    "two of a short list": (50, [3, 4], 1),
    "as many pages as names": (300, [3, 299], 3),
    "a few of very many": (5000, [3, 299, 4999], 4),
    "all of many": (1000, list(range(1000)), 10),
}


@pytest.mark.parametrize(("number", "wanted", "requests"), REQUESTS.values(), ids=list(REQUESTS))
def test_requests(number: int, wanted: list[int], requests: int) -> None:
    service = Server(people=people(number))
    service.look_up({"person": names(*wanted)})
    assert [service.id_of("person", name) for name in names(*wanted)] == wanted
    assert len(service.asked) == requests

    service = Server(people=people(number))
    found = service.find_each(PERSON, "name", names(*wanted))
    assert [row and row["pk"] for row in found] == wanted
    assert len(service.asked) == requests


def test_a_list_that_was_read_is_not_asked_for_one() -> None:
    service = Server(people=people(50))
    service.look_up({"person": names(3, 4)})
    service.look_up({"person": names(5)})
    assert service.find(PERSON, "name", "p0006") == {"pk": 6, "name": "p0006"}
    assert service.asked == ["people/"]


def test_what_is_known_is_not_asked_for() -> None:
    service = Server(people=people(50))
    service.learn("person", "p0003", 7)
    assert service.resolve(Resource("x", "x/", (Field("who", ref="person"),)), [{"who": "p0003"}]) == [{"who": 7}]
    assert service.asked == []
    assert service.named_rows({"person": ["p0003"]})["person"]["p0003"]["pk"] == 3
    assert service.id_of("person", "p0003") == 3


def test_a_row_that_answers_several_questions_is_one() -> None:
    service = Server(people=[*people(500), {"pk": 501, "name": "p0001 the second"}])
    service.look_up({"person": ["p0001", "p0001 the second"]})
    assert service.asked == ["people/", "p0001", "p0001 the second"]
    assert [service.id_of("person", name) for name in ("p0001", "p0001 the second")] == [1, 501]


@pytest.mark.parametrize("number", [1, 1000])
def test_what_does_not_exist_is_named_in_one_error(number: int) -> None:
    service = Server(people=people(number), teams=[])
    with pytest.raises(Failure, match=r"the server has no person 'x' \(in /api/people/\) and no team 'y' \(in /api/teams/\)"):
        service.look_up({"person": ["p0000", "x"], "team": ["y"]})
    assert service.named_rows({"person": ["p0000", "x"]}, required=False)["person"].keys() == {"p0000"}


def test_what_does_not_exist_in_check_mode() -> None:
    service = Server(check_mode=True, people=people(1))
    assert isinstance(service.id_of("person", "x"), Unknown)
    assert service.warnings == ["person 'x' does not exist in the server yet; a run without check mode needs it."]


def test_which_of_several_is_meant() -> None:
    own, other = {"pk": 1, "slug": "a", "name": "A", "own": True}, {"pk": 2, "slug": "b", "name": "A", "own": False}
    assert Server(teams=[own, other]).id_of("team", "A") == 1
    assert Server(teams=[other, {**own, "slug": "A"}]).id_of("team", "A") == 1
    with pytest.raises(Failure, match=r"the server has 2 objects that are team 'A' \(ids 2, 2\): which one is meant"):
        Server(teams=[other, other]).id_of("team", "A")
    with pytest.raises(Failure, match=r"the server has 2 objects that are person 'p0000' \(ids 0, 7\)"):
        Server(people=[*people(1), {"pk": 7, "name": "p0000"}]).find(PERSON, "name", "p0000")


def test_ten_thousand_names_take_no_time() -> None:
    number = 10_000
    service = Server(people=people(number))
    began = time.process_time()
    service.resolve(Resource("x", "x/", (Field("who", ref="person"),)), [{"who": name} for name in names(*range(number))])
    service.find_each(PERSON, "name", names(*range(number)))
    # Looking through all rows for each name takes some ten seconds.
    assert time.process_time() - began < 2
