#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_account_settings
short_description: Manage the settings of NetBird's account
version_added: 0.1.0
description:
  - Changes settings of the account that the token belongs to.
  - A setting that the task leaves out is left as it is. NetBird replaces all settings at once, so the module reads them all,
    changes what was asked, and writes all back.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.netbird
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
options:
  jwt_groups_enabled:
    description: Whether NetBird puts people into groups by a claim of their token (JWT group sync).
    type: bool
  jwt_groups_claim_name:
    description:
      - The claim that holds the names of a person's groups.
      - A server with its embedded identity provider passes on the claim V(groups) only, whatever other claims authentik sends.
    type: str
  jwt_allow_groups:
    description: Names of groups in the claim, one of which a person needs to use NetBird. Empty lets everybody in.
    type: list
    elements: str
  groups_propagation_enabled:
    description: Whether the groups of a person are the groups of their peers too.
    type: bool
  user_approval_required:
    description: Whether an administrator has to approve each new person.
    type: bool
  peer_approval_enabled:
    description: Whether an administrator has to approve each new peer. NetBird's cloud only.
    type: bool
  network_traffic_logs_enabled:
    description: Whether the network traffic of peers is logged.
    type: bool
  network_traffic_logs_groups:
    description: Names of the groups whose peers' traffic is logged. Empty means all.
    type: list
    elements: str
    version_added: 0.2.0
  network_traffic_packet_counter_enabled:
    description: Whether packets and their size are counted too.
    type: bool
  peer_login_expiration_enabled:
    description: Whether the login of a peer that a person added expires.
    type: bool
  peer_login_expiration:
    description: Seconds after which it expires, at least V(3600).
    type: int
  peer_inactivity_expiration_enabled:
    description: Whether the session of a peer that a person added expires when it is inactive.
    type: bool
  peer_inactivity_expiration:
    description: Seconds of inactivity after which it expires.
    type: int
  regular_users_view_blocked:
    description: Whether people who are not administrators see less of the dashboard.
    type: bool
  routing_peer_dns_resolution_enabled:
    description: Whether routing peers resolve names.
    type: bool
  dns_domain:
    description: The account's own DNS domain. Empty means NetBird's default.
    type: str
  network_range:
    description: The range of the peers' IPv4 addresses, in CIDR notation. Another one needs O(readdress_peers).
    type: str
  network_range_v6:
    description: The range of the peers' IPv6 addresses, in CIDR notation. Another one needs O(readdress_peers).
    type: str
  ipv6_enabled_groups:
    description: Names of the groups whose peers get IPv6 addresses.
    type: list
    elements: str
  peer_expose_enabled:
    description: Whether peers may publish services through the reverse proxy.
    type: bool
  peer_expose_groups:
    description: Names of the groups whose peers may do so. Empty means all.
    type: list
    elements: str
  lazy_connection_enabled:
    description: Whether peers connect only when there is traffic.
    type: bool
  auto_update_version:
    description: The version that clients update themselves to, V(latest), or V(disabled).
    type: str
  auto_update_always:
    description: Whether they do so without asking.
    type: bool
  metrics_push_enabled:
    description: Whether clients send metrics.
    type: bool
  local_mfa_enabled:
    description: Whether people of the embedded identity provider need a second factor.
    type: bool
  agent_network_only:
    description: Whether the account is for agents alone.
    type: bool
    version_added: 0.2.0
  readdress_peers:
    description:
      - Whether another O(network_range) or O(network_range_v6) may be set although there are peers, all of which get other
        addresses then.
    type: bool
    default: false
    version_added: 0.2.0
seealso:
  - module: zerotrust.netbird_authentik.netbird_info
"""

EXAMPLES = r"""
- name: NetBird puts people into the groups that their token names
  zerotrust.netbird_authentik.netbird_account_settings:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    jwt_groups_enabled: true
    jwt_groups_claim_name: groups
"""

RETURN = r"""
settings:
  description: All settings as NetBird's API has them; in check mode as they would be.
  returned: success
  type: dict
  sample:
    jwt_groups_enabled: true
    jwt_groups_claim_name: groups
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("account_settings")


def run(context: Context) -> dict[str, Any]:
    result = ensure(context, "account_settings")
    return {**result, "settings": result.pop("account_settings")["settings"]}


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
