# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest OpenID provider that NetBird's embedded one can log in at: it lets one person in, without asking."""

from __future__ import annotations

import secrets
import time
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from simulators import _server


@cache
def key() -> RSAKey:
    """Return the signing key, made once."""
    return RSAKey.generate_key(2048, {"kid": "issuer"}, private=True)


class Issuer:
    """The provider: `claims` are what the next id_token says beside the usual, `secret` is the client's."""

    def __init__(self, slug: str = "logintest", tls: tuple[str, str] | None = None) -> None:
        """Start it."""
        self.secret = "issuer-secret"
        self.claims: dict[str, Any] = {
            "sub": "1001",
            "email": "person@example.com",
            "email_verified": False,
            "name": "A Person",
            "preferred_username": "person",
        }
        self.codes: dict[str, str] = {}
        base = f"/application/o/{slug}"
        routes = [
            Route(base + "/.well-known/openid-configuration", self.discovery),
            Route(base + "/jwks/", lambda request: JSONResponse({"keys": [key().as_dict(private=False)]})),
            Route("/authorize", self.authorize),
            Route("/token", self.token, methods=["POST"]),
        ]
        self.server = _server.serve(Starlette(routes=routes), tls=tls)
        self.url = self.server.url
        self.issuer = f"{self.url}{base}/"

    def discovery(self, request: Request) -> Response:
        """Answer with the discovery document."""
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": self.url + "/authorize",
                "token_endpoint": self.url + "/token",
                "jwks_uri": self.issuer + "jwks/",
            }
        )

    def authorize(self, request: Request) -> Response:
        """Let the person in at once."""
        code = secrets.token_hex(16)
        self.codes[code] = request.query_params["client_id"]
        query = urlencode({"code": code, "state": request.query_params["state"]})
        return RedirectResponse(f"{request.query_params['redirect_uri']}?{query}", 302)

    async def token(self, request: Request) -> Response:
        """Give an id_token for a code and the secret."""
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        client = self.codes.pop(form["code"], None)
        if client is None or form["client_secret"] != self.secret:
            return JSONResponse({"error": "invalid_client"}, 400)
        moment = int(time.time())
        claims = {"iss": self.issuer, "aud": client, "iat": moment, "exp": moment + 300, **self.claims}
        return JSONResponse({"id_token": jwt.encode({"alg": "RS256", "kid": "issuer"}, claims, key())})
