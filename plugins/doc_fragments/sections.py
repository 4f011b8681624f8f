# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """The kinds of NetBird's objects that can be read. What for, each module describes itself."""

    DOCUMENTATION = r"""
options:
  sections:
    description: The kinds of objects to read, as the sections of a document.
    type: list
    elements: str
    choices:
      - groups
      - peers
      - users
      - user_invites
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
      - agent_network_settings
      - agent_network_providers
      - agent_network_guardrails
      - agent_network_policies
      - agent_network_budget_rules
      - dns_settings
      - account_settings
    default: []
"""
