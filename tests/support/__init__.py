# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks against the stand-ins, run as a user runs them: ansible-playbook in a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import yaml

from simulators import authentik, netbird
from simulators._server import READING, Running
from simulators.netbird.state import user_row
from support.frozen import Frozen

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "zerotrust.netbird_authentik"
VERSIONS = ("2025.10", "2026.5", "2026.8")
# The modules that talk to servers; the others work on files of a NetBird host.
SERVERS = ("authentik", "netbird", "oidc")
MODULES = sorted(path.stem for server in SERVERS for path in (ROOT / "plugins/modules").glob(f"{server}_*.py"))


@dataclass
class Task:
    """What one task did."""

    name: str
    action: str
    status: str
    result: dict[str, Any]
    requests: list[dict[str, Any]]
    play: str

    @property
    def changed(self) -> bool:
        return bool(self.result.get("changed"))

    @property
    def touched(self) -> Any:
        """Which settings of which objects its difference shows; it is None without one."""
        diff = self.result.get("diff")
        return {side: {name: sorted(values) for name, values in diff[side].items()} for side in diff} if diff else None

    @property
    def writes(self) -> list[str]:
        return [f"{each['method']} {each['path']}" for each in self.requests if each["method"] not in READING]


@dataclass
class Played:
    """What one run of ansible-playbook did."""

    code: int
    output: str
    tasks: list[Task] = field(default_factory=list)

    @property
    def changed(self) -> list[str]:
        return [task.name for task in self.tasks if task.changed]

    @property
    def writes(self) -> list[str]:
        return [write for task in self.tasks for write in task.writes]

    @property
    def requests(self) -> int:
        return sum(len(task.requests) for task in self.tasks)

    @property
    def failure(self) -> str:
        """The message of the task that failed."""
        return next((str(task.result.get("msg")) for task in self.tasks if task.status == "failed"), "")

    def recap(self, name: str) -> int:
        return int(re.findall(rf"{name}=(\d+)", self.output)[-1])


def give_owner(server: netbird.NetBird, claim: str = "entitlements") -> None:
    """Make a NetBird behind authentik one that is in use.

    It has an owner and a token, nobody waits for approval, and it syncs groups from a claim unless that is empty.
    """
    account = server.state.add_account(user_row("1", role="owner", email="root@example.com", name="Root"), "company")
    account.settings.update(jwt_groups_enabled=bool(claim), jwt_groups_claim_name=claim)
    account.extra["user_approval_required"] = False
    server.token = server.state.give_token(account, account.users["1"])


def redirect_of(entry: Mapping[str, str]) -> tuple[str, str, str]:
    """A redirect of a provider: how it is compared, with what, and for what; before 2026.5 authentik knows logins alone."""
    return entry["matching_mode"], entry["url"], entry.get("redirect_uri_type", "authorization")


ANSIBLE_PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"


def environment_of_runs(home: Path) -> dict[str, str]:
    """The environment in which ansible-playbook finds the collection and records what its tasks do; of the caller's only PATH."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build"),
        "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/support/callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "record",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
        "RECORD_FILE": str(home / "record.jsonl"),
        "RECORD_URLS": "",
    }


def run_recorded(command: Sequence[str | Path], env: Mapping[str, str], folder: Path) -> Played:
    """Run ansible-playbook in such an environment."""
    record = Path(env["RECORD_FILE"])
    record.unlink(missing_ok=True)
    process = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=False)
    lines = record.read_text().splitlines() if record.exists() else []
    tasks = [
        Task(line["task"], line["action"], line["status"], line["result"], line["requests"], line["play"])
        for line in map(json.loads, lines)
    ]
    return Played(process.returncode, process.stdout + process.stderr, tasks)


def play_of(tasks: Sequence[Mapping[str, Any]], **keywords: Any) -> dict[str, Any]:
    """A play of these tasks, whose modules have the connection from variables."""
    return {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {
            f"group/{COLLECTION}.{service}": {
                f"{service}_{option}": f"{{{{ {service}_{option} }}}}" for option in ("url", "token")
            }
            for service in ("authentik", "netbird")
        },
        "tasks": list(tasks),
        **keywords,
    }


def role(name: str) -> list[dict[str, Any]]:
    """The tasks that run one of the collection's roles."""
    return [{"ansible.builtin.import_role": {"name": f"{COLLECTION}.{name}"}}]


@dataclass
class Servers:
    """The two stand-ins of a test, and where its files are."""

    authentik: authentik.Running
    netbird: netbird.NetBird
    folder: Path

    @property
    def connection(self) -> dict[str, str]:
        return {
            "authentik_url": self.authentik.url,
            "authentik_token": self.authentik.token,
            "netbird_url": self.netbird.url,
            "netbird_token": self.netbird.token,
        }

    def connection_of(self, service: str) -> dict[str, str]:
        """The connection to one of them, as the options of a module that talks to it."""
        return {name: value for name, value in self.connection.items() if name.startswith(service)}

    @property
    def issuer(self) -> str:
        """The issuer of the application ``netbird``."""
        return f"{self.authentik.url}/application/o/netbird/"

    @property
    def both(self) -> tuple[Running, Running]:
        return self.authentik, self.netbird

    def snapshot(self, *, ids: bool = True) -> dict[str, Any]:
        """All that lasts in both."""
        return {"authentik": self.authentik.state.snapshot(ids=ids), "netbird": self.netbird.state.snapshot()}

    def comparable_snapshot(self) -> dict[str, Any]:
        """The same without what every server makes up for itself, so that the states of two pairs can be compared."""
        account = self.netbird.state.account
        connectors = [{**row, "id": ""} for row in self.netbird.state.connectors.values()]
        text = json.dumps(
            {
                "authentik": self.authentik.state.snapshot(ids=False),
                "settings": {**account.settings, **account.extra},
                "connectors": sorted(connectors, key=lambda row: str(row["name"])),
                "objects": self._netbird_objects(),
                "dns_settings": account.dns_settings,
            },
            sort_keys=True,
            default=str,
        )
        for server in self.both:
            text = text.replace(server.url, "http://server")
        for made in self.authentik.state.generated:
            text = text.replace(made, "generated")
        for group in self.netbird.state.groups.values():
            text = text.replace(group["id"], group["name"])
        snapshot: dict[str, Any] = json.loads(text)
        return snapshot

    def _netbird_objects(self) -> dict[str, list[Any]]:
        """NetBird's objects by kind, with names in place of ids, in an order of their own, and without what is made up."""
        kinds = self.netbird.state.account.objects
        made_up = ("id", "key", "expires", "updated_at", "created_at", "expires_at", "last_used", "token", "meta")
        called = ("domain", "name", "network_id", "email", "metric", "address")
        names = {
            row["id"]: next(str(row[key]) for key in called if row.get(key))
            for rows in kinds.values()
            for row in rows.values()
            if "id" in row
        }

        def comparable(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: comparable(each) for key, each in value.items()}
            if isinstance(value, list):
                return sorted((comparable(each) for each in value), key=repr)
            return names.get(value, value) if isinstance(value, str) else value

        shown = {
            kind: [{key: value for key, value in row.items() if key not in made_up} for row in rows.values()]
            for kind, rows in kinds.items()
            if kind != "peers" and rows
        }
        return {kind: comparable(rows) for kind, rows in shown.items()}

    def frozen(self) -> Frozen:
        """The state of both, to be put back."""
        return Frozen(*(server.state for server in (self.authentik, self.netbird)))

    @contextmanager
    def whole_again(self) -> Iterator[Servers]:
        """For a test that may break them: afterwards they are what they were."""
        kept = self.frozen()
        for server in self.both:
            server.clear()
        yield self
        kept.restore()
        for server in self.both:
            server.clear_faults()

    def secrets(self) -> list[str]:
        """Every secret that either server was given or made up so far; shorter generated values are client ids."""
        made = [secret for secret in self.authentik.state.generated if len(secret) >= 60]
        return [self.authentik.token, self.netbird.token, *made]

    def authentik_post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make something in authentik that no module makes."""
        answer = requests.post(
            f"{self.authentik.url}/api/v3/{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.authentik.token}"},
            timeout=10,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else {}

    def play(
        self,
        playbook: Path | Sequence[Mapping[str, Any]],
        variables: Mapping[str, Any] | None = None,
        *options: str,
        environment: Mapping[str, str] | None = None,
        record: bool = True,
        connection: bool = True,
    ) -> Played:
        """Run a playbook (a file, or the tasks of one for localhost) with these variables and those of the connection."""
        values = {**(self.connection if connection else {}), **(variables or {})}
        command, env = self.command(playbook, values, *options, environment=environment)
        if not record:
            env.pop("ANSIBLE_CALLBACKS_ENABLED")
        for server in self.both:
            server.clear()
        return run_recorded(command, env, self.folder)

    def command(
        self,
        playbook: Path | Sequence[Mapping[str, Any]],
        variables: Mapping[str, Any],
        *options: str,
        environment: Mapping[str, str] | None = None,
    ) -> tuple[list[str], dict[str, str]]:
        """The command line and the environment of such a run."""
        if not isinstance(playbook, Path):
            path = self.folder / "playbook.yml"
            path.write_text(yaml.safe_dump([play_of(playbook)], sort_keys=False))
            playbook = path
        values = self.folder / "variables.json"
        values.write_text(json.dumps(variables))
        env = {
            **environment_of_runs(self.folder),
            "ANSIBLE_ASYNC_DIR": str(self.folder / "async"),
            "ANSIBLE_PIPELINING": "1",
            "RECORD_URLS": " ".join(server.url for server in self.both),
            **(environment or {}),
        }
        return [str(ANSIBLE_PLAYBOOK), str(playbook), "--extra-vars", f"@{values}", *options], env
