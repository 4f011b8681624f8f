# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases that need no process of their own: plays of one playbook, those of a case on a host and on servers of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from support import Played, Servers, play_of, run_recorded

Tasks = Sequence[Mapping[str, Any]]


@dataclass
class Part:
    """What a case plays, one after the other, and with which variables beside those of the connection."""

    servers: Servers
    plays: Sequence[Tasks]
    variables: Mapping[str, Any] = field(default_factory=dict)


def play_together(folder: Path, parts: Mapping[str, Part], *options: str) -> dict[str, list[Played]]:
    """What each play of each case did; the output is that of all. A play that fails stops there, and the others go on."""
    playbook, inventory = folder / "playbook.yml", folder / "hosts"
    # A host has no variables of another.
    hosts = {name: f"case{number}" for number, name in enumerate(parts)}
    inventory.write_text("".join(f"{host} ansible_connection=local\n" for host in hosts.values()))
    plays = [
        play_of(
            [{"block": list(tasks), "rescue": [{"ansible.builtin.meta": "noop"}]}],
            name=f"{hosts[name]}.{number}",
            hosts=hosts[name],
            vars={
                **part.servers.connection,
                **part.variables,
                "recorded_urls": [server.url for server in part.servers.both],
            },
        )
        for name, part in parts.items()
        for number, tasks in enumerate(part.plays)
    ]
    playbook.write_text(yaml.safe_dump(plays, sort_keys=False))
    servers = next(iter(parts.values())).servers
    command, env = servers.command(playbook, {}, "-i", str(inventory), *options)
    all_of_them = run_recorded(command, env, folder)
    return {
        name: [part_of(all_of_them, f"{hosts[name]}.{number}") for number in range(len(part.plays))]
        for name, part in parts.items()
    }


def part_of(played: Played, play: str) -> Played:
    tasks = [task for task in played.tasks if task.play == play]
    ended_well = bool(tasks) and not any(task.status == "failed" for task in tasks)
    return Played(0 if ended_well else 2, played.output, tasks)
