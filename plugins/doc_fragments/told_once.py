# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """What a server tells once, in its answer to the creation."""

    DOCUMENTATION = r"""
options:
  return_secret:
    description:
      - Whether to return what NetBird tells once. Keep the result out of logs with C(no_log).
      - Where that answer was lost, or another task made the same object at the same time, a warning says so.
    type: bool
    default: false
"""
