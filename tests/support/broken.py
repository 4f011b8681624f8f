# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set-up that works, and what a test may break in it before a person logs in and everything is looked at."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.login import STANDALONE_SCOPES
from simulators import authentik, netbird
from support import Servers, give_owner, role
from support.modules import call

PASSWORD = "password-of-a-person"
PUBLIC = "https://netbird.company"
ENTITLEMENTS = [{"name": "nb-developers", "groups": ["developers"]}, {"name": "nb-operators", "groups": ["operators"]}]


@dataclasses.dataclass
class Broken:
    """A set-up, and what a test may do to it."""

    servers: Servers
    setup: str
    environment: dict[str, str] | None = None
    discoveries: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    person: str = "alice"
    password: str = PASSWORD
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    oidc: dict[str, str] = dataclasses.field(default_factory=dict)
    app_password: str = ""
    claim: str = "entitlements"
    key_lost: bool = False
    # Standalone: whether new people wait for approval in NetBird, and whether a device logs in as well.
    approval: bool = False
    device: bool = False

    @property
    def ak(self) -> authentik.State:
        return self.servers.authentik.state

    @property
    def nb(self) -> netbird.State:
        return self.servers.netbird.state

    @property
    def provider(self) -> dict[str, Any]:
        (row,) = (row for row in self.ak.providers.values() if row["name"] == "NetBird")
        return row

    @property
    def application(self) -> dict[str, Any]:
        return self.row("applications", slug="netbird")

    @property
    def connector(self) -> dict[str, Any]:
        return next(iter(self.nb.connectors.values()))

    def row(self, table: str, **values: Any) -> dict[str, Any]:
        found = self.ak.find(table, **values)
        assert found is not None
        return found

    def without_scope(self, scope: str) -> None:
        kept = [pk for pk in self.provider["property_mappings"] if self.ak.mappings[pk]["scope_name"] != scope]
        self.provider["property_mappings"] = kept

    def unbind(self, **of: Any) -> None:
        """Remove the application's bindings of a group or a user."""
        target = self.application["pk"]
        gone = [pk for pk, row in self.ak.bindings.items() if row["target"] == target and of.items() <= row.items()]
        assert gone
        for pk in gone:
            del self.ak.bindings[pk]

    # What the role does

    def verify(self) -> list[dict[str, Any]]:
        """The checks, as rows."""
        rows: list[dict[str, Any]] = self.look()["checks"]
        return rows

    def look(self) -> dict[str, Any]:
        """Everything that is found, after a login."""
        issuer = self.connector["issuer"] if self.setup == "management" and self.nb.connectors else self.servers.issuer
        discoveries = self.discoveries or [call("oidc_discovery", {"issuer": issuer})["discovery"]]
        options: dict[str, Any] = {**self.servers.connection, "setup": self.setup, "username": self.person}
        options |= {"discoveries": discoveries, "issuer": issuer}
        if self.environment is not None:
            options["environment"] = self.environment
        login = self.log_in()
        if login:
            options["login"] = login
        if login and login["outcome"] == "callback_failed" and self.ak.find("applications", slug="netbird"):
            options["login_at_authentik"] = self.log_in_at_authentik(login["request"])
        given = {name: value for name, value in {**options, **self.options}.items() if value is not None}
        result = call("netbird_login_check", given)
        assert bool(result.get("failed")) is any(row["result"] == "failed" for row in result["checks"])
        return result

    def log_in(self) -> dict[str, Any]:
        raise NotImplementedError

    def log_in_at_authentik(self, request: dict[str, str]) -> dict[str, Any]:
        """The same login at authentik itself, with the secret that authentik holds."""
        options = {
            "issuer": self.servers.issuer,
            "client_id": self.provider["client_id"],
            "client_secret": self.provider["client_secret"],
            "redirect_uri": request["redirect_uri"],
            "scopes": request["scope"].split(),
            "username": self.person,
            "password": self.password,
        }
        return dict(call("oidc_login", options)["login"])


class Management(Broken):
    def log_in(self) -> dict[str, Any]:
        if not self.nb.connectors or not self.provider["redirect_uris"]:
            return {}
        options = {
            "via": "netbird",
            "netbird_url": self.servers.netbird.url,
            "netbird_token": self.servers.netbird.token,
            "connector": next(iter(self.nb.connectors)),
            "username": self.person,
            "password": self.password,
        }
        return dict(call("oidc_login", options)["login"])


class Standalone(Broken):
    """NetBird's management server is started for the login, as its environment says."""

    def look(self) -> dict[str, Any]:
        client_id = self.provider["client_id"]
        configured = {
            "discovery": f"{self.servers.issuer}.well-known/openid-configuration",
            "audience": client_id,
            "client_id": client_id,
            "username": "NetBird",
            "password": self.app_password,
            **self.oidc,
        }
        self.options |= {
            "netbird_public_url": PUBLIC,
            "app_password": configured["password"],
            "audience": configured["audience"],
        }
        with netbird.serve(embedded=False, oidc=netbird.Oidc(**configured)) as server:
            give_owner(server, self.claim)
            server.state.key_lost = self.key_lost
            server.state.account.extra["user_approval_required"] = self.approval
            self.servers = Servers(self.servers.authentik, server, self.servers.folder)
            if self.device:
                self.options["device_login"] = self.log_in(grant="device_code")
            return super().look()

    def log_in(self, **more: Any) -> dict[str, Any]:
        if not self.provider["redirect_uris"]:
            return {}
        environment = self.environment or {}
        scopes = environment.get("NETBIRD_AUTH_SUPPORTED_SCOPES", STANDALONE_SCOPES).split()
        options = {
            "issuer": self.servers.issuer,
            "client_id": environment.get("NETBIRD_AUTH_CLIENT_ID", self.provider["client_id"]),
            "post_logout_redirect_uri": f"{PUBLIC}/",
            "scopes": scopes,
            "username": self.person,
            "password": self.password,
            "netbird_url": self.servers.netbird.url,
            "netbird_token": self.servers.netbird.token,
            **more,
        }
        return dict(call("oidc_login", options)["login"])


def people(state: authentik.State) -> None:
    state.add_user("alice", PASSWORD, name="Alice", email="alice@example.com", groups=["developers"])
    state.add_user("bob", PASSWORD, name="Bob", email="bob@example.com", groups=["guests"])
    state.add_user("eve", PASSWORD, name="Eve", email="eve@example.com")
    state.add_group("operators")


def set_up(folder: Path, setup: str, variables: dict[str, Any]) -> Iterator[Servers]:
    bindings = [{"group": "developers"}, {"group": "guests"}]
    with authentik.serve(version="2026.8") as ak, netbird.serve() as nb:
        people(ak.state)
        servers = Servers(ak, nb, folder)
        # With the default a log-out leaves authentik's session, which is said each time.
        flow = {f"{setup}_invalidation_flow": "default-invalidation-flow"}
        values = {f"{setup}_bindings": bindings, f"{setup}_entitlements": ENTITLEMENTS, **flow, **variables}
        played = servers.play(role(setup), values)
        assert played.code == 0, played.output
        yield servers
