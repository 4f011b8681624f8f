# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed tokens: what is in one, and the signing key of the embedded provider."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey


@cache
def signing_key() -> RSAKey:
    """Return the key of the embedded provider; one for the process, since making one takes a while."""
    key = RSAKey.generate_key(2048, private=True)
    kid = hashlib.sha1(key.as_pem(private=False)).hexdigest()  # only a name
    return RSAKey.import_key({**key.as_dict(private=True), "kid": kid, "use": "sig", "alg": "RS256"})


def signed(claims: dict[str, Any]) -> str:
    """Sign claims as the embedded provider does, which names no type in the header."""
    key = signing_key()
    return jws.serialize_compact({"alg": "RS256", "kid": key.kid}, json.dumps(claims).encode(), key, algorithms=["RS256"])


def header(token: str) -> dict[str, Any]:
    """Return a token's header; nothing where there is none."""
    try:
        return dict(jws.extract_compact(token.encode()).headers())
    except (JoseError, ValueError):
        return {}


def claims(token: str, key: dict[str, Any]) -> dict[str, Any] | None:
    """Return the claims of a token that this key signed with RS256."""
    try:
        return dict(jwt.decode(token, RSAKey.import_key(key), algorithms=["RS256"]).claims)
    except (JoseError, ValueError):
        return None


def half_hash(text: str) -> str:
    """Return what an `at_hash` claim says of a token."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16]).decode().rstrip("=")


def challenge(verifier: str) -> str:
    """Return the S256 challenge of a PKCE verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
