# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is there: users with their invites and tokens, and peers.

PRIVATE to this collection. The API is C(/api/users) and C(/api/peers).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.plan import Operation
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.service import Service
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import Consent, Endpoint, Field
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.access import policies_naming
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.common import (
    Row,
    expired,
    groups,
    netbird_kind,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.proxies import led_to

# The first one is a person's alone.
ROLES = ("owner", "admin", "user", "auditor", "network_admin", "billing_admin")


def _user_read(row: Row) -> Row:
    name = row["name"] if row["is_service_user"] or not row["email"] else row["email"]
    return {**row, "user": name, "approved": not row["pending_approval"]}


def _user_sent(body: dict[str, Any]) -> dict[str, Any]:
    """A new user's address or name; what exists has neither in what is sent."""
    sent = {key: value for key, value in body.items() if key != "user"}
    if "user" in body:
        sent["name" if body.get("is_service_user") else "email"] = body["user"]
    return sent


def _hands_over(_service: Service, operation: Operation, _plan: Sequence[Operation]) -> str:
    if operation.current is None or operation.values.get("role") != "owner":
        return ""
    return "NetBird has one owner: whoever is now becomes an administrator"


def _user_wrong(user: Mapping[str, Any], now: Row | None) -> str:
    if now is None and user["is_service_user"] and user["name"] not in (None, user["user"]):
        return "a service user has no name beside the one in the option user"
    back = user["approved"] is False and (now is None or now["approved"])
    return "nobody can take an approval back; is_blocked keeps somebody out" if back else ""


USER = netbird_kind(
    "user",
    "users",
    Field("user", required=True),
    Field("name", fixed=True),
    Field("role", choices=ROLES, needed=True),
    groups("auto_groups", default=[]),
    Field("is_blocked", type="bool"),
    Field("is_service_user", type="bool", fixed=True, default=False),
    Field("approved", type="bool", in_body=False, endpoint=Endpoint("users/{id}/approve", "approved")),
    label="user",
    identity=("user",),
    by=("user", "id"),
    whole=("role", "auto_groups", "is_blocked"),
    reading=_user_read,
    sending=_user_sent,
    tells=("password",),
    twins=True,
    invalid=_user_wrong,
    consents=(Consent("transfer_ownership", _hands_over),),
)
USER_INVITE = netbird_kind(
    "invite",
    "users/invites",
    Field("email", required=True),
    Field("name", needed=True, fixed=True),
    Field("role", choices=ROLES[1:], needed=True, fixed=True),
    groups("auto_groups", fixed=True),
    Field("expires_in", type="int", readable=False, on_create=True),
    since="0.64.2",
    label="email",
    identity=("email",),
    by=("email",),
    spent=lambda row, days: expired(row["expires_at"], days),
    unique=True,
    tells=("invite_token",),
)


def _token_read(row: Row) -> Row:
    """A token; the answer to its creation has it within, beside its text."""
    return {**row, **row.get("personal_access_token", {})}


TOKEN = netbird_kind(
    "token",
    "users/{user}/tokens",
    Field("user", ref="user", required=True),
    Field("name", required=True),
    Field("expires_in", type="int", needed=True, readable=False, on_create=True),
    identity=("user", "name"),
    reading=_token_read,
    spent=lambda row, days: expired(row["expiration_date"], days),
    tells=("plain_token",),
)

ADDRESSES = {"ip": ipaddress.IPv4Address, "ipv6": ipaddress.IPv6Address}


def _addresses_wrong(peer: Mapping[str, Any], _now: Row | None) -> str:
    # NetBird changes one address before it refuses the other.
    for name, kind in ADDRESSES.items():
        try:
            if peer[name]:
                kind(peer[name])
        except ValueError:
            return f"{peer[name]!r} is no {name} address"
    return "its name is empty" if peer["name"] == "" else ""


def _takes_policies(service: Service, operation: Operation, plan: Sequence[Operation]) -> str:
    if operation.action != "delete":
        return ""
    names = policies_naming(service, plan, ("source_peer", "destination_peer"), operation.existing["id"])
    return f"NetBird would delete the policies that name it too: {names}" if names else ""


PEER = netbird_kind(
    "peer",
    "peers",
    Field("peer", required=True, readable=False, on_create=True, in_body=False),
    Field("name"),
    Field("ssh_enabled", type="bool"),
    Field("login_expiration_enabled", type="bool"),
    Field("inactivity_expiration_enabled", type="bool"),
    Field("ip"),
    Field("ipv6", since="0.71.0"),
    label="peer",
    identity=("peer",),
    by=("name", "id", "ip", "ipv6", "dns_label"),
    joins=True,
    whole=("name", "ssh_enabled", "login_expiration_enabled", "inactivity_expiration_enabled"),
    invalid=_addresses_wrong,
    consents=(Consent("delete_policies", _takes_policies), Consent("", led_to("peer", "id"))),
)
