# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow executor: a login or a consent, one challenge after the other, without a page."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode

import pyotp
from starlette.responses import Response

from . import access
from .api import Refused, answer
from .apps import launch_url
from .authorize import code_redirect, granted_scopes
from .browser import Visit, redirect
from .spec import View
from .state import Row, new_id, now, stamp

ATTEMPTS = 5  # wrong passwords, the last of which ends the flow


def executor(at: Visit, slug: str, body: bytes) -> Response:
    """Answer the flow executor: GET shows the stage under way, POST answers its challenge."""
    flow = at.state.find("flows", slug=slug)
    if flow is None:
        return answer(at.state, 404, {"detail": "No Flow matches the given query."}, "GET, POST, HEAD, OPTIONS")
    if at.session.plan is None or at.session.plan["flow"] != slug:
        at.session.plan = {"flow": slug, "kinds": list(flow["stage_kinds"]), "values": {}}
    if flow["authentication"] == "require_authenticated" and at.user is None:
        return _denied(at, flow, "Flow does not apply to current user.")
    if at.method == "POST":
        return _post(at, flow, body)
    login = False
    plan = at.session.plan
    while plan["kinds"]:
        kind = plan["kinds"][0]
        if kind == "login":
            _log_in(at)
            login = True
        elif kind == "logout":
            at.state.sessions.pop(at.session.key, None)
            return answer(at.state, 200, {"component": "xak-flow-redirect", "to": "/"}, "GET, POST, HEAD, OPTIONS")
        elif kind == "fulfilment":
            return _challenge(at, {"component": "xak-flow-redirect", "to": code_redirect(at)})
        elif kind in STAGES and _applies(at, kind):
            return _challenge(at, _shown(at, flow, kind))
        plan["kinds"].pop(0)
    at.session.plan = None
    to = _inner(at).get("next", "/")
    more = ("authentik_csrf", "authentik_device") if login else ()
    return _challenge(at, {"component": "xak-flow-redirect", "to": to}, *more)


def _applies(at: Visit, kind: str) -> bool:
    """Say whether a stage has something to ask this person for."""
    plan = at.session.plan or {}
    if kind == "mfa":
        return plan.get("user") in at.state.authenticators
    return not (kind == "password" and plan.get("verified"))


def _inner(at: Visit) -> dict[str, str]:
    """Return the values of the query that the flow's page was opened with."""
    inner = at.values.get("query", "")
    return {name: values[0] for name, values in parse_qs(inner, keep_blank_values=True).items()}


def _challenge(at: Visit, challenge: dict[str, Any], *cookies: str) -> Response:
    response = answer(at.state, 200, challenge, "GET, POST, HEAD, OPTIONS")
    return at.keep(response, *cookies)


def _info(at: Visit, flow: Row) -> Row:
    cancel = "/flows/-/cancel/"
    to = _inner(at).get("next")
    if to and at.session.plan and at.state.at_least("2026.5"):
        cancel += "?" + urlencode({"next": to})
    application = at.state.applications.get((at.session.plan or {}).get("application"))
    title = flow["title"].replace("%(app)s", application["name"] if application else "")
    return {"flow_info": {"title": title, "cancel_url": cancel, "layout": flow["layout"]}}


def _denied(at: Visit, flow: Row, message: str) -> Response:
    plan = at.session.plan or {}
    at.session.plan = None
    return _challenge(
        at,
        {
            **_info(at, flow),
            "component": "ak-stage-access-denied",
            "pending_user": plan.get("uid", at.user["username"] if at.user else ""),
            "error_message": message,
        },
    )


def _shown(at: Visit, flow: Row, kind: str, errors: Row | None = None) -> Row:
    component, show, _take = STAGES[kind]
    wrong = {"response_errors": errors} if errors else {}
    return {**_info(at, flow), "component": component, **wrong, **show(at)}


def _post(at: Visit, flow: Row, body: bytes) -> Response:
    plan = at.session.plan
    try:
        sent = json.loads(body or b"{}")
    except ValueError as error:
        raise Refused(400, {"detail": f"JSON parse error - {error}"}) from None
    kind = plan["kinds"][0] if plan and plan["kinds"] else ""
    if plan is None or kind not in STAGES:
        return at.keep(redirect(at.full_path))
    errors = STAGES[kind][2](at, sent)
    if plan.get("failed", 0) >= ATTEMPTS:
        return _denied(at, flow, "Invalid password")
    if errors:
        return _challenge(at, _shown(at, flow, kind, errors))
    return at.keep(redirect(at.full_path))


def _wrong(field: str, text: str, code: str = "invalid") -> Row:
    return {field: [{"string": text, "code": code}]}


def _log_in(at: Visit) -> None:
    """Log the person in, in a session with a new key."""
    plan = at.session.plan or {}
    user = at.state.users[plan["user"]]
    at.state.sessions.pop(at.session.key, None)
    at.session.key = secrets.token_hex(16)
    at.session.user, at.session.auth_time = user["pk"], int(now().timestamp())
    user["last_login"] = stamp()


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


def _take_identification(at: Visit, sent: Row) -> Row | None:
    """Find the person; one who does not exist is asked for a password like anybody else."""
    plan, uid = at.session.plan or {}, str(sent.get("uid_field") or "")
    if not uid:
        return _wrong("uid_field", "This field is required.", "required")
    wanted = (uid.lower(),)
    users = at.state.users.values()
    user = next((row for row in users if row["username"].lower() in wanted or row["email"].lower() in wanted), None)
    plan["uid"] = user["username"] if user else uid
    plan["user"] = user["pk"] if user else None
    if at.state.password_fields:
        if not _right_password(user, sent.get("password")):
            return _wrong("non_field_errors", "Failed to authenticate.")
        plan["verified"] = True
    plan["kinds"].pop(0)
    return None


def _right_password(user: Row | None, password: object) -> bool:
    return bool(user and user["is_active"] and user["password"] and user["password"] == password)


def _show_password(at: Visit) -> Row:
    return {"pending_user": (at.session.plan or {}).get("uid", ""), "allow_show_password": False}


def _take_password(at: Visit, sent: Row) -> Row | None:
    """Check the password; whoever is inactive has none that is right."""
    plan = at.session.plan or {}
    if not _right_password(at.state.users.get(plan.get("user")), sent.get("password")):
        plan["failed"] = plan.get("failed", 0) + 1
        return _wrong("password", "Invalid password")
    plan["kinds"].pop(0)
    return None


def _show_authenticator(at: Visit) -> Row:
    """Ask for the code of an authenticator app (by the OpenAPI documents, not recorded)."""
    device: Row = {"device_class": "totp", "device_uid": "1", "challenge": {}, "last_used": None}
    return {"device_challenges": [device], "configuration_stages": [], **_show_password(at)}


def _take_authenticator(at: Visit, sent: Row) -> Row | None:
    plan = at.session.plan or {}
    if not pyotp.TOTP(at.state.authenticators[plan["user"]]).verify(str(sent.get("code", "")), valid_window=1):
        return _wrong("code", "Invalid Token. Please ensure the time on your device is accurate and try again.")
    plan["kinds"].pop(0)
    return None


def _show_captcha(at: Visit) -> Row:
    """Ask for what only a browser can give (by the OpenAPI documents, not recorded)."""
    return {"site_key": "key", "js_url": "https://captcha.example/api.js", "interactive": True, **_show_password(at)}


def _show_consent(at: Visit) -> Row:
    plan = at.session.plan or {}
    provider, application = at.state.providers[plan["provider"]], at.state.applications[plan["application"]]
    scopes = granted_scopes(at.state, provider, plan["values"].get("scope", ""))
    rows = sorted((at.state.mappings[pk] for pk in provider["property_mappings"]), key=lambda row: row["scope_name"])
    plan["token"] = new_id()
    return {
        "pending_user": at.user["username"] if at.user else "",
        "header_text": f"You're about to sign into {application['name']}.",
        "permissions": [{"name": row["description"], "id": row["scope_name"]} for row in rows if row["scope_name"] in scopes],
        "additional_permissions": [],
        "token": plan["token"],
    }


def _take_consent(at: Visit, sent: Row) -> Row | None:
    """Take the consent; with another token than the challenge's it is asked for again."""
    plan = at.session.plan or {}
    if sent.get("token") and sent.get("token") == plan.get("token"):
        plan["kinds"].pop(0)
    return None


def _show_device(_at: Visit) -> Row:
    return {}


def _take_device(at: Visit, sent: Row) -> Row | None:
    plan = at.session.plan or {}
    wanted = str(sent.get("code", ""))
    found = next((row for row in at.state.device_codes.values() if row["user_code"] == wanted), None)
    application = at.state.find("applications", provider=found["provider"]) if found else None
    if not found or not application or not at.user or not access.passes(at.state, application, at.user):
        return _wrong("code", "Invalid code")
    found["user"], found["auth_time"] = at.user["pk"], at.session.auth_time
    plan["kinds"][:] = ["device_finish"]
    return None


Stage = tuple[str, Callable[[Visit], Row], Callable[[Visit, Row], Row | None]]
STAGES: dict[str, Stage] = {
    "identification": ("ak-stage-identification", _show_identification, _take_identification),
    "password": ("ak-stage-password", _show_password, _take_password),
    "mfa": ("ak-stage-authenticator-validate", _show_authenticator, _take_authenticator),
    "captcha": ("ak-stage-captcha", _show_captcha, lambda _at, _sent: _wrong("token", "Invalid captcha response.")),
    "consent": ("ak-stage-consent", _show_consent, _take_consent),
    "device": ("ak-provider-oauth2-device-code", _show_device, _take_device),
    "device_finish": ("ak-provider-oauth2-device-code-finish", _show_device, lambda _at, _sent: None),
}
