# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks with their resources and routers, and routes: checks, what is made up, how they are shown."""

from __future__ import annotations

import copy
import ipaddress
import re

from .objects import below, drop_below, leads_to, minimum, refuse_if, refuse_unknown, strings, taken
from .state import Account, Refused, Row

LABEL = r"[^\W_]([\w-]*[^\W_])?"
DOMAIN = re.compile(rf"(\*\.)?({LABEL}\.)*{LABEL}")
MOST_DOMAINS = 32
# What a route to domains shows in place of a network.
NO_NETWORK = "192.0.2.0/32"


def show_network(account: Account, row: Row, how: str) -> Row:
    """Show a network: [] or null for nothing depends on the request (measured)."""
    resources = [each["id"] for each in below(account, "resources", row)]
    routers = below(account, "routers", row)
    peers = [peer for router in routers for peer in routing_peers(account, router)]
    return copy.deepcopy(row) | {
        "policies": [],
        "resources": resources or ([] if how == "create" else None),
        "routers": [each["id"] for each in routers] or ([] if how in ("create", "list") else None),
        "routing_peers_count": len(peers),
    }


def routing_peers(account: Account, router: Row) -> list[str]:
    """Return the peers that a router stands for."""
    groups = [account.groups[each] for each in router["peer_groups"] or [] if each in account.groups]
    return [router["peer"]] if router["peer"] else [peer for group in groups for peer in group["peers"]]


def free_network(account: Account, row: Row) -> None:
    """Delete a network's resources and routers with it."""
    for resource in below(account, "resources", row):
        free_resource(account, resource)
    drop_below(account, "resources", row)
    drop_below(account, "routers", row)


def address(text: str) -> tuple[str, str]:
    """Return an address as the server keeps it, and its type: host, subnet or domain."""
    try:
        network = ipaddress.ip_interface(text)
    except ValueError:
        if not DOMAIN.fullmatch(text):
            raise Refused(500, "internal server error") from None
        return text, "domain"
    return str(network), "host" if network.network.num_addresses == 1 else "subnet"


def check_resource(account: Account, row: Row, old: Row | None) -> None:
    """Refuse a name that is taken; an address that is none is an error of the server's (measured)."""
    prefix = f"failed to {'update' if old else 'create'} network resource: "
    row["address"], row["type"] = address(row["address"])
    message = "new resource name already exists" if old else f"resource with name {row['name']} already exists"
    refuse_if(taken(account, "resources", row), prefix + message)
    for group in strings(row["groups"]):
        unknown = f"failed to add resource to group: error adding resource to group: group: {group} not found"
        refuse_if(group not in account.groups, prefix + unknown, 404)


def build_resource(account: Account, row: Row, body: Row, old: Row | None) -> None:
    """Put the resource into its groups, which is where the server keeps that."""
    free_resource(account, row)
    for group in row.pop("groups"):
        account.groups[group]["resources"].append({"id": row["id"], "type": row["type"]})


def free_resource(account: Account, row: Row) -> None:
    """Take a resource out of every group."""
    for group in account.groups.values():
        group["resources"] = [each for each in group["resources"] if each["id"] != row["id"]]


def delete_resource(account: Account, row: Row) -> None:
    """Refuse to delete a resource that a service of the reverse proxy leads to."""
    for service in account.rows("services").values():
        refuse_if(leads_to(service, row["id"]), f"resource {row['id']} is in use by proxy {service['id']}", 412)
    free_resource(account, row)


def show_resource(account: Account, row: Row, how: str) -> Row:
    """Show a resource with the groups that it is in."""
    groups = [g["id"] for g in account.groups.values() if any(each["id"] == row["id"] for each in g["resources"])]
    return {k: v for k, v in row.items() if k != "_parent"} | {"groups": minimum(account, groups, of_resource=True) or None}


def check_router(account: Account, row: Row, old: Row | None) -> None:
    """Refuse a router that is not exactly one of a peer and groups of peers; a new one is enabled unless told otherwise."""
    refuse_if(row["peer"] and row["peer_groups"], "peer and peer_groups cannot be set at the same time", 400)
    refuse_if(not row["peer"] and not row["peer_groups"], "either peer or peer_groups must be provided", 400)
    if row["enabled"] is None:
        row["enabled"] = old is None


# routes


def check_route(account: Account, row: Row, old: Row | None) -> None:
    """Refuse a route to nowhere, through nobody or for nobody, and a second one to the same network through the same peers."""
    refuse_if(row["domains"] is not None and row["network"] is not None, "only one of 'network' or 'domains' should be provided")
    refuse_if(row["domains"] is None and row["network"] is None, "either 'network' or 'domains' should be provided")
    refuse_if(
        row["peer"] is not None and row["peer_groups"] is not None, "only one of 'peer' or 'peer_groups' should be provided"
    )
    refuse_if(not row["peer"] and not row["peer_groups"], "either 'peer' or 'peer_groups' should be provided")
    if row["domains"] is not None:
        row["domains"] = domains(strings(row["domains"]))
        row["network"] = NO_NETWORK
    else:
        try:
            refuse_if("/" not in row["network"], f"invalid network {row['network']}")
            row["network"] = str(ipaddress.ip_network(row["network"], strict=False))
        except ValueError:
            raise Refused(422, f"invalid network {row['network']}") from None
    refuse_if(row["peer"] and row["peer"] not in account.rows("peers"), f"peer with id {row['peer']} not found")
    refuse_if(not 1 <= row["metric"] <= 9999, "metric should be between 1 and 9999")
    refuse_if(not 1 <= len(row["network_id"]) <= 40, "identifier should be between 1 and 40 characters")
    refuse_if(not row["groups"], "the list of group IDs should not be empty")
    for name in ("groups", "peer_groups", "access_control_groups"):
        refuse_unknown(account, strings(row[name]))
    refuse_second(account, row)


def domains(wanted: list[str]) -> list[str]:
    """Return domains as the server keeps them."""
    before = "invalid domains: "
    refuse_if(not wanted, before + "domains list is empty")
    refuse_if(len(wanted) > MOST_DOMAINS, f"{before}domains list exceeds maximum allowed domains: {MOST_DOMAINS}")
    for each in wanted:
        refuse_if(not DOMAIN.fullmatch(each), f"{before}invalid domain format: {each}")
    return [each.lower() for each in wanted]


def refuse_second(account: Account, row: Row) -> None:
    """Refuse a route to where the peers that route have one already."""
    if row["domains"] is not None:
        return
    for other in account.rows("routes").values():
        if other["id"] == row["id"] or other["network"] != row["network"] or other["domains"] is not None:
            continue
        before = f"failed to add route with prefix {row['network']} -"
        there = [other["peer"], *(peer for group in other["peer_groups"] or [] for peer in account.groups[group]["peers"])]
        refuse_if(row["peer"] and row["peer"] in there, f"{before} peer {row['peer']} already has this route", 409)
        for group in row["peer_groups"] or []:
            twice = group in (other["peer_groups"] or [])
            refuse_if(twice, f"{before} peer group {account.groups[group]['name']} already has this route", 409)


def build_route(account: Account, row: Row, body: Row, old: Row | None) -> None:
    """The type of the network follows from the network."""
    if row["domains"] is not None:
        row["network_type"] = "Domain"
    else:
        row["network_type"] = "IPv6" if ":" in row["network"] else "IPv4"


def show_route(account: Account, row: Row, how: str) -> Row:
    """Show a route; groups that route or stand for it are shown where they were said."""
    unsaid = [name for name in ("peer_groups", "access_control_groups") if row[name] is None]
    return {name: copy.deepcopy(value) for name, value in row.items() if name not in unsaid} | {"peer": row["peer"] or ""}
