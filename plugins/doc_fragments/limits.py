# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """How much of models may be used: the limits of the agent network's policies and budget rules."""

    DOCUMENTATION = r"""
options:
  token_limit:
    description: How many tokens may be used. What it leaves out is nothing, so name it whole.
    type: dict
    suboptions:
      enabled:
        description: Whether it counts.
        type: bool
        default: true
      group_cap:
        description: How many each group has.
        type: int
      user_cap:
        description: How many each person has.
        type: int
      window_seconds:
        description: In how many seconds, at least 60.
        type: int
  budget_limit:
    description: How many US dollars may be spent. What it leaves out is nothing, so name it whole.
    type: dict
    suboptions:
      enabled:
        description: Whether it counts.
        type: bool
        default: true
      group_cap_usd:
        description: How many each group has.
        type: float
      user_cap_usd:
        description: How many each person has.
        type: float
      window_seconds:
        description: In how many seconds, at least 60.
        type: int
"""
