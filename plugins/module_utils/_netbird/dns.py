# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names: nameserver groups, zones and their records, and where NetBird manages no DNS at all.

PRIVATE to this collection. The API is C(/api/dns).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import Field
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.common import (
    Row,
    enabled,
    groups,
    netbird_kind,
)

MOST_NAMESERVERS = 3


def _nameservers_wrong(group: Mapping[str, Any], _now: Row | None) -> str:
    if not 1 <= len(group["nameservers"] or []) <= MOST_NAMESERVERS:
        return f"it needs one to {MOST_NAMESERVERS} nameservers"
    if group["primary"] and (group["domains"] or group["search_domains_enabled"]):
        return "a primary one answers for every name, so it has no domains, and no search domains"
    if not group["primary"] and not group["domains"]:
        return "it needs domains, or has to be primary"
    return "" if group["groups"] else "it needs groups, whose peers use it"


NAMESERVER_GROUP = netbird_kind(
    "nameserver group",
    "dns/nameservers",
    Field("name", required=True),
    Field("description"),
    Field(
        "nameservers",
        type="list",
        elements="dict",
        suboptions={
            "ip": {"type": "str", "required": True},
            "ns_type": {"type": "str", "choices": ["udp"], "default": "udp"},
            "port": {"type": "int", "default": 53},
        },
    ),
    groups("groups"),
    Field("domains", type="list", elements="str", unordered=True),
    Field("primary", type="bool"),
    Field("search_domains_enabled", type="bool"),
    enabled(),
    invalid=_nameservers_wrong,
)


def _zone_sent(body: dict[str, Any]) -> dict[str, Any]:
    return {"name": body["domain"], **body}


DNS_ZONE = netbird_kind(
    "DNS zone",
    "dns/zones",
    Field("domain", required=True),
    Field("name"),
    groups("distribution_groups", needed=True),
    Field("enable_search_domain", type="bool"),
    enabled(),
    since="0.63.0",
    label="domain",
    identity=("domain",),
    by=("domain", "name"),
    sending=_zone_sent,
    derived=("id", "records"),
)
DNS_RECORD = netbird_kind(
    "DNS record",
    "dns/zones/{zone}/records",
    Field("zone", ref="dns_zone", required=True),
    Field("name", required=True),
    Field("type", choices=("A", "AAAA", "CNAME"), required=True),
    Field("content", required=True),
    Field("ttl", type="int", default=300),
    identity=("zone", "name", "type", "content"),
)
DNS_SETTINGS = netbird_kind(
    "DNS settings",
    "dns/settings",
    groups("disabled_management_groups"),
    label="",
    id="",
    ref="",
    identity=(),
)
