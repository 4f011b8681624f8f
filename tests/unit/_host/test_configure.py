# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of configure.sh, function by function, with the stand-in as the judge."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host import configure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host.configure import (
    ARTIFACTS,
    Configure,
    check_compose,
    commit,
    digest,
    https_signal,
    is_current,
    kept_secrets,
    publish,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host.env_file import merge
from support.host import ENDPOINT, HOSTILE, SETUP, Host, discovery, refusal

pytestmark = pytest.mark.once


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with discovery() as found:
        made = Host.make(tmp_path / "infrastructure_files", found)
        write(made, {})
        yield made


def write(host: Host, settings: Mapping[str, str]) -> None:
    needed = {
        "NETBIRD_AUTH_OIDC_CONFIGURATION_ENDPOINT": f"{host.discovery.url}{ENDPOINT}",
        "NETBIRD_AUTH_CLIENT_ID": "client",
        "NETBIRD_AUTH_AUDIENCE": "client",
        "NETBIRD_MGMT_IDP": "authentik",
    }
    (host.folder / "setup.env").write_text(merge(SETUP, {**needed, **settings}, "shell"))


def run_command(command: list[str], cwd: str, umask: int) -> tuple[int, str, str]:
    done = subprocess.run(command, cwd=cwd, umask=umask, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def run_configure(host: Host) -> dict[str, bytes]:
    with Configure(host.folder, 60, run_command) as run:
        return run.run()


WHERE = {
    "NETBIRD_IDP_MGMT_EXTRA_PASSWORD": ("IdpManagerConfig", "ExtraConfig", "Password"),
    "NETBIRD_IDP_MGMT_CLIENT_ID": ("IdpManagerConfig", "ClientConfig", "ClientID"),
    "NETBIRD_AUTH_CLIENT_ID": ("PKCEAuthorizationFlow", "ProviderConfig", "ClientID"),
    "NETBIRD_AUTH_SUPPORTED_SCOPES": ("PKCEAuthorizationFlow", "ProviderConfig", "Scope"),
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_every_value_that_is_taken_arrives(host: Host, hostile: str) -> None:
    value = HOSTILE[hostile]
    taken = {name: value for name in (*WHERE, "NETBIRD_AUTH_REDIRECT_URI") if not refusal({name: value}, "shell")}
    write(host, taken)
    made = run_configure(host)
    document = json.loads(made["management.json"])
    environment = yaml.safe_load(made["docker-compose.yml"])["services"]["dashboard"]["environment"]
    for variable in taken:
        found = document
        for key in WHERE.get(variable, ()):
            found = found[key]
        if variable in WHERE:
            assert found == value
        if not variable.startswith("NETBIRD_IDP"):
            assert f"{variable.removeprefix('NETBIRD_')}={value}" in environment


def test_what_runs_is_left_alone_until_it_is_replaced(host: Host) -> None:
    before = host.state()
    made = run_configure(host)
    assert set(made) == set(ARTIFACTS)
    assert host.state() == before


@pytest.mark.parametrize("dies_at", range(1, 7))
def test_a_commit_that_is_killed_is_done_again(host: Host, monkeypatch: pytest.MonkeyPatch, dies_at: int) -> None:
    stamp = digest(host.folder, {})
    commit(host.folder, run_configure(host), stamp)
    kept = kept_secrets(host.folder)
    write(host, {"NETBIRD_AUTH_CLIENT_ID": "other"})
    stamp = digest(host.folder, {})
    assert not is_current(host.folder, stamp)
    made = run_configure(host)

    real, calls = configure.write_private, 0

    def dies(path: Path, content: bytes) -> None:
        nonlocal calls
        calls += 1
        if calls == dies_at:
            raise KeyboardInterrupt
        real(path, content)

    monkeypatch.setattr(configure, "write_private", dies)
    if dies_at <= 5:
        with pytest.raises(KeyboardInterrupt):
            commit(host.folder, made, stamp)
        assert not is_current(host.folder, stamp)
    monkeypatch.undo()
    assert kept_secrets(host.folder) == kept
    commit(host.folder, run_configure(host), stamp)
    assert is_current(host.folder, stamp)
    assert {name: (host.artifacts / name).read_bytes() for name in ARTIFACTS} == made


def test_secrets_are_made_where_there_are_none(tmp_path: Path) -> None:
    one, other = kept_secrets(tmp_path), kept_secrets(tmp_path)
    assert all(one.values())
    assert not set(one.values()) & set(other.values())
    assert len(one["NETBIRD_DATASTORE_ENC_KEY"]) == 44


def test_a_script_that_hangs_is_stopped(host: Host) -> None:
    (host.folder / "configure.sh").write_text("sleep 60\n")
    with Configure(host.folder, 1, run_command) as run, pytest.raises(Failure, match="took longer than 1 seconds"):
        run.run()
    assert not (host.folder / ".staging").exists()


def test_repairs() -> None:
    assert json.loads(https_signal(b'{"Signal": {"Proto": "http", "URI": "x"}}')) == {"Signal": {"Proto": "https", "URI": "x"}}
    text = (
        "services:\n  # a\n  a:\n    image: i\n\n    ports:\n      - 80:80\n      - 443:443 # b\n  #    - 9\n"
        "  b:\n    ports:\n      - 1:2\n"
    )
    repaired = publish(text.encode(), {"a": "127.0.0.1:8080"})
    assert repaired.decode() == text.replace("      - 80:80\n      - 443:443 # b\n", "      - '127.0.0.1:8080:80'\n")
    with pytest.raises(Failure, match="no published port of a service 'c'"):
        publish(text.encode(), {"c": "127.0.0.1:1"})


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (None, "made no services"),
        ({"services": {}}, "made no services"),
        ({"services": {"a": {"image": "i:1", "environment": [{"X=a": "b"}]}}}, "broke X of the service 'a'"),
        ({"services": {"a": {"image": "i:1", "environment": ["X=a$b"]}}}, "broke X"),
        ({"services": {"a": {"image": "i:1", "environment": ["X=null"]}}}, "broke X"),
        ({"services": {"a": {"image": "i:"}}}, "without an image"),
    ],
)
def test_a_broken_compose_file(document: object, reason: str) -> None:
    check_compose({"services": {"a": {"image": "i:1", "environment": ["X=a$$b"]}}})
    with pytest.raises(Failure, match=reason):
        check_compose(document)
