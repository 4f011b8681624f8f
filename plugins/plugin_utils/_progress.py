# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a long task is, for whoever watches ansible-playbook."""

from __future__ import annotations

import sys
import time

from ansible.utils.display import Display

# A worker is cut off from the terminal: asked is where ansible-playbook loads the action plugin, before it forks one.
ON_TERMINAL = sys.stdout.isatty()
# Seconds: before anything is shown, between two looks of one line on a terminal, and between two lines of a log.
QUIET = 5.0
TERMINAL_PAUSE = 1.0
LOG_PAUSE = 5.0


class Progress:
    """Shows the changes of a task: one line that overwrites itself on a terminal, with C(-v) a line now and then elsewhere."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._display = Display()
        self._next = time.monotonic() + QUIET
        self._width = 0

    def __call__(self, done: int, total: int) -> None:
        """Show that so many of all changes are made, if it is time to."""
        now = time.monotonic()
        if now < self._next:
            return
        line = f"changing: [{self._host}] {done}/{total}"
        if ON_TERMINAL:
            self._next = now + TERMINAL_PAUSE
            self._width = len(line)
            self._display.display(f"\r{line}", screen_only=True, newline=False)
        else:
            self._next = now + LOG_PAUSE
            self._display.v(line)

    def clear(self) -> None:
        """Take the line from the terminal, so that the result takes its place."""
        if self._width:
            self._display.display(f"\r{' ' * self._width}\r", screen_only=True, newline=False)
