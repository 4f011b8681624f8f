# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What specifications are made of."""

from __future__ import annotations

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import duplicates


def test_duplicates() -> None:
    assert duplicates(["a", "b", "a", "a", "b", "c"]) == ["a", "b"]
    assert duplicates([]) == []
