# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook rotate_signing_key: tokens are signed with another key while people log in."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.counts import counted
from support.logins import Logins
from support.modules import call
from support.rotating import ROTATE_KEY, Rotating, rotating

pytestmark = pytest.mark.once
NEW = "NetBird, next year's"
# What the environment role calls: it asks for a restart, and is done when NetBird has started.
SYSTEMCTL = """\
#!/bin/sh
case "$*" in
*restart*) touch {folder}/asked; while [ -e {folder}/asked ]; do sleep 0.05; done ;;
*show*) printf 'LoadState=loaded\\nActiveState=active\\n' ;;
esac
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Rotating]]:
    with ExitStack() as stack:
        yield {
            setup: stack.enter_context(rotating(setup, tmp_path_factory.mktemp(setup), ROTATE_KEY, {f"{setup}_signing_key": NEW}))
            for setup in ("standalone", "management")
        }


@pytest.fixture(params=["standalone", "management"])
def one(made: dict[str, Rotating], request: pytest.FixtureRequest) -> Iterator[Rotating]:
    with made[request.param].whole_again() as each:
        yield each


@pytest.fixture
def standalone(made: dict[str, Rotating]) -> Iterator[Rotating]:
    with made["standalone"].whole_again() as each:
        yield each


def generate(one: Rotating, **options: Any) -> str:
    """The new key's id."""
    made = call("authentik_certificate", {**one.servers.connection_of("authentik"), "name": NEW, **options})
    return str(made["certificate"]["pk"])


def signing_key(one: Rotating) -> str:
    (provider,) = one.servers.authentik.state.providers.values()
    return str(provider["signing_key"])


@contextmanager
def restarts(one: Rotating, folder: Path, logins: Logins) -> Iterator[dict[str, Any]]:
    """The variables of hosts whose NetBird the environment role can restart, which takes until somebody was refused meanwhile."""
    systemctl, asked, over = folder / "systemctl", folder / "asked", threading.Event()
    systemctl.write_text(SYSTEMCTL.format(folder=folder))
    systemctl.chmod(systemctl.stat().st_mode | stat.S_IXUSR)

    def serve() -> None:
        while not over.wait(0.05):
            if asked.exists() and logins.failed:
                one.restart()
                asked.unlink()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield {"environment_deployment": "systemd"}
    finally:
        over.set()
        thread.join()


def test_netbird_takes_a_key_that_it_does_not_know(one: Rotating) -> None:
    # The embedded provider always does.
    one.restart(refreshes_keys=True)
    key = generate(one)
    former = signing_key(one)
    checked = one.rotate("--check", "--diff")
    assert (checked.code, checked.writes, signing_key(one)) == (0, [], former), checked.output[-3000:]
    with one.logins() as logins:
        done = one.rotate()
    assert done.code == 0, done.output[-3000:]
    counted("Rotation of the signing key", one.setup, logins=len(logins.outcomes), failed=len(logins.failed))
    # Who logs in just then shows NetBird what the former key signed.
    assert logins.failed in ([], ["token_invalid"] if one.setup == "standalone" else []), logins.outcomes
    assert signing_key(one) == key
    assert checked.changed == done.changed
    again = one.rotate()
    assert (again.code, again.changed) == (0, []), again.output[-3000:]


def test_netbird_keeps_its_keys_and_nobody_restarts_it(standalone: Rotating) -> None:
    former = signing_key(standalone)
    generate(standalone)
    hopeless = standalone.rotate(verify_password="another")
    assert (hopeless.code, hopeless.changed) == (2, []), hopeless.output[-3000:]
    assert "so nothing was changed: mend that first" in hopeless.output
    refused = standalone.rotate()
    assert refused.code == 2
    assert f"NetBird refused what the key {NEW} had signed" in refused.output
    assert "The former one signs again" in refused.output
    assert signing_key(standalone) == former
    with standalone.logins() as logins:
        pass
    assert not logins.failed, logins.outcomes


def test_netbird_keeps_its_keys_and_is_restarted(standalone: Rotating, tmp_path: Path) -> None:
    key = generate(standalone)
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    logins = standalone.logins()
    with restarts(standalone, tmp_path, logins) as hosts, logins:
        done = standalone.rotate(environment=path, **hosts)
    assert (done.code, signing_key(standalone)) == (0, key), done.output[-3000:]
    failed = [index for index, outcome in enumerate(logins.outcomes) if outcome != "logged_in"]
    counted("Rotation of the signing key by a restart", "standalone", logins=len(logins.outcomes), failed=len(failed))
    assert failed == list(range(failed[0], failed[-1] + 1)), "from authentik's change until NetBird has started"


def test_what_was_stopped_before_the_restart(standalone: Rotating, tmp_path: Path) -> None:
    (provider,) = standalone.servers.authentik.state.providers.values()
    provider["signing_key"] = key = generate(standalone)
    refused = standalone.rotate()
    assert refused.code == 2
    assert "there is none to go back to: restart NetBird" in refused.output
    assert signing_key(standalone) == key
    standalone.restart()
    done = standalone.rotate()
    assert (done.code, done.changed) == (0, []), done.output[-3000:]


def test_a_key_on_a_curve_is_none_for_netbird(standalone: Rotating) -> None:
    generate(standalone, key_algorithm="ecdsa")
    refused = standalone.rotate()
    assert (refused.code, refused.changed) == (2, []), refused.output[-3000:]
    assert "NetBird takes tokens of no other" in refused.failure


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"rotate_setup": "everything"}, "rotate_setup has to be management or standalone"),
        ({"verify_user": ""}, "those of a person who may log in"),
        ({}, "authentik has no certificate-key pair"),
    ],
    ids=["setup", "person", "key"],
)
def test_what_is_missing_is_said_before_anything_is_written(standalone: Rotating, variables: dict[str, str], said: str) -> None:
    refused = standalone.rotate(**variables)
    assert (refused.code, refused.changed) == (2, []), refused.output[-3000:]
    assert said in refused.failure
