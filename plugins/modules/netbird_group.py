#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_group
short_description: Manage a group in NetBird
version_added: 0.2.0
description:
  - Creates, changes and removes one group of NetBird, known by its O(name).
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
  - >-
    A group that a login made, from a claim of a token, can be found and changed here, but not made: NetBird never puts
    people into groups of that name that the API made. See M(zerotrust.netbird_authentik.netbird_jwt_groups).
  - A group that a setup key, a policy or another object names is not removed. NetBird refuses most of these; a DNS zone, a
    network router and an open invite it would leave with a group that is not there, so the module looks for them first.
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
    description: The group's name. It identifies the group, upper and lower case matter.
    type: str
    required: true
  peers:
    description: The peers in the group, by name, id, address or DNS label. They replace all that it has.
    type: list
    elements: str
  resources:
    description:
      - The network resources in the group, by name. They replace all that it has.
      - A resource names its groups as well, see M(zerotrust.netbird_authentik.netbird_network_resource).
    type: list
    elements: str
seealso:
  - module: zerotrust.netbird_authentik.netbird_network_resource
  - module: zerotrust.netbird_authentik.netbird_policy
  - module: zerotrust.netbird_authentik.netbird_jwt_groups
"""

EXAMPLES = r"""
- name: The servers of the company
  zerotrust.netbird_authentik.netbird_group:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    name: servers
    peers:
      - web-1
      - web-2
"""

RETURN = r"""
group:
  description: The group's id and settings, under the names that NetBird's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    id: dc2c1flqmd2v04mad3v0
    name: servers
    peers:
      - dc2c1flqmd2v04mad3v1
    resources: []
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("group")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "group")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
