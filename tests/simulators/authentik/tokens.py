# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The token endpoint: what a code, a refresh token, an app password or a device's code is exchanged for."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from . import access, claims
from .authorize import granted_scopes, grants, redirect_allowed
from .oauth import TokenError, confidential, cors, credentials, refused, reply
from .spec import NotBuilt
from .state import Row, State, now

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


def token(state: State, base: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Response:
    """Answer the token endpoint; what is wrong is seldom told apart (measured: facts).

    UNRECORDED: a grant type that the provider has and the endpoint does not know is called unsupported (authentik's source).
    """
    client, secret = credentials(form, headers.get("authorization", ""))
    provider = state.find("providers", client_id=client)
    if provider is None:
        return refused("invalid_client")
    kind = form.get("grant_type", "")
    try:
        if not grants(state, provider, kind):
            raise TokenError("invalid_grant")
        if kind == EXCHANGE:
            raise NotBuilt("the exchange of tokens")
        if kind not in GRANTS:
            raise TokenError("unsupported_grant_type")
        answer = reply(GRANTS[kind](state, provider, secret, base, form))
    except TokenError as error:
        answer = refused(str(error))
    return cors(answer, headers, provider)


def _issue(state: State, base: str, grant: claims.Grant, refresh: bool) -> Row:
    """Make the tokens of a grant."""
    provider = state.providers[grant.provider]
    identity = claims.id_token(state, grant, base)
    scope = " ".join(grant.scopes)
    lasts = claims.seconds(provider["access_token_validity"])
    more = {"azp": provider["client_id"], "uid": state.secret(40), "scope": scope}
    issued = claims.sign(state, provider, {**identity, **more})
    kept = {
        "user": grant.user,
        "provider": grant.provider,
        "scope": list(grant.scopes),
        "session": grant.session,
        "expires": grant.issued + lasts,
        "claims": identity,
    }
    state.access_tokens[issued] = kept
    body: Row = {
        "access_token": issued,
        "token_type": "Bearer",
        "scope": scope,
        "expires_in": lasts,
        "id_token": claims.sign(state, provider, identity),
    }
    if refresh and "offline_access" in grant.scopes:
        body["refresh_token"] = state.secret(128)
        expires = now().timestamp() + claims.seconds(provider["refresh_token_validity"])
        own = {"jti": claims.jti(state)} if "jti" in identity else {}
        said = {**identity, **own, "at_hash": claims.half_hash(issued)}
        state.refresh_tokens[body["refresh_token"]] = {**kept, "grant": grant, "expires": expires, "claims": said}
    return body


def _grant(state: State, provider: Row, user: int, scopes: tuple[str, ...], **more: Any) -> claims.Grant:
    at = int(now().timestamp())
    return claims.Grant(provider["pk"], user, scopes, more.pop("auth_time", at), jti=claims.jti(state), issued=at, **more)


def _by_code(state: State, provider: Row, secret: str, base: str, form: Mapping[str, str]) -> Row:
    """Exchange a code, once, with any redirect of the provider's and the code's verifier; a refusal does not use it up."""
    confidential(provider, secret)
    if not redirect_allowed(state, provider, form.get("redirect_uri", "")):
        raise TokenError("invalid_client")
    code = state.codes.get(form.get("code", ""))
    if code is None or code["provider"] != provider["pk"] or code["expires"] < now().timestamp():
        raise TokenError("invalid_grant")
    verifier = form.get("code_verifier", "")
    if code["method"] == "S256":
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        verifier = digest if verifier else ""
    if code["challenge"] != verifier:
        raise TokenError("invalid_grant")
    del state.codes[form["code"]]
    login = {name: code[name] for name in ("auth_time", "nonce", "session")}
    return _issue(state, base, _grant(state, provider, code["user"], code["scopes"], **login), refresh=True)


def _by_refresh(state: State, provider: Row, secret: str, base: str, form: Mapping[str, str]) -> Row:
    """Exchange a refresh token for new tokens, with all its scopes whatever is asked for.

    The old one is used up, and a new one given, once it has no more than the provider's threshold left.
    UNRECORDED: 2025.10 refuses the same scopes as 2026.5 (authentik's source).
    """
    confidential(provider, secret)
    kept = state.refresh_tokens.get(form.get("refresh_token", ""))
    if kept is None or kept["provider"] != provider["pk"] or kept["expires"] < now().timestamp():
        raise TokenError("invalid_grant")
    old: claims.Grant = kept["grant"]
    asked = set(form.get("scope", "").split()) or set(old.scopes)
    if "offline_access" not in asked or not asked <= set(old.scopes):
        raise TokenError("invalid_scope")
    threshold = claims.seconds(provider.get("refresh_token_threshold", "seconds=0"))
    renewed = not threshold or kept["expires"] - now().timestamp() < threshold
    if renewed:
        del state.refresh_tokens[form["refresh_token"]]
    grant = replace(old, nonce="", jti=claims.jti(state), issued=int(now().timestamp()))
    return _issue(state, base, grant, refresh=renewed)


def _by_credentials(state: State, provider: Row, secret: str, base: str, form: Mapping[str, str]) -> Row:
    """Let a service account in by its app password, or whoever knows the client secret as a user made for that.

    The app password may stand in the place of the secret too, as base64 of ``username:password``. No scope asked for
    is none given.
    """
    application = state.find("applications", provider=provider["pk"])
    user: Row | None
    if form.get("username"):
        user = _by_app_password(state, form["username"], form.get("password", ""))
    elif secret == provider["client_secret"]:
        user = _client_user(state, provider, application)
    else:
        user = _by_coded_password(state, secret)
    if user is None or application is None or not access.passes(state, application, user):
        raise TokenError("invalid_grant")
    asked = form.get("scope", "")
    scopes = granted_scopes(state, provider, asked) if asked else ()
    return _issue(state, base, _grant(state, provider, user["pk"], scopes), refresh=False)


def _by_app_password(state: State, username: str, password: str) -> Row | None:
    """Return the account of an app password; 2025.10 does not look whether it is active (measured: facts)."""
    user = state.find("users", username=username)
    if user is None or (state.at_least("2026.5") and not user["is_active"]):
        return None
    found = state.find("tokens", key=password, intent="app_password", user=user["pk"])
    return user if found and not state.expired(found) else None


def _by_coded_password(state: State, secret: str) -> Row | None:
    try:
        username, _, password = base64.b64decode(secret).decode().partition(":")
    except ValueError:
        return None
    return _by_app_password(state, username, password)


def _client_user(state: State, provider: Row, application: Row | None) -> Row:
    """Return the user that a plain client-credentials grant makes, and that stays (measured: facts)."""
    username = f"ak-{provider['name']}-client_credentials"
    named = application or {"name": "", "slug": ""}
    return state.find("users", username=username) or state.add_user(
        username,
        name=f"Autogenerated user from application {named['name']} (client credentials)",
        type="service_account",
        path=f"goauthentik.io/apps/{named['slug']}",
        attributes={"goauthentik.io/user/generated": True},
    )


def _by_device(state: State, provider: Row, _secret: str, base: str, form: Mapping[str, str]) -> Row:
    """Exchange a device's code once a person has entered it; that it expired is not said, and not seen by 2025.10."""
    kept = state.device_codes.get(form.get("device_code", ""))
    if kept is None or kept["provider"] != provider["pk"]:
        raise TokenError("invalid_grant")
    if state.at_least("2026.5") and kept["expires"] < now().timestamp():
        raise TokenError("invalid_grant")
    if kept["user"] is None:
        raise TokenError("authorization_pending")
    del state.device_codes[form["device_code"]]
    grant = _grant(state, provider, kept["user"], kept["scopes"], auth_time=kept["auth_time"])
    return _issue(state, base, grant, refresh=True)


GRANTS: dict[str, Callable[[State, Row, str, str, Mapping[str, str]], Row]] = {
    "authorization_code": _by_code,
    "refresh_token": _by_refresh,
    "client_credentials": _by_credentials,
    "password": _by_credentials,
    DEVICE_GRANT: _by_device,
}
