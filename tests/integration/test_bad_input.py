# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of every module with whatever should not be in it, from the modules' own specifications.

Either it is refused in a sentence before anything is written, or it is taken as it is: then it is there, a second run has
nothing to do, and its removal leaves what was there before. Nothing else changes, and nothing ends in a traceback.

``make test`` tries a part of the table, ``make faults`` all of it; how many of what is printed in the end.
"""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core import apply
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import ApiError, Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._http import session
from simulators._server import Request
from simulators.netbird.state import Account
from support.bad_input import Spoilt, table
from support.case import APPLICATION, ISSUER, PROVIDER, Case, netbird
from support.cases import CASES
from support.cases_netbird import CLUSTER
from support.counts import counted
from support.modules import spec_of
from support.stage import Stage, stage

# The last test says how many the others tried.
pytestmark = [pytest.mark.once, pytest.mark.xdist_group("bad input")]

AT_ONCE, UNWRITTEN, BY_THE_SERVER, TAKEN = (
    "refused before any request",
    "refused before the first write",
    "refused by the server",
    "taken as they are",
)
TRIED: Counter[str] = Counter()
# Of so many rows of the table "make test" tries one.
ONE_OF = 4
# What has to go before an object can be removed; what was made beside an object, and stays.
BEFORE_REMOVAL: dict[str, dict[str, Any]] = {"netbird_group": {"resources": []}}
STAYS = {"authentik_blueprint": "groups"}


CONFIG = {
    "groups": [{"name": "nb-1"}, {"name": "nb-2"}],
    "networks": [{"name": "office", "description": "Ours"}],
    "network_resources": [{"network": "office", "name": "printer", "address": "192.168.7.9", "groups": ["nb-1"]}],
    "policies": [{"name": "print", "protocol": "tcp", "ports": ["631"], "sources": ["nb-2"], "destinations": ["nb-1"]}],
    "dns_settings": {"disabled_management_groups": ["nb-1"]},
}
PEER = "100.87.0.77"
# What the modules are tried with that have tests of their own and no case.
MORE_CASES = (
    Case("authentik_application_info", {"slug": "netbird"}, {}, {}, before=[PROVIDER, APPLICATION], removable=False),
    Case(
        "authentik_claims_info",
        {"application": "netbird"},
        {"users": ["alice"]},
        {"groups": ["authentik Admins"]},
        before=[PROVIDER, APPLICATION],
        removable=False,
    ),
    Case("authentik_info", {}, {"lookups": [{"kind": "group", "names": ["authentik Admins"]}]}, {}, removable=False),
    Case("netbird_info", {}, {}, {}, removable=False),
    Case("netbird_config", {}, {"config": CONFIG}, {"prune": ["policies"], "prune_prefix": "nb-"}, removable=False),
    Case("netbird_peer", {"peer": PEER}, {"name": "web-2", "ssh_enabled": True}, {}, removable=False),
    Case("netbird_reverse_proxy_domain", {"domain": "apps.company.example"}, {"target_cluster": CLUSTER}, {}),
    # What is revoked stays in the list.
    Case("netbird_reverse_proxy_token", {"name": "proxy"}, {"expires_in": 86400}, {}, removable=False),
    Case(
        "netbird_token",
        {"user": "automation", "name": "ci"},
        {"expires_in": 30},
        {},
        before=[netbird("user", user="automation", is_service_user=True, role="admin")],
    ),
    Case("netbird_user_invite", {"email": "bob@example.com"}, {"name": "Bob", "role": "user", "expires_in": 86400}, {}),
    Case("oidc_discovery", {"issuer": ISSUER}, {"scopes": ["openid"]}, {}, before=[PROVIDER, APPLICATION], removable=False),
)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have modules that are called directly wait less before they try again."""
    monkeypatch.setattr(session, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(session, "JITTER", 0.001)
    monkeypatch.setattr(apply, "PAUSES", (0.001, 0.001, 0.001))


class Trial:
    """One case, which is tried with one row after the other."""

    def __init__(self, at: Stage) -> None:
        self.at, self.case = at, at.case
        self.nothing = at.servers.frozen()
        at.step(at.case.create)
        self.made = at.servers.frozen()

    def rows(self) -> Iterator[tuple[bool, Spoilt]]:
        """Each option spoilt, beside those of a creation, or of a change where only that has it."""
        spec = spec_of(self.case.module)["argument_spec"]
        known = {name: value for name, value in self.at.servers.connection.items() if name in spec}
        for name, option in spec.items():
            creates = name in {**self.case.key, **self.case.create} or name not in self.case.change
            asked = {**known, **self.case.key, **(self.case.create if creates else self.case.change)}
            good = {key: self.at.servers.issuer if value == ISSUER else value for key, value in asked.items()}
            yield from ((creates, row) for row in table({name: option}, good))

    def attempt(self, options: dict[str, Any]) -> tuple[Exception | None, dict[str, Any]]:
        """How it failed, or what came of it."""
        for server in self.at.servers.both:
            server.clear()
        try:
            return None, self.at.run(self.case.module, options)
        except (Failure, AnsibleActionFail) as failure:
            return failure, {}

    def requests(self, writes: bool = False) -> list[Request]:
        return [each for server in self.at.servers.both for each in (server.writes if writes else server.requests)]

    def outcome(self, creates: bool, row: Spoilt) -> str:
        (self.nothing if creates else self.made).restore()
        before = self.at.servers.snapshot()
        failure, result = self.attempt(row.options)
        if failure is None:
            self.assert_taken(creates, row, before, result)
            return TAKEN
        assert_said(row, failure)
        assert self.at.servers.snapshot() == before
        writes = self.requests(writes=True)
        if not writes:
            return UNWRITTEN if self.requests() else AT_ONCE
        # Of the server's own words none is lost, and it is the first write that it refuses.
        assert isinstance(failure, ApiError), failure
        assert f"status {failure.status}" in str(failure)
        assert {each.status for each in writes} <= {400, 409, 412, 422}
        return BY_THE_SERVER

    def assert_taken(self, creates: bool, row: Spoilt, before: dict[str, Any], result: dict[str, Any]) -> None:
        after = self.at.servers.snapshot()
        if not result["changed"]:
            assert after == before
            assert self.requests(writes=True) == []
            return
        named = row.path[0] in {**self.case.key, **self.case.create, **self.case.change} and "prune" not in row.path[0]
        if named and row.kind.startswith(("like a path", "an entry like a path")):
            (named,) = [row.value] if isinstance(row.value, str) else row.value
            assert named in texts_in(after), "what was named is what was made"
        failure, again = self.attempt(row.options)
        assert (failure, again.get("changed"), self.requests(writes=True)) == (None, False, [])
        if creates and self.case.removable:
            self.attempt({**row.options, **BEFORE_REMOVAL.get(self.case.module, {})})
            failure, gone = self.attempt({**row.options, "state": "absent"})
            left = self.at.servers.snapshot()
            for snapshot in (before, left):
                snapshot["authentik"].pop(STAYS.get(self.case.module), None)
            assert (failure, gone.get("changed"), left) == (None, True, before)


def assert_said(row: Spoilt, failure: Exception) -> None:
    """The message is a sentence; the collection's own names the option, or what is wrong with it."""
    message = str(failure)
    assert "Traceback" not in message
    if isinstance(failure, ApiError):
        assert failure.detail or failure.fields or "Check that" in message, message
    elif isinstance(failure, Failure) and "checks" not in failure.result():
        assert message.endswith("."), message
        shown = [repr(text[:20])[1:-1] for text in [*texts_in(row.value), str(row.value)] if text]
        assert any(word in message for word in (*row.path, *shown, "empty", "''", "too long")), message


def texts_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return texts_in([*value, *value.values()])
    if isinstance(value, (list, tuple, set)):
        return [text for each in value for text in texts_in(each)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("case", [*CASES, *MORE_CASES], ids=lambda case: case.module)
def test_a_module(case: Case, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    with stage(case, tmp_path) as at:
        if case.module == "netbird_peer":
            at.servers.netbird.state.account.add_peer("web-1", [], ip=PEER)
        trial = Trial(at)
        rows = list(trial.rows())
        if not request.config.getoption("whole"):
            rows = random.Random(12).sample(rows, len(rows) // ONE_OF)
        wrong = []
        for creates, row in rows:
            try:
                TRIED[trial.outcome(creates, row)] += 1
            except AssertionError as error:
                wrong.append(f"{row}: {str(error)[:700]}")
        assert wrong == []


def doubled(account: Account) -> Iterator[str]:
    """Each kind of NetBird's objects that there are, while there are two of each of them."""
    for kind, rows in list(account.objects.items()):
        kept = dict(rows)
        rows.update({f"twin-of-{key}": {**copy.deepcopy(row), "id": f"twin-of-{key}"} for key, row in kept.items()})
        yield kind
        rows.clear()
        rows.update(kept)


@pytest.mark.parametrize("case", [case for case in CASES if case.module.startswith("netbird_")], ids=lambda case: case.module)
def test_a_name_that_two_have(case: Case, tmp_path: Path) -> None:
    """Whatever a task names, itself or in a setting, and NetBird has twice, is not guessed at."""
    with stage(case, tmp_path) as at:
        trial = Trial(at)
        for _kind in doubled(at.servers.netbird.state.account):
            before = at.servers.snapshot()
            failure, result = trial.attempt({**case.key, **case.create})
            assert result.get("changed", False) is False
            assert trial.requests(writes=True) == []
            assert at.servers.snapshot() == before
            if failure is not None:
                assert "which one is meant cannot be told" in str(failure)
                TRIED[UNWRITTEN] += 1


def test_how_many_were_tried() -> None:
    outcomes = (AT_ONCE, UNWRITTEN, BY_THE_SERVER, TAKEN)
    counted("Bad input of modules", "all", tried=TRIED.total(), **{outcome: TRIED[outcome] for outcome in outcomes})
    assert set(TRIED) == set(outcomes)
