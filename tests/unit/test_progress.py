# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a task says how far it is."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.utils.display import Display

from ansible_collections.zerotrust.netbird_authentik.plugins.plugin_utils import _progress
from ansible_collections.zerotrust.netbird_authentik.plugins.plugin_utils._progress import Progress


class Watched:
    """A task with a clock of its own, and what it showed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, terminal: bool, verbosity: int = 0) -> None:
        self.now = 1000.0
        self.shown: list[tuple[str, dict[str, Any]]] = []
        monkeypatch.setattr(_progress, "ON_TERMINAL", terminal)
        monkeypatch.setattr(_progress.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(Display(), "verbosity", verbosity)
        monkeypatch.setattr(Display(), "log_verbosity", verbosity)
        monkeypatch.setattr(Display, "display", lambda _display, text, **how: self.shown.append((text, how)))
        self.progress = Progress("localhost")

    def after(self, seconds: float, done: int) -> list[str]:
        """What is shown when so many of 30 are done, so many seconds after the beginning."""
        self.shown.clear()
        self.now = 1000.0 + seconds
        self.progress(done, 30)
        return [text for text, _how in self.shown]


def test_a_terminal_has_one_line_that_overwrites_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, terminal=True)
    assert watched.after(4.9, 1) == []
    assert watched.after(5.0, 2) == ["\rchanging: [localhost] 2/30"]
    assert watched.shown[0][1] == {"screen_only": True, "newline": False}
    assert watched.after(5.9, 3) == []
    assert watched.after(6.0, 10) == ["\rchanging: [localhost] 10/30"]
    watched.shown.clear()
    watched.progress.clear()
    assert watched.shown == [("\r" + " " * len("changing: [localhost] 10/30") + "\r", {"screen_only": True, "newline": False})]


@pytest.mark.parametrize("terminal", [True, False])
def test_a_short_task_shows_nothing(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    watched = Watched(monkeypatch, terminal=terminal, verbosity=1)
    assert watched.after(4.9, 30) == []
    watched.progress.clear()
    assert watched.shown == []


def test_elsewhere_it_takes_verbosity(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, terminal=False)
    assert watched.after(60, 2) == []
    watched.progress.clear()
    assert watched.shown == []


def test_elsewhere_lines_are_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, terminal=False, verbosity=1)
    shown = {second: watched.after(second, second) for second in range(16)}
    assert {second: lines for second, lines in shown.items() if lines} == {
        second: [f"changing: [localhost] {second}/30"] for second in (5, 10, 15)
    }
    watched.progress.clear()
    assert len(watched.shown) == 1
