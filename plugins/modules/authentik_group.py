#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_group
short_description: Manage a group in authentik
version_added: 0.1.0
description:
  - Creates, changes and removes one group of authentik. Its members are left alone.
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.authentik
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_authentik
options:
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
"""

EXAMPLES = r"""
- name: There is a group of developers
  zerotrust.netbird_authentik.authentik_group:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    name: developers
"""

RETURN = r"""
group:
  description: The group's id and settings, under the names that authentik's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    pk: 222293b3-9297-4ebe-a28a-3420b533739e
    name: developers
    is_superuser: false
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.directory import (
    GROUP,
    Authentik,
    ensure_group,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import (
    STATE_ARGUMENT,
    Context,
    argument_spec,
    run_module,
)

ARGUMENT_SPEC = argument_spec(Authentik, {**GROUP.arguments(), **STATE_ARGUMENT})


def run(context: Context) -> dict[str, Any]:
    return ensure_group(context)


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
