# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of test may use."""

from __future__ import annotations

import datetime
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.release import __version__ as CORE

from simulators import authentik, netbird
from support import VERSIONS, Servers
from support.certificate import certificate


@pytest.fixture
def unused_port() -> int:
    """A port of the loopback interface on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate that is valid today, and its key."""
    day = datetime.timedelta(days=1)
    return certificate(tmp_path_factory.mktemp("tls"), -day, day)


@pytest.fixture(scope="session")
def expired_tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """One that was valid until yesterday."""
    day = datetime.timedelta(days=1)
    return certificate(tmp_path_factory.mktemp("tls"), -2 * day, -day)


# Each version of ansible-core meets one of authentik; a test that runs on one core alone meets all of them.
MET = {"2.19": VERSIONS[:1], "2.20": VERSIONS[1:2]}.get(".".join(CORE.split(".")[:2]), VERSIONS[2:])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that asks for ``authentik_version`` each that it should meet; others use the fixture ``servers`` alone."""
    if "authentik_version" in metafunc.fixturenames:
        once = metafunc.definition.get_closest_marker("once")
        metafunc.parametrize("authentik_version", VERSIONS if once else MET)


def _start(request: pytest.FixtureRequest, folder: Path) -> Iterator[Servers]:
    versioned = "authentik_version" in request.fixturenames
    version = request.getfixturevalue("authentik_version") if versioned else VERSIONS[-1]
    folder.mkdir()
    with authentik.serve(version=version) as one, netbird.serve() as other:
        yield Servers(one, other, folder)


@pytest.fixture
def servers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Servers]:
    """Fresh stand-ins of both services, of the test's version of authentik where it names one."""
    yield from _start(request, tmp_path / "servers")


@pytest.fixture
def other_servers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Servers]:
    """A second pair of them."""
    yield from _start(request, tmp_path / "others")
