#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_route
short_description: Manage a route in NetBird
version_added: 0.2.0
description:
  - Creates, changes and removes one route of NetBird, known by its O(network_id) and by the O(peer) or the O(peer_groups) that
    route.
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
  - Several routes of one O(network_id) make it fail-safe.
  - >-
    A route to V(0.0.0.0/0) makes its peer an exit node: with O(skip_auto_apply) people choose for themselves when they use
    it.
  - Networks are what NetBird has for the same in newer versions, see M(zerotrust.netbird_authentik.netbird_network).
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.netbird
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
options:
  network_id:
    description: The route's name, V(1) to V(40) characters.
    type: str
    required: true
  description:
    description: What it is for.
    type: str
  network:
    description: The network that it leads to, in CIDR notation.
    type: str
  domains:
    description: The domains that it leads to, in place of a network.
    type: list
    elements: str
  peer:
    description: The peer that routes, by name, id, address or DNS label.
    type: str
  peer_groups:
    description: Names of the groups whose peers route.
    type: list
    elements: str
  metric:
    description:
      - >-
        Which of several routes is used first: that of the lowest number. A new one has V(9999).
    type: int
  masquerade:
    description: Whether the traffic seems to come from the peer that routes. For a new one it does.
    type: bool
  groups:
    description: Names of the groups whose peers use the route. Needed to create it.
    type: list
    elements: str
  keep_route:
    description: Whether a route to domains stays after their addresses have changed.
    type: bool
  access_control_groups:
    description: Names of groups that stand for the route in policies.
    type: list
    elements: str
  skip_auto_apply:
    description: Whether an exit node is used only by those who choose it.
    type: bool
  enabled:
    description: Whether it is in force. A new one is.
    type: bool
seealso:
  - module: zerotrust.netbird_authentik.netbird_network
"""

EXAMPLES = r"""
- name: An exit node for those who choose it
  zerotrust.netbird_authentik.netbird_route:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    network_id: exit
    network: 0.0.0.0/0
    peer: router-1
    groups:
      - developers
    skip_auto_apply: true
"""

RETURN = r"""
route:
  description: The route's id and settings, under the names that NetBird's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    id: dc2c1flqmd2v04mad470
    network_id: exit
    network: 0.0.0.0/0
    peer: dc2c1flqmd2v04mad3v1
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("route")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "route")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
