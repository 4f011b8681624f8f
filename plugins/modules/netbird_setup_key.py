#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_setup_key
short_description: Manage a setup key in NetBird
version_added: 0.2.0
description:
  - Creates, changes and removes one setup key of NetBird, known by its O(name).
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
  - NetBird tells a key once, in its answer to the creation. Set O(return_secret) to get it, and keep it then.
  - Names are not unique in NetBird. A valid key is meant before one that is not; of several valid ones of a name none is.
  - With O(renew_before) a new key takes the place of one that is not valid any more, or will not be soon. The old one is
    removed once the new one is there.
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
    description: The key's name. It identifies the key.
    type: str
    required: true
  type:
    description: Whether the key is for one peer or for several. A new key is V(reusable). Cannot be changed.
    type: str
    choices: [reusable, one-off]
  expires_in:
    description:
      - Seconds from its creation for which the key is valid. V(0), and leaving it out, means for ever.
      - Only for a new key.
    type: int
  auto_groups:
    description: Names of the groups that peers with this key join. A new key has none. Not the group C(All).
    type: list
    elements: str
  usage_limit:
    description: How many peers may use the key. V(0) means any number. Cannot be changed.
    type: int
  ephemeral:
    description: Whether peers with this key are removed when they have been gone for ten minutes. Cannot be changed.
    type: bool
  allow_extra_dns_labels:
    description: Whether peers with this key may have more DNS labels. Cannot be changed.
    type: bool
  revoked:
    description: Whether the key is revoked. Nobody can take that back.
    type: bool
  renew_before:
    description:
      - Days before its end at which a new key takes the place of the one there is. Without it a key stays, even one that is of
        no use any more.
    type: int
seealso:
  - module: zerotrust.netbird_authentik.netbird_group
"""

EXAMPLES = r"""
- name: A key for servers, renewed a week before it ends
  zerotrust.netbird_authentik.netbird_setup_key:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    name: servers
    auto_groups:
      - servers
    expires_in: 2592000
    renew_before: 7
    return_secret: true
  register: servers_key
  no_log: true

- name: Nobody joins with the old key any more
  zerotrust.netbird_authentik.netbird_setup_key:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    name: old
    revoked: true
"""

RETURN = r"""
setup_key:
  description: The setup key's id and settings, under the names that NetBird's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    id: dc2c1flqmd2v04mad400
    name: servers
    type: reusable
    auto_groups:
      - dc2c1flqmd2v04mad3v0
    revoked: false
key:
  description: The key itself.
  returned: with O(return_secret), when it was created
  type: str
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("setup_key")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "setup_key")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
