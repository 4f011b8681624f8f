# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a NetBird server keeps: accounts with their objects, local people, connectors; and the values it makes up."""

from __future__ import annotations

import base64
import copy
import ipaddress
import itertools
import os
import re
import secrets
import string
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]

NEVER = "0001-01-01T00:00:00Z"  # Go's zero time
ROLES = ("owner", "admin", "user", "auditor", "network_admin", "billing_admin")
ADMIN_EMAIL, ADMIN_NAME, ADMIN_PASSWORD = "admin@netbird.company", "Admin", "netbird-admin-password"
SINGLE_ACCOUNT_DOMAIN = "netbird.selfhosted"

EXTRA: Mapping[str, Any] = {
    "network_traffic_logs_enabled": False,
    "network_traffic_logs_groups": None,
    "network_traffic_packet_counter_enabled": False,
    "peer_approval_enabled": False,
    "user_approval_required": False,
}
# What a PUT leaves when it does not name a setting (measured: nothing keeps its value but `extra` and the ranges).
EMPTY_SETTINGS: Mapping[str, Any] = {
    "agent_network_only": False,
    "auto_update_always": False,
    "auto_update_version": "",
    "dns_domain": "",
    "groups_propagation_enabled": False,
    "ipv6_enabled_groups": None,
    "jwt_allow_groups": [],
    "jwt_groups_claim_name": "",
    "jwt_groups_enabled": False,
    "lazy_connection_enabled": False,
    "local_mfa_enabled": False,
    "metrics_push_enabled": False,
    "peer_expose_enabled": False,
    "peer_expose_groups": None,
    "peer_inactivity_expiration": 0,
    "peer_inactivity_expiration_enabled": False,
    "peer_login_expiration": 0,
    "peer_login_expiration_enabled": False,
    "regular_users_view_blocked": False,
    "routing_peer_dns_resolution_enabled": False,
}
FRESH_SETTINGS: Mapping[str, Any] = {
    **EMPTY_SETTINGS,
    "auto_update_version": "disabled",
    "groups_propagation_enabled": True,
    "lazy_connection_enabled": True,
    "peer_inactivity_expiration": 600,
    "peer_login_expiration": 86400,
    "peer_login_expiration_enabled": True,
    "regular_users_view_blocked": True,
    "routing_peer_dns_resolution_enabled": True,
}
DEFAULT_RULE = "This is a default rule that allows connections between all the resources"
_counter = itertools.count(secrets.randbelow(1 << 20))


class Refused(Exception):
    """An answer that is an error: `{"message", "code"}`, the message in lower case unless it is `verbatim`."""

    def __init__(self, status: int, message: str, *, verbatim: bool = False) -> None:
        """Keep the status and the message as the server words it."""
        super().__init__(message)
        self.status, self.message = status, message if verbatim else message.lower()


def now(**later: float) -> str:
    """Return a timestamp as Go prints it, nanoseconds and all."""
    moment = time.time_ns()
    seconds = datetime.fromtimestamp(moment // 10**9, UTC) + timedelta(**later)
    return f"{seconds:%Y-%m-%dT%H:%M:%S}.{moment % 10**9:09d}Z"


def passed(moment: str) -> bool:
    """Tell whether a timestamp lies in the past (Go's zero time stands for never)."""
    return moment != NEVER and moment < now()


def xid() -> str:
    """Return a new id: 12 bytes (time, machine, process, counter) in base32hex."""
    raw = int(time.time()).to_bytes(4, "big") + b"nbx" + (os.getpid() & 0xFFFF).to_bytes(2, "big")
    return base64.b32hexencode(raw + next(_counter).to_bytes(3, "big")).decode().rstrip("=").lower()


def letters(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    """Return a random text."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def subject(user_id: str, connector: str) -> str:
    """Return the subject of a person in the embedded provider: both ids in a protobuf message, base64url."""
    parts = [(0x0A, user_id.encode()), (0x12, connector.encode())]
    raw = b"".join(bytes((tag, len(value))) + value for tag, value in parts)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def user_row(user_id: str, **fields: Any) -> Row:
    """Return a new user, with what every user has unless `fields` says otherwise."""
    row: Row = {
        "id": user_id,
        "email": "",
        "name": "",
        "role": "user",
        "auto_groups": [],
        "is_service_user": False,
        "is_blocked": False,
        "pending_approval": False,
        "issued": "api",
        "last_login": NEVER,
        "idp_id": None,
    }
    return row | fields


FLAGS = (
    "block_inbound",
    "block_lan_access",
    "disable_client_routes",
    "disable_dns",
    "disable_firewall",
    "disable_server_routes",
    "lazy_connection_enabled",
    "rosenpass_enabled",
    "rosenpass_permissive",
    "server_ssh_allowed",
)


def peer_row(name: str, **fields: Any) -> Row:
    """Return a new peer, with what every peer has unless `fields` says otherwise."""
    moment = now()
    row: Row = {
        "id": xid(),
        "name": name,
        "hostname": name,
        "approval_required": False,
        "city_name": "",
        "connected": False,
        "connection_ip": "<nil>",
        "country_code": "",
        "created_at": moment,
        "ephemeral": False,
        "extra_dns_labels": [],
        "geoname_id": 0,
        "inactivity_expiration_enabled": False,
        "kernel_version": "",
        "last_login": moment,
        "last_seen": moment,
        "local_flags": dict.fromkeys(FLAGS, False),
        "login_expiration_enabled": False,
        "login_expired": False,
        "os": "",
        "serial_number": "",
        "ssh_enabled": False,
        "ui_version": "",
        "user_id": "",
        "version": "",
    }
    return row | fields


@dataclass
class Account:
    """One account and everything in it; `objects` holds the rows of every kind of object by kind and id."""

    id: str
    created_by: str
    domain: str
    domain_category: str
    created_at: str = field(default_factory=now)
    onboarding: Row = field(default_factory=lambda: {"onboarding_flow_pending": True, "signup_form_pending": True})
    settings: Row = field(default_factory=lambda: copy.deepcopy(dict(FRESH_SETTINGS)))
    extra: Row = field(default_factory=lambda: {**EXTRA, "user_approval_required": True})
    users: dict[str, Row] = field(default_factory=dict)
    tokens: dict[str, Row] = field(default_factory=dict)
    objects: dict[str, dict[str, Row]] = field(default_factory=dict)
    dns_settings: Row = field(default_factory=lambda: {"disabled_management_groups": []})
    events: list[Row] = field(default_factory=list)
    network_range: str = ""
    network_range_v6: str = ""

    def rows(self, kind: str) -> dict[str, Row]:
        """Return the rows of one kind."""
        return self.objects.setdefault(kind, {})

    @property
    def groups(self) -> dict[str, Row]:
        """Return the groups by id."""
        return self.rows("groups")

    def add_group(self, name: str, issued: str = "api") -> Row:
        """Make a group."""
        row: Row = {"id": xid(), "name": name, "issued": issued, "peers": [], "resources": []}
        self.groups[row["id"]] = row
        return row

    def add_user(self, user_id: str, **fields: Any) -> Row:
        """Make a user."""
        self.users[user_id] = user_row(user_id, **fields)
        return self.users[user_id]

    def add_peer(self, name: str, groups: list[str], **fields: Any) -> Row:
        """Make a peer in the group All and these: with addresses of its own, and a name that is its own in DNS."""
        row = peer_row(name, **fields)
        row.setdefault("ip", self.free_address())
        row.setdefault("ipv6", self.free_v6())
        row["dns_name"] = self.dns_name(row)
        self.rows("peers")[row["id"]] = row
        for group in self.groups.values():
            if group["name"] == "All" or group["id"] in groups:
                group["peers"].append(row["id"])
        if row["user_id"] in self.users:
            self.users[row["user_id"]]["last_login"] = row["last_login"]
        return row

    @property
    def effective_range(self) -> str:
        """Return the network of the peers: the account's own, or the one that its settings name."""
        return str(self.settings.get("network_range", self.network_range))

    def readdress(self) -> None:
        """Give every peer new addresses, as another network does."""
        for row in self.rows("peers").values():
            row.update(ip=self.free_address(), ipv6=self.free_v6())

    def free_v6(self) -> str:
        """Return an IPv6 address of the network."""
        return str(ipaddress.ip_network(self.settings.get("network_range_v6", self.network_range_v6))[secrets.randbits(64)])

    def free_address(self) -> str:
        """Return an address of the network that no peer has."""
        network = ipaddress.ip_network(self.effective_range)
        taken = {row["ip"] for row in self.rows("peers").values()}
        while (address := str(network[1 + secrets.randbelow(network.num_addresses - 2)])) in taken:
            pass
        return address

    def dns_name(self, peer: Row) -> str:
        """Return a peer's name in DNS; the address tells apart those that have one name, and all ephemeral ones."""
        ascii_name = peer["name"].partition(".")[0].lower().encode("punycode" if not peer["name"].isascii() else "ascii")
        label = re.sub(r"[^a-z0-9-]+", "-", ascii_name.decode())[:59]
        if not peer["name"].isascii():
            label = "xn--" + label
        others = {row["dns_name"] for row in self.rows("peers").values() if row["id"] != peer["id"]}
        if not peer["ephemeral"] and label not in others:
            return label
        return "-".join([label, *peer["ip"].split(".")[2:]])

    def add_token(self, user_id: str, name: str, days: int, created_by: str) -> tuple[Row, str]:
        """Make a personal access token; the plain text is in no later answer."""
        plain = "nbp_" + letters(36)
        row: Row = {
            "id": xid(),
            "user": user_id,
            "name": name,
            "created_at": now(),
            "created_by": created_by,
            "expiration_date": now(days=days),
            "last_used": None,
            "secret": plain,
        }
        self.tokens[row["id"]] = row
        return row, plain

    def event(self, activity: str, code: str, initiator: Row, target: str, meta: Row | None = None) -> None:
        """Note something that happened."""
        self.events.insert(
            0,
            {
                "activity": activity,
                "activity_code": code,
                "id": str(len(self.events) + 1),
                "initiator_email": initiator["email"],
                "initiator_id": initiator["id"],
                "initiator_name": initiator["name"],
                "meta": meta or {},
                "target_id": target,
                "timestamp": now(),
            },
        )


class State:
    """Everything one server keeps, and what of its configuration the answers depend on."""

    def __init__(self, *, embedded: bool, version: str, verify: str | bool, setup_pat: bool) -> None:
        """Make a server on which nothing has happened yet."""
        self.lock = threading.RLock()
        self.url = ""
        self.embedded, self.version, self.verify, self.setup_pat = embedded, version, verify, setup_pat
        self.accounts: dict[str, Account] = {}
        self.local_users: dict[str, Row] = {}
        self.connectors: dict[str, Row] = {}
        # identity provider types that a server older than the recorded one does not know
        self.unknown_types: set[str] = set()
        # connectors as they were when they were opened: a later change waits for a restart
        self.opened: dict[str, Row] = {}
        # true where the server's configuration lets nobody log in with a password of NetBird's own
        self.local_auth_disabled = False
        # true where the server was started with another datastore encryption key: no token is valid (measured)
        self.key_lost = False
        # true once the embedded provider waits for its store, which it does until a restart (measured: facts)
        self.stuck = False
        self.sessions: dict[str, dict[str, Row]] = {"requests": {}, "codes": {}, "refresh": {}, "browsers": {}}
        self.log: list[str] = []
        # when the public paths of invites were asked, and tokens that there were: the server knows them by their form
        self.public_requests: list[float] = []
        self.deleted_tokens: set[str] = set()
        self.on_restart: list[Callable[[], None]] = []
        # set where an outside provider keeps the people
        self.delete_outside: Callable[[str], None] | None = None

    @property
    def account(self) -> Account:
        """Return the account that all people share in single-account mode: the first one."""
        return next(iter(self.accounts.values()))

    @property
    def groups(self) -> dict[str, Row]:
        """Return the groups of the first account by id."""
        return self.account.groups

    @property
    def users(self) -> dict[str, Row]:
        """Return the users of the first account by id."""
        return self.account.users

    @property
    def settings(self) -> Row:
        """Return the settings of the first account."""
        return self.account.settings

    def group_names(self) -> dict[str, str]:
        """Return the names of the first account's groups by id."""
        return {row["id"]: row["name"] for row in self.groups.values()}

    def add_account(self, owner: Row, domain: str) -> Account:
        """Make an account with what every new one has: its owner, the group All and the Default policy."""
        account = Account(xid(), owner["id"], domain, "private" if domain else "")
        account.network_range = f"100.{64 + secrets.randbelow(64)}.0.0/16"
        quads = ":".join(f"{0x1000 + secrets.randbelow(0xF000):x}" for _ in range(3))
        account.network_range_v6 = f"fd{secrets.randbelow(256):02x}:{quads}::/64"
        everyone = account.add_group("All")
        account.settings["ipv6_enabled_groups"] = [everyone["id"]]
        policy = xid()
        account.rows("policies")[policy] = {
            "id": policy,
            "name": "Default",
            "description": DEFAULT_RULE,
            "enabled": True,
            "source_posture_checks": None,
            "rules": [
                {
                    "name": "Default",
                    "description": DEFAULT_RULE,
                    "enabled": True,
                    "action": "accept",
                    "bidirectional": True,
                    "protocol": "all",
                    "ports": [],
                    "port_ranges": [],
                    "sources": [everyone["id"]],
                    "destinations": [everyone["id"]],
                }
            ],
        }
        account.users[owner["id"]] = owner
        self.accounts[account.id] = account
        who = {"email": owner["email"], "username": owner["name"]}
        account.event("Account created", "account.create", owner, account.id)
        account.event("User joined", "user.join", owner, owner["id"], who)
        return account

    def add_local_user(self, email: str, name: str, password: str) -> str:
        """Make a person who logs in with a password at the embedded provider; return the user's id."""
        user_id = subject(str(uuid.uuid4()), "local")
        self.local_users[user_id] = {"id": user_id, "email": email, "name": name, "password": password}
        return user_id

    def set_up(self) -> str:
        """Do the first-time set-up with a token, as the recorded server had it; return the token."""
        if self.embedded:
            user_id = self.add_local_user(ADMIN_EMAIL, ADMIN_NAME, ADMIN_PASSWORD)
            owner = user_row(user_id, email=ADMIN_EMAIL, name=ADMIN_NAME, role="owner", idp_id="local")
        else:
            owner = user_row("1", email=ADMIN_EMAIL, name=ADMIN_NAME, role="owner")
        account = self.add_account(owner, SINGLE_ACCOUNT_DOMAIN)
        return self.give_token(account, owner)

    def give_token(self, account: Account, user: Row, name: str = "ansible", days: int = 365) -> str:
        """Make a personal access token and note it; return the plain text."""
        row, plain = account.add_token(user["id"], name, days, user["id"])
        account.event(
            "Personal access token created",
            "personal.access.token.create",
            user,
            row["user"],
            {
                "email": user["email"],
                "is_service_user": "false",
                "name": name,
                "user_name": "",
                "username": user["name"],
            },
        )
        return plain

    def join(self, name: str, *, key: str = "", user: str = "", **client: Any) -> Row:
        """Let a client join with a setup key or as a person; `client` is what it says of itself (os, version, ...).

        UNRECORDED: a person's peer is in the groups of the person, and its login expires (a guess).
        """
        account = self.account
        client = {"os": "Debian GNU/Linux 12", "version": self.version, "connected": True, "connection_ip": "127.0.0.1"} | client
        with self.lock:
            if user:
                groups = account.users[user]["auto_groups"]
                return account.add_peer(name, groups, user_id=user, login_expiration_enabled=True, **client)
            row = next(each for each in account.rows("setup-keys").values() if each["key"] == key)
            row["used_times"] += 1
            row["last_used"] = now()
            return account.add_peer(name, row["auto_groups"], ephemeral=row["ephemeral"], **client)

    def leave(self, peer_id: str) -> None:
        """Let a client disconnect; it stays a peer."""
        with self.lock:
            self.account.rows("peers")[peer_id].update(connected=False, last_seen=now())
            for job in self.account.rows("jobs").values():
                if job["_peer"] == peer_id and job["status"] == "pending":
                    job.update(status="failed", failed_reason="Time out peer disconnected", completed_at=now())

    def find_user(self, user_id: str) -> tuple[Account, Row] | None:
        """Return a user and the account the user is in."""
        for account in self.accounts.values():
            if user_id in account.users:
                return account, account.users[user_id]
        return None

    def restart(self) -> None:
        """Do what a restart of the server does: open every connector anew, read the outside configuration again."""
        with self.lock:
            self.opened.clear()
            self.stuck = False
        for action in self.on_restart:
            action()

    def snapshot(self) -> dict[str, Any]:
        """Return a copy of everything that lasts, without sessions, events and the log."""
        with self.lock:
            accounts = []
            for account in self.accounts.values():
                fields = {key: value for key, value in vars(account).items() if key != "events"}
                fields["tokens"] = {
                    key: {name: item for name, item in row.items() if name != "last_used"} for key, row in account.tokens.items()
                }
                fields["objects"] = {kind: rows for kind, rows in account.objects.items() if rows}
                accounts.append(fields)
            return copy.deepcopy(
                {"accounts": accounts, "local_users": self.local_users, "connectors": self.connectors},
            )
