# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws that every module obeys, run as a user would: ansible-playbook against the stand-ins.

A check predicts what the run then does and writes nothing; a second run has nothing to do; what a task leaves out stays; what
is taken away stays away; inside of ansible-playbook and as an ordinary module the results are the same; nothing shows a secret.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from support import MODULES, ROOT, Played, Servers
from support.cases import CASES, ELSEWHERE, INFORMED, SECRET, Case, arrange


def play(servers: Servers, case: Case, in_process: bool = True, steps: tuple[str, ...] = ()) -> Played:
    """Run a case, or only these steps of it and what it needs before them."""
    arrange(servers)
    tasks = [task for task in case.steps() if not steps or task.get("name") in (None, *steps)]
    played = servers.play(tasks, {"netbird_authentik_in_process": in_process}, "--diff", "-vvvv")
    assert played.code == 0, played.output[-3000:]
    for secret in (SECRET, *servers.secrets()):
        assert secret not in played.output
    return played


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.module)
def test_laws(servers: Servers, authentik_version: str, case: Case) -> None:
    played = play(servers, case)
    steps = {task.name: task for task in played.tasks}
    for name, task in steps.items():
        if name.startswith("check"):
            assert not task.writes, name
        if name.endswith("again") or name == "key alone":
            assert not task.changed, (name, task.result)
            assert not task.writes, name
            assert task.result["diff"] == {"before": {}, "after": {}}, name
    for name in ("create", "change", *(["absent"] if case.removable else [])):
        real, predicted = steps[name].result, steps[f"check {name}"].result
        assert real["changed"] is True
        assert predicted["changed"] is True
        assert predicted["diff"] == real["diff"], name
        assert real["diff"]["before"] != real["diff"]["after"]
        assert steps[name].writes, name
    assert predicted_part(steps["check change"].result) == predicted_part(steps["change"].result)


def predicted_part(result: dict[str, Any]) -> dict[str, Any]:
    """What a check can know: everything but what the server makes itself."""
    return {key: value for key, value in result.items() if key not in ("warnings", "deprecations", "invocation")}


@pytest.mark.once
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.module)
def test_both_ways_of_execution_do_the_same(servers: Servers, other_servers: Servers, case: Case) -> None:
    kinds = ("check create", "create", "check change", "change", "absent")
    here, there = play(servers, case, steps=kinds), play(other_servers, case, in_process=False, steps=kinds)
    assert [task.name for task in here.tasks] == [task.name for task in there.tasks]
    for one, other in zip(here.tasks, there.tasks, strict=True):
        assert comparable(one.result) == comparable(other.result), one.name
        # Those that go out side by side arrive in any order.
        assert sorted(comparable(one.writes)) == sorted(comparable(other.writes)), one.name


def test_information(servers: Servers, other_servers: Servers) -> None:
    results = []
    for where, in_process in ((servers, True), (other_servers, False)):
        played = where.play(INFORMED, {"netbird_authentik_in_process": in_process}, "-vvvv")
        assert played.code == 0, played.output[-3000:]
        assert not played.writes
        assert not played.changed
        results.append([comparable(task.result) for task in played.tasks])
        version, lookups, netbird = (task.result for task in played.tasks)
        assert version["version"] == "2026.8.0"
        assert [row["slug"] for row in lookups["objects"]["flow"]] == ["default-provider-invalidation-flow"]
        assert netbird["redirect_url"] == f"{where.netbird.url}/oauth2/callback"
        assert netbird["logout_redirect_url"] == f"{where.netbird.url}/oauth2/logout/callback"
        assert netbird["embedded_idp_enabled"] is True
    assert results[0] == results[1]


# What two servers make up differently, and what only ordinary modules report.
OWN = {"num_pk", "created_by", "uid", "network_range", "network_range_v6", "ipv6_enabled_groups"}
REPORTED = {"invocation", "deprecations", "exception"}
MADE_UP = {
    r"[0-9a-f]{8}-[0-9a-f-]{27}": "<uuid>",
    r"127\.0\.0\.1:\d+": "<server>",
    r"\b(authentik-)?[0-9a-v]{20}\b": "<xid>",
    r"\d{4}-\d\d-\d\dT[0-9:.]+Z": "<time>",
    r"^[A-Za-z0-9]{40}$": "<generated>",
    # What is made side by side gets its number in any order.
    r"core/users/\d+/": "core/users/<number>/",
}


def comparable(value: Any) -> Any:
    """A result without what is different in any two of them."""
    if isinstance(value, dict):
        kept = {key: inner for key, inner in value.items() if key not in REPORTED and not key.startswith("_ansible")}
        numbered = {key for key in ("pk",) if isinstance(kept.get(key), int)}
        return {comparable(key): "<own>" if key in OWN | numbered else comparable(inner) for key, inner in kept.items()}
    if isinstance(value, list):
        return [comparable(inner) for inner in value]
    if isinstance(value, str):
        for pattern, name in MADE_UP.items():
            value = re.sub(pattern, name, value)
    return value


def test_every_module_has_its_case() -> None:
    tested = {case.module for case in CASES} | {name.rpartition(".")[2] for task in INFORMED for name in task}
    assert set(MODULES) == tested | set(ELSEWHERE)
    assert all(name in (ROOT / "tests/integration" / file).read_text() for name, file in ELSEWHERE.items())


def test_every_module_of_a_service_is_in_its_group_and_runs_in_process() -> None:
    groups = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"]
    for service in ("authentik", "netbird"):
        modules = sorted(path.stem for path in (ROOT / "plugins/modules").glob(f"{service}_*.py"))
        assert modules == sorted(name for name in groups[service] if name.startswith(service))
        assert modules == sorted(path.stem for path in (ROOT / "plugins/action").glob(f"{service}_*.py"))
