# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task with four writes under way at a time, killed at every one of its requests: the next run ends as if nothing had been.

What is under way then is either lost or done by the server without anybody hearing of it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulators import authentik, netbird
from simulators._server import Fault, Running
from support import Servers
from support.counts import counted
from support.document import document
from support.modules import call

# A process without threads, that has loaded everything and forks one for each task.
FORKS = """
import json, os, sys
from support.modules import call
for line in sys.stdin:
    child = os.fork()
    if not child:
        call(*json.loads(line))
        os._exit(0)
    print(child, flush=True)
"""
NAMES = [f"nb-{number}" for number in range(8)]
OLD = [f"nb-old-{number}" for number in range(3)]
SETS: dict[str, dict[str, Any]] = {
    "authentik_groups": {"groups": [{"name": name} for name in NAMES], "prune": True, "prune_prefix": "nb-"},
    "authentik_users": {"users": [{"username": name, "name": name} for name in NAMES], "prune": True, "prune_prefix": "nb-"},
    "authentik_policy_bindings": {
        "application": "netbird",
        "bindings": [{"group": f"{name}-group"} for name in NAMES],
        "prune": True,
    },
    "authentik_application_entitlements": {
        "application": "netbird",
        "entitlements": [{"name": name, "groups": [f"{name}-group"]} for name in NAMES],
        "prune": True,
    },
    "netbird_config": {"config": document(2), "prune": ["groups", "policies"]},
}
WAYS = {"lost": "slow", "done": "slow_after"}


def server_of(module: str, servers: Servers) -> Running:
    """The one that the module talks to."""
    return servers.authentik if module.startswith("authentik") else servers.netbird


def ready(module: str, folder: Path) -> tuple[Servers, dict[str, Any]]:
    """Servers with what the set refers to and with what it prunes, and the task's options."""
    servers = Servers(authentik.serve(version="2026.8"), netbird.serve(), folder)
    state = servers.authentik.state
    product = module.partition("_")[0]
    connection = servers.connection_of(product)
    for name in (*NAMES, *OLD):
        state.add_group(f"{name}-group" if "application" in SETS[module] else f"other-{name}")
    if product == "authentik":
        call("authentik_application", {**connection, "slug": "netbird", "name": "NetBird"})
    before = {
        "authentik_groups": {"groups": [{"name": name} for name in OLD]},
        "authentik_users": {"users": [{"username": name, "name": name} for name in OLD]},
        "authentik_policy_bindings": {"application": "netbird", "bindings": [{"group": f"{name}-group"} for name in OLD]},
        "authentik_application_entitlements": {
            "application": "netbird",
            "entitlements": [{"name": name, "groups": [f"{name}-group"]} for name in (*OLD, *NAMES[:2])],
        },
        "netbird_config": {
            "config": {
                "groups": [{"name": name} for name in OLD],
                "policies": [{"name": name, "sources": [name], "destinations": [name]} for name in OLD],
            }
        },
    }
    assert call(module, {**connection, **before[module]}).get("changed") is True
    server_of(module, servers).clear()
    return servers, {**connection, **SETS[module], "concurrency": 4}


@pytest.fixture(scope="module")
def forks() -> Iterator[subprocess.Popen[str]]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", FORKS]
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def killed(forks: subprocess.Popen[str], servers: Servers, module: str, options: dict[str, Any], fault: Fault) -> None:
    """Run the task until a request meets the fault, wait for what else is under way, and kill it there."""
    server = server_of(module, servers)
    assert forks.stdin is not None
    assert forks.stdout is not None
    server.inject(fault)
    forks.stdin.write(f"{json.dumps([module, options])}\n")
    forks.stdin.flush()
    child = int(forks.stdout.readline())
    deadline = time.monotonic() + 30
    while len(server.requests) <= fault.skip:
        assert time.monotonic() < deadline, "the task never came that far"
        time.sleep(0.001)
    seen = 0
    while seen < (seen := len(server.requests)):
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    server.clear_faults()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("module", SETS)
def test_killed_at_every_request(forks: subprocess.Popen[str], module: str, way: str, tmp_path: Path) -> None:
    servers, options = ready(module, tmp_path)
    call(module, options)
    expected, count = servers.comparable_snapshot(), len(server_of(module, servers).requests)
    stop(servers)
    assert count >= len(NAMES) + len(OLD)
    for number in range(count):
        servers, options = ready(module, tmp_path)
        killed(forks, servers, module, options, Fault(WAYS[way], seconds=3600, skip=number, times=None))
        finished = call(module, options)
        assert "failed" not in finished, (number, finished)
        assert servers.comparable_snapshot() == expected, number
        assert call(module, options)["changed"] is False, number
        stop(servers)
    counted("Sets with four writes under way, killed", f"{module}, {way}", kills=count)


def stop(servers: Servers) -> None:
    for server in servers.both:
        server.stop()
