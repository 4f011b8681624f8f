# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the house of the tests promises to who looks for the place of something."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support import ROOT

TESTS = ROOT / "tests"
ROOMS = ROOT / "plugins/module_utils"


def holds_something(folder: Path) -> bool:
    return any(path.is_file() and "__pycache__" not in path.parts for path in folder.rglob("*"))


FOLDERS = [str(path.relative_to(ROOT)) for path in [TESTS, *TESTS.rglob("*/")] if holds_something(path)]

pytestmark = pytest.mark.once


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_says_in_one_sentence_what_belongs_there(folder: str) -> None:
    readme = ROOT / folder / "README.md"
    assert readme.is_file(), f"{folder} has no README.md"
    assert re.fullmatch(r"[A-Z](?!.*[.!?] )[^\n]{10,140}\.\n", readme.read_text()), "one sentence, on one line"


def test_unit_tests_mirror_module_utils() -> None:
    tests = {path.relative_to(TESTS / "unit") for path in (TESTS / "unit").glob("_*/**/test_*.py")}
    assert tests
    assert [str(path) for path in tests if not (ROOMS / path.parent / path.name.removeprefix("test_")).exists()] == []
