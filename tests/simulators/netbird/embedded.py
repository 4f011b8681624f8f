# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetBird's embedded identity provider below /oauth2: logins through a connector or a local form, codes and tokens.

It asks the connector's issuer for `openid profile email` and passes on one list claim, `groups`, and that only to a
client that asks for the scope of that name (measured end to end).
"""

from __future__ import annotations

import html
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from . import connectors, tokens
from .grants import BASE32, CLIENTS, DASHBOARD
from .sessions import Sessions, document, page, sent_on
from .state import Row, letters, now, subject

AGAIN = "Authentication failed. Please contact your administrator or try again later."


class Broken(Exception):
    """Why a login at the connector's issuer did not succeed; the person is not told."""


class Embedded(Sessions):
    """The embedded provider of one server."""

    @property
    def callback_url(self) -> str:
        """Return the one redirect that is ever sent to an issuer."""
        return self.issuer + "/callback"

    # documents

    async def discovery(self, request: Request) -> Response:
        """Answer with the discovery document."""
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": self.issuer + "/auth",
                "token_endpoint": self.issuer + "/token",
                "jwks_uri": self.issuer + "/keys",
                "userinfo_endpoint": self.issuer + "/userinfo",
                "device_authorization_endpoint": self.issuer + "/device/code",
                "introspection_endpoint": self.issuer + "/token/introspect",
                "end_session_endpoint": self.issuer + "/logout",
                "grant_types_supported": [
                    "authorization_code",
                    "client_credentials",
                    "refresh_token",
                    "urn:ietf:params:oauth:grant-type:device_code",
                    "urn:ietf:params:oauth:grant-type:token-exchange",
                ],
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256", "plain"],
                "scopes_supported": ["openid", "email", "groups", "profile", "offline_access"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "claims_supported": [
                    "iss",
                    "sub",
                    "aud",
                    "iat",
                    "exp",
                    "email",
                    "email_verified",
                    "locale",
                    "name",
                    "preferred_username",
                    "at_hash",
                ],
            }
        )

    async def keys(self, request: Request) -> Response:
        """Answer with the public key."""
        return JSONResponse({"keys": [tokens.signing_key().as_dict(private=False)]})

    # logins

    def redirects(self, client: str) -> tuple[str, ...]:
        """Return a client's redirects."""
        dashboard = (self.state.url + "/nb-auth", self.state.url + "/nb-silent-auth")
        return dashboard if client == DASHBOARD else ("http://localhost:53000/", "http://localhost:54000/")

    def begin(self, request: Request) -> Row | Response:
        """Check a client's request for a login."""
        query = request.query_params
        client, redirect = query.get("client_id", ""), query.get("redirect_uri", "")
        if client not in CLIENTS:
            return page(404, f'Invalid client_id ("{client}").')
        if redirect not in self.redirects(client):
            return page(400, f'Unregistered redirect_uri ("{redirect}").')
        scopes = query.get("scope", "").split()
        wrong = "response_type" if query.get("response_type") != "code" else ""
        if "openid" not in scopes or wrong:
            error = "unsupported_response_type" if wrong else "invalid_scope"
            return self.back(redirect, {"error": error, "state": query.get("state", "")})
        return {
            "client": client,
            "redirect": redirect,
            "scopes": scopes,
            "state": query.get("state", ""),
            "nonce": query.get("nonce", ""),
            "challenge": query.get("code_challenge", ""),
            "method": query.get("code_challenge_method", "plain"),
        }

    @staticmethod
    def back(redirect: str, query: dict[str, str], status: int = 303) -> Response:
        """Send a person back to the client."""
        return RedirectResponse(f"{redirect}{'&' if urlsplit(redirect).query else '?'}{urlencode(query)}", status)

    async def choose(self, request: Request) -> Response:
        """Let a person choose how to log in; straight on where there is one way only."""
        asked = self.begin(request)
        if isinstance(asked, Response):
            return asked
        query = request.url.query
        names = {"local": "Email"} | {row["id"]: row["name"] for row in self.state.connectors.values()}
        if len(names) == 1:
            return RedirectResponse(f"{self.issuer}/auth/local?{query}", 302)
        links = "".join(
            f'<a href="/oauth2/auth/{each}?{html.escape(query)}">Continue with {html.escape(name)}</a>'
            for each, name in names.items()
        )
        return document(links)

    async def login(self, request: Request) -> Response:
        """Start a login at one connector: on to its issuer, or to the form."""
        asked = self.begin(request)
        if isinstance(asked, Response):
            return asked
        connector = request.path_params["connector"]
        state = letters(25, BASE32)
        asked["connector"] = connector
        known = self.session(request)
        # UNRECORDED: whoever is known is let in to every client, and with every scope (a guess)
        if known and known["connector"] == connector:
            return self.answered(asked, known["user"], known["person"], known["auth_time"])
        if connector == "local":
            self.state.sessions["requests"][state] = asked
            return self.found(f"/oauth2/auth/local/login?{urlencode({'back': self.choice(request), 'state': state})}")
        row = await run_in_threadpool(connectors.open_connector, self.state, connector)
        if row is None:
            return page(400, "Connector failed to initialize")
        asked["verifier"] = letters(43)
        query = {
            "client_id": row["client_id"],
            "code_challenge": tokens.challenge(asked["verifier"]),
            "code_challenge_method": "S256",
            "redirect_uri": self.callback_url,
            "response_type": "code",
            "scope": "openid openid profile email",
            "state": state,
        }
        if "offline_access" in asked["scopes"]:
            query |= {"access_type": "offline", "prompt": "consent"}
        self.state.sessions["requests"][state] = asked
        return self.found(f"{row['discovery']['authorization_endpoint']}?{urlencode(sorted(query.items()))}")

    def choice(self, request: Request) -> str:
        """Return the way back from the form to the choice of how to log in, where there is one."""
        if not self.state.connectors:
            return ""
        query = {**request.query_params, "prompt": "select_account"}
        return f"/oauth2/auth?{urlencode(sorted(query.items()))}"

    @staticmethod
    def found(location: str) -> Response:
        """Send a browser on for a step of the login."""
        answer = HTMLResponse(status_code=302)
        answer.headers["location"] = location
        return answer

    async def form(self, request: Request) -> Response:
        """Show the form for local people, or take it."""
        state = request.query_params.get("state", "")
        asked = self.state.sessions["requests"].get(state)
        if asked is None or asked["connector"] != "local":
            return page(400, "User session error.")
        back = request.query_params.get("back", "")
        if request.method == "GET":
            return self.password_page(state, back, wrong=False)
        sent = parse_qs((await request.body()).decode())
        email, password = sent.get("login", [""])[0], sent.get("password", [""])[0]
        for row in self.state.local_users.values():
            if row["email"].lower() == email.lower() and row["password"] == password:
                person = {"email": row["email"], "email_verified": True, "name": row["name"], "groups": []}
                return self.finish(state, asked, row["id"], person, method="POST")
        return self.password_page(state, back, wrong=True)

    @staticmethod
    def password_page(state: str, back: str, *, wrong: bool) -> Response:
        """Return the form."""
        note = "<p>Invalid Email Address or password.</p>" if wrong else ""
        other = f'<a href="{html.escape(back)}">Choose another login method</a>' if back else ""
        action = html.escape(f"/oauth2/auth/local/login?{urlencode({'back': back, 'state': state})}")
        return document(
            f'<h2>Sign in</h2><p>Enter your credentials</p><form method="post" action="{action}">{note}'
            '<label>Email Address <input name="login" type="text"></label>'
            '<label>Password <input name="password" type="password"></label>'
            f'<button type="submit">Sign in</button></form>{other}',
            401 if wrong else 200,
        )

    async def callback(self, request: Request) -> Response:
        """Take a person back from a connector's issuer: exchange the code, check the token."""
        query = request.query_params
        state = query.get("state", "")
        asked = self.state.sessions["requests"].get(state)
        if asked is None:
            return page(400, "Requested resource does not exist.")
        try:
            if "error" in query:
                raise Broken(f"{query['error']}: {query.get('error_description', '')}")
            claims = await run_in_threadpool(self.exchange, asked, query.get("code", ""))
            person = self.person(claims)
        except Broken as error:
            self.state.log.append(f"Failed to authenticate: {error}")
            return page(500, AGAIN)
        return self.finish(state, asked, subject(person.pop("sub"), asked["connector"]), person)

    def exchange(self, asked: Row, code: str) -> dict[str, Any]:
        """Return the claims of the id_token that the issuer gives for a code."""
        row = connectors.open_connector(self.state, asked["connector"])
        if row is None:
            raise Broken("connector is gone")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback_url,
            "client_id": row["client_id"],
            "client_secret": row["client_secret"],
            "code_verifier": asked["verifier"],
        }
        document = row["discovery"]
        with requests.Session() as session:
            session.trust_env = False
            session.verify = self.state.verify
            try:
                found = session.post(document["token_endpoint"], data=form, timeout=connectors.TIMEOUT)
                if found.status_code != 200:
                    raise Broken(f"oidc: failed to get token: oauth2: {found.status_code} {found.text}")
                token = asked["upstream"] = found.json().get("id_token")
                keys = session.get(document["jwks_uri"], timeout=connectors.TIMEOUT).json().get("keys", [])
            except (requests.RequestException, ValueError) as error:
                raise Broken(f"oidc: failed to get token: {error}") from None
        if not token:
            raise Broken("oidc: no id_token in token response")
        return self.verified(row, token, keys)

    @staticmethod
    def verified(row: Row, token: str, keys: list[Row]) -> dict[str, Any]:
        """Return the claims of an id_token that is the issuer's, for this client, in time and signed with RS256."""
        failed = "oidc: failed to verify ID Token: "
        if token.count(".") != 2:
            # UNRECORDED: what it says of a token that is encrypted (seen once on a 0.77.1; go-oidc's source)
            raise Broken(f"{failed}oidc: malformed jwt: go-jose/go-jose: compact JWS format must have three parts")
        header = tokens.header(token)
        if header.get("alg") != "RS256":
            raise Broken(f'{failed}unexpected signature algorithm "{header.get("alg")}"; expected ["RS256"]')
        key = next((each for each in keys if each.get("kid") == header.get("kid")), None)
        claims = tokens.claims(token, key) if key else None
        if claims is None:
            raise Broken(f"{failed}failed to verify signature")
        if claims.get("iss") != row["issuer"]:
            raise Broken(f"{failed}id token issued by a different provider")
        audience = claims.get("aud")
        if row["client_id"] not in (audience if isinstance(audience, list) else [audience]):
            raise Broken(f'{failed}expected audience "{row["client_id"]}" got {audience!r}')
        if claims.get("exp", 0) < time.time():
            raise Broken(f"{failed}token is expired")
        return claims

    @staticmethod
    def person(claims: dict[str, Any]) -> Row:
        """Return what the provider keeps of a person: it wants a name and an address, and takes one list."""
        for name, kind in (("name", "name"), ("email", "email")):
            if not isinstance(claims.get(name), str):
                raise Broken(f'missing "{kind}" claim')
        held = claims.get("groups", [])
        held = [held] if isinstance(held, str) else held if isinstance(held, list) else []
        if not all(isinstance(each, str | dict) for each in held):
            raise Broken('malformed "groups" claim')
        # UNRECORDED: what is an object counts by its name (dex's source)
        names = [each["name"] if isinstance(each, dict) else each for each in held if isinstance(each, str) or "name" in each]
        groups = [name for name in names if isinstance(name, str)]
        return {
            "sub": str(claims["sub"]),
            "email": claims["email"],
            "email_verified": claims.get("email_verified", True),
            "name": claims["name"],
            "preferred_username": claims.get("preferred_username", ""),
            "groups": groups,
        }

    def finish(self, state: str, asked: Row, user_id: str, person: Row, *, method: str = "GET") -> Response:
        """Send a person who has just logged in back to the client, with the session's cookie."""
        del self.state.sessions["requests"][state]
        auth_time = int(time.time())
        answer = self.answered(asked, user_id, person, auth_time, method=method)
        self.remember(answer, asked, user_id, person, auth_time)
        return answer

    def answered(self, asked: Row, user_id: str, person: Row, auth_time: int, *, method: str = "GET") -> Response:
        """Send a person who is logged in back to the client with a code."""
        code = letters(25, BASE32)
        login = {"user": user_id, "person": person, "auth_time": auth_time, "until": now(minutes=30)}
        self.state.sessions["codes"][code] = asked | login
        return sent_on(f"{asked['redirect']}?{urlencode({'code': code, 'state': asked['state']})}", method=method)
