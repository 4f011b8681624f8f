#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_nameserver_group
short_description: Manage a group of nameservers in NetBird
version_added: 0.2.0
description:
  - Creates, changes and removes one nameserver group of NetBird, known by its O(name).
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
  - Several servers of a group are for when one of them fails.
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
    description: The group's name, V(1) to V(40) characters. It identifies the group.
    type: str
    required: true
  description:
    description: What it is for.
    type: str
  nameservers:
    description: One to three servers. Needed to create the group.
    type: list
    elements: dict
    suboptions:
      ip:
        description: The server's address.
        type: str
        required: true
      ns_type:
        description: How it is asked.
        type: str
        choices: [udp]
        default: udp
      port:
        description: The port on which it is asked.
        type: int
        default: 53
  groups:
    description: Names of the groups whose peers ask these servers. Needed to create the group.
    type: list
    elements: str
  domains:
    description: The domains that they are asked for. Empty where the group is O(primary).
    type: list
    elements: str
  primary:
    description: Whether they are asked for every name. Such a group has no O(domains).
    type: bool
  search_domains_enabled:
    description: Whether the O(domains) complete short names.
    type: bool
  enabled:
    description: Whether it is in force. A new one is.
    type: bool
seealso:
  - module: zerotrust.netbird_authentik.netbird_dns_zone
  - module: zerotrust.netbird_authentik.netbird_dns_settings
"""

EXAMPLES = r"""
- name: The company's names
  zerotrust.netbird_authentik.netbird_nameserver_group:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    name: company
    nameservers:
      - ip: 192.168.7.53
    groups:
      - All
    domains:
      - company.example
"""

RETURN = r"""
nameserver_group:
  description:
    - The nameserver group's id and settings, under the names that NetBird's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    id: dc2c1flqmd2v04mad480
    name: company
    domains:
      - company.example
    primary: false
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("nameserver_group")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "nameserver_group")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
