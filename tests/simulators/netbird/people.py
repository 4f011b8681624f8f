# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is asking: tokens, the first request of a person, groups from the token's claim, and what a role may do."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

from .state import SINGLE_ACCOUNT_DOMAIN, Account, Refused, Row, State, now, passed, user_row

MODULES = (
    "accounts",
    "agent_network",
    "agent_network.budgets",
    "agent_network.guardrails",
    "agent_network.logs",
    "agent_network.policies",
    "agent_network.providers",
    "agent_network.settings",
    "agent_network.usage",
    "dns",
    "events",
    "groups",
    "identity_providers",
    "nameservers",
    "networks",
    "pats",
    "peers",
    "policies",
    "remote_jobs",
    "routes",
    "services",
    "settings",
    "setup_keys",
    "users",
)
OPERATIONS = {"POST": "create", "GET": "read", "PUT": "update", "DELETE": "delete"}
# What a role may do when it may not do everything: (module or "*", operation).
MAY: dict[str, frozenset[tuple[str, str]]] = {
    "auditor": frozenset({("*", "read")}),
    # UNRECORDED: what else it may change, which is nothing here (a guess)
    "network_admin": frozenset({("*", "read"), ("networks", "*")}),
}
POWERFUL = ("owner", "admin")


def invalid() -> Refused:
    """Return the one answer to every token that is not accepted."""
    return Refused(401, "token invalid")


@dataclass(frozen=True)
class Identity:
    """A person as a valid token names them."""

    user_id: str
    email: str
    name: str
    connector: str | None
    claims: dict[str, Any]

    @property
    def local(self) -> bool:
        """Tell whether the person logged in with a password at the embedded provider."""
        return self.connector == "local"


def connector_of(user_id: str) -> str:
    """Return the connector that a subject of the embedded provider names."""
    raw = base64.urlsafe_b64decode(user_id + "=" * (-len(user_id) % 4))
    return raw[2 + raw[1] + 2 :].decode()


def may(user: Row, module: str, operation: str) -> bool:
    """Tell whether a user's role allows an operation. A service user reads everything (measured)."""
    if user["role"] in POWERFUL:
        return user["role"] == "owner" or module != "accounts" or operation == "read"
    if user["is_service_user"] and operation == "read":
        return True
    allowed = MAY.get(user["role"], frozenset())
    return bool({(module, operation), (module, "*"), ("*", operation)} & allowed)


def permissions(user: Row) -> Row:
    """Show what a user may do."""
    return {
        "is_restricted": user["role"] not in POWERFUL,
        "modules": {each: {op: may(user, each, op) for op in sorted(OPERATIONS.values())} for each in MODULES},
    }


def by_token(state: State, plain: str) -> tuple[Account, Row]:
    """Return whom a personal access token belongs to."""
    for account in state.accounts.values():
        for row in account.tokens.values():
            if row["secret"] == plain and not passed(row["expiration_date"]):
                row["last_used"] = now()
                return account, account.users[row["user"]]
    if plain in state.deleted_tokens:
        digest = base64.b64encode(hashlib.sha256(plain.encode()).digest()).decode()
        raise Refused(404, f"invalid token: pat: {digest} not found")
    raise invalid()


def known_email(state: State, account: Account, email: str) -> bool:
    """Tell whether somebody has an e-mail address, in any case."""
    people = [*account.users.values(), *state.local_users.values()]
    return any(each["email"].lower() == email.lower() for each in people)


def by_identity(state: State, person: Identity) -> tuple[Account, Row]:
    """Return the user of a person, made on the first request; their groups follow the token (measured).

    A person whom `jwt_allow_groups` leaves out is made all the same and then refused.
    """
    found = state.find_user(person.user_id) or first_request(state, person)
    account, user = found
    settings = account.settings
    if not person.local and settings["jwt_groups_enabled"] and settings["jwt_groups_claim_name"]:
        claim = person.claims.get(settings["jwt_groups_claim_name"])
        names = [each for each in claim if isinstance(each, str)] if isinstance(claim, list) else []
        allowed = settings["jwt_allow_groups"]
        if allowed and not set(allowed) & set(names):
            state.log.append("user does not belong to any of the allowed JWT groups")
            raise invalid()
        sync_groups(account, user, names)
    return found


def first_request(state: State, person: Identity) -> tuple[Account, Row]:
    """Make the user of a person who was never seen: in the one account, or as the owner of a new one."""
    fields = {"email": person.email, "name": person.name, "idp_id": person.connector}
    account = next(iter(state.accounts.values()), None)
    if account is None or (account.domain == "" and not person.local):
        # an account that was set up with a token has no domain, so nobody from outside belongs to it
        owner = user_row(person.user_id, role="owner", **fields)
        domain = SINGLE_ACCOUNT_DOMAIN if account is None else ""
        return state.add_account(owner, domain), owner
    pending = account.extra["user_approval_required"] and not person.local
    user = account.add_user(person.user_id, is_blocked=pending, pending_approval=pending, **fields)
    account.event("User joined", "user.join", user, user["id"], {"email": user["email"], "username": user["name"]})
    return account, user


def sync_groups(account: Account, user: Row, names: list[str]) -> None:
    """Give a user exactly the groups that the token names, beside those that the API gave.

    A group that is missing is made `issued: jwt`. A group of that name that the API made is left alone and not
    given: only groups that came from a token are.
    """
    by_name = {row["name"]: row for row in account.groups.values()}
    kept = [each for each in user["auto_groups"] if account.groups.get(each, {}).get("issued") != "jwt"]
    given = []
    for name in names:
        group = by_name.get(name) or by_name.setdefault(name, account.add_group(name, issued="jwt"))
        if group["issued"] == "jwt" and group["id"] not in given:
            given.append(group["id"])
    user["auto_groups"] = kept + given
