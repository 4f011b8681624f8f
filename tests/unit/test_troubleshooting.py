# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The troubleshooting guide is what the catalogue says."""

from __future__ import annotations

import importlib.util

from support import ROOT


def test_the_page_is_written_from_the_catalogue() -> None:
    spec = importlib.util.spec_from_file_location("troubleshooting", ROOT / "tests/tools/troubleshooting.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text() == module.page(), "run make docs"
