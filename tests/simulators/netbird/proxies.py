# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reverse proxy: clusters of proxies, their tokens, domains and services. Proxies connect beside the API (`connect`)."""

from __future__ import annotations

import copy
import ipaddress
import re
import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from .endpoints import Call, Endpoint
from .objects import decode, refuse_if, strings
from .state import Account, Refused, Row, letters, now, xid

LONGEST_NAME = 255
PORT_BASED = ("tcp", "udp")
RESOURCE_TYPES = ("host", "domain", "subnet")
# What a cluster can do, as rows of domains show it: of the cluster's own domain, and of one that leads to it.
ABLE = ("require_subdomain", "supports_crowdsec", "supports_custom_ports", "supports_private")
SERVICE = {
    "name": "",
    "domain": "",
    "mode": "",
    "listen_port": 0,
    "enabled": False,
    "private": False,
    "access_groups": [],
    "pass_host_header": False,
    "rewrite_redirects": False,
    "targets": [],
    "auth": {},
    "access_restrictions": {},
}
TARGET = {
    "target_id": "",
    "target_type": "",
    "protocol": "",
    "host": "",
    "port": 0,
    "path": str,
    "enabled": False,
    "options": {},
}
OPTIONS = {
    "skip_tls_verify": False,
    "request_timeout": str,
    "session_idle_timeout": str,
    "path_rewrite": "",
    "custom_headers": {},
    "direct_upstream": False,
    "proxy_protocol": False,
}
# How people prove who they are, and the secret of each way; of `header_auths` there are many.
SECRETS = {"password_auth": "password", "pin_auth": "pin", "header_auths": "value"}
CIDRS = ("allowed_cidrs", "blocked_cidrs")
COUNTRIES = ("allowed_countries", "blocked_countries")
UNITS = {"ns": 1, "us": 1000, "µs": 1000, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
PART = rf"(\d+(?:\.\d*)?)({'|'.join(UNITS)})"
# UNRECORDED: from where to where ports are given (NetBird's source)
PORTS = (10000, 49151)


# clusters: what proxies make by connecting


def connect(account: Account, address: str, *, private: bool = False) -> None:
    """Let a proxy connect that serves an address."""
    account.rows("clusters")[address] = {
        "address": address,
        "connected_proxies": 1,
        "id": f"netbird-proxy-{uuid.uuid4()}",
        "online": True,
        "private": private,
        "require_subdomain": False,
        "supports_crowdsec": False,
        "supports_custom_ports": True,
        "type": "account",
    }
    for row in account.rows("proxy-tokens").values():
        row.setdefault("last_used", now())
        break


def disconnect(account: Account, address: str) -> None:
    """Let a proxy go; what it could do is not known any more."""
    row = account.rows("clusters")[address]
    kept = {key: row[key] for key in ("address", "id", "type")}
    account.rows("clusters")[address] = kept | {"connected_proxies": 0, "online": False}


def online(account: Account) -> list[Row]:
    """Return the clusters that have a proxy."""
    return [row for row in account.rows("clusters").values() if row["online"]]


def clusters(call: Call) -> list[Row]:
    """List the clusters."""
    return copy.deepcopy(list(call.account.rows("clusters").values()))


def delete_cluster(call: Call) -> Row:
    """Delete a cluster, and nothing of what uses it (measured)."""
    refuse_if(call.account.rows("clusters").pop(call.ids[0], None) is None, "cluster not found", 404)
    return {}


# tokens, with which proxies connect


def show_token(row: Row) -> Row:
    """Show a token without its text."""
    return {key: value for key, value in row.items() if key != "plain_token"}


def tokens(call: Call) -> list[Row]:
    """List the tokens, those that were revoked too."""
    return [show_token(row) for row in call.account.rows("proxy-tokens").values()]


def create_token(call: Call) -> Row:
    """Make a token; the answer alone has its text."""
    body = decode({"name": "", "expires_in": 0}, call.body)
    wrong = not 1 <= len(body["name"]) <= LONGEST_NAME
    refuse_if(wrong, f"name is required and must be at most {LONGEST_NAME} characters", 400)
    refuse_if(body["expires_in"] < 0, "expires_in must be non-negative", 400)
    row = {"id": xid(), "name": body["name"], "created_at": now(), "revoked": False, "plain_token": "nbx_" + letters(36)}
    if body["expires_in"]:
        row["expires_at"] = now(seconds=body["expires_in"])
    call.account.rows("proxy-tokens")[row["id"]] = row
    return dict(row)


def revoke_token(call: Call) -> Row:
    """Revoke a token, which stays in the list."""
    row = call.account.rows("proxy-tokens").get(call.ids[0])
    if row is None:
        raise Refused(404, "token not found")
    row["revoked"] = True
    return {}


# domains


def domains(call: Call) -> list[Row]:
    """List the clusters' own domains, which have no id, and those that lead to clusters."""
    account = call.account
    own = [{"domain": each["address"], "id": "", "type": "free", "validated": True, **able(each)} for each in online(account)]
    by_address = {each["address"]: each for each in online(account)}
    custom = []
    for row in account.rows("domains").values():
        cluster = by_address.get(row["target_cluster"])
        known = {} if cluster is None else able(cluster)
        known.pop("require_subdomain", None)
        custom.append(row | known)
    return [*own, *custom]


def able(cluster: Row) -> Row:
    """Return what a cluster can do, as rows of domains have it."""
    return {key: cluster["private" if key == "supports_private" else key] for key in ABLE}


def create_domain(call: Call) -> Row:
    """Make a domain; what its text is is not looked at, and what is wrong is an error of the server's (measured)."""
    body = decode({"domain": "", "target_cluster": ""}, call.body)
    account = call.account
    refuse_if(body["target_cluster"] not in [each["address"] for each in online(account)], "internal server error", 500)
    twice = any(each["domain"] == body["domain"] for each in account.rows("domains").values())
    refuse_if(twice, "create domain in store: failed to create reverse proxy custom domain to store", 500)
    row = {"id": xid(), **body, "type": "custom", "validated": False}
    account.rows("domains")[row["id"]] = row
    return dict(row)


def delete_domain(call: Call) -> None:
    """Delete a domain, and none of its services (measured)."""
    gone = call.account.rows("domains").pop(call.ids[0], None)
    refuse_if(gone is None, f"get domain from store: custom domain {call.ids[0]} not found", 404)


def cluster_of(account: Account, domain: str) -> str:
    """Return the cluster that serves a domain."""
    before = f"could not derive cluster from domain {domain}: "
    refuse_if(not online(account), before + "no proxy clusters available", 412)
    own = [each["address"] for each in online(account) if below(domain, each["address"])]
    custom = [each for each in account.rows("domains").values() if below(domain, each["domain"])]
    refuse_if(not own and not custom, f"{before}domain {domain} does not match any available proxy cluster", 412)
    return str(own[0] if own else max(custom, key=lambda each: len(each["domain"]))["target_cluster"])


def below(domain: str, parent: str) -> bool:
    """Tell whether a domain is another or lies below it."""
    return domain == parent or domain.endswith(f".{parent}")


# services


def services(call: Call) -> list[Row]:
    """List the services."""
    return [show(call.account, row) for row in call.account.rows("services").values()]


def find(call: Call, before: str = "") -> Row:
    """Return the service that the path names."""
    row = call.account.rows("services").get(call.ids[0])
    if row is None:
        raise Refused(404, f"{before}service {call.ids[0]} not found")
    return row


def retrieve(call: Call) -> Row:
    """Show a service."""
    return show(call.account, find(call, "failed to get service: "))


def write(call: Call) -> Row:
    """Make or replace a service; the proxy reports what it has done with it only after the answer."""
    account = call.account
    row = read(call.body)
    check(row)
    old = find(call) if call.method == "PUT" else None
    place(account, row, old)
    for number, each in enumerate(row["auth"].get("header_auths", [])):
        refuse_if(each["enabled"] and not each["value"], f"header_auths[{number}]: value is required")
    account.rows("services")[row["id"]] = row
    shown = show(account, row)
    report(account, row, old)
    return shown


def delete(call: Call) -> Row:
    """Delete a service."""
    del call.account.rows("services")[find(call)["id"]]
    return {}


def read(body: Any) -> Row:
    """Read a body: what it leaves out gets its default."""
    row = decode(SERVICE, body)
    row["mode"] = row["mode"] or "http"
    targets = []
    for number, each in enumerate(row["targets"]):
        target = decode(TARGET, each)
        options = decode(OPTIONS, target["options"])
        for name in ("request_timeout", "session_idle_timeout"):
            options[name] = duration(options[name], f"target {number}: parse {name}")
        targets.append(target | {"options": {key: value for key, value in options.items() if value}})
    auth = row["auth"]
    given = {
        "password_auth": auth.get("password_auth") and decode({"enabled": False, "password": ""}, auth["password_auth"]),
        "pin_auth": auth.get("pin_auth") and decode({"enabled": False, "pin": ""}, auth["pin_auth"]),
        "bearer_auth": auth.get("bearer_auth") and decode({"enabled": False, "distribution_groups": []}, auth["bearer_auth"]),
        "header_auths": [decode({"enabled": False, "header": "", "value": ""}, each) for each in auth.get("header_auths") or []],
    }
    fields: Row = {"crowdsec_mode": "", **{key: [] for key in (*CIDRS, *COUNTRIES)}}
    restrictions = decode(fields, row["access_restrictions"])
    return row | {
        "targets": targets,
        "auth": {name: value for name, value in given.items() if value},
        "access_restrictions": {name: value for name, value in restrictions.items() if value},
    }


def duration(text: str | None, before: str) -> str:
    """Return a time as Go writes it."""
    if not text:
        return ""
    refuse_if(not re.fullmatch(f"({PART})+", text), f'{before} "{text}": time: invalid duration "{text}"')
    left = sum(float(number) * UNITS[unit] for number, unit in re.findall(PART, text)) / UNITS["s"]
    hours, minutes = int(left // 3600), int(left // 60) % 60
    words = f"{left % 60:g}s"
    return f"{hours}h{minutes}m{words}" if hours else f"{minutes}m{words}" if minutes else words


def check(row: Row) -> None:
    """Refuse a service that could not be, before anything else is looked at."""
    refuse_if(not row["name"], "service name is required")
    refuse_if(not row["targets"], "at least one target is required")
    check_restrictions(row["access_restrictions"])
    # UNRECORDED: that a private service is none of the other modes (NetBird's source)
    refuse_if(row["private"] and row["mode"] != "http", f'private services only support http mode, got "{row["mode"]}"')
    refuse_if(row["private"] and not row["access_groups"], "private services require at least one access group")
    enabled = any(each["enabled"] for each in [*row["auth"].values()] if isinstance(each, dict))
    mode = row["mode"]
    if mode == "http":
        refuse_if(not row["domain"], "service domain is required")
        refuse_if(row["listen_port"], "listen_port is not supported for http services")
        for number, target in enumerate(row["targets"]):
            check_target(number, target)
    elif mode in (*PORT_BASED, "tls"):
        refuse_if(enabled, f"auth is not supported for {'tls' if mode == 'tls' else 'tcp/udp'} services")
        refuse_if(mode == "tls" and not row["listen_port"], "listen_port is required for tls services")
        # UNRECORDED: more targets than one (NetBird's source)
        refuse_if(len(row["targets"]) != 1, f"{'tls' if mode == 'tls' else 'tcp/udp'} services must have exactly one target")
        row["targets"][0]["enabled"] = True
    else:
        raise Refused(422, f'unsupported mode "{mode}"')


def check_restrictions(restrictions: Mapping[str, Any]) -> None:
    """Refuse networks and countries that are none."""
    for name in CIDRS:
        for number, given in enumerate(strings(restrictions.get(name))):
            try:
                network = ipaddress.ip_network(given, strict=False)
            except ValueError:
                # UNRECORDED: what is no range (the source of NetBird)
                raise Refused(422, f"{name}[{number}]: netip.ParsePrefix(\"{given}\"): no '/'") from None
            wrong = str(network) != given
            refuse_if(wrong, f'{name}[{number}]: "{given}" has host bits set, use {network} instead')
    for name in COUNTRIES:
        for number, given in enumerate(strings(restrictions.get(name))):
            refuse_if(len(given) != 2, f'{name}[{number}]: "{given}" must be a 2-letter iso 3166-1 alpha-2 code')


def check_target(number: int, target: Row) -> None:
    """Refuse where a service of HTTP could not lead."""
    kind, host = target["target_type"], target["host"]
    if kind == "subnet":
        refuse_if(not host, f'target {number} has empty host but target_type is "{kind}"')
    elif kind == "cluster":
        refuse_if(not target["options"].get("direct_upstream"), f"target {number}: {host} has direct upstream disabled")
    else:
        refuse_if(kind not in ("peer", *RESOURCE_TYPES), f'target {number} has invalid target_type "{kind}"')
    named = [each.lower() for each in target["options"].get("custom_headers", {})]
    refuse_if("host" in named, f"target {number}: use pass_host_header instead of setting host as a custom header")


def place(account: Account, row: Row, old: Row | None) -> None:
    """Find the cluster, and refuse what leads nowhere or is taken."""
    if old is None:
        row |= {"proxy_cluster": cluster_of(account, row["domain"]), "id": xid()}
        row["meta"] = {"created_at": now(), "status": "pending"}
    else:
        moved = old["domain"] != row["domain"]
        row |= {"proxy_cluster": cluster_of(account, row["domain"]) if moved else old["proxy_cluster"], "id": old["id"]}
        row["meta"] = copy.deepcopy(old["meta"])
    for target in row["targets"]:
        check_reference(account, target)
    if old is not None:
        refuse_if(row["mode"] != old["mode"], f'cannot change mode from "{old["mode"]}" to "{row["mode"]}"')
        keep_secrets(row["auth"], old["auth"])
        row["listen_port"] = row["listen_port"] or old["listen_port"]
    others = [each for each in account.rows("services").values() if each["id"] != row["id"]]
    refuse_if(any(each["domain"] == row["domain"] for each in others), "domain already taken", 409)
    row["port_auto_assigned"] = bool(old and old["port_auto_assigned"] and row["listen_port"] == old["listen_port"])
    if row["mode"] in PORT_BASED and not row["listen_port"]:
        row |= {"listen_port": PORTS[0] + secrets.randbelow(PORTS[1] - PORTS[0]), "port_auto_assigned": True}
    for other in others if row["mode"] in PORT_BASED else ():
        if all(other[key] == row[key] for key in ("proxy_cluster", "mode", "listen_port")):
            where = f"on cluster {row['proxy_cluster']}"
            raise Refused(409, f'{row["mode"]} port {row["listen_port"]} is already in use by service "{other["name"]}" {where}')


def check_reference(account: Account, target: Row) -> None:
    """Refuse a peer or a resource that is not there, or is of another type."""
    named, kind = target["target_id"], target["target_type"]
    if kind == "peer":
        refuse_if(named not in account.rows("peers"), f'peer target "{named}" not found in account')
    elif kind in RESOURCE_TYPES:
        resource = account.rows("resources").get(named)
        # UNRECORDED: a resource that is not there (NetBird's source)
        refuse_if(resource is None, f'resource target "{named}" not found in account')
        own = resource and resource["type"]
        refuse_if(own != kind, f'target "{named}" has target_type "{kind}" but resource is of type "{own}"')


def keep_secrets(auth: Row, old: Row) -> None:
    """What is left empty stays as it was, if it was there (NetBird's source; the answer does not tell)."""
    for name in ("password_auth", "pin_auth"):
        secret = SECRETS[name]
        if name in auth and auth[name]["enabled"] and not auth[name][secret] and name in old:
            auth[name][secret] = old[name][secret]
    values = {each["header"].lower(): each["value"] for each in old.get("header_auths", [])}
    for each in auth.get("header_auths", []):
        each["value"] = each["value"] or values.get(each["header"].lower(), "")


def report(account: Account, row: Row, old: Row | None) -> None:
    """Note what the proxy says after a write: a certificate where it serves HTTP below its own domain."""
    cluster = row["proxy_cluster"]
    if cluster not in [each["address"] for each in online(account)]:
        return
    if old is not None and old["enabled"] and not row["enabled"]:
        row["meta"]["status"] = "tunnel_not_created"
        return
    row["meta"]["status"] = "active"
    if row["mode"] == "http" and below(row["domain"], cluster):
        row["meta"]["certificate_issued_at"] = now()


def show(account: Account, row: Row) -> Row:
    """Show a service: targets with the address that they stand for, secrets as nothing, what is empty not at all."""
    shown = copy.deepcopy(row) | {"terminated": False}
    for name in ("access_groups", "access_restrictions"):
        if not row[name]:
            del shown[name]
    for target in shown["targets"]:
        target["host"] = host_of(account, target)
        if target["path"] is None:
            del target["path"]
    for name, secret in SECRETS.items():
        own = shown["auth"].get(name, [])
        for each in own if isinstance(own, list) else [own]:
            each[secret] = ""
    return shown


def host_of(account: Account, target: Row) -> str:
    """Return where a target is: of a peer or a resource, its own address."""
    named, kind = target["target_id"], target["target_type"]
    if kind == "peer" and named in account.rows("peers"):
        return str(account.rows("peers")[named]["ip"])
    if kind in ("host", "domain") and named in account.rows("resources"):
        return str(account.rows("resources")[named]["address"]).partition("/")[0]
    return str(target["host"])


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "reverse-proxies/clusters", clusters, "services"),
    Endpoint("DELETE", "reverse-proxies/clusters/*", delete_cluster, "services"),
    Endpoint("GET", "reverse-proxies/proxy-tokens", tokens, "services"),
    Endpoint("POST", "reverse-proxies/proxy-tokens", create_token, "services"),
    Endpoint("DELETE", "reverse-proxies/proxy-tokens/*", revoke_token, "services"),
    Endpoint("GET", "reverse-proxies/domains", domains, "services"),
    Endpoint("POST", "reverse-proxies/domains", create_domain, "services"),
    Endpoint("DELETE", "reverse-proxies/domains/*", delete_domain, "services", empty=204),
    Endpoint("GET", "reverse-proxies/domains/*/validate", lambda call: None, "services", empty=202),
    Endpoint("GET", "reverse-proxies/services", services, "services"),
    Endpoint("POST", "reverse-proxies/services", write, "services"),
    Endpoint("GET", "reverse-proxies/services/*", retrieve, "services"),
    Endpoint("PUT", "reverse-proxies/services/*", write, "services"),
    Endpoint("DELETE", "reverse-proxies/services/*", delete, "services"),
)
