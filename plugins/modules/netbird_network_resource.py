#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_network_resource
short_description: Manage a resource of a network in NetBird
version_added: 0.2.0
description:
  - Creates, changes and removes one resource of a network of NetBird, known by its O(network) and its O(name).
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
  - >-
    A resource that a policy names is not removed: NetBird would leave the policy with a resource that is not there.
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
  name:
    description: The resource's name. With its network it identifies the resource.
    type: str
    required: true
  description:
    description: What it is.
    type: str
  address:
    description:
      - A host's address, a range in CIDR notation, or a domain, with V(*.) before it for all below it.
      - Needed to create the resource.
    type: str
  enabled:
    description: Whether it can be reached. A new one can.
    type: bool
  groups:
    description: Names of the groups that the resource is in; policies name those.
    type: list
    elements: str
seealso:
  - module: zerotrust.netbird_authentik.netbird_network
  - module: zerotrust.netbird_authentik.netbird_policy
"""

EXAMPLES = r"""
- name: The printer of the office
  zerotrust.netbird_authentik.netbird_network_resource:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    network: office
    name: printer
    address: 192.168.7.9
    groups:
      - printers
"""

RETURN = r"""
network_resource:
  description:
    - The network resource's id and settings, under the names that NetBird's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    id: dc2c1flqmd2v04mad450
    name: printer
    network: dc2c1flqmd2v04mad440
    address: 192.168.7.9/32
    enabled: true
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("network_resource")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "network_resource")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
