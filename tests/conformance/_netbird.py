# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for NetBird as its tests see it: its API, and people who log in through its dashboard."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from conformance._issuer import Issuer
from conformance._stage import Api, change_settings
from simulators import netbird
from support.browser import DASHBOARD, authorization_request, challenge_of, token_request

VERIFIER = "v" * 43
Json = Any


class Client:
    """Calls the API, as the owner unless told otherwise; a refusal is an answer like others."""

    def __init__(self, running: netbird.NetBird, authorization: str | None = None) -> None:
        self.api = Api(f"{running.url}/api/", authorization or f"Token {running.token}")

    def __call__(self, method: str, path: str, body: Json = None) -> tuple[int, Json]:
        found = self.api.send(method, path, body)
        try:
            return found.status_code, found.json()
        except ValueError:
            return found.status_code, found.text

    def settings(self, **changes: Json) -> Json:
        """Change settings and return them all."""
        assert change_settings(self.api, **changes).status_code == 200
        return self("GET", "accounts")[1][0]["settings"]


def refusal(answer: tuple[int, Json]) -> tuple[int, str]:
    status, body = answer
    assert body == {"message": body["message"], "code": status}
    return status, body["message"]


def dashboard_login(
    running: netbird.NetBird,
    connector: str,
    scope: str = "openid profile email groups offline_access",
    form: dict[str, str] | None = None,
    verify: str | bool = True,
) -> requests.Response:
    """Log in as the dashboard does; return the answer to the code's exchange, or the page that stopped the login."""
    redirect = running.url + "/nb-auth"
    query = authorization_request(DASHBOARD, redirect, scope, challenge_of(VERIFIER))
    with requests.Session() as session:
        session.trust_env = False
        session.verify = verify
        found = session.get(f"{running.url}/oauth2/auth/{connector}", params=query, allow_redirects=False, timeout=20)
        while (location := found.headers.get("location", "")) and not location.startswith(redirect):
            target = location if location.startswith("http") else running.url + location
            found = session.get(target, allow_redirects=False, timeout=20)
            if found.status_code == 200 and form:
                assert 'name="login"' in found.text
                assert 'name="password"' in found.text
                found = session.post(target, data=form, allow_redirects=False, timeout=20)
        if not location:
            return found
        assert found.status_code == 303
        answered = parse_qs(urlsplit(location).query)
        assert answered["state"] == ["s"]
        body = token_request(DASHBOARD, redirect, answered["code"][0], VERIFIER)
        return session.post(running.url + "/oauth2/token", data=body, timeout=20)


def person(running: netbird.NetBird, connector: str, **options: Any) -> Client:
    """Log somebody in and return a client with their token."""
    found = dashboard_login(running, connector, **options)
    assert found.status_code == 200, found.text
    return Client(running, f"Bearer {found.json()['access_token']}")


def connect(client: Client, issuer: Issuer, **fields: str) -> str:
    body = {
        "type": "authentik",
        "name": "authentik",
        "issuer": issuer.issuer,
        "client_id": "netbird",
        "client_secret": issuer.secret,
    }
    status, answer = client("POST", "identity-providers", body | fields)
    assert status == 200, answer
    assert "client_secret" not in answer
    connector: str = answer["id"]
    return connector
