# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both set-ups, a person who may prove them, and somebody who restarts NetBird when its secret has changed."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from support import ROOT, Played, Servers
from support.logins import Logins
from support.seeding import PASSWORD, PUBLIC, VARIABLES, started

ROTATE = ROOT / "playbooks/rotate_secrets.yml"
ROTATE_KEY = ROOT / "playbooks/rotate_signing_key.yml"
IDENTIFIER = "netbird-app-password"
NEW_SECRET = "the-new-client-secret-of-netbird"
# What each set-up's new secret needs.
SECRETS: dict[str, dict[str, Any]] = {
    "management": {"management_client_secret": NEW_SECRET, "rotate_timeout": 60},
    "standalone": {},
}
PERSON = {"verify_user": "alice", "verify_password": PASSWORD}


@dataclass
class Rotating:
    """A set-up that works, and what its owner runs."""

    servers: Servers
    setup: str
    host: Path
    playbook: Path
    # What the playbook needs beside what the set-up was made with.
    needs: dict[str, Any]

    @property
    def variables(self) -> dict[str, Any]:
        values = {**VARIABLES[self.setup], **PERSON, "rotate_setup": self.setup, **self.needs}
        if self.setup == "management":
            return values
        return {
            **values,
            "ansible_python_interpreter": sys.executable,
            "environment_mode": "env_file",
            "environment_file": str(self.host),
        }

    @property
    def options(self) -> list[str]:
        """Where the hosts are; the management set-up needs none."""
        return ["-i", str(self.servers.folder / "hosts.ini")] if self.setup == "standalone" else []

    def command(self, **variables: Any) -> tuple[list[str], dict[str, str]]:
        return self.servers.command(self.playbook, {**self.servers.connection, **self.variables, **variables}, *self.options)

    def rotate(self, *options: str, environment: Mapping[str, str] | None = None, **variables: Any) -> Played:
        values = {**self.variables, **variables}
        return self.servers.play(self.playbook, values, *self.options, *options, environment=environment)

    def finish(self) -> Played:
        """Run it, and once more if it was the first to write the host's file, and asked for a restart."""
        done = self.rotate(rotate_restarted=True)
        return self.rotate(rotate_restarted=True) if "Restart NetBird" in done.failure else done

    def login(self) -> dict[str, Any]:
        """The options of a login as NetBird's dashboard begins it, at NetBird's API in the end.

        It is another person's: NetBird has one session for each, and verify's log-out would end that of both.
        """
        (provider,) = self.servers.authentik.state.providers.values()
        server = self.servers.netbird
        person = {"username": "bob", "password": PASSWORD, "netbird_url": server.url, "netbird_token": server.token}
        if self.setup == "management":
            return {**person, "via": "netbird", "connector": next(iter(server.state.connectors))}
        issuer = {"issuer": self.servers.issuer, "client_id": provider["client_id"]}
        return {**person, **issuer, "post_logout_redirect_uri": f"{PUBLIC}/"}

    def logins(self) -> Logins:
        return Logins(self.login)

    @property
    def configured(self) -> str:
        """The secret that NetBird would start with."""
        if self.setup == "management":
            return str(next(iter(self.servers.netbird.state.connectors.values()))["client_secret"])
        lines = dict(line.partition("=")[::2] for line in self.host.read_text().splitlines())
        return lines["NETBIRD_IDP_MGMT_EXTRA_PASSWORD"]

    def restart(self, *, refreshes_keys: bool = False) -> None:
        self.servers.netbird.restart(password=self.configured, refreshes_keys=refreshes_keys)

    @contextmanager
    def restarted_by_hand(self) -> Iterator[None]:
        """Meanwhile somebody restarts NetBird as soon as it is configured with another secret."""
        over = threading.Event()

        def watch() -> None:
            before = self.configured
            while not over.wait(0.05):
                if self.configured != before:
                    before = self.configured
                    self.restart()

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    @contextmanager
    def whole_again(self) -> Iterator[Rotating]:
        """For a test that changes it: afterwards it is what it was, and NetBird runs with it."""
        kept = self.servers.folder / "kept"
        shutil.copytree(self.host.parent, kept)
        with self.servers.whole_again():
            yield self
        shutil.rmtree(self.host.parent)
        kept.rename(self.host.parent)
        self.restart()


@contextmanager
def rotating(setup: str, folder: Path, playbook: Path, needs: dict[str, Any]) -> Iterator[Rotating]:
    with started(setup, folder) as servers:
        servers.netbird.state.account.extra["user_approval_required"] = False
        (folder / "hosts.ini").write_text("[netbird]\nhost ansible_connection=local\n")
        host = folder / "host"
        host.mkdir()
        one = Rotating(servers, setup, host / "netbird.env", playbook, {})
        if setup == "standalone":
            made = servers.play(ROOT / "playbooks/standalone.yml", one.variables, *one.options)
            assert made.code == 0, made.output[-3000:]
        yield replace(one, needs=needs)
