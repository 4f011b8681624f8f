# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins that are set up once, broken by each test, and whole again for the next."""

from __future__ import annotations

import copy
from typing import Any

# What belongs to the running server and not to what it keeps.
LIVE = ("lock", "key_pair", "on_restart", "delete_outside")


class Frozen:
    """The state of a stand-in at one moment, to be put back as often as wanted."""

    def __init__(self, state: Any) -> None:
        self._state = state
        self._kept = self._copy()

    def _copy(self) -> dict[str, Any]:
        return copy.deepcopy({name: value for name, value in vars(self._state).items() if name not in LIVE})

    def restore(self) -> None:
        vars(self._state).update(copy.deepcopy(self._kept))
