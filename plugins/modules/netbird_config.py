#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_config
short_description: Manage all of NetBird's objects as one document
version_added: 0.2.0
description:
  - Creates, changes and removes many objects of NetBird in one task, and writes what a server has as such a document.
  - Everything is read once, with a request for each kind of object. Names stand for objects of the document and of the server
    alike. What refers to others is written after them, and what is not there, or is there more than once, is an error before the
    first change.
  - An option that an object leaves out is left as it is on the server. An explicit empty value is written.
  - What the document does not name stays, unless O(prune) names its section.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.netbird
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.set
  - zerotrust.netbird_authentik.sections
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
options:
  config:
    description:
      - The document, by sections. Each is a list of objects with the options of the module of its kind, such as C(groups) with
        those of M(zerotrust.netbird_authentik.netbird_group).
      - The sections are C(groups), C(peers), C(users), C(user_invites), C(tokens), C(setup_keys), C(posture_checks), C(networks),
        C(network_resources), C(network_routers), C(routes), C(policies), C(nameserver_groups), C(dns_zones),
        C(dns_records), C(reverse_proxy_tokens), C(reverse_proxy_domains), C(reverse_proxy_services),
        C(agent_network_providers), C(agent_network_guardrails), C(agent_network_policies)
        and C(agent_network_budget_rules).
        C(agent_network_settings), C(dns_settings) and C(account_settings) are single objects.
      - Network resources name their groups, so C(groups) have no C(resources) here.
    type: dict
    default: {}
  state:
    description:
      - Whether the objects of the document should exist. With V(absent) only what identifies them counts.
      - With V(exported) nothing is changed, and RV(config) is what the server has.
    type: str
    choices: [present, absent, exported]
    default: present
  prune:
    description:
      - Sections whose objects go that the document does not name, as far as they are in every scope that the task gives.
      - What NetBird makes itself is never pruned, and neither are groups that a login made, peers and people. What the document
        still needs is an error.
    type: list
    elements: str
    choices:
      - groups
      - setup_keys
      - posture_checks
      - networks
      - network_resources
      - network_routers
      - routes
      - policies
      - nameserver_groups
      - dns_zones
      - dns_records
      - reverse_proxy_tokens
      - reverse_proxy_domains
      - reverse_proxy_services
      - agent_network_providers
      - agent_network_guardrails
      - agent_network_policies
      - agent_network_budget_rules
    default: []
  prune_prefix:
    description: The scope of O(prune) is what has a name that begins like this.
    type: str
  prune_mark:
    description: The scope of O(prune) is what has this text in its description.
    type: str
  allow_empty:
    description: Whether O(prune) may remove all of a section, because the document names nothing in it. It may be empty then.
    type: bool
    default: false
  sections:
    description:
      - The sections to export. Without them, all but C(peers), C(users), C(user_invites) and those of the agent network.
  return_secret:
    description:
      - Whether to return what NetBird tells once of what it makes, under RV(secrets). Keep the result out of logs with C(no_log).
    type: bool
    default: false
notes:
  - Providers of the agent network are exported without their keys, so a document that should make them needs these added.
  - An export does not say how long setup keys are valid; those made from it are valid for ever unless C(expires_in) is
    added. It has no keys that are of no use any more, no passwords and no tokens, no groups that a
    login made, and no address ranges of the account.
seealso:
  - module: zerotrust.netbird_authentik.netbird_group
  - module: zerotrust.netbird_authentik.netbird_policy
  - module: zerotrust.netbird_authentik.netbird_network
"""

EXAMPLES = r"""
- name: Who may reach what, and nothing else that has this mark
  zerotrust.netbird_authentik.netbird_config:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    config:
      groups:
        - name: developers
        - name: servers
      networks:
        - name: office
          description: managed by ansible
      network_resources:
        - network: office
          name: printer
          description: managed by ansible
          address: 192.168.7.9
          groups: [servers]
      policies:
        - name: developers to servers
          description: managed by ansible
          sources: [developers]
          destinations: [servers]
          protocol: tcp
          ports: ["443"]
    prune: [policies, networks, network_resources]
    prune_mark: managed by ansible

- name: What does the server have
  zerotrust.netbird_authentik.netbird_config:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    state: exported
  register: exported
"""

RETURN = r"""
changes:
  description:
    - What was done, one sentence each; in check mode what would be done.
    - Where the task has failed, what it had done by then.
  returned: when O(state) is not V(exported)
  type: list
  elements: str
  sample: ["create group 'developers'"]
config:
  description: What the server has, as a document for O(config), in a stable order and with names for ids.
  returned: when O(state=exported)
  type: dict
  sample:
    groups:
      - name: developers
secrets:
  description: What NetBird tells once of what was created, by section and by what the document calls the object.
  returned: with O(return_secret)
  type: dict
  sample:
    setup_keys:
      servers:
        key: A616097E-FCF0-48FA-9354-CA4A61142761
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import (
    SET_ARGUMENTS,
    Context,
    argument_spec,
    run_module,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.config import (
    PRUNABLE,
    READABLE,
    Netbird,
    ensure_config,
    export_config,
)

ARGUMENT_SPEC = argument_spec(
    Netbird,
    {
        **SET_ARGUMENTS,
        "config": {"type": "dict", "default": {}},
        "state": {"type": "str", "choices": ["present", "absent", "exported"], "default": "present"},
        "prune": {"type": "list", "elements": "str", "choices": list(PRUNABLE), "default": []},
        "prune_prefix": {"type": "str"},
        "prune_mark": {"type": "str"},
        "sections": {"type": "list", "elements": "str", "choices": list(READABLE), "default": []},
        "return_secret": {"type": "bool", "default": False, "no_log": False},
    },
)


def run(context: Context) -> dict[str, Any]:
    service = Netbird(context)
    return export_config(context, service) if context.params["state"] == "exported" else ensure_config(context, service)


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
