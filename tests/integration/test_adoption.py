# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set-up that somebody made by hand, step by step as authentik's guide has it, comes under the roles while people log in.

What the guide says is taken literally: no redirect at first, a regex with dots that stand for anything, the claim
``entitlements``, mappings by the names that the page shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from simulators import authentik, netbird
from support import ROOT, Servers, role
from support.counts import counted
from support.logins import Logins
from support.seeding import PASSWORD, PUBLIC, add_people, behind

pytestmark = pytest.mark.once

BY_DEFAULT = ("openid", "email", "profile")
OAUTH = "authentik default OAuth Mapping: OpenID '{}'"
API_ACCESS = "authentik default OAuth Mapping: authentik API access"
# The guide calls it OpenID 'entitlements', which no authentik does.
ENTITLEMENTS = "authentik default OAuth Mapping: Application Entitlements"
# Those that the page has chosen before anybody looks.
GRANTS = [
    "authorization_code",
    "implicit",
    "hybrid",
    "refresh_token",
    "client_credentials",
    "password",
    "urn:ietf:params:oauth:grant-type:device_code",
]


class ByHand:
    """What somebody does in the pages of both services, as the requests that these make."""

    def __init__(self, servers: Servers) -> None:
        """Keep where both are."""
        self.servers = servers

    def send(self, method: str, path: str, body: dict[str, Any] | None = None, **query: str) -> dict[str, Any]:
        server = self.servers.authentik
        return self._sent(method, f"{server.url}/api/v3/{path}", f"Bearer {server.token}", body, query)

    def send_netbird(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        server = self.servers.netbird
        return self._sent(method, f"{server.url}/api/{path}", f"Token {server.token}", body, {})

    @staticmethod
    def _sent(method: str, url: str, authorization: str, body: dict[str, Any] | None, query: dict[str, str]) -> Any:
        answer = requests.request(method, url, json=body, params=query, headers={"Authorization": authorization}, timeout=10)
        assert answer.ok, (url, answer.text)
        return answer.json() if answer.content else {}

    def pk(self, path: str, **values: str) -> Any:
        """The id of what a page shows by a name."""
        rows = self.send("GET", path, page_size="100", **values)["results"]
        (row,) = (row for row in rows if values.items() <= row.items())
        return row["pk"]

    def application(self, *scopes: str, **provider: Any) -> dict[str, Any]:
        """The wizard: it names the provider itself, and chooses flows, a key and the first scopes."""
        mappings = [self.pk("propertymappings/provider/scope/", name=OAUTH.format(scope)) for scope in BY_DEFAULT]
        values = {
            "name": "Provider for NetBird",
            "authorization_flow": self.pk("flows/instances/", slug="default-provider-authorization-implicit-consent"),
            "invalidation_flow": self.pk("flows/instances/", slug="default-provider-invalidation-flow"),
            "signing_key": self.pk("crypto/certificatekeypairs/", name="authentik Self-signed Certificate"),
            "property_mappings": [*mappings, *(self.pk("propertymappings/provider/scope/", name=name) for name in scopes)],
            "grant_types": GRANTS,
            **provider,
        }
        made = self.send("POST", "providers/oauth2/", values)
        self.app = self.send("POST", "core/applications/", {"name": "NetBird", "slug": "netbird", "provider": made["pk"]})
        return made

    def entitlement(self, name: str, group: str) -> None:
        made = self.send("POST", "core/application_entitlements/", {"name": name, "app": self.app["pk"]})
        self.send(
            "POST", "policies/bindings/", {"target": made["pbm_uuid"], "group": self.pk("core/groups/", name=group), "order": 0}
        )


def management(servers: Servers) -> None:
    hand = ByHand(servers)
    made = hand.application(ENTITLEMENTS, client_type="confidential", redirect_uris=[])
    hand.entitlement("nb-developers", "developers")
    issuer = f"{servers.authentik.url}/application/o/netbird/"
    client = {"client_id": made["client_id"], "client_secret": made["client_secret"], "issuer": issuer}
    hand.send_netbird("POST", "identity-providers", {"type": "authentik", "name": "authentik", **client})
    redirect = {"matching_mode": "strict", "url": f"{servers.netbird.url}/oauth2/callback"}
    hand.send("PATCH", f"providers/oauth2/{made['pk']}/", {"redirect_uris": [redirect]})
    hand.send("PATCH", f"providers/oauth2/{made['pk']}/", {"include_claims_in_id_token": True})
    (account,) = hand.send_netbird("GET", "accounts")
    settings = {**account["settings"], "jwt_groups_enabled": True, "jwt_groups_claim_name": "entitlements"}
    hand.send_netbird("PUT", f"accounts/{account['id']}", {"settings": settings})


def standalone(servers: Servers) -> None:
    hand = ByHand(servers)
    redirects = [("strict", "http://localhost:53000"), ("regex", f"{PUBLIC}/.*")]
    hand.application(
        OAUTH.format("offline_access"),
        ENTITLEMENTS,
        API_ACCESS,
        client_type="public",
        redirect_uris=[{"matching_mode": mode, "url": url} for mode, url in redirects],
        access_code_validity="minutes=10",
        sub_mode="user_id",
    )
    hand.entitlement("nb-developers", "developers")
    account = {"username": "NetBird", "name": "NetBird", "type": "service_account", "path": "users", "groups": []}
    made = hand.send("POST", "core/users/", account)
    token = {"identifier": "netbird-password", "user": made["pk"], "intent": "app_password", "expiring": False}
    hand.send("POST", "core/tokens/", token)
    admins = hand.pk("core/groups/", name="authentik Admins")
    hand.send("POST", f"core/groups/{admins}/add_user/", {"pk": made["pk"]})
    flow = {"name": "default-device-code-flow", "slug": "default-device-code-flow", "title": "Device code flow"}
    made = hand.send(
        "POST", "flows/instances/", {**flow, "designation": "stage_configuration", "authentication": "require_authenticated"}
    )
    (brand,) = (row for row in hand.send("GET", "core/brands/")["results"] if row["default"])
    hand.send("PATCH", f"core/brands/{brand['brand_uuid']}/", {"flow_device_code": made["pk"]})


BY_HAND = {"management": management, "standalone": standalone}
# What the person who made it knows, and authentik's export of it does not.
KNOWN: dict[str, dict[str, Any]] = {
    "management": {"management_user_approval_required": False},
    "standalone": {
        "standalone_netbird_url": PUBLIC,
        "standalone_app_password_identifier": "netbird-password",
        "netbird_token": "",
    },
}


@pytest.fixture
def made(tmp_path: Path, setup: str) -> Iterator[Servers]:
    with authentik.serve(version="2026.8") as ak, netbird.serve() as nb:
        # Nobody waits for an approval while others look.
        nb.state.account.extra["user_approval_required"] = False
        servers = Servers(ak, nb, tmp_path)
        add_people(ak.state)
        BY_HAND[setup](servers)
        yield servers


def login_options(servers: Servers, setup: str, server: netbird.NetBird) -> dict[str, Any]:
    (provider,) = servers.authentik.state.providers.values()
    person = {"username": "alice", "password": PASSWORD, "netbird_url": server.url, "netbird_token": server.token}
    if setup == "management":
        return {**person, "via": "netbird", "connector": next(iter(servers.netbird.state.connectors))}
    return {**person, "issuer": servers.issuer, "client_id": provider["client_id"], "post_logout_redirect_uri": f"{PUBLIC}/"}


@pytest.mark.parametrize("setup", BY_HAND)
def test_it_comes_under_the_role_while_people_log_in(made: Servers, setup: str) -> None:
    file = made.folder / "exported.yml"
    exported = made.play(ROOT / "playbooks/export_setup.yml", {"export_setup": setup, "export_file": str(file)})
    assert exported.code == 0, exported.output[-3000:]
    variables = {**yaml.safe_load(file.read_text()), **KNOWN[setup]}
    before = made.authentik.state.snapshot()
    with ExitStack() as stack:
        server = made.netbird if setup == "management" else stack.enter_context(behind(made, "netbird-password"))
        logins = stack.enter_context(Logins(lambda: login_options(made, setup, server)))
        adopted = made.play(role(setup), variables, "--diff")
    assert adopted.code == 0, adopted.output[-3000:]
    assert not [write for write in adopted.writes if write.startswith("DELETE")]
    counted("Adoption while people log in", setup, logins=len(logins.outcomes), failed=len(logins.failed))
    assert not logins.failed, logins.outcomes
    after = made.authentik.state.snapshot()
    for kind in ("applications", "providers", "entitlements", "bindings", "users", "tokens", "flows"):
        assert set(before[kind]) <= set(after[kind]), kind
    for kind in ("applications", "providers", "entitlements", "flows"):
        assert set(before[kind]) == set(after[kind]), f"what was there is what is used: {kind}"
    again = made.play(role(setup), variables)
    assert (again.code, again.changed) == (0, []), again.output[-3000:]
    if setup == "management":
        person = {"verify_setup": setup, "verify_user": "alice", "verify_password": PASSWORD}
        verified = made.play(ROOT / "playbooks/verify.yml", person)
        assert verified.code == 0, verified.output[-3000:]
