# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws of planning, on every way to combine a few settings: pure functions, so all of them can be tried."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.plan import (
    Operation,
    complete,
    difference,
    plan_object,
    plan_set,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import (
    HIDDEN,
    HIDDEN_WRITTEN,
    Field,
    Resource,
    Unknown,
    text,
)

THING = Resource(
    kind="thing",
    path="things/",
    fields=(
        Field("name", required=True),
        Field("title", api="meta_title", canonical=text),
        Field("tags", type="list", elements="str", unordered=True),
        Field("owner", ref="person"),
        Field("deep", api="extra.deep", type="bool"),
        Field("secret", secret=True),
        Field("hidden", secret=True, readable=False),
        Field("grants", type="list", elements="str", default=["code"], default_if_empty=True, since="2"),
    ),
)
# What a task may say about each setting; _OMITTED is not to say anything.
OMITTED = object()
CHOICES: dict[str, tuple[Any, ...]] = {
    "title": (OMITTED, "", "A"),
    "tags": (OMITTED, [], ["a", "b"]),
    "owner": (OMITTED, None, 7),
    "deep": (OMITTED, True, False),
    "secret": (OMITTED, "s1"),
}
ROWS: tuple[dict[str, Any] | None, ...] = (
    None,
    {"pk": 1, "name": "x", "meta_title": None, "tags": None, "owner": None, "extra": {"other": 1}, "secret": "s0", "grants": []},
    {
        "pk": 1,
        "name": "x",
        "meta_title": " A ",
        "tags": ["b", "a"],
        "owner": 7,
        "extra": {"deep": True},
        "secret": "s1",
        "grants": ["x"],
    },
)
TASKS = [
    {"name": "x", **{name: value for name, value in zip(CHOICES, values, strict=True) if value is not OMITTED}}
    for values in product(*CHOICES.values())
]


def everything(resource: Resource, field: Field, row: Any) -> bool:
    return True


def nothing_new(resource: Resource, field: Field, row: Any) -> bool:
    return not field.since


def carry_out(operation: Operation) -> dict[str, Any]:
    """A server that does as it is told."""
    return {"pk": 1, **dict(operation.current or {}), **operation.body()}


@pytest.mark.parametrize("row", ROWS)
def test_a_second_run_has_nothing_to_do(row: dict[str, Any] | None) -> None:
    for task in TASKS:
        operation = plan_object(THING, complete(THING, task, row, everything), row)
        after = carry_out(operation) if operation else row
        assert plan_object(THING, complete(THING, task, after, everything), after) is None, task


@pytest.mark.parametrize("row", [row for row in ROWS if row])
def test_what_a_task_leaves_out_is_left_alone(row: dict[str, Any]) -> None:
    for task in TASKS:
        operation = plan_object(THING, complete(THING, task, row, everything), row)
        if operation:
            # The one exception is documented: nothing at all is not a setting.
            assert set(operation.values) <= {*task, *(["grants"] if not row["grants"] else [])}
            after = carry_out(operation)
            assert after["extra"].get("other") == row["extra"].get("other")


def test_what_was_asked_is_there_afterwards() -> None:
    for task, row in product(TASKS, ROWS):
        operation = plan_object(THING, complete(THING, task, row, everything), row)
        after = carry_out(operation) if operation else row
        for field in THING.fields:
            if field.name in task:
                value = after["extra"].get("deep") if field.name == "deep" else after.get(field.path)
                assert not field.differs(task[field.name], value), (task, row, field.name)


def test_the_difference_and_the_plan_agree_and_keep_secrets() -> None:
    for task, row in product(TASKS, ROWS):
        operation = plan_object(THING, complete(THING, task, row, everything), row)
        shown = difference([operation] if operation else [], lambda kind, value: f"{kind}-{value}")
        if operation is None:
            assert shown == {"before": {}, "after": {}}
            continue
        assert set(shown["after"]["thing 'x'"]) == set(operation.values)
        assert (row is None) == (shown["before"] == {})
        assert "s1" not in str(shown)
        assert "s0" not in str(shown)
        if task.get("secret") and row and row["secret"] == "s0":
            assert shown["before"]["thing 'x'"]["secret"] == HIDDEN
            assert shown["after"]["thing 'x'"]["secret"] == HIDDEN_WRITTEN


def test_absence() -> None:
    assert plan_object(THING, None, None) is None
    operation = plan_object(THING, None, ROWS[2])
    assert operation is not None
    assert operation.action == "delete"
    shown = difference([operation], lambda kind, value: f"{kind}-{value}")
    assert shown["after"] == {}
    assert shown["before"]["thing 'x'"]["owner"] == "person-7"


def test_a_default_belongs_to_a_new_object_and_to_versions_that_know_it() -> None:
    assert complete(THING, {"name": "x"}, None, everything)["grants"] == ["code"]
    assert "grants" not in complete(THING, {"name": "x"}, None, nothing_new)
    assert "grants" not in complete(THING, {"name": "x"}, ROWS[2], everything)
    assert complete(THING, {"name": "x"}, ROWS[1], everything)["grants"] == ["code"]


def test_a_setting_that_the_version_lacks_is_an_error_when_it_was_asked_for() -> None:
    with pytest.raises(Failure, match="no setting grants"):
        complete(THING, {"name": "x", "grants": ["code"]}, None, nothing_new)


def test_a_secret_that_cannot_be_read_goes_along_with_other_changes_only() -> None:
    row = {"pk": 1, "name": "x", "meta_title": "A", "grants": ["x"]}
    assert plan_object(THING, {"name": "x", "title": "A", "hidden": "h"}, row) is None
    changed = plan_object(THING, {"name": "x", "title": "B", "hidden": "h"}, row)
    assert changed is not None
    assert changed.body() == {"meta_title": "B", "hidden": "h"}
    told = plan_object(THING, {"name": "x", "title": "A", "hidden": "h"}, row, update_secret=True)
    assert told is not None
    assert told.body() == {"hidden": "h"}


def test_a_server_that_replaces_objects_gets_them_whole() -> None:
    resource = Resource("pair", "pairs", (Field("a"), Field("b", api="inner.b")), whole=("a", "inner"), derived=("inner.sum",))
    operation = plan_object(resource, {"b": "2"}, {"id": 1, "a": "1", "inner": {"b": "1", "c": 3, "sum": 4}, "new": 5})
    assert operation is not None
    assert operation.body() == {"a": "1", "inner": {"b": "2", "c": 3}}


LINK = Resource("link", "links/", (Field("target"), Field("order", type="int", default=0)), identity=("target",))


def sets(wanted: list[dict[str, Any]], rows: list[dict[str, Any]], prune: bool) -> list[tuple[str, Any]]:
    labels = [f"link {item['target']}" for item in wanted]
    operations, references = plan_set(
        LINK, wanted, rows, labels=labels, prune=prune, row_label=lambda row: f"link {row['target']}"
    )
    assert len(references) == len(wanted)
    return [(operation.action, (operation.current or {}).get("pk", operation.values.get("target"))) for operation in operations]


def test_a_set() -> None:
    rows = [{"pk": 1, "target": "a", "order": 0}, {"pk": 2, "target": "b", "order": 0}]
    assert sets([{"target": "a"}], rows, prune=False) == []
    assert sets([{"target": "a"}], rows, prune=True) == [("delete", 2)]
    assert sets([{"target": "a", "order": 3}, {"target": "c"}], rows, prune=True) == [
        ("update", 1),
        ("create", "c"),
        ("delete", 2),
    ]


def test_of_equal_objects_the_right_one_is_kept() -> None:
    rows = [{"pk": 1, "target": "a", "order": 5}, {"pk": 2, "target": "a", "order": 0}]
    assert sets([{"target": "a", "order": 0}], rows, prune=False) == []
    assert sets([{"target": "a", "order": 0}], rows, prune=True) == [("delete", 1)]


def test_a_reference_to_an_object_of_the_same_plan_is_known_after_it() -> None:
    operations, (reference,) = plan_set(LINK, [{"target": "a"}], [], labels=["link a"], prune=False, row_label=str)
    assert isinstance(reference, Unknown)
    assert reference.source is operations[0]
    assert "known after apply" in repr(reference)
