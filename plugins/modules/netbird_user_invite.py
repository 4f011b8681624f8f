#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_user_invite
short_description: Manage an invite of a user in NetBird
version_added: 0.2.0
description:
  - Creates, changes and removes one open invite of NetBird's embedded identity provider, known by its O(email).
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
  - NetBird tells the invite's token once, in its answer to the creation. Set O(return_secret) to get it.
  - What an invite says cannot be changed. With O(renew_before) a new one takes the place of one that has ended.
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
  email:
    description: The person's e-mail address. It identifies the invite.
    type: str
    required: true
  name:
    description: The person's name. Needed to create the invite.
    type: str
  role:
    description: What the person will be able to do. Needed to create the invite.
    type: str
    choices: [admin, user, auditor, network_admin, billing_admin]
  auto_groups:
    description: Names of the groups that the person's peers will join.
    type: list
    elements: str
  expires_in:
    description: Seconds from its creation for which the invite is open, at least V(3600). Only for a new invite.
    type: int
  renew_before:
    description: Days before its end at which a new invite takes the place of the one there is. Without it an invite stays.
    type: int
seealso:
  - module: zerotrust.netbird_authentik.netbird_user
"""

EXAMPLES = r"""
- name: Bob is invited
  zerotrust.netbird_authentik.netbird_user_invite:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    email: bob@company.example
    name: Bob
    role: user
    return_secret: true
  register: bob
  no_log: true
"""

RETURN = r"""
user_invite:
  description: The invite's id and settings, under the names that NetBird's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    id: dc2c1flqmd2v04mad430
    email: bob@company.example
    name: Bob
    role: user
invite_token:
  description: What the person's link ends with.
  returned: with O(return_secret), when it was created
  type: str
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("user_invite")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "user_invite")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
