# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens of NetBird's embedded identity provider: given for a code or a refresh token, and read again."""

from __future__ import annotations

import string
import time
import uuid
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import tokens
from .people import Identity, connector_of, invalid
from .state import Row, State, letters, passed, subject

DAY = 86400
DASHBOARD = "netbird-dashboard"
CLIENTS = (DASHBOARD, "netbird-cli")
BASE32 = string.ascii_lowercase + "234567"


def refused(status: int, error: str, description: str) -> Response:
    """Answer with an OAuth error."""
    return JSONResponse({"error": error, "error_description": description}, status)


async def never(request: Request) -> Response:
    """Answer nothing for as long as the client waits."""
    await request.body()
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response()


class Grants:
    """The provider's endpoints that take and give tokens."""

    def __init__(self, state: State) -> None:
        """Keep the state, where sessions live too."""
        self.state = state

    @property
    def issuer(self) -> str:
        """Return the provider's issuer."""
        return self.state.url + "/oauth2"

    async def token(self, request: Request) -> Response:
        """Give tokens for a code or a refresh token."""
        form = {key: values[0] for key, values in parse_qs((await request.body()).decode()).items()}
        client = form.get("client_id", "")
        if client not in CLIENTS:
            return refused(401, "invalid_client", "Invalid client credentials.")
        grant = form.get("grant_type")
        if grant == "authorization_code":
            return self.for_code(form, client)
        if grant == "refresh_token":
            return await self.for_refresh(request, form, client)
        return refused(400, "unsupported_grant_type", "")

    async def for_refresh(self, request: Request, form: dict[str, str], client: str) -> Response:
        """Fail to refresh, as every refresh does (measured: facts).

        Of a person from outside the connector has no refresh token of its own. For a local person the provider waits
        for a store to which it holds the only connection.
        """
        login = self.state.sessions["refresh"].get(form.get("refresh_token", ""))
        if login is None or login["client"] != client:
            text = "Refresh token is invalid or has already been claimed by another client."
            return refused(400, "invalid_request", text)
        if login["connector"] != "local":
            return JSONResponse({"error": "invalid_request"}, 500)
        self.state.stuck = True
        return await never(request)

    def for_code(self, form: dict[str, str], client: str) -> Response:
        """Give tokens for a code, once, to the client and with the verifier that it was asked for with."""
        code = form.get("code", "")
        login = self.state.sessions["codes"].get(code)
        if login is None or login["client"] != client or passed(login["until"]):
            return refused(400, "invalid_request", "Invalid or expired code parameter.")
        if login["challenge"]:
            verifier = form.get("code_verifier", "")
            proof = tokens.challenge(verifier) if login["method"] == "S256" else verifier
            if proof != login["challenge"]:
                return refused(400, "invalid_grant", "Invalid code_verifier.")
        if login["redirect"] != form.get("redirect_uri"):
            return refused(400, "invalid_request", "redirect_uri did not match URI from initial request.")
        del self.state.sessions["codes"][code]
        return self.given(login, code)

    def given(self, login: Row, code: str) -> Response:
        """Return the token answer of a login."""
        access = tokens.signed(self.claims_of(login, letters(25, BASE32)))
        identity = self.claims_of(login, access) | {"c_hash": tokens.half_hash(code)}
        body: Row = {
            "access_token": access,
            "token_type": "bearer",
            "expires_in": DAY - 1,
            "id_token": tokens.signed(identity),
        }
        if "offline_access" in login["scopes"]:
            refresh = body["refresh_token"] = subject(letters(25, BASE32), letters(25, BASE32))
            self.state.sessions["refresh"][refresh] = login
        return JSONResponse(body, headers={"cache-control": "no-store"})

    def claims_of(self, login: Row, hashed: str) -> dict[str, Any]:
        """Return a token's claims: what the scopes ask for, and no groups where there are none."""
        moment, person, scopes = int(time.time()), login["person"], login["scopes"]
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": login["user"],
            "aud": login["client"],
            "exp": moment + DAY,
            "iat": moment,
            "jti": str(uuid.uuid4()),
            "auth_time": login["auth_time"],
            "at_hash": tokens.half_hash(hashed),
        }
        if login["nonce"]:
            claims["nonce"] = login["nonce"]
        if "email" in scopes:
            claims |= {"email": person["email"], "email_verified": person["email_verified"]}
        if "groups" in scopes and person["groups"]:
            claims["groups"] = person["groups"]
        if "profile" in scopes:
            claims["name"] = person["name"]
            if person.get("preferred_username"):
                claims["preferred_username"] = person["preferred_username"]
        return claims

    def claims(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a token of this provider's that is in time."""
        claims = tokens.claims(token, tokens.signing_key().as_dict(private=False))
        if claims is None or claims["iss"] != self.issuer or claims["exp"] < time.time():
            return None
        return claims

    def __call__(self, token: str) -> Identity:
        """Return whom a token names, as the API asks for it."""
        claims = self.claims(token)
        if claims is None or claims["aud"] not in CLIENTS:
            self.state.log.append("Error when validating JWT: token could not be parsed")
            raise invalid()
        user_id = claims["sub"]
        return Identity(user_id, claims.get("email", ""), claims.get("name", ""), connector_of(user_id), claims)

    async def userinfo(self, request: Request) -> Response:
        """Answer with the claims of an access token."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        claims = self.claims(token)
        if claims is None:
            return refused(403, "access_denied", "Invalid bearer token.")
        return JSONResponse({key: value for key, value in claims.items() if key != "at_hash"})
