# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the file of a module that talks to servers is made of."""

from __future__ import annotations

import ast
from collections import Counter

import pytest

from support import MODULES, ROOT

ROOMS = "ansible_collections.zerotrust.netbird_authentik.plugins.module_utils."


@pytest.mark.parametrize("name", MODULES)
def test_a_module_takes_the_core_and_each_product_from_one_file(name: str) -> None:
    tree = ast.parse((ROOT / f"plugins/modules/{name}.py").read_text())
    sources = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    files = [source.removeprefix(ROOMS) for source in sources if source.startswith(ROOMS)]
    assert [file for file in files if file.startswith("_core.")] == ["_core.module"]
    products = Counter(file.partition(".")[0] for file in files)
    assert products["_authentik"] <= 1
    assert products["_netbird"] <= 1
