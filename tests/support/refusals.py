# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks with bad input, all in one play."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from support import Servers


def assert_all_refused(servers: Servers, cases: Mapping[str, tuple[dict[str, Any], str]], in_process: bool) -> None:
    """Each task, by its name, fails with its message, and none writes anything or tells a secret."""
    before = servers.snapshot()
    tasks = [{"name": name, **wrong, "ignore_errors": True} for name, (wrong, _message) in cases.items()]
    played = servers.play(tasks, {"netbird_authentik_in_process": in_process}, "-vvv")
    assert [task.name for task in played.tasks] == list(cases), played.output[-1500:]
    for task in played.tasks:
        assert task.status == "failed", (task.name, task.result)
        assert cases[task.name][1] in str(task.result["msg"]), task
        assert task.writes == [], task.name
    assert servers.snapshot() == before
    assert "Traceback" not in played.output
    assert [secret for secret in servers.secrets() if secret in played.output] == []
