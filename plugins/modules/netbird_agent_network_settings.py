#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_agent_network_settings
short_description: Manage the settings of the agent network in NetBird
version_added: 0.2.0
description:
  - Begins NetBird's agent network for the account that the token belongs to, changes its settings, and ends it.
  - A setting that the task leaves out is left as it is.
  - Where agents find the network is settled when it begins. While there are providers NetBird does not end it.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.netbird
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
options:
  proxy_address:
    description: The address of a cluster of proxies, below which NetBird makes up an endpoint. This or O(endpoint) begins it.
    type: str
  endpoint:
    description: The name at which agents find it, with a proxy of its own.
    type: str
  enable_log_collection:
    description: Whether requests are logged.
    type: bool
  enable_prompt_collection:
    description: Whether questions and answers are kept, where a guardrail has that too.
    type: bool
  redact_pii:
    description: Whether what tells about people is blackened in what is kept.
    type: bool
  access_log_retention_days:
    description: Days for which logs are kept. V(0) keeps them for ever.
    type: int
seealso:
  - module: zerotrust.netbird_authentik.netbird_agent_network_provider
"""

EXAMPLES = r"""
- name: Agents ask at the company's own address
  zerotrust.netbird_authentik.netbird_agent_network_settings:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    endpoint: ai.company
    access_log_retention_days: 7
"""

RETURN = r"""
agent_network_settings:
  description: The settings as NetBird's API has them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    endpoint: ai.company
    access_log_retention_days: 7
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("agent_network_settings")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "agent_network_settings")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
