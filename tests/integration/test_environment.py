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
from pathlib import Path

import pytest

from support.host import CONFIGURED, ENDPOINT, HOSTILE, PASSWORD, SETUP, WRITTEN, Host, by_hand


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
@pytest.mark.parametrize("which", ["host", "deployed"])
def test_check_predicts_and_touches_nothing(request: pytest.FixtureRequest, which: str) -> None:
    host: Host = request.getfixturevalue(which)
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
def test_secrets_are_kept_in_five_runs(deployed: Host) -> None:
    kept = deployed.kept()
    assert all(kept)
    for number in range(5):
        played = deployed.play({"environment_client_id": f"client-{number}"})
        assert played.changed == [WRITTEN, CONFIGURED]
        assert deployed.kept() == kept
    assert not list(deployed.artifacts.glob("*.bkp.*"))


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
def test_an_artifact_that_is_gone_is_made_again(deployed: Host) -> None:
    kept = deployed.kept()
    (deployed.artifacts / "turnserver.conf").unlink()
    assert deployed.play().changed == [CONFIGURED]
    assert deployed.kept() == kept


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
