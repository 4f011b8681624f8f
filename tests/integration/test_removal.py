# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook remove: a set-up is taken back and nothing else, hosts too, and nobody is locked out unless that is meant."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from support import ROOT, Played, Servers, role
from support.host import SETUP
from support.seeding import ENTITLEMENTS, PUBLIC, add_people

pytestmark = pytest.mark.once

REMOVE = ROOT / "playbooks/remove.yml"
MANAGEMENT = {"management_user_approval_required": False, "management_entitlements": ENTITLEMENTS}


def remove(servers: Servers, setup: str, *options: str, confirm: str = "netbird", **variables: Any) -> Played:
    return servers.play(REMOVE, {"remove_setup": setup, "remove_confirm": confirm, **variables}, *options)


@pytest.fixture
def managed(servers: Servers) -> Servers:
    """The management set-up."""
    add_people(servers.authentik.state)
    servers.netbird.state.account.extra["user_approval_required"] = False
    made = servers.play(role("management"), MANAGEMENT)
    assert made.code == 0, made.output[-3000:]
    return servers


@pytest.mark.parametrize(
    ("setup", "confirm"), [("management", ""), ("management", "other"), ("", "netbird"), ("everything", "netbird")], ids=str
)
def test_it_has_to_be_meant(managed: Servers, setup: str, confirm: str) -> None:
    refused = remove(managed, setup, confirm=confirm)
    assert (refused.code, refused.writes) == (2, [])
    assert "remove_confirm the slug of its application (netbird)" in refused.failure


def test_the_management_setup(managed: Servers) -> None:
    checked = remove(managed, "management", "--check")
    assert (checked.code, checked.writes) == (0, []), checked.output[-3000:]
    done = remove(managed, "management")
    assert done.code == 0, done.output[-3000:]
    assert done.changed == checked.changed
    ak = managed.authentik.state
    assert (ak.applications, ak.providers, managed.netbird.state.connectors) == ({}, {}, {})
    assert {"alice", "bob"} <= {row["username"] for row in ak.users.values()}
    again = remove(managed, "management")
    assert (again.code, again.changed) == (0, []), again.output[-3000:]


@pytest.mark.parametrize("why", ["comes from authentik", "logs in nowhere", "local users do not log in"])
def test_nobody_is_locked_out_of_netbird(managed: Servers, why: str) -> None:
    (owner,) = (row for row in managed.netbird.state.account.users.values() if row["role"] == "owner")
    if why == "local users do not log in":
        managed.netbird.state.local_auth_disabled = True
    else:
        owner["idp_id"] = next(iter(managed.netbird.state.connectors)) if why == "comes from authentik" else None
    before = managed.snapshot()
    # As the command line has it, a text.
    refused = remove(managed, "management", remove_force="false")
    assert (refused.code, refused.writes) == (2, [])
    assert "Nobody could administer NetBird any more" in refused.failure
    assert managed.snapshot() == before
    assert remove(managed, "management", remove_force=True).code == 0


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A NetBird host with a file of its own."""
    folder = tmp_path / "host"
    folder.mkdir()
    (folder / "netbird.env").write_text(SETUP)
    (folder / "netbird.env").chmod(0o640)
    return folder


def variables(servers: Servers, host: Path) -> dict[str, Any]:
    inventory = servers.folder / "hosts.ini"
    inventory.write_text("[netbird]\nhost ansible_connection=local\n")
    return {
        "netbird_token": "",
        "standalone_netbird_url": PUBLIC,
        "standalone_entitlements": ENTITLEMENTS,
        "ansible_python_interpreter": sys.executable,
        "environment_mode": "env_file",
        "environment_file": str(host / "netbird.env"),
    }


def files(host: Path) -> dict[str, tuple[str, int]]:
    found = (path for path in host.rglob("*") if path.is_file())
    return {str(path.relative_to(host)): (path.read_text(), path.stat().st_mode & 0o777) for path in found}


def test_the_standalone_setup_and_its_hosts(servers: Servers, host: Path) -> None:
    add_people(servers.authentik.state)
    given, hosts = variables(servers, host), ("-i", str(servers.folder / "hosts.ini"))
    before, fresh = files(host), servers.authentik.state.snapshot(ids=False)
    for _run in range(2):
        made = servers.play(ROOT / "playbooks/standalone.yml", given, *hosts)
        assert made.code == 0, made.output[-3000:]
    changed = {**given, "environment_settings": {"OF_MINE": "2"}}
    assert servers.play(ROOT / "playbooks/standalone.yml", changed, *hosts).code == 0
    assert files(host) != before

    checked = remove(servers, "standalone", "--check", *hosts, **given)
    assert (checked.code, checked.writes) == (0, []), checked.output[-3000:]
    assert "NETBIRD_AUTH_CLIENT_ID" in (host / "netbird.env").read_text()
    done = remove(servers, "standalone", *hosts, **given)
    assert done.code == 0, done.output[-3000:]
    assert done.changed == checked.changed
    assert files(host) == before
    assert servers.authentik.state.snapshot(ids=False) == fresh
    again = remove(servers, "standalone", *hosts, **given)
    assert (again.code, again.changed) == (0, []), again.output[-3000:]


def test_it_is_known_where_the_files_are(servers: Servers, host: Path) -> None:
    given = {**variables(servers, host), "environment_file": ""}
    refused = remove(servers, "standalone", "-i", str(servers.folder / "hosts.ini"), **given)
    assert (refused.code, refused.writes) == (2, [])
    assert "The role environment needs environment_file. Nothing was changed." in refused.failure


def test_where_one_host_cannot_go_back_nothing_is_removed(servers: Servers, host: Path) -> None:
    add_people(servers.authentik.state)
    given = {name: value for name, value in variables(servers, host).items() if name != "environment_file"}
    inventory = servers.folder / "hosts.ini"
    # Its service is none, which only the removal asks for.
    broken = (
        "environment_deployment=\"{{ 'systemd' if remove_setup is defined else 'none' }}\" environment_service=netbird-is-none"
    )
    lines = [f"{name} ansible_connection=local environment_file={host}/{name}.env" for name in ("good", "broken")]
    inventory.write_text("\n".join(["[netbird]", lines[0], f"{lines[1]} {broken}", ""]))
    for name in ("good", "broken"):
        (host / f"{name}.env").write_text(SETUP)
    assert servers.play(ROOT / "playbooks/standalone.yml", given, "-i", str(inventory)).code == 0
    before, there = servers.authentik.state.snapshot(), (host / "broken.env").read_text()
    failed = remove(servers, "standalone", "-i", str(inventory), **given)
    assert failed.code == 2
    assert "NetBird did not get healthy with the new files" in failed.output
    assert "broken did not go back to what was there before the first run" in failed.output
    assert (host / "good.env").read_text() == SETUP
    assert servers.authentik.state.snapshot() == before
    assert (host / "broken.env").read_text() == there, "it lets people in as before"


def test_nobody_is_locked_out_of_a_host_that_has_nothing_to_go_back_to(servers: Servers, host: Path) -> None:
    add_people(servers.authentik.state)
    given, hosts = variables(servers, host), ("-i", str(servers.folder / "hosts.ini"))
    (host / "netbird.env").unlink()
    assert servers.play(ROOT / "playbooks/standalone.yml", given, *hosts).code == 0
    there = files(host)
    refused = remove(servers, "standalone", *hosts, **given)
    assert (refused.code, refused.writes) == (2, [])
    assert "of host nobody knows what was there before the first run" in refused.failure
    assert "no host is in the group netbird" in remove(servers, "standalone", **given).failure
    forced = remove(servers, "standalone", *hosts, **given, remove_force=True)
    assert forced.code == 0, forced.output[-3000:]
    assert servers.authentik.state.providers == {}
    assert files(host) == there, "the file stays, since nobody knows another"
