# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On which servers the suite runs, what it says at its end, and what all of its tests share.

By itself it runs on the stand-ins. With ``--live`` (``make live``) it runs on the servers that the environment names, and with
``--clean-up`` it only takes back what an interrupted run left there.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from live._breaks import Break
from live._servers import Live, Row, difference
from live._setup import Setup
from live._use import named_by, stand_ins, used
from support import Played
from tools.run import LIVE


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("live")
    group.addoption("--live", action="store_true", help="against the servers that the environment names")
    group.addoption("--clean-up", action="store_true", help="only take back what an interrupted run left there")


# What was given is for the suite. The roles are told each server by their variables, and of no other by the environment.
GIVEN = dict(os.environ)


def pytest_configure(config: pytest.Config) -> None:
    missing = [name for name in LIVE if not GIVEN.get(name)]
    if config.getoption("live", False) and missing:
        raise pytest.UsageError(f"The environment lacks {', '.join(missing)}.")
    for name in LIVE:
        os.environ.pop(name, None)
    # What was made is taken back then too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On the stand-ins one is enough of several mistakes that are made in the same way: their causes have tests of their own."""
    if config.getoption("live", False):
        return
    seen: set[tuple[Path, str]] = set()
    repeated = []
    for item in items:
        it = item.callspec.params.get("it") if hasattr(item, "callspec") else None
        if isinstance(it, Break):
            made = item.path, it.make.__qualname__
            if made in seen:
                repeated.append(item)
            seen.add(made)
    items[:] = [item for item in items if item not in repeated]
    config.hook.pytest_deselected(items=repeated)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    count = {name: len(terminalreporter.getreports(name)) for name in ("passed", "failed", "error", "skipped")}
    terminalreporter.write_sep("=", "the same proof on servers of one's own")
    terminalreporter.write_line(
        f"{count['passed']} passed, {count['failed'] + count['error']} failed, {count['skipped']} skipped"
    )


@pytest.fixture(scope="module")
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("live")
    if request.config.getoption("live", False):
        with used(named_by(GIVEN, folder), clean_up=request.config.getoption("clean_up")) as servers:
            yield servers
    else:
        with stand_ins(folder) as made, used(made) as servers:
            yield servers


@pytest.fixture(scope="module")
def before(live: Live) -> dict[str, Any]:
    """What the servers had before anything was made."""
    return live.inventory()


@pytest.fixture(scope="module")
def nothing_left(live: Live, before: Row) -> Iterator[None]:
    """All of it is the suite's own, and goes at the end."""
    yield
    live.take_back()
    live.remember()
    live.make_fresh()
    assert difference(before, live.inventory()) == []


# Each file has its own ``setup``


@pytest.fixture(scope="module")
def checked(setup: Setup) -> Played:
    """A run in check mode, on servers that have the people and nothing else."""
    return setup.play("--check", "--diff")


@pytest.fixture(scope="module")
def first(setup: Setup, checked: Played) -> Played:
    return setup.play("--diff")


@pytest.fixture
def working(setup: Setup, first: Played) -> Setup:
    """The set-up, for what can be seen only where its first run came to its end."""
    if first.code:
        pytest.skip("the first run failed")
    return setup
