# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the tokens, and their signatures."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from joserfc import jwe, jwt
from joserfc.jwk import OctKey

from . import keys
from .events import mapping_failed
from .expressions import Provider, User, run
from .fields import DURATION_PARTS
from .keys import KeyPair
from .state import Row, State

ACR = "goauthentik.io/providers/oauth2/default"
ENCRYPTION = {"alg": "RSA-OAEP-256", "enc": "A256CBC-HS512"}
# What a token has whoever it is for; the rest of what discovery lists comes from the scope mappings.
OWN_CLAIMS = ("sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce")


@dataclass(frozen=True)
class Grant:
    """What was granted: to which provider, for whom, with which scopes, and how the person had logged in."""

    provider: int
    user: int
    scopes: tuple[str, ...]
    auth_time: int
    nonce: str = ""
    session: str = ""
    jti: str = ""
    issued: int = 0


def seconds(duration: str) -> int:
    """Return the seconds of authentik's notation for a span of time."""
    factors = {"microseconds": 0.000001, "milliseconds": 0.001, "seconds": 1, "minutes": 60, "hours": 3600}
    factors.update({"days": 86400, "weeks": 604800})
    parts = (part.partition("=") for part in duration.split(";"))
    return int(sum(factors[key.lower()] * float(value) for key, _, value in parts if key.lower() in DURATION_PARTS))


def issuer(state: State, provider: Row, base: str) -> str | None:
    """Return the provider's issuer; one whose application is gone has none."""
    if provider["issuer_mode"] == "global":
        return f"{base}/"
    application = state.find("applications", provider=provider["pk"])
    return f"{base}/application/o/{application['slug']}/" if application else None


def subject(state: State, provider: Row, user: Row) -> str:
    """Return the user as the provider's subject mode names them."""
    modes: dict[str, Callable[[], Any]] = {
        "hashed_user_id": lambda: state.uid(user),
        "user_id": lambda: user["pk"],
        "user_uuid": lambda: user["uuid"],
        "user_email": lambda: user["email"],
        "user_username": lambda: user["username"],
        "user_upn": lambda: user["attributes"].get("upn", state.uid(user)),
    }
    return str(modes[provider["sub_mode"]]())


def mapped(state: State, provider: Row, user: Row, scopes: tuple[str, ...]) -> dict[str, Any]:
    """Run the scope mappings of the granted scopes, by scope name, and merge what they return; one that raises gives nothing."""
    rows = sorted((state.mappings[pk] for pk in provider["property_mappings"]), key=lambda row: str(row["scope_name"]))
    found: dict[str, Any] = {}
    for row in rows:
        if row["scope_name"] in scopes:
            try:
                value = run(row["expression"], User(state, user), Provider(state, provider))
            except Exception as error:
                # UNRECORDED: a mapping that fails leaves its claims out (measured on a 2026.5; authentik's source)
                mapping_failed(state, row, user, error)
            else:
                if isinstance(value, dict):
                    _merge(found, value)
    return found


def _merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    """Merge objects at every level, add what is new to lists, and replace the rest."""
    for key, value in more.items():
        old = into.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            # UNRECORDED: mappings that return the same object or list (authentik's source)
            _merge(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            old += [each for each in value if each not in old]
        else:
            into[key] = value


def id_token(state: State, grant: Grant, base: str) -> dict[str, Any]:
    """Return the claims of the id_token."""
    provider, user = state.providers[grant.provider], state.users[grant.user]
    issued = grant.issued or grant.auth_time
    claims: dict[str, Any] = {
        "iss": issuer(state, provider, base),
        "sub": subject(state, provider, user),
        "aud": provider["client_id"],
        "exp": issued + seconds(provider["access_token_validity"]),
        "iat": issued,
        "auth_time": grant.auth_time,
        "acr": ACR,
    }
    if grant.session:
        claims["amr"] = ["pwd"]
    if grant.nonce:
        claims["nonce"] = grant.nonce
    if grant.session:
        claims["sid"] = grant.session
    if grant.jti:
        claims["jti"] = grant.jti
    if provider["include_claims_in_id_token"]:
        claims.update(mapped(state, provider, user, grant.scopes))
    return claims


def supported(state: State, provider: Row) -> list[str]:
    """Return the claims that discovery lists: the mappings' are found by running them for nobody in particular."""
    user = next(iter(state.users.values()))
    found = list(OWN_CLAIMS)
    for pk in sorted(provider["property_mappings"], key=lambda pk: str(state.mappings[pk]["scope_name"])):
        try:
            value = run(state.mappings[pk]["expression"], User(state, user), Provider(state, provider))
        # UNRECORDED: a mapping that fails is left out of discovery (authentik's source)
        except Exception as error:
            state.log.append(f"mapping failed: {error}")
        else:
            found += [name for name in value or () if name not in found]
    return found


def key_pair(state: State, provider: Row, use: str) -> KeyPair | None:
    """Return what the provider has for a use, `signing_key` or `encryption_key`."""
    row = state.certificates[provider[use]] if provider[use] else None
    return keys.read(row["certificate_data"], row["key_data"]) if row else None


def kid(state: State, pair: KeyPair) -> str:
    """Return the id of a key."""
    return pair.kid(short=not state.at_least("2026.5"))


def jti(state: State) -> str:
    """Make the id of a token, which releases before 2026.5 do without."""
    return state.secret(40) if state.at_least("2026.5") else ""


def half_hash(token: str) -> str:
    """Return what an `at_hash` claim says of an access token."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()[:16]).decode().rstrip("=")


def sign(state: State, provider: Row, claims: dict[str, Any]) -> str:
    """Sign a token with the provider's key, or without one with its client secret; with an encryption key, encrypt it too.

    UNRECORDED: tokens that are encrypted (seen once on a 2026.5; authentik's source).
    """
    signing, encryption = (key_pair(state, provider, use) for use in ("signing_key", "encryption_key"))
    if signing:
        header = {"alg": signing.algorithm, "kid": kid(state, signing), "typ": "JWT"}
        token = jwt.encode(header, claims, signing.private, algorithms=[signing.algorithm])
    else:
        secret = OctKey.import_key(provider["client_secret"])
        token = jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, secret, algorithms=["HS256"])
    if not encryption:
        return token
    protected = {**ENCRYPTION, "typ": "JWE", "kid": kid(state, encryption)}
    return jwe.encrypt_compact(protected, token, encryption.private, algorithms=list(ENCRYPTION.values()))
