# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks and roles with bad input, all in one play."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from support import COLLECTION, Played, Servers


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


def attempts(role: str, name: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """A task that runs a role, and says in a task of this name why it failed."""
    return {
        "name": name,
        "vars": dict(variables),
        "block": [{"ansible.builtin.include_role": {"name": f"{COLLECTION}.{role}"}}],
        "rescue": [{"name": name, "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.msg }}"}}],
    }


def reasons(played: Played, names: Iterable[str]) -> dict[str, str]:
    """Why each of these attempts failed; one that went well is not in it."""
    wanted = set(names)
    return {task.name: str(task.result["msg"]).strip() for task in played.tasks if task.name in wanted and task.status == "ok"}


def assert_role_refuses(
    servers: Servers, role: str, good: Mapping[str, Any], cases: Mapping[str, tuple[dict[str, Any], str]]
) -> None:
    """A role whose good variables are spoilt by each case fails with its message, writes nothing and tells no secret."""
    before = servers.snapshot()
    tasks = [attempts(role, name, {**servers.connection, **good, **wrong}) for name, (wrong, _message) in cases.items()]
    played = servers.play(tasks, {}, "-vvvv", "--diff", connection=False)
    said = reasons(played, cases)
    assert list(said) == list(cases), played.output[-1500:]
    assert [name for name, (_wrong, message) in cases.items() if message not in said[name]] == [], said
    assert played.writes == []
    assert servers.snapshot() == before
    assert "Traceback" not in played.output
    given = [item for variables in (good, *(wrong for wrong, _message in cases.values())) for item in variables.items()]
    secrets = [value for name, value in given if name.endswith(("_token", "_secret")) and value]
    assert [secret for secret in (*servers.secrets(), *secrets) if secret in played.output] == []
