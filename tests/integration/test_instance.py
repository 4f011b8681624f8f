# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""netbird_instance: a new NetBird server gets its owner, and a token for everything else, wherever it was interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulators import netbird
from simulators._server import Fault
from support import COLLECTION, Servers, authentik
from support.modules import call

pytestmark = pytest.mark.once

EMAIL, PASSWORD = "ada@company.example", "password-of-ada"
CHANGES = [f"create owner '{EMAIL}'", "create user 'ansible'", "create token 'ansible' of 'ansible'"]


@pytest.fixture
def fresh() -> Iterator[netbird.NetBird]:
    with netbird.serve(fresh=True) as server:
        yield server


def ensure(server: netbird.NetBird, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    owner = {"netbird_url": server.url, "email": EMAIL, "password": PASSWORD, "name": "Ada"}
    return call("netbird_instance", {**owner, **options}, check_mode=check_mode)


def writes(server: netbird.NetBird) -> list[str]:
    return [f"{each.method} {each.path}" for each in server.requests if each.method != "GET" and each.path.startswith("/api/")]


def people(server: netbird.NetBird) -> list[tuple[str, str, int]]:
    """The name, role and number of tokens of everybody."""
    (account,) = server.state.accounts.values()
    tokens = [row["user"] for row in account.tokens.values()]
    return sorted((row["name"], row["role"], tokens.count(row["id"])) for row in account.users.values())


def test_a_new_server_is_set_up(fresh: netbird.NetBird) -> None:
    checked = ensure(fresh, check_mode=True)
    assert [request.path for request in fresh.requests] == ["/api/instance"]
    made = ensure(fresh, return_secret=True)
    assert made["changes"] == checked["changes"] == CHANGES
    assert made["diff"] == checked["diff"]
    assert made["diff"]["after"][f"owner '{EMAIL}'"] == {"name": "Ada", "password": "(hidden, written)"}
    assert people(fresh) == [("Ada", "owner", 0), ("ansible", "admin", 1)]
    fresh.clear()
    again = ensure(fresh, return_secret=True)
    assert (again["changed"], again["changes"], writes(fresh)) == (False, [], [])
    assert "plain_token" not in again
    found = call("netbird_info", {"netbird_url": fresh.url, "netbird_token": made["plain_token"]})
    assert found["setup_required"] is False
    assert found["account"]["domain"], "without one everybody who comes later gets an account of their own"


def test_check_mode_on_a_server_that_is_set_up(fresh: netbird.NetBird) -> None:
    ensure(fresh)
    fresh.clear()
    checked = ensure(fresh, check_mode=True, service_user="robot", role="auditor", token_name="drift")
    assert checked["changes"] == ["create user 'robot'", "create token 'drift' of 'robot'"]
    assert writes(fresh) == []
    made = ensure(fresh, service_user="robot", role="auditor", token_name="drift")
    assert (made["changes"], made["diff"]) == (checked["changes"], checked["diff"])


def test_a_lost_token_is_made_anew(fresh: netbird.NetBird) -> None:
    first = ensure(fresh, return_secret=True)
    second = ensure(fresh, return_secret=True, renew_before=181)
    assert first["plain_token"] != second["plain_token"]
    assert people(fresh) == [("Ada", "owner", 0), ("ansible", "admin", 1)]


def test_with_a_token_nobody_has_to_log_in(fresh: netbird.NetBird) -> None:
    token = ensure(fresh, return_secret=True)["plain_token"]
    fresh.clear()
    again = ensure(fresh, password="another password", netbird_token=token)
    assert (again["changed"], writes(fresh)) == (False, [])
    assert not any(request.path.startswith("/oauth2/") for request in fresh.requests)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"password": "short"}, "password has fewer than 8 characters, which NetBird refuses. Nothing was changed."),
        ({"token_expires_in": 366}, "token_expires_in has to be between 1 and 365 days. Nothing was changed."),
        ({"email": "ada"}, "invalid email format"),
        ({"name": ""}, "name is required"),
    ],
    ids=str,
)
def test_bad_input(fresh: netbird.NetBird, options: dict[str, Any], words: str) -> None:
    failed = ensure(fresh, **options)
    assert failed["failed"] is True
    assert words in failed["msg"]
    assert fresh.state.local_users == {}


def test_somebody_else_sets_it_up_meanwhile(fresh: netbird.NetBird) -> None:
    fresh.inject(Fault("status", method="POST", path="/api/setup", status=412, body='{"message":"setup already completed"}'))
    failed = ensure(fresh)
    assert "setup already completed" in failed["msg"]
    assert "changes" not in failed, "the owner is not this task's doing"


def test_somebody_elses_server(servers: Servers) -> None:
    failed = ensure(servers.netbird)
    assert f"the login of {EMAIL} ended: NetBird does not take the password of its own user" in failed["msg"]
    assert "Give the email and the password of its owner." in failed["msg"]
    assert PASSWORD not in str(failed)
    assert writes(servers.netbird) == []


def test_a_server_without_its_own_provider() -> None:
    with netbird.serve(embedded=False) as server:
        failed = ensure(server)
        assert "the issuer has no discovery document" in failed["msg"]
        assert writes(server) == []


def test_something_else_at_this_url(servers: Servers) -> None:
    failed = call("netbird_instance", {"netbird_url": servers.authentik.url, "email": EMAIL, "password": PASSWORD})
    assert failed["failed"] is True
    assert "GET /api/instance" in failed["msg"]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_interrupted_anywhere_the_next_run_finishes_it(kind: Any) -> None:
    with netbird.serve(fresh=True) as server:
        ensure(server)
        count = len(server.requests)
    assert count > len(CHANGES)
    for number in range(count):
        with netbird.serve(fresh=True) as server:
            server.inject(Fault(kind, skip=number, times=None))
            failed = ensure(server)
            assert failed.get("failed") or number == count - 1, "the log-out, which nobody waits for"
            if "changes" in failed and failed.get("failed"):
                assert failed["changes"] == CHANGES[: len(failed["changes"])]
            server.clear_faults()
            assert not ensure(server).get("failed")
            assert people(server) == [("Ada", "owner", 0), ("ansible", "admin", 1)], number


def test_nothing_shows_a_secret(fresh: netbird.NetBird, tmp_path: Path) -> None:
    with authentik.serve() as one:
        task = {"email": EMAIL, "password": PASSWORD, "return_secret": True}
        tasks = [{f"{COLLECTION}.netbird_instance": task}]
        for in_process in (True, False):
            servers = Servers(one, fresh, tmp_path)
            played = servers.play(tasks, {"netbird_authentik_in_process": in_process}, "-vvvv", "--diff")
            assert played.code == 0, played.output
            assert PASSWORD not in played.output
            assert "eyJ" not in played.output, "a token of the owner's login"
            assert "nbp_" not in played.output, "the token that was asked for"
