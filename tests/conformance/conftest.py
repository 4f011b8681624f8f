# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers that the tests of the stand-ins start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from conformance._flows import Stage
from conformance._issuer import Issuer
from simulators import netbird


@pytest.fixture(scope="session")
def stage() -> Iterator[Callable[[str], Stage]]:
    """Start the stand-in of a version with the recorded fixtures, on first use."""
    with ExitStack() as stack:
        yield cache(lambda version: stack.enter_context(Stage(version)))


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    """An OpenID provider that NetBird's embedded one can log people in at."""
    started = Issuer()
    with started.server:
        yield started


@pytest.fixture
def nb() -> Iterator[netbird.NetBird]:
    """NetBird, set up, with its embedded provider."""
    with netbird.serve() as running:
        yield running
