# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds up what tests counted, and writes it into docs/reliability.md with the date. ``make faults`` runs it when all passed."""

from __future__ import annotations

import datetime
import json
import re
import sys
from collections import Counter
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/reliability.md"
BEGIN, END = "<!-- written by make faults -->\n", "<!-- until here -->\n"


def table(lines: list[str], day: datetime.date) -> str:
    """The sums of what has the same name, and how many tests counted it."""
    sums: dict[str, Counter[str]] = {}
    tests: Counter[str] = Counter()
    for what, numbers in map(json.loads, lines):
        sums.setdefault(what, Counter()).update(numbers)
        tests[what] += 1
    said = {
        what: ", ".join(f"{number:,} {name}" for name, number in sums[what].items()).replace("_", " ") for what in sorted(sums)
    }
    rows = [f"| {what} | {tests[what]} | {numbers} |" for what, numbers in said.items()]
    return "\n".join([f"As counted on {day.isoformat()}:\n", "| what | tests | numbers |", "|---|---|---|", *rows, ""])


def written(page: str, counted: str) -> str:
    """The page with another table."""
    return re.sub(f"(?s){re.escape(BEGIN)}.*{re.escape(END)}", lambda _found: f"{BEGIN}{counted}{END}", page)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(), table(Path(sys.argv[1]).read_text().splitlines(), datetime.date.today())))
