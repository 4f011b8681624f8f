# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is there, whatever is asked for: one run brings it about, check mode said so, and a second has nothing to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from support.case import Case
from support.cases import CASES
from support.counts import counted
from support.stage import Stage, stage

Options = dict[str, Any]
SECTIONS = ("policies", "network_resources", "networks", "setup_keys", "groups")
NAMES = st.sampled_from(["a", "b", "c", "d"])


def options_of(case: Case) -> st.SearchStrategy[Options]:
    """Each option as it is at first, or changed, or left out; or that there should be nothing."""
    steps = (case.create, case.change)
    values = {
        name: st.sampled_from([*(each[name] for each in steps if name in each), None]) for name in {**case.change, **case.create}
    }
    asked = st.fixed_dictionaries(values).map(lambda chosen: {name: value for name, value in chosen.items() if value is not None})
    return st.one_of(asked, st.just({"state": "absent"})) if case.removable else asked


def tried(at: Stage, options: Options, *, check_mode: bool = False) -> Options:
    """What came of a task; ``failed`` where it was refused."""
    try:
        return at.step(options, check_mode=check_mode)
    except (Failure, AnsibleActionFail) as failure:
        return {"failed": str(failure)}


def holds(at: Stage, options: Options) -> bool:
    """What has to be true of any task, whatever is there; whether it could be done."""
    before = at.servers.snapshot()
    checked = tried(at, options, check_mode=True)
    assert at.servers.snapshot() == before
    done = tried(at, options)
    if "failed" in done:
        # What is refused before the first write is refused by check mode too; the server's own refusals it cannot know.
        assert at.servers.snapshot() == before or "Nothing was changed" not in done["failed"]
        return False
    assert checked["changed"] == done["changed"], (checked, done)
    assert touched(checked) == touched(done)
    after = at.servers.snapshot()
    again = tried(at, options)
    assert again.get("changed") is False, again
    assert at.servers.snapshot() == after
    return True


def touched(result: Options) -> Any:
    """Which settings of which objects a difference shows."""
    return {side: {name: sorted(each) for name, each in result["diff"][side].items()} for side in result["diff"]}


def exhausted(at: Stage, steps: st.SearchStrategy[Options], whole: bool) -> dict[str, int]:
    """Try histories of tasks, each on what the one before has left; how many were tried and how many could be done."""
    fresh, counts = at.servers.frozen(), {"tasks": 0, "done": 0}

    @settings(
        max_examples=60 if whole else 6, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(history=st.lists(steps, min_size=2, max_size=5))
    def each(history: list[Options]) -> None:
        fresh.restore()
        for options in history:
            counts["tasks"] += 1
            counts["done"] += holds(at, options)

    each()
    fresh.restore()
    return counts


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.module)
def test_any_object(case: Case, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    with stage(case, tmp_path) as at:
        counts = exhausted(at, options_of(case), request.config.getoption("whole"))
    assert counts["done"] > 0
    counted("Any state of one object", case.module, **counts)


@st.composite
def documents(draw: Callable[..., Any]) -> Options:
    """A document whose objects refer to each other, and which sections to prune."""
    groups = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    some = st.lists(st.sampled_from(groups), min_size=1, max_size=2, unique=True)
    networks = draw(st.lists(NAMES, max_size=2, unique=True))
    resources = {
        (network, name): {"network": network, "name": name, "address": f"10.0.{number}.0/24", "groups": draw(some)}
        for number, network in enumerate(networks)
        for name in draw(st.lists(NAMES, max_size=2, unique=True))
    }
    config = {
        "groups": [{"name": name} for name in groups],
        "policies": [
            {"name": name, "sources": draw(some), "destinations": draw(some), "enabled": draw(st.booleans())}
            for name in draw(st.lists(NAMES, max_size=3, unique=True))
        ],
        "setup_keys": [
            {"name": name, "auto_groups": draw(some), "expires_in": 86400}
            for name in draw(st.lists(NAMES, max_size=2, unique=True))
        ],
        "networks": [{"name": name, "description": draw(NAMES)} for name in networks],
        "network_resources": list(resources.values()),
    }
    prune = draw(st.sampled_from([[], list(SECTIONS)]))
    return {"config": config, "prune": prune, "allow_empty": True}


def test_any_document(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    with stage(Case("netbird_config", {}, {}, {}), tmp_path) as at:
        counts = exhausted(at, documents(), request.config.getoption("whole"))
    assert counts["done"] > 0
    counted("Any document", "netbird_config", **counts)
