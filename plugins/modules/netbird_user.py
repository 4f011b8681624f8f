#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_user
short_description: Manage a user in NetBird
version_added: 0.2.0
description:
  - Creates, changes and removes one user of NetBird, a person or a service user, known by its O(user).
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
  - >-
    People of an identity provider come to be with their first login; the module finds them by their e-mail address, and
    changes and removes them. A person that it creates is one of NetBird's embedded identity provider, with a password that
    NetBird makes up and tells once: set O(return_secret) to get it.
  - Service users have tokens, see M(zerotrust.netbird_authentik.netbird_token).
  - NetBird has one owner. Making somebody else the owner makes the present one an administrator; the module does it only with
    O(transfer_ownership).
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
  user:
    description: The person's e-mail address, or the service user's name; of one who is there the id too.
    type: str
    required: true
  name:
    description: The person's name for people, only for a new one. Cannot be changed.
    type: str
  role:
    description: What the user may do. Needed to create the user.
    type: str
    choices: [owner, admin, user, auditor, network_admin, billing_admin]
  auto_groups:
    description: Names of the groups that the user's peers join. A new user has none.
    type: list
    elements: str
  is_blocked:
    description: Whether the user is kept out. Left out of a task, it stays as it is.
    type: bool
  is_service_user:
    description: Whether this is a service user. A new user is none. Cannot be changed.
    type: bool
  approved:
    description: Whether the user who waits for approval is let in. Nobody can take that back; see O(is_blocked).
    type: bool
  transfer_ownership:
    description: Whether somebody else may become the owner.
    type: bool
    default: false
seealso:
  - module: zerotrust.netbird_authentik.netbird_token
  - module: zerotrust.netbird_authentik.netbird_user_invite
"""

EXAMPLES = r"""
- name: Alice administers the network
  zerotrust.netbird_authentik.netbird_user:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    user: alice@company.example
    role: network_admin
    auto_groups:
      - developers

- name: A service user for automation
  zerotrust.netbird_authentik.netbird_user:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    user: ansible
    is_service_user: true
    role: admin
"""

RETURN = r"""
user:
  description: The user's id and settings, under the names that NetBird's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    id: CgIxNRIG
    user: alice@company.example
    role: network_admin
    auto_groups:
      - dc2c1flqmd2v04mad3v0
password:
  description: The password of a new person of the embedded identity provider.
  returned: with O(return_secret), when it was created
  type: str
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("user")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "user")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
