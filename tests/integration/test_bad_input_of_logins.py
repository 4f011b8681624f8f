# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input of the modules that log people in: a sentence that says what is wrong, and nobody is left behind."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core import apply
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._http import session
from simulators import authentik, netbird
from support import Servers
from support.bad_input import Spoilt, table
from support.counts import counted
from support.modules import run, spec_of
from support.seeding import GROUPS, PASSWORD, PUBLIC, started

# The last test says how many the others tried.
pytestmark = [pytest.mark.once, pytest.mark.xdist_group("bad input of logins")]

TRIED: Counter[str] = Counter()
# Of so many rows of the table "make test" tries one.
ONE_OF = 8
Given = tuple[Servers, dict[str, Any]]


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have modules that are called directly wait less before they try again."""
    monkeypatch.setattr(session, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(session, "JITTER", 0.001)
    monkeypatch.setattr(apply, "PAUSES", (0.001, 0.001, 0.001))


def person(servers: Servers) -> dict[str, Any]:
    server = servers.netbird
    return {"username": "alice", "password": PASSWORD, "netbird_url": server.url, "netbird_token": server.token}


def client_of(servers: Servers) -> str:
    (provider,) = servers.authentik.state.providers.values()
    return str(provider["client_id"])


@contextmanager
def set_up(setup: str, folder: Path, options: Callable[[Servers], dict[str, Any]]) -> Iterator[Given]:
    with started(setup, folder) as servers:
        servers.netbird.state.account.extra["user_approval_required"] = False
        yield servers, options(servers)


@contextmanager
def fresh(folder: Path) -> Iterator[Given]:
    with authentik.serve() as one, netbird.serve(fresh=True) as other:
        owner = {"netbird_url": other.url, "email": "ada@company.example", "password": "password-of-ada", "name": "Ada"}
        yield Servers(one, other, folder), owner


MODULES: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "a login at NetBird": (
        "oidc_login",
        lambda folder: set_up(
            "management",
            folder,
            lambda servers: {**person(servers), "via": "netbird", "connector": next(iter(servers.netbird.state.connectors))},
        ),
    ),
    "a login at authentik": (
        "oidc_login",
        lambda folder: set_up(
            "standalone",
            folder,
            lambda servers: {
                **person(servers),
                "issuer": servers.issuer,
                "client_id": client_of(servers),
                "post_logout_redirect_uri": f"{PUBLIC}/",
            },
        ),
    ),
    "a check": (
        "netbird_login_check",
        lambda folder: set_up(
            "management", folder, lambda servers: {**servers.connection, "setup": "management", "username": "alice"}
        ),
    ),
    "groups": (
        "netbird_jwt_groups",
        lambda folder: set_up("management", folder, lambda servers: {**servers.connection, "groups": GROUPS}),
    ),
    "a new server": ("netbird_instance", fresh),
    "a migration": (
        "netbird_migration_info",
        lambda folder: set_up("standalone", folder, lambda servers: {**servers.connection, "to": "management"}),
    ),
}


def lasting(servers: Servers) -> dict[str, Any]:
    """All that lasts, but for when people were seen, and for the groups that a first login makes."""
    snapshot = servers.snapshot()
    for user in snapshot["authentik"]["users"].values():
        user.pop("last_login")
    for account in snapshot["netbird"]["accounts"]:
        account["objects"] = {**account["objects"], "groups": {}}
    return snapshot


def outcome(servers: Servers, module: str, row: Spoilt) -> str:
    for server in servers.both:
        server.clear()
    before, message = lasting(servers), ""
    try:
        run(module, row.options)
    except AnsibleActionFail:
        message = "Ansible says which option and why."
    except Failure as failure:
        message = str(failure)
    if not message:
        return "taken as they are"
    assert "Traceback" not in message
    assert message.endswith((".", ")")), message
    requests = [each for server in servers.both for each in server.requests]
    if not requests or "Nothing was changed" in message:
        assert lasting(servers) == before
    return "refused" if requests else "refused before any request"


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("what", MODULES)
def test_a_login(what: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    module, given = MODULES[what]
    with ExitStack() as stack:
        servers, good = stack.enter_context(given(tmp_path))
        kept = servers.frozen()
        rows = list(table(spec_of(module)["argument_spec"], good))
        if not request.config.getoption("whole"):
            rows = random.Random(12).sample(rows, len(rows) // ONE_OF)
        wrong = []
        for row in rows:
            kept.restore()
            try:
                TRIED[outcome(servers, module, row)] += 1
            except Exception as error:  # whatever else comes is what is looked for
                wrong.append(f"{row}: {type(error).__name__}: {str(error)[:500]}")
        assert wrong == []


def test_how_many_were_tried() -> None:
    counted("Bad input of logins", "all", tried=TRIED.total(), **dict(sorted(TRIED.items())))
    assert TRIED["refused before any request"]
