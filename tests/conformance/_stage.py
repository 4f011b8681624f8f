# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both servers' APIs, and the set-up that the recorded logins had, made through them."""

from __future__ import annotations

from typing import Any

import requests

from simulators import authentik, netbird

Json = Any
MANAGED = "goauthentik.io/providers/oauth2/scope-"
CALLBACK = "/oauth2/callback"
REDIRECT = "https://netbird.company/cb"  # of a client that nobody answers for
PASSWORD = "a-password-of-the-person"
APP_PASSWORD = "an-app-password-of-the-service-account"
GROUPS_IN_PROFILE = """return {
    "name": request.user.name,
    "given_name": request.user.name,
    "preferred_username": request.user.username,
    "nickname": request.user.username,
    "groups": [e.name for e in request.user.app_entitlements(provider.application)],
}"""


class Api:
    """One server's API, as its administrator."""

    def __init__(self, url: str, authorization: str) -> None:
        """Open a connection."""
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = authorization

    def send(self, method: str, path: str, body: Json = None, **query: Json) -> requests.Response:
        """Send one request."""
        return self.session.request(method, self.url + path, json=body, params=query, timeout=30)

    def __call__(self, method: str, path: str, body: Json = None, **query: Json) -> Json:
        """Send one request that must succeed; return the body."""
        answer = self.send(method, path, body, **query)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def close(self) -> None:
        """Close the connection."""
        self.session.close()


class AuthentikApi(Api):
    """authentik's API, as its administrator unless told otherwise."""

    def __init__(self, server: authentik.Running, token: str = "") -> None:
        """Open a connection."""
        super().__init__(f"{server.url}/api/v3/", f"Bearer {token or server.token}")

    def mappings(self, *names: str) -> list[str]:
        """Return the keys of scope mappings that the server comes with."""
        path = "propertymappings/provider/scope/"
        return [self("GET", path, managed=MANAGED + name)["results"][0]["pk"] for name in names]

    def provider_body(self, name: str, **more: Json) -> Json:
        """Return the fields of a provider that every one needs."""
        return {
            "name": name,
            "authorization_flow": self.flow("default-provider-authorization-implicit-consent"),
            "invalidation_flow": self.flow("default-provider-invalidation-flow"),
            "signing_key": self("GET", "crypto/certificatekeypairs/", has_key="true")["results"][0]["pk"],
            **more,
        }

    def flow(self, slug: str) -> str:
        """Return a flow's key."""
        return str(self("GET", f"flows/instances/{slug}/")["pk"])

    def provider(self, name: str = "netbird", **more: Json) -> Json:
        """Make a provider with an application of the same name."""
        fields = {
            "client_id": name,
            "redirect_uris": [{"matching_mode": "strict", "url": REDIRECT}],
            "property_mappings": self.mappings("openid", "email", "profile", "entitlements"),
            **more,
        }
        row = self("POST", "providers/oauth2/", self.provider_body(name, **fields))
        self("POST", "core/applications/", {"name": name, "slug": name, "provider": row["pk"]})
        return row


class Authentik:
    """One application for one person, with one entitlement."""

    def __init__(self, server: authentik.Running, prefix: str) -> None:
        """Make what every application needs; names begin with the prefix."""
        self.server, self.prefix = server, prefix
        self.api = AuthentikApi(server)
        self.username = f"{prefix}-person"
        self.person: int = server.state.add_user(
            self.username, PASSWORD, name=f"{prefix.title()} Person", email=f"{prefix}@example.com"
        )["pk"]
        self.provider: Json = None
        self.application: Json = None
        self.binding: Json = None

    def profile_with_groups(self) -> str:
        """Make the scope mapping that puts the names of the entitlements where NetBird finds them."""
        body = {"name": f"{self.prefix} profile", "scope_name": "profile", "expression": GROUPS_IN_PROFILE}
        return str(self.api("POST", "propertymappings/provider/scope/", body)["pk"])

    def add(self, slug: str, name: str, launch_url: str, entitlement: str, **provider: Json) -> None:
        """Make a provider, its application and an entitlement that the person has."""
        self.provider = self.api("POST", "providers/oauth2/", self.api.provider_body(name, **provider))
        fields = {"name": name, "slug": slug, "provider": self.provider["pk"], "meta_launch_url": launch_url}
        self.application = self.api("POST", "core/applications/", fields)
        granted = self.api("POST", "core/application_entitlements/", {"name": entitlement, "app": self.application["pk"]})
        self.binding = self.bind(granted["pbm_uuid"], user=self.person)

    def bind(self, target: str, **who: Json) -> Json:
        """Bind a user or a group."""
        return self.api("POST", "policies/bindings/", {"target": target, "order": 0, **who})

    def patch(self, **provider: Json) -> None:
        """Change the provider."""
        self.api("PATCH", f"providers/oauth2/{self.provider['pk']}/", provider)

    def group(self, name: str, *members: int) -> str:
        """Make a group with members."""
        pk = str(self.api("POST", "core/groups/", {"name": name})["pk"])
        for member in members:
            self.api("POST", f"core/groups/{pk}/add_user/", {"pk": member})
        return pk

    def service_account(self, *, administrator: bool) -> int:
        """Make the account that NetBird's management reads the users with, and its app password."""
        body = {
            "username": f"{self.prefix}-netbird",
            "name": "NetBird",
            "type": "service_account",
            "path": "goauthentik.io/service-accounts",
        }
        pk: int = self.api("POST", "core/users/", body)["pk"]
        if administrator:
            admins = self.api("GET", "core/groups/", name="authentik Admins")["results"][0]["pk"]
            self.api("POST", f"core/groups/{admins}/add_user/", {"pk": pk})
        token = {"identifier": f"{self.prefix}-app-password", "intent": "app_password", "user": pk, "expiring": False}
        self.api("POST", "core/tokens/", token)
        self.api("POST", f"core/tokens/{token['identifier']}/set_key/", {"key": APP_PASSWORD})
        return pk

    def close(self) -> None:
        """Close the connection."""
        self.api.close()


def change_settings(api: Api, *, user_approval_required: bool = False, **changes: Json) -> requests.Response:
    """Change settings of NetBird as its API wants it: all the others are sent back."""
    account = api("GET", "accounts")[0]
    body = {key: value for key, value in account["settings"].items() if not key.startswith("network_range")}
    body["extra"]["user_approval_required"] = user_approval_required
    return api.send("PUT", f"accounts/{account['id']}", {"settings": body | changes})


class NetBird:
    """NetBird with the embedded provider, its groups from the claim `groups`, nobody waiting for approval."""

    def __init__(self, server: netbird.NetBird) -> None:
        """Change the settings as the recorded set-up had them."""
        self.server = server
        self.api = Api(server.url + "/api/", f"Token {server.token}")
        self.connector: str = ""
        self.settings(jwt_groups_enabled=True, jwt_groups_claim_name="groups")

    def settings(self, *, approval: bool = False, **changes: Json) -> requests.Response:
        """Change settings."""
        return change_settings(self.api, user_approval_required=approval, **changes)

    def connect(self, issuer: str, client_id: str, client_secret: str) -> requests.Response:
        """Make a connector."""
        body = {
            "type": "authentik",
            "name": "authentik",
            "issuer": issuer,
            "client_id": client_id,
            "client_secret": client_secret,
        }
        answer = self.api.send("POST", "identity-providers", body)
        if answer.ok:
            self.connector = answer.json()["id"]
        return answer

    def close(self) -> None:
        """Close the connection."""
        self.api.close()
