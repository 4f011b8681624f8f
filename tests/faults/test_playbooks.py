# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every playbook, disturbed at each of its requests in every way, and killed there: in the end all is as if nothing had been."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

from simulators._server import Fault
from support.counts import counted
from support.kills import killed
from support.scenes import SCENES, Scene

WORDED = json.dumps({"message": "internal server error", "detail": "internal server error", "code": 500})
KINDS = {
    # What a playbook has to get over by itself.
    "passing": {
        "cut before": Fault("drop_before"),
        "cut after": Fault("drop_after"),
        "bad gateway": Fault("status", status=502),
        "bad gateway after": Fault("error_after", status=502),
        "unavailable": Fault("status", status=503),
        "too many": Fault("status", status=429, headers={"retry-after": "1"}),
    },
    # What may end it; the next run finishes the job.
    "lasting": {
        "down from here on": Fault("drop_before", times=None),
        "unavailable from here on": Fault("status", status=503, times=None, headers={"retry-after": "0"}),
        "an error": Fault("status", status=500, body=WORDED, headers={"content-type": "application/json"}),
        "a page": Fault("html"),
        "half an answer": Fault("truncated"),
    },
    "killed": {
        "before": Fault("slow", seconds=3600, times=None),
        "after": Fault("slow_after", seconds=3600, times=None),
    },
}
# What NetBird asks of authentik, and takes for the last word on an issuer.
ITS_OWN = "/.well-known/openid-configuration"


@dataclass
class Undisturbed:
    """A scene, the requests that its playbook makes as (server, number, path), and how it ends."""

    scene: Scene
    requests: list[tuple[int, int, str]]
    state: Any


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Undisturbed]]:
    with ExitStack() as stack:

        @cache
        def make(name: str) -> Undisturbed:
            scene = stack.enter_context(SCENES[name](tmp_path_factory.mktemp(name.replace(" ", "-"))))
            with scene.meanwhile():
                played = scene.play()
            assert played.code == 0, played.output[-3000:]
            seen = enumerate(scene.servers.both)
            requests = [(which, number, each.path) for which, server in seen for number, each in enumerate(server.requests)]
            return Undisturbed(scene, requests, scene.state())

        yield make


def met(scene: Scene, which: int, fault: Fault) -> str:
    """What a run that meets this said when it failed; empty where it did not."""
    scene.servers.both[which].inject(fault)
    played = scene.play()
    for server in scene.servers.both:
        server.clear_faults()
    assert "Traceback" not in played.output
    return played.output[-3000:] if played.code else ""


def kill(scene: Scene, which: int, fault: Fault) -> None:
    server = scene.servers.both[which]
    server.inject(fault)
    killed(*scene.command(), lambda: len(server.requests) > fault.skip)
    # What the server does before it waits takes it less than that.
    time.sleep(0.1)
    server.clear_faults()


@pytest.mark.timeout(7200)
@pytest.mark.sample(9)
@pytest.mark.parametrize("way", KINDS)
@pytest.mark.parametrize("name", SCENES)
def test_as_if_nothing_had_been(
    undisturbed: Callable[[str], Undisturbed], request: pytest.FixtureRequest, name: str, way: str
) -> None:
    """Each request meets one disturbance of each way in turn; every module meets every one at each of its own."""
    usual = undisturbed(name)
    scene, faults, ended = usual.scene, list(KINDS[way].items()), 0
    places = list(enumerate(usual.requests))
    if not request.config.getoption("whole"):
        places = [random.Random(f"{name} {way}").choice(places)]
    with scene.meanwhile():
        for index, (which, number, path) in places:
            kind, fault = faults[index % len(faults)]
            where = f"{kind}, request {number} of {'authentik' if which == 0 else 'NetBird'}, {path}"
            scene.put_back()
            if way == "killed":
                kill(scene, which, replace(fault, skip=number))
                failure = "killed"
            else:
                failure = met(scene, which, replace(fault, skip=number))
            assert not failure or way != "passing" or path.endswith(ITS_OWN), (where, failure)
            if failure:
                ended += 1
                played = scene.play()
                assert played.code == 0, (where, played.output[-3000:])
            assert scene.state() == usual.state, where
    counted(
        f"Playbooks, {way}", f"{name} ({len(usual.requests)} requests)", disturbed=len(places), finished_by_the_next_run=ended
    )
