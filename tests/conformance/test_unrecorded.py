# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the stand-ins answer what no recording shows: what the next recording has to ask.

A mark stands beside the code, in a comment or a docstring, up to the next empty line: what is answered, and from where
that is known. `UNRECORDED: a consent that expires; here none does (OpenAPI)`
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

SIMULATORS = Path(__file__).resolve().parents[1] / "simulators"
MARK = "UNRECORDED:"
SOURCES = re.compile(r"OpenAPI|source|discovery document|public thread|guess|``[\w/]+\.py``")


def remarks(code: str) -> Iterator[str]:
    """Yield the docstrings and other texts of a program, and its comments, lines that follow each other as one."""
    block: list[str] = []
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            block.append(token.string.lstrip("# "))
        elif token.type != tokenize.NL:
            yield "\n".join(block)
            block = []
            if token.type == tokenize.STRING:
                yield token.string.strip("\"'")


def marks() -> dict[str, list[str]]:
    """Return the marks of every file."""
    found: dict[str, list[str]] = {}
    for path in sorted(SIMULATORS.rglob("*.py")):
        for remark in remarks(path.read_text(encoding="utf-8")):
            for mark in remark.split(MARK)[1:]:
                text = " ".join(mark.split("\n\n")[0].split())
                found.setdefault(str(path.relative_to(SIMULATORS)), []).append(text)
    return found


def test_what_no_recording_shows_has_a_source() -> None:
    """Every mark says from where it is known, and none is overlooked; with `-s` this lists them all."""
    found = marks()
    for path, texts in found.items():
        print(f"{path} ({len(texts)})", *texts, sep="\n  ")
        assert all(SOURCES.search(text) for text in texts), path
    written = {path: path.read_text(encoding="utf-8").count("UNRECORDED") for path in SIMULATORS.rglob("*.py")}
    assert {path: len(texts) for path, texts in found.items()} == {
        str(path.relative_to(SIMULATORS)): count for path, count in written.items() if count
    }
    assert found
