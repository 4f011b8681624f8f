#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_policy_bindings
short_description: Manage who may use an application of authentik
version_added: 0.1.0
description:
  - Creates, changes and removes the bindings of one application to policies, groups and users.
  - An application without bindings is open to everybody.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.authentik
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.set
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_authentik
options:
  application:
    description: Slug of the application.
    type: str
    required: true
  bindings:
    description: The bindings. Each policy, group and user is named once.
    type: list
    elements: dict
    required: true
    suboptions:
      policy:
        description: Name of a policy. Exactly one of policy, group and user is needed.
        type: str
      group:
        description: Name of a group.
        type: str
      user:
        description: Username of a person or of a service account.
        type: str
      order:
        description: Bindings are looked at in this order, the lowest number first. A new binding's default is V(0).
        type: int
      negate:
        description: Whether the result is turned into its opposite.
        type: bool
      enabled:
        description: Whether the binding counts.
        type: bool
      timeout:
        description: Seconds that the policy may take.
        type: int
      failure_result:
        description: What counts as the result when the policy fails.
        type: bool
  prune:
    description: Whether to remove the bindings of the application that the task does not name.
    type: bool
    default: false
  allow_empty:
    description:
      - Whether O(prune=true) may remove every binding, because O(bindings) is empty. That opens the application to everybody.
    type: bool
    default: false
  state:
    description: Whether the named bindings should exist. With V(absent) only what they are bound to counts.
seealso:
  - module: zerotrust.netbird_authentik.authentik_application_entitlements
"""

EXAMPLES = r"""
- name: Developers and one operator may use NetBird
  zerotrust.netbird_authentik.authentik_policy_bindings:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    application: netbird
    bindings:
      - group: developers
      - user: alice
        order: 1
"""

RETURN = r"""
changes:
  description: What was done, one sentence each; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample: ["create binding of group 'developers' to application 'netbird'"]
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.bindings import (
    BINDING,
    BOUND_KINDS,
    Authentik,
    ensure_bindings,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import (
    SET_ARGUMENTS,
    Context,
    argument_spec,
    run_module,
)

ARGUMENT_SPEC = argument_spec(
    Authentik,
    {
        "application": {"type": "str", "required": True},
        "bindings": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": BINDING.arguments(),
            "mutually_exclusive": [BOUND_KINDS],
            "required_one_of": [BOUND_KINDS],
        },
        **SET_ARGUMENTS,
    },
)


def run(context: Context) -> dict[str, Any]:
    return ensure_bindings(context)


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
