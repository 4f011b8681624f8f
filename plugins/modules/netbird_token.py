#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_token
short_description: Manage a personal access token in NetBird
version_added: 0.2.0
description:
  - Creates, changes and removes one personal access token of a user, known by its O(user) and its O(name).
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
  - NetBird tells a token once, in its answer to the creation. Set O(return_secret) to get it.
  - Users make their own tokens, and administrators those of service users. What a token says cannot be changed. With
    O(renew_before) a new one takes the place of one that has ended, or will soon.
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
    description: The user, by e-mail address, name of a service user, or id.
    type: str
    required: true
  name:
    description: The token's name. With its user it identifies the token.
    type: str
    required: true
  expires_in:
    description: Days from its creation for which the token is valid, V(1) to V(365). Needed to create the token.
    type: int
  renew_before:
    description: Days before its end at which a new token takes the place of the one there is. Without it a token stays.
    type: int
seealso:
  - module: zerotrust.netbird_authentik.netbird_user
"""

EXAMPLES = r"""
- name: A token for automation, renewed a month before it ends
  zerotrust.netbird_authentik.netbird_token:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    user: ansible
    name: playbooks
    expires_in: 180
    renew_before: 30
    return_secret: true
  register: playbooks_token
  no_log: true
"""

RETURN = r"""
token:
  description: The token's id and settings, under the names that NetBird's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    id: dc2c025qmd2v04mad1jg
    user: CgIxNRIG
    name: playbooks
plain_token:
  description: The token itself.
  returned: with O(return_secret), when it was created
  type: str
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("token")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "token")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
