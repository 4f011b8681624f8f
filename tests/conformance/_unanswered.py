# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What NetBird's stand-in answers otherwise than the recording with joined peers: exchanges by index, first and last."""

from __future__ import annotations

UNANSWERED: dict[str, str] = {
    # the catalogue of providers, and a list that nothing is ever in
    "agent-network": "31 1192",
    # not every change is an event here, and the recording has cut these lists
    "events": "1501-1505",
    # keys that expired while the recording was made
    "setup-keys": "465 469",
}
