# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reverse proxy: the tokens with which proxies connect, domains that lead to them, and services that they publish.

PRIVATE to this collection. The API is C(/api/reverse-proxies/...) (measured on 0.77.1 with a proxy; facts: reverse proxy).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import ApiError
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.plan import Operation, rows_after
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.service import Service
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import Field, Resource
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.common import (
    Row,
    enabled,
    expired,
    groups,
    listed,
    netbird_kind,
    untyped,
)

REVERSE_PROXY_CLUSTER = Resource(
    "reverse proxy cluster", "reverse-proxies/clusters", id="address", ref="address", by=("address",), since="0.65.0"
)

REVERSE_PROXY_TOKEN = netbird_kind(
    "reverse proxy token",
    "reverse-proxies/proxy-tokens",
    Field("name", required=True),
    Field("expires_in", type="int", readable=False, on_create=True),
    # What is revoked stays in the list, and so does the name.
    since="0.71.0",
    own=lambda row: not row["revoked"],
    spent=lambda row, days: "expires_at" in row and expired(row["expires_at"], days),
    tells=("plain_token",),
    twins=True,
)


def _domain_wrong(domain: Mapping[str, Any], now: Row | None) -> str:
    if now is None and not domain["target_cluster"]:
        return "it needs a target_cluster"
    same = domain["domain"] == domain["target_cluster"]
    return "it is the cluster's own domain, below which services need no other" if same else ""


REVERSE_PROXY_DOMAIN = netbird_kind(
    "reverse proxy domain",
    "reverse-proxies/domains",
    Field("domain", required=True),
    Field("target_cluster", ref="reverse_proxy_cluster", needed=True, fixed=True),
    since="0.65.0",
    label="domain",
    identity=("domain",),
    by=("domain",),
    # The list has the clusters' own domains too.
    own=lambda row: bool(row["type"] == "custom"),
    invalid=_domain_wrong,
)

# What a target leads to, of which one is named, and the types that NetBird has for each.
LEADS_TO = ("peer", "resource", "cluster")
TARGET_OPTIONS: dict[str, Any] = {
    "skip_tls_verify": False,
    "request_timeout": "",
    "session_idle_timeout": "",
    "path_rewrite": "",
    "custom_headers": {},
    "direct_upstream": False,
    "proxy_protocol": False,
}
TARGET: dict[str, Any] = {
    **dict.fromkeys((*LEADS_TO, "host", "path"), ""),
    "protocol": "http",
    "port": 0,
    "enabled": True,
    **TARGET_OPTIONS,
}
PROTOCOLS = {"http": ("http", "https"), "tcp": ("tcp",), "tls": ("tcp",), "udp": ("udp",)}
PORTS = 2**16
NANOSECONDS = {"h": 3600 * 10**9, "ms": 10**6, "m": 60 * 10**9, "s": 10**9, "us": 10**3, "µs": 10**3, "ns": 1}
DURATION = re.compile(rf"(\d+\.?\d*)({'|'.join(NANOSECONDS)})")


def _duration(given: str) -> str:
    """A time as Go reads it, in one form: C(90s) is C(1m30s). What is none stays as it is, for the server to say so."""
    parts = DURATION.findall(given)
    if not parts or "".join(number + unit for number, unit in parts) != given:
        return given
    left = sum(round(float(number) * NANOSECONDS[unit]) for number, unit in parts)
    hours, left = divmod(left, NANOSECONDS["h"])
    minutes, left = divmod(left, NANOSECONDS["m"])
    seconds = f"{left / NANOSECONDS['s']:.9f}".rstrip("0").rstrip(".")
    return f"{hours}h{minutes}m{seconds}s" if hours else f"{minutes}m{seconds}s" if minutes else f"{seconds}s"


def _whole(target: Mapping[str, Any]) -> dict[str, Any]:
    """A target with what it leaves out. NetBird takes none to a cluster that does not go there without a tunnel."""
    found = {**TARGET, **{name: value for name, value in target.items() if value is not None}}
    headers = {name: str(value) for name, value in sorted(found["custom_headers"].items())}
    return {**found, "direct_upstream": found["direct_upstream"] or bool(found["cluster"]), "custom_headers": headers}


def _comparable_target(target: Mapping[str, Any]) -> dict[str, Any]:
    found = _whole(target)
    times = {name: _duration(found[name]) for name in ("request_timeout", "session_idle_timeout")}
    return {name: value for name, value in {**found, **times}.items() if name in ("protocol", "port") or value != TARGET[name]}


def _target_read(target: Row) -> Row:
    kind, named = target["target_type"], target["target_id"]
    place = kind if kind in LEADS_TO else "resource"
    # Of what has an address of its own NetBird shows that.
    host = target.get("host") if kind in ("subnet", "cluster") else ""
    own = {name: target.get(name) for name in ("path", "protocol", "port", "enabled")}
    return {**own, **(target.get("options") or {}), "host": host, place: f"{kind}/{named}" if place == "resource" else named}


def _target_sent(target: Mapping[str, Any]) -> dict[str, Any]:
    found = _whole(target)
    if found["resource"]:
        leads = untyped(found["resource"])
    else:
        kind = "peer" if found["peer"] else "cluster"
        leads = {"id": found[kind], "type": kind}
    return {
        "target_id": leads["id"],
        "target_type": leads["type"],
        **{name: found[name] for name in ("protocol", "port", "enabled")},
        **{name: found[name] for name in ("host", "path") if found[name]},
        "options": {name: found[name] for name in TARGET_OPTIONS if found[name]},
    }


# Ways to prove who one is by a secret that NetBird keeps to itself, by the option that has it.
BY_SECRET = {"password": "password_auth", "pin": "pin_auth"}
RESTRICTIONS = tuple(f"{what}_{which}" for which in ("cidrs", "countries") for what in ("allowed", "blocked"))


def _bearer(value: Mapping[str, Any] | None) -> dict[str, Any]:
    if not value or not value["enabled"]:
        return {}
    return {"enabled": True, "distribution_groups": sorted(value["distribution_groups"] or [], key=str)}


def _restrictions(value: Mapping[str, Any] | None) -> dict[str, Any]:
    said = {name: each for name, each in (value or {}).items() if each and each != "off"}
    return {name: sorted(map(str.upper, each)) if isinstance(each, list) else each for name, each in said.items()}


def _service_read(row: Row) -> Row:
    auth = row.get("auth") or {}
    headers = [each["header"] for each in auth.get("header_auths") or [] if each["enabled"]]
    return {
        **{key: value for key, value in row.items() if key != "auth"},
        "targets": [_target_read(each) for each in row["targets"]],
        **{name: bool((auth.get(name) or {}).get("enabled")) for name in BY_SECRET.values()},
        "bearer_auth": auth.get("bearer_auth"),
        "header_auths": headers,
    }


def _service_sent(body: dict[str, Any]) -> dict[str, Any]:
    """A service as NetBird takes it; a secret that is left empty it keeps, if it has it."""
    sent = {**body, "targets": [_target_sent(each) for each in body["targets"]]}
    auth: dict[str, Any] = {}
    for secret, way in BY_SECRET.items():
        value = sent.pop(secret, None) or ""
        if sent.pop(way, None):
            auth[way] = {"enabled": True, secret: value}
    bearer = _bearer(sent.pop("bearer_auth", None))
    if bearer:
        auth["bearer_auth"] = bearer
    values = sent.pop("header_auth_values", None) or {}
    headers = sent.pop("header_auths", None) or []
    if headers:
        auth["header_auths"] = [{"enabled": True, "header": each, "value": values.get(each, "")} for each in headers]
    return {**sent, "auth": auth}


def _target_wrong(target: Mapping[str, Any], mode: str) -> str:
    named = [name for name in LEADS_TO if target.get(name)]
    if len(named) != 1:
        return f"it has to name one of {', '.join(LEADS_TO)}"
    if target.get("host") and (named == ["peer"] or str(target.get("resource")).startswith(("host/", "domain/"))):
        return f"that {named[0]} has an address of its own, so there is no host"
    # 0 stands for the protocol's own.
    if not 0 <= target["port"] < PORTS:
        return f"{target['port']} is no port"
    plain = PROTOCOLS[mode]
    return "" if target.get("protocol") in plain else f"its protocol has to be {' or '.join(plain)}, as the mode is {mode}"


def _service_wrong(service: Mapping[str, Any], now: Row | None) -> str:
    mode, targets = service["mode"] or "http", service["targets"] or []
    if not targets:
        return "it needs targets"
    wrong = [f"target {number}: {said}" for number, target in enumerate(targets, 1) if (said := _target_wrong(target, mode))]
    if wrong:
        return "; ".join(wrong)
    # NetBird keeps the last two bytes of a number.
    if not 0 <= (service["listen_port"] or 0) < PORTS:
        return f"listen_port is {service['listen_port']}, which is no port"
    if mode != "http" and len(targets) > 1:
        return f"of the mode {mode} it has one target"
    if mode == "tls" and not service["listen_port"]:
        return "of the mode tls it needs a listen_port"
    if mode == "http" and service["listen_port"]:
        return "of the mode http it has no listen_port"
    if service["private"] and not service["access_groups"]:
        return "a private one needs access_groups"
    return _unprotected(service, now or {})


def _unprotected(service: Mapping[str, Any], now: Row) -> str:
    """NetBird takes a password that is empty as it takes any other."""
    for secret, way in BY_SECRET.items():
        if service[way] and not now.get(way) and not service[secret]:
            return f"{way} needs a {secret}, which NetBird does not have yet"
    new = [each for each in service["header_auths"] or [] if each not in (now.get("header_auths") or [])]
    missing = [each for each in new if not (service["header_auth_values"] or {}).get(each)]
    return f"header_auths need header_auth_values of {', '.join(missing)}, which NetBird does not have yet" if missing else ""


REVERSE_PROXY_SERVICE = netbird_kind(
    "reverse proxy service",
    "reverse-proxies/services",
    Field("domain", required=True),
    Field("name", needed=True),
    enabled(),
    Field("mode", choices=tuple(PROTOCOLS), default="http", fixed=True, since="0.67.0"),
    Field("listen_port", type="int", canonical=lambda value: value or 0, since="0.67.0"),
    Field(
        "targets",
        type="list",
        elements="dict",
        needed=True,
        unordered=True,
        canonical=_comparable_target,
        refs={"peer": "peer", "resource": "network_resource", "cluster": "reverse_proxy_cluster"},
        suboptions={
            **{name: {"type": "str"} for name in LEADS_TO},
            "host": {"type": "str"},
            "port": {"type": "int", "required": True},
            "protocol": {"type": "str", "choices": ["http", "https", "tcp", "udp"], "default": "http"},
            "path": {"type": "str"},
            "enabled": {"type": "bool", "default": True},
            **{name: {"type": "bool"} for name, value in TARGET_OPTIONS.items() if value is False},
            "request_timeout": {"type": "str"},
            "session_idle_timeout": {"type": "str"},
            "path_rewrite": {"type": "str", "choices": ["preserve"]},
            "custom_headers": {"type": "dict"},
        },
    ),
    Field("pass_host_header", type="bool"),
    Field("rewrite_redirects", type="bool"),
    Field("private", type="bool", since="0.72.0"),
    groups("access_groups", since="0.72.0"),
    Field("password_auth", type="bool"),
    Field("password", secret=True, readable=False),
    Field("pin_auth", type="bool"),
    Field("pin", secret=True, readable=False),
    Field("header_auths", type="list", elements="str", unordered=True),
    Field("header_auth_values", type="dict", secret=True, readable=False),
    Field(
        "bearer_auth",
        type="dict",
        canonical=_bearer,
        refs={"distribution_groups": "group"},
        suboptions={
            "enabled": {"type": "bool", "default": True},
            "distribution_groups": {"type": "list", "elements": "str", "default": []},
        },
    ),
    Field(
        "access_restrictions",
        type="dict",
        since="0.67.0",
        canonical=_restrictions,
        suboptions={
            **{name: {"type": "list", "elements": "str"} for name in RESTRICTIONS},
            "crowdsec_mode": {"type": "str", "choices": ["off", "observe", "enforce"]},
        },
    ),
    since="0.65.0",
    label="domain",
    identity=("domain",),
    by=("domain",),
    follows=("reverse_proxy_domain",),
    reading=_service_read,
    sending=_service_sent,
    derived=("id", "meta", "terminated", "port_auto_assigned", "proxy_cluster"),
    invalid=_service_wrong,
    constraints={
        "required_by": {
            **{secret: [way] for secret, way in BY_SECRET.items()},
            "header_auth_values": ["header_auths"],
        }
    },
)


def services_leading_to(service: Service, plan: Sequence[Operation], option: str, value: Any) -> str:
    """The services that lead to a peer or a resource once the plan is carried out, as a list of domains."""
    try:
        there = service.rows_everywhere(REVERSE_PROXY_SERVICE)
    except ApiError as error:
        # Servers before the reverse proxy have no such list.
        if error.status != 404:
            raise
        return ""
    rows = rows_after(plan, REVERSE_PROXY_SERVICE, there)
    return listed(row["domain"] for row in rows if value in [target.get(option) for target in row["targets"] or []])


def led_to(option: str, key: str) -> Callable[[Service, Operation, Sequence[Operation]], str]:
    """What keeps an object whose ``key`` services have under ``option`` of their targets: NetBird refuses to remove it (412)."""

    def held(service: Service, operation: Operation, plan: Sequence[Operation]) -> str:
        if operation.action != "delete":
            return ""
        names = services_leading_to(service, plan, option, operation.existing[key])
        return f"the services {names} lead to it, and NetBird would refuse that" if names else ""

    return held
