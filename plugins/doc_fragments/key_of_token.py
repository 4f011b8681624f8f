# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """What authentik's tokens have in common, whatever each kind is for."""

    DOCUMENTATION = r"""
options:
  identifier:
    description: Its name, of letters, digits, C(-) and C(_). It identifies it among all tokens of the server.
    type: str
    required: true
  user:
    description: Username of whom it is for. Needed to create it.
    type: str
  description:
    description: What it is for.
    type: str
  expiring:
    description: Whether it expires. A new one does not, unless O(expires) says when.
    type: bool
  expires:
    description:
      - When it expires, in ISO 8601, such as V(2027-01-31T00:00:00Z). Without a time zone it is UTC.
      - authentik chooses a time itself where only O(expiring=true) is asked for.
    type: str
  key:
    description: The key itself. authentik makes one where it is left out.
    type: str
  rotate:
    description: Whether one that exists gets a new key. Such a task is always changed.
    type: bool
    default: false
  return_key:
    description:
      - Whether the result has the key, for the tasks that come after.
      - The result of such a task is hidden from output, as with C(no_log), unless the task fails.
    type: bool
    default: false
"""
