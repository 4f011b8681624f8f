# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenID Connect as a client sees it: discovery, keys, the token endpoint, and what a token says.

PRIVATE to this collection. Nothing here follows a redirect, and no message holds a query, a code or a token.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import secrets
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import monotonic, time
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.client import refuse_unusable
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._http.session import (
    NO_AUTHORIZATION,
    fault_of,
    open_session,
    reason,
    trust_anybody,
)

JWT_IMPORT_ERROR: str | None = None
try:
    import jwt
except ImportError:
    JWT_IMPORT_ERROR = traceback.format_exc()

# Its absence is reported by _core.module.
with contextlib.suppress(ImportError):
    import requests

WELL_KNOWN = ".well-known/openid-configuration"
# NetBird's servers take tokens that are signed with a key that the issuer publishes.
ALGORITHMS = ("RS256", "ES256", "ES384", "ES512")
# Seconds. How far clocks may differ.
LEEWAY = 60


class Unreachable(Exception):
    """A server gave no usable answer; ``kind`` is one of those of :mod:`_oidc.outcomes`."""

    def __init__(self, kind: str, said: str) -> None:
        super().__init__(said)
        self.kind = kind


class Invalid(Exception):
    """A token is not what it has to be; the message says in what."""


@dataclass(frozen=True)
class Answer:
    """One answer: its status, its JSON (None where it is something else), its headers."""

    status: int
    document: Any
    headers: Mapping[str, str]


@dataclass
class Step:
    """One exchange with a server, as it can be shown to anybody: without query, body and cookies.

    ``server`` is scheme, host and port; ``status`` is 0 where there was no answer; ``component`` is what authentik's flow asked
    for, where the answer was one of a flow.
    """

    method: str
    server: str
    path: str
    status: int = 0
    milliseconds: int = 0
    component: str = ""


@dataclass(frozen=True)
class Tls:
    """How servers' certificates are checked, and how many seconds are waited for an answer."""

    validate_certs: bool = True
    ca_path: str | None = None
    timeout: float = 30.0

    def __post_init__(self) -> None:
        refuse_unusable(self.ca_path, self.timeout)
        if not self.validate_certs:
            trust_anybody()

    @property
    def verify(self) -> str | bool:
        # Given per request, a path or False cannot be overridden by the environment; True can.
        return (self.ca_path or requests.utils.DEFAULT_CA_BUNDLE_PATH) if self.validate_certs else False


class Http:
    """One session with any number of servers: cookies are kept, redirects are shown and not followed.

    Every exchange is noted in ``steps``, which several sessions may share.
    """

    def __init__(self, tls: Tls, repeatable: Sequence[str] = ("GET",), steps: list[Step] | None = None) -> None:
        self._tls = tls
        self._session = open_session(repeatable)
        self.steps = [] if steps is None else steps

    def cookie(self, name: str) -> str:
        """The value of a cookie that a server set; empty where none did."""
        return next((str(each.value) for each in self._session.cookies if each.name == name), "")

    def send(self, method: str, url: str, **options: Any) -> Any:
        """The response of requests; raises :class:`Unreachable`."""
        step = Step(method, origin(url), urlsplit(url).path)
        self.steps.append(step)
        start = monotonic()
        try:
            response = self._session.request(
                method,
                url,
                auth=options.pop("auth", NO_AUTHORIZATION),
                timeout=self._tls.timeout,
                verify=self._tls.verify,
                allow_redirects=False,
                **options,
            )
            step.status = response.status_code
            return response
        except requests.exceptions.SSLError as error:
            fault, remedy = fault_of(error)
            if not fault:
                raise Unreachable("unreachable", reason(error)) from None
            kind = "certificate_expired" if "has expired" in fault else "certificate_unknown"
            raise Unreachable(kind, f"{fault}: {remedy}") from None
        except requests.exceptions.RequestException as error:
            raise Unreachable("unreachable", reason(error)) from None
        finally:
            step.milliseconds = round((monotonic() - start) * 1000)

    def ask(self, method: str, url: str, **options: Any) -> Answer:
        """The same as data."""
        response = self.send(method, url, **options)
        try:
            document = response.json()
        except ValueError:
            document = None
        return Answer(response.status_code, document, response.headers)


def pkce() -> tuple[str, str]:
    """A verifier and its S256 challenge (RFC 7636)."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).decode().rstrip("=")


ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "device_authorization_endpoint")


def discover(http: Http, issuer: str) -> dict[str, Any]:
    """What the issuer's discovery and keys look like from here.

    ``outcome`` is C(ok) or what stood in the way, ``said`` the server's or the network's words, ``document`` the discovery
    document, ``signing_keys`` the published keys as {kid, kty, alg}, ``skew`` how many seconds the server's clock is ahead of
    this one.
    """
    seen: dict[str, Any] = {"issuer": issuer, "outcome": "ok", "said": "", "document": {}, "signing_keys": [], "skew": 0}
    try:
        answer = http.ask("GET", issuer.rstrip("/") + f"/{WELL_KNOWN}")
        if answer.status != 200 or not isinstance(answer.document, dict):
            said = f"status {answer.status}" if answer.status != 200 else "an answer that is not JSON"
            return {**seen, "outcome": "no_document", "said": said}
        seen["document"] = answer.document
        if "date" in answer.headers:
            seen["skew"] = round(parsedate_to_datetime(answer.headers["date"]).timestamp() - time())
        keys = http.ask("GET", str(answer.document.get("jwks_uri", "")))
        published = keys.document.get("keys", []) if isinstance(keys.document, dict) else []
        for name in ENDPOINTS:
            # What it answers does not matter: that somebody answers does. Those of the issuer's own host have just been reached.
            if origin(str(answer.document.get(name, issuer))) != origin(issuer):
                http.send("HEAD", str(answer.document[name]))
        seen["signing_keys"] = [{name: str(key.get(name, "")) for name in ("kid", "kty", "alg")} for key in published]
    except Unreachable as error:
        return {**seen, "outcome": error.kind, "said": str(error)}
    return seen


def origin(url: str) -> str:
    """A URL's scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def header_of(token: str) -> dict[str, Any]:
    """A token's header, unverified; raises :class:`Invalid` for one that is encrypted (JWE: five parts)."""
    if token.count(".") == 4:
        raise Invalid("The token is encrypted (JWE).")
    try:
        return dict(jwt.get_unverified_header(token))
    except jwt.InvalidTokenError as error:
        raise Invalid(f"The token cannot be read: {error}.") from None


def claims_of(http: Http, document: Mapping[str, Any], token: str, *, audience: str, nonce: str | None) -> dict[str, Any]:
    """The claims of a token whose signature, issuer, audience and times are right; raises :class:`Invalid`."""
    header = header_of(token)
    if header.get("alg") not in ALGORITHMS:
        raise Invalid(f"The token is signed with {header.get('alg')}, and not with a key that the issuer publishes.")
    keys = http.ask("GET", str(document["jwks_uri"])).document or {}
    key = next((key for key in keys.get("keys", []) if key.get("kid") == header.get("kid")), None)
    if key is None:
        raise Invalid("The issuer publishes no key with the token's kid.")
    try:
        claims = dict(
            jwt.decode(
                token,
                jwt.PyJWK(key).key,
                algorithms=list(ALGORITHMS),
                audience=audience,
                issuer=document["issuer"],
                leeway=LEEWAY,
            )
        )
    except jwt.PyJWTError as error:
        raise Invalid(f"{error}.") from None
    if nonce is not None and claims.get("nonce") != nonce:
        raise Invalid("The token's nonce is not the one that was sent.")
    return claims


def unverified(token: str) -> dict[str, Any]:
    """A token's claims as they are, for saying what is in a token that was refused."""
    try:
        return dict(jwt.decode(token, options={"verify_signature": False}))
    except jwt.InvalidTokenError:
        return {}
