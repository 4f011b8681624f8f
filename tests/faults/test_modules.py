# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module, disturbed at each of its requests in every way: the same end state, nothing twice, nothing half done in silence.

The modules' run is called directly, as the action plugin calls it, so that hundreds of disturbances take seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core import apply, client
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.context import Context
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from simulators import authentik, netbird
from simulators._server import Fault, Running
from support import COLLECTION, Servers
from support.cases import CASES, ISSUER, Case, arrange

MODULES = f"ansible_collections.{COLLECTION}.plugins.modules"
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


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(client, "JITTER", 0.001)
    monkeypatch.setattr(apply, "PAUSES", (0.001, 0.001, 0.001))


def call(servers: Servers, module: str, options: dict[str, Any], check_mode: bool = False) -> dict[str, Any]:
    """What the action plugin does with a task, without Ansible around it."""
    loaded = import_module(f"{MODULES}.{module}")
    values = {name: servers.issuer if value == ISSUER else value for name, value in options.items()}
    service = module.partition("_")[0]
    connection = {name: value for name, value in servers.connection.items() if name.startswith(service)}
    validated = ArgumentSpecValidator(**loaded.ARGUMENT_SPEC).validate({**connection, **values})
    assert not validated.error_messages
    result: dict[str, Any] = loaded.run(Context(validated.validated_parameters, check_mode))
    return result


class Run:
    """One case on servers of its own."""

    def __init__(self, case: Case, folder: Any) -> None:
        self.case = case
        self.servers = Servers(authentik.serve(version="2026.8"), netbird.serve(), folder)
        arrange(self.servers)
        for task in case.before:
            ((name, options),) = task.items()
            call(self.servers, name.rpartition(".")[2], options)

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_error: object) -> None:
        for server in self.servers.both:
            server.stop()

    def step(self, options: dict[str, Any]) -> dict[str, Any]:
        return call(self.servers, self.case.module, {**self.case.key, **options})

    @property
    def server(self) -> Running:
        """The one that the module talks to."""
        return self.servers.authentik if self.case.module.startswith("authentik") else self.servers.netbird

    def disturb(self, fault: Fault, at: int) -> None:
        self.server.clear()
        self.server.inject(replace(fault, skip=at))

    def state(self) -> Any:
        """All that lasts, without what each server makes up for itself."""
        return self.servers.comparable_snapshot()


STEPS: dict[str, Callable[[Case], dict[str, Any]]] = {
    "create": lambda case: case.create,
    "change": lambda case: case.change,
    "absent": lambda case: {"state": "absent"},
}


def steps_of(case: Case) -> list[str]:
    return ["create", "change", *(["absent"] if case.removable else [])]


def undisturbed(case: Case, name: str, folder: Any) -> tuple[int, Any]:
    """(the number of a step's requests, the state that it ends in)."""
    with prepared(case, name, folder) as run:
        run.server.clear()
        run.step(STEPS[name](case))
        return len(run.server.requests), run.state()


def prepared(case: Case, name: str, folder: Any) -> Run:
    """Servers on which the steps before this one are done."""
    run = Run(case, folder)
    for earlier in steps_of(case)[: steps_of(case).index(name)]:
        run.step(STEPS[earlier](case))
    return run


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.module)
def test_a_passing_disturbance_changes_nothing(case: Case, tmp_path: Any) -> None:
    for name in steps_of(case):
        count, expected = undisturbed(case, name, tmp_path)
        for kind, fault in PASSING.items():
            for at in range(count):
                with prepared(case, name, tmp_path) as run:
                    run.disturb(fault, at)
                    assert run.step(STEPS[name](case))["changed"] is True, (name, kind, at)
                    run.server.clear_faults()
                    assert run.state() == expected, (name, kind, at)
                    assert run.step(STEPS[name](case))["changed"] is False, (name, kind, at)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.module)
def test_the_next_run_finishes_what_was_interrupted(case: Case, tmp_path: Any) -> None:
    for name in steps_of(case):
        count, expected = undisturbed(case, name, tmp_path)
        for kind, fault in LASTING.items():
            for at in range(count):
                with prepared(case, name, tmp_path) as run:
                    run.disturb(fault, at)
                    with pytest.raises(Failure) as caught:
                        run.step(STEPS[name](case))
                    assert str(caught.value).endswith("."), (name, kind, at)
                    run.server.clear_faults()
                    run.step(STEPS[name](case))
                    assert run.state() == expected, (name, kind, at)
