# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """How a task reaches any server."""

    DOCUMENTATION = r"""
options:
  validate_certs:
    description:
      - Whether the server's certificate has to be valid. A task that does not ask for that warns.
    type: bool
    default: true
  ca_path:
    description:
      - File with the certificates of the authorities to trust, in place of the bundled ones.
      - Read where the task runs.
    type: path
  timeout:
    description: Seconds to wait for the answer to one request.
    type: float
    default: 30.0
requirements:
  - requests
notes:
  - Requests go through the proxy that the environment names (E(HTTPS_PROXY), E(HTTP_PROXY), E(NO_PROXY)).
"""
