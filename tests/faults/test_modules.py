# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module, disturbed at each of its requests in every way: the same end state, nothing twice, nothing half done in silence.

The modules' run is called directly, as the action plugin calls it, on servers that are put back before each disturbance, so
that hundreds of these take seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from simulators._server import Fault
from support.case import Case
from support.cases import CASES
from support.counts import counted
from support.stage import Stage, stage

# What a module has to get over by itself: the connection cut before or after the server acts, and failures of what is between.
PASSING = {
    "cut before": Fault("drop_before"),
    "cut after": Fault("drop_after"),
    "bad gateway before": Fault("status", status=502),
    "bad gateway after": Fault("error_after", status=502),
    "worker replaced": Fault("status", status=500, body="Internal Server Error"),
    "too many": Fault("status", status=429, headers={"retry-after": "0"}),
    "slow": Fault("slow", seconds=0.02),
}
# What it cannot get over: it fails, and the next run finishes the job.
LASTING = {
    "cut before": Fault("drop_before", times=None),
    "cut after": Fault("drop_after", times=None),
    "unavailable": Fault("status", status=503, times=None, headers={"retry-after": "0"}),
    "a page": Fault("html", times=None),
}


def disturbances(at: Stage, options: dict[str, Any], faults: Mapping[str, Fault]) -> Iterator[tuple[tuple[str, int], Any]]:
    """Yield (kind, request) of each disturbance of a step, and the state that it ends in where nothing disturbs it.

    Whenever one is yielded, all is as it was before the step, and the fault is waited for; in the end the step is done.
    """
    before = at.servers.frozen()
    at.server.clear()
    at.step(options)
    count, expected, after = len(at.server.requests), at.state(), at.servers.frozen()
    assert count
    for kind, fault in faults.items():
        for number in range(count):
            before.restore()
            at.server.inject(replace(fault, skip=number))
            yield (kind, number), expected
            at.server.clear_faults()
    after.restore()


def steps_of(case: Case) -> dict[str, dict[str, Any]]:
    return {"create": case.create, "change": case.change, **({"absent": {"state": "absent"}} if case.removable else {})}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.module)
def test_a_passing_disturbance_changes_nothing(case: Case, tmp_path: Path) -> None:
    tried = 0
    with stage(case, tmp_path) as at:
        for name, options in steps_of(case).items():
            for which, expected in disturbances(at, options, PASSING):
                tried += 1
                assert at.step(options)["changed"] is True, (name, which)
                at.server.clear_faults()
                assert at.state() == expected, (name, which)
                assert at.step(options)["changed"] is False, (name, which)
    counted("Modules, passing disturbances", case.module, disturbed=tried)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.module)
def test_the_next_run_finishes_what_was_interrupted(case: Case, tmp_path: Path) -> None:
    tried = 0
    with stage(case, tmp_path) as at:
        for name, options in steps_of(case).items():
            for which, expected in disturbances(at, options, LASTING):
                tried += 1
                with pytest.raises(Failure) as caught:
                    at.step(options)
                assert str(caught.value).endswith("."), (name, which)
                at.server.clear_faults()
                at.step(options)
                assert at.state() == expected, (name, which)
    counted("Modules, lasting disturbances", case.module, disturbed=tried, finished_by_the_next_run=tried)
