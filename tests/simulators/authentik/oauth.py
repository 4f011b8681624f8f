# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints under ``/application/o/`` that clients call: discovery, keys, tokens, device codes, user information."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import string
from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import HTMLResponse, Response

from . import access, claims
from .api import expired, page
from .authorize import granted_scopes, grants
from .spec import ServerFailure
from .state import Row, State, now

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
DESCRIPTIONS = {
    "invalid_client": (
        "Client authentication failed (e.g., unknown client, no client authentication included, or unsupported "
        "authentication method)"
    ),
    "invalid_grant": (
        "The provided authorization grant or refresh token is invalid, expired, revoked, does not match the redirection "
        "URI used in the authorization request, or was issued to another client"
    ),
    "unsupported_grant_type": "The authorization grant type is not supported by the authorization server",
    "authorization_pending": "The authorization request is still pending",
    "expired_token": "The device code has expired",
}
DEVICE_ALPHABET = string.ascii_letters + string.digits + string.punctuation


class TokenError(Exception):
    """An error that the token endpoint answers."""


def reply(body: Any, status: int = 200) -> Response:
    """Make a JSON answer of the endpoints outside of the API."""
    headers = {"cache-control": "no-store", "pragma": "no-cache"}
    return Response(json.dumps(body), status, headers, "application/json")


def refused(error: str) -> Response:
    """Make the answer of an error."""
    return reply({"error": error, "error_description": DESCRIPTIONS[error], "request_id": secrets.token_hex(16)}, 400)


def discovery(state: State, base: str, slug: str) -> Response:
    """Describe the provider of an application; one that does not exist is a page with status 404."""
    application = state.find("applications", slug=slug)
    provider = state.providers.get(application["provider"]) if application else None
    if provider is None:
        return page(404, "Not Found")
    root = f"{base}/application/o"
    newer = state.at_least("2026.5")
    algorithm = "RS256" if provider["signing_key"] else "HS256"
    front = {"frontchannel_logout_supported": True, "frontchannel_logout_session_supported": True} if newer else {}
    body = {
        "issuer": claims.issuer(state, provider, base),
        "authorization_endpoint": f"{root}/authorize/",
        "token_endpoint": f"{root}/token/",
        "userinfo_endpoint": f"{root}/userinfo/",
        "end_session_endpoint": f"{root}/{slug}/end-session/",
        "introspection_endpoint": f"{root}/introspect/",
        "revocation_endpoint": f"{root}/revoke/",
        "device_authorization_endpoint": f"{root}/device/",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        **front,
        "response_types_supported": [
            "code",
            "id_token",
            "id_token token",
            "code token",
            "code id_token",
            "code id_token token",
        ],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "jwks_uri": f"{root}/{slug}/jwks/",
        "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "implicit",
            "client_credentials",
            "password",
            DEVICE_GRANT,
        ],
        "id_token_signing_alg_values_supported": [algorithm],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "acr_values_supported": [claims.ACR],
        "scopes_supported": [state.mappings[pk]["scope_name"] for pk in provider["property_mappings"]],
        "request_parameter_supported": False,
        "claims_supported": claims.supported(state, provider),
        "claims_parameter_supported": False,
        "code_challenge_methods_supported": ["plain", "S256"],
    }
    return Response(json.dumps(body), 200, {"access-control-allow-origin": "*"}, "application/json")


def jwks(state: State, slug: str) -> Response:
    """Return the key that the provider signs with; without one an empty object."""
    application = state.find("applications", slug=slug)
    provider = state.providers.get(application["provider"]) if application else None
    if provider is None:
        return page(404, "Not Found")
    keys = {"keys": [state.key_pair.jwk(claims.kid(state))]} if provider["signing_key"] else {}
    return Response(json.dumps(keys), 200, {"access-control-allow-origin": "*"}, "application/json")


def _client(state: State, form: Mapping[str, str], header: str) -> tuple[Row, str]:
    """Return the provider of a request and the secret that came with it, by form or by header."""
    client, secret = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, coded = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            client, _, secret = base64.b64decode(coded).decode().partition(":")
        except ValueError:
            raise TokenError("invalid_client") from None
    provider = state.find("providers", client_id=client)
    if provider is None:
        raise TokenError("invalid_client")
    return provider, secret


def token(state: State, base: str, form: Mapping[str, str], header: str) -> Response:
    """Answer the token endpoint."""
    try:
        provider, secret = _client(state, form, header)
        kind = form.get("grant_type", "")
        grant = GRANTS.get(kind)
        if grant is None:
            raise TokenError("unsupported_grant_type")
        if not grants(state, provider, kind):
            raise TokenError("invalid_grant")
        return reply(grant(state, provider, secret, base, form))
    except TokenError as error:
        return refused(str(error))


def _confidential(provider: Row, secret: str) -> None:
    if provider["client_type"] == "confidential" and secret != provider["client_secret"]:
        raise TokenError("invalid_client")


def _issue(state: State, base: str, grant: claims.Grant, refresh: bool) -> Row:
    """Make the tokens of a grant; a mapping that fails is an error that the server has no answer for."""
    provider = state.providers[grant.provider]
    try:
        identity = claims.id_token(state, grant, base)
    except Exception as error:
        raise ServerFailure(f"mapping failed: {error!r}") from error
    scope = " ".join(grant.scopes)
    more = {"azp": provider["client_id"], "uid": state.secret(40), "scope": scope}
    lasts = claims.seconds(provider["access_token_validity"])
    issued = claims.sign(state, provider, {**identity, **more})
    state.access_tokens[issued] = {
        "user": grant.user,
        "provider": grant.provider,
        "scope": list(grant.scopes),
        "expires": grant.issued + lasts,
        "claims": {**identity, **more},
    }
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
        state.refresh_tokens[body["refresh_token"]] = {"user": grant.user, "grant": grant, "expires": expires}
    return body


def _grant(state: State, provider: Row, user: int, scopes: tuple[str, ...], **more: Any) -> claims.Grant:
    at = int(now().timestamp())
    jti = state.secret(40) if state.at_least("2026.5") else ""
    return claims.Grant(provider["pk"], user, scopes, more.pop("auth_time", at), jti=jti, issued=at, **more)


def _by_code(state: State, provider: Row, secret: str, base: str, form: Mapping[str, str]) -> Row:
    """Exchange a code, once, with the redirect and the verifier that belong to it."""
    _confidential(provider, secret)
    code = state.codes.get(form.get("code", ""))
    if code is None or code["provider"] != provider["pk"] or code["expires"] < now().timestamp():
        raise TokenError("invalid_grant")
    verifier = form.get("code_verifier", "")
    if code["method"] == "S256":
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        verifier = digest if verifier else ""
    if code["redirect_uri"] != form.get("redirect_uri") or code["challenge"] != verifier:
        raise TokenError("invalid_grant")
    del state.codes[form["code"]]
    grant = _grant(
        state,
        provider,
        code["user"],
        code["scopes"],
        auth_time=code["auth_time"],
        nonce=code["nonce"],
        session=code["session"],
    )
    return _issue(state, base, grant, refresh=True)


def _by_refresh(state: State, provider: Row, secret: str, base: str, form: Mapping[str, str]) -> Row:
    """Exchange a refresh token for new tokens; the old one is used up."""
    _confidential(provider, secret)
    kept = state.refresh_tokens.get(form.get("refresh_token", ""))
    if kept is None or kept["grant"].provider != provider["pk"] or kept["expires"] < now().timestamp():
        raise TokenError("invalid_grant")
    del state.refresh_tokens[form["refresh_token"]]
    old: claims.Grant = kept["grant"]
    grant = _grant(state, provider, old.user, old.scopes, auth_time=old.auth_time, nonce=old.nonce, session=old.session)
    return _issue(state, base, grant, refresh=True)


def _by_credentials(state: State, provider: Row, secret: str, base: str, form: Mapping[str, str]) -> Row:
    """Let a service account in by its app password, or whoever knows the client secret as a user made for that."""
    application = state.find("applications", provider=provider["pk"])
    username, password = form.get("username", ""), form.get("password", "")
    user: Row | None
    if username and password:
        user = _by_app_password(state, username, password)
    elif secret == provider["client_secret"]:
        user = _client_user(state, provider, application)
    else:
        user = None
    if user is None or application is None or not access.passes(state, application, user):
        raise TokenError("invalid_grant")
    grant = _grant(state, provider, user["pk"], granted_scopes(state, provider, form.get("scope", "")))
    return _issue(state, base, grant, refresh=False)


def _by_app_password(state: State, username: str, password: str) -> Row | None:
    user = state.find("users", username=username, is_active=True)
    found = state.find("tokens", key=password, intent="app_password")
    return user if user and found and found["user"] == user["pk"] and not expired(found) else None


def _client_user(state: State, provider: Row, application: Row | None) -> Row:
    """Return the user that a plain client-credentials grant makes, and that stays (measured: facts)."""
    username = f"ak-{provider['name']}-client_credentials"
    slug = application["slug"] if application else ""
    return state.find("users", username=username) or state.add_user(
        username,
        name=f"Autogenerated user from application {slug} (client credentials)",
        type="service_account",
        path=f"goauthentik.io/apps/{slug}",
        attributes={"goauthentik.io/user/generated": True},
    )


def _by_device(state: State, provider: Row, _secret: str, base: str, form: Mapping[str, str]) -> Row:
    """Exchange a device's code once a person has entered it."""
    kept = state.device_codes.get(form.get("device_code", ""))
    if kept is None or kept["provider"] != provider["pk"]:
        raise TokenError("invalid_grant")
    if kept["expires"] < now().timestamp():
        raise TokenError("expired_token")
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


def device(state: State, base: str, form: Mapping[str, str]) -> Response:
    """Begin a device's login; this works whether or not the brand has a flow for it (measured: facts)."""
    provider = state.find("providers", client_id=form.get("client_id"))
    if provider is None or state.find("applications", provider=provider["pk"]) is None:
        return refused("invalid_client")
    code = "".join(secrets.choice(DEVICE_ALPHABET) for _ in range(128))
    user_code = f"{secrets.randbelow(900_000_000) + 100_000_000}"
    state.device_codes[code] = {
        "provider": provider["pk"],
        "user": None,
        "user_code": user_code,
        "scopes": granted_scopes(state, provider, form.get("scope", "")),
        "expires": now().timestamp() + 600,
    }
    return reply(
        {
            "device_code": code,
            "verification_uri": f"{base}/device",
            "verification_uri_complete": f"{base}/device?code={user_code}",
            "user_code": user_code,
            "expires_in": 600,
            "interval": 5,
        }
    )


def userinfo(state: State, header: str) -> Response:
    """Return the claims of the person whose access token this is; without the openid scope the answer is 403."""
    found = state.access_tokens.get(header.partition(" ")[2])
    if found is None or found["expires"] < now().timestamp():
        return _unauthorized(401, "invalid_token", "The access token provided is expired, revoked, or invalid")
    if "openid" not in found["scope"]:
        text = "The request requires higher privileges than provided by the access token"
        return _unauthorized(403, "insufficient_scope", text)
    provider, user = state.providers[found["provider"]], state.users[found["user"]]
    try:
        mapped = claims.mapped(state, provider, user, tuple(found["scope"]))
    except Exception as error:
        raise ServerFailure(f"mapping failed: {error!r}") from error
    return reply({"sub": claims.subject(state, provider, user), **mapped})


def _unauthorized(status: int, error: str, text: str) -> Response:
    return HTMLResponse("", status, {"www-authenticate": f'error="{error}", error_description="{text}"'})


def introspect(state: State, form: Mapping[str, str], header: str) -> Response:
    """Say whether a token is alive, to the client that it was issued to."""
    try:
        provider, secret = _client(state, form, header)
        _confidential(provider, secret)
    except TokenError:
        return reply({"active": False})
    found = state.access_tokens.get(form.get("token", ""))
    if found is None or found["provider"] != provider["pk"] or found["expires"] < now().timestamp():
        return reply({"active": False})
    return reply({"active": True, "client_id": provider["client_id"], **found["claims"]})


def revoke(state: State, form: Mapping[str, str], header: str) -> Response:
    """Forget a token."""
    try:
        provider, secret = _client(state, form, header)
        _confidential(provider, secret)
    except TokenError as error:
        return refused(str(error))
    for kept in (state.access_tokens, state.refresh_tokens):
        kept.pop(form.get("token", ""), None)
    return Response(status_code=200)
