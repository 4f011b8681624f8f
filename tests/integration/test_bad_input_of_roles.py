# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every variable of every role with whatever should not be in it, from the roles' own specifications.

What is of another type the first task of a role refuses, which validates its arguments. Of the rest some are played, each on
servers of its own: a role that fails has written nothing. ``make test`` plays a few, ``make faults`` one of each variable.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.applications import GRANT_TYPES
from simulators import authentik, netbird
from support import ROOT, VERSIONS, Servers
from support.bad_input import Spoilt, table
from support.counts import counted
from support.refusals import attempts, reasons
from support.together import Part, play_together

# The last test says how many the others tried.
pytestmark = [pytest.mark.once, pytest.mark.xdist_group("bad input of roles")]

ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
# The roles that set something up, and what they are given beside the spoilt one.
ENTITLEMENTS = [{"name": "nb-developers", "groups": ["developers"]}]
GOOD: dict[str, dict[str, Any]] = {
    "management": {"management_entitlements": ENTITLEMENTS},
    "standalone": {
        "netbird_token": "",
        "standalone_netbird_url": "https://netbird.company",
        "standalone_entitlements": ENTITLEMENTS,
    },
}
PLAYED = 4
TRIED: Counter[str] = Counter()


@cache
def specification(role: str) -> dict[str, Any]:
    """The options of a role, as its first task has them."""
    document = yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text())
    return dict(document["argument_specs"]["main"]["options"])


def defaults(role: str) -> dict[str, Any]:
    """The values that a role has by itself, without those that are worked out."""
    path = ROOT / f"roles/{role}/defaults/main.yml"
    values = yaml.safe_load(path.read_text()) if path.exists() else {}
    return {name: value for name, value in values.items() if "{{" not in str(value)}


def refusal(role: str, options: dict[str, Any]) -> list[str]:
    """What the first task of a role says to these variables."""
    return list(ArgumentSpecValidator(specification(role)).validate(options).error_messages)


def rows(role: str) -> list[Spoilt]:
    return list(table(specification(role), {**defaults(role), **GOOD.get(role, {})}))


@pytest.mark.parametrize("role", ROLES)
def test_variables_of_another_type(role: str) -> None:
    for row in rows(role):
        said = refusal(role, row.options)
        assert not any("Traceback" in text for text in said)
        TRIED["refused by the first task" if said else "left for the role itself"] += 1
    assert TRIED["refused by the first task"]


@pytest.mark.parametrize("role", GOOD)
def test_a_role_takes_the_grant_types_that_its_module_takes(role: str) -> None:
    assert tuple(specification(role)[f"{role}_grant_types"]["choices"]) == GRANT_TYPES


def to_be_played(role: str) -> list[Spoilt]:
    """A text for each of the role's own variables that hold some, each spoilt in another way."""
    texts: dict[tuple[str, ...], list[Spoilt]] = {}
    for row in rows(role):
        own = row.path[0].startswith(role) and "delegate" not in row.path[0]
        if own and isinstance(row.value, str) and not refusal(role, row.options):
            texts.setdefault(row.path, []).append(row)
    return [each[number % len(each)] for number, each in zip(itertools.count(1, 3), texts.values(), strict=False)]


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("role", GOOD)
def test_a_role_that_fails_has_written_nothing(role: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    wanted = to_be_played(role)
    if not request.config.getoption("whole"):
        wanted = random.Random(12).sample(wanted, PLAYED)
    with ExitStack() as stack:
        parts, before = {}, {}
        for row in wanted:
            one = stack.enter_context(authentik.serve(version=VERSIONS[-1]))
            servers = Servers(one, stack.enter_context(netbird.serve()), tmp_path)
            servers.authentik.state.add_group("developers")
            before[str(row)] = servers.snapshot()
            given = {name: value for name, value in row.options.items() if name in GOOD[role] or name == row.path[0]}
            parts[str(row)] = Part(servers, [[attempts(role, "refused", given)]])
        played = {name: did for name, (did,) in play_together(tmp_path, parts).items()}
        for name, did in played.items():
            assert "Traceback" not in did.output
            said = reasons(did, ["refused"])
            if said:
                assert (did.writes, parts[name].servers.snapshot() == before[name]) == ([], True), (name, said)
            TRIED["played and refused" if said else "played and taken as they are"] += 1


def test_how_many_were_tried() -> None:
    counted("Bad input of roles", "all", tried=sum(TRIED.values()), **dict(sorted(TRIED.items())))
    assert TRIED["played and refused"]
