# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles, killed after every write that they make: the next run finishes the job, and nothing is there twice."""

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
from support import COLLECTION, VERSIONS, Servers

GROUPS = {"bindings": [{"group": "developers"}], "entitlements": [{"name": "nb-developers", "groups": ["developers"]}]}
SETUPS: dict[str, dict[str, Any]] = {
    "management": {"management_user_approval_required": False},
    "standalone": {
        "netbird_token": "",
        "standalone_netbird_url": "https://netbird.company",
        "standalone_service_account_access": "least",
    },
}


def role(setup: str) -> list[dict[str, Any]]:
    return [{"ansible.builtin.import_role": {"name": f"{COLLECTION}.{setup}"}}]


def variables(setup: str) -> dict[str, Any]:
    return {**SETUPS[setup], **{f"{setup}_{name}": value for name, value in GROUPS.items()}}


def fresh(folder: Path) -> Servers:
    servers = Servers(authentik.serve(version=VERSIONS[-1]), netbird.serve(), folder)
    servers.authentik.state.add_group("developers")
    return servers


def stop(servers: Servers) -> None:
    for server in servers.both:
        server.stop()


def kill_at(servers: Servers, setup: str, which: int, number: int) -> None:
    """Run the role until one server has this many requests, the last of them unanswered, and kill it there."""
    server = servers.both[which]
    server.inject(Fault("slow", seconds=3600, skip=number, times=None))
    command, env = servers.command(role(setup), {**servers.connection, **variables(setup)})
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


@pytest.mark.parametrize(("setup", "which"), [("management", 0), ("management", 1), ("standalone", 0)])
def test_killed_anywhere(setup: str, which: int, tmp_path: Path) -> None:
    servers = fresh(tmp_path)
    assert servers.play(role(setup), variables(setup), record=False).code == 0
    expected = servers.comparable_snapshot()
    requests = [request.method for request in servers.both[which].requests]
    stop(servers)
    # Only a write makes a difference to what is left behind: killed at the request after each, unanswered.
    for number in [index + 1 for index, method in enumerate(requests[:-1]) if method != "GET"]:
        servers = fresh(tmp_path)
        kill_at(servers, setup, which, number)
        played = servers.play(role(setup), variables(setup), record=False)
        assert played.code == 0, (number, played.output)
        assert servers.comparable_snapshot() == expected, number
        stop(servers)
