#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_agent_network_budget_rule
short_description: Manage a budget rule of the agent network in NetBird
version_added: 0.2.0
description:
  - Creates, changes and removes one budget rule of NetBird's agent network, known by its O(name).
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.netbird
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.limits
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
options:
  name:
    description: Its name, by which it is known.
    type: str
    required: true
  enabled:
    description: Whether it counts. What is new is, unless the task says otherwise.
    type: bool
  target_groups:
    description: Names of the groups that it is for.
    type: list
    elements: str
  target_users:
    description: The people that it is for, by e-mail address, name of a service user, or id.
    type: list
    elements: str
seealso:
  - module: zerotrust.netbird_authentik.netbird_agent_network_policy
"""

EXAMPLES = r"""
- name: Nobody of these spends more than that in a day
  zerotrust.netbird_authentik.netbird_agent_network_budget_rule:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    name: a day
    target_groups: [developers]
    budget_limit:
      group_cap_usd: 100
      user_cap_usd: 20
      window_seconds: 86400
"""

RETURN = r"""
agent_network_budget_rule:
  description: Its id and settings, under the names that NetBird's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    id: ainbud_dc31lndqmd2s4f795gtg
    name: a day
    enabled: true
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("agent_network_budget_rule")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "agent_network_budget_rule")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
