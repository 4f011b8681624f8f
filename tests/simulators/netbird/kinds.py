# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of objects that NetBird's API creates, lists, reads, replaces and deletes, each a row of one table.

A PUT replaces: what the body leaves out gets the field's default. Unknown fields are ignored, a value of another type
is 400. The messages are the server's own (measured), as is where one kind differs from the next without a reason.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import agents, dns, networks, objects, policies
from .state import Account, Refused, Row

Check = Callable[[Account, Row, "Row | None"], None]


@dataclass(frozen=True)
class Kind:
    """One kind of object: where it is found, what it is made of, what is checked and how it is shown.

    `how` is "create", "list", "retrieve" or "update" where `show` and `plain` ask for it; `plain` names the answers
    that carry the content type without a charset.
    """

    path: str
    label: str
    fields: Mapping[str, Any]
    check: Check
    module: str = ""
    show: objects.Show = lambda account, row, how: copy.deepcopy(row)
    build: Callable[[Account, Row, Row, Row | None], None] = lambda account, row, body, old: None
    before_delete: Callable[[Account, Row], None] = lambda account, row: None
    parent: str = ""
    # what stands before "<parent>: <id> not found" where something is made in a parent that is not there
    orphan: str = ""
    plain: frozenset[str] = frozenset()
    # what stands before "<label>: <id> not found", by method
    not_found: Mapping[str, str] = field(default_factory=dict)
    missing_delete: int = 404

    @property
    def key(self) -> str:
        """Return the name under which the rows are kept."""
        return self.path.replace("agent-network/", "agent-").rsplit("/", 1)[-1]

    def missing(self, row_id: str, method: str) -> Refused:
        """Return the answer for an id that no row has."""
        prefix = self.not_found.get(method, "").format(id=row_id)
        message = f"{prefix}{self.label}: {row_id} not found"
        if method == "DELETE" and self.missing_delete != 404:
            return Refused(self.missing_delete, message, verbatim=True)
        return Refused(404, message)

    def find(self, account: Account, ids: list[str], method: str) -> Row:
        """Return the row with the last of these ids, below the parent that the others name."""
        row = account.rows(self.key).get(ids[-1])
        if row is None or (self.parent and row["_parent"] != ids[0]):
            raise self.missing(ids[-1], method)
        return row


NETWORK_RESOURCES = Kind(
    path="networks/*/resources",
    label="network resource",
    fields={"name": "", "description": "", "address": "", "enabled": False, "groups": []},
    check=networks.check_resource,
    module="networks",
    show=networks.show_resource,
    build=networks.build_resource,
    before_delete=networks.delete_resource,
    parent="networks",
    orphan="failed to create network resource: failed to get network: ",
    not_found={
        "GET": "failed to get network resource: ",
        "PUT": "failed to update network resource: failed to get network resource: ",
        "DELETE": "failed to delete network resource: failed to get network resource: ",
    },
)
NETWORK_ROUTERS = Kind(
    path="networks/*/routers",
    label="network router",
    fields={"peer": "", "peer_groups": list, "metric": 0, "masquerade": False, "enabled": bool},
    check=networks.check_router,
    module="networks",
    show=objects.without("_parent"),
    parent="networks",
    orphan="failed to get network: ",
    not_found=dict.fromkeys(("GET", "PUT", "DELETE"), "failed to get network router: "),
)
DNS_RECORDS = Kind(
    path="dns/zones/*/records",
    label="dns record",
    fields={"name": "", "type": "", "content": "", "ttl": 0},
    check=dns.check_record,
    module="dns",
    show=objects.without("_parent"),
    parent="zones",
    orphan="failed to get zone: ",
    not_found=dict.fromkeys(("PUT", "DELETE"), "failed to get record: "),
)
KINDS: tuple[Kind, ...] = (
    Kind(
        path="groups",
        label="group",
        fields={"name": "", "peers": [], "resources": []},
        check=objects.check_group,
        show=objects.show_group,
        build=objects.build_group,
        before_delete=objects.free_group,
        missing_delete=400,
    ),
    Kind(
        path="setup-keys",
        label="setup key",
        fields={
            "name": "",
            "type": "",
            "expires_in": 0,
            "auto_groups": list,
            "usage_limit": 0,
            "ephemeral": False,
            "allow_extra_dns_labels": False,
            "revoked": False,
        },
        check=objects.check_setup_key,
        module="setup_keys",
        show=objects.show_setup_key,
        build=objects.build_setup_key,
        plain=frozenset({"retrieve", "update"}),
    ),
    Kind(
        path="policies",
        label="policy",
        fields={"name": "", "description": "", "enabled": False, "rules": [], "source_posture_checks": list},
        check=policies.check_policy,
        show=policies.show_policy,
        build=policies.build_policy,
    ),
    Kind(
        path="posture-checks",
        label="posture checks",
        fields={"name": "", "description": "", "checks": dict},
        check=policies.check_posture,
        before_delete=policies.free_posture,
        module="policies",
    ),
    Kind(
        path="networks",
        label="network",
        fields={"name": "", "description": ""},
        check=lambda account, row, old: None,
        show=networks.show_network,
        before_delete=networks.free_network,
        not_found=dict.fromkeys(("PUT", "DELETE"), "failed to get network: "),
    ),
    NETWORK_RESOURCES,
    NETWORK_ROUTERS,
    Kind(
        path="dns/nameservers",
        label="nameserver group",
        fields={
            "name": "",
            "description": "",
            "nameservers": [],
            "enabled": False,
            "groups": [],
            "primary": False,
            "domains": list,
            "search_domains_enabled": False,
        },
        check=dns.check_nameservers,
        show=dns.show_nameservers,
        module="nameservers",
    ),
    Kind(
        path="dns/zones",
        label="zone",
        fields={
            "name": "",
            "domain": "",
            "enabled": True,
            "enable_search_domain": False,
            "distribution_groups": [],
        },
        check=dns.check_zone,
        module="dns",
        show=dns.show_zone,
        before_delete=dns.free_zone,
        not_found=dict.fromkeys(("PUT", "DELETE"), "failed to get zone: "),
    ),
    DNS_RECORDS,
    Kind(
        path="routes",
        label="route",
        fields={
            "description": "",
            "network_id": "",
            "enabled": False,
            "peer": str,
            "peer_groups": list,
            "network": str,
            "domains": list,
            "metric": 0,
            "masquerade": False,
            "groups": [],
            "access_control_groups": list,
            "keep_route": False,
            "skip_auto_apply": False,
        },
        check=networks.check_route,
        build=networks.build_route,
        show=networks.show_route,
        not_found={"DELETE": "failed to delete route {id}: "},
    ),
    Kind(
        path="agent-network/providers",
        label="agent network provider",
        fields={
            "provider_id": "",
            "name": "",
            "upstream_url": "",
            "api_key": "",
            "enabled": False,
            "models": [],
            "skip_tls_verification": False,
            "metadata_disabled": False,
            "identity_header_user_id": "",
            "identity_header_groups": "",
        },
        check=agents.check_provider,
        module="agent_network.providers",
        show=agents.show("api_key"),
        build=agents.build(""),
        before_delete=agents.free_provider,
        not_found=dict.fromkeys(("PUT", "DELETE"), "failed to get agent network provider: "),
    ),
    Kind(
        path="agent-network/guardrails",
        label="agent network guardrail",
        fields={"name": "", "description": "", "checks": dict},
        check=agents.check_guardrail,
        module="agent_network.guardrails",
        build=agents.build("ainguard_"),
        not_found=dict.fromkeys(("PUT", "DELETE"), "failed to get agent network guardrail: "),
    ),
    Kind(
        path="agent-network/policies",
        label="agent network policy",
        fields={
            "name": "",
            "description": "",
            "enabled": bool,
            "source_groups": [],
            "destination_provider_ids": [],
            "guardrail_ids": [],
            "limits": dict,
        },
        check=agents.check_policy,
        module="agent_network.policies",
        build=agents.build("ainpol_"),
        not_found=dict.fromkeys(("PUT", "DELETE"), "failed to get agent network policy: "),
    ),
    Kind(
        path="agent-network/budget-rules",
        label="agent network budget rule",
        fields={"name": "", "enabled": bool, "target_groups": [], "target_users": [], "limits": dict},
        check=agents.check_budget_rule,
        module="agent_network.budgets",
        build=agents.build("ainbud_"),
        not_found=dict.fromkeys(("PUT", "DELETE"), "failed to get agent network budget rule: "),
    ),
)
