#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_peer
short_description: Manage a peer in NetBird
version_added: 0.2.0
description:
  - Changes and removes one peer of NetBird, known by its O(peer).
  - Peers come to be when a device joins; the module changes and removes those that are there.
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
  - >-
    Removing a peer ends its access. NetBird removes the policies that name the peer too, without a word: the module names
    them, and does it only with O(delete_policies).
  - A new O(name) is the peer's DNS label too, from then on.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.netbird
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
options:
  peer:
    description: The peer, by name, id, address or DNS label.
    type: str
    required: true
  name:
    description: Its new name.
    type: str
  ssh_enabled:
    description: Whether NetBird's SSH server runs on it.
    type: bool
  login_expiration_enabled:
    description: Whether the login of the person who added it expires. Not for peers that joined with a setup key.
    type: bool
  inactivity_expiration_enabled:
    description: Whether its session expires when it is inactive. Not for peers that joined with a setup key.
    type: bool
  ip:
    description: Its address in NetBird's network (IPv4).
    type: str
  ipv6:
    description: Its address in NetBird's network (IPv6).
    type: str
  delete_policies:
    description: Whether the policies that name the peer may go with it.
    type: bool
    default: false
seealso:
  - module: zerotrust.netbird_authentik.netbird_policy
"""

EXAMPLES = r"""
- name: SSH to the web server, through NetBird
  zerotrust.netbird_authentik.netbird_peer:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    peer: web-1
    ssh_enabled: true

- name: The old server is gone
  zerotrust.netbird_authentik.netbird_peer:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    peer: web-0
    state: absent
"""

RETURN = r"""
peer:
  description: The peer's id and settings, under the names that NetBird's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    id: dc2c1flqmd2v04mad3v1
    name: web-1
    ip: 100.92.3.4
    ssh_enabled: true
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("peer")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "peer")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
