# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the account that a token belongs to.

PRIVATE to this collection. The API is C(/api/accounts): there is one account, and a PUT replaces all of its settings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.plan import Operation
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.service import Service
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import Consent, Field, Resource, get_path
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.common import Row, groups

# A setting that every account has since NetBird 0.62.0, whether the server has the provider or not.
EMBEDDED_IDP = "embedded_idp_enabled"
# What clients can be told to update themselves to; NetBird answers 500 to anything else.
UPDATES = re.compile(r"latest|disabled|v?\d+(\.\d+){2}|")


def _wrong(settings: Mapping[str, Any], now: Row | None) -> str:
    for name in ("network_range", "network_range_v6"):
        if settings[name] == "" and get_path(now, f"settings.{name}"):
            return f"there is no way back to a {name} of NetBird's own choice, so it cannot be empty"
    wanted = settings["auto_update_version"] or ""
    return "" if UPDATES.fullmatch(wanted) else f"auto_update_version {wanted!r} is no version, and neither latest nor disabled"


def _moves_peers(service: Service, operation: Operation, _plan: Sequence[Operation]) -> str:
    if not operation.values.keys() & {"network_range", "network_range_v6"}:
        return ""
    peers = len(service.rows_of_kind("peer"))
    return f"NetBird would give every peer ({peers}) another address, and never the old one back" if peers else ""


ACCOUNT_SETTINGS = Resource(
    kind="account settings",
    path="accounts",
    label="",
    id="id",
    ref="id",
    identity=(),
    whole=("settings",),
    # A read shows the ranges that are in effect; written back, they would become the account's own.
    derived=("settings.network_range", "settings.network_range_v6"),
    # The answer to a write lacks some settings and misstates others.
    fresh=True,
    fields=(
        Field("jwt_groups_enabled", type="bool", api="settings.jwt_groups_enabled"),
        Field("jwt_groups_claim_name", api="settings.jwt_groups_claim_name"),
        Field("jwt_allow_groups", type="list", elements="str", unordered=True, api="settings.jwt_allow_groups"),
        Field("groups_propagation_enabled", type="bool", api="settings.groups_propagation_enabled"),
        Field("user_approval_required", type="bool", api="settings.extra.user_approval_required"),
        Field("peer_approval_enabled", type="bool", api="settings.extra.peer_approval_enabled"),
        Field("network_traffic_logs_enabled", type="bool", api="settings.extra.network_traffic_logs_enabled"),
        groups("network_traffic_logs_groups", api="settings.extra.network_traffic_logs_groups"),
        Field("network_traffic_packet_counter_enabled", type="bool", api="settings.extra.network_traffic_packet_counter_enabled"),
        Field("peer_login_expiration_enabled", type="bool", api="settings.peer_login_expiration_enabled"),
        Field("peer_login_expiration", type="int", api="settings.peer_login_expiration"),
        Field("peer_inactivity_expiration_enabled", type="bool", api="settings.peer_inactivity_expiration_enabled"),
        Field("peer_inactivity_expiration", type="int", api="settings.peer_inactivity_expiration"),
        Field("regular_users_view_blocked", type="bool", api="settings.regular_users_view_blocked"),
        Field("routing_peer_dns_resolution_enabled", type="bool", api="settings.routing_peer_dns_resolution_enabled"),
        Field("dns_domain", api="settings.dns_domain"),
        Field("network_range", api="settings.network_range"),
        Field("network_range_v6", api="settings.network_range_v6", since="0.71.0"),
        groups("ipv6_enabled_groups", api="settings.ipv6_enabled_groups", since="0.71.0"),
        Field("peer_expose_enabled", type="bool", api="settings.peer_expose_enabled", since="0.66.0"),
        groups("peer_expose_groups", api="settings.peer_expose_groups", since="0.66.0"),
        Field("lazy_connection_enabled", type="bool", api="settings.lazy_connection_enabled"),
        Field("auto_update_version", api="settings.auto_update_version", since="0.61.0"),
        Field("auto_update_always", type="bool", api="settings.auto_update_always", since="0.67.0"),
        Field("metrics_push_enabled", type="bool", api="settings.metrics_push_enabled", since="0.74.0"),
        Field("local_mfa_enabled", type="bool", api="settings.local_mfa_enabled", since="0.71.0"),
        Field("agent_network_only", type="bool", api="settings.agent_network_only", since="0.75.0"),
    ),
    invalid=_wrong,
    consents=(Consent("readdress_peers", _moves_peers),),
)
