#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_reverse_proxy_token
short_description: Manage a token of a reverse proxy in NetBird
version_added: 0.2.0
description:
  - Creates and revokes one of the tokens with which proxies connect to NetBird, known by its O(name).
  - NetBird tells a token once, in its answer to the creation. Set O(return_secret) to get it.
  - What is removed is revoked. NetBird keeps it in its list, where this module does not see it any more.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.netbird
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.told_once
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
options:
  name:
    description: The token's name.
    type: str
    required: true
  expires_in:
    description: Seconds from its creation for which a new token is valid. Without it there is no end.
    type: int
  renew_before:
    description: Days before its end at which a new token takes the place of the one there is. Without it a token stays.
    type: int
seealso:
  - module: zerotrust.netbird_authentik.netbird_reverse_proxy_service
"""

EXAMPLES = r"""
- name: A token for the proxy at the edge
  zerotrust.netbird_authentik.netbird_reverse_proxy_token:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    name: edge
    return_secret: true
  register: edge_token
  no_log: true
"""

RETURN = r"""
reverse_proxy_token:
  description: The token's id and settings, under the names that NetBird's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    id: dc31l85qmd2s4f795b8g
    name: edge
plain_token:
  description: The token itself.
  returned: with O(return_secret), when it was created
  type: str
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("reverse_proxy_token")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "reverse_proxy_token")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
