# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both set-ups with entitlements and without groups, to have NetBird make the groups before anybody has logged in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from simulators import authentik, netbird
from support import Servers, give_owner, role
from support.browser import log_in, tokens_of
from support.frozen import Frozen
from support.modules import call

MARK = "netbird-jwt-groups"
PASSWORD = "password-of-a-person"
PUBLIC = "https://netbird.company"
SETUPS = ("management", "standalone")
GROUPS = ["nb-developers", "nb-operators"]
ENTITLEMENTS = [{"name": "nb-developers", "groups": ["developers"]}, {"name": "nb-operators", "users": ["bob"]}]
VARIABLES: dict[str, dict[str, Any]] = {
    "management": {"management_entitlements": ENTITLEMENTS, "management_user_approval_required": False},
    "standalone": {"standalone_entitlements": ENTITLEMENTS, "standalone_netbird_url": PUBLIC},
}


def add_people(state: authentik.State) -> None:
    state.add_user("alice", PASSWORD, name="Alice", email="alice@example.com", groups=["developers"])
    state.add_user("bob", PASSWORD, name="Bob", email="bob@example.com")


def behind(servers: Servers, identifier: str = "netbird-app-password") -> netbird.NetBird:
    """A NetBird behind authentik, whose set-up is there; it has an owner, a token, and waits for nobody's approval."""
    password = servers.authentik.state.find("tokens", identifier=identifier)
    (provider,) = servers.authentik.state.providers.values()
    assert password is not None
    client_id = provider["client_id"]
    discovery = f"{servers.issuer}.well-known/openid-configuration"
    server = netbird.serve(embedded=False, oidc=netbird.Oidc(discovery, client_id, client_id, "NetBird", password["key"]))
    give_owner(server, claim="")
    return server


@contextmanager
def started(setup: str, folder: Path, version: str = "2026.8", **variables: Any) -> Iterator[Servers]:
    """A set-up that works, made by its role."""
    with authentik.serve(version=version) as one, netbird.serve() as beside:
        add_people(one.state)
        servers = Servers(one, beside, folder)
        values = {**VARIABLES[setup], **variables}
        played = servers.play(role(setup), {**values, **({"netbird_token": ""} if setup == "standalone" else {})})
        assert played.code == 0, played.output
        if setup == "management":
            yield servers
            return
        with behind(servers) as other:
            other.state.settings.update(jwt_groups_enabled=True, jwt_groups_claim_name="entitlements")
            yield Servers(one, other, folder)


def frozen(servers: Servers) -> list[Frozen]:
    return [Frozen(server.state) for server in servers.both]


def seed(servers: Servers, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    """The module's result, called as the action plugin does it."""
    return call("netbird_jwt_groups", {**servers.connection, "groups": GROUPS, **options}, check_mode=check_mode)


def groups_of(servers: Servers, username: str) -> set[str]:
    """The names of the groups that NetBird has a person in, who logs in for it."""
    state = servers.netbird.state
    if state.connectors:
        login = log_in(servers.netbird.url, servers.authentik.url, next(iter(state.connectors)), username, PASSWORD)
        ids = login.groups
    else:
        (provider,) = servers.authentik.state.providers.values()
        token = tokens_of(servers.authentik.url, provider["client_id"], f"{PUBLIC}/auth", username, PASSWORD)["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        # The first request makes the user, the second shows the groups.
        for _time in range(2):
            answer = requests.get(f"{servers.netbird.url}/api/users/current", headers=headers, timeout=10)
        ids = answer.json()["auto_groups"]
    return {state.groups[group]["name"] for group in ids}


def jwt_groups(servers: Servers) -> dict[str, str]:
    """The ids of the groups that came from tokens, by name."""
    return {row["name"]: row["id"] for row in servers.netbird.state.groups.values() if row["issued"] == "jwt"}


def everything_but_groups(servers: Servers) -> dict[str, Any]:
    """All that lasts in both services, without NetBird's groups."""
    snapshot = servers.snapshot()
    for account in snapshot["netbird"]["accounts"]:
        del account["objects"]["groups"]
    return snapshot


def assert_nothing_temporary(servers: Servers, before: dict[str, Any]) -> None:
    """Whatever was there is there as it was, and nothing else: no user and no binding, nor a session or a token at authentik."""
    assert everything_but_groups(servers) == before
    ak = servers.authentik.state
    tokens = [row["user"] for kind in (ak.access_tokens, ak.refresh_tokens, ak.codes) for row in kind.values()]
    sessions = [session.user for session in ak.sessions.values() if session.user is not None]
    assert {*tokens, *sessions} <= set(ak.users)
    for server in servers.both:
        assert MARK not in json.dumps(server.state.snapshot(), default=str)
