# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks with the permissions that docs/permissions.md lists, and with each of them taken away."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from simulators import authentik, netbird
from simulators.authentik.state import State
from support import ROOT, VERSIONS, Played, Servers
from support.counts import counted
from support.seeding import PASSWORD, VARIABLES, add_people, started

TOKEN = "token-of-somebody-who-is-no-administrator"
SETUPS = ("management", "standalone")
# Beside what the set-up was made with.
MORE: dict[str, dict[str, Any]] = {
    "verify": {"verify_user": "alice", "verify_password": PASSWORD},
    "export_setup": {},
    "remove": {"remove_confirm": "netbird", "remove_force": True},
}
PLAYBOOKS = [("management", "management"), *((setup, playbook) for setup in SETUPS for playbook in MORE)]


def documented() -> dict[tuple[str, str], list[str]]:
    """The permissions of each (set-up, playbook)."""
    rows = re.findall(r"^\| (\w+) \| `(\w+)` \| (.*) \|$", (ROOT / "docs/permissions.md").read_text(), re.MULTILINE)
    return {(setup, playbook): re.findall(r"`([\w.]+)`", text) for setup, playbook, text in rows}


DOCUMENTED = documented()
# Tokens that somebody may not see are not shown to them, and nothing is refused.
HIDING = "authentik_core.view_token"


@dataclass
class Held:
    """The permissions of whose token it is, and those that the server asked for."""

    allowed: Collection[str]
    asked: list[str] = field(default_factory=list)

    def __contains__(self, permission: str) -> bool:
        if permission not in self.asked:
            self.asked.append(permission)
        return permission in self.allowed


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, bool], Servers]]:
    """Servers with a set-up, or without."""
    with ExitStack() as stack:

        @cache
        def make(setup: str, there: bool) -> Servers:
            folder = tmp_path_factory.mktemp(setup)
            if there:
                servers = stack.enter_context(started(setup, folder))
            else:
                one, other = stack.enter_context(authentik.serve(version=VERSIONS[-1])), stack.enter_context(netbird.serve())
                add_people(one.state)
                servers = Servers(one, other, folder)
            state = servers.authentik.state
            state.add_token("somebody", state.add_user("somebody")["pk"], key=TOKEN)
            return servers

        yield make


def play(made: Callable[[str, bool], Servers], monkeypatch: pytest.MonkeyPatch, setup: str, playbook: str, held: Held) -> Played:
    """Run it with a token that has these permissions, on servers that are put back afterwards."""
    servers = made(setup, playbook in MORE)
    own = {"verify_setup": setup, "export_setup": setup, "remove_setup": setup, "authentik_token": TOKEN}
    file = {"export_file": str(servers.folder / "exported.yml")}
    with servers.whole_again():
        monkeypatch.setattr(State, "permissions_of", lambda _state, _user: held)
        path = ROOT / f"playbooks/{playbook}.yml"
        return servers.play(path, {**VARIABLES[setup], **own, **file, **MORE.get(playbook, {})})


@pytest.mark.parametrize(("setup", "playbook"), PLAYBOOKS)
def test_these_are_enough_and_none_is_too_many(
    made: Callable[[str, bool], Servers], monkeypatch: pytest.MonkeyPatch, setup: str, playbook: str
) -> None:
    held = Held(DOCUMENTED[setup, playbook])
    played = play(made, monkeypatch, setup, playbook, held)
    assert set(held.allowed) <= set(held.asked)
    assert played.code == 0, played.output[-3000:]


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("setup", "playbook", "missing"),
    [(*which, permission) for which in PLAYBOOKS for permission in DOCUMENTED[which] if permission != HIDING],
)
def test_which_one_is_missing_is_said(
    made: Callable[[str, bool], Servers], monkeypatch: pytest.MonkeyPatch, setup: str, playbook: str, missing: str
) -> None:
    held = Held([permission for permission in DOCUMENTED[setup, playbook] if permission != missing])
    played = play(made, monkeypatch, setup, playbook, held)
    assert missing in played.output
    counted("Permissions taken away", f"{setup}, {playbook}, {missing}", named=1)
