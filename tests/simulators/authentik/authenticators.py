# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of the second factor: the one that asks for a code, and those that set a device up."""

from __future__ import annotations

import secrets
from urllib.parse import quote

import pyotp
from starlette.responses import Response

from .browser import MFA_COOKIE, Visit
from .challenges import Stage, denied, missing, pending, person, planned, wrong
from .devices import KINDS, devices, verify
from .state import Row, State, now, stamp

CODES = 6  # of a list, each of twelve characters


# The stage that asks for a second factor


def _enter(at: Visit) -> Response | bool | None:
    """Skip a browser that is remembered; somebody without a device is let through, turned away or set up."""
    settings, user = at.state.settings, person(at)
    if devices(at.state, user):
        trusted, until = at.state.trusted.get(at.mfa, (None, 0.0))
        known = settings.last_auth_threshold and user and trusted == user["pk"]
        return bool(known and until > now().timestamp()) or None
    if settings.not_configured_action == "skip":
        return True
    if settings.not_configured_action == "deny":
        flow = at.state.find("flows", slug=planned(at)["flow"])
        assert flow
        return denied(at, flow, "No (allowed) MFA authenticator configured.")
    if len(settings.configuration_stages) > 1:
        return None
    planned(at)["kinds"].insert(1, settings.configuration_stages[0])
    return True


def setup_flow(state: State, kind: str) -> Row:
    """Return the flow that sets one kind of authenticator up."""
    found = state.find("flows", slug=f"default-authenticator-{kind}-setup")
    assert found
    return found


def _configurable(at: Visit) -> dict[str, Row]:
    """Return the stages that somebody without a device may choose from, by id."""
    if devices(at.state, person(at)):
        return {}
    rows: dict[str, Row] = {}
    for kind in at.state.settings.configuration_stages:
        pk, known = setup_flow(at.state, kind)["stages"][0], KINDS[kind]
        row = {"pk": pk, "name": known.stage, "verbose_name": known.verbose, "meta_model_name": known.stage_model}
        rows[pk] = {"kind": kind, "shown": row}
    return rows


def _show(at: Visit) -> Row:
    shown = [
        {"device_class": row["kind"], "device_uid": str(row["pk"]), "challenge": {}, "last_used": row["last_used"]}
        for row in devices(at.state, person(at))
    ]
    stages = [each["shown"] for each in _configurable(at).values()]
    return {**pending(at), "device_challenges": shown, "configuration_stages": stages}


def _take(at: Visit, sent: Row) -> Row | None:
    """Take a code of any device, whichever was chosen, or the choice of what to set up."""
    chosen = _configurable(at).get(str(sent.get("selected_stage")))
    if chosen:
        planned(at)["kinds"].insert(1, chosen["kind"])
        return None
    if not sent.get("code"):
        return wrong("non_field_errors", "Empty response")
    user = person(at)
    device = next((row for row in devices(at.state, user) if verify(row, str(sent["code"]))), None)
    if device is None or user is None:
        return wrong("code", "Invalid Token. Please ensure the time on your device is accurate and try again.")
    device["last_used"] = stamp()
    if lasts := at.state.settings.last_auth_threshold:
        at.cookies[MFA_COOKIE] = secrets.token_hex(16)
        at.state.trusted[at.cookies[MFA_COOKIE]] = (user["pk"], now().timestamp() + lasts)
    return None


# The stages that set one up


def _new(at: Visit) -> Row:
    """Return the device that is being set up: it is in the plan until it is confirmed."""
    plan, user = planned(at), person(at)
    if "device" not in plan:
        assert user
        codes = [at.state.secret(12) for _ in range(CODES)]
        plan["device"] = at.state.add_authenticator(user["pk"], plan["kinds"][0], pyotp.random_base32(), codes)
        del at.state.devices[plan["device"]["pk"]]
    found: Row = plan["device"]
    return found


def _confirm(at: Visit) -> None:
    device = planned(at).pop("device")
    at.state.devices[device["pk"]] = device


def _show_totp(at: Visit) -> Row:
    secret, name = _new(at)["secret"], quote(f"authentik:{pending(at)['pending_user']}", safe="")
    url = f"otpauth://totp/{name}?secret={secret}&algorithm=SHA1&digits=6&period=30&issuer=authentik"
    return {**pending(at), "config_url": url}


def _take_totp(at: Visit, sent: Row) -> Row | None:
    error = missing("code", sent)
    if not error and not verify(_new(at), str(sent["code"])):
        error = wrong("code", "Code does not match")
    if not error:
        _confirm(at)
    return error


def _show_static(at: Visit) -> Row:
    return {**pending(at), "codes": _new(at)["codes"]}


def _take_static(at: Visit, _sent: Row) -> None:
    _new(at)
    _confirm(at)


STAGES = {
    "mfa": Stage("ak-stage-authenticator-validate", _show, _take, _enter),
    "totp": Stage("ak-stage-authenticator-totp", _show_totp, _take_totp),
    "static": Stage("ak-stage-authenticator-static", _show_static, _take_static),
}
