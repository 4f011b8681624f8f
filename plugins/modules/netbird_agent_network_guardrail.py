#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_agent_network_guardrail
short_description: Manage a guardrail in NetBird
version_added: 0.2.0
description:
  - Creates, changes and removes one guardrail of NetBird's agent network, known by its O(name).
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
  - A guardrail that a policy names is not removed. NetBird would leave the policy without it, and not say so.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.netbird
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
options:
  name:
    description: Its name, by which it is known.
    type: str
    required: true
  description:
    description: What it is for.
    type: str
  model_allowlist:
    description: Which models may be asked. What it leaves out is nothing, so name it whole.
    type: dict
    suboptions:
      enabled:
        description: Whether it counts.
        type: bool
        default: true
      models:
        description: The models.
        type: list
        elements: str
        default: []
  prompt_capture:
    description: Whether questions are kept. What it leaves out is off, so name it whole.
    type: dict
    suboptions:
      enabled:
        description: Whether they are.
        type: bool
        default: true
      redact_pii:
        description: Whether what tells of a person is taken out.
        type: bool
        default: false
seealso:
  - module: zerotrust.netbird_authentik.netbird_agent_network_policy
"""

EXAMPLES = r"""
- name: One model alone, and questions without what tells of a person
  zerotrust.netbird_authentik.netbird_agent_network_guardrail:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    name: careful
    model_allowlist:
      models: [gpt-4o]
    prompt_capture:
      redact_pii: true
"""

RETURN = r"""
agent_network_guardrail:
  description: Its id and settings, under the names that NetBird's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    id: ainguard_dc31lmtqmd2s4f795gd0
    name: careful
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("agent_network_guardrail")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "agent_network_guardrail")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
