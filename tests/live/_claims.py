# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is claimed of both set-ups in the same words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from live._breaks import Break
from live._servers import Row, difference
from live._setup import Setup
from support import COLLECTION

# Changed variables, and what the message has to say.
Wrong = Mapping[str, tuple[Row, str]]


def assert_refused_before_a_write(setup: Setup, cases: Wrong) -> None:
    """Each of these variables is refused with its message, all in one play that goes on when a run of the role fails."""
    inventory = setup.live.inventory()
    role = {"ansible.builtin.include_role": {"name": f"{COLLECTION}.{setup.kind}"}}
    caught = [{"ansible.builtin.debug": {"msg": "It failed, as it should"}}]
    tasks = [
        {"name": name, "block": [{**role, "vars": setup.variables(**changed)}], "rescue": caught}
        for name, (changed, _part) in cases.items()
    ]
    played = setup.live.play(tasks, connection=False)
    assert played.code == 0, played.output
    assert "Traceback" not in played.output
    said = [str(task.result.get("msg")) for task in played.tasks if task.status == "failed"]
    unsaid = [
        (name, message) for (name, (_changed, part)), message in zip(cases.items(), said, strict=True) if part not in message
    ]
    assert unsaid == []
    assert difference(inventory, setup.live.inventory()) == []


def assert_named_and_made_good(setup: Setup, it: Break) -> None:
    """A mistake is named by its cause and nothing else, and the next run of the role makes it good."""
    if it.needs and it.needs not in setup.provider:
        pytest.skip(f"this authentik has no {it.needs}")
    try:
        it.make(setup)
        rows = setup.verify(**it.login, **({"device": True} if it.device else {}))
    finally:
        it.again(setup)
        healed = setup.play(*(() if it.host else setup.without_host))
    # Who is there twice is in NetBird, which the standalone set-up has only where its program is started.
    also = "" if it.also == "person-twice" and not setup.live.management else it.also
    assert causes(rows) == {it.cause, also} - {""}, wrong(rows)
    assert healed.code == 0, healed.output
    rows = setup.verify()
    assert causes(rows) == set(), f"it is not good again: {wrong(rows)}"


def causes(rows: Iterable[Row]) -> set[str]:
    """The causes that a verification names.

    It is left out what follows from any, that a person's groups are others, and the warning that authentik's default deserves.
    """
    return {row["cause"] for row in rows} - {"", "groups-differ", "session-outlives-logout"}


def wrong(rows: Iterable[Row]) -> list[Row]:
    """The rows to show when a test fails."""
    return [row for row in rows if row["result"] != "passed"]
