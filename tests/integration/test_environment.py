# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role on a host with the stand-in of configure.sh, in both modes, without a deployment: files only."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.host import ENDPOINT, HOSTILE, PASSWORD, SETUP, Host, discovery

WRITTEN = "NetBird's environment"
CONFIGURED = "NetBird's configuration, as configure.sh makes it of that"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with discovery() as found:
        yield Host.make(tmp_path / "host/infrastructure_files", found)


def sourced(path: Path) -> dict[str, str]:
    """The variables as a shell understands the file."""
    script = 'set -a; source "$0" || exit; env -0'
    done = subprocess.run(["bash", "-c", script, path], env={"PATH": os.environ["PATH"]}, capture_output=True, check=True)
    return dict(line.split("=", 1) for line in done.stdout.decode("utf-8", "surrogateescape").split("\0") if line)


def test_first_run_second_run_and_one_value_changed(host: Host) -> None:
    first = host.play()
    assert first.code == 0, first.output
    assert first.changed == [WRITTEN, CONFIGURED]
    state = host.state()
    second = host.play()
    assert second.changed == []
    assert host.state() == state

    kept = host.kept()
    third = host.play({"environment_behind_reverse_proxy": True}, "--diff")
    assert third.changed == [WRITTEN, CONFIGURED]
    assert "+NETBIRD_MGMT_API_PORT=443" in third.output
    assert host.kept() == kept
    assert host.compose()["services"]["management"]["ports"] == ["443:443"]


@pytest.mark.once
def test_what_it_writes(host: Host) -> None:
    assert host.play({"environment_behind_reverse_proxy": True}).code == 0
    text = (host.folder / "setup.env").read_text()
    assert text.startswith(SETUP.replace('CLIENT_ID=""', "CLIENT_ID=client"))
    variables = sourced(host.folder / "setup.env")
    assert {name: value for name, value in variables.items() if name.startswith(("NETBIRD_", "OF_"))} == {
        "NETBIRD_DOMAIN": "netbird.company",
        "OF_MINE": "1",
        "NETBIRD_AUTH_OIDC_CONFIGURATION_ENDPOINT": f"{host.discovery.url}{ENDPOINT}",
        "NETBIRD_USE_AUTH0": "false",
        "NETBIRD_AUTH_CLIENT_ID": "client",
        "NETBIRD_AUTH_SUPPORTED_SCOPES": "openid profile email offline_access entitlements goauthentik.io/api",
        "NETBIRD_AUTH_AUDIENCE": "client",
        "NETBIRD_AUTH_DEVICE_AUTH_CLIENT_ID": "client",
        "NETBIRD_AUTH_DEVICE_AUTH_AUDIENCE": "client",
        "NETBIRD_MGMT_IDP": "authentik",
        "NETBIRD_IDP_MGMT_CLIENT_ID": "client",
        "NETBIRD_IDP_MGMT_EXTRA_USERNAME": "NetBird",
        "NETBIRD_IDP_MGMT_EXTRA_PASSWORD": PASSWORD,
        "NETBIRD_AUTH_REDIRECT_URI": "/auth",
        "NETBIRD_AUTH_SILENT_REDIRECT_URI": "/silent-auth",
        "NETBIRD_AUTH_PKCE_DISABLE_PROMPT_LOGIN": "true",
        "NETBIRD_MGMT_API_PORT": "443",
        "NETBIRD_SIGNAL_PORT": "443",
    }
    document = host.management()
    assert document["IdpManagerConfig"]["ManagerType"] == "authentik"
    assert document["IdpManagerConfig"]["ExtraConfig"] == {"Username": "NetBird", "Password": PASSWORD}
    assert document["HttpConfig"]["AuthIssuer"] == f"{host.discovery.url}/application/o/netbird/"
    assert document["DeviceAuthorizationFlow"]["Provider"] == "hosted"


@pytest.mark.once
def test_a_setting_of_the_users_own_wins_over_the_roles(host: Host) -> None:
    assert host.play({"environment_settings": {"NETBIRD_AUTH_REDIRECT_URI": "/other", "NETBIRD_USE_AUTH0": True}}).code == 0
    variables = sourced(host.folder / "setup.env")
    assert (variables["NETBIRD_AUTH_REDIRECT_URI"], variables["NETBIRD_USE_AUTH0"]) == ("/other", "true")


@pytest.mark.once
def test_exclusive(host: Host) -> None:
    assert host.play({"environment_exclusive": True, "environment_settings": {"NETBIRD_DOMAIN": "netbird.company"}}).code == 0
    assert "by hand" not in (host.folder / "setup.env").read_text()
    assert "OF_MINE" not in sourced(host.folder / "setup.env")


@pytest.mark.once
@pytest.mark.parametrize("fresh", [True, False])
def test_check_predicts_and_touches_nothing(host: Host, fresh: bool) -> None:
    if not fresh:
        assert host.play().code == 0
    before = host.state()
    variables = {"environment_client_id": "other", "environment_mgmt_idp_password": "another-password"}
    checked = host.play(variables, "--check", "--diff")
    assert checked.code == 0, checked.output
    assert host.state() == before
    real = host.play(variables, "--diff")
    assert checked.changed == real.changed == [WRITTEN, CONFIGURED]
    assert [task.result.get("diff") for task in checked.tasks if task.name == WRITTEN] == [
        task.result.get("diff") for task in real.tasks if task.name == WRITTEN
    ]
    assert host.play(variables, "--check").changed == []


def test_no_secret_is_said_and_no_file_is_open(host: Host) -> None:
    (host.folder / "setup.env").write_text(f'{SETUP}NETBIRD_AUTH_CLIENT_SECRET="old-secret"\n# X_SECRET=commented-out\n')
    output = host.play(None, "-vvvv", "--diff").output
    kept = host.secrets()
    output += host.play({"environment_mgmt_idp_password": "another-password"}, "-vvvv", "--diff").output
    host.discovery.status = 500
    output += host.play({"environment_mgmt_idp_password": "a-third-password"}, "-vvvv", "--diff").output
    for secret in (*kept, "another-password", "a-third-password", "old-secret", "commented-out"):
        assert secret not in output
    assert "NETBIRD_IDP_MGMT_EXTRA_PASSWORD=(hidden, written)" in output
    assert "NETBIRD_AUTH_CLIENT_ID=client" in output
    wide = {name: mode for name, (mode, _content) in host.state().items() if int(mode, 8) & 0o137}
    ours = {path.name for path in (Path(__file__).parents[1] / "simulators/configure").iterdir()}
    assert {name for name in wide if name not in ours} == set()
    assert stat.filemode((host.folder / ".setup.env.deployed").stat().st_mode) == "drwx------"


@pytest.mark.once
def test_the_password_is_never_an_argument(host: Host) -> None:
    script = host.folder / "configure.sh"
    script.write_text(script.read_text().replace("jq --arg", 'echo "$name ${!name}" >> "$HOME/arguments"; jq --arg'))
    assert host.play().code == 0
    said = (host.folder.parent / "arguments").read_text()
    assert "NETBIRD_IDP_MGMT_EXTRA_PASSWORD stand-in-" in said
    assert PASSWORD not in said


@pytest.mark.once
def test_secrets_are_kept_in_five_runs(host: Host) -> None:
    assert host.play().code == 0
    kept = host.kept()
    assert all(kept)
    for number in range(5):
        played = host.play({"environment_client_id": f"client-{number}"})
        assert played.changed == [WRITTEN, CONFIGURED]
        assert host.kept() == kept
    assert not list(host.artifacts.glob("*.bkp.*"))


@pytest.mark.once
def test_secrets_of_a_set_up_made_by_hand_are_kept(host: Host) -> None:
    by_hand(host)
    document = host.management()
    assert document["DataStoreEncryptionKey"] == ""
    document["DataStoreEncryptionKey"] = "a2V5IG9mIHRoZSBkYXRhYmFzZSwgMzIgYnl0ZXMgbG8="  # the server makes one when it starts
    (host.artifacts / "management.json").write_text(json.dumps(document))
    kept = host.kept()
    assert host.play().code == 0
    assert host.kept() == kept

    # Run by hand once more, it empties the key; the server has not been started since.
    shutil.rmtree(host.folder / ".setup.env.deployed")
    (host.artifacts / ".configured").unlink()
    by_hand(host)
    assert host.management()["DataStoreEncryptionKey"] == ""
    assert host.play().code == 0
    assert host.kept()[0] == kept[0]
    assert all(int(mode, 8) & 0o137 == 0 for name, (mode, _content) in host.state().items() if name.startswith("artifacts/"))


def by_hand(host: Host) -> None:
    """What people do without this collection."""
    (host.folder / "setup.env").write_text(
        f"{SETUP}NETBIRD_AUTH_OIDC_CONFIGURATION_ENDPOINT={host.discovery.url}{ENDPOINT}\nNETBIRD_AUTH_AUDIENCE=x\n"
    )
    subprocess.run(["bash", "configure.sh"], cwd=host.folder, check=True, capture_output=True)


@pytest.mark.once
def test_two_keys_are_an_error(host: Host) -> None:
    assert host.play().code == 0
    (host.folder / "management.json").write_text('{"DataStoreEncryptionKey": "another"}')
    before = host.state()
    played = host.play({"environment_client_id": "other"})
    assert "different keys (DataStoreEncryptionKey)" in played.failure
    assert host.state() == before


@pytest.mark.once
def test_killed_at_every_task_and_run_again(host: Host, tmp_path: Path) -> None:
    assert host.play().code == 0
    start = tmp_path / "start"
    shutil.copytree(host.folder, start)
    wanted = {"environment_client_id": "other", "environment_backup": False}
    assert host.play(wanted).code == 0
    end = host.state()
    for number in range(1, 20):
        shutil.rmtree(host.folder)
        shutil.copytree(start, host.folder)
        if host.play(wanted, kill_at=number).code >= 0:
            break
        assert host.play(wanted).code == 0
        assert host.state() == end, f"killed at task {number}"
    assert number > 8


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
def test_what_fails_leaves_everything_as_it_was(host: Host, broken: str) -> None:
    assert host.play().code == 0
    secrets = host.secrets()
    deployed = host.state()
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
    assert after["setup.env"] == deployed["setup.env"]
    assert not any(secret in played.output for secret in [*secrets, "parts-of-it"])


@pytest.mark.once
def test_hostile_values_arrive(host: Host) -> None:
    """One by one, and for the variables that are refused, in tests/unit/_host/test_configure.py."""
    taken = {name: value for name, value in HOSTILE.items() if not re.search(r"[\n\r\x07]|{{", value)}
    extra = {f"NETBIRD_IDP_MGMT_EXTRA_V{number}": value for number, value in enumerate(taken.values())}
    played = host.play({"environment_settings": extra})
    assert played.code == 0, played.output
    assert host.play({"environment_settings": extra}).changed == []
    assert sourced(host.folder / "setup.env").items() >= extra.items()
    arrived = host.management()["IdpManagerConfig"]["ExtraConfig"]
    assert arrived == {"Username": "NetBird", "Password": PASSWORD, **{f"V{n}": value for n, value in enumerate(taken.values())}}


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
def test_repairs_behind_a_proxy(host: Host) -> None:
    variables = {"environment_behind_reverse_proxy": True, "environment_settings": {"NETBIRD_RELAY_PORT": 443}}
    assert host.play(variables).code == 0
    assert host.management()["Signal"]["Proto"] == "http"
    assert host.compose()["services"]["relay"]["ports"] == ["443:443"]
    repairs = {"environment_fix_signal_protocol": True, "environment_fix_published_ports": True}
    repaired = host.play({**variables, **repairs})
    assert repaired.changed == [CONFIGURED], repaired.output
    assert host.management()["Signal"]["Proto"] == "https"
    assert {name: service["ports"] for name, service in host.compose()["services"].items()} == {
        "dashboard": ["127.0.0.1:8080:80"],
        "signal": ["127.0.0.1:10000:80"],
        "relay": ["127.0.0.1:33080:443"],
        "management": ["127.0.0.1:33073:443"],
    }
    assert "a comment that is none of the ports" in (host.artifacts / "docker-compose.yml").read_text()


@pytest.mark.once
def test_an_artifact_that_is_gone_is_made_again(host: Host) -> None:
    assert host.play().code == 0
    kept = host.kept()
    (host.artifacts / "turnserver.conf").unlink()
    assert host.play().changed == [CONFIGURED]
    assert host.kept() == kept


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


def test_an_environment_file(host: Host) -> None:
    path = host.folder.parent / "netbird.env"
    path.write_text("# Compose reads this\r\nOTHER=two words\r\nNETBIRD_MGMT_IDP=none\r\n")
    variables = {"environment_mode": "env_file", "environment_file": str(path)}
    assert host.play(variables).changed == [WRITTEN]
    text = path.read_text()
    assert text.startswith("# Compose reads this\nOTHER=two words\nNETBIRD_MGMT_IDP=authentik\n")
    assert "NETBIRD_AUTH_SUPPORTED_SCOPES='openid profile" in text
    assert path.stat().st_mode & 0o777 == 0o600
    assert host.play(variables).changed == []


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


@pytest.mark.once
def test_what_is_missing_is_said_first(host: Host) -> None:
    played = host.play({"environment_mode": "env_file"})
    assert "environment_file has to say where" in played.failure
    played = host.play({"environment_directory": str(host.folder.parent)})
    assert "should be infrastructure_files in a checkout of NetBird" in played.failure
