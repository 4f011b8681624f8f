# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The suite for servers of one's own leaves nothing, whatever happens, and begins nothing where something of it is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from live import _servers
from live._servers import Live
from live._setup import Management
from live._use import named_by, stand_ins, used

pytestmark = pytest.mark.once


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    monkeypatch.setattr(_servers, "ROOT", tmp_path)
    with stand_ins(tmp_path) as live:
        live.set(jwt_groups_claim_name="roles", user_approval_required=True)
        yield live


def change(live: Live) -> None:
    """Some of what the suite does."""
    Management(live).make_people()
    live.authentik.post("core/applications/", {"name": live.name("x"), "slug": live.name("x")})
    group = live.netbird.post("groups", {"name": live.name("developers")})
    live.netbird.put("dns/settings", {"disabled_management_groups": [group["id"]]})
    network = live.netbird.post("networks", {"name": live.name("office")})
    resource = {"name": "printer", "address": "10.0.0.1", "enabled": True, "groups": [group["id"]]}
    live.netbird.post(f"networks/{network['id']}/resources", resource)
    live.netbird.post(
        "users", {"name": live.name("robot"), "role": "user", "is_service_user": True, "auto_groups": [group["id"]]}
    )
    live.authentik.post("core/groups/", {"name": "of somebody else"})
    live.netbird.post("groups", {"name": "of somebody else"})
    live.set(jwt_groups_claim_name="groups", user_approval_required=False)


def test_all_of_it_is_taken_back_after_a_failure(live: Live) -> None:
    before = live.inventory()

    def fail() -> None:
        with used(live):
            change(live)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert live.listed() == []
    assert _servers.kinds(_servers.difference(before, live.inventory())) == ["NetBird group", "authentik group"]
    assert live.remembered() == {}


def test_where_something_is_left_nothing_is_begun_until_it_is_cleaned_up(live: Live) -> None:
    before = live.inventory()
    live.remember()
    change(live)
    with pytest.raises(pytest.exit.Exception, match="make live CLEAN_UP=1") as refusal, used(live):
        raise AssertionError("it is begun")
    assert "NetBird: group ansible-live-developers" in str(refusal.value)
    assert "authentik: user ansible-live-alice" in str(refusal.value)
    with pytest.raises(pytest.exit.Exception, match="Taken back:"), used(live, clean_up=True):
        raise AssertionError("it is begun")
    assert live.settings() == before["settings"]
    with used(live):
        pass


def test_what_cannot_be_taken_back_is_said(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    live.remember()
    change(live)
    with monkeypatch.context() as patch:
        patch.setattr(_servers.Server, "delete", lambda *_given: None)
        with pytest.raises(AssertionError, match="is still there: authentik: application ansible-live-x"):
            live.take_back()
    assert live.remembered(), "the next run finds what was remembered"
    live.take_back()
    assert live.listed() == []


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"LIVE_PREFIX": "Not A Slug"}, "LIVE_PREFIX has to be"),
        ({"NETBIRD_INFRASTRUCTURE_FILES": "/nowhere"}, "has no configure.sh"),
        ({"NETBIRD_MANAGEMENT": "/nowhere"}, "has to be a program"),
        ({"NETBIRD_CLIENT": "/nowhere"}, "NETBIRD_CLIENT has to be a program"),
    ],
)
def test_an_environment_that_cannot_be_right(tmp_path: Path, environment: dict[str, str], message: str) -> None:
    with pytest.raises(pytest.exit.Exception, match=message):
        named_by(environment, tmp_path)
