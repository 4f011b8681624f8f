# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of variables: what is read, what is written and what is shown, with a shell as the judge."""

from __future__ import annotations

import os
import subprocess

import pytest

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
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
from support.host import HOSTILE, refusal

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
