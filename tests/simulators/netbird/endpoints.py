# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints of NetBird's API that are more than create, list, read, replace and delete."""

from __future__ import annotations

import copy
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import connectors
from .networks import show_resource
from .objects import Show, decode, refuse_if, refuse_unknown, without
from .people import POWERFUL, known_email, may, permissions
from .state import (
    EMPTY_SETTINGS,
    EXTRA,
    ROLES,
    Account,
    Refused,
    Row,
    State,
    letters,
    user_row,
)

NOBODY = user_row("")
DOMAIN = r"([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"


@dataclass
class Call:
    """One request, as the endpoints see it."""

    state: State
    method: str
    ids: list[str]
    query: Mapping[str, str]
    body: Any
    account: Account = field(default_factory=lambda: Account("", "", "", ""))
    user: Row = field(default_factory=lambda: NOBODY)


@dataclass(frozen=True)
class Endpoint:
    """One method of one path (`*` stands for an id): what answers, and which right it takes (none: any user)."""

    method: str
    path: str
    answer: Callable[[Call], Any]
    module: str = ""
    anonymous: bool = False
    # it waits for another server, so it runs in a thread and takes the lock itself
    waits: bool = False
    plain: bool = False
    # the status of an answer without a body
    empty: int = 0


# instance and set-up


def instance(call: Call) -> Row:
    """Tell whether the server waits for its first-time set-up."""
    return {"setup_required": call.state.embedded and not call.state.local_users and not call.state.accounts}


def setup(call: Call) -> Row:
    """Do the first-time set-up. With `create_pat` the account is made at once, with an empty domain (measured)."""
    state = call.state
    if not state.embedded:
        raise Refused(500, "failed to create owner user: embedded IdP is not enabled")
    if state.local_users or state.accounts:
        raise Refused(412, "setup already completed")
    if not isinstance(call.body, dict):
        raise Refused(400, "invalid request body")
    fields = {"email": "", "password": "", "name": "", "create_pat": False, "pat_expire_in": 0}
    row = decode(fields, call.body)
    refuse_if(not row["email"], "email is required")
    refuse_if("@" not in row["email"], "invalid email format")
    refuse_if(len(row["password"]) < 8, "password must be at least 8 characters")
    refuse_if(not row["name"], "name is required")
    with_token = row["create_pat"] and state.setup_pat
    refuse_if(with_token and not 1 <= row["pat_expire_in"] <= 365, "pat_expire_in must be between 1 and 365")
    user_id = state.add_local_user(row["email"], row["name"], row["password"])
    shown = {"email": row["email"], "user_id": user_id}
    if with_token:
        owner = user_row(user_id, email=row["email"], name=row["name"], role="owner", idp_id="local")
        account = state.add_account(owner, "")
        shown["personal_access_token"] = state.give_token(account, owner, "setup-token", row["pat_expire_in"])
    return shown


def version(call: Call) -> Row:
    """Tell the version."""
    return {"management_current_version": call.state.version, "management_update_available": False}


# accounts


def show_account(state: State, account: Account, *, answer_to_write: bool = False) -> Row:
    """Show an account. The answer to a PUT says `embedded_idp_enabled: false`, and no range (measured)."""
    settings = copy.deepcopy(account.settings)
    settings["extra"] = copy.deepcopy(account.extra)
    settings["local_auth_disabled"] = state.local_auth_disabled
    settings["embedded_idp_enabled"] = state.embedded and not answer_to_write
    if not answer_to_write:
        settings.setdefault("network_range", account.network_range)
        settings.setdefault("network_range_v6", account.network_range_v6)
    names = ("id", "created_at", "created_by", "domain", "domain_category")
    shown = {name: getattr(account, name) for name in names}
    return shown | {"onboarding": copy.deepcopy(account.onboarding), "settings": settings}


def accounts(call: Call) -> list[Row]:
    """List the one account that the caller is in."""
    return [show_account(call.state, call.account)]


def check_settings(account: Account, settings: Row) -> None:
    """Refuse what is no domain, no network or no group; what is no version is an error of the server's (measured)."""
    domain, version = settings["dns_domain"], settings["auto_update_version"]
    refuse_if(domain and not re.fullmatch(DOMAIN, domain), f'invalid domain "{domain}" provided for DNS domain')
    if version not in ("", "latest", "disabled") and not re.fullmatch(r"v?\d+(\.\d+){0,2}", version):
        raise Refused(500, "internal server error")
    for name in ("network_range", "network_range_v6"):
        network = settings[name]
        refuse_if(network and "/" not in network, f"invalid CIDR format: netip.ParsePrefix(\"{network}\"): no '/'")
    unknown = [each for each in settings["ipv6_enabled_groups"] or [] if each not in account.groups]
    refuse_if(unknown, f"ipv6 enabled group {' '.join(unknown)} does not exist")


def delete_account(call: Call) -> Any:
    """Refuse to delete another account; the own one is not built."""
    if call.ids[0] == call.account.id:
        raise Refused(501, "the stand-in deletes no account")
    raise Refused(404, f"account not found: {call.ids[0]}")


def update_account(call: Call) -> Row:
    """Replace the settings; what is left out becomes empty, but for `extra`, the ranges and `onboarding`."""
    account = call.account
    if call.ids[0] != account.id:
        raise Refused(403, "failed to validate user permissions: user is not part of this account")
    if not may(call.user, "settings", "update"):
        raise Refused(403, "permission denied")
    body = decode({"settings": {}, "onboarding": dict}, call.body)
    types = {key: list if value is None else value for key, value in EMPTY_SETTINGS.items()}
    optional = {"extra": dict, "network_range": str, "network_range_v6": str}
    settings = decode(types | optional, body["settings"])
    hour, half_year = 3600, 180 * 86400
    refuse_if(settings["peer_login_expiration"] < hour, "peer login expiration can't be smaller than one hour")
    refuse_if(settings["peer_login_expiration"] > half_year, "peer login expiration can't be larger than 180 days")
    check_settings(account, settings)
    before = account.effective_range
    extra = settings.pop("extra")
    if extra is not None:
        account.extra = decode({key: list if value is None else value for key, value in EXTRA.items()}, extra)
    named = {name for name in ("network_range", "network_range_v6") if settings[name]}
    for name in ("network_range", "network_range_v6"):
        value = settings.pop(name) or account.settings.get(name)
        if value:
            settings[name] = value
    account.settings = settings
    if account.effective_range != before:
        account.readdress()
    if body["onboarding"] is not None:
        account.onboarding = decode(account.onboarding, body["onboarding"])
    shown = show_account(call.state, account, answer_to_write=True)
    left_out = {"network_range", "network_range_v6"} - named
    return shown | {"settings": {key: value for key, value in shown["settings"].items() if key not in left_out}}


# users


def show_user(call: Call, row: Row) -> Row:
    """Show a user; only the embedded provider tells where somebody comes from."""
    names = (
        "auto_groups",
        "email",
        "id",
        "is_blocked",
        "is_service_user",
        "issued",
        "last_login",
        "name",
        "pending_approval",
        "role",
    )
    shown = {name: copy.deepcopy(row[name]) for name in names}
    shown["is_current"] = row["id"] == call.user["id"]
    shown["status"] = "blocked" if row["is_blocked"] else "active"
    if row["idp_id"] and call.state.embedded:
        shown["idp_id"] = row["idp_id"]
    return shown


def find_user(call: Call) -> Row:
    """Return the user that the path names."""
    row = call.account.users.get(call.ids[0])
    if row is None:
        raise Refused(404, f"user: {call.ids[0]} not found")
    return row


def users(call: Call) -> list[Row]:
    """List the users, or one of both kinds; somebody without rights sees nobody else."""
    rows = list(call.account.users.values())
    if call.user["role"] == "user" and not call.user["is_service_user"]:
        rows = [call.user]
    wanted = call.query.get("service_user")
    if wanted:
        refuse_if(wanted not in ("true", "false"), "invalid service_user query parameter")
        rows = [row for row in rows if row["is_service_user"] == (wanted == "true")]
    return [show_user(call, row) for row in rows]


def current_user(call: Call) -> Row:
    """Show the caller; a service user has no such page (measured)."""
    if call.user["is_service_user"]:
        raise Refused(403, "permission denied")
    return show_user(call, call.user) | {"permissions": permissions(call.user)}


def check_role(role: str) -> None:
    """Refuse a role that does not exist."""
    refuse_if(role not in ROLES, f"unknown user role {role}")


def check_person(row: Row) -> None:
    """Refuse a person without an address or a name, or who would be a second owner."""
    refuse_if(not row["email"], "email can't be empty")
    refuse_if(not row["name"], "name can't be empty")
    refuse_if(row["role"] == "owner", "can't invite a user with owner role")


def create_user(call: Call) -> Row:
    """Make a service user, or a person with a password at the embedded provider."""
    fields = {"email": "", "name": "", "role": "", "auto_groups": [], "is_service_user": False}
    row = decode(fields, call.body)
    check_role(row["role"])
    if row["is_service_user"]:
        refuse_if(row["role"] == "owner", "can't create a service user with owner role")
        return show_user(call, call.account.add_user(str(uuid.uuid4()), **row | {"email": ""}))
    if not call.state.embedded:
        raise Refused(500, "internal server error")
    check_person(row)
    taken = known_email(call.state, call.account, row["email"])
    refuse_if(taken, "can't invite a user with an existing NetBird account", 409)
    password = letters(16)
    user_id = call.state.add_local_user(row["email"], row["name"], password)
    shown = show_user(call, call.account.add_user(user_id, **row))
    call.account.users[user_id]["idp_id"] = "local"
    return shown | {"password": password}


def update_user(call: Call) -> Row:
    """Replace a user's role, groups and whether they are blocked. Who makes somebody else the owner is one no more (measured)."""
    row = find_user(call)
    body = decode({"role": "", "auto_groups": list, "is_blocked": False}, call.body)
    refuse_if(body["auto_groups"] is None, "auto_groups field can't be absent", 400)
    refuse_if(body["role"] not in ROLES, "invalid user role")
    failed = f"failed to process update for user {row['id']}: "
    owner, changes = "owner", body["role"] != row["role"]
    refuse_if(row is call.user and changes, f"{failed}admins can't change their role", 403)
    refuse_if(row is call.user and body["is_blocked"], f"{failed}admins can't block or unblock themselves", 403)
    to_owner = changes and body["role"] == owner
    refuse_if(to_owner and row["is_service_user"], f"{failed}can't update a service user with owner role", 403)
    others = changes and owner in (body["role"], row["role"]) and call.user["role"] != owner
    refuse_if(others, f"{failed}only owners can change the owner role", 403)
    for group in body["auto_groups"]:
        unknown = f"{failed}provided group ID {group} in the user {row['id']} update doesn't exist"
        refuse_if(group not in call.account.groups, unknown)
    if to_owner:
        call.user["role"] = "admin"
    row.update(body)
    return show_user(call, row)


def invite_user(call: Call) -> Any:
    """Invite an existing user again: the embedded provider knows no such thing (measured)."""
    raise Refused(404, f"user account {find_user(call)['id']} doesn't exist")


def change_password(call: Call) -> Row:
    """Change the caller's own password.

    UNRECORDED: a change that succeeds, and one of a person who comes from outside (guess).
    """
    prefix = "failed to update password: "
    body = decode({"old_password": "", "new_password": ""}, call.body)
    refuse_if(call.ids[0] != call.user["id"], f"{prefix}users can only change their own password")
    person = call.state.local_users.get(call.ids[0], {"password": None})
    refuse_if(person["password"] != body["old_password"], f"{prefix}current password is incorrect")
    person["password"] = body["new_password"]
    return {}


def approve_user(call: Call) -> Row:
    """Let in a person who waits for it."""
    row = find_user(call)
    refuse_if(not row["pending_approval"], f"user {row['id']} is not pending approval")
    row.update(is_blocked=False, pending_approval=False)
    return show_user(call, row)


def delete_user(call: Call) -> Row:
    """Delete a user and their tokens, at an outside provider too; groups that came from a login stay."""
    row = find_user(call)
    refuse_if(row is call.user, "self deletion is not allowed")
    refuse_if(row["role"] == "owner", "unable to delete a user: user is owner")
    if call.state.delete_outside is not None and not row["is_service_user"]:
        call.state.delete_outside(row["id"])
    with call.state.lock:
        return forget_user(call, row)


def forget_user(call: Call, row: Row) -> Row:
    """Take a user out of the account."""
    call.state.deleted_tokens |= {each["secret"] for each in call.account.tokens.values() if each["user"] == row["id"]}
    call.account.tokens = {k: v for k, v in call.account.tokens.items() if v["user"] != row["id"]}
    call.state.local_users.pop(row["id"], None)
    del call.account.users[row["id"]]
    return {}


def reject_user(call: Call) -> Row:
    """Delete a person who waits to be let in."""
    row = find_user(call)
    refuse_if(not row["pending_approval"], f"user {row['id']} is not pending approval")
    return forget_user(call, row)


# tokens


def token_owner(call: Call) -> Row:
    """Return the user whose tokens the path names: the caller, or a service user for those with rights."""
    row = find_user(call)
    if row is not call.user and not (call.user["role"] in POWERFUL and row["is_service_user"]):
        raise Refused(403, "admin role required to perform this action")
    return row


def show_token(row: Row) -> Row:
    """Show a token without its text."""
    shown = {key: row[key] for key in ("created_at", "created_by", "expiration_date", "id", "name")}
    return shown | ({"last_used": row["last_used"]} if row["last_used"] else {})


def tokens(call: Call) -> list[Row] | None:
    """List a user's tokens; null where there are none (measured)."""
    user_id = token_owner(call)["id"]
    return [show_token(row) for row in call.account.tokens.values() if row["user"] == user_id] or None


def find_token(call: Call) -> Row:
    """Return the token that the path names."""
    user_id = token_owner(call)["id"]
    row = call.account.tokens.get(call.ids[1])
    if row is None or row["user"] != user_id:
        raise Refused(404, f"pat: {call.ids[1]} not found")
    return row


def create_token(call: Call) -> Row:
    """Make a token; the answer is the only one with its text."""
    user_id = token_owner(call)["id"]
    body = decode({"name": "", "expires_in": 0}, call.body)
    refuse_if(not body["name"], "token name can't be empty")
    refuse_if(not 1 <= body["expires_in"] <= 365, "expiration has to be between 1 and 365")
    row, plain = call.account.add_token(user_id, body["name"], body["expires_in"], call.user["id"])
    return {"personal_access_token": show_token(row), "plain_token": plain}


def delete_token(call: Call) -> Row:
    """Delete a token."""
    row = find_token(call)
    call.state.deleted_tokens.add(row["secret"])
    del call.account.tokens[row["id"]]
    return {}


# the rest


def dns_settings(call: Call) -> Row:
    """Show or replace the settings of DNS."""
    if call.method == "PUT":
        body = decode({"disabled_management_groups": list}, call.body)
        if body["disabled_management_groups"] is None:
            raise Refused(404, f"account not found: {call.account.id}")
        refuse_unknown(call.account, body["disabled_management_groups"])
        call.account.dns_settings = body
    return copy.deepcopy(call.account.dns_settings)


def providers(call: Call) -> list[Row]:
    """List the identity providers, without the local one."""
    return [connectors.show(row) for row in call.state.connectors.values()]


def delete_provider(call: Call) -> Row:
    """Delete an identity provider."""
    connectors.delete(call.state, call.ids[0])
    return {}


def locations(call: Call) -> Any:
    """Say that there is no database of places, as on the recorded server."""
    help_page = "https://docs.netbird.io/selfhosted/geo-support"
    more = f". Check the self-hosted geo database documentation at {help_page}" if call.ids else ""
    raise Refused(412, "geo location database is not initialized" + more)


def everywhere(kind: str, show: Show) -> Callable[[Call], list[Any]]:
    """List the rows of a kind in all networks."""
    return lambda call: [show(call.account, row, "list") for row in call.account.rows(kind).values()]


def nothing(call: Call) -> list[Row]:
    """List nothing: what only clients bring."""
    return []


def empty_page(call: Call) -> Row:
    """Show a page of a list in which there is nothing."""
    page, size = int(call.query.get("page", 1)), int(call.query.get("page_size", 50))
    return {"data": [], "page": page, "page_size": size, "total_pages": 0, "total_records": 0}


# Lists that are empty where nobody asks a model, with the right that they take.
EMPTY_LISTS = {
    "agent-network/consumption": "agent_network.usage",
    "agent-network/usage/overview": "agent_network.usage",
}
EMPTY_PAGES = {
    "agent-network/access-log-sessions": "agent_network.logs",
    "agent-network/access-logs": "agent_network.logs",
    "events/proxy": "events",
}
IDP = "identity_providers"
ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "instance", instance, anonymous=True),
    Endpoint("GET", "instance/version", version),
    Endpoint("POST", "setup", setup, anonymous=True),
    Endpoint("GET", "accounts", accounts, "accounts"),
    Endpoint("PUT", "accounts/*", update_account),
    Endpoint("DELETE", "accounts/*", delete_account),
    Endpoint("GET", "users", users),
    Endpoint("POST", "users", create_user, "users"),
    Endpoint("GET", "users/current", current_user),
    Endpoint("PUT", "users/*", update_user, "users"),
    Endpoint("DELETE", "users/*", delete_user, "users", waits=True),
    Endpoint("POST", "users/*/invite", invite_user, "users"),
    Endpoint("PUT", "users/*/password", change_password),
    Endpoint("POST", "users/*/approve", approve_user, "users"),
    Endpoint("DELETE", "users/*/reject", reject_user, "users"),
    Endpoint("GET", "users/*/tokens", tokens, "pats"),
    Endpoint("POST", "users/*/tokens", create_token, "pats"),
    Endpoint("GET", "users/*/tokens/*", lambda call: show_token(find_token(call)), "pats"),
    Endpoint("DELETE", "users/*/tokens/*", delete_token, "pats"),
    Endpoint("GET", "identity-providers", providers, IDP),
    Endpoint("POST", "identity-providers", lambda call: connectors.create(call.state, call.body), IDP, waits=True),
    Endpoint("GET", "identity-providers/*", lambda call: connectors.find(call.state, call.ids[0]), IDP),
    Endpoint(
        "PUT",
        "identity-providers/*",
        lambda call: connectors.update(call.state, call.ids[0], call.body),
        IDP,
        waits=True,
    ),
    Endpoint("DELETE", "identity-providers/*", delete_provider, IDP),
    Endpoint("GET", "dns/settings", dns_settings, "dns"),
    Endpoint("PUT", "dns/settings", dns_settings, "dns"),
    Endpoint("GET", "networks/resources", everywhere("resources", show_resource), "networks"),
    Endpoint("GET", "networks/routers", everywhere("routers", without("_parent")), "networks"),
    # UNRECORDED: the rights of lists that are empty (guess)
    *(Endpoint("GET", path, nothing, right) for path, right in EMPTY_LISTS.items()),
    *(Endpoint("GET", path, empty_page, right) for path, right in EMPTY_PAGES.items()),
    Endpoint("GET", "events", lambda call: copy.deepcopy(call.account.events), "events"),
    Endpoint("GET", "events/audit", lambda call: copy.deepcopy(call.account.events), "events"),
    Endpoint("GET", "locations/countries", locations, "policies"),
    Endpoint("GET", "locations/countries/*/cities", locations, "policies"),
)
