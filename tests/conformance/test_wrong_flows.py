# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins whose logins and flows differ from the recorded ones, each in one thing: a recorded case catches every one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.responses import JSONResponse, Response

from conformance._arrangements import ARRANGED, STATIC_CODE, THRESHOLD, WRONG_CODES
from conformance._flows import Stage
from conformance._wrong import Spoil, Wrong, answered, put, stage_of
from simulators.authentik import authenticators, authorize, browser, challenges, flows, stages
from simulators.authentik.browser import Visit
from simulators.authentik.state import Row

LOGIN = "login: good, the whole way from /"
CONSENT = "authorize: explicit consent, first time, then again"
CSRF = "login: logged in, POST without, with a wrong and with the right CSRF header"


def status(code: int, only: str = "") -> Callable[[Response], Response]:
    """Answer with another status, where the body holds a text."""

    def alter(response: Response) -> Response:
        if only.encode() in bytes(response.body):
            response.status_code = code
        return response

    return alter


def without_hops(*methods: str) -> Spoil:
    """Go on to the next challenge in the same answer, as a client that follows redirects would see it."""
    right = flows._go_on

    def go_on(at: Visit, flow: Row) -> Response:
        found = right(at, flow)
        if found.status_code != 302 or at.method not in methods:
            return found
        at.method = "GET"
        return flows.executor(at, flow["slug"], b"")

    return put(flows, "_go_on", go_on)


def device(change: Callable[[Row, str], None]) -> Spoil:
    """Change an authenticator before a code is checked."""
    right = authenticators.verify

    def verify(row: Row, code: str) -> bool:
        change(row, code)
        return right(row, code)

    return put(authenticators, "verify", verify)


def anybody(at: Visit, user: Row | None, password: object) -> bool:
    """Take a password without a look at the person."""
    return bool(user and user["password"] == password)


def straight_to_the_flow(at: Visit, _application: Row | None) -> Response:
    """Send a browser to the login without the hop that 2025.10 makes."""
    return at.keep(browser.redirect("/if/flow/default-authentication-flow/?next=" + at.full_path))


def trusting(at: Visit) -> Visit:
    """Take any request for one that repeats the token."""
    at.csrf = True
    return at


WRONG: dict[str, Wrong] = {
    "a POST is answered with the next challenge": Wrong(without_hops("POST"), LOGIN, "status"),
    "a stage without input is passed in the same answer": Wrong(without_hops("GET"), LOGIN, "status"),
    "a consent that is remembered is passed in the same answer": Wrong(without_hops("GET"), CONSENT, "status"),
    "the redirect has another status": Wrong(answered(flows, "redirect", status(303)), LOGIN, "status"),
    "the redirect has a body": Wrong(
        put(flows, "redirect", lambda to: JSONResponse({}, 302, {"location": to})), LOGIN, "content type"
    ),
    "the redirect leads elsewhere": Wrong(put(flows, "redirect", lambda _to: browser.redirect("/")), LOGIN, "location"),
    "a challenge lacks a field": Wrong(
        answered(stages, "pending", lambda found: {"pending_user": found["pending_user"]}), LOGIN, "$.pending_user_avatar"
    ),
    "a challenge has a field more": Wrong(answered(flows, "about", lambda found: {**found, "type": "native"}), LOGIN, "$.type"),
    "a login sets no CSRF cookie": Wrong(put(stages, "CSRF_COOKIE", "csrf"), LOGIN, "cookies"),
    "every challenge sets a CSRF cookie": Wrong(
        answered(browser, "visit", lambda at: at.cookies.update(authentik_csrf="token") or at), LOGIN, "cookies"
    ),
    "the CSRF token is not checked": Wrong(answered(browser, "visit", trusting), CSRF, "status"),
    "the CSRF token is missed with a 403": Wrong(answered(flows, "broken", status(403)), CSRF, "status"),
    "a POST needs a GET before": Wrong(
        stage_of("identification", take=lambda at, _sent: status(400)(challenges.challenge(at, {}))),
        "login: POST without a GET before, no cookie at all",
        "status",
    ),
    "an error is no 200": Wrong(
        answered(flows, "challenge", status(400, "response_errors")), "login: wrong password, then the right one", "status"
    ),
    "any number of passwords may be tried": Wrong(
        put(stages, "ATTEMPTS", 100), "login: wrong password, until the stage gives up", "$.component"
    ),
    "somebody unknown is told so": Wrong(
        stage_of("identification", take=lambda _at, _sent: challenges.wrong("uid_field", "No such user")),
        "login: unknown user",
        "status",
    ),
    "somebody inactive logs in": Wrong(put(stages, "_right_password", anybody), "login: inactive user, right password", "status"),
    "an unknown flow is told in JSON": Wrong(
        put(flows, "page", lambda _status, text: JSONResponse({"detail": text}, 404)), "flow: unknown slug", "content type"
    ),
    "another flow's requirements are forgotten": Wrong(
        put(flows, "_refusal", lambda _at, _flow: ""), "flow: denied, denied_action message", "$.component"
    ),
    "an absolute address is gone to": Wrong(
        put(flows, "_absolute", lambda _address: False),
        "flow: logged in, authentication flow that requires nobody to be",
        "$.component",
    ),
    "a code of an app is taken twice": Wrong(
        device(lambda row, _code: row.update(last_step=-1)), "mfa: TOTP, a code used twice", "status"
    ),
    "a code of a list is taken twice": Wrong(
        device(lambda row, code: row["codes"].append(code)), "mfa: static code used twice", "status"
    ),
    "codes may be tried at any speed": Wrong(device(lambda row, _code: row.update(failures=0)), WRONG_CODES, "status"),
    "a wrong code of a list blocks it for long": Wrong(
        device(lambda row, _code: row.update(failures=row["failures"] * 9)), STATIC_CODE, "status"
    ),
    "somebody without a second factor is let in": Wrong(
        stage_of("mfa", enter=lambda _at: True), "mfa: no device, not_configured_action deny", "status"
    ),
    "a browser's second factor is forgotten": Wrong(put(authenticators, "MFA_COOKIE", "authentik_device"), THRESHOLD, "cookies"),
    "a consent needs no token": Wrong(stage_of("consent", take=lambda _at, _sent: None), CONSENT, "status"),
    "a consent is not remembered": Wrong(put(stages, "_consented", lambda _at: set()), CONSENT, "status"),
    "the code comes without the state": Wrong(
        answered(authorize, "code_redirect", lambda to: to.removesuffix("&state=s")),
        "authorize: implicit consent, logged in",
        "location",
    ),
    "a login_hint is ignored": Wrong(
        stage_of("identification", enter=lambda _at: None), "authorize: implicit consent, login_hint", "status"
    ),
    "prompt=none shows the login": Wrong(
        put(authorize, "_error", lambda values, _error: "/if/flow/default-authentication-flow/"),
        "authorize: prompt=none, not logged in",
        "location",
    ),
    "prompt=login relies on the session": Wrong(
        put(authorize, "_not_renewed", lambda _at: False), "authorize: prompt=login, logged in", "location"
    ),
    "max_age is ignored": Wrong(
        put(authorize, "_too_old", lambda _at: False), "authorize: max_age=1, logged in for longer", "location"
    ),
    "empty grant_types let everybody in": Wrong(
        put(authorize, "grants", lambda *_args: True), "authorize: provider with no grant_types, not logged in", "location"
    ),
    "a redirect is taken with a slash more": Wrong(
        put(authorize, "redirect_allowed", lambda *_args: True),
        "authorize: redirect with a slash more, not logged in",
        "status",
    ),
    "whoever is not let in gets a 403": Wrong(
        answered(authorize, "denied_page", status(403)), "authorize: denied, bound, person", "status"
    ),
    "the client hears that somebody is not let in": Wrong(
        put(authorize, "denied_page", lambda _at, *_text: browser.redirect("http://127.0.0.1:53111/?error=access_denied")),
        "authorize: denied, bound, person",
        "status",
    ),
    "everybody is told what a policy says": Wrong(
        put(authorize, "_explained", lambda _at, decision: decision.messages), "authorize: denied, expr, person", "text"
    ),
    "2025.10 goes straight to the login": Wrong(
        put(authorize, "to_login", straight_to_the_flow), "authorize: implicit consent, not logged in", "location", "2025.10"
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_stand_in_is_caught(monkeypatch: pytest.MonkeyPatch, stage: Callable[[str], Stage], name: str) -> None:
    """Replaying the named case finds the difference where it is."""
    wrong = WRONG[name]
    wrong.spoil(monkeypatch)
    assert wrong.place in {mismatch.path for mismatch in stage(wrong.version).play(wrong.case, ARRANGED)}
