#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_network_router
short_description: Manage a router of a network in NetBird
version_added: 0.2.0
description:
  - Creates, changes and removes one router of a network of NetBird, known by its O(network) and by the O(peer) or the
    O(peer_groups) that route.
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.netbird
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
options:
  network:
    description: The network's name.
    type: str
    required: true
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
        Which of several routers is used first: that of the lowest number. A new one has V(9999).
    type: int
  masquerade:
    description: Whether the traffic seems to come from the router. For a new one it does.
    type: bool
  enabled:
    description: Whether it is in use. A new one is.
    type: bool
seealso:
  - module: zerotrust.netbird_authentik.netbird_network
  - module: zerotrust.netbird_authentik.netbird_route
"""

EXAMPLES = r"""
- name: The cellar's router leads to the office
  zerotrust.netbird_authentik.netbird_network_router:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    network: office
    peer: router-1
"""

RETURN = r"""
network_router:
  description:
    - The network router's id and settings, under the names that NetBird's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    id: dc2c1flqmd2v04mad460
    network: dc2c1flqmd2v04mad440
    peer: dc2c1flqmd2v04mad3v1
    metric: 9999
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("network_router")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "network_router")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
