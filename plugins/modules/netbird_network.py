#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_network
short_description: Manage a network in NetBird
version_added: 0.2.0
description:
  - Creates, changes and removes one network of NetBird, known by its O(name).
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
  - A network's resources and routers have modules of their own. They go with it.
  - Names are not unique in NetBird; the module refuses to choose between several networks of one name.
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
    description: The network's name. It identifies the network.
    type: str
    required: true
  description:
    description: What it is for.
    type: str
seealso:
  - module: zerotrust.netbird_authentik.netbird_network_resource
  - module: zerotrust.netbird_authentik.netbird_network_router
"""

EXAMPLES = r"""
- name: The office
  zerotrust.netbird_authentik.netbird_network:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    name: office
    description: Behind the router in the cellar
"""

RETURN = r"""
network:
  description: The network's id and settings, under the names that NetBird's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    id: dc2c1flqmd2v04mad440
    name: office
    description: Behind the router in the cellar
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("network")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "network")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
