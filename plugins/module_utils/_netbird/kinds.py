# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetBird's kinds of objects, by the name under which documents and references have them.

PRIVATE to this collection. The order is that of a plan: what others refer to comes first.
"""

from __future__ import annotations

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import Resource
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.access import (
    GROUP,
    POLICY,
    POSTURE_CHECK,
    SETUP_KEY,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.account import ACCOUNT_SETTINGS
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.agents import (
    AGENT_NETWORK_BUDGET_RULE,
    AGENT_NETWORK_GUARDRAIL,
    AGENT_NETWORK_POLICY,
    AGENT_NETWORK_PROVIDER,
    AGENT_NETWORK_SETTINGS,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.dns import (
    DNS_RECORD,
    DNS_SETTINGS,
    DNS_ZONE,
    NAMESERVER_GROUP,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.networks import (
    NETWORK,
    NETWORK_RESOURCE,
    NETWORK_ROUTER,
    RESOURCE_BY_NAME,
    ROUTE,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.people import (
    PEER,
    TOKEN,
    USER,
    USER_INVITE,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.proxies import (
    REVERSE_PROXY_CLUSTER,
    REVERSE_PROXY_DOMAIN,
    REVERSE_PROXY_SERVICE,
    REVERSE_PROXY_TOKEN,
)

KINDS: dict[str, Resource] = {
    "group": GROUP,
    "peer": PEER,
    "user": USER,
    "user_invite": USER_INVITE,
    "token": TOKEN,
    "setup_key": SETUP_KEY,
    "posture_check": POSTURE_CHECK,
    "network": NETWORK,
    "network_resource": NETWORK_RESOURCE,
    "network_router": NETWORK_ROUTER,
    "route": ROUTE,
    "policy": POLICY,
    "nameserver_group": NAMESERVER_GROUP,
    "dns_zone": DNS_ZONE,
    "dns_record": DNS_RECORD,
    "reverse_proxy_token": REVERSE_PROXY_TOKEN,
    "reverse_proxy_domain": REVERSE_PROXY_DOMAIN,
    "reverse_proxy_service": REVERSE_PROXY_SERVICE,
    "agent_network_settings": AGENT_NETWORK_SETTINGS,
    "agent_network_provider": AGENT_NETWORK_PROVIDER,
    "agent_network_guardrail": AGENT_NETWORK_GUARDRAIL,
    "agent_network_policy": AGENT_NETWORK_POLICY,
    "agent_network_budget_rule": AGENT_NETWORK_BUDGET_RULE,
    "dns_settings": DNS_SETTINGS,
    "account_settings": ACCOUNT_SETTINGS,
}
# What names stand for. Of what lies in networks one list has all, so that a name costs no request for each network.
REFERENCES: dict[str, Resource] = {
    **KINDS,
    "network_resource": RESOURCE_BY_NAME,
    "network_router": Resource("network router", "networks/routers", id="id", ref="id", by=("id",)),
    "reverse_proxy_cluster": REVERSE_PROXY_CLUSTER,
    "connector": Resource("identity provider", "identity-providers", id="id", ref="id", since="0.62.0"),
}
