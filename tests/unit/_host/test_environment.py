# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of variables and the run of configure.sh, function by function, with a shell and the stand-in as the judges."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from itertools import product
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
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host.env_file import (
    SECRET_NAME,
    difference,
    hide,
    merge,
    parse,
    quote,
    read_settings,
    secrets,
    without,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host.targets import TARGETS, check
from support.host import ENDPOINT, HOSTILE, SETUP, Host, discovery

pytestmark = pytest.mark.once
FORMATS = ("shell", "env_file")
# Files as people leave them behind.
FILES = {
    "empty": "",
    "no line end": "A=1",
    "comments": "# one\n\n  # two\nA=1 # three\n#B=2\n",
    "quotes": "A='x y'\nB=\"x 'y' \\\"z\\\"\"\nC='a'\"b\"c\\ d\nD=''\nE=\n",
    "expressions": 'A="$HOME/x"\nB=`id -u`\nC=$(id -u)\nD=~/x\nE=$A\nF="\\$A"\n',
    "several on a line": "A=1 B=2\nA=1; B=2\nexport A B\nunset B\n",
    "export": "export A=1\nexport   B='2'  # why\n",
    "several lines": "A='first\nsecond'\nB=2\n",
    "block": "if true; then\n  A=1\nfi\n",
    "CRLF": "A=1\r\n# b\r\nB='x'\r\n",
    "twice": "A=1\nA=2\n",
    "odd": "A = 1\n=x\nB+=y\nC[0]=z\n\x00\udc80\n",
    "unclosed": "A='x\nB=2\n",
}


def refusal(settings: Mapping[str, str], file_format: str) -> str:
    """Why these settings are not written; empty where they are."""
    try:
        check(settings, file_format)
        merge("", settings, file_format)
    except Failure as failure:
        return str(failure)
    return ""


def sourced(text: str) -> dict[str, str]:
    """The variables as a shell understands the text."""
    done = subprocess.run(
        ["bash", "-c", "set -a; source /dev/stdin; env -0"],
        input=text.encode("utf-8", "surrogateescape"),
        env={"PATH": os.environ["PATH"], "HOME": "/home"},
        capture_output=True,
        check=False,
    )
    assert not done.stderr, done.stderr
    return dict(line.split("=", 1) for line in done.stdout.decode("utf-8", "surrogateescape").split("\0") if "=" in line)


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("name", FILES)
def test_a_file_is_the_sum_of_its_parts(name: str, file_format: str) -> None:
    statements = parse(FILES[name], file_format)
    assert "".join(statement.text for statement in statements) == FILES[name]
    assert merge(FILES[name], {}, file_format) == FILES[name].replace("\r\n", "\n")


def test_a_value_is_what_a_shell_makes_of_it_or_unknown() -> None:
    known = 0
    for name in ("comments", "quotes", "expressions", "export", "several lines", "twice"):
        variables = sourced(FILES[name])
        for statement in parse(FILES[name], "shell"):
            if statement.name and statement.value is not None and not (name == "twice" and statement.value == "1"):
                assert variables[statement.name] == statement.value, name
                known += 1
    assert known == 12
    assert {each.name for each in parse(FILES["expressions"], "shell") if each.value is None and each.name} == {"A", "D", "E"}


@pytest.mark.parametrize("name", [name for name in FILES if name not in ("odd", "unclosed", "CRLF")])
@pytest.mark.parametrize("hostile", [name for name in HOSTILE if name != "control"])
def test_what_is_merged_is_what_a_shell_reads(name: str, hostile: str) -> None:
    wanted = {"A": HOSTILE[hostile], "NEW": HOSTILE[hostile]}
    merged = merge(FILES[name], wanted, "shell")
    variables = sourced(merged)
    assert {key: variables[key] for key in wanted} == wanted
    assert merge(merged, wanted, "shell") == merged
    before = {key: value for key, value in sourced(FILES[name]).items() if key in "BCDF"}
    assert {key: variables.get(key) for key in before} == before


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_an_environment_file_holds_is_read_back(hostile: str) -> None:
    value = HOSTILE[hostile]
    refused = refusal({"X": value}, "env_file")
    if refused:
        assert refused.startswith("X ")
        assert value not in refused
        return
    merged = merge("X=old\nY=stays\n", {"X": value}, "env_file")
    (statement, other) = parse(merged, "env_file")
    assert (statement.value, other.text) == (value, "Y=stays\n")
    assert merge(merged, {"X": value}, "env_file") == merged


def test_values_that_compose_and_systemd_read_differently_are_not_written() -> None:
    assert quote("X", "plain-value:1/2", "env_file") == "plain-value:1/2"
    assert quote("X", 'a "b" $c \\d', "env_file") == "'a \"b\" $c \\d'"
    assert quote("X", "it's", "env_file") == '"it\'s"'
    for value in ("it's $5", "ends\\"):
        with pytest.raises(Failure, match="X holds"):
            quote("X", value, "env_file")


def test_only_what_is_asked_for_changes() -> None:
    before = "# top\nexport A='old' # why\nB=$A\n\nC='same'\nA=last\n  A=inside\nunset A\n"
    assert merge(before, {"C": "same"}, "shell") == before
    assert merge("export A=old # why\nB=x\n", {"A": "n w"}, "shell") == "export A='n w' # why\nB=x\n"
    assert merge("A=1\nA=2\n", {"A": "3"}, "shell") == "A=1\nA=3\n"
    assert merge(before, {"A": "new"}, "shell") == f"{before}A=new\n"
    assert merge("A=1\nexport A\n", {"A": "2"}, "shell") == "A=2\nexport A\n"
    assert merge("A=$HOME", {"A": "2", "B": "3"}, "shell") == "A=2\nB=3\n"
    assert merge("A=a # b\n", {"A": "a"}, "env_file") == "A=a\n"
    assert merge(before, {"A": "1"}, "shell", exclusive=True) == "A=1\n"


def test_settings_are_names_and_values() -> None:
    assert read_settings("# why\n\nA=1\nB='x y'\nexport C=\"z\"\nA=2\n") == {"A": "2", "B": "x y", "C": "z"}
    for text in ("A=two words\n", "A", "A=$HOME", "A=1; id"):
        with pytest.raises(Failure, match="Line 1 of the settings cannot be read"):
            read_settings(text)


def test_names_of_secrets() -> None:
    secret = "X_PASSWORD db_passwd CLIENT_SECRET API_TOKEN ENC_KEY KEY POSTGRES_DSN AWS_CREDENTIALS NETBIRD_RELAY_AUTH_SECRET"
    public = "NETBIRD_TOKEN_SOURCE NETBIRD_AUTH_DEVICE_AUTH_USE_ID_TOKEN NETBIRD_AUTH_TOKEN_ENDPOINT MONKEY SIGNKEY_REFRESH"
    assert all(SECRET_NAME.search(name) for name in secret.split())
    assert not any(SECRET_NAME.search(name) for name in public.split())


def test_the_difference_has_no_secret_and_everything_else() -> None:
    before = "A=1\nX_PASSWORD=old\nY_SECRET='kept'\n# Z_TOKEN=commented\nURL=http://u:inside@h\nexport P_KEY=$(cat old) Q=1\n"
    after = merge(before, {"A": "2", "X_PASSWORD": "new", "N_DSN": "dsn"}, "shell")
    shown = difference(before, after, "shell")
    assert shown["before"] == (
        "A=1\nX_PASSWORD=(hidden)\nY_SECRET=(hidden)\n# Z_TOKEN=(hidden)\nURL=http://u:(hidden)@h\nexport P_KEY=(hidden)\n"
    )
    assert shown["after"] == (
        "A=2\nX_PASSWORD=(hidden, written)\nY_SECRET=(hidden)\n# Z_TOKEN=(hidden)\nURL=http://u:(hidden)@h\n"
        "export P_KEY=(hidden)\nN_DSN=(hidden, written)\n"
    )
    assert secrets(after, "shell") == {"new", "kept", "'kept'", "dsn"}
    assert hide("level=error token=abc def") == "level=error token=(hidden)"
    assert without("abcd abc", ["abc", "abcd"]) == "(hidden) (hidden)"


def test_what_is_refused_is_named_and_not_shown() -> None:
    for (name, value), variable in product(HOSTILE.items(), [*TARGETS, "NETBIRD_IDP_MGMT_EXTRA_X", "OTHER"]):
        refused = refusal({variable: value}, "shell")
        if refused:
            assert refused.startswith(f"{variable} ")
            assert value not in refused
            assert "\n" not in refused
        else:
            assert name not in ("line feed", "CRLF", "control")
    check({"OTHER": HOSTILE["dollar"]}, "shell")
    with pytest.raises(Failure, match=r"NETBIRD_AUTH_CLIENT_ID must not hold a dollar sign \(\$\)"):
        check({"NETBIRD_AUTH_CLIENT_ID": "a$b"}, "shell")
    with pytest.raises(Failure, match="NETBIRD_MGMT_API_PORT has to be a port number"):
        check({"NETBIRD_MGMT_API_PORT": "https"}, "shell")
    with pytest.raises(Failure, match="a line break"):
        check({"X": "a\nb"}, "env_file")
    check({"NETBIRD_AUTH_CLIENT_ID": "a$b", "NETBIRD_MGMT_API_PORT": "https"}, "env_file")


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
