# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role on a host where something fails: everything is as it was, a service runs as before, and it is said why."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from support.host import PASSWORD, WRITTEN, Host, by_hand


@pytest.mark.once
def test_two_keys_are_an_error(deployed: Host) -> None:
    (deployed.folder / "management.json").write_text('{"DataStoreEncryptionKey": "another"}')
    before = deployed.state()
    played = deployed.play({"environment_client_id": "other"})
    assert "different keys (DataStoreEncryptionKey)" in played.failure
    assert deployed.state() == before


@pytest.mark.once
def test_killed_at_every_task_and_run_again(deployed: Host, tmp_path: Path) -> None:
    host, start = deployed, tmp_path / "start"
    shutil.copytree(host.folder, start)
    wanted = {"environment_client_id": "other", "environment_backup": False}
    assert host.play(wanted).code == 0
    end, mended = host.state(), {}
    for number in range(1, 20):
        shutil.rmtree(host.folder)
        shutil.copytree(start, host.folder)
        if host.play(wanted, kill_at=number).code >= 0:
            break
        # Where a task has written nothing, there is nothing more to mend than before it.
        if host.state() != mended:
            mended = host.state()
            assert host.play(wanted).code == 0
            assert host.state() == end, f"killed at task {number}"
    assert number > 8


def test_killed_on_the_way_back_and_run_again(host: Host, tmp_path: Path) -> None:
    """Back to what somebody had made by hand, but for the key of the database, which was made since and is nowhere else."""
    by_hand(host)
    before, there = host.state(), tmp_path / "there"
    assert host.play().code == 0
    key = f'"DataStoreEncryptionKey": "{host.kept()[0]}"'
    shutil.copytree(host.folder, there)
    mode, text = before["artifacts/management.json"]
    end = {**before, "artifacts/management.json": (mode, text.replace(b'"DataStoreEncryptionKey": ""', key.encode()))}
    assert end != before
    back, mended = {"environment_state": "absent"}, {}
    for tags in ("environment", "environment_files", "environment_deployment"):
        assert host.play(back, "--check", "--tags", tags).code == 0
    for number in range(1, 20):
        shutil.rmtree(host.folder)
        shutil.copytree(there, host.folder)
        if host.play(back, kill_at=number).code >= 0:
            break
        if host.state() != mended:
            mended = host.state()
            assert host.play(back).code == 0
            assert {name: kept[1] for name, kept in host.state().items()} == {name: kept[1] for name, kept in end.items()}, number
    assert number > 6
    assert host.play(back).changed == []


BREAKS = {
    "the endpoint answers with an error": (lambda host: vars(host.discovery).update(status=404), "does not answer"),
    "the endpoint answers with a page": (lambda host: vars(host.discovery).update(body="<html>"), "other than a discovery"),
    "the issuer is another": (
        lambda host: host.discovery.changes.update(issuer="http://authentik:9000/x/"),
        "does not begin with",
    ),
    "an endpoint is missing": (lambda host: host.discovery.changes.update(jwks_uri=None), "names no jwks_uri"),
    "the script fails": (
        lambda host: append(host, "configure.sh", "\necho broken because of $NETBIRD_RELAY_AUTH_SECRET; exit 3"),
        "broken",
    ),
    "an artifact is empty": (
        lambda host: append(host, "configure.sh", "\n: > artifacts/turnserver.conf"),
        "turnserver.conf empty",
    ),
    "a secret is not kept": (
        lambda host: append(host, "configure.sh", "\nsed -i '/DataStore/d' artifacts/management.json"),
        "DataStoreEncryptionKey",
    ),
    "the compose file is broken": (lambda host: append(host, "docker-compose.yml.tmpl", "\n  - ]"), "not YAML"),
    "a value breaks the compose file": (
        lambda host: append(host, "setup.env", "NETBIRD_LETSENCRYPT_EMAIL='a: b'"),
        "broke LETSENCRYPT_EMAIL",
    ),
    "a line of setup.env is broken": (
        lambda host: append(host, "setup.env", "NETBIRD_X_SECRET=two parts-of-it"),
        "setup.env: line",
    ),
}


def append(host: Host, name: str, text: str) -> None:
    with (host.folder / name).open("a") as file:
        file.write(f"{text}\n")


@pytest.mark.once
@pytest.mark.parametrize("broken", BREAKS)
def test_what_fails_leaves_everything_as_it_was(deployed: Host, broken: str) -> None:
    host = deployed
    secrets, former = host.secrets(), host.state()
    change, reason = BREAKS[broken]
    change(host)
    before = host.state()
    played = host.play({"environment_client_id": "other"})
    assert played.code == 2
    assert reason in played.failure, played.failure
    after = host.state()
    assert {name: after[name] for name in after if name != "setup.env"} == {
        name: before[name] for name in before if name != "setup.env"
    }
    assert after["setup.env"] == former["setup.env"]
    assert not any(secret in played.output for secret in [*secrets, "parts-of-it"])


@pytest.mark.once
@pytest.mark.parametrize("value", ["first\nsecond", "a{{ .HOME }}b"])
def test_a_value_that_would_not_arrive_is_refused_before_the_write(host: Host, value: str) -> None:
    before = host.state()
    played = host.play({"environment_mgmt_idp_password": value}, "-vvvv", "--diff")
    assert played.failure.startswith("NETBIRD_IDP_MGMT_EXTRA_PASSWORD must not hold ")
    assert not any(part in played.output for part in ("second", ".HOME"))
    after = host.state()
    assert {name: after[name] for name in before} == before


@pytest.mark.once
def test_tools_that_are_missing_are_named(host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in (
        "bash",
        "sh",
        "which",
        "curl",
        "awk",
        "sed",
        "grep",
        "mkdir",
        "mktemp",
        "rm",
        "cat",
        "chmod",
        "sleep",
        "env",
        "python3",
    ):
        (tools / tool).symlink_to(shutil.which(tool) or tool)
    monkeypatch.setenv("PATH", str(tools))
    played = host.play()
    assert "configure.sh needs jq, envsubst, openssl on this host" in played.failure


@pytest.mark.once
def test_what_is_missing_is_said_first(host: Host) -> None:
    played = host.play({"environment_mode": "env_file"})
    assert "environment_file has to say where" in played.failure
    played = host.play({"environment_directory": str(host.folder.parent)})
    assert "should be infrastructure_files in a checkout of NetBird" in played.failure


SYSTEMCTL = """\
#!/bin/bash
case "$*" in
  *show*) printf 'LoadState=loaded\\nActiveState=active\\nFragmentPath=/x\\n' ;;
  *restart*) cat "{file}" >> "{log}"; echo "--" >> "{log}"; [ ! -e "{log}.never" ] && ! grep -q broken "{file}" ;;
esac
"""
RESTARTED = "NetBird's service starts anew"


@pytest.fixture
def service(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The variables of a systemd deployment; stand-ins of its programs note what each restart was with."""
    programs = tmp_path / "programs"
    programs.mkdir()
    file = host.folder.parent / "netbird.env"
    (programs / "systemctl").write_text(SYSTEMCTL.format(file=file, log=host.folder.parent / "restarts"))
    (programs / "journalctl").write_text(f"#!/bin/bash\necho starting; cat {file}\n")
    for program in programs.iterdir():
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return {"environment_mode": "env_file", "environment_file": str(file), "environment_deployment": "systemd"}


def restarts(host: Host) -> list[str]:
    log = host.folder.parent / "restarts"
    return log.read_text().split("--\n")[:-1] if log.exists() else []


@pytest.mark.once
def test_a_service_is_restarted_when_something_changed(host: Host, service: dict[str, Any]) -> None:
    checked = host.play(service, "--check")
    assert checked.changed == [WRITTEN, "NetBird would be deployed anew"]
    assert host.play(service).changed == [WRITTEN, RESTARTED]
    assert host.play(service).changed == []
    changed = {**service, "environment_client_id": "other"}
    assert host.play(changed, "--tags", "environment_files").changed == [WRITTEN]
    # As after a play that was stopped before the deployment.
    assert host.play(changed).changed == [RESTARTED]
    assert host.play(changed).changed == []
    assert ["other" in text for text in restarts(host)] == [False, True]


@pytest.mark.once
def test_a_service_that_does_not_start_has_its_former_file_again(host: Host, service: dict[str, Any]) -> None:
    assert host.play(service).code == 0
    before = Path(service["environment_file"]).read_text()
    broken = {**service, "environment_client_id": "broken", "environment_mgmt_idp_password": "another-password"}
    played = host.play(broken, "-vvvv", "--diff")
    assert played.code == 2
    last = [task.result["msg"] for task in played.tasks if task.status == "failed"][-1]
    assert "did not get healthy" in last
    assert "It runs with the former ones again. It said: starting" in last
    assert "NETBIRD_IDP_MGMT_EXTRA_PASSWORD=(hidden)" in last
    assert not any(secret in played.output for secret in (PASSWORD, "another-password"))
    assert Path(service["environment_file"]).read_text() == before
    assert [("broken" in text) for text in restarts(host)] == [False, True, False]
    assert host.play(service).changed == []


@pytest.mark.once
def test_a_service_that_does_not_start_with_its_former_file_either(host: Host, service: dict[str, Any]) -> None:
    assert host.play(service).code == 0
    before = Path(service["environment_file"]).read_text()
    (host.folder.parent / "restarts.never").touch()
    broken = {**service, "environment_client_id": "broken", "environment_mgmt_idp_password": "another-password"}
    for log in ("readable", "unreadable"):
        unreadable = {"environment_log_command": {"systemd": ["/nowhere/journalctl"]}} if log == "unreadable" else {}
        played = host.play({**broken, **unreadable}, "-vvvv", "--diff")
        assert played.code == 2
        last = [task.result["msg"] for task in played.tasks if task.status == "failed"][-1]
        assert last.startswith("NetBird did not get healthy with the new files (Unable to restart service"), last
        assert "The former ones are back, but it did not get healthy with them either (Unable to restart service" in last
        assert ("It said: starting" if log == "readable" else "Its log could not be read (") in last, last
        assert not any(secret in played.output for secret in (PASSWORD, "another-password"))
        assert Path(service["environment_file"]).read_text() == before
    assert [("broken" in text) for text in restarts(host)] == [False, True, False, True, False]
    (host.folder.parent / "restarts.never").unlink()
    mended = host.play({**service, "environment_client_id": "mended"})
    assert mended.changed == [WRITTEN, RESTARTED]
