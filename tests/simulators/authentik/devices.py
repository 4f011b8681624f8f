# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The devices of a second factor: authenticator apps and lists of codes, how a code is checked, and their API."""

from __future__ import annotations

from typing import Any, NamedTuple

import pyotp

from .fields import Field, computed, constant, stored
from .people import partial_user
from .spec import Resource, View
from .state import Row, State, now, stamp


class Kind(NamedTuple):
    """What authentik calls one kind of authenticator, and the stage that sets it up."""

    device: str
    name: str
    model: str
    stage: str
    verbose: str
    stage_model: str


KINDS = {
    "totp": Kind(
        "TOTP Device",
        "TOTP Authenticator",
        "authentik_stages_authenticator_totp.TOTPDevice",
        "TOTP Device",
        "TOTP Authenticator",
        "authentik_stages_authenticator_totp.authenticatortotpstage",
    ),
    "static": Kind(
        "Static Device",
        "Static Token",
        "authentik_stages_authenticator_static.StaticDevice",
        "Static tokens",
        "Static Authenticator",
        "authentik_stages_authenticator_static.authenticatorstaticstage",
    ),
}


def devices(state: State, user: Row | None) -> list[Row]:
    """Return a person's authenticators, by kind."""
    rows = state.where("devices", user=user["pk"]) if user else ()
    return sorted(rows, key=lambda row: (str(row["kind"]), int(row["pk"])))


def verify(device: Row, code: str) -> bool:
    """Check a code. A wrong one makes the device refuse any for 1 s, the next for 2 s, then 4 s; one that was used is wrong.

    UNRECORDED: a list of codes refuses like an app; an app's code of the half minute before or after is right (the source
    of django-otp, which authentik uses).
    """
    moment = now().timestamp()
    if device["failures"] and moment < device["failed_at"] + 2 ** (device["failures"] - 1):
        return False
    if device["kind"] == "static":
        right = code in device["codes"]
        device["codes"] = [each for each in device["codes"] if each != code]
    else:
        now_step = int(moment) // 30
        codes = {pyotp.TOTP(device["secret"]).at(30 * step): step for step in range(now_step - 1, now_step + 2)}
        right = codes.get(code, -1) > device["last_step"]
        device["last_step"] = codes[code] if right else device["last_step"]
    device["failures"], device["failed_at"] = (0, 0.0) if right else (device["failures"] + 1, moment)
    device["last_updated"] = stamp()
    return right


# The API


def own(view: View, _key: str, _data: Any) -> tuple[int, list[Row]]:
    """List the caller's devices of all kinds."""
    return 200, [_listed(device) for device in devices(view.state, view.caller)]


def _listed(device: Row) -> dict[str, Any]:
    """Return a device as the list of all kinds shows it."""
    known = KINDS[device["kind"]]
    return {
        "verbose_name": known.device,
        "verbose_name_plural": f"{known.device}s",
        "meta_model_name": known.model.lower(),
        "pk": str(device["pk"]),
        "name": known.name,
        "type": known.model,
        "confirmed": True,
        **{key: device[key] for key in ("created", "last_updated", "last_used")},
        "extra_description": None,
        "external_id": None,
    }


def _resource(kind: str, *more: Field) -> Resource:
    return Resource(
        path=f"authenticators/{kind}/",
        table="devices",
        model=KINDS[kind].device,
        permission="",
        fields=(
            constant("name", KINDS[kind].name),
            *more,
            stored("pk"),
            computed("user", lambda view, row: partial_user(view, view.state.users[row["user"]])),
        ),
        order=("pk",),
        methods=(),
        only=lambda row: bool(row["kind"] == kind),
        listed=lambda view, row: bool(row["user"] == view.caller["pk"]),
    )


DEVICE_RESOURCES = (
    _resource("totp"),
    _resource("static", computed("token_set", lambda _view, row: [{"token": code} for code in row["codes"]])),
)
