# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP session with one server: TLS, time-outs, retries, typed errors.

PRIVATE to this collection. Built on requests; the traps that are avoided here were measured: requests lets C(.netrc) replace
the Authorization header, lets C(REQUESTS_CA_BUNDLE) override C(verify=True), and has no time-out.
"""

from __future__ import annotations

import os
import random
import re
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import ApiError, Failure, NoAnswerError

REQUESTS_IMPORT_ERROR: str | None = None
try:
    import requests
    from requests.adapters import HTTPAdapter
    from requests.auth import AuthBase
    from urllib3 import disable_warnings
    from urllib3.exceptions import InsecureRequestWarning
    from urllib3.util import create_urllib3_context
    from urllib3.util.retry import Retry
except ImportError:
    REQUESTS_IMPORT_ERROR = traceback.format_exc()
    AuthBase = object  # type: ignore[assignment, misc]
    HTTPAdapter = object  # type: ignore[assignment, misc]
    Retry = object  # type: ignore[assignment, misc]

RETRIES = 5
RETRY_STATUSES = (429, 500, 502, 503, 504)
# A write repeated with the same body ends in the same state; a POST does not.
REPEATABLE_METHODS = ("GET", "OPTIONS", "PUT", "PATCH", "DELETE")
# Seconds. The pauses between tries double from the first on.
FIRST_PAUSE = 0.2
JITTER = 0.2
LONGEST_RETRY_AFTER = 30.0

CONNECTION_ARGUMENTS: dict[str, dict[str, Any]] = {
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "timeout": {"type": "float", "default": 30.0},
}


class _Authorization(AuthBase):
    """Sets the header itself: requests then never asks C(.netrc)."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = self._value
        return request


class _PoliteRetry(Retry):
    """Retries with jitter; a bounded Retry-After; 429 for every method, because the server then did nothing."""

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        return status_code == 429 or (method.upper() in (self.allowed_methods or ()) and status_code in RETRY_STATUSES)

    def get_backoff_time(self) -> float:
        return super().get_backoff_time() + random.uniform(0, JITTER) if self.history else 0.0

    def get_retry_after(self, response: Any) -> float | None:
        seconds = super().get_retry_after(response)
        return None if seconds is None else min(seconds, LONGEST_RETRY_AFTER)


class _Adapter(HTTPAdapter):
    """Takes the default bundle of certificates as it was read before; another is read for each session, as usual.

    So is the default one where requests is older than 2.32.2, which does not ask.
    """

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        if host["scheme"] == "https" and tls.get("ca_certs") == requests.utils.DEFAULT_CA_BUNDLE_PATH:
            # A bundle that cannot be read is an error of the connection.
            with suppress(OSError):
                tls["ssl_context"] = default_trust()
        return host, tls

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]  # nobody typed it
        if "ssl_context" in conn.conn_kw:
            # urllib3 would read the file into the context once more.
            conn.ca_certs = None


_of_this_thread = threading.local()


def default_trust() -> Any:
    """An SSL context that trusts the default bundle of certificates, which takes OpenSSL some 15 ms to read.

    It is read once, and again when the file is another. The action plugin does so before ansible-playbook forks a worker
    for each task; an ordinary module at its first request. Each thread has its own, because a connection changes it.
    """
    bundle = requests.utils.DEFAULT_CA_BUNDLE_PATH
    state = os.stat(bundle)
    version = (bundle, state.st_ino, state.st_mtime_ns, state.st_size)
    if getattr(_of_this_thread, "version", None) != version:
        context = create_urllib3_context()
        context.load_verify_locations(bundle)
        _of_this_thread.context, _of_this_thread.version = context, version
    return _of_this_thread.context


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
        refuse_missing(ca_path)
        self.url = url.rstrip("/")
        self._service = service
        self._option = option
        self._timeout = timeout
        # Given per request, a path or False cannot be overridden by the environment; True can.
        self._verify: str | bool = (ca_path or requests.utils.DEFAULT_CA_BUNDLE_PATH) if validate_certs else False
        if not validate_certs:
            # The task said so; a warning per request would only repeat it.
            disable_warnings(InsecureRequestWarning)
        self._auth = _Authorization(authorization) if authorization else NO_AUTHORIZATION
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
            raise Failure(
                f"{self._service} at {self.url} has a certificate that cannot be verified: {reason(error)}. "
                f"Set ca_path to the certificate authority's file, or correct {self._option}_url."
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
            document = response.json() if response.content else None
        except ValueError:
            document = None
        if response.ok and not response.is_redirect and (document is not None or not response.content):
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


def refuse_missing(ca_path: str | None) -> None:
    """requests would end with a traceback."""
    if ca_path and not os.path.exists(ca_path):
        raise Failure(f"ca_path names {ca_path!r}, which does not exist.")


def open_session(repeatable: Sequence[str] = REPEATABLE_METHODS) -> Any:
    """A session that repeats a request of these methods when its answer is lost or says that the server failed."""
    session = requests.Session()
    retry = _PoliteRetry(
        total=RETRIES,
        # A server that takes a request and says nothing has used up a whole time-out already.
        read=2,
        backoff_factor=FIRST_PAUSE,
        status_forcelist=RETRY_STATUSES,
        allowed_methods=repeatable,
        raise_on_status=False,
    )
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(max_retries=retry))
    return session


# An auth object that adds nothing still keeps requests away from .netrc.
def NO_AUTHORIZATION(request: Any) -> Any:
    return request


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


def reason(error: Any) -> str:
    """The innermost cause, without the wrappings of requests and urllib3."""
    while True:
        inner = getattr(error, "reason", None) or (error.args[0] if getattr(error, "args", None) else None)
        if not isinstance(inner, Exception):
            break
        error = inner
    # urllib3 says first which connection it was, which the message says already.
    return re.sub(r"^(<[^>]*>|\w+\([^)]*\)): ", "", str(error)).strip(" .") or type(error).__name__
