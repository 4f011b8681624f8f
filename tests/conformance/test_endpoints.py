# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-ins answer every exchange of tokens, log-outs, devices and permissions as the recorded servers do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance._endpoints import ARRANGED
from conformance._flows import CASES, ENDPOINTS, Stage, cases, listed


@pytest.mark.parametrize(("version", "name"), cases(*ENDPOINTS))
def test_answers_as_recorded(stage: Callable[[str], Stage], version: str, name: str) -> None:
    """Status, location, media type, cookies, headers and body of each exchange are the recorded ones."""
    mismatches = stage(version).play(name, ARRANGED)
    assert not mismatches, listed(mismatches)


def test_arrangements_are_of_recorded_cases() -> None:
    """No arrangement is left of a case that is not there, and what is not built has a reason."""
    assert set(ARRANGED) <= {name for _version, name in CASES if name.startswith(ENDPOINTS)}
    assert all(reason for arranged in ARRANGED.values() for reason in arranged.unbuilt.values())
