# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both servers as their administrator reaches them, and what the suite has there: all of it is named with a prefix."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.service import Authentik
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.context import Context
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import ApiError, Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.service import Service
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.jwt_groups import MARK
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.service import Netbird
from support import ROOT, Servers
from support.modules import call

Row = dict[str, Any]
# Lets a program of NetBird's work for a while; it is given its name or address, a key or a token, and a folder.
Work = Callable[[str, str, Path], AbstractContextManager[None]]
# A server that is new, or busy, takes its time.
TIMEOUT = 60.0
CONNECTION = {"validate_certs": True, "ca_path": None, "timeout": TIMEOUT}

# Where objects of each kind are, and what they are called by; in the order in which they can be removed: a provider after its
# application, a group after its members, a peer after the networks that it leads to.
AUTHENTIK: dict[str, tuple[str, str, str]] = {
    "application": ("core/applications/", "slug", "slug"),
    "provider": ("providers/oauth2/", "name", "pk"),
    "scope mapping": ("propertymappings/provider/scope/", "name", "pk"),
    "flow": ("flows/instances/", "slug", "slug"),
    "token": ("core/tokens/", "identifier", "identifier"),
    "user": ("core/users/", "username", "pk"),
    "group": ("core/groups/", "name", "pk"),
    "role": ("rbac/roles/", "name", "pk"),
    "expression policy": ("policies/expression/", "name", "pk"),
    "password expiry policy": ("policies/password_expiry/", "name", "pk"),
    "certificate": ("crypto/certificatekeypairs/", "name", "pk"),
    "blueprint": ("managed/blueprints/", "name", "pk"),
    "entitlement": ("core/application_entitlements/", "name", "pbm_uuid"),
    "binding": ("policies/bindings/", "pk", "pk"),
    "brand": ("core/brands/", "domain", "brand_uuid"),
}
AGENT_NETWORK, REVERSE_PROXY = "agent-network/", "reverse-proxies/"
NETBIRD: dict[str, tuple[str, str, str]] = {
    "agent network policy": (f"{AGENT_NETWORK}policies", "name", "id"),
    "agent network budget rule": (f"{AGENT_NETWORK}budget-rules", "name", "id"),
    "agent network guardrail": (f"{AGENT_NETWORK}guardrails", "name", "id"),
    "agent network provider": (f"{AGENT_NETWORK}providers", "name", "id"),
    "reverse proxy service": (f"{REVERSE_PROXY}services", "domain", "id"),
    "reverse proxy domain": (f"{REVERSE_PROXY}domains", "domain", "id"),
    "policy": ("policies", "name", "id"),
    "posture check": ("posture-checks", "name", "id"),
    "route": ("routes", "network_id", "id"),
    "nameserver group": ("dns/nameservers", "name", "id"),
    "DNS zone": ("dns/zones", "domain", "id"),
    "network": ("networks", "name", "id"),
    "peer": ("peers", "name", "id"),
    "setup key": ("setup-keys", "name", "id"),
    "identity provider": ("identity-providers", "name", "id"),
    "invite": ("users/invites", "email", "id"),
    "service user": ("users", "name", "id"),
    "user": ("users", "email", "id"),
    "group": ("groups", "name", "id"),
}
QUERIES = {
    "core/applications/": {"superuser_full_list": "true"},
    "core/users/": {"include_groups": "false"},
}
# What changes by itself when people log in or somebody looks.
VOLATILE = re.compile(
    r"last_\w+|updated_at|used_times|connected|cache_count|.*_obj|users_obj|pagination|peers_count|resources_count"
)


@dataclass
class Server:
    """One of the two servers: its URL, an administrator's token, and its API."""

    url: str
    token: str
    api: Service
    kinds: Mapping[str, tuple[str, str, str]]
    _has: dict[str, bool] = field(default_factory=dict)

    def rows(self, kind_or_path: str, **query: Any) -> list[Row]:
        """All objects of a kind, or of a collection of the API."""
        path = self.kinds[kind_or_path][0] if kind_or_path in self.kinds else kind_or_path
        if path.startswith((AGENT_NETWORK, REVERSE_PROXY)) and not self.has(path):
            return []
        return [dict(row) for row in self.api.fresh_rows(path, {**QUERIES.get(path, {}), **query})]

    def has(self, path: str) -> bool:
        """Whether the server is as new as a collection."""
        if path not in self._has:
            try:
                self.api.get(path)
            except ApiError as error:
                if error.status != 404:
                    raise
                self._has[path] = False
            else:
                self._has[path] = True
        return self._has[path]

    def row(self, kind: str, name: str) -> Row:
        """The one object of a kind that has this name."""
        (row,) = (row for row in self.rows(kind) if row[self.kinds[kind][1]] == name)
        return row

    def post(self, path: str, body: Mapping[str, Any]) -> Row:
        return self.api.write("POST", path, body)

    def put(self, path: str, body: Mapping[str, Any]) -> Row:
        return self.api.write("PUT", path, body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Row:
        return self.api.write("PATCH", path, body)

    def delete(self, kind: str, row: Mapping[str, Any]) -> None:
        path, _name, key = self.kinds[kind]
        self.api.write("DELETE", f"{path.rstrip('/')}/{row[key]}{'/' if path.endswith('/') else ''}", None)


def connect_authentik(url: str, token: str) -> Server:
    context = Context({**CONNECTION, "authentik_url": url, "authentik_token": token}, check_mode=False)
    return Server(url.rstrip("/"), token, Authentik(context), AUTHENTIK)


def connect_netbird(url: str, token: str) -> Server:
    context = Context({**CONNECTION, "netbird_url": url, "netbird_token": token}, check_mode=False)
    return Server(url.rstrip("/"), token, Netbird(context), NETBIRD)


def change_account(netbird: Server, **settings: Any) -> None:
    """Change settings of an account, as the role does it: NetBird's API forgets those that are not sent."""
    connection = {"netbird_url": netbird.url, "netbird_token": netbird.token, "timeout": TIMEOUT}
    result = call("netbird_account_settings", {**connection, **settings})
    assert not result.get("failed"), result["msg"]


@dataclass
class Live(Servers):
    """The servers, the prefix of all that the suite makes there, and NetBird's own programs, where given.

    ``join`` lets a client into NetBird with a setup key, ``proxy`` a reverse proxy with a token.

    Playbooks are run as in the other tests; which requests a task made cannot be known here.
    """

    authentik: Any
    netbird: Any
    prefix: str = ""
    infrastructure_files: Path | None = None
    management: Path | None = None
    join: Work | None = None
    proxy: Work | None = None

    @property
    def both(self) -> tuple[()]:  # type: ignore[override]
        """Servers that can be asked for the requests that they got: none."""
        return ()

    def name(self, name: str) -> str:
        return f"{self.prefix}-{name}"

    @property
    def domain(self) -> str:
        """The domain of the people's addresses, which no one else has."""
        return f"{self.prefix}.invalid"

    # What is there

    def own(self) -> list[tuple[Server, str, Row]]:
        """Every object under the prefix, with its server and kind, in the order in which they can be removed."""
        return [
            (server, kind, row)
            for server in (self.netbird, self.authentik)
            for kind, (_path, name, _key) in server.kinds.items()
            for row in server.rows(kind)
            if self._is_own(server, kind, row, str(row[name] or ""))
        ]

    def _is_own(self, server: Server, kind: str, row: Row, name: str) -> bool:
        if kind == "service user" and not row["is_service_user"]:
            return False
        if server is self.netbird and kind in ("user", "invite"):
            return name.endswith(f"@{self.domain}") or (name.startswith(f"{MARK}-") and name in self._seeded())
        if kind == "user" and row["path"].startswith(f"{MARK}/{self.prefix}-"):
            return True
        return kind not in ("binding", "brand") and name.startswith(f"{self.prefix}-")

    def _seeded(self) -> set[str]:
        """The addresses of people whom an interrupted run of netbird_jwt_groups left in authentik."""
        return {row["email"] for row in self.authentik.rows("user") if row["path"].startswith(f"{MARK}/{self.prefix}-")}

    def listed(self) -> list[str]:
        """The same for people."""
        return [f"{server.api.name}: {kind} {row[server.kinds[kind][1]]}" for server, kind, row in self.own()]

    def inventory(self) -> dict[str, Any]:
        """All objects of both servers and the account's settings, without what changes by itself."""
        found: dict[str, Any] = {
            f"{server.api.name} {kind} {row[key]}": stable(row)
            for server in (self.authentik, self.netbird)
            for kind, (_path, _name, key) in server.kinds.items()
            for row in server.rows(kind)
        }
        return {**found, "settings": self.settings()}

    def settings(self) -> Row:
        """The settings of the NetBird account."""
        (account,) = self.netbird.rows("accounts")
        return dict(account["settings"])

    def brand(self) -> Row:
        """authentik's default brand."""
        (brand,) = (row for row in self.authentik.rows("brand") if row["default"])
        return brand

    # What the whole server has once is remembered, in a file too, so that it can be put back after a crash

    @property
    def _memory(self) -> Path:
        servers = hashlib.sha256(f"{self.authentik.url} {self.netbird.url}".encode()).hexdigest()
        return ROOT / ".build/live" / f"{self.prefix}-{servers[:8]}.json"

    def remember(self) -> None:
        brand = self.brand()
        (account,) = self.netbird.rows("accounts")
        (dns,) = self.netbird.rows("dns/settings")
        kept = {
            "account": {name: account[name] for name in ("id", "settings")},
            "dns": dns,
            "brand": {name: brand[name] for name in ("brand_uuid", "flow_device_code")},
        }
        self._memory.parent.mkdir(parents=True, exist_ok=True)
        self._memory.write_text(json.dumps(kept))

    def make_fresh(self) -> None:
        """Let these settings be what they are on new servers."""
        self.set(jwt_groups_enabled=False, jwt_groups_claim_name="", jwt_allow_groups=[], user_approval_required=True)
        self.authentik.patch(f"core/brands/{self.brand()['brand_uuid']}/", {"flow_device_code": None})

    def remembered(self) -> Row:
        """What an earlier run remembered of these servers and did not put back."""
        return json.loads(self._memory.read_text()) if self._memory.exists() else {}

    def set(self, **settings: Any) -> None:
        """Change settings of the NetBird account."""
        change_account(self.netbird, **settings)

    def take_back(self) -> None:
        """Remove every object under the prefix, and put back what was remembered; say at the end what could not be."""
        before = self.remembered()
        trouble: list[str] = []
        if before:
            account, brand = before["account"], before["brand"]
            _each(trouble, lambda: self.netbird.put(f"accounts/{account['id']}", {"settings": account["settings"]}))
            _each(trouble, lambda: self.netbird.put("dns/settings", before["dns"]))
            _each(
                trouble,
                lambda: self.authentik.patch(
                    f"core/brands/{brand['brand_uuid']}/", {"flow_device_code": brand["flow_device_code"]}
                ),
            )
        for server, kind, row in self.own():
            _each(trouble, lambda server=server, kind=kind, row=row: server.delete(kind, row))
        trouble += [f"is still there: {line}" for line in self.listed()]
        assert not trouble, "\n".join(["Not everything could be taken back:", *trouble])
        self._memory.unlink(missing_ok=True)


def _each(trouble: list[str], step: Callable[[], object]) -> None:
    """Go on with the next step when one fails."""
    try:
        step()
    except ApiError as error:
        # What belonged to something went with it.
        if error.status != 404:
            trouble.append(str(error))
    except Failure as error:
        trouble.append(str(error))


def stable(value: Any) -> Any:
    """A row without what changes by itself; lists of ids in one order."""
    if isinstance(value, Mapping):
        return {name: stable(inner) for name, inner in value.items() if not VOLATILE.fullmatch(name)}
    if isinstance(value, list):
        return sorted((stable(inner) for inner in value), key=lambda inner: json.dumps(inner, sort_keys=True, default=str))
    # NetBird answers with one or the other for the same empty list.
    return [] if value is None else value


def difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """What is not the same in two inventories: server, kind and id of each object."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def kinds(objects: Iterable[str]) -> list[str]:
    """The server and the kind of each object of an inventory."""
    return [name.rpartition(" ")[0] for name in objects]


def names(rows: Iterable[Mapping[str, Any]], key: str = "name") -> list[str]:
    return sorted(str(row[key]) for row in rows)
