# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """The two ends of what a module manages. A module that has more to say of them describes the option itself."""

    DOCUMENTATION = r"""
options:
  state:
    description: Whether the object that the task names should exist.
    type: str
    choices: [present, absent]
    default: present
"""
