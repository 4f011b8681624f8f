#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_migration_info
short_description: See who everybody would be in the other set-up
version_added: 0.2.0
description:
  - NetBird knows people by an id that comes from their tokens, and it is another one where authentik is beside its embedded
    identity provider than where authentik is in place of it. Whoever comes with an id that NetBird does not know is somebody new,
    without peers, groups and role.
  - This module lists everybody in NetBird with the id now and the id then. It changes nothing.
  - It costs a few lists, however many people there are.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.authentik
  - zerotrust.netbird_authentik.netbird
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.attributes.info_module
  - zerotrust.netbird_authentik.attributes.actiongroup_authentik
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
options:
  to:
    description: The set-up that NetBird is not in yet.
    type: str
    choices: [management, standalone]
    required: true
  application:
    description:
      - Slug of the application in authentik, which has to be the same in both set-ups. The subject of tokens is that of its
        provider, as it is now (C(sub_mode)). The role C(standalone) makes it V(user_id), and the role C(management) leaves it.
    type: str
    default: netbird
  connector:
    description:
      - With O(to=standalone) the name of NetBird's identity provider by which people come now.
      - With O(to=management) the id of the connector that NetBird's migration tool is given.
    type: str
    default: authentik
seealso:
  - module: zerotrust.netbird_authentik.authentik_claims_info
"""

EXAMPLES = r"""
- name: Who would be who
  zerotrust.netbird_authentik.netbird_migration_info:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    to: standalone
  register: netbird_migration

- name: Who does not come from authentik
  ansible.builtin.debug:
    msg: "{{ netbird_migration.people | selectattr('id_then', 'equalto', '') | map(attribute='email') | list }}"
"""

RETURN = r"""
from:
  description: The set-up that NetBird is in, V(management) or V(standalone).
  returned: success
  type: str
sub_mode:
  description: What of a person authentik makes the subject of tokens.
  returned: success
  type: str
  sample: user_id
people:
  description: NetBird's people by e-mail address, without service users.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id in NetBird now.
      type: str
    id_then:
      description: The id that they would log in with in the other set-up; empty for whoever does not come from authentik.
      type: str
    username:
      description: The username in authentik; empty for whoever does not come from there.
      type: str
    email:
      description: The e-mail address as NetBird has it.
      type: str
    name:
      description: The name as NetBird has it.
      type: str
    role:
      description: The role in NetBird.
      type: str
    peers:
      description: How many peers are the person's.
      type: int
  sample:
    - id: "15"
      id_then: CgIxNRIJYXV0aGVudGlr
      username: alice
      email: alice@company.example
      name: Alice
      role: user
      peers: 2
"""

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import argument_spec, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.migration import Authentik, Netbird, migration

ARGUMENT_SPEC = argument_spec(
    [Authentik, Netbird],
    {
        "to": {"type": "str", "choices": ["management", "standalone"], "required": True},
        "application": {"type": "str", "default": "netbird"},
        "connector": {"type": "str", "default": "authentik"},
    },
)
run = migration


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
