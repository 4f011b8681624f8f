# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each recorded login, flow and authorization found on its server, where that is not what every case finds."""

from __future__ import annotations

from typing import Any

from conformance._flows import ADMINISTRATOR, CASES, Arrange, Arrangement, Stage
from simulators.authentik.state import stamp

PLAIN, OUTSIDER = "flows-plain", "flows-outsider"
MFA, CODES = "flows-mfa", "flows-codes"
THROTTLE = 1.6  # seconds after which a device that was sent one wrong code takes another


def settings(**values: Any) -> Arrange:
    """Change what the stages of the login do."""
    return lambda stage: vars(stage.state.settings).update(values)


def flow(slug: str, **values: Any) -> Arrange:
    """Change a flow."""
    return lambda stage: stage.row("flows", slug=slug).update(values)


def password_fields(stage: Stage) -> None:
    """Ask for name and password on one page."""
    stage.state.password_fields = True


def waited(seconds: float) -> Arrange:
    """Let time pass."""
    return lambda stage: stage.wait(seconds)


def browser_of(person: str = "") -> Arrange:
    """Go on in another browser."""
    return lambda stage: stage.visit(person)


def bound_by_policy(stage: Stage) -> None:
    """Open a flow to everybody whom a policy lets in."""
    row = stage.row("flows", slug="flows-super")
    row["authentication"] = "none"
    policy = stage.row("policies", name="flows-no-entry")["pk"]
    stage.api("POST", "policies/bindings/", {"target": row["pk"], "policy": policy, "order": 0})


def without_the_grant(stage: Stage) -> None:
    """Take the grant of codes from a provider."""
    stage.row("providers", name="flows-public")["grant_types"].remove("authorization_code")


def consented(stage: Stage) -> None:
    """Have a person consent to what the client asks for."""
    user, application = stage.row("users", username=PLAIN), stage.row("applications", slug="flows-explicit")
    stage.state.consents[user["pk"], application["pk"]] = {"openid", "profile", "email"}


def both_devices(name: str, index: int, **values: Any) -> Arrange:
    """Give a person an app that was used, and the list that holds the code of a recorded step."""

    def arrange(stage: Stage) -> None:
        user = stage.row("users", username=MFA)["pk"]
        code = CASES[stage.version, name]["steps"][index]["json"]["code"]
        stage.state.add_authenticator(user, "totp", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")["last_used"] = stamp()
        stage.state.add_authenticator(user, "static", codes=[code]).update(values)

    return arrange


def deactivated(stage: Stage) -> None:
    """Deactivate a person who is logged in."""
    stage.row("users", username=PLAIN)["is_active"] = False


BOTH = "mfa: a user with both kinds of device"
THRESHOLD = "mfa: last_auth_threshold hours=1, logged in twice with the same browser"
SET_UP, WRONG_CODES = "mfa: set up a TOTP device", "mfa: TOTP, wrong codes, the right one too early, then good"
SET_UP_CODES, STATIC_CODE = "mfa: set up static codes", "mfa: static code, wrong, then good"
FROM_THE_LOGIN_PAGE = (
    "authorize: implicit consent, login_hint",
    "authorize: login_hint of nobody",
    "authorize: POST",
    "authorize: the slug's other addresses",
)
ARRANGED: dict[str, Arrangement] = {
    **{
        name: Arrangement(person=ADMINISTRATOR if "superuser" in name else OUTSIDER if "denied" in name else PLAIN)
        for _version, name in CASES
        if name.startswith("authorize:") and "not logged in" not in name and name not in FROM_THE_LOGIN_PAGE
    },
    **{
        name: Arrangement(before=password_fields)
        for _version, name in CASES
        if name.startswith("login: password on the identification page")
    },
    "login: unknown user, pretend_user_exists off": Arrangement(before=settings(pretend_user_exists=False)),
    "login: POST whose session is lost between two stages": Arrangement(steps={3: browser_of()}),
    "login: logged in, POST without, with a wrong and with the right CSRF header": Arrangement(PLAIN),
    "login: logged in as a superuser, POST without the CSRF header": Arrangement(ADMINISTRATOR),
    "login: wrong password, invalid_response_action restart_with_context": Arrangement(
        before=settings(restart_with_context=True)
    ),
    "login: the login stage asks whether to stay logged in": Arrangement(before=settings(remember_me=True)),
    "flow: authorization flows opened by themselves": Arrangement(PLAIN),
    "flow: logged in, opens the authentication flow and its page": Arrangement(PLAIN),
    "flow: logged in, authentication flow that requires nobody to be": Arrangement(
        PLAIN, flow("default-authentication-flow", authentication="require_unauthenticated")
    ),
    "flow: logged in as no superuser, flow that requires one": Arrangement(PLAIN),
    "flow: with no stage at all": Arrangement(ADMINISTRATOR),
    "flow: denied, denied_action message": Arrangement(before=flow("flows-super", denied_action="message")),
    "flow: denied, denied_action continue": Arrangement(before=flow("flows-super", denied_action="continue")),
    "flow: denied by an expression policy with a message": Arrangement(before=bound_by_policy),
    SET_UP: Arrangement(MFA, steps={4: waited(THROTTLE)}),
    # the next code of the app comes in the next half minute
    WRONG_CODES: Arrangement(before=waited(30), after=(SET_UP,), steps={8: waited(THROTTLE)}),
    "mfa: TOTP, a code used twice": Arrangement(after=(SET_UP, WRONG_CODES)),
    SET_UP_CODES: Arrangement(CODES),
    STATIC_CODE: Arrangement(after=(SET_UP_CODES,), steps={6: waited(THROTTLE)}),
    "mfa: static code used twice": Arrangement(after=(SET_UP_CODES, STATIC_CODE)),
    BOTH: Arrangement(before=both_devices(BOTH, 6)),
    "mfa: no device, not_configured_action deny": Arrangement(before=settings(not_configured_action="deny")),
    "mfa: no device, not_configured_action configure, one stage": Arrangement(
        before=settings(not_configured_action="configure", configuration_stages=("totp",))
    ),
    "mfa: no device, not_configured_action configure, two stages": Arrangement(
        before=settings(not_configured_action="configure", configuration_stages=("totp", "static"))
    ),
    THRESHOLD: Arrangement(
        before=lambda stage: [
            both_devices(THRESHOLD, 5, last_used=stamp())(stage),
            settings(last_auth_threshold=3600)(stage),
        ]
    ),
    "authorize: prompt=none, logged in, explicit consent": Arrangement(PLAIN, consented, steps={3: browser_of(OUTSIDER)}),
    "authorize: max_age=1, logged in for longer": Arrangement(PLAIN, waited(2)),
    "authorize: grant type authorization_code not among the provider's": Arrangement(PLAIN, without_the_grant),
    "authorize: person inactive since the login": Arrangement(PLAIN, deactivated),
    "captcha: stage of its own": Arrangement(before=flow("flows-captcha", stage_kinds=["captcha"])),
    "captcha: verifier out of reach": Arrangement(before=flow("flows-captcha", stage_kinds=["captcha"])),
}
