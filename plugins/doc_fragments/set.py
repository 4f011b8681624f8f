# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """What every module of a set has. What it prunes, each describes itself."""

    DOCUMENTATION = r"""
options:
  concurrency:
    description:
      - How many changes may be under way at a time. With V(1) one follows the other.
      - More than V(4) bring nothing where the server has two workers, as authentik has by default.
    type: int
    default: 4
"""
