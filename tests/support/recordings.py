# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What real servers answered, as it was recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RECORDINGS = Path(__file__).resolve().parents[1] / "recordings"
# The versions of authentik that were recorded.
VERSIONS = ("2025.10", "2026.5")


def recording(name: str) -> Any:
    """Read one recording."""
    return json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
