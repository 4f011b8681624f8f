# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """How a task reaches NetBird."""

    DOCUMENTATION = r"""
options:
  netbird_url:
    description:
      - URL of the NetBird management server, for example V(https://netbird.company).
      - If not set, the value of the environment variable E(NETBIRD_URL) is used.
    type: str
    required: true
  netbird_token:
    description:
      - Personal access token of a NetBird administrator (a service user of the role C(admin) is enough), or the access token
        of one who is logged in.
      - If not set, the value of the environment variable E(NETBIRD_TOKEN) is used.
    type: str
    required: true
"""
