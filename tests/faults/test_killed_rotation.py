# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook rotate_secrets, killed before and after each of its writes while people log in: the next run finishes the job."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

import pytest

from simulators._server import Fault
from support.counts import counted
from support.kills import killed
from support.rotating import IDENTIFIER, NEW_SECRET, ROTATE, SECRETS, Rotating, rotating

# Every write of a rotation, as the method and path of its request.
WRITES = {
    "standalone": [
        ("POST", "/core/tokens/$"),
        ("POST", f"/core/tokens/{IDENTIFIER}/set_key/$"),
        ("DELETE", f"/core/tokens/{IDENTIFIER}-next/$"),
    ],
    "management": [("PUT", "/identity-providers/[^/]+$"), ("PATCH", "/providers/oauth2/[0-9]+/$")],
}
MOMENTS = {"before": "slow", "after": "slow_after"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Rotating]]:
    with ExitStack() as stack:

        @cache
        def make(setup: str) -> Rotating:
            return stack.enter_context(rotating(setup, tmp_path_factory.mktemp(setup), ROTATE, SECRETS[setup]))

        yield make


def kill(one: Rotating, method: str, path: str, moment: str) -> None:
    """Run the rotation as far as this write, and kill it before or after the server has done it."""
    kind: Any = MOMENTS[moment]
    server = one.servers.netbird if "identity-providers" in path else one.servers.authentik
    server.clear()
    server.inject(Fault(kind, method=method, path=path, seconds=3600))
    killed(
        *one.command(rotate_restarted=True),
        lambda: any(each.method == method and re.search(path, each.path) for each in server.requests),
    )
    # What the server does before it waits takes it less than that.
    time.sleep(0.3)
    server.clear_faults()


@pytest.mark.sample(3)
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(("setup", "method", "path"), [(setup, *write) for setup, writes in WRITES.items() for write in writes])
def test_the_next_run_finishes_it_and_nobody_is_kept_out(
    made: Callable[[str], Rotating], setup: str, method: str, path: str, moment: str
) -> None:
    with made(setup).whole_again() as one, one.restarted_by_hand():
        with one.logins() as logins:
            if IDENTIFIER in path:
                # These come after NetBird's restart.
                assert one.rotate().code == 2
            kill(one, method, path, moment)
            done = one.finish()
        assert done.code == 0, done.output[-3000:]
        one.restart()
        with one.logins() as later:
            pass
        counts = {"kills": 1, "logins": len(logins.outcomes), "failed": len(logins.failed)}
        counted(f"Rotations killed, {setup}", f"{method} {path} {moment}", **counts)
        assert not later.failed, later.outcomes
        if setup == "standalone":
            assert not logins.failed, logins.outcomes
            tokens = one.servers.authentik.state.tokens.values()
            assert [row["key"] for row in tokens if row["identifier"].startswith(IDENTIFIER)] == [one.configured]
        else:
            # authentik has one client secret: nobody comes in between NetBird's restart and authentik's change.
            assert set(logins.failed) <= {"callback_failed"}
            (provider,) = one.servers.authentik.state.providers.values()
            assert (provider["client_secret"], one.configured) == (NEW_SECRET, NEW_SECRET)
