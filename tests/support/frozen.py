# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins that are set up once, broken by each test, and whole again for the next."""

from __future__ import annotations

import pickle
from typing import Any

# What belongs to the running server and not to what it keeps.
LIVE = ("lock", "on_restart", "delete_outside")


class Frozen:
    """The states of stand-ins at one moment, to be put back as often as wanted."""

    def __init__(self, *states: Any) -> None:
        self._states = states
        self._kept = [pickle.dumps({name: each for name, each in vars(state).items() if name not in LIVE}) for state in states]

    def restore(self) -> None:
        for state, kept in zip(self._states, self._kept, strict=True):
            vars(state).update(pickle.loads(kept))
