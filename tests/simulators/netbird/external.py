# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A management server without an embedded provider: tokens of an outside issuer, people read from authentik.

For each person's request it does what the recorded server did: the token is checked against the keys that the
discovery document names, then a client-credentials token is asked for and authentik's users are read with it. Where
that fails, everybody's token is invalid.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests

from . import tokens
from .connectors import TIMEOUT, Unreachable, get
from .people import Identity, invalid
from .state import Refused, Row, State


class ServerExit(RuntimeError):
    """The server would not start: it exits with 1 and this in its log."""


@dataclass(frozen=True)
class Oidc:
    """The outside configuration: the discovery endpoint, the audience, and how authentik's users are read."""

    discovery: str
    audience: str
    client_id: str
    username: str
    password: str
    token_endpoint: str = ""
    # IdpSignKeyRefreshEnabled
    refreshes_keys: bool = False


class Failed(Exception):
    """Why a token was not accepted, in the words of the server's log."""


@dataclass
class External:
    """Checks tokens of the outside issuer."""

    state: State
    oidc: Oidc | None
    document: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)

    def start(self) -> None:
        """Read the discovery document and the keys, then the users; only the first is needed to start."""
        if self.oidc is None:
            return
        try:
            found = get(self.oidc.discovery, self.state.verify)
            if found.status_code != 200:
                raise Unreachable(f"status code {found.status_code}")
            self.document = found.json()
        except (Unreachable, ValueError) as error:
            raise ServerExit(f"failed fetching OIDC configuration from endpoint {self.oidc.discovery} {error}") from None
        self.keys = self._keys()
        try:
            self.people()
            self.state.log.append("warmed up IDP cache with 0 entries for 0 accounts")
        except Failed as error:
            self.state.log.append(f"failed warming up cache due to error: {error}")

    def _keys(self) -> dict[str, Any]:
        try:
            found = get(self.document["jwks_uri"], self.state.verify).json()
        except (Unreachable, ValueError):
            return {}
        return {key["kid"]: key for key in found.get("keys", [])}

    def __call__(self, token: str) -> Identity:
        """Return whom a token names, or refuse it like every other, the reason in the log alone."""
        try:
            claims = self.claims(token)
            people = self.people()
        except Failed as error:
            self.state.log.append(f"Error when validating JWT: {error}")
            raise invalid() from None
        known = people.get(str(claims["sub"]), claims)
        return Identity(str(claims["sub"]), known.get("email", ""), known.get("name", ""), None, claims)

    def claims(self, token: str) -> dict[str, Any]:
        """Return a token's claims if its key, issuer, audience and times are right."""
        if self.oidc is None:
            raise Failed("no issuer is configured")
        if self.oidc.refreshes_keys:
            # UNRECORDED: at each token, as authentik does not say for how long its keys are valid (measured on a 0.77.1)
            self.keys = self._keys() or self.keys
        key = self.keys.get(tokens.header(token).get("kid", ""))
        if key is None:
            raise Failed(
                "token could not be parsed: token is unverifiable: error while executing keyfunc: unable to find appropriate key"
            )
        claims = tokens.claims(token, key)
        if claims is None:
            raise Failed("token could not be parsed: token signature is invalid")
        audience = claims.get("aud")
        if self.oidc.audience not in (audience if isinstance(audience, list) else [audience]):
            raise Failed("token could not be parsed: token has invalid claims: token has invalid audience")
        if claims.get("iss") != self.document.get("issuer"):
            raise Failed("token could not be parsed: token has invalid claims: token has invalid issuer")
        if claims.get("exp", 0) < time.time():
            raise Failed("token could not be parsed: token has invalid claims: token is expired")
        return claims

    def people(self) -> dict[str, Row]:
        """Return authentik's users by their number, read with a client-credentials token."""
        people: dict[str, Row] = {}
        with self._session() as session:
            page = 1
            while page:
                body = self._send(session, "GET", "core/users/", page=page, page_size=100).json()
                people |= {str(row["pk"]): row for row in body["results"]}
                page = body["pagination"]["next"]
        return people

    def delete(self, user_id: str) -> None:
        """Delete a person at authentik, as NetBird does when one is deleted there; one it does not know is left."""
        try:
            if user_id in self.people():
                with self._session() as session:
                    self._send(session, "DELETE", f"core/users/{user_id}/")
        except Failed as error:
            self.state.log.append(f"failed to delete user {user_id} from IDP: {error}")
            raise Refused(500, "internal server error") from None

    def _session(self) -> requests.Session:
        """Return a connection that has a token."""
        if self.oidc is None:
            raise Failed("no issuer is configured")
        form = {
            "grant_type": "client_credentials",
            "client_id": self.oidc.client_id,
            "username": self.oidc.username,
            "password": self.oidc.password,
            "scope": "goauthentik.io/api",
        }
        session = requests.Session()
        session.trust_env = False
        session.verify = self.state.verify
        try:
            granted = session.post(self._token_endpoint, data=form, timeout=TIMEOUT)
        except requests.RequestException as error:
            raise Failed(str(error)) from None
        if granted.status_code != 200:
            raise Failed(f"unable to get authentik token, statusCode {granted.status_code}")
        session.headers["Authorization"] = f"Bearer {granted.json()['access_token']}"
        return session

    @property
    def _token_endpoint(self) -> str:
        return (self.oidc.token_endpoint if self.oidc else "") or str(self.document["token_endpoint"])

    def _send(self, session: requests.Session, method: str, path: str, **query: int) -> requests.Response:
        """Send a request to the API, which is at the host of the token endpoint."""
        parts = urlsplit(self._token_endpoint)
        url = f"{parts.scheme}://{parts.netloc}/api/v3/{path}"
        try:
            found = session.request(method, url, params=query, timeout=TIMEOUT)
        except requests.RequestException as error:
            raise Failed(str(error)) from None
        if not found.ok:
            raise Failed(f"{found.status_code} {found.reason}")
        return found
