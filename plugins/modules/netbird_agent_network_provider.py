#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_agent_network_provider
short_description: Manage a provider of models in NetBird
version_added: 0.2.0
description:
  - Creates, changes and removes one provider of models of NetBird's agent network, known by its O(name).
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
  - A provider that a policy names is not removed. NetBird refuses it and says which policy it is.
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
  provider_id:
    description: Which one of NetBird's catalogue it is, such as V(openai_api). Needed to create it.
    type: str
  upstream_url:
    description: Where it is. Needed to create it.
    type: str
  api_key:
    description:
      - The key for it. Needed to create it.
      - NetBird does not tell it, so it is written when the provider is created or changes, or with O(update_secret).
    type: str
  update_secret:
    description: Whether O(api_key) is written although nothing else differs.
    type: bool
    default: false
  enabled:
    description: Whether it counts. What is new is, unless the task says otherwise.
    type: bool
  models:
    description: What its models cost. The list replaces the one that it has.
    type: list
    elements: dict
    suboptions:
      id:
        description: The model, by the provider's name for it.
        type: str
        required: true
      input_per_1k:
        description: US dollars for a thousand tokens of a question.
        type: float
        default: 0.0
      output_per_1k:
        description: US dollars for a thousand tokens of an answer.
        type: float
        default: 0.0
  skip_tls_verification:
    description: Whether its certificate may be any.
    type: bool
  metadata_disabled:
    description: Whether it is told nothing of who asks.
    type: bool
  identity_header_user_id:
    description: The header in which it is told the person's id.
    type: str
  identity_header_groups:
    description: The header in which it is told the person's groups.
    type: str
seealso:
  - module: zerotrust.netbird_authentik.netbird_agent_network_policy
"""

EXAMPLES = r"""
- name: A provider of models
  zerotrust.netbird_authentik.netbird_agent_network_provider:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    name: openai
    provider_id: openai_api
    upstream_url: https://api.openai.com
    api_key: "{{ vault_openai_api_key | default('sk-example') }}"
    models:
      - id: gpt-4o
        input_per_1k: 0.0025
        output_per_1k: 0.01
"""

RETURN = r"""
agent_network_provider:
  description: Its id and settings, under the names that NetBird's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    id: dc31lmtqmd2s4f795g10
    name: openai
    provider_id: openai_api
    upstream_url: https://api.openai.com
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("agent_network_provider")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "agent_network_provider")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
