# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for authentik answers every exchange of a login, a flow and an authorization as the recorded servers do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from conformance import _endpoints
from conformance._arrangements import ARRANGED
from conformance._flows import CASES, ENDPOINTS, FLOWS, LEFT_OUT, Stage, cases, listed


@pytest.mark.parametrize(("version", "name"), cases(*FLOWS))
def test_answers_as_recorded(stage: Callable[[str], Stage], version: str, name: str) -> None:
    """Status, location, media type, cookies, body and page of each exchange are the recorded ones."""
    mismatches = stage(version).play(name, ARRANGED)
    assert not mismatches, listed(mismatches)


def test_every_case_is_replayed_or_left_out() -> None:
    """No case is forgotten, and the tables name none that is not recorded."""
    names = {name for _version, name in CASES}
    assert [name for name in names if not name.startswith((*FLOWS, *ENDPOINTS))] == []
    assert set(LEFT_OUT) | set(ARRANGED) <= names
    assert all(LEFT_OUT.values())


EVERY = ARRANGED | _endpoints.ARRANGED
# What a left-out case was set up with, where the stand-in has not built that either.
SET_UP_BY = {"captcha: within the identification stage": ("PATCH", "/api/v3/stages/identification/pk/")}


@pytest.mark.parametrize(("version", "name"), [case for case in CASES if case[1] in LEFT_OUT])
def test_what_is_left_out_is_answered_501(stage: Callable[[str], Stage], version: str, name: str) -> None:
    """What is not built is said to be so, in one of the case's exchanges at least, or where it is set up."""
    if name in SET_UP_BY:
        method, path = SET_UP_BY[name]
        assert requests.request(method, stage(version).server.url + path, timeout=10).status_code == 501
    else:
        assert 501 in [mismatch.got for mismatch in stage(version).play(name, EVERY) if mismatch.path == "status"]
