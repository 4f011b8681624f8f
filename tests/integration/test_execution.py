# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a task runs: inside of ansible-playbook where that is the same, as an ordinary module wherever it is not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from support import COLLECTION, Servers

INFO = f"{COLLECTION}.authentik_info"
# What Ansible says at -vvv when it starts a module.
STARTED = "EXEC /bin/sh"


def other_python(folder: Path) -> str:
    """This Python under another name, which is another interpreter to whoever asks for it."""
    link = folder / "python-of-the-task"
    link.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    link.chmod(0o755)
    return str(link)


def test_a_local_task_runs_inside(servers: Servers) -> None:
    played = servers.play([{INFO: {}}], {}, "-vvv")
    assert played.code == 0
    assert STARTED not in played.output


@pytest.mark.parametrize(
    "keywords", [{"async": 20, "poll": 1}, {"environment": {"SOMETHING": "else"}}], ids=["async", "environment"]
)
def test_a_task_that_asks_for_more_is_handed_over(servers: Servers, keywords: dict[str, Any]) -> None:
    played = servers.play([{INFO: {}, **keywords}], {}, "-vvv")
    assert played.code == 0, played.output
    assert STARTED in played.output
    assert played.tasks[-1].result["version"] == "2026.8.0"


def test_another_interpreter_is_used(servers: Servers) -> None:
    played = servers.play([{INFO: {}}], {"ansible_python_interpreter": other_python(servers.folder)}, "-vvv")
    assert played.code == 0, played.output
    assert STARTED in played.output


def test_the_interpreter_of_ansible_playbook_may_be_a_template(servers: Servers) -> None:
    hosts = servers.folder / "hosts"
    for interpreter in ("{{ ansible_playbook_python }}", "auto_silent"):
        hosts.write_text(f"localhost ansible_connection=local ansible_python_interpreter='{interpreter}'\n")
        played = servers.play([{INFO: {}}], {}, "-vvv", "-i", str(hosts))
        assert played.code == 0, played.output
        assert STARTED not in played.output, interpreter


def test_the_switch(servers: Servers) -> None:
    for value, started in ((False, True), ("{{ 1 == 2 }}", True), (True, False)):
        played = servers.play([{INFO: {}}], {"netbird_authentik_in_process": value}, "-vvv")
        assert played.code == 0, played.output
        assert (STARTED in played.output) is started


def test_a_delegated_task_runs_where_it_is_delegated_to(servers: Servers) -> None:
    playbook = servers.folder / "delegated.yml"
    playbook.write_text(
        f"""
- hosts: all
  gather_facts: false
  tasks:
    - {INFO}:
        authentik_url: "{{{{ authentik_url }}}}"
        authentik_token: "{{{{ authentik_token }}}}"
      delegate_to: localhost
"""
    )
    host = "nowhere.invalid ansible_connection=ssh ansible_python_interpreter=/nowhere/python"
    (servers.folder / "hosts").write_text(host)
    played = servers.play(playbook, {}, "-vvv", "-i", str(servers.folder / "hosts"))
    assert played.code == 0, played.output
    assert STARTED not in played.output


@pytest.mark.parametrize("in_process", [True, False], ids=["in-process", "ordinary"])
def test_the_connection_may_come_from_the_environment(servers: Servers, in_process: bool) -> None:
    playbook = servers.folder / "environment.yml"
    playbook.write_text(f"- hosts: localhost\n  gather_facts: false\n  tasks:\n    - {INFO}:\n    - {COLLECTION}.netbird_info:\n")
    environment = {name.upper(): value for name, value in servers.connection.items()}
    variables = {"netbird_authentik_in_process": in_process}
    played = servers.play(playbook, variables, "-vvvv", environment=environment, connection=False)
    assert played.code == 0, played.output
    assert all(secret not in played.output for secret in servers.secrets())


@pytest.mark.parametrize("in_process", [True, False], ids=["in-process", "ordinary"])
def test_a_returned_secret_is_for_later_tasks_only(servers: Servers, in_process: bool) -> None:
    provider = {"name": "NetBird", "redirect_uris": [{"url": "https://netbird.company/cb"}]}
    tasks = [
        {f"{COLLECTION}.authentik_oauth2_provider": {**provider, "return_secret": True}, "register": "made"},
        {"ansible.builtin.assert": {"that": "made.client_secret | length == 128"}, "no_log": True},
        {INFO: {"lookups": [{"kind": "provider", "names": ["NetBird"]}], "return_secrets": True}, "register": "read"},
        {"ansible.builtin.assert": {"that": "read.objects.provider[0].client_secret == made.client_secret"}, "no_log": True},
        {INFO: {"lookups": [{"kind": "provider"}]}, "register": "shown"},
        {"ansible.builtin.assert": {"that": "'client_secret' not in shown.objects.provider[0]"}},
    ]
    played = servers.play(tasks, {"netbird_authentik_in_process": in_process}, "-vvvv", "--diff")
    assert played.code == 0, played.output
    (row,) = servers.authentik.state.providers.values()
    assert row["client_secret"] not in played.output

    # An error of such a task is for people.
    wrong = [{f"{COLLECTION}.authentik_oauth2_provider": {"name": "Other", "return_secret": True}}]
    played = servers.play(wrong, {"netbird_authentik_in_process": in_process})
    assert "redirect_uris is needed" in played.failure
