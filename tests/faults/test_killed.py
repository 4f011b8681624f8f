# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The management playbook, killed at every request that it makes: the next run finishes the job, and nothing is there twice."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from simulators import authentik, netbird
from simulators._server import Fault
from support import ROOT, VERSIONS, Servers

PLAYBOOK = ROOT / "playbooks/management.yml"
VARIABLES: dict[str, Any] = {
    "management_user_approval_required": False,
    "management_bindings": [{"group": "developers"}],
    "management_entitlements": [{"name": "nb-developers", "groups": ["developers"]}],
}


def fresh(folder: Path) -> Servers:
    servers = Servers(authentik.serve(version=VERSIONS[-1]), netbird.serve(), folder)
    servers.authentik.state.add_group("developers")
    return servers


def stop(servers: Servers) -> None:
    for server in servers.both:
        server.stop()


def kill_at(servers: Servers, which: int, number: int) -> None:
    """Run the playbook until one server has this many requests, the last of them unanswered, and kill it there."""
    server = servers.both[which]
    server.inject(Fault("slow", seconds=3600, skip=number, times=None))
    command, env = servers.command(PLAYBOOK, {**servers.connection, **VARIABLES})
    env.pop("ANSIBLE_CALLBACKS_ENABLED")
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 60
    while len(server.requests) <= number:
        assert process.poll() is None, "the play ended before it could be killed"
        assert time.monotonic() < deadline, "the play never came that far"
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    server.clear_faults()


@pytest.mark.parametrize("which", [0, 1], ids=["authentik", "netbird"])
def test_killed_anywhere(which: int, tmp_path: Path) -> None:
    servers = fresh(tmp_path)
    assert servers.play(PLAYBOOK, VARIABLES, record=False).code == 0
    expected = servers.comparable_snapshot()
    requests = [request.method for request in servers.both[which].requests]
    stop(servers)
    # What is killed while it reads leaves the same behind as when it was killed before: every write, and the read after it.
    writes = [index for index, method in enumerate(requests) if method != "GET"]
    for number in sorted({at for index in writes for at in (index, index + 1) if at < len(requests)}):
        servers = fresh(tmp_path)
        kill_at(servers, which, number)
        played = servers.play(PLAYBOOK, VARIABLES, record=False)
        assert played.code == 0, (number, played.output)
        assert servers.comparable_snapshot() == expected, number
        stop(servers)
