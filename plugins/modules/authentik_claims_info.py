#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_claims_info
short_description: See which groups of NetBird people will get, without a login
version_added: 0.1.0
description:
  - Asks authentik what people's tokens would hold, and compares the groups in them with the entitlements that their bindings give
    them. Nobody's password is needed, and nobody is logged in.
  - It costs a few lists and two requests for each person, four at once.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.authentik
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.attributes.info_module
  - zerotrust.netbird_authentik.attributes.actiongroup_authentik
options:
  application:
    description: Slug of the application.
    type: str
    required: true
  claim:
    description:
      - The claim that NetBird reads the groups from. It is V(groups) where NetBird has its embedded identity provider, and
        V(entitlements) where authentik is in place of it.
    type: str
    default: groups
  people:
    description:
      - V(entitled) are all active people who have an entitlement of the application, V(all) are all active people. Service
        accounts are no people.
      - V(entitled) where neither this, O(groups) nor O(users) is given.
    type: str
    choices: [entitled, all]
  groups:
    description: Names of groups of authentik whose active people are looked at, those of their child groups included.
    type: list
    elements: str
  users:
    description: Usernames of those who are looked at, whoever they are.
    type: list
    elements: str
notes:
  - authentik shows what a token would hold with every scope of the provider. A client that asks for fewer scopes gets the claims
    of those alone.
seealso:
  - module: zerotrust.netbird_authentik.authentik_application_entitlements
"""

EXAMPLES = r"""
- name: Who will be in which group of NetBird
  zerotrust.netbird_authentik.authentik_claims_info:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    application: netbird
  register: netbird_people

- name: Nobody gets other groups than they should
  ansible.builtin.assert:
    that: netbird_people.people | selectattr('result', 'equalto', 'failed') | length == 0

- name: And those of one group, where authentik is in place of NetBird's identity provider
  zerotrust.netbird_authentik.authentik_claims_info:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    application: netbird
    claim: entitlements
    groups: [developers]
"""

RETURN = r"""
people:
  description: The people, by username.
  returned: success
  type: list
  elements: dict
  contains:
    username:
      description: The person's username.
      type: str
    name:
      description: The person's name.
      type: str
    active:
      description: Whether the account is active.
      type: bool
    access:
      description: Whether the person is active and the application's bindings let them in.
      type: bool
    groups:
      description: The groups that the claim names. NetBird puts the person into these, once they log in.
      type: list
      elements: str
    expected:
      description: The entitlements that are bound to the person, or to a group that they are in.
      type: list
      elements: str
    result:
      description: V(passed), or V(failed) where something differs.
      type: str
    saw:
      description: What differs.
      type: str
  sample:
    - username: alice
      name: Alice
      active: true
      access: true
      groups: [netbird-developers]
      expected: [netbird-developers]
      result: passed
      saw: ""
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.people import Authentik, preview
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, argument_spec, run_module

ARGUMENT_SPEC = argument_spec(
    Authentik,
    {
        "application": {"type": "str", "required": True},
        "claim": {"type": "str", "default": "groups"},
        "people": {"type": "str", "choices": ["entitled", "all"]},
        "groups": {"type": "list", "elements": "str"},
        "users": {"type": "list", "elements": "str"},
    },
    mutually_exclusive=[("people", "groups", "users")],
)


def run(context: Context) -> dict[str, Any]:
    return {"changed": False, "people": preview(context)}


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
