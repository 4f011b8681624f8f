#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_reverse_proxy_domain
short_description: Manage a domain of the reverse proxy in NetBird
version_added: 0.2.0
description:
  - Creates and removes one domain of one's own at which NetBird's reverse proxy publishes services, known by its O(domain).
  - Services below the cluster's own domain need none.
  - NetBird issues certificates once the domain's CNAME leads to the cluster. Services can be made before.
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
    description: The domain, with V(*.) before it for all below it.
    type: str
    required: true
  target_cluster:
    description:
      - The address of the cluster that serves it. Needed to create it, and not changed later.
      - A cluster is there once a proxy has connected.
    type: str
seealso:
  - module: zerotrust.netbird_authentik.netbird_reverse_proxy_service
"""

EXAMPLES = r"""
- name: The company's domain leads to its proxy
  zerotrust.netbird_authentik.netbird_reverse_proxy_domain:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    domain: apps.company
    target_cluster: proxy.example.com
"""

RETURN = r"""
reverse_proxy_domain:
  description: The domain's id and settings, under the names that NetBird's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    id: dc31l95qmd2s4f795e7g
    domain: apps.company
    target_cluster: proxy.example.com
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("reverse_proxy_domain")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "reverse_proxy_domain")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
