# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook that is killed on its way."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path


def killed(command: Sequence[str], env: Mapping[str, str], far_enough: Callable[[], bool]) -> None:
    """Run ansible-playbook until it is far enough, and kill it there."""
    unrecorded = {name: value for name, value in env.items() if name != "ANSIBLE_CALLBACKS_ENABLED"}
    process = subprocess.Popen(command, env=unrecorded, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not far_enough():
        assert process.poll() is None, "the play ended before it could be killed"
        assert time.monotonic() < deadline, "the play never came that far"
        time.sleep(0.01)
    for each in descendants(process.pid):
        os.kill(each, signal.SIGKILL)
    process.wait()


def descendants(pid: int) -> list[int]:
    """A process and all that it started: Ansible's workers are in process groups of their own, and would live on."""
    children: list[str] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        # It may have ended meanwhile.
        with suppress(OSError):
            children += task.read_text().split()
    return [pid, *(each for child in children for each in descendants(int(child)))]
