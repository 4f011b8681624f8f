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
  validate_certs:
    description: Whether the server's certificate has to be valid.
    type: bool
    default: true
  ca_path:
    description:
      - File with the certificates of the authorities to trust, in place of the bundled ones.
      - Read where the task runs.
    type: path
  timeout:
    description: Seconds to wait for the answer to one request. NetBird itself waits up to 10 seconds for an issuer.
    type: float
    default: 30.0
requirements:
  - requests
"""
