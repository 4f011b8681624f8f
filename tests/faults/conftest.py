# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of disturbances share."""

from __future__ import annotations

import pytest

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core import apply
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._http import session


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have modules that are called directly wait less before they try again."""
    monkeypatch.setattr(session, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(session, "JITTER", 0.001)
    monkeypatch.setattr(apply, "PAUSES", (0.001, 0.001, 0.001))
