# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP sessions that are safe to use: retries, certificates, and what requests must not do by itself.

PRIVATE to this collection. The traps that are avoided here were measured: requests lets C(.netrc) replace the Authorization
header, and reads the bundle of certificates anew for each session.
"""

from __future__ import annotations

import os
import random
import re
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

REQUESTS_IMPORT_ERROR: str | None = None
try:
    import requests
    from requests.adapters import HTTPAdapter
    from requests.auth import AuthBase
    from urllib3 import disable_warnings
    from urllib3.exceptions import InsecureRequestWarning, MaxRetryError, ProxyError, SSLError
    from urllib3.util.retry import Retry
    from urllib3.util.ssl_ import create_urllib3_context
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
# What OpenSSL and urllib3 say of a certificate, what that means, and what to do about it.
FAULTS = (
    ("has expired", "it has expired", "renew it, or set the clock of the machine where this task runs"),
    ("not yet valid", "it is not valid yet", "set the clock of the machine where this task runs, or have it issued anew"),
    ("mismatch|doesn't match|not valid for|subjectAltName", "it is for another name", "use a URL whose name is in it"),
    ("self.signed certificate in", "its authority is not trusted", "set ca_path to the file of that authority"),
    ("self.signed certificate", "it is self-signed", "set ca_path to the file of this certificate"),
    ("local issuer|issuer certificate", "its authority is not trusted", "set ca_path to the file of that authority"),
    ("(?i)no.certificate.or.crl|pem lib", "the file of authorities holds none", "set ca_path to one of certificates in PEM"),
    ("certificate verify failed", "it is not valid", "set ca_path to the file of its authority, or correct the URL"),
)


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


class _PoliteRetry(Retry):
    """Retries with jitter; a bounded Retry-After; 429 for every method, because the server then did nothing."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: Any = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> Any:
        if isinstance(error, SSLError) and any(fault_of(error)):
            # Asked again, the server shows the same certificate.
            raise MaxRetryError(_pool, str(url), error)
        return super().increment(method, url, response, error, _pool, _stacktrace)

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


class Authorization(AuthBase):
    """Sets the header itself: requests then never asks C(.netrc)."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = self._value
        return request


# An auth object that adds nothing still keeps requests away from .netrc.
def NO_AUTHORIZATION(request: Any) -> Any:
    return request


def trust_anybody() -> None:
    """Where certificates are not checked the task says so once; a warning per request would only repeat it."""
    disable_warnings(InsecureRequestWarning)


def fault_of(error: Any) -> tuple[str, str]:
    """What is wrong with a certificate, and what to do about it; both empty where the error is another one."""
    said = re.sub(r"^\[.*?\] | \(_ssl\.c:\d+\)", "", reason(error)).strip(" .")
    found = ((f"{means} ({said})", remedy) for pattern, means, remedy in FAULTS if re.search(pattern, str(error)))
    return next(found, ("", ""))


def reason(error: Any) -> str:
    """The innermost cause, without the wrappings of requests and urllib3."""
    by_proxy = False
    while True:
        by_proxy |= isinstance(error, ProxyError)
        inner = getattr(error, "reason", None) or (error.args[0] if getattr(error, "args", None) else None)
        if not isinstance(inner, Exception):
            # urllib3 has the words first and the cause second.
            inner = getattr(error, "original_error", None)
        if not isinstance(inner, Exception):
            break
        error = inner
    # urllib3 says first which connection it was, which the message says already.
    said = re.sub(r"^(<[^>]*>|\w+\([^)]*\)): ", "", str(error)).strip(" .") or type(error).__name__
    return f"{said}, from the proxy that the environment names" if by_proxy else said
