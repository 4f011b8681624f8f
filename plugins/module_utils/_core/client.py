# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to one server: TLS, time-outs, typed errors.

PRIVATE to this collection. The traps that are avoided here were measured: requests lets C(REQUESTS_CA_BUNDLE) override
C(verify=True), follows redirects with the token, and has no time-out.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlencode

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import ApiError, Failure, NoAnswerError
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._http.session import (
    NO_AUTHORIZATION,
    Authorization,
    fault_of,
    open_session,
    reason,
    trust_anybody,
)

# Its absence is reported by _core.module.
with suppress(ImportError):
    import requests

CONNECTION_ARGUMENTS: dict[str, dict[str, Any]] = {
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "timeout": {"type": "float", "default": 30.0},
}
LONGEST_TIMEOUT = 86400
# Characters of a query. authentik's web server refuses more than 4,094 in a whole line, without a word about it.
LONGEST_QUERY = 3800


class Client:
    """Requests to one server, as Python data.

    ``url`` is the server's origin (with an optional path prefix), ``service`` its name and ``option`` the prefix of the options
    that hold its URL and token, both for messages. Every method returns the decoded JSON body (None for an empty one) and
    raises :class:`ApiError` or :class:`NoAnswerError`.
    """

    def __init__(
        self,
        url: str,
        authorization: str,
        *,
        service: str,
        option: str,
        validate_certs: bool = True,
        ca_path: str | None = None,
        timeout: float = 30.0,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise Failure(f"{option}_url must start with http:// or https://, for example https://{service.lower()}.company.")
        if "?" in url or "#" in url:
            raise Failure(f"{option}_url must end before any ? or #: it is where {service} is, and no page of it.")
        refuse_unusable(ca_path, timeout)
        if not (authorization.isascii() and authorization.isprintable()):
            # The message of http.client would quote it.
            raise Failure(f"{option}_token holds a character that no token has, such as a line break.")
        self.url = url.rstrip("/")
        self._service = service
        self._option = option
        self._timeout = timeout
        # Given per request, a path or False cannot be overridden by the environment; True can.
        self._verify: str | bool = (ca_path or requests.utils.DEFAULT_CA_BUNDLE_PATH) if validate_certs else False
        if not validate_certs:
            trust_anybody()
        self._auth = Authorization(authorization) if authorization else NO_AUTHORIZATION
        # One for each thread, opened at its first request and kept: requests does not promise that threads may share one.
        self._sessions = threading.local()

    @property
    def _session(self) -> Any:
        if not hasattr(self._sessions, "own"):
            self._sessions.own = open_session()
            # The token says who asks.
            self._sessions.own.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        return self._sessions.own

    def request(self, method: str, path: str, *, params: Any = None, body: Any = None) -> Any:
        if len(urlencode(params or {}, doseq=True)) > LONGEST_QUERY:
            longest = max(params, key=lambda name: len(str(params[name])))
            raise Failure(f"{longest} {str(params[longest])[:40]!r}… is too long to be looked up in {self._service}.")
        try:
            response = self._session.request(
                method,
                f"{self.url}{path}",
                params=params,
                json=body,
                auth=self._auth,
                timeout=self._timeout,
                verify=self._verify,
                # A redirect could lead the token to another origin, and turns a POST into a GET.
                allow_redirects=False,
            )
        except requests.exceptions.SSLError as error:
            fault, remedy = fault_of(error)
            if not fault:
                raise Failure(
                    f"{self._service} at {self.url} makes no TLS connection: {reason(error)}. "
                    f"Check that {self._option}_url begins with what the server speaks there, http:// or https://."
                ) from None
            raise Failure(
                f"{self._service} at {self.url} has a certificate that cannot be verified: {fault}. "
                f"{remedy[0].upper()}{remedy[1:]}."
            ) from None
        except requests.exceptions.InvalidURL:
            raise Failure(f"{self._option}_url is not a URL.") from None
        except requests.exceptions.RequestException as error:
            raise NoAnswerError(
                f"{self._service} at {self.url} gave no answer to {method} {path}: {reason(error)}. "
                f"Check that {self._option}_url is right and reachable from where this task runs."
            ) from None
        return self._decode(method, path, response)

    def _decode(self, method: str, path: str, response: Any) -> Any:
        status = response.status_code
        try:
            # NetBird answers null for a list without entries.
            document, readable = response.json() if response.content else None, True
        except ValueError:
            document, readable = None, False
        if response.ok and not response.is_redirect and readable:
            return document
        detail, fields = _messages(document)
        if response.is_redirect:
            said = f"redirects to {response.headers['location'].split('?')[0]}, which is not followed, to keep the token safe"
            advice = f"Set {self._option}_url to where the server really is."
        elif response.ok:
            said = "answered with something that is not JSON"
            advice = f"Check that {self._option}_url is the URL of {self._service} itself."
        else:
            words = [*([detail] if detail else []), *(f"{name}: {' '.join(texts)}" for name, texts in fields.items())]
            said, advice = self._refusal(status, document, "; ".join(words))
        message = f"{self._service} {said} ({method} {path}, status {status}). {advice}".rstrip()
        raise ApiError(message, method=method, path=path, status=status, detail=detail, fields=fields)

    def _refusal(self, status: int, document: Any, words: str) -> tuple[str, str]:
        """What the server did, and what to do about it."""
        advice = ""
        if status in (401, 403):
            advice = f"Check that {self._option}_token is valid and belongs to an administrator."
        elif document is None and status == 404:
            advice = f"Check that {self._option}_url is the URL of {self._service} itself."
        elif status >= 500 or (document is None and status == 405):
            # authentik's error page takes GET only, so its unhandled errors look like 405 with HTML.
            words = words or "the server failed while it handled the request"
            advice = f"The server's log says why; {self._service} may be starting, or this version may have an error."
        return f"said: {words}" if words else "gave no reason", advice


def refuse_unusable(ca_path: str | None, timeout: float) -> None:
    """requests would end with a traceback."""
    if ca_path and not os.path.exists(ca_path):
        raise Failure(f"ca_path names {ca_path!r}, which does not exist.")
    if not 0 < timeout <= LONGEST_TIMEOUT:
        raise Failure(f"timeout is {timeout:g}, and has to be a number of seconds from 0 to {LONGEST_TIMEOUT}.")


def _messages(document: Any) -> tuple[str, dict[str, list[str]]]:
    """The server's own words: (text about the whole request, field -> texts).

    authentik: ``{"detail": ...}`` or ``{"field": [texts]}``, nested for lists. NetBird: ``{"message": ..., "code": ...}``.
    """
    if isinstance(document, str):
        return document.strip(), {}
    if not isinstance(document, Mapping):
        return "", {}
    for key in ("detail", "message"):
        if isinstance(document.get(key), str):
            return document[key].strip(), {}
    fields: dict[str, list[str]] = {}
    _collect(document, "", fields)
    whole = fields.pop("non_field_errors", [])
    return " ".join(whole), fields


def _collect(value: Any, name: str, fields: dict[str, list[str]]) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _collect(inner, f"{name}.{key}" if name else str(key), fields)
    elif isinstance(value, list):
        for inner in value:
            _collect(inner, name, fields)
    else:
        fields.setdefault(name, []).append(str(value))
