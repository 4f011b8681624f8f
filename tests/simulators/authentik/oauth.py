# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints under ``/application/o/`` for clients that hold a token, and what all of them have in common."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, Response

from . import claims
from .state import Row, State, now

DESCRIPTIONS = {
    "invalid_client": (
        "Client authentication failed (e.g., unknown client, no client authentication included, or unsupported "
        "authentication method)"
    ),
    "invalid_grant": (
        "The provided authorization grant or refresh token is invalid, expired, revoked, does not match the redirection "
        "URI used in the authorization request, or was issued to another client"
    ),
    "invalid_scope": ("The requested scope is invalid, unknown, malformed, or exceeds the scope granted by the resource owner"),
    "unsupported_grant_type": "The authorization grant type is not supported by the authorization server",
    "authorization_pending": (
        "The authorization request is still pending as the end user hasn't yet completed the user-interaction steps"
    ),
    "slow_down": (
        'A variant of "authorization_pending", the authorization request isstill pending and polling should continue, '
        "but the interval MUSTbe increased by 5 seconds for this and all subsequent requests."
    ),
}


class TokenError(Exception):
    """An error that the token endpoint answers."""


def reply(body: Any, status: int = 200) -> Response:
    """Make a JSON answer of the endpoints outside of the API."""
    headers = {"cache-control": "no-store", "pragma": "no-cache"}
    return Response(json.dumps(body), status, headers, "application/json")


def refused(error: str, status: int = 400) -> Response:
    """Make the answer of an error."""
    return reply({"error": error, "error_description": DESCRIPTIONS[error], "request_id": secrets.token_hex(16)}, status)


def cors(response: Response, headers: Mapping[str, str], provider: Row | None, *, preflight: bool = False) -> Response:
    """Let a page of one of the provider's redirects read an answer; a preflight names no client and is always let.

    UNRECORDED: a preflight from a page of nobody's redirect, or for other headers (authentik's source).
    """
    origin = headers.get("origin", "")
    if not origin:
        return response
    redirects = [urlsplit(each["url"]) for each in provider["redirect_uris"]] if provider else []
    seen = "Accept-Language, Cookie"
    if preflight or urlsplit(origin)[:2] in [each[:2] for each in redirects]:
        seen = f"Origin, {seen}"
        response.headers.update({"access-control-allow-origin": origin, "access-control-allow-credentials": "true"})
    if preflight:
        asked = headers.get("access-control-request-headers", "content-type")
        methods = "GET, POST, OPTIONS"
        response.headers.update({"access-control-allow-headers": asked, "access-control-allow-methods": methods})
    response.headers["vary"] = seen
    return response


def credentials(form: Mapping[str, str], header: str) -> tuple[str, str]:
    """Return the client's id and secret of a request, by form or by header."""
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client, _, secret = base64.b64decode(coded).decode().partition(":")
    # UNRECORDED: a header that can't be read is none (authentik's source)
    except ValueError:
        return "", ""
    return client, secret


def authenticated(state: State, form: Mapping[str, str], header: str) -> Row:
    """Return the provider whose client asks; a confidential one has to know its secret."""
    client, secret = credentials(form, header)
    provider = state.find("providers", client_id=client)
    if provider is None:
        raise TokenError("invalid_client")
    confidential(provider, secret)
    return provider


def confidential(provider: Row, secret: str) -> None:
    """Refuse a confidential client that does not know its secret."""
    if provider["client_type"] == "confidential" and secret != provider["client_secret"]:
        raise TokenError("invalid_client")


def userinfo(state: State, headers: Mapping[str, str], query: Mapping[str, str]) -> Response:
    """Return the claims of the person whose access token this is; without the openid scope the answer is 403."""
    key = headers.get("authorization", "").partition(" ")[2] or query.get("access_token", "")
    found = state.access_tokens.get(key)
    if found is None or found["expires"] < now().timestamp():
        text = "The access token provided is expired, revoked, malformed, or invalid for other reasons"
        return _unauthorized(401, "invalid_token", text)
    if "openid" not in found["scope"]:
        text = "The request requires higher privileges than provided by the access token"
        return _unauthorized(403, "insufficient_scope", text)
    provider, user = state.providers[found["provider"]], state.users[found["user"]]
    mapped = claims.mapped(state, provider, user, tuple(found["scope"]))
    asked = {"nonce": found["claims"]["nonce"]} if "nonce" in found["claims"] else {}
    return cors(reply({"sub": claims.subject(state, provider, user), **mapped, **asked}), headers, provider)


def _unauthorized(status: int, error: str, text: str) -> Response:
    return HTMLResponse("", status, {"www-authenticate": f'error="{error}", error_description="{text}"'})


def introspect(state: State, form: Mapping[str, str], header: str) -> Response:
    """Say whether a token is alive, to the confidential client that it was issued to."""
    try:
        provider = authenticated(state, form, header)
    except TokenError:
        return reply({"active": False})
    token = form.get("token", "")
    found = state.access_tokens.get(token) or state.refresh_tokens.get(token)
    ours = found and provider["client_type"] == "confidential" and found["provider"] == provider["pk"]
    if not found or not ours or found["expires"] < now().timestamp():
        return reply({"active": False})
    more = {"active": True, "scope": " ".join(found["scope"]), "client_id": provider["client_id"]}
    return reply({**found["claims"], **more})


def revoke(state: State, form: Mapping[str, str], header: str) -> Response:
    """Forget a token of the client's; of one that it does not have it is told nothing."""
    try:
        provider = authenticated(state, form, header)
    except TokenError as error:
        return refused(str(error), 401)
    for kept in (state.access_tokens, state.refresh_tokens):
        if kept.get(form.get("token", ""), {}).get("provider") == provider["pk"]:
            del kept[form["token"]]
    return reply({})
