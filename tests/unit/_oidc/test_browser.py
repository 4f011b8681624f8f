# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The browser against raw recordings: each of its requests is the one that a real server got, and gets that server's answer."""

from __future__ import annotations

import pytest

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc import browser as the_browser
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.browser import (
    DEVICE_DONE,
    Browser,
    Person,
    Stopped,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.client import Tls
from support.recorded import SERVER, Recorded, cases, opened, start_of
from support.recordings import VERSIONS

CALLBACK = "http://127.0.0.1:53111/callback"
EXECUTOR = "/api/v3/flows/executor/default-authentication-flow/"
PASSWORD = "Flows-person-1!"
SECRET = "JBSWY3DPEHPK3PXP"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_whole_login_follows_every_redirect_of_the_executor(version: str) -> None:
    name = "authorize: implicit consent, not logged in"
    browser, recorded = opened(version, name, Person("flows-plain", PASSWORD))
    came_back = browser.walk(start_of(version, name), CALLBACK)
    assert recorded.left == []
    assert (set(came_back), came_back["state"]) == ({"code", "state"}, "s")
    asked = [step.component for step in browser.steps if step.component]
    assert asked == ["ak-stage-identification", "ak-stage-password", "xak-flow-redirect"]
    redirected = [(step.method, step.status) for step in browser.steps if step.path == EXECUTOR and not step.component]
    # The validation of a second factor skips itself, after the two stages that were answered.
    assert redirected == [("POST", 302), ("POST", 302), ("GET", 302)]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_consent_is_given_with_the_token_of_the_page(version: str) -> None:
    name = "authorize: explicit consent, first time, then again"
    steps = cases(version)[name]["steps"]
    given = next(index for index, step in enumerate(steps) if step["method"] == "POST" and step["status"] == 302)
    # The page that has this token, then the consent; what was tried in between was not taken.
    browser, recorded = opened(version, name, Person("flows-plain", PASSWORD))
    recorded.left = [steps[0], steps[given - 2], steps[given], steps[given + 1]]
    assert "code" in browser.walk(start_of(version, name), CALLBACK)
    assert recorded.left == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_device_is_let_in(version: str) -> None:
    name = "device: good, not logged in before"
    first = next(index for index, step in enumerate(cases(version)[name]["steps"]) if step["path"] == "/device")
    browser, recorded = opened(version, name, Person("flows-plain", PASSWORD), first=first)
    assert browser.walk(start_of(version, name, first), DEVICE_DONE) == {}
    assert [step["path"] for step in recorded.left] == ["/application/o/token/"] * 2


@pytest.mark.parametrize("version", VERSIONS)
def test_whoever_is_asked_whether_to_stay_logged_in_does_not(version: str) -> None:
    name = "login: the login stage asks whether to stay logged in"
    browser, recorded = opened(version, name, Person("flows-plain", PASSWORD))
    refused = next(index for index, step in enumerate(recorded.left) if step.get("json") == {"component": "ak-stage-user-login"})
    del recorded.left[refused]
    assert browser.walk(f"{SERVER}/if/flow/default-authentication-flow/?next=%2F", f"{SERVER}/") == {}
    assert recorded.left == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_code_that_was_used_is_followed_by_the_next_one(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second login in the same half minute would send the same code, which authentik takes once."""
    name = "mfa: TOTP, wrong codes, the right one too early, then good"
    browser, recorded = opened(version, name, Person("flows-mfa", PASSWORD, totp_secret=SECRET))
    codes = [step for step in recorded.left if (step.get("json") or {}).get("component") == "ak-stage-authenticator-validate"]
    recorded.left.remove(codes[0])
    recorded.left.remove(codes[2])
    slept: list[float] = []
    monkeypatch.setattr(the_browser, "sleep", slept.append)
    monkeypatch.setattr(the_browser, "time", lambda: 1_000_007.0)
    assert browser.walk(f"{SERVER}/if/flow/default-authentication-flow/?next=%2F", f"{SERVER}/") == {}
    assert [step["path"] for step in recorded.left] == ["/api/v3/core/users/me/"]
    assert slept == [30 - 1_000_007 % 30]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "person", "count", "outcome", "said"),
    [
        (
            "login: wrong password, until the stage gives up",
            Person("flows-outsider", "wrong-0"),
            4,
            "password_refused",
            "Invalid",
        ),
        (
            "mfa: no device, not_configured_action deny",
            Person("flows-plain", PASSWORD),
            None,
            "denied_by_flow",
            "No (allowed) MFA",
        ),
        (
            "mfa: no device, not_configured_action configure, one stage",
            Person("flows-plain", PASSWORD),
            None,
            "stage_unknown",
            "the flow asks for ak-stage-authenticator-totp",
        ),
        (
            "mfa: TOTP, wrong codes, the right one too early, then good",
            Person("flows-mfa", PASSWORD),
            5,
            "code_needed",
            "authentik asks for a second factor (totp)",
        ),
        (
            "mfa: static code, wrong, then good",
            Person("flows-codes", PASSWORD, totp_secret=SECRET),
            5,
            "stage_unknown",
            "authentik takes no authenticator app, but static",
        ),
        (
            "login: inactive user, right password",
            Person("flows-idle", PASSWORD),
            4,
            "password_refused",
            "Invalid password",
        ),
    ],
)
def test_where_a_login_ends(version: str, name: str, person: Person, count: int | None, outcome: str, said: str) -> None:
    browser, recorded = opened(version, name, person, count=count)
    with pytest.raises(Stopped) as stopped:
        browser.walk(f"{SERVER}/if/flow/default-authentication-flow/?next=%2F", f"{SERVER}/")
    assert recorded.left == []
    assert stopped.value.outcome == outcome
    assert said in stopped.value.said


@pytest.mark.parametrize("version", VERSIONS)
def test_who_is_not_let_in_sees_a_page(version: str) -> None:
    name = "authorize: denied, bound, not logged in before"
    browser, recorded = opened(version, name, Person("flows-outsider", PASSWORD))
    with pytest.raises(Stopped) as stopped:
        browser.walk(start_of(version, name), CALLBACK)
    assert recorded.left == []
    assert stopped.value.outcome == "permission_denied"


@pytest.mark.parametrize("version", VERSIONS)
def test_an_error_inside_authentik_is_told_apart(version: str) -> None:
    """A request without the proof of its origin is refused with these words alone."""
    name = "login: logged in, POST without, with a wrong and with the right CSRF header"
    browser, recorded = opened(version, name, Person("flows-plain", PASSWORD), first=1, count=3)
    del recorded.left[1]
    with pytest.raises(Stopped) as stopped:
        browser.walk(f"{SERVER}/if/flow/default-authentication-flow/?next=%2F", f"{SERVER}/")
    assert (stopped.value.outcome, recorded.left) == ("flow_failed", [])
    assert "an error inside authentik (request " in stopped.value.said


def test_redirects_without_an_end_come_to_one() -> None:
    step = {
        "method": "GET",
        "path": EXECUTOR,
        "query": {"query": ""},
        "status": 302,
        "location": f"{EXECUTOR}?query=",
        "body": None,
    }
    browser = Browser(Tls(), Person("flows-plain", PASSWORD))
    browser._http = Recorded([step] * 99, browser.steps)  # type: ignore[assignment]
    with pytest.raises(Stopped) as stopped:
        browser.walk(f"{SERVER}/if/flow/default-authentication-flow/", f"{SERVER}/")
    assert stopped.value.outcome == "endless"
