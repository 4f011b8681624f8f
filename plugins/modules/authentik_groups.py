#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_groups
short_description: Manage a set of groups in authentik
version_added: 0.1.0
description:
  - Creates, changes and removes groups of authentik. The members of groups are left alone.
  - The whole set is one task. The number of requests grows with what changes, not with what there is.
  - An option that an entry leaves out is left as it is on the server. An explicit empty value is written.
  - A group whose members are administrators is never pruned.
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
  groups:
    description: The groups, each named once, with the options of M(zerotrust.netbird_authentik.authentik_group).
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The group's name. It identifies the group; upper and lower case matter.
        type: str
        required: true
      is_superuser:
        description: Whether the group's members are administrators of authentik.
        type: bool
      attributes:
        description: Attributes of the group. They replace all that it has.
        type: dict
      roles:
        description: Names of the roles that the group's members have. The list replaces the one that the group has.
        type: list
        elements: str
  prune:
    description: Whether to remove the groups that the task does not name and that are in every scope that it gives.
    type: bool
    default: false
  prune_prefix:
    description: The scope of O(prune) is what has a name that begins like this.
    type: str
  prune_attributes:
    description: The scope of O(prune) is what has all of these attributes, with these values.
    type: dict
  allow_empty:
    description: Whether O(prune=true) may remove every group of its scope, because O(groups) is empty.
    type: bool
    default: false
  state:
    description: Whether the named groups should exist. With V(absent) only their names count.
seealso:
  - module: zerotrust.netbird_authentik.authentik_group
"""

EXAMPLES = r"""
- name: The groups of the company, and of those that begin with company- no others
  zerotrust.netbird_authentik.authentik_groups:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    groups:
      - name: company-developers
        attributes:
          floor: 3
      - name: company-operators
    prune: true
    prune_prefix: company-
"""

RETURN = r"""
groups:
  description:
    - The groups' ids and settings, in the order of the task, under the names that authentik's API has for them; in check mode as
      they would be.
  returned: when O(state=present)
  type: list
  elements: dict
  sample:
    - pk: 222293b3-9297-4ebe-a28a-3420b533739e
      name: company-developers
      is_superuser: false
changes:
  description:
    - What was done, one sentence each; in check mode what would be done.
    - Where the task has failed, what it had done by then.
  returned: success
  type: list
  elements: str
  sample: ["create group 'developers'"]
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.directory import (
    GROUP,
    Authentik,
    ensure_groups,
    set_arguments,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, argument_spec, run_module

ARGUMENT_SPEC = argument_spec(Authentik, **set_arguments("groups", GROUP.arguments(), {"prefix": "str", "attributes": "dict"}))


def run(context: Context) -> dict[str, Any]:
    return ensure_groups(context)


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
