# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws that every module obeys, run as a user would: ansible-playbook against the stand-ins.

A check predicts what the run then does and writes nothing; a second run has nothing to do; what a task leaves out stays; what
is taken away stays away; inside of ansible-playbook and as an ordinary module the results are the same; nothing shows a secret.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulators import authentik, netbird
from support import MODULES, ROOT, VERSIONS, Played, Servers
from support.case import SECRET, Case
from support.cases import CASES, ELSEWHERE, INFORMED, arrange
from support.together import Part, play_together

# What is compared between both ways of execution; the other steps change nothing.
COMPARED = ("check create", "create", "check change", "change", "absent")


@contextmanager
def stand_ins(folder: Path, version: str, cases: Iterable[Case]) -> Iterator[dict[str, Servers]]:
    """A pair for each case, by its module."""
    with ExitStack() as stack:
        pairs = {}
        for case in cases:
            one, other = stack.enter_context(authentik.serve(version=version)), stack.enter_context(netbird.serve())
            pairs[case.module] = Servers(one, other, folder)
            arrange(pairs[case.module])
            for server in pairs[case.module].both:
                server.clear()
        yield pairs


def as_ordinary(case: Case) -> list[dict[str, Any]]:
    """The steps that are compared, as ordinary modules, and what they need made as it comes."""
    ordinary = {"netbird_authentik_in_process": False, "ansible_python_interpreter": sys.executable}
    return [*case.before, *({**task, "vars": ordinary} for task in case.steps() if task.get("name") in COMPARED)]


def play(folder: Path, version: str, cases: Sequence[Case], in_process: bool) -> dict[str, Played]:
    """What each case did in one process, by its module: all of its steps, or as ordinary modules those that are compared."""
    with stand_ins(folder, version, cases) as pairs:
        parts = {
            case.module: Part(
                pairs[case.module],
                [case.steps() if in_process else as_ordinary(case)],
            )
            for case in cases
        }
        played = {module: did for module, (did,) in play_together(folder, parts, "--diff", "-vvvv").items()}
        secrets = {SECRET, *(secret for servers in pairs.values() for secret in servers.secrets())}
        output = next(iter(played.values())).output
        assert [secret for secret in secrets if secret in output] == []
    return played


@pytest.fixture(scope="module")
def cases(request: pytest.FixtureRequest) -> list[Case]:
    """Those that any of the tests to be run is about."""
    about = [item.callspec.params.get("case") for item in request.session.items if hasattr(item, "callspec")]
    return [case for case in CASES if case in about]


@pytest.fixture(scope="module")
def in_process(tmp_path_factory: pytest.TempPathFactory, cases: list[Case]) -> Callable[[str], dict[str, Played]]:
    """The cases on a version of authentik, inside of ansible-playbook."""
    return cache(lambda version: play(tmp_path_factory.mktemp("in-process"), version, cases, True))


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory, cases: list[Case]) -> dict[str, Played]:
    """The cases on the last version, as ordinary modules."""
    return play(tmp_path_factory.mktemp("ordinary"), VERSIONS[-1], cases, False)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.module)
def test_laws(in_process: Callable[[str], dict[str, Played]], authentik_version: str, case: Case) -> None:
    played = in_process(authentik_version)[case.module]
    assert played.code == 0, (played.failure, played.output[-3000:])
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
@pytest.mark.timeout(900)  # the first one runs all
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.module)
def test_both_ways_of_execution_do_the_same(
    in_process: Callable[[str], dict[str, Played]], ordinary: dict[str, Played], case: Case
) -> None:
    there = ordinary[case.module]
    assert there.code == 0, (there.failure, there.output[-3000:])
    left_out = {task.get("name") for task in case.steps()} - {None, *COMPARED}
    here = [task for task in in_process(VERSIONS[-1])[case.module].tasks if task.name not in left_out]
    assert [task.name for task in here] == [task.name for task in there.tasks]
    for one, other in zip(here, there.tasks, strict=True):
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
    r"\b(authentik-|ain[a-z]+_)?[0-9a-v]{20}\b": "<xid>",
    r"\d{4}-\d\d-\d\dT[0-9:.]+Z": "<time>",
    r"^[A-Za-z0-9]{40}$": "<generated>",
    # A user of NetBird's embedded provider.
    r"^Ci[A-Za-z0-9+/=_-]{20,}$": "<user>",
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
