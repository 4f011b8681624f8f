# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Older and newer servers: what they have works, what they lack is refused by its release, and before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from faults.test_modules import Stage, steps_of

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from simulators import authentik, netbird
from simulators._server import READING
from simulators.netbird.versions import older
from support import Servers, role
from support.case import Case
from support.cases import CASES, arrange

pytestmark = pytest.mark.once
GROUPS = {"bindings": [{"group": "developers"}], "entitlements": [{"name": "nb-developers", "groups": ["developers"]}]}
MORE: dict[str, dict[str, Any]] = {
    "management": {"management_user_approval_required": False},
    "standalone": {"standalone_netbird_url": "https://netbird.company", "netbird_token": ""},
}
OF_NETBIRD = [case for case in CASES if case.module.startswith("netbird_")]


def variables(setup: str) -> dict[str, Any]:
    return {**MORE[setup], **{f"{setup}_{name}": value for name, value in GROUPS.items()}}


@pytest.mark.parametrize(
    ("setup", "of_authentik", "of_netbird"),
    [("management", "2024.12", "0.62.0"), ("management", "2026.8", "0.99.0"), ("standalone", "2024.12", "0.60.9")],
)
def test_a_setup_works_from_its_oldest_release_on(setup: str, of_authentik: str, of_netbird: str, tmp_path: Path) -> None:
    with authentik.serve(version=of_authentik) as one, netbird.serve(version=of_netbird) as other:
        one.state.add_group("developers")
        servers = Servers(one, other, tmp_path)
        made, again = (servers.play(role(setup), variables(setup)) for _time in range(2))
        assert made.code == 0, made.output[-3000:]
        assert (again.code, again.changed) == (0, []), again.output[-3000:]


@pytest.mark.parametrize(
    ("setup", "of_authentik", "of_netbird", "said"),
    [
        ("management", "2024.10", "0.77.1", "authentik makes it by itself since 2024.12"),
        ("standalone", "2024.10", "0.77.1", "authentik makes it by itself since 2024.12"),
        ("management", "2026.5", "0.61.2", "has no embedded identity provider"),
    ],
)
def test_a_server_that_is_too_old_is_refused_before_a_write(
    setup: str, of_authentik: str, of_netbird: str, said: str, tmp_path: Path
) -> None:
    with authentik.serve(version=of_authentik) as one, netbird.serve(version=of_netbird) as other:
        one.state.add_group("developers")
        servers = Servers(one, other, tmp_path)
        refused = servers.play(role(setup), variables(setup))
        assert (refused.code, refused.writes) == (2, []), refused.output[-3000:]
        assert said in refused.failure


def refusal(at: Stage) -> str:
    """Make, change and remove what the case is about, each twice, after what it needs; the failure, if there is one."""
    before = [(name.rpartition(".")[2], options) for task in at.case.before for name, options in task.items()]
    steps = [(at.case.module, {**at.case.key, **options}) for options in steps_of(at.case).values()]
    for module, options in [*before, *steps]:
        at.server.clear()
        try:
            assert at.run(module, options)["changed"] is True
        except Failure as failure:
            return str(failure)
        assert at.run(module, options)["changed"] is False
    return ""


@pytest.mark.parametrize("version", ["0.60.9", "0.64.1", "0.66.4", "0.72.4"])
@pytest.mark.parametrize("case", OF_NETBIRD, ids=lambda case: case.module)
def test_a_module_works_or_says_what_came_with_a_later_release(case: Case, version: str, tmp_path: Path) -> None:
    with authentik.serve() as one, netbird.serve(version=version) as other:
        at = Stage(case, Servers(one, other, tmp_path))
        arrange(at.servers)
        said = refusal(at)
        if said:
            assert older(version, said.partition("came with release ")[2].split()[0].rstrip(".)")), said
            # A setting that a new object does not get shows in the answer to its creation.
            assert "did not take" in said or {request.method for request in at.server.requests} <= READING
