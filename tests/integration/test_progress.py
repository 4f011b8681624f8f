# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task that takes longer than people wait in silence says how far it is."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.context import Context
from ansible_collections.zerotrust.netbird_authentik.plugins.modules import authentik_groups
from simulators._server import Fault
from support import COLLECTION, Servers

NUMBER = 30
# With four under way at a time, 30 groups take six seconds and more.
SLOW = Fault("slow", method="POST", path="core/groups", times=None, seconds=0.8)
LINE = re.compile(rf"changing: \[localhost\] (\d+)/{NUMBER}")


def start(servers: Servers, prefix: str, output: int, *options: str) -> subprocess.Popen[bytes]:
    """A playbook that makes groups whose names begin with ``prefix``."""
    groups = [{"name": f"{{{{ prefix }}}}-{number}"} for number in range(NUMBER)]
    task = {f"{COLLECTION}.authentik_groups": {"groups": groups}}
    command, env = servers.command([task], servers.connection, "--extra-vars", f"prefix={prefix}", *options)
    del env["ANSIBLE_CALLBACKS_ENABLED"]
    return subprocess.Popen(command, env=env, cwd=servers.folder, stdout=output, stderr=output)


def written(terminal: int) -> Iterator[str]:
    """What is written to a terminal, as it comes, until the last program that has it open ends."""
    with suppress(OSError), open(terminal, "rb", buffering=0) as file:
        while part := file.read(65536):
            yield part.decode().replace("\r\n", "\n")


def on_screen(text: str) -> list[str]:
    """The lines that are left of it: what follows a carriage return overwrites the line."""
    lines = []
    for written in text.split("\n"):
        line = ""
        for part in written.split("\r"):
            line = part + line[len(part) :]
        lines.append(line.rstrip())
    return lines


def test_a_long_task_says_how_far_it_is(servers: Servers) -> None:
    servers.authentik.inject(SLOW)
    terminal, other_end = pty.openpty()
    watched = start(servers, "watched", other_end)
    os.close(other_end)
    piped = start(servers, "piped", subprocess.PIPE)
    verbose = start(servers, "verbose", subprocess.PIPE, "-v")

    text = ""
    for part in written(terminal):
        if LINE.search(text + part) and not LINE.search(text):
            assert "changed:" not in part
        text += part
    assert watched.wait() == 0, text
    shown = [int(done) for done in LINE.findall(text)]
    assert 1 <= len(shown) < NUMBER / 2
    assert shown == sorted(set(shown))
    assert "changed: [localhost]" in on_screen(text)
    assert not [line for line in on_screen(text) if f"/{NUMBER}" in line]

    quiet = piped.communicate()[0].decode()
    assert piped.returncode == 0, quiet
    assert f"/{NUMBER}" not in quiet

    log = verbose.communicate()[0].decode()
    assert verbose.returncode == 0, log
    lines = [line for line in log.splitlines() if LINE.fullmatch(line)]
    assert 1 <= len(lines) < NUMBER / 5
    assert len(servers.authentik.writes) == 3 * NUMBER


def test_each_change_is_counted_and_none_in_check_mode(servers: Servers) -> None:
    seen: list[tuple[int, int]] = []
    params: dict[str, Any] = {**servers.connection, "validate_certs": True, "ca_path": None, "timeout": 30.0}
    params |= {"groups": [{"name": name} for name in "abc"], "concurrency": 1, "prune": False, "state": "present"}
    for check_mode in (True, False, False):
        authentik_groups.run(Context(params, check_mode, progress=lambda *numbers: seen.append(numbers)))
        assert seen == ([] if check_mode else [(1, 3), (2, 3), (3, 3)])
