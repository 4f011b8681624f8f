# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stand-in keeps: plain rows in tables, as authentik's database would, and the sessions that don't last."""

from __future__ import annotations

import copy
import hashlib
import secrets
import string
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]
Table = dict[Any, Row]

# The release and, as the servers that were recorded named themselves, its version string. None before 2025.10 was.
# Two servers of 2026.5 were recorded: the release candidate, and the release, which knows a provider's `grant_types`.
VERSIONS = {
    "2024.10": "2024.10.5",
    "2024.12": "2024.12.5",
    "2025.10": "2025.10.0-rc1",
    "2026.5": "2026.5.0-rc1",
    "2026.5.0": "2026.5.0",
    "2026.8": "2026.8.0",
}
GRANTS_NAMED = "2026.5.0"  # since then a provider names the grants that it may be used with
TABLES = (
    "users",
    "groups",
    "roles",
    "flows",
    "certificates",
    "blueprints",
    "mappings",
    "providers",
    "applications",
    "entitlements",
    "policies",
    "bindings",
    "brands",
    "tokens",
)
# What names a row to a person, for a snapshot without made-up ids.
NATURAL = {
    "users": "username",
    "flows": "slug",
    "applications": "slug",
    "brands": "domain",
    "tokens": "identifier",
}
MADE_UP = frozenset(
    {
        "pk",
        "num_pk",
        "uuid",
        "brand_uuid",
        "pbm_uuid",
        "policybindingmodel_ptr_id",
        "date_joined",
        "last_login",
        "last_updated",
        "last_applied",
        "password_change_date",
        "expires",
        "stages",
        "cache_count",
    }
)


# How far the clock of every server in this process is ahead of the real one: a test that waits moves it instead.
ahead = timedelta()


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC) + ahead


def stamp(moment: datetime | None = None) -> str:
    """Write a time as authentik's API does."""
    return (moment or now()).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def new_id() -> str:
    """Make an id as authentik's uuid columns do."""
    return str(uuid.uuid4())


def is_uuid(value: object) -> bool:
    """Say whether Django's UUID field would take this value."""
    try:
        uuid.UUID(str(value))
    except ValueError:
        return False
    return True


def user_columns() -> Row:
    """Return the columns that the server fills in for a new user, who has no password yet."""
    at = now()
    return {
        "date_joined": stamp(at),
        "uuid": new_id(),
        "password_change_date": stamp(at + timedelta(milliseconds=1)),
        "last_updated": stamp(at + timedelta(milliseconds=2)),
        "password": None,
    }


def group_number(pk: str) -> int:
    """Return the number that goes with a group's id: the first five digits of it."""
    return int(str(uuid.UUID(pk).int)[:5])


@dataclass
class Session:
    """A browser's session: who is logged in, by which login, and which flow is under way.

    ``renewed`` is the login that a client did not want to rely on (``prompt=login``).
    """

    key: str = field(default_factory=lambda: secrets.token_hex(16))
    user: int | None = None
    auth_time: int = 0
    login: str = ""
    renewed: str | None = None
    application: str | None = None
    plan: dict[str, Any] | None = None

    @property
    def sid(self) -> str:
        """What tokens say of the session."""
        return hashlib.sha256(self.key.encode()).hexdigest()


@dataclass
class Settings:
    """What an administrator can change about the stages of the login; the defaults are a fresh install's.

    ``not_configured_action`` is what happens to a person without an authenticator (skip, deny or configure), and
    ``configuration_stages`` which kinds they may set up then; ``last_auth_threshold`` is in seconds.
    """

    pretend_user_exists: bool = True
    restart_with_context: bool = False
    remember_me: bool = False
    not_configured_action: str = "skip"
    configuration_stages: tuple[str, ...] = ()
    last_auth_threshold: int = 0


@dataclass
class State:
    """All rows of one server. Tests may read and change the tables; rows are the dicts that the API's answers come from."""

    version: str
    admin_token: str
    # True when the identification stage asks for the password as well (`password_fields` in its challenge).
    password_fields: bool = False
    users: Table = field(default_factory=dict)
    groups: Table = field(default_factory=dict)
    roles: Table = field(default_factory=dict)
    flows: Table = field(default_factory=dict)
    certificates: Table = field(default_factory=dict)
    blueprints: Table = field(default_factory=dict)
    # Seconds until a worker has done what it was asked to.
    worker_takes: float = 0.0
    mappings: Table = field(default_factory=dict)
    providers: Table = field(default_factory=dict)
    applications: Table = field(default_factory=dict)
    entitlements: Table = field(default_factory=dict)
    policies: Table = field(default_factory=dict)
    bindings: Table = field(default_factory=dict)
    brands: Table = field(default_factory=dict)
    tokens: Table = field(default_factory=dict)
    # Things that a binding can point at and that this stand-in has no table for (stages, notification rules).
    other_targets: set[str] = field(default_factory=set)
    settings: Settings = field(default_factory=Settings)
    # People's authenticators: apps (``totp``) and lists of codes (``static``).
    devices: Table = field(default_factory=dict)
    # The scopes that people consented to, by user and application.
    consents: dict[tuple[int, str], set[str]] = field(default_factory=dict)
    # What follows does not last and is in no snapshot.
    # The version that it says it is, where that is a lie: release candidates, forks and back-ports do so.
    called: str = ""
    sessions: dict[str, Session] = field(default_factory=dict)
    # Whose second factor a browser remembers, by cookie: the user, and until when.
    trusted: dict[str, tuple[int, float]] = field(default_factory=dict)
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    device_codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    # When each address began a device's login.
    device_begins: dict[str, list[float]] = field(default_factory=dict)
    access_tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    refresh_tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    events: Table = field(default_factory=dict)
    generated: set[str] = field(default_factory=set)
    install_id: str = field(default_factory=new_id)
    _numbers: dict[str, int] = field(default_factory=lambda: {"users": 3, "providers": 1, "devices": 1})

    def at_least(self, version: str) -> bool:
        """Say whether this server is of that release or a later one."""
        return _parts(self.version) >= _parts(version)

    def number(self, table: str) -> int:
        """Take the next number of a table whose ids count up."""
        self._numbers[table] += 1
        return self._numbers[table] - 1

    def secret(self, length: int) -> str:
        """Make a secret of letters and digits, and remember that the server made it."""
        made = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))
        self.generated.add(made)
        return made

    def find(self, table: str, **values: Any) -> Row | None:
        """Return the first row of a table with these values."""
        return next(self.where(table, **values), None)

    def where(self, table: str, **values: Any) -> Iterator[Row]:
        """Yield the rows of a table with these values."""
        rows: Table = getattr(self, table)
        return (row for row in list(rows.values()) if all(row.get(key) == value for key, value in values.items()))

    # Who belongs where

    def parents(self, group: Row) -> list[Row]:
        """Return a group and everything above it."""
        found: dict[str, Row] = {}
        waiting = [group["pk"]]
        while waiting:
            pk = waiting.pop()
            if pk not in found and pk in self.groups:
                found[pk] = self.groups[pk]
                waiting += self.groups[pk]["parents"]
        return list(found.values())

    def groups_of(self, user: Row) -> list[Row]:
        """Return the groups that a user is directly in, by name."""
        return sorted((row for row in self.groups.values() if user["pk"] in row["users"]), key=lambda row: row["name"])

    def all_groups_of(self, user: Row) -> list[Row]:
        """Return the groups that a user is in, also through a child group."""
        found = {row["pk"]: row for group in self.groups_of(user) for row in self.parents(group)}
        return list(found.values())

    def is_superuser(self, user: Row) -> bool:
        """Say whether any group makes this user an administrator."""
        return any(group["is_superuser"] for group in self.all_groups_of(user))

    def permissions_of(self, user: Row) -> set[str]:
        """Return the global permissions that the roles of a user give."""
        return {each for role in self._roles_of(user) for each in role["permissions"]}

    def _roles_of(self, user: Row) -> list[Row]:
        """Return the roles of a user and of their groups."""
        roles = set(user["roles"]).union(*(group["roles"] for group in self.all_groups_of(user)))
        return [self.roles[pk] for pk in roles if pk in self.roles]

    def objects_of(self, user: Row, permission: str) -> set[str]:
        """Return the ids of the objects for which the roles of a user give a permission."""
        return {pk for role in self._roles_of(user) for pk in role["objects"].get(permission, [])}

    def expired(self, token: Row) -> bool:
        """Say whether a token is past its time; one that does not expire never is."""
        return bool(token["expiring"] and token["expires"] and token["expires"] < stamp())

    def uid(self, user: Row) -> str:
        """Return the hash that authentik hands out instead of a user's id."""
        return hashlib.sha256(f"{user['pk']}-{self.install_id}".encode()).hexdigest()

    def children(self, group: Row) -> list[str]:
        """Return the groups whose parent this one is."""
        return [row["pk"] for row in self.groups.values() if group["pk"] in row["parents"]]

    def bound(self, binding: Row, user: Row) -> bool:
        """Say whether a binding of a group or a user is for this user; ``negate`` turns it round."""
        groups = {group["pk"] for group in self.all_groups_of(user)}
        matches = binding["group"] in groups if binding["group"] else binding["user"] == user["pk"]
        return matches != bool(binding["negate"])

    def entitlements_of(self, user: Row, application: str) -> list[Row]:
        """Return the entitlements of an application that a user has, directly or through a group, by name.

        UNRECORDED: each as often as there are bindings that give it (authentik's source).
        """
        rows = sorted(self.where("entitlements", app=application), key=lambda row: str(row["name"]))
        enabled = ((row, each) for row in rows for each in self.where("bindings", target=row["pbm_uuid"], enabled=True))
        return [row for row, each in enabled if self.bound(each, user)]

    # Arranging a test

    def add_group(self, name: str, *, superuser: bool = False) -> Row:
        """Add a group."""
        pk = new_id()
        row = {
            "pk": pk,
            "num_pk": group_number(pk),
            "name": name,
            "is_superuser": superuser,
            "parents": [],
            "users": [],
            "attributes": {},
            "roles": [],
        }
        self.groups[pk] = row
        return row

    def add_user(
        self,
        username: str,
        password: str | None = None,
        name: str = "",
        email: str = "",
        groups: Sequence[str] = (),
        superuser: bool = False,
        **more: Any,
    ) -> Row:
        """Add a user, in groups that are made when they don't exist."""
        row = {
            "pk": self.number("users"),
            "username": username,
            "name": name or username,
            "is_active": True,
            "last_login": None,
            "roles": [],
            "email": email,
            "attributes": {},
            "path": "users",
            "type": "internal",
            **user_columns(),
            "password": password,
            **more,
        }
        self.users[row["pk"]] = row
        for each in [*groups, *(["authentik Admins"] if superuser else [])]:
            group = self.find("groups", name=each) or self.add_group(each, superuser=superuser)
            group["users"].append(row["pk"])
        return row

    def add_token(self, identifier: str, user: int, intent: str = "api", key: str | None = None, **more: Any) -> Row:
        """Add a token (`api`) or an app password (`app_password`)."""
        row = {
            "pk": new_id(),
            "managed": None,
            "identifier": identifier,
            "intent": intent,
            "user": user,
            "description": "",
            "expires": None,
            "expiring": True,
            "key": key or self.secret(60),
            **more,
        }
        self.tokens[row["pk"]] = row
        return row

    def add_authenticator(self, user: int, kind: str, secret: str = "", codes: Sequence[str] = ()) -> Row:
        """Add an authenticator app with its secret in base32 (``totp``), or a list of codes (``static``)."""
        row = {
            "pk": self.number("devices"),
            "kind": kind,
            "user": user,
            "secret": secret,
            "codes": list(codes),
            "created": stamp(),
            "last_updated": stamp(),
            "last_used": None,
            "last_step": -1,
            "failures": 0,
            "failed_at": 0.0,
        }
        self.devices[row["pk"]] = row
        return row

    # Looking at the end of a test

    def snapshot(self, *, ids: bool = True) -> dict[str, Any]:
        """Return a copy of everything that lasts: no sessions, codes, issued tokens or logs.

        With ``ids=False`` rows are keyed by their names, references are names and what the server makes up is left
        out, so that the snapshots of two servers can be compared.
        """
        tables = {name: copy.deepcopy(getattr(self, name)) for name in TABLES}
        if ids:
            return {name: {str(pk): row for pk, row in table.items()} for name, table in tables.items()}
        names = self._names()
        found: dict[str, Any] = {}
        for name, table in tables.items():
            rows = [(names[name, pk], self._plain(row, names)) for pk, row in table.items()]
            found[name] = sorted((row for _key, row in rows), key=repr) if name == "bindings" else dict(sorted(rows))
        return found

    def _names(self) -> dict[Any, str]:
        names: dict[Any, str] = dict.fromkeys(self.other_targets, "(no table)")
        for table in TABLES:
            for pk, row in getattr(self, table).items():
                name = str(row.get(NATURAL.get(table, "name"), ""))
                if table == "entitlements":
                    name = f"{self.applications[row['app']]['slug']}/{name}"
                names[table, pk] = name
                if not isinstance(pk, int):
                    names[pk] = name
        return names

    def _plain(self, row: Row, names: dict[Any, str]) -> Row:
        numbered: dict[str, Callable[[Any], Any]] = {
            "user": lambda value: names.get(("users", value), value),
            "users": lambda value: sorted(names.get(("users", each), each) for each in value),
            "provider": lambda value: names.get(("providers", value), value),
        }

        def plain(key: str, value: Any) -> Any:
            if key in numbered:
                return numbered[key](value)
            if isinstance(value, list) and all(isinstance(each, str) for each in value):
                return sorted(names.get(each, each) for each in value)
            if isinstance(value, str):
                return "(generated)" if value in self.generated else names.get(value, value)
            return value

        return {key: plain(key, value) for key, value in row.items() if key not in MADE_UP}


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
