# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """What modules can do, said once. Each module names its own exceptions."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: full
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
      - This assumes that the system controlled/queried by the module has not changed in a relevant way.
    support: full
  platform:
    description: Target OS/families that can be operated against.
    platforms: posix
    support: full
"""

    # Use together with the standard fragment.
    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    support: full
    details:
      - This module only reads.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: N/A
    details:
      - This module only reads.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
      - This assumes that the system controlled/queried by the module has not changed in a relevant way.
    support: full
  platform:
    description: Target OS/families that can be operated against.
    platforms: posix
    support: full
"""

    ACTIONGROUP_AUTHENTIK = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/zerotrust.netbird_authentik.authentik) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - zerotrust.netbird_authentik.authentik
"""

    ACTIONGROUP_NETBIRD = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/zerotrust.netbird_authentik.netbird) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - zerotrust.netbird_authentik.netbird
"""
