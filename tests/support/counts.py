# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test tried and what came of it, for people and for docs/reliability.md."""

from __future__ import annotations

import json
import os
from pathlib import Path


def counted(what: str, of: str, **numbers: int) -> None:
    """Print it, and note it where E(COUNTS) names a file: ``make faults`` adds up what has the same name."""
    print(f"{what}, {of}: {', '.join(f'{number} {name}' for name, number in numbers.items())}".replace("_", " "))
    if path := os.environ.get("COUNTS"):
        with Path(path).open("a") as file:
            file.write(f"{json.dumps([what, numbers])}\n")
