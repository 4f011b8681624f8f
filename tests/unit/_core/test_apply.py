# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes side by side: what may go together and what has to wait, how many at a time, and what a failure leaves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.apply import apply
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import ApiError, Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.plan import Operation, phases
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.service import Row, Service
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import Field, Resource, Unknown

GROUP = Resource(kind="group", path="groups", fields=(Field("name"),))
BINDING = Resource(kind="binding", path="bindings", identity=("group",), fields=(Field("group"),))


def create(name: str, resource: Resource = GROUP, **values: Any) -> Operation:
    return Operation("create", resource, resource.named(name), {"name": name, **values})


def delete(name: str, resource: Resource = GROUP) -> Operation:
    return Operation("delete", resource, resource.named(name), current={"pk": name})


def bind(label: str, group: Any) -> Operation:
    return Operation("create", BINDING, BINDING.named(label), {"group": group})


def labels(groups: list[list[Operation]]) -> list[list[str]]:
    return [[str(operation) for operation in group] for group in groups]


class Server(Service):
    """It answers a write with what was written, once ``meanwhile`` has returned."""

    name = "server"

    def __init__(self, meanwhile: Callable[[str, Any], None]) -> None:
        self.meanwhile = meanwhile
        self.written: list[tuple[str, Any]] = []
        self.threads: set[str] = set()

    def pages(self, path: str, params: Mapping[str, Any]) -> Iterator[tuple[list[Row], int]]:
        yield [], 0

    def url(self, resource: Resource, row: Mapping[str, Any]) -> str:
        return f"{resource.path}/{row['pk']}"

    def write(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        self.threads.add(threading.current_thread().name)
        what = (body or {}).get("name") or (body or {}).get("group") or path
        self.meanwhile(method, what)
        self.written.append((method, what))
        return {"pk": f"pk of {what}", **(body or {})}


def refuse(*names: str) -> Callable[[str, Any], None]:
    def meanwhile(_method: str, what: Any) -> None:
        if what in names:
            raise ApiError(f"server said: {what} is not liked.", method="POST", path="groups", status=400, detail="not liked")

    return meanwhile


def agree(_method: str, _what: Any) -> None:
    """Nothing happens meanwhile."""


def test_what_needs_nothing_goes_together() -> None:
    operations = [create("a"), create("b"), create("c")]
    assert phases(operations) == [operations]


def test_what_is_referred_to_goes_first_and_what_is_removed_last() -> None:
    new, old = create("new"), delete("old")
    unbound = Operation("delete", BINDING, "binding of old", current={"pk": "old"})
    to_new = bind("to new", Unknown("new", new))
    to_there = bind("to there", "pk of there")
    assert labels(phases([old, new, to_new, to_there, unbound])) == [
        ["create group 'new'", "create binding 'to there'"],
        ["create binding 'to new'"],
        ["delete binding of old"],
        ["delete group 'old'"],
    ]


def test_a_removal_that_something_waits_for_goes_before_it() -> None:
    removal = delete("x")
    anew = Operation("create", GROUP, "group 'x'", {"name": "x"}, after=[removal])
    assert labels(phases([removal, anew, delete("y")])) == [["delete group 'x'"], ["create group 'x'"], ["delete group 'y'"]]


@pytest.mark.parametrize("concurrency", [1, 4])
def test_values_of_earlier_operations_are_filled_in(concurrency: int) -> None:
    groups = [create(f"g{number}") for number in range(10)]
    bindings = [bind(f"b{number}", Unknown("group", group)) for number, group in enumerate(groups)]
    server = Server(agree)
    rows = apply(server, [*groups, *bindings], concurrency=concurrency)
    assert list(rows) == [*groups, *bindings]
    assert [rows[binding]["group"] for binding in bindings] == [f"pk of g{number}" for number in range(10)]
    assert {what for _method, what in server.written[:10]} == {f"g{number}" for number in range(10)}


def test_so_many_are_under_way_and_no_more() -> None:
    together = threading.Barrier(4, timeout=10)
    lock, under_way, most = threading.Lock(), 0, 0

    def meanwhile(_method: str, _what: Any) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        together.wait()
        with lock:
            under_way -= 1

    server = Server(meanwhile)
    apply(server, [create(f"g{number}") for number in range(12)], concurrency=4)
    assert most == 4
    assert len(server.threads) == 4
    assert len(server.written) == 12


def test_one_alone_and_a_concurrency_of_one_stay_in_the_task_s_thread() -> None:
    here = {threading.current_thread().name}
    server = Server(agree)
    apply(server, [create("a"), bind("b", "x")], concurrency=1)
    assert server.threads == here
    apply(server, [delete("a")], concurrency=4)
    assert server.threads == here
    assert server.written == [("POST", "a"), ("POST", "x"), ("DELETE", "groups/a")]


def test_results_keep_the_plan_s_order_whatever_is_answered_first() -> None:
    def meanwhile(_method: str, what: Any) -> None:
        deadline = time.monotonic() + 10
        while what == "g0" and len(server.written) < 3:
            assert time.monotonic() < deadline, "the others were never written"
            time.sleep(0.001)

    server = Server(meanwhile)
    operations = [create(f"g{number}") for number in range(4)]
    assert list(apply(server, operations, concurrency=4)) == operations
    assert server.written[-1] == ("POST", "g0")


def test_a_failure_stops_what_has_not_begun_and_says_what_was_done() -> None:
    operations = [create(f"g{number}") for number in range(6)]
    server = Server(refuse("g2"))
    with pytest.raises(ApiError) as caught:
        apply(server, [*operations, delete("old")], concurrency=1)
    assert str(caught.value) == (
        "Could not create group 'g2': server said: g2 is not liked. "
        "2 other changes of this task were made; the next run goes on from there."
    )
    assert caught.value.result()["changes"] == ["create group 'g0'", "create group 'g1'"]
    assert caught.value.result()["changed"] is True
    assert caught.value.result()["error"]["status"] == 400
    assert [what for _method, what in server.written] == ["g0", "g1"]


def test_what_is_under_way_when_one_fails_ends_and_is_told() -> None:
    begun, failed = threading.Barrier(4, timeout=10), threading.Event()

    def meanwhile(_method: str, what: Any) -> None:
        if what in ("g0", "g1", "g2", "g3"):
            begun.wait()
        if what in ("g1", "g3"):
            failed.set()
            refuse("g1", "g3")(_method, what)
        assert failed.wait(10)

    server = Server(meanwhile)
    with pytest.raises(Failure) as caught:
        apply(server, [create(f"g{number}") for number in range(200)], concurrency=4)
    message = str(caught.value)
    assert message.startswith("Could not create group 'g1': server said: g1 is not liked. 1 more that were under way failed too.")
    made = [what for _method, what in server.written]
    assert {"g0", "g2"} <= set(made)
    # A worker that is quicker than the failure may have begun some more.
    assert len(made) < 198
    assert sorted(caught.value.done) == sorted(f"create group {what!r}" for what in made)


def test_a_failure_of_the_first_says_of_nothing_that_it_was_done() -> None:
    with pytest.raises(Failure) as caught:
        apply(Server(refuse("g0")), [create("g0"), create("g1")])
    assert str(caught.value) == "Could not create group 'g0': server said: g0 is not liked."
    assert "changes" not in caught.value.result()


@pytest.mark.parametrize("concurrency", [1, 4])
def test_progress_is_told_in_the_task_s_thread(concurrency: int) -> None:
    told: list[tuple[int, int, str]] = []

    def progress(done: int, total: int) -> None:
        told.append((done, total, threading.current_thread().name))

    apply(Server(agree), [create(f"g{number}") for number in range(8)], concurrency=concurrency, progress=progress)
    assert {name for _done, _total, name in told} == {threading.current_thread().name}
    assert told[-1][:2] == (8, 8)
    assert [done for done, _total, _name in told] == sorted(done for done, _total, _name in told)


# Two tasks that make the same object at once

FIELDS = (Field("name"), Field("colour"))
UNIQUE = Resource("group", "groups", FIELDS)
TWICE = Resource("policy", "policies", FIELDS, twins=True)


class SharedServer(Service):
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


def ours(resource: Resource) -> Operation:
    return Operation("create", resource, "ours", {"name": "a", "colour": "red"}, frozenset(["name", "colour"]))


def test_what_another_made_meanwhile_is_brought_to_what_was_asked() -> None:
    server = SharedServer({"pk": "3", "name": "a", "colour": "blue"}, unique=True)
    operation = ours(UNIQUE)
    assert apply(server, [operation])[operation]["pk"] == "3"
    assert server.stored == [{"pk": "3", "name": "a", "colour": "red"}]
    assert server.written == ["POST groups", "PATCH groups/3"]


def test_what_another_made_equal_meanwhile_is_left() -> None:
    server = SharedServer({"pk": "3", "name": "a", "colour": "red"}, unique=True)
    apply(server, [ours(UNIQUE)])
    assert server.written == ["POST groups"]


def test_a_refusal_of_what_is_not_there_stays_one() -> None:
    server = SharedServer(unique=True, refuses=True)
    with pytest.raises(Failure, match="Could not create ours: server said: it exists"):
        apply(server, [ours(UNIQUE)])


def test_of_two_the_first_stays() -> None:
    server = SharedServer({"pk": "3", "name": "a", "colour": "blue"}, unique=False)
    operation = ours(TWICE)
    assert apply(server, [operation])[operation]["pk"] == "3"
    assert server.stored == [{"pk": "3", "name": "a", "colour": "red"}]
    assert server.written == ["POST policies", "DELETE policies/5", "PATCH policies/3"]


def test_the_second_is_for_who_made_it_to_remove(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = {"pk": "7", "name": "a", "colour": "blue"}
    server = SharedServer(twin, {"pk": "1", "name": "b", "colour": "blue"}, unique=False)
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            server.stored.remove(twin)

    monkeypatch.setattr(time, "sleep", sleep)
    operation = ours(TWICE)
    assert apply(server, [operation])[operation]["pk"] == "5"
    assert (server.written, waited) == (["POST policies"], [0.2, 1.0])


def test_who_looked_before_there_were_two_removes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    server = SharedServer({"pk": "7", "name": "a", "colour": "blue"}, unique=False)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    operation = ours(TWICE)
    assert apply(server, [operation])[operation]["pk"] == "7"
    assert server.stored == [{"pk": "7", "name": "a", "colour": "red"}]
    assert server.written == ["POST policies", "DELETE policies/5", "PATCH policies/7"]


def test_what_is_read_before_a_write_and_cannot_be_read_is_said_of_the_write(monkeypatch: pytest.MonkeyPatch) -> None:
    server = SharedServer(unique=True)
    whole = Resource("policy", "policies", FIELDS, whole=("name", "colour"))
    change = Operation("update", whole, "policy 'a'", {"colour": "red"}, current={"pk": "1", "name": "a", "colour": "blue"})
    error = ApiError("server said: no.", method="GET", path="policies", status=500, detail="no")

    def pages(_path: str, _params: Mapping[str, Any]) -> Iterator[tuple[list[Row], int]]:
        raise error

    monkeypatch.setattr(server, "pages", pages)
    with pytest.raises(Failure, match=r"Could not update policy 'a': server said: no\."):
        apply(server, [change])
    assert server.written == []


def test_what_another_changed_meanwhile_stays() -> None:
    server = SharedServer(unique=True)
    server.stored.append({"pk": "1", "name": "theirs", "colour": "blue"})
    whole = Resource("policy", "policies", FIELDS, whole=("name", "colour"))
    change = Operation("update", whole, "policy 'a'", {"colour": "red"}, current={"pk": "1", "name": "a", "colour": "blue"})
    apply(server, [change])
    assert server.stored == [{"pk": "1", "name": "theirs", "colour": "red"}]
