# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Invites of people to the embedded provider, as administrators see them."""

from __future__ import annotations

import copy

from .endpoints import Call
from .objects import decode, refuse_if, strings
from .state import Refused, Row, letters, now, passed, xid

HOUR, THREE_DAYS = 3600, 3 * 86400


def show(row: Row) -> Row:
    """Show an invite without its token."""
    return copy.deepcopy({key: value for key, value in row.items() if key != "invite_token"}) | {
        "expired": passed(row["expires_at"])
    }


def listed(call: Call) -> list[Row]:
    """List the open invites."""
    return [show(row) for row in call.account.rows("invites").values()]


def create(call: Call) -> Row:
    """Make an invite; the answer is the only one with its token. Groups and roles are not looked at (measured)."""
    body = decode({"email": "", "name": "", "role": "", "auto_groups": [], "expires_in": 0}, call.body)
    lasts = body.pop("expires_in") or THREE_DAYS
    strings(body["auto_groups"])
    refuse_if(not body["email"], "email can't be empty")
    refuse_if(not body["name"], "name can't be empty")
    refuse_if(body["role"] == "owner", "can't invite a user with owner role")
    refuse_if(lasts < HOUR, "invite expiration must be at least 1 hour")
    known = [each["email"] for each in call.account.users.values()]
    refuse_if(body["email"] in known or "@" not in body["email"], "user with this email already exists", 409)
    invited = [each["email"] for each in call.account.rows("invites").values()]
    refuse_if(body["email"] in invited, "invite already exists for this email", 409)
    row = {"id": xid(), **body, "created_at": now(), "expires_at": now(seconds=lasts), "invite_token": "nbi_" + letters(36)}
    call.account.rows("invites")[row["id"]] = row
    return show(row) | {"invite_token": row["invite_token"]}


def delete(call: Call) -> Row:
    """Take an invite back."""
    if call.account.rows("invites").pop(call.ids[0], None) is None:
        raise Refused(404, "user invite not found")
    return {}
