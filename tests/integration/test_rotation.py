# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook rotate_secrets: the secret between NetBird and authentik changes while people log in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from support.counts import counted
from support.rotating import IDENTIFIER, NEW_SECRET, ROTATE, SECRETS, Rotating, rotating

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Rotating]]:
    with ExitStack() as stack:
        yield {
            setup: stack.enter_context(rotating(setup, tmp_path_factory.mktemp(setup), ROTATE, needs))
            for setup, needs in SECRETS.items()
        }


@pytest.fixture
def standalone(made: dict[str, Rotating]) -> Iterator[Rotating]:
    with made["standalone"].whole_again() as one:
        yield one


@pytest.fixture
def management(made: dict[str, Rotating]) -> Iterator[Rotating]:
    with made["management"].whole_again() as one:
        yield one


def test_the_app_password(standalone: Rotating) -> None:
    tokens = standalone.servers.authentik.state.tokens
    former = standalone.configured
    checked = standalone.rotate("--check", "--diff", rotate_restarted=True)
    assert (checked.code, checked.writes, standalone.configured) == (0, [], former), checked.output[-3000:]
    with standalone.logins() as logins:
        # Nobody can have restarted it by then.
        begun = standalone.rotate(rotate_restarted=True)
        assert begun.code == 2, begun.output[-3000:]
        assert "Restart NetBird, then run this again with rotate_restarted set" in begun.failure
        new = standalone.configured
        assert new != former
        assert {row["key"] for row in tokens.values() if row["identifier"].startswith(IDENTIFIER)} == {former, new}
        assert "Restart" in standalone.rotate(rotate_restarted="false").failure
        standalone.restart()
        done = standalone.rotate(rotate_restarted=True)
        assert done.code == 0, done.output[-3000:]
        standalone.restart()
    counted("Rotation of the app password", "standalone", logins=len(logins.outcomes), failed=len(logins.failed))
    assert not logins.failed, logins.outcomes
    left = {row["identifier"]: row["key"] for row in tokens.values() if row["identifier"].startswith(IDENTIFIER)}
    assert left == {IDENTIFIER: new}
    assert checked.changed == begun.changed + done.changed
    for secret in (former, new):
        assert secret not in begun.output + done.output + checked.output


def test_the_client_secret(management: Rotating) -> None:
    checked = management.rotate("--check")
    assert (checked.code, checked.writes) == (0, []), checked.output[-3000:]
    with management.logins() as logins, management.restarted_by_hand():
        done = management.rotate()
    assert done.code == 0, done.output[-3000:]
    (provider,) = management.servers.authentik.state.providers.values()
    assert (provider["client_secret"], management.configured) == (NEW_SECRET, NEW_SECRET)
    assert checked.changed == done.changed
    failed = [index for index, outcome in enumerate(logins.outcomes) if outcome != "logged_in"]
    counted("Rotation of the client secret", "management", logins=len(logins.outcomes), failed=len(failed))
    assert set(logins.failed) <= {"callback_failed"}
    assert failed == list(range(failed[0], failed[-1] + 1)), "from NetBird's restart until authentik has the secret too"
    assert NEW_SECRET not in done.output
    again = management.rotate()
    assert (again.code, again.changed) == (0, []), again.output[-3000:]


def test_who_does_not_restart_netbird_loses_nothing(management: Rotating) -> None:
    with management.logins() as logins:
        waited = management.rotate(rotate_timeout=1)
    assert waited.code == 2
    assert "NetBird did not use its new secret within 1 s" in waited.failure
    assert not logins.failed, logins.outcomes
    management.restart()
    done = management.rotate()
    assert done.code == 0, done.output[-3000:]


def test_a_wrong_password_is_tried_once(management: Rotating) -> None:
    refused = management.rotate(verify_password="another")
    assert refused.code == 2
    assert "alice cannot log in at authentik (password_refused)" in refused.failure
    (tried,) = (task for task in refused.tasks if task.name == "NetBird uses its new secret")
    assert tried.result["attempts"] == 1


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"rotate_setup": "everything"}, "rotate_setup has to be management or standalone"),
        ({"verify_user": ""}, "those of a person who may log in"),
        ({"management_client_secret": ""}, "management_client_secret is empty"),
    ],
    ids=["setup", "person", "secret"],
)
def test_what_is_missing_is_said_before_anything_is_written(management: Rotating, variables: dict[str, str], said: str) -> None:
    refused = management.rotate(**variables)
    assert (refused.code, refused.writes) == (2, [])
    assert said in refused.failure


def test_without_hosts_nobody_could_tell_netbird(standalone: Rotating) -> None:
    refused = standalone.servers.play(ROTATE, standalone.variables)
    assert (refused.code, refused.writes) == (2, [])
    assert "No host is in the group netbird" in refused.failure
