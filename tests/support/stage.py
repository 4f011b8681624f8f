# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers of one case, on which its module is called directly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simulators import authentik, netbird
from simulators._server import Running
from support import VERSIONS, Servers
from support.case import ISSUER, Case
from support.cases import arrange
from support.modules import run, spec_of


class Stage:
    """The servers of one case."""

    def __init__(self, case: Case, servers: Servers) -> None:
        self.case, self.servers = case, servers

    def run(self, module: str, options: dict[str, Any], *, check_mode: bool = False) -> dict[str, Any]:
        """The result of a module, with the connection that its action group would have."""
        values = {name: self.servers.issuer if value == ISSUER else value for name, value in options.items()}
        known = spec_of(module)["argument_spec"]
        connection = {name: value for name, value in self.servers.connection.items() if name in known}
        return run(module, {**connection, **values}, check_mode=check_mode)

    def step(self, options: dict[str, Any], *, check_mode: bool = False) -> dict[str, Any]:
        return self.run(self.case.module, {**self.case.key, **options}, check_mode=check_mode)

    @property
    def server(self) -> Running:
        """The one that the module talks to."""
        return self.servers.authentik if self.case.module.startswith("authentik") else self.servers.netbird

    def state(self) -> Any:
        """All that lasts, without what each server makes up for itself."""
        return self.servers.comparable_snapshot()


@contextmanager
def stage(case: Case, folder: Path) -> Iterator[Stage]:
    with authentik.serve(version=VERSIONS[-1]) as one, netbird.serve() as other:
        made = Stage(case, Servers(one, other, folder))
        arrange(made.servers)
        for task in case.before:
            ((name, options),) = task.items()
            made.run(name.rpartition(".")[2], options)
        yield made
