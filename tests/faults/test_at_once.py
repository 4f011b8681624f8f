# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two at once on the same servers: nothing is there twice, nothing of either is lost, and both end well.

Each has tokens of their own, by which the stand-ins tell them apart.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from simulators import authentik, netbird
from simulators._server import Fault
from support import VERSIONS, Played, Servers, role, run_recorded
from support.case import Case
from support.cases import CASES
from support.counts import counted
from support.modules import call, run
from support.stage import stage

SETUPS: dict[str, dict[str, Any]] = {
    "management": {"management_user_approval_required": False},
    "standalone": {
        "netbird_token": "",
        "standalone_netbird_url": "https://netbird.company",
        "standalone_service_account_access": "least",
    },
}
OPTIONS = {"bindings": [{"group": "developers"}], "entitlements": [{"name": "nb-developers", "groups": ["developers"]}]}
# authentik's answer to a name that was free when it looked and is taken when it writes: its page of unhandled errors (measured).
UNHANDLED = {"status": 405, "body": "<!DOCTYPE html><html></html>", "headers": {"content-type": "text/html; charset=utf-8"}}


@dataclass
class Person(Servers):
    """The servers as one of the two knows them."""

    tokens: dict[str, str]

    @property
    def connection(self) -> dict[str, str]:
        return {**super().connection, **self.tokens}

    def start(self, setup: str) -> Callable[[], Played]:
        variables = {**SETUPS[setup], **{f"{setup}_{name}": value for name, value in OPTIONS.items()}}
        command, env = self.command(role(setup), {**self.connection, **variables})
        # To be recorded, a task's requests would be forgotten.
        del env["ANSIBLE_CALLBACKS_ENABLED"]
        return lambda: run_recorded(command, env, self.folder)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[list[Person]]:
    """Fresh servers, as each of the two knows them."""
    with authentik.serve(version=VERSIONS[-1]) as one, netbird.serve() as other:
        one.state.add_group("developers")
        administrator = one.state.find("users", username="akadmin")
        (owner,) = other.state.account.users.values()
        assert administrator is not None
        people = []
        for name in ("first", "second"):
            key = one.state.add_token(name, administrator["pk"], expiring=False)["key"]
            tokens = {"authentik_token": key, "netbird_token": other.state.give_token(other.state.account, owner, name)}
            (tmp_path / name).mkdir()
            people.append(Person(one, other, tmp_path / name, tokens))
        yield people


def until(far_enough: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not far_enough():
        assert time.monotonic() < deadline, "the play never came that far"
        time.sleep(0.01)


def one_waits(first: Callable[[], Played], second: Callable[[], Played], servers: Person, number: int) -> list[Played]:
    """The second runs from beginning to end while a request of the first is under way."""
    server = servers.authentik
    server.inject(Fault("held", token=servers.tokens["authentik_token"], skip=number, times=None))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(first)
        until(lambda: len(server.requests) > number)
        ended = second()
        server.clear_faults()
        return [waiting.result(), ended]


def in_step(first: Callable[[], Played], second: Callable[[], Played], servers: Person, number: int) -> list[Played]:
    """Both begin at once, and each request takes long enough for the other's to come before its answer."""
    for server in servers.both:
        server.inject(Fault("slow", seconds=0.05 * (1 + number % 3), times=None))
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda start: start(), (first, second)))


def one_behind(first: Callable[[], Played], second: Callable[[], Played], servers: Person, number: int) -> list[Played]:
    """The second begins when the first has come so far, and both go on."""
    servers.authentik.inject(Fault("slow", seconds=0.05, times=None))
    with ThreadPoolExecutor(2) as pool:
        ahead = pool.submit(first)
        until(lambda: len(servers.authentik.requests) > number)
        behind = pool.submit(second)
        return [ahead.result(), behind.result()]


@pytest.mark.sample(6)
@pytest.mark.parametrize("number", range(0, 24, 3))
@pytest.mark.parametrize("schedule", [one_waits, in_step, one_behind], ids=lambda schedule: schedule.__name__)
@pytest.mark.parametrize("setup", SETUPS)
def test_two_plays(pair: list[Person], setup: str, schedule: Callable[..., list[Played]], number: int) -> None:
    first, second = pair
    kept = first.frozen()
    alone = second.start(setup)()
    assert alone.code == 0, alone.output[-3000:]
    expected = first.comparable_snapshot()
    if number >= (count := len(first.authentik.requests)):
        pytest.skip(f"a run takes {count} requests of authentik")
    kept.restore()
    for server in first.both:
        server.clear()
    both = schedule(first.start(setup), second.start(setup), first, number)
    assert [played.code for played in both] == [0, 0], [played.output[-3000:] for played in both if played.code]
    assert first.comparable_snapshot() == expected
    for server in first.both:
        server.clear_faults()
    again = first.start(setup)()
    assert (again.code, again.recap("changed")) == (0, 0), again.output[-3000:]
    counted("Two plays at once", f"{setup}, {schedule.__name__}, {number}", pairs=1)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.module)
def test_the_same_task_twice(case: Case, tmp_path: Path) -> None:
    """The one is held at its first write while the other runs from beginning to end."""
    with stage(case, tmp_path) as at:
        before = at.servers.frozen()
        at.server.clear()
        at.step(case.create)
        expected, (write, *_others) = at.state(), at.server.writes
        before.restore()
        at.server.clear()
        at.server.inject(Fault("held", method=write.method, path=f"{re.escape(write.path)}$"))
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(at.step, case.create)
            until(lambda: bool(at.server.writes))
            at.step(case.create)
            at.server.clear_faults()
            waiting.result()
        assert at.state() == expected
        assert at.step(case.create)["changed"] is False
    counted("Two tasks at once", case.module, pairs=1)


CREATIONS = {
    "authentik_group": {"name": "staff"},
    "authentik_user": {"username": "alice", "name": "Alice"},
    "authentik_application": {"slug": "wiki", "name": "Wiki"},
    "authentik_scope_mapping": {"name": "claim", "scope_name": "claim", "expression": "return {}"},
    "authentik_flow": {"slug": "in", "name": "In", "title": "In", "designation": "authentication"},
}


@pytest.mark.parametrize("module", CREATIONS)
def test_a_name_that_was_taken_a_moment_ago(pair: list[Person], module: str) -> None:
    """authentik's page says nothing of the kind, so the name is looked up once."""
    first, _second = pair
    options = {**first.connection_of("authentik"), **CREATIONS[module]}
    first.authentik.inject(Fault("error_after", method="POST", **UNHANDLED))
    made = call(module, options)
    assert made.get("changed") is True, made
    assert [request.method for request in first.authentik.writes] == ["POST"]
    assert call(module, options)["changed"] is False


def test_the_same_page_for_another_reason(pair: list[Person]) -> None:
    """Nothing has the name then, so authentik's error is told."""
    first, _second = pair
    first.authentik.inject(Fault("status", method="POST", **UNHANDLED))
    failed = call("authentik_group", {**first.connection_of("authentik"), "name": "staff"})
    assert "the server failed while it handled the request (POST /api/v3/core/groups/, status 405)" in failed["msg"]


def test_no_setting_of_the_other_is_lost(pair: list[Person]) -> None:
    """NetBird takes an account's settings as a whole, and has no condition for that: what is sent is read just before."""
    first, second = pair
    account = first.netbird.state.account
    expiration = {"peer_login_expiration": 7200, "peer_login_expiration_enabled": True}
    propagation = {"groups_propagation_enabled": not account.settings["groups_propagation_enabled"]}
    module, path = "netbird_account_settings", "^/api/accounts$"
    # The first has its plan by then.
    first.netbird.inject(Fault("held", path=path, token=first.tokens["netbird_token"], skip=1, times=None))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(call, module, {**first.connection_of("netbird"), **expiration})
        until(lambda: len(first.netbird.requests) > 1)
        assert call(module, {**second.connection_of("netbird"), **propagation})["changed"] is True
        first.netbird.clear_faults()
        assert waiting.result()["changed"] is True
    assert {**expiration, **propagation}.items() <= account.settings.items()


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_a_secret_that_nobody_heard_is_said(pair: list[Person], kind: Any) -> None:
    """NetBird tells a setup key once: a lost answer is looked up, and has none."""
    first, _second = pair
    options = {**first.connection_of("netbird"), "name": "servers", "return_secret": True}
    first.netbird.inject(Fault(kind, method="POST"))
    warnings: list[str] = []
    made = run("netbird_setup_key", options, warnings=warnings)
    lost = kind == "drop_after"
    assert (made["changed"], "key" in made) == (True, not lost)
    assert ["told the secret of setup key 'servers' once" in each for each in warnings] == [True] * lost
