# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of logging in, consenting and logging out, each with its challenge and what it takes for an answer."""

from __future__ import annotations

import secrets

from starlette.responses import Response

from . import device_code, end_session
from .apps import launch_url
from .authorize import code_redirect, granted_scopes
from .browser import CSRF_COOKIE, Visit, redirect
from .challenges import Stage, broken, denied, inner, leads_to, missing, pending, planned, wrong
from .spec import NotBuilt, View
from .state import Row, new_id, now, stamp

ATTEMPTS = 5  # wrong passwords, the last of which ends the flow


# Identification and password


def _show_identification(at: Visit) -> Row:
    newer = at.state.at_least("2026.5")
    application = at.state.find("applications", slug=at.session.application)
    named: Row = {}
    if application and newer:
        view = View(at.state, {}, at.base)
        named = {"application_pre": application["name"], "application_pre_launch": launch_url(view, application) or ""}
    elif application:
        named = {"application_pre": application["name"]}
    return {
        "user_fields": ["email", "username"],
        **({"pending_user_identifier": None} if newer else {}),
        "password_fields": at.state.password_fields,
        "allow_show_password": False,
        **named,
        "flow_designation": "authentication",
        "captcha_stage": None,
        "primary_action": "Log in",
        "sources": [],
        "show_source_labels": False,
        "enable_remember_me": False,
        **({"passkey_challenge": None} if newer else {}),
    }


def _enter_identification(at: Visit) -> bool | None:
    """Take a client's ``login_hint`` for an answer, since 2026.5."""
    hint = inner(at).get("login_hint")
    if not hint or not at.state.at_least("2026.5"):
        return None
    if at.state.password_fields:
        raise NotBuilt("a login_hint where the password is asked for on the same page")
    _identify(at, hint)
    return True


def _identify(at: Visit, uid: str) -> Row | None:
    wanted = uid.lower()
    users = at.state.users.values()
    user = next((row for row in users if wanted in (row["username"].lower(), row["email"].lower())), None)
    planned(at).update(uid=user["username"] if user else uid, user=user["pk"] if user else None)
    return user


def _take_identification(at: Visit, sent: Row) -> Row | None:
    """Find the person; one who does not exist is asked for a password like anybody else."""
    if not sent.get("uid_field"):
        if at.state.at_least("2026.5"):
            return wrong("non_field_errors", "No identification data provided.")
        return missing("uid_field", sent)
    user = _identify(at, str(sent["uid_field"]))
    if at.state.password_fields:
        if not _right_password(at, user, sent.get("password")):
            return wrong("non_field_errors", "Failed to authenticate.")
        planned(at)["verified"] = True
    elif user is None and not at.state.settings.pretend_user_exists:
        return wrong("non_field_errors", "Failed to authenticate.")
    return None


def _right_password(at: Visit, user: Row | None, password: object) -> bool:
    """Check a password, or an app password; whoever is inactive has none that is right."""
    if not user or not user["is_active"] or not password:
        return False
    tokens = at.state.where("tokens", user=user["pk"], intent="app_password", key=password)
    return user["password"] == password or any(not at.state.expired(each) for each in tokens)


def _show_password(at: Visit) -> Row:
    return {**pending(at), "allow_show_password": False}


def _take_password(at: Visit, sent: Row) -> Row | Response | None:
    plan = planned(at)
    error = missing("password", sent)
    if error or _right_password(at, at.state.users.get(plan["user"]), sent["password"]):
        return error
    flow = at.state.find("flows", slug=plan["flow"])
    assert flow
    if at.state.settings.restart_with_context:
        plan["kinds"] = list(flow["stage_kinds"])
        return at.keep(redirect(at.full_path))
    plan["failed"] = plan.get("failed", 0) + 1
    if plan["failed"] >= ATTEMPTS:
        return denied(at, flow, "Invalid password")
    return wrong("password", "Invalid password")


# The login itself


def _log_in(at: Visit, *cookies: str) -> None:
    """Log the person in, in a session with a new key."""
    user = at.state.users[planned(at)["user"]]
    at.state.sessions.pop(at.session.key, None)
    at.session.key, at.session.login = secrets.token_hex(16), new_id()
    at.session.user, at.session.auth_time = user["pk"], int(now().timestamp())
    user["last_login"] = stamp()
    at.cookies.update({name: secrets.token_hex(16) for name in cookies})


def _enter_login(at: Visit) -> bool | None:
    if at.state.settings.remember_me:
        return None
    _log_in(at, CSRF_COOKIE, "authentik_device")
    return True


def _take_login(at: Visit, sent: Row) -> Row | None:
    if not at.state.settings.remember_me:
        raise NotBuilt("a POST to the login stage that asks for nothing")
    if "remember_me" not in sent:
        return wrong("remember_me", "This field is required.", "required")
    _log_in(at, CSRF_COOKIE)
    return None


# Consent


def _asked(at: Visit) -> list[Row]:
    """Return the permissions that a client asks for; a flow that was opened by itself is about none."""
    plan = planned(at)
    if "provider" not in plan:
        return []
    provider = at.state.providers[plan["provider"]]
    scopes = granted_scopes(at.state, provider, plan["values"].get("scope", ""))
    rows = sorted((at.state.mappings[pk] for pk in provider["property_mappings"]), key=lambda row: str(row["scope_name"]))
    return [{"name": row["description"], "id": row["scope_name"]} for row in rows if row["scope_name"] in scopes]


def _consented(at: Visit) -> set[str]:
    return at.state.consents.get((at.session.user or 0, planned(at).get("application", "")), set())


def _enter_consent(at: Visit) -> bool | None:
    """Ask for what the person has not consented to before.

    UNRECORDED: a consent that expires, by default after four weeks; here none does (OpenAPI: ``consent_expire_in``).
    """
    given = _consented(at)
    return (bool(given) and all(each["id"] in given for each in _asked(at))) or None


def _show_consent(at: Visit) -> Row:
    plan, given = planned(at), _consented(at)
    asked = _asked(at)
    plan["token"] = new_id()
    application = at.state.applications.get(plan.get("application"))
    header = {"header_text": f"You're about to sign into {application['name']}."} if application else {}
    more = [each for each in asked if given and each["id"] not in given]
    return {
        **pending(at),
        **header,
        "permissions": [each for each in asked if each not in more],
        "additional_permissions": more,
        "token": plan["token"],
    }


def _take_consent(at: Visit, sent: Row) -> Row | None:
    """Take the consent; each challenge has a token of its own.

    UNRECORDED: only a consent that the flow's own stage asked for is remembered (authentik's source).
    """
    plan = planned(at)
    error = missing("token", sent)
    if error or sent["token"] != plan.get("token"):
        return error or wrong("token", "Invalid consent token, re-showing prompt")
    if plan["kinds"][0] == "consent" and "application" in plan:
        key = (at.session.user or 0, plan["application"])
        at.state.consents[key] = _consented(at) | {each["id"] for each in _asked(at)}
    return None


def _show_captcha(at: Visit) -> Row:
    """Ask for what only a browser can give: what is sent for it is answered 501."""
    captcha = {"site_key": "key", "js_url": "https://captcha.example/api.js", "interactive": False}
    return {**captcha, **pending(at)}


STAGES: dict[str, Stage] = {
    "identification": Stage("ak-stage-identification", _show_identification, _take_identification, _enter_identification),
    "password": Stage("ak-stage-password", _show_password, _take_password),
    "login": Stage("ak-stage-user-login", pending, _take_login, _enter_login),
    "logout": Stage(enter=end_session.log_out),
    "session_end": Stage("ak-stage-session-end", end_session.shown, enter=end_session.finish),
    "captcha": Stage("ak-stage-captcha", _show_captcha),
    # the consent that the flow asks for, and the one that a client wants (`prompt=consent`)
    "consent": Stage("ak-stage-consent", _show_consent, _take_consent, _enter_consent),
    "prompted consent": Stage("ak-stage-consent", _show_consent, _take_consent),
    "fulfilment": Stage(enter=lambda at: leads_to(at, code_redirect(at))),
    "device": Stage("ak-provider-oauth2-device-code", take=device_code.take),
    "device_finish": Stage("ak-provider-oauth2-device-code-finish", device_code.finish, lambda at, _sent: broken(at)),
}
