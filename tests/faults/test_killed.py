# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles, killed after every write that they make: the next run finishes the job, and nothing is there twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from simulators import authentik, netbird
from simulators._server import Fault
from support import VERSIONS, Servers, role
from support.kills import killed

GROUPS = {"bindings": [{"group": "developers"}], "entitlements": [{"name": "nb-developers", "groups": ["developers"]}]}
SETUPS: dict[str, dict[str, Any]] = {
    "management": {"management_user_approval_required": False},
    "standalone": {
        "netbird_token": "",
        "standalone_netbird_url": "https://netbird.company",
        "standalone_service_account_access": "least",
    },
}


def variables(setup: str) -> dict[str, Any]:
    return {**SETUPS[setup], **{f"{setup}_{name}": value for name, value in GROUPS.items()}}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with authentik.serve(version=VERSIONS[-1]) as one, netbird.serve() as other:
        one.state.add_group("developers")
        yield Servers(one, other, tmp_path_factory.mktemp("killed"))


@pytest.fixture
def servers(started: Servers) -> Iterator[Servers]:
    """Servers that are fresh again after each test."""
    kept = started.frozen()
    yield started
    kept.restore()


@pytest.fixture(scope="module")
def undisturbed(started: Servers) -> Callable[[str], tuple[list[list[str]], Any]]:
    """The methods of the requests that a set-up takes of each server, and the state that it ends in."""

    @cache
    def run(setup: str) -> tuple[list[list[str]], Any]:
        kept = started.frozen()
        played = started.play(role(setup), variables(setup), record=False)
        assert played.code == 0, played.output
        found = [[request.method for request in server.requests] for server in started.both], started.comparable_snapshot()
        kept.restore()
        return found

    return run


def kill_at(servers: Servers, setup: str, which: int, number: int) -> None:
    """Run the role until one server has this many requests, the last of them unanswered, and kill it there."""
    server = servers.both[which]
    server.clear()
    server.inject(Fault("slow", seconds=3600, skip=number, times=None))
    killed(*servers.command(role(setup), {**servers.connection, **variables(setup)}), lambda: len(server.requests) > number)
    server.clear_faults()


# (set-up, which of its servers, share, of how many): workers divide the longer ones among them.
SHARES = [
    ("management", 0, 0, 2),
    ("management", 0, 1, 2),
    ("management", 1, 0, 1),
    *(("standalone", 0, share, 4) for share in range(4)),
]


@pytest.mark.parametrize(("setup", "which", "share", "shares"), SHARES)
def test_killed_anywhere(
    servers: Servers,
    undisturbed: Callable[[str], tuple[list[list[str]], Any]],
    setup: str,
    which: int,
    share: int,
    shares: int,
) -> None:
    requests, expected = undisturbed(setup)
    # Only a write makes a difference to what is left behind: killed at the request after each, unanswered.
    numbers = [index + 1 for index, method in enumerate(requests[which][:-1]) if method != "GET"][share::shares]
    assert numbers
    kept = servers.frozen()
    for number in numbers:
        kept.restore()
        kill_at(servers, setup, which, number)
        played = servers.play(role(setup), variables(setup), record=False)
        assert played.code == 0, (number, played.output)
        assert servers.comparable_snapshot() == expected, number
