# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Invites of people with a password at the embedded provider: made by the API, accepted by whoever has the token."""

from __future__ import annotations

import re
import string
import time
from typing import Any

from .endpoints import Call, Endpoint, check_person
from .objects import decode, refuse_if
from .people import known_email
from .state import ROLES, Account, Refused, Row, letters, now, passed, xid

HOUR, DAYS = 3600, 3 * 86400
BURST = 5  # of the public paths
SHOWN = ("auto_groups", "created_at", "email", "expires_at", "id", "name", "role")
STRONG = {"digit": r"\d", "uppercase letter": r"[A-Z]", "special character": f"[{re.escape(string.punctuation)}]"}


def show(row: Row) -> Row:
    """Show an invite without its token."""
    return {key: row[key] for key in SHOWN} | {"expired": passed(row["expires_at"])}


def renew(row: Row, body: Any) -> None:
    """Give an invite a new token and time."""
    seconds = decode({"expires_in": 0}, body or {})["expires_in"] or DAYS
    refuse_if(seconds < HOUR, "invite expiration must be at least 1 hour")
    row.update(expires_at=now(seconds=seconds), token="nbi_" + letters(36))


def invites(call: Call) -> list[Row]:
    """List the invites that nobody has accepted."""
    return [show(row) for row in call.account.rows("invites").values()]


def create(call: Call) -> Row:
    """Invite somebody; the role and the groups are not looked at (measured). The answer alone has the token."""
    row = decode({"email": "", "name": "", "role": "", "auto_groups": []}, call.body)
    check_person(row)
    refuse_if(known_email(call.state, call.account, row["email"]), "user with this email already exists", 409)
    rows = call.account.rows("invites")
    refuse_if(any(other["email"] == row["email"] for other in rows.values()), "invite already exists for this email", 409)
    row |= {"id": xid(), "created_at": now(), "by": call.user["name"]}
    renew(row, call.body)
    rows[row["id"]] = row
    return show(row) | {"invite_token": row["token"]}


def find(call: Call) -> Row:
    """Return the invite that the path names."""
    row = call.account.rows("invites").get(call.ids[0])
    if row is None:
        raise Refused(404, "user invite not found")
    return row


def regenerate(call: Call) -> Row:
    """Give an invite another token; the old one is worth nothing any more."""
    row = find(call)
    renew(row, call.body)
    return {"invite_expires_at": row["expires_at"], "invite_token": row["token"]}


def delete(call: Call) -> Row:
    """Take an invite back."""
    del call.account.rows("invites")[find(call)["id"]]
    return {}


def by_token(call: Call) -> tuple[Account, Row]:
    """Return the invite of a public path; these answer a few requests in a row.

    UNRECORDED: after which time they answer again; here a minute (a guess).
    """
    token, state, moment = call.ids[0], call.state, time.monotonic()
    if not token.startswith("nbi_"):
        raise Refused(401, "no valid authentication provided")
    state.public_requests[:] = [each for each in state.public_requests if moment - each < 60]
    refuse_if(len(state.public_requests) >= BURST, "rate limit exceeded, please try again later", 429)
    state.public_requests.append(moment)
    refuse_if(len(token) != 40, "invalid invite token: invalid token length")
    for account in state.accounts.values():
        for row in account.rows("invites").values():
            if row["token"] == token:
                return account, row
    raise Refused(404, "user invite not found")


def info(call: Call) -> Row:
    """Tell who was invited, and by whom."""
    _account, row = by_token(call)
    shown = {key: row[key] for key in ("email", "expires_at", "name")}
    return shown | {"invited_by": row["by"], "valid": not passed(row["expires_at"])}


def accept(call: Call) -> Row:
    """Make the person, with the password that they chose.

    UNRECORDED: an invite that has expired is refused as if it were not there (a guess).
    """
    account, row = by_token(call)
    password = decode({"password": ""}, call.body)["password"]
    refuse_if(len(password) < 8, "invalid password: password must be at least 8 characters long")
    lacking = [f"one {what}" for what, pattern in STRONG.items() if not re.search(pattern, password)]
    refuse_if(lacking, f"invalid password: password must contain at least {', '.join(lacking)}")
    if passed(row["expires_at"]):
        raise Refused(404, "user invite not found")
    del account.rows("invites")[row["id"]]
    user_id = call.state.add_local_user(row["email"], row["name"], password)
    role = row["role"] if row["role"] in ROLES else "unknown"
    fields = {key: row[key] for key in ("email", "name", "auto_groups")}
    account.add_user(user_id, **fields, role=role, idp_id="local")
    return {"success": True}


ENDPOINTS = (
    Endpoint("GET", "users/invites", invites, "users"),
    Endpoint("POST", "users/invites", create, "users"),
    Endpoint("DELETE", "users/invites/*", delete, "users"),
    Endpoint("POST", "users/invites/*/regenerate", regenerate, "users"),
    Endpoint("GET", "users/invites/*", info, anonymous=True),
    Endpoint("POST", "users/invites/*/accept", accept, anonymous=True),
)
