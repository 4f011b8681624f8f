#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_policy
short_description: Manage a policy in NetBird
version_added: 0.2.0
description:
  - Creates, changes and removes one policy of NetBird, known by its O(name).
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
  - A policy has one rule here, whose settings are the module's options. NetBird's API takes several rules, answers as if it
    kept them, and keeps the first (measured on 0.77.1).
  - Names are not unique in NetBird; the module refuses to choose between several policies of one name.
  - Naming O(ports) empties O(port_ranges), and naming one kind of source or destination empties the others.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.netbird
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
options:
  name:
    description: The policy's name. It identifies the policy.
    type: str
    required: true
  description:
    description: What it is for.
    type: str
  enabled:
    description: Whether it is in force. A new one is.
    type: bool
  action:
    description: What happens to the traffic that it describes. A new policy has V(accept).
    type: str
    choices: [accept, drop]
  protocol:
    description: The protocol. A new policy has V(all). Only V(tcp) and V(udp) have ports.
    type: str
    choices: [all, tcp, udp, icmp, netbird-ssh]
  ports:
    description: Single ports, such as V(443). Empty means all.
    type: list
    elements: str
  port_ranges:
    description: Ranges of ports.
    type: list
    elements: dict
    suboptions:
      start:
        description: The first port.
        type: int
        required: true
      end:
        description: The last port.
        type: int
        required: true
  bidirectional:
    description: Whether destinations may open connections to the sources too. A new policy is so.
    type: bool
  sources:
    description: Names of the groups whose peers may open connections.
    type: list
    elements: str
  source_peer:
    description: The one peer that may, by name, id, address or DNS label.
    type: str
  source_resource:
    description: The one network resource that may, by name.
    type: str
  destinations:
    description: Names of the groups that they may reach, with their peers and resources.
    type: list
    elements: str
  destination_peer:
    description: The one peer that they may reach, by name, id, address or DNS label.
    type: str
  destination_resource:
    description: The one network resource that they may reach, by name.
    type: str
  authorized_groups:
    description:
      - >-
        For the protocol V(netbird-ssh), by group name: the local users as which people of that group may log in.
    type: dict
  source_posture_checks:
    description: Names of the posture checks that the sources have to pass.
    type: list
    elements: str
seealso:
  - module: zerotrust.netbird_authentik.netbird_group
  - module: zerotrust.netbird_authentik.netbird_posture_check
"""

EXAMPLES = r"""
- name: Developers reach the web servers
  zerotrust.netbird_authentik.netbird_policy:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    name: developers to web
    sources:
      - developers
    destinations:
      - servers
    protocol: tcp
    ports:
      - '80'
      - '443'
    bidirectional: false

- name: What NetBird made at its set-up goes
  zerotrust.netbird_authentik.netbird_policy:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    name: Default
    state: absent
"""

RETURN = r"""
policy:
  description: The policy's id and settings, those of its rule under C(rule); in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    id: dc2c1flqmd2v04mad420
    name: developers to web
    enabled: true
    rule:
      protocol: tcp
      ports:
        - '443'
        - '80'
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("policy")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "policy")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
