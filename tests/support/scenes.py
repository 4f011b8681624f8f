# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each of the collection's playbooks at the moment before it does its work, to be played again and again."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulators import authentik, netbird
from support import ROOT, Played, Servers
from support.document import document
from support.host import SETUP
from support.rotating import ROTATE, SECRETS, rotating
from support.seeding import PASSWORD, VARIABLES, add_people, started

HURRY = {"ANSIBLE_CALLBACKS_ENABLED": "hurry"}


@dataclass
class Scene:
    """A playbook, what it is given, and the servers and the host's folder as they are before it."""

    servers: Servers
    playbook: Path
    variables: Mapping[str, Any]
    host: Path | None = None
    # What runs beside it.
    beside: Callable[[], AbstractContextManager[None]] | None = None
    options: Sequence[str] = field(init=False, default=())

    def __post_init__(self) -> None:
        if self.host is not None:
            inventory = self.servers.folder / "hosts.ini"
            inventory.write_text("[netbird]\nhost ansible_connection=local\n")
            self.options = ("-i", str(inventory))
            self._kept = self.servers.folder / f"kept-{self.playbook.stem}"
            shutil.copytree(self.host, self._kept)
        self._frozen = self.servers.frozen()

    def command(self) -> tuple[list[str], dict[str, str]]:
        variables = {**self.servers.connection, **self.variables}
        return self.servers.command(self.playbook, variables, *self.options, environment=HURRY)

    def play(self) -> Played:
        return self.servers.play(self.playbook, self.variables, *self.options, environment=HURRY)

    def meanwhile(self) -> AbstractContextManager[Any]:
        return self.beside() if self.beside is not None else nullcontext()

    def put_back(self) -> None:
        """Have everything as it was."""
        for server in self.servers.both:
            server.clear_faults()
            server.clear()
        self._frozen.restore()
        if self.host is not None:
            shutil.rmtree(self.host)
            shutil.copytree(self._kept, self.host)

    def state(self) -> Any:
        """All that lasts, without what servers make up and when people were last seen."""
        text = json.dumps([self.servers.comparable_snapshot(), self._read()], sort_keys=True)
        for made in self.servers.authentik.state.generated:
            text = text.replace(made, "generated")
        return json.loads(text)

    def _read(self) -> dict[str, tuple[str, int]]:
        files = (path for path in self.host.rglob("*") if path.is_file()) if self.host is not None else ()
        return {str(path): (path.read_text(), path.stat().st_mode & 0o777) for path in files}


def _given(setup: str, host: Path) -> dict[str, Any]:
    if setup == "management":
        return dict(VARIABLES[setup])
    return {
        **VARIABLES[setup],
        "netbird_token": "",
        "ansible_python_interpreter": sys.executable,
        "environment_mode": "env_file",
        "environment_file": str(host / "netbird.env"),
    }


def _fresh(folder: Path) -> Path:
    host = folder / "host"
    host.mkdir()
    (host / "netbird.env").write_text(SETUP)
    return host


@contextmanager
def _set_up(setup: str, folder: Path) -> Iterator[Scene]:
    """Servers on which nothing was done yet."""
    with authentik.serve(version="2026.8") as one, netbird.serve() as other:
        add_people(one.state)
        host = _fresh(folder)
        scene = Servers(one, other, folder), ROOT / f"playbooks/{setup}.yml", _given(setup, host)
        yield Scene(*scene, host if setup == "standalone" else None)


@contextmanager
def _remove(setup: str, folder: Path) -> Iterator[Scene]:
    with _set_up(setup, folder) as scene:
        made = scene.play()
        assert made.code == 0, made.output[-3000:]
        if setup == "management":
            scene.servers.netbird.state.account.extra["user_approval_required"] = False
        asked = {"remove_setup": setup, "remove_confirm": "netbird"}
        yield Scene(scene.servers, ROOT / "playbooks/remove.yml", {**scene.variables, **asked}, scene.host)


@contextmanager
def _verify(setup: str, folder: Path) -> Iterator[Scene]:
    with started(setup, folder) as servers:
        person = {"verify_setup": setup, "verify_user": "alice", "verify_password": PASSWORD}
        yield Scene(servers, ROOT / "playbooks/verify.yml", {**VARIABLES[setup], **person})


@contextmanager
def _config(folder: Path) -> Iterator[Scene]:
    with authentik.serve() as one, netbird.serve() as other:
        yield Scene(Servers(one, other, folder), ROOT / "playbooks/netbird.yml", {"netbird_config": document(2)})


@contextmanager
def _rotate(setup: str, folder: Path) -> Iterator[Scene]:
    with rotating(setup, folder, ROTATE, SECRETS[setup]) as one:
        if setup == "standalone":
            # The run that writes the host's file is over: NetBird is started with it, and the next one finishes.
            begun = one.rotate()
            assert "Restart NetBird" in begun.failure, begun.output[-3000:]
            one.restart()
        variables = {**one.variables, "rotate_restarted": True}
        yield Scene(one.servers, ROTATE, variables, one.host.parent if setup == "standalone" else None, one.restarted_by_hand)


SCENES: dict[str, Callable[[Path], Any]] = {
    "management": lambda folder: _set_up("management", folder),
    "standalone": lambda folder: _set_up("standalone", folder),
    "verify management": lambda folder: _verify("management", folder),
    "verify standalone": lambda folder: _verify("standalone", folder),
    "rotate management": lambda folder: _rotate("management", folder),
    "rotate standalone": lambda folder: _rotate("standalone", folder),
    "remove management": lambda folder: _remove("management", folder),
    "remove standalone": lambda folder: _remove("standalone", folder),
    "config": _config,
}
