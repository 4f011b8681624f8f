# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook rotate_tokens: new API tokens for both services, the former ones valid until the new ones are in use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from simulators._server import Fault
from support import ROOT, Played, Servers
from support.kills import killed

pytestmark = pytest.mark.once

ROTATE = ROOT / "playbooks/rotate_tokens.yml"
GIVEN = {
    "rotate_authentik_token": "playbooks-2027",
    "rotate_authentik_former": "playbooks-2026",
    "rotate_authentik_user": "akadmin",
    "rotate_netbird_token": "playbooks-2027",
    "rotate_netbird_former": "playbooks-2026",
    "rotate_netbird_user": "automation",
}
FILES = ("authentik_token", "netbird_token")


class Automation:
    """Who runs the playbooks, with tokens of its own on both services."""

    def __init__(self, servers: Servers) -> None:
        self.servers, self.folder = servers, servers.folder / "tokens"
        self.folder.mkdir()
        ak, nb = servers.authentik.state, servers.netbird.state
        administrator = ak.find("users", username="akadmin")
        assert administrator is not None
        key = ak.add_token("playbooks-2026", administrator["pk"], expiring=False)["key"]
        nb.account.add_user("automation", role="admin", is_service_user=True, name="automation")
        plain = nb.give_token(nb.account, nb.account.users["automation"], "playbooks-2026")
        self.tokens = {"authentik_token": key, "netbird_token": plain}

    def command(self) -> tuple[list[str], dict[str, str]]:
        return self.servers.command(ROTATE, self._variables())

    def rotate(self, *options: str, **more: Any) -> Played:
        return self.servers.play(ROTATE, {**self._variables(), **more}, *options)

    def _variables(self) -> dict[str, Any]:
        return {**self.servers.connection, **self.tokens, **GIVEN, "rotate_folder": str(self.folder)}

    def written(self) -> dict[str, str]:
        assert {path.stat().st_mode & 0o777 for path in self.folder.iterdir()} <= {0o600}
        return {path.name: path.read_text() for path in self.folder.iterdir()}

    def names(self) -> list[list[str]]:
        """The names of the tokens that are there, by service."""
        rows = self.servers.netbird.state.account.tokens.values()
        found = [each["identifier"] for each in self.servers.authentik.state.tokens.values()], [each["name"] for each in rows]
        return [sorted(name for name in names if name.startswith("playbooks")) for names in found]


@pytest.fixture
def automation(servers: Servers) -> Automation:
    return Automation(servers)


def test_one_run_makes_them_and_the_one_that_uses_them_removes_the_former(automation: Automation) -> None:
    checked = automation.rotate("--check", "--diff")
    assert (checked.code, checked.writes) == (0, []), checked.output[-3000:]
    assert automation.names() == [["playbooks-2026"], ["playbooks-2026"]]
    begun = automation.rotate("-vvvv", "--diff")
    assert begun.code == 0, begun.output[-3000:]
    assert begun.changed == checked.changed
    assert automation.names() == [["playbooks-2026", "playbooks-2027"]] * 2
    new = automation.written()
    assert sorted(new) == sorted(FILES)
    assert not any(token in begun.output for token in (*new.values(), *automation.tokens.values()))
    assert begun.output.count("Put it where your playbooks have theirs") >= 2
    again = automation.rotate()
    assert (again.code, again.changed, automation.written()) == (0, [], new)

    automation.tokens = new
    checked = automation.rotate("--check")
    assert (checked.code, checked.writes) == (0, []), checked.output[-3000:]
    finished = automation.rotate("-vvvv", "--diff")
    assert finished.code == 0, finished.output[-3000:]
    assert finished.changed == checked.changed
    assert (automation.names(), automation.written()) == ([["playbooks-2027"]] * 2, {})
    assert not any(token in finished.output for token in new.values())
    over = automation.rotate()
    assert (over.code, over.changed) == (0, [])


@pytest.mark.parametrize("service", ["authentik", "netbird"])
def test_one_of_the_services(automation: Automation, service: str) -> None:
    other = {"authentik": "netbird", "netbird": "authentik"}[service]
    left_out = {name: value for name, value in GIVEN.items() if name.startswith(f"rotate_{other}")}
    variables = {name: value for name, value in automation._variables().items() if name not in left_out}
    assert automation.servers.play(ROTATE, variables).code == 0
    assert list(automation.written()) == [f"{service}_token"]


WRONG: dict[str, tuple[Mapping[str, Any], str]] = {
    "no folder": ({"rotate_folder": "/nonexistent"}, "rotate_folder has to be a folder of the controller"),
    "the same name": ({"rotate_netbird_token": "playbooks-2026"}, "the former one's"),
    "no user": ({"rotate_authentik_former": ""}, "whose they are"),
    "none of them": (
        {"rotate_authentik_former": "typo"},
        "authentik has neither a token typo, which is to be replaced, nor playbooks-2027, which is to replace it",
    ),
    "somebody else's": ({"rotate_authentik_user": "alice"}, "belongs to 'akadmin'"),
}


@pytest.mark.parametrize("why", WRONG)
def test_refused(automation: Automation, why: str) -> None:
    wrong, message = WRONG[why]
    if why == "somebody else's":
        automation.servers.authentik.state.add_user("alice", "password", name="Alice")
        assert automation.rotate().code == 0
    refused = automation.rotate(**wrong)
    assert (refused.code, refused.writes) == (2, [])
    assert message in refused.failure


def test_a_token_of_this_name_that_nobody_knows(automation: Automation) -> None:
    account = automation.servers.netbird.state.account
    automation.servers.netbird.state.give_token(account, account.users["automation"], "playbooks-2027")
    refused = automation.rotate()
    assert refused.code == 2
    assert "NetBird has a token playbooks-2027 already, and nobody but who made it knows it" in refused.failure


def test_a_file_of_another_rotation(automation: Automation) -> None:
    """Its token, which is in use, is not taken for the new one."""
    assert automation.rotate().code == 0
    automation.tokens = automation.written()
    before = automation.names()
    refused = automation.rotate(
        rotate_authentik_token="playbooks-2028",
        rotate_authentik_former="playbooks-2027",
        rotate_netbird_token="playbooks-2028",
        rotate_netbird_former="playbooks-2027",
    )
    assert refused.code == 2
    assert "has a token, and NetBird has no playbooks-2028: it is that of another rotation" in refused.failure
    assert automation.names()[1] == before[1]
    assert automation.written()["netbird_token"] == automation.tokens["netbird_token"]


WRITES = {
    "authentik's is made": ("authentik", Fault("slow", method="POST", path="/core/tokens/$")),
    "authentik has made it": ("authentik", Fault("slow_after", method="POST", path="/core/tokens/$")),
    "NetBird's is made": ("netbird", Fault("slow", method="POST", path="/tokens$")),
    "NetBird has made it": ("netbird", Fault("slow_after", method="POST", path="/tokens$")),
    "authentik's former one goes": ("authentik", Fault("slow", method="DELETE")),
    "authentik's former one is gone": ("authentik", Fault("slow_after", method="DELETE")),
    "NetBird's former one goes": ("netbird", Fault("slow", method="DELETE")),
    "NetBird's former one is gone": ("netbird", Fault("slow_after", method="DELETE")),
}


@pytest.mark.sample(3)
@pytest.mark.parametrize("when", WRITES)
def test_killed(automation: Automation, when: str) -> None:
    service, fault = WRITES[when]
    if "former" in when:
        assert automation.rotate().code == 0
        automation.tokens = automation.written()
    server = automation.servers.authentik if service == "authentik" else automation.servers.netbird
    server.clear()
    fault.seconds = 3600
    server.inject(fault)
    killed(*automation.command(), lambda: any(each.method == fault.method for each in server.requests))
    server.clear_faults()
    if "former" not in when:
        begun = automation.rotate()
        assert begun.code == 0, begun.output[-3000:]
        automation.tokens = automation.written()
    finished = automation.rotate()
    assert finished.code == 0, finished.output[-3000:]
    assert (automation.names(), automation.written()) == ([["playbooks-2027"]] * 2, {})
