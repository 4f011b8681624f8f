# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret in anything that the playbooks show, write, start or leave, but where it belongs: in a file for its owner alone."""

from __future__ import annotations

import base64
import html
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import yaml

from support import ROOT, Servers
from support.counts import counted
from support.rotating import NEW_SECRET, PERSON, ROTATE, SECRETS, rotating
from support.scanner import PLACES, Evidence, Found, watched
from support.seeding import VARIABLES, add_people

pytestmark = pytest.mark.once

# Characters that every way of writing them changes.
PASSWORD = 'it\'s the "password" of ä/person & <more>+'
WRONG = "not-the-password-of-anybody"
TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CLIENT_SECRET = "client-secret/of+management?=&"
TURN = "turn-password-of-the-host"
# Temporary folders stay, and hold whole modules with their arguments; or they are looked at while they are there.
RUNS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "kept": ({"ANSIBLE_KEEP_REMOTE_FILES": "1"}, {"netbird_authentik_in_process": False}),
    "gone": ({}, {}),
}


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A short one: Ansible keeps a socket in its temporary folder, and the address of one has 107 characters at most."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def environment(folder: Path) -> dict[str, str]:
    """Whatever can keep something of a run is on, and keeps it in this folder."""
    return {
        "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "facts"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "tmp/local"),
        "ANSIBLE_LOG_PATH": str(folder / "ansible.log"),
        "ANSIBLE_PIPELINING": "0",
        "ANSIBLE_REMOTE_TMP": str(folder / "tmp/remote"),
        "ANSIBLE_RETRY_FILES_ENABLED": "1",
        "ANSIBLE_RETRY_FILES_SAVE_PATH": str(folder / "retry"),
        # What callbacks are told, without the requests, whose addresses only the stand-ins know.
        "RECORD_URLS": "",
        "TMPDIR": str(folder / "tmp"),
    }


@dataclass
class Runs:
    """Watched runs on one pair of servers."""

    servers: Servers
    more: Mapping[str, str]
    variables: Mapping[str, Any]
    seen: list[Evidence] = field(default_factory=list)
    passing: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for name in ("tmp", "host", "reports"):
            (self.servers.folder / name).mkdir(exist_ok=True)
        (self.servers.folder / "hosts.ini").write_text("[netbird]\nhost ansible_connection=local\n")
        # What people give a run is in a file of their own.
        values = self.servers.folder / "variables.json"
        values.touch()
        values.chmod(0o600)

    def learn(self) -> None:
        """Note what a login leaves for a while."""
        state = self.servers.authentik.state
        for kept in (state.codes, state.device_codes, state.refresh_tokens, state.sessions):
            self.passing.update(list(kept))

    def run(self, playbook: Path, *options: str, code: int = 0, **variables: Any) -> None:
        values = {**self.servers.connection, **self.variables, **variables}
        folder = self.servers.folder
        options = ("-vvvv", "--diff", "-i", str(folder / "hosts.ini"), *options)
        command, env = self.servers.command(playbook, values, *options, environment={**environment(folder), **self.more})
        ended, evidence = watched(command, env, folder, self.learn)
        self.seen.append(evidence)
        ((_key, output),) = ((key, key[2].decode()) for key in evidence.contents if key[0] == "stdout")
        assert ended == code, output[-5000:]

    def secrets(self) -> dict[str, str]:
        """Every secret that went through, by what it is."""
        given = {"password": PASSWORD, "wrong password": WRONG, "totp": TOTP, "turn": TURN}
        clients = {"client secret": CLIENT_SECRET, "next client secret": NEW_SECRET}
        made = {f"secret {number}": each for number, each in enumerate([*self.servers.secrets(), *sorted(self.passing)])}
        return {**given, **clients, **made}

    def found(self) -> list[Found]:
        return [each for evidence in self.seen for each in evidence.search(self.secrets())]

    def report(self, title: str) -> list[Found]:
        """Print what was looked at; return what should not have been found."""
        found = self.found()
        held = [each for each in found if belongs(each, self.servers.folder)]
        leaks = [each for each in found if not belongs(each, self.servers.folder)]
        looked_at = sum((evidence.looked_at for evidence in self.seen), start=Evidence().looked_at)
        counted(
            "Secrets",
            title,
            runs=len(self.seen),
            looks_at_processes=sum(each.samples for each in self.seen),
            processes=sum(len(each.processes) for each in self.seen),
            programs_started=sum(each.starts for each in self.seen),
            found_where_they_belong=len(held),
            leaks=len(leaks),
        )
        assert {"stdout", "argv", "environ", "file", "log", "callback", "temporary folder"} <= set(looked_at)
        assert {each.place for each in held} >= {"file"}, "the scanner sees what is there"
        print(*leaks, sep="\n")
        return leaks


def belongs(found: Found, folder: Path) -> bool:
    """Whether a secret is in a place for it, which nobody else can read."""
    path = Path(found.where)
    if found.exposed or not path.is_relative_to(folder):
        return False
    return path == folder / "variables.json" or path.is_relative_to(folder / "host") or found.place == "temporary folder"


def everything(setup: str, folder: Path) -> dict[str, Any]:
    """The variables of a set-up, with every secret that it takes."""
    path = str(folder / "host/netbird.env")
    hosts = {
        "environment_mode": "env_file",
        "environment_file": path,
        "environment_backup": True,
        "environment_settings": {"NETBIRD_TURN_PASSWORD": TURN},
        "verify_environment_file": path,
        "verify_environment_format": "env_file",
    }
    return {
        **VARIABLES[setup],
        "ansible_python_interpreter": sys.executable,
        "export_setup": setup,
        "rotate_setup": setup,
        "verify_password": PASSWORD,
        "verify_report": str(folder / "reports"),
        "verify_setup": setup,
        "verify_totp_secret": TOTP,
        "verify_user": PERSON["verify_user"],
        **(hosts if setup == "standalone" else {}),
    }


@pytest.mark.sample(1)
@pytest.mark.parametrize("kept", RUNS)
@pytest.mark.parametrize("setup", SECRETS)
def test_a_setup_is_made(servers: Servers, setup: str, kept: str) -> None:
    add_people(servers.authentik.state)
    more, variables = RUNS[kept]
    chosen = {"management_client_secret": CLIENT_SECRET} if setup == "management" else {"netbird_token": ""}
    runs = Runs(servers, more, {**everything(setup, servers.folder), **variables, **chosen})
    runs.run(ROOT / f"playbooks/{setup}.yml")
    if setup == "management":
        runs.run(ROOT / "playbooks/management.yml", management_client_secret=NEW_SECRET)
    assert runs.report(f"made, {setup}, {kept}") == []


# Up to six runs, and each process of them is looked at.
@pytest.mark.timeout(900)
@pytest.mark.sample(1)
@pytest.mark.parametrize("kept", RUNS)
@pytest.mark.parametrize("setup", SECRETS)
def test_a_setup_is_used(tmp_path: Path, setup: str, kept: str) -> None:
    more, variables = RUNS[kept]
    with rotating(setup, tmp_path, ROTATE, SECRETS[setup]) as one:
        (person,) = one.servers.authentik.state.where("users", username=PERSON["verify_user"])
        person["password"] = PASSWORD
        runs = Runs(one.servers, more, {**everything(setup, tmp_path), **variables})
        runs.run(ROOT / "playbooks/verify.yml")
        runs.run(ROOT / "playbooks/verify.yml", code=2, verify_password=WRONG)
        for name in ("export", "export_setup"):
            runs.run(ROOT / f"playbooks/{name}.yml", export_file=str(tmp_path / f"{name}.yml"))
        with one.restarted_by_hand():
            if setup == "standalone":
                runs.run(ROTATE, code=2)
            runs.run(ROTATE, rotate_restarted=True, **SECRETS[setup])
        assert runs.report(f"used, {setup}, {kept}") == []
        assert {each.name for each in (tmp_path / "reports").iterdir()} == {"report.html", "report.xml"}
        assert (tmp_path / "retry/verify.retry").exists()


def test_the_scanner_sees_a_canary_in_every_place(servers: Servers) -> None:
    folder = servers.folder
    secrets = {place: f'canary-of-the {place} "quoted" +/&ä' for place in (*PLACES, "short-lived file", "short-lived program")}
    secrets["retry file"] = "canary-of-the-retry-file"
    (folder / "retry").mkdir()
    waits = [sys.executable, "-c", "import time; time.sleep(0.5)"]

    def copied(place: str, path: str) -> dict[str, Any]:
        return {"ansible.builtin.copy": {"content": secrets[place], "dest": str(folder / path), "mode": "0644"}, "no_log": True}

    brief = "umask 022; cat > tmp/brief; sleep 0.5; rm tmp/brief"
    shown = [{"ansible.builtin.debug": {"msg": secrets[place]}} for place in ("stdout", "log", "callback")]
    tasks = [
        *shown,
        {"ansible.builtin.set_fact": {"canary": secrets["facts cache"], "cacheable": True}, "no_log": True},
        {"ansible.builtin.command": {"argv": [*waits, secrets["argv"]]}, "no_log": True},
        {"ansible.builtin.command": {"argv": waits}, "environment": {"CANARY": secrets["environ"]}, "no_log": True},
        {"ansible.builtin.shell": {"cmd": brief, "stdin": secrets["short-lived file"], "chdir": str(folder)}, "no_log": True},
        {"ansible.builtin.command": {"argv": ["true", secrets["short-lived program"]]}, "no_log": True},
        copied("temporary folder", "tmp/kept"),
        copied("report", "reports/report.html"),
        copied("file", "host/netbird.env"),
        {"ansible.builtin.fail": {}, "when": "inventory_hostname != 'localhost'"},
    ]
    playbook = folder / "canaries.yml"
    play = {"hosts": "all", "gather_facts": False, "tasks": tasks}
    playbook.write_text(yaml.safe_dump([play]))
    playbook.chmod(0o600)
    runs = Runs(servers, {}, {"ansible_python_interpreter": sys.executable})
    (folder / "hosts.ini").write_text(
        "".join(f"{name} ansible_connection=local\n" for name in ("localhost", secrets["retry file"]))
    )
    runs.run(playbook, code=2)
    (evidence,) = runs.seen
    found = {
        (each.secret, each.place)
        for each in evidence.search(secrets)
        if not belongs(each, folder) and not each.where.endswith("canaries.yml")
    }
    short = {("short-lived file", "temporary folder"), ("short-lived program", "argv")}
    planted = {(place, place) for place in PLACES} | short
    counted("Canaries", "of secrets", planted=len(planted), found=len(planted & found))
    assert planted - found == set()


WRITTEN: dict[str, Callable[[str], str]] = {
    "plain": str,
    "base64": lambda secret: base64.b64encode(f"user:{secret}:more".encode()).decode(),
    "base64 for URLs": lambda secret: base64.urlsafe_b64encode(f"ab{secret}".encode()).decode().rstrip("="),
    "url": lambda secret: quote(secret, safe=""),
    "form": lambda secret: urlencode({"password": secret}),
    "json": json.dumps,
    "json with its characters": lambda secret: json.dumps(secret, ensure_ascii=False),
    "json in json": lambda secret: json.dumps({"payload": json.dumps(secret)}),
    "html": html.escape,
}


@pytest.mark.parametrize("form", WRITTEN)
@pytest.mark.parametrize("secret", [PASSWORD, CLIENT_SECRET, TURN])
def test_the_scanner_sees_a_secret_however_it_is_written(secret: str, form: str) -> None:
    evidence = Evidence()
    for before in ("", "x", "xy"):
        evidence.add("stdout", before, f"{before}{WRITTEN[form](secret)} and more".encode())
    assert [each.secret for each in evidence.search({"it": secret})] == ["it"] * 3
    assert evidence.search({"it": secret[::-1]}) == []


def test_the_scanner_sees_the_token_of_a_login() -> None:
    evidence = Evidence()
    evidence.add("stdout", "", f"said eyJ{'a' * 20}.eyJ{'b' * 20}.{'c' * 20}".encode())
    assert [each.secret for each in evidence.search({})] == ["a token of a login"]
