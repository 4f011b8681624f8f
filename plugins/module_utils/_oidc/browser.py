# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person at a browser that nobody sees: follows redirects, keeps cookies, fills in authentik's flows and NetBird's form.

PRIVATE to this collection. authentik's page for a flow does the same through the flow executor
(C(/api/v3/flows/executor/<slug>/)). It answers a POST, and a GET whose stage has nothing to ask, with a redirect to itself; only
the last answer of such a chain is a challenge. Components, fields and redirects are those of the raw recordings. NetBird's
embedded provider has one form for its own users (measured on 0.77.1).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import html
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import sleep, time
from typing import Any
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.client import Http, Step, Tls, Unreachable, origin

# More than any flow or chain of redirects that works.
MOST_STEPS = 30
LONGEST_TEXT = 300
EXECUTOR = "/api/v3/flows/executor/"
# Who is logged in proves with this cookie's value that a request comes from authentik's own page.
CSRF_COOKIE = "authentik_csrf"
CSRF_HEADER = "X-authentik-CSRF"
# Where NetBird's embedded provider has the form for its own users; it shows it again, with another status, when it refuses.
LOCAL_FORM = "/oauth2/auth/local/login"
DENIED = "ak-stage-access-denied"
FAILED = "ak-stage-flow-error"
REDIRECT = "xak-flow-redirect"
SHELL = "xak-flow-shell"
SESSION_END = "ak-stage-session-end"
IDENTIFICATION = "ak-stage-identification"
PASSWORD = "ak-stage-password"
SECOND_FACTOR = "ak-stage-authenticator-validate"
DEVICE_CODE = "ak-provider-oauth2-device-code"
DEVICE_DONE = f"{DEVICE_CODE}-finish"
SERVER_FAILED = "server_failed"
# What it means that a stage does not take what was entered; other stages take whatever was shown.
REFUSALS = {IDENTIFICATION: "password_refused", PASSWORD: "password_refused", SECOND_FACTOR: "code_refused"}
# How a log-out ends: back at the client or at NetBird's page for it, or at authentik.
LOGGED_OUT = "logged_out"
STRANDED = "stranded"
# Seconds: how long a code of an authenticator app is shown, and how long authentik takes none after one that it refused.
CODE_PERIOD = 30
CODE_PAUSE = 1.2


class Stopped(Exception):
    """A login went no further: the outcome's name, the server's words, and the request that was answered with them."""

    def __init__(self, outcome: str, said: str, where: str) -> None:
        super().__init__(said)
        self.outcome = outcome
        self.said = said
        self.where = where


@dataclass(frozen=True)
class Person:
    """Who logs in.

    ``totp_secret`` is the Base32 secret of an authenticator app, where authentik asks for its codes; ``device_code`` is what a
    device shows, where one is to be let in.
    """

    username: str
    password: str
    totp_secret: str = ""
    device_code: str = ""


@dataclass
class Browser:
    """One browser of one person.

    ``visited`` are the addresses so far, queries included, so it is never shown; ``at`` is where it is now, without the query;
    ``steps`` are the exchanges, as they can be shown.
    """

    tls: Tls
    person: Person
    visited: list[str] = field(default_factory=list)
    at: str = ""
    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        # A step of a login is not repeated: codes and states are good for one time.
        self._http = Http(self.tls, repeatable=("HEAD",), steps=self.steps)

    def walk(self, url: str, *ends: str) -> dict[str, str]:
        """Go from the first address to one of the ends (the client's redirect, C(DEVICE_DONE)); return the query of that."""
        for _step in range(MOST_STEPS):
            self.at = url.partition("?")[0]
            if self.at in ends:
                return dict(parse_qsl(urlsplit(url).query))
            self.visited.append(url)
            parts = urlsplit(url)
            flow = re.fullmatch(r"(.*)/if/flow/([^/]+)/", parts.path)
            if flow:
                executor = f"{parts.scheme}://{parts.netloc}{flow[1]}{EXECUTOR}{flow[2]}/"
                url = self._flow(executor, parts.query)
            else:
                url = self._page(url)
        raise Stopped("endless", f"more than {MOST_STEPS} redirects", f"GET {urlsplit(url).path}")

    def end_session(self, authentik: str, back: str = "") -> None:
        """End the session at authentik, as its own page for that does; a log-out before may have left a way back to a client."""
        try:
            # The flow ends with a redirect to a page that nobody needs to see.
            self.walk(f"{authentik}/flows/-/default/invalidation/", f"{authentik}/", back)
        except Stopped:
            return

    def session_ended(self, authentik: str) -> bool | None:
        """Whether authentik knows the browser no more; None where it does not say."""
        try:
            status = self._http.send("GET", f"{authentik}/api/v3/core/users/me/").status_code
        except Unreachable:
            return None
        return {200: False, 401: True, 403: True}.get(int(status))

    def _page(self, url: str) -> str:
        where = f"GET {urlsplit(url).path}"
        response = self._send("GET", url, where)
        if where.endswith(LOCAL_FORM) and response.status_code == 200:
            where = f"POST {urlsplit(url).path}"
            response = self._send("POST", url, where, data={"login": self.person.username, "password": self.person.password})
        if response.is_redirect:
            return urljoin(url, str(response.headers["location"]))
        if where.endswith(LOCAL_FORM) and response.status_code == 401:
            raise Stopped("netbird_password_refused", text_of(response.text), where)
        said = text_of(response.text) or f"status {response.status_code}"
        raise Stopped(_outcome_of_page(response.status_code, where, response.text), said, where)

    def _flow(self, executor: str, query: str) -> str:
        """Pass the stages of a flow; return where it leads."""
        url = f"{executor}?query={quote(query, safe='')}"
        sent: dict[str, Any] | None = None
        where = ""
        codes = 0
        for _step in range(MOST_STEPS):
            where = f"{'GET' if sent is None else 'POST'} {urlsplit(executor).path}"
            challenge = self._challenge(url, sent, where)
            component = str(challenge.get("component", ""))
            if component == REDIRECT:
                return urljoin(executor, str(challenge["to"]))
            if component == DEVICE_DONE:
                return DEVICE_DONE
            self._refuse_end(challenge, component, where)
            errors = _errors_of(challenge)
            if errors and component == SECOND_FACTOR and self.person.totp_secret and codes == 1:
                # authentik takes a code once: this one may have been used in another login a moment ago.
                sleep(max(CODE_PAUSE, CODE_PERIOD - time() % CODE_PERIOD))
            elif errors:
                raise Stopped(REFUSALS.get(component, "flow_failed"), errors, where)
            codes += component == SECOND_FACTOR
            sent = {"component": component, **self._filled_in(challenge, component, where)}
        raise Stopped("endless", f"the flow has more than {MOST_STEPS} stages", where)

    def _refuse_end(self, challenge: Mapping[str, Any], component: str, where: str) -> None:
        """Stop where a flow ends without leading anywhere."""
        if component == DENIED:
            raise Stopped("denied_by_flow", str(challenge.get("error_message") or "Access denied"), where)
        if component == FAILED:
            raise Stopped("flow_failed", f"an error inside authentik (request {challenge.get('request_id', '')})", where)
        if component == SESSION_END:
            raise Stopped(STRANDED, str((challenge.get("flow_info") or {}).get("title", "")), where)
        if component == SHELL:
            page = str(challenge.get("body", ""))
            raise Stopped(_outcome_of_page(200, where, page), text_of(page), where)

    def _challenge(self, url: str, sent: Mapping[str, Any] | None, where: str) -> Mapping[str, Any]:
        """What a stage shows: the answer at the end of the executor's redirects, which are all GET."""
        if sent is None:
            response = self._send("GET", url, where)
        else:
            # As a browser does; authentik compares them where somebody is logged in.
            headers = {CSRF_HEADER: self._http.cookie(CSRF_COOKIE), "Origin": origin(url)}
            response = self._send("POST", url, where, json=sent, headers=headers)
        for _step in range(MOST_STEPS):
            if not response.is_redirect:
                break
            url = urljoin(url, str(response.headers["location"]))
            if EXECUTOR not in urlsplit(url).path:
                return {"component": REDIRECT, "to": url}
            response = self._send("GET", url, where)
        else:
            raise Stopped("endless", f"the flow answers with more than {MOST_STEPS} redirects", where)
        try:
            challenge = response.json()
        except ValueError:
            challenge = None
        if not isinstance(challenge, Mapping) or "component" not in challenge:
            outcome = "flow_failed" if response.status_code < 500 else SERVER_FAILED
            raise Stopped(outcome, text_of(response.text) or f"status {response.status_code}", where)
        self.steps[-1].component = str(challenge["component"])
        return challenge

    def _filled_in(self, challenge: Mapping[str, Any], component: str, where: str) -> dict[str, Any]:
        """What a person enters at a stage."""
        if component == IDENTIFICATION:
            password = {"password": self.person.password} if challenge.get("password_fields") else {}
            return {"uid_field": self.person.username, **password}
        if component == PASSWORD:
            return {"password": self.person.password}
        if component == DEVICE_CODE:
            return {"code": self.person.device_code}
        if component == "ak-stage-consent":
            return {"token": challenge.get("token")}
        if component == "ak-stage-user-login":
            return {"remember_me": False}
        if component == SECOND_FACTOR:
            kinds = sorted({str(device.get("device_class")) for device in challenge.get("device_challenges") or []})
            if not self.person.totp_secret:
                raise Stopped("code_needed", f"authentik asks for a second factor ({', '.join(kinds)})", where)
            if "totp" not in kinds:
                raise Stopped("stage_unknown", f"authentik takes no authenticator app, but {', '.join(kinds)}", where)
            return {"code": totp(self.person.totp_secret, time())}
        raise Stopped("stage_unknown", f"the flow asks for {component}", where)

    def _send(self, method: str, url: str, where: str, **options: Any) -> Any:
        try:
            return self._http.send(method, url, **options)
        except Unreachable as error:
            raise Stopped(error.kind, str(error), where) from None


def totp(secret: str, at: float) -> str:
    """The six digits that an authenticator app shows (RFC 6238, SHA-1, 30 seconds: authentik's own setting)."""
    try:
        key = base64.b32decode(secret.replace(" ", "").upper() + "=" * (-len(secret.replace(" ", "")) % 8))
    except binascii.Error:
        raise Failure("totp_secret is not in Base32, as authenticator apps take it.") from None
    digest = hmac.new(key, struct.pack(">Q", int(at) // CODE_PERIOD), hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def text_of(page: str) -> str:
    """What a page says, in one line."""
    body = re.sub(r"(?s)<(script|style|title|footer|a)\b.*?</\1>", " ", page)
    text = " ".join(html.unescape(re.sub(r"(?s)<[^>]*>", " ", body)).split())
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"


def _errors_of(challenge: Mapping[str, Any]) -> str:
    """The texts of ``response_errors``: field -> [{string, code}]."""
    errors = challenge.get("response_errors") or {}
    return "; ".join(str(error.get("string", "")) for texts in errors.values() for error in texts)


def _outcome_of_page(status: int, where: str, page: str) -> str:
    """Which of the measured ends a page is; headings are the same in all recorded versions."""
    text = text_of(page)
    for heading, outcome in (
        ("Client ID Error", "client_id_refused"),
        ("Redirect URI Error", "redirect_refused"),
        ("Permission denied", "permission_denied"),
        ("Connector failed to initialize", "connector_failed"),
        ("Unregistered redirect_uri", "netbird_redirect_refused"),
        ("You have been successfully logged out", LOGGED_OUT),
    ):
        if heading in text:
            return outcome
    if status == 404 and where.rstrip("/").endswith("/device"):
        return "device_page_missing"
    if status >= 500:
        return "callback_failed" if where.endswith("/callback") else SERVER_FAILED
    return "page_failed"
