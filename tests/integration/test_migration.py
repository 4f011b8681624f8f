# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook migration: who everybody would be in the other set-up, before anybody moves."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.migration import embedded
from support import ROOT, Played, Servers
from support.modules import call
from support.seeding import SETUPS, groups_of, started

pytestmark = pytest.mark.once

OTHER = {"management": "standalone", "standalone": "management"}


def test_an_id_of_the_embedded_provider_as_recorded() -> None:
    recorded = (ROOT / "tests/recordings/netbird-0.77.1-peers.json").read_text()
    assert json.dumps(embedded("alice", "dc31n0tqmd2s4f7964vg")) in recorded


@pytest.mark.parametrize(("length", "shown"), [(127, b"\x7f"), (128, b"\x80\x01"), (300, b"\xac\x02")])
def test_a_long_subject_has_a_length_as_protobuf_writes_it(length: int, shown: bytes) -> None:
    """Where a username or an address is the subject it may be longer than what one byte says."""
    made = embedded("a" * length, "b")
    assert base64.urlsafe_b64decode(made + "=" * (-len(made) % 4)) == b"\x0a" + shown + b"a" * length + b"\x12\x01b"


@pytest.fixture(params=SETUPS)
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def servers(setup: str, tmp_path: Path) -> Iterator[Servers]:
    """A set-up in which alice has logged in."""
    with started(setup, tmp_path) as servers:
        servers.netbird.state.account.extra["user_approval_required"] = False
        assert groups_of(servers, "alice")
        yield servers


def migrate(servers: Servers, setup: str, *options: str, **variables: Any) -> Played:
    return servers.play(ROOT / "playbooks/migration.yml", {"migration_to": OTHER[setup], **variables}, *options)


def person(servers: Servers, name: str) -> dict[str, Any]:
    found = servers.authentik.state.find("users", username=name)
    assert found is not None
    return found


def in_netbird(servers: Servers) -> dict[str, Any]:
    (user,) = (row for row in servers.netbird.state.account.users.values() if row["email"] == "alice@example.com")
    return user


def test_everybody_is_listed_with_both_ids(servers: Servers, setup: str) -> None:
    alice = in_netbird(servers)
    alice["role"] = "admin"
    before = servers.snapshot()
    shown = migrate(servers, setup, migration_left_behind=["root@example.com", "admin@netbird.company"])
    assert shown.code == 0, shown.output[-3000:]
    assert (shown.changed, shown.writes) == ([], [])
    assert servers.snapshot() == before
    then = str(person(servers, "alice")["pk"])
    if setup == "standalone":
        assert alice["id"] == then
        then = embedded(then, "authentik")
    assert f"alice@example.com (admin, 0 peers): {alice['id']} -> {then} (authentik: alice)" in shown.output
    found = call("netbird_migration_info", {**servers.connection, "to": OTHER[setup]})
    assert (found["from"], found["sub_mode"]) == (setup, {"management": "hashed_user_id", "standalone": "user_id"}[setup])
    (row,) = (each for each in found["people"] if each["username"])
    assert row == {
        "id": alice["id"],
        "id_then": then,
        "username": "alice",
        "email": "alice@example.com",
        "name": "Alice",
        "role": "admin",
        "peers": 0,
    }


def test_whoever_would_not_come_over_is_named(servers: Servers, setup: str) -> None:
    refused = migrate(servers, setup)
    assert (refused.code, refused.writes) == (2, [])
    owner = next(row["email"] for row in servers.netbird.state.account.users.values() if row["role"] == "owner")
    assert f"{owner} would not come over, because authentik has nobody with their id" in refused.failure
    refused = migrate(servers, setup, migration_left_behind=[owner])
    assert "Nobody who comes from authentik is an owner or administrator of NetBird" in refused.failure


def test_it_is_there_already(servers: Servers, setup: str) -> None:
    refused = migrate(servers, OTHER[setup])
    assert f"NetBird is in the {setup} set-up already" in refused.failure


def test_a_subject_that_nobody_can_tell(servers: Servers, setup: str) -> None:
    (provider,) = servers.authentik.state.providers.values()
    provider["sub_mode"] = "user_upn"
    assert "sub_mode is user_upn: who is who cannot be told from it" in migrate(servers, setup).failure


def test_another_application(servers: Servers, setup: str) -> None:
    refused = migrate(servers, setup, migration_application="other")
    assert "authentik has no application 'other' with an OAuth2/OpenID provider" in refused.failure
