#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_dns_record
short_description: Manage a record of a DNS zone in NetBird
version_added: 0.2.0
description:
  - Creates, changes and removes one record of a DNS zone of NetBird, known by all but its O(ttl).
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
  - >-
    Another O(content) is another record: several of one name and type are for several addresses. Name the old one with
    O(state=absent).
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.netbird
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
options:
  zone:
    description: The zone's domain.
    type: str
    required: true
  name:
    description: The full name, in lower case, that ends with the zone's domain.
    type: str
    required: true
  type:
    description: The type.
    type: str
    required: true
    choices: [A, AAAA, CNAME]
  content:
    description: The address, or the name that a V(CNAME) stands for.
    type: str
    required: true
  ttl:
    description: Seconds for which an answer may be kept. A new one has V(300).
    type: int
seealso:
  - module: zerotrust.netbird_authentik.netbird_dns_zone
"""

EXAMPLES = r"""
- name: Where the wiki is
  zerotrust.netbird_authentik.netbird_dns_record:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    zone: company.example
    name: wiki.company.example
    type: A
    content: 192.168.7.8
"""

RETURN = r"""
dns_record:
  description:
    - The DNS record's id and settings, under the names that NetBird's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    id: dc2c1flqmd2v04mad4a0
    name: wiki.company.example
    type: A
    content: 192.168.7.8
    ttl: 300
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("dns_record")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "dns_record")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
