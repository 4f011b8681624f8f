# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies behind peers: networks with their resources and routers, and routes.

PRIVATE to this collection. The API is C(/api/networks) and C(/api/routes).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.plan import Operation
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.service import Service
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import Consent, Field, Resource
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.access import policies_naming
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.common import (
    Row,
    address,
    enabled,
    groups,
    ids,
    netbird_kind,
    typed,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.proxies import led_to, services_leading_to

METRIC = 9999
SIDES = ("source_resource", "destination_resource")
# What NetBird takes for a domain, with or without a wildcard; it answers 500 to anything that is neither this nor an address.
DOMAIN = re.compile(r"(\*\.)?([^\W_]([\w-]{0,61}[^\W_])?\.)*[^\W_]([\w-]{0,61}[^\W_])?")


def _takes_resources(service: Service, operation: Operation, plan: Sequence[Operation]) -> str:
    """The policies and the services of the reverse proxy that name what goes with a network."""
    if operation.action != "delete":
        return ""
    taken = [
        typed(row) for row in service.rows_of_kind("network_resource") if row["id"] in (operation.existing["resources"] or [])
    ]
    left = "; ".join(dict.fromkeys(filter(None, (_users(service, plan, each) for each in taken))))
    return f"NetBird would delete its resources too, and leave {left} with one that is not there" if left else ""


def _users(service: Service, plan: Sequence[Operation], resource: str) -> str:
    """The policies and services that name a resource, in words."""
    users = {
        "the policies": policies_naming(service, plan, SIDES, resource),
        "the services": services_leading_to(service, plan, "resource", resource),
    }
    return " and ".join(f"{what} {names}" for what, names in users.items() if names)


NETWORK = netbird_kind(
    "network",
    "networks",
    Field("name", required=True),
    Field("description"),
    derived=("id", "policies", "resources", "routers", "routing_peers_count"),
    consents=(Consent("", _takes_resources),),
    twins=True,
)


def _resource_read(row: Row) -> Row:
    return {**row, "groups": ids(row.get("groups")), "typed": typed(row)}


def _no_address(resource: Mapping[str, Any], _now: Row | None) -> str:
    given = resource["address"] or ""
    if DOMAIN.fullmatch(given):
        return ""
    try:
        ipaddress.ip_interface(given)
    except ValueError:
        return f"{given!r} is no address, range or domain"
    return ""


def _still_named(service: Service, operation: Operation, plan: Sequence[Operation]) -> str:
    if operation.action != "delete":
        return ""
    names = policies_naming(service, plan, SIDES, operation.existing["typed"])
    return f"NetBird would delete it, and leave the policies {names} with a resource that is not there" if names else ""


NETWORK_RESOURCE = netbird_kind(
    "network resource",
    "networks/{network}/resources",
    Field("network", ref="network", required=True),
    Field("name", required=True),
    Field("description"),
    Field("address", needed=True, canonical=address),
    enabled(),
    groups("groups"),
    ref="typed",
    identity=("network", "name"),
    reading=_resource_read,
    derived=("id", "type", "typed"),
    invalid=_no_address,
    consents=(Consent("", _still_named), Consent("", led_to("resource", "typed"))),
)
# All of them in one list, which does not tell their networks.
RESOURCE_BY_NAME = Resource("network resource", "networks/resources", ref="typed", reading=_resource_read)

NETWORK_ROUTER = netbird_kind(
    "network router",
    "networks/{network}/routers",
    Field("network", ref="network", required=True),
    Field("peer", ref="peer"),
    groups("peer_groups"),
    Field("metric", type="int", default=METRIC),
    Field("masquerade", type="bool", default=True),
    enabled(),
    label="network",
    identity=("network", "peer", "peer_groups"),
    constraints={"mutually_exclusive": [("peer", "peer_groups")], "required_one_of": [("peer", "peer_groups")]},
    twins=True,
)


def _route_read(row: Row) -> Row:
    # A route to domains shows a network that it does not have.
    return {**row, "network": "" if row.get("network_type") == "Domain" else row.get("network")}


def _route_sent(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if value or key not in ("network", "domains", "peer", "peer_groups")}


def _route_wrong(route: Mapping[str, Any], _now: Row | None) -> str:
    if not route["network"] and not route["domains"]:
        return "it needs a network or domains"
    return "" if route["groups"] else "it needs groups, whose peers use it"


def _network(value: Any) -> Any:
    """A network as NetBird keeps it, without bits of a host."""
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        return value or ""


ROUTE = netbird_kind(
    "route",
    "routes",
    Field("network_id", required=True),
    Field("description"),
    Field("network", canonical=_network),
    Field("domains", type="list", elements="str", unordered=True, canonical=str.lower),
    Field("peer", ref="peer", canonical=lambda value: value or ""),
    groups("peer_groups"),
    Field("metric", type="int", default=METRIC),
    Field("masquerade", type="bool", default=True),
    groups("groups"),
    Field("keep_route", type="bool"),
    groups("access_control_groups"),
    Field("skip_auto_apply", type="bool"),
    enabled(),
    label="network_id",
    identity=("network_id", "peer", "peer_groups"),
    reading=_route_read,
    sending=_route_sent,
    derived=("id", "network_type"),
    invalid=_route_wrong,
    alternatives=(("network", "domains"),),
    constraints={
        "mutually_exclusive": [("network", "domains"), ("peer", "peer_groups")],
        "required_one_of": [("peer", "peer_groups")],
    },
)
