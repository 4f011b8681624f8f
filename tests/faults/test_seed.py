# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetBird's groups before the first login, killed and disturbed at every request: they are made, and nobody temporary stays."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from simulators._server import Fault
from support import Servers
from support.seeding import (
    GROUPS,
    MARK,
    SETUPS,
    assert_nothing_temporary,
    everything_but_groups,
    groups_of,
    jwt_groups,
    seed,
    started,
)

PASSING = {
    "cut after": Fault("drop_after"),
    "bad gateway after": Fault("error_after", status=502),
}


@pytest.fixture(scope="module", params=SETUPS)
def setup(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    variables = {f"{request.param}_bindings": [{"group": "developers"}, {"user": "bob"}]}
    with started(request.param, tmp_path_factory.mktemp("seed"), **variables) as made:
        made.netbird.state.settings["jwt_allow_groups"] = ["nb-developers", "nb-operators"]
        yield made


@pytest.fixture
def servers(setup: Servers) -> Iterator[Servers]:
    """A set-up that is whole again for the next test."""
    kept = setup.frozen()
    yield setup
    kept.restore()
    for server in setup.both:
        server.clear_faults()


class Killed(BaseException):
    """The process is gone: nothing that it would do next is done, tidying up included."""


def kill_at(number: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let this many requests of the module through and no other; what the stand-ins ask each other is not the module's."""
    sent = [0]
    send: Callable[..., Any] = requests.Session.request

    def request(session: requests.Session, *args: Any, **options: Any) -> Any:
        if threading.current_thread() is threading.main_thread():
            if sent[0] == number:
                raise Killed
            sent[0] += 1
        return send(session, *args, **options)

    monkeypatch.setattr(requests.Session, "request", request)
    return sent


def test_killed_before_every_request(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, before = servers.frozen(), everything_but_groups(servers)
    left = 0
    for number in itertools.count():
        with monkeypatch.context() as patched:
            kill_at(number, patched)
            try:
                seed(servers)
            except Killed:
                pass
            else:
                break
        left += MARK in repr(servers.authentik.state.users)
        assert seed(servers).get("failed") is None, number
        assert_nothing_temporary(servers, before)
        assert sorted(jwt_groups(servers)) == GROUPS, number
        assert seed(servers)["changed"] is False
        kept.restore()
    assert number > left > 20, "killed where the temporary person was there"
    assert_nothing_temporary(servers, before)
    made = jwt_groups(servers)
    assert groups_of(servers, "alice") == {"nb-developers"}
    assert jwt_groups(servers) == made


@pytest.mark.parametrize("kind", PASSING)
@pytest.mark.parametrize("which", [0, 1], ids=["authentik", "NetBird"])
def test_a_passing_disturbance_changes_nothing(servers: Servers, which: int, kind: str) -> None:
    kept, before = servers.frozen(), everything_but_groups(servers)
    server = servers.both[which]
    server.clear()
    seed(servers)
    count = len(server.requests)
    for number in range(count):
        kept.restore()
        fault = PASSING[kind]
        server.inject(Fault(fault.kind, status=fault.status, skip=number))
        result = seed(servers)
        server.clear_faults()
        assert result["changed"] is True, (number, result)
        assert sorted(jwt_groups(servers)) == GROUPS, number
        assert_nothing_temporary(servers, before)
