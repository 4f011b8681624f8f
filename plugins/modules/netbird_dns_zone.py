#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_dns_zone
short_description: Manage a DNS zone in NetBird
version_added: 0.2.0
description:
  - Creates, changes and removes one DNS zone of NetBird, known by its O(domain).
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
  - A zone's records have a module of their own, and go with it.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.netbird
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
options:
  domain:
    description: The zone's domain. It identifies the zone.
    type: str
    required: true
  name:
    description: The zone's name for people. A new one has its domain.
    type: str
  distribution_groups:
    description: Names of the groups whose peers know the zone, at least one. Needed to create the zone.
    type: list
    elements: str
  enable_search_domain:
    description: Whether the domain completes short names.
    type: bool
  enabled:
    description: Whether it is in force. A new one is.
    type: bool
seealso:
  - module: zerotrust.netbird_authentik.netbird_dns_record
"""

EXAMPLES = r"""
- name: The company's zone
  zerotrust.netbird_authentik.netbird_dns_zone:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    domain: company.example
    distribution_groups:
      - All
"""

RETURN = r"""
dns_zone:
  description: The DNS zone's id and settings, under the names that NetBird's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    id: dc2c1flqmd2v04mad490
    domain: company.example
    name: company.example
    enabled: true
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("dns_zone")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "dns_zone")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
