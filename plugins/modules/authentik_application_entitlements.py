#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_application_entitlements
short_description: Manage the entitlements of an application in authentik
version_added: 0.1.0
description:
  - Creates, changes and removes the entitlements of one application, together with the groups and users that have them.
  - The whole set is one task. The number of requests grows with what changes, not with what there is.
  - For NetBird, an entitlement is named exactly as the group that NetBird should put the person into.
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
  entitlements:
    description: The entitlements, each named once.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The entitlement's name.
        type: str
        required: true
      groups:
        description: Names of the groups that have the entitlement. Left out, they are left alone.
        type: list
        elements: str
      users:
        description: Usernames of the people who have the entitlement. Left out, they are left alone.
        type: list
        elements: str
      attributes:
        description: Attributes of the entitlement. They replace all that it has. Left out, they are left alone.
        type: dict
  prune:
    description:
      - Whether to remove what the task does not name, that is other entitlements of the application, and of the entitlements
        that it names other groups (where O(entitlements[].groups) is given) and users (where O(entitlements[].users) is given).
    type: bool
    default: false
  allow_empty:
    description: Whether O(prune=true) may remove every entitlement, because O(entitlements) is empty.
    type: bool
    default: false
  state:
    description: Whether the named entitlements should exist. With V(absent) only their names count.
seealso:
  - module: zerotrust.netbird_authentik.authentik_policy_bindings
"""

EXAMPLES = r"""
- name: Who is in which group of NetBird
  zerotrust.netbird_authentik.authentik_application_entitlements:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    application: netbird
    entitlements:
      - name: netbird-developers
        groups: [developers]
      - name: netbird-operators
        groups: [operators]
        users: [alice]
    prune: true
"""

RETURN = r"""
entitlements:
  description: The names of the application's entitlements; in check mode as they would be.
  returned: success
  type: list
  elements: str
  sample: [netbird-developers, netbird-operators]
changes:
  description: What was done, one sentence each; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample: ["create entitlement 'netbird-operators'"]
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.bindings import (
    Authentik,
    ensure_entitlements,
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
        "entitlements": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "name": {"type": "str", "required": True},
                "groups": {"type": "list", "elements": "str"},
                "users": {"type": "list", "elements": "str"},
                "attributes": {"type": "dict"},
            },
        },
        **SET_ARGUMENTS,
    },
)


def run(context: Context) -> dict[str, Any]:
    return ensure_entitlements(context)


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
