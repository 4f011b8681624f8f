# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All named causes, in the order in which their checks are shown.

PRIVATE to this collection.
"""

from __future__ import annotations

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils import (
    _causes_account,
    _causes_authentik,
    _causes_logout,
    _causes_netbird,
    _causes_network,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._causes import Cause

CAUSES: tuple[Cause, ...] = (
    *_causes_network.cause.causes,
    *_causes_authentik.cause.causes,
    *_causes_account.cause.causes,
    *_causes_netbird.cause.causes,
    *_causes_logout.cause.causes,
)
