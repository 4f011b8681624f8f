"""A playbook that is killed on its way."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
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
    for each in _descendants(process.pid):
        os.kill(each, signal.SIGKILL)
    process.wait()


def _descendants(pid: int) -> list[int]:
    """A process and all that it started: Ansible's workers are in process groups of their own, and would live on."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _descendants(int(child)))]
