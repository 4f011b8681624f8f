# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of test may use."""

from __future__ import annotations

import datetime
import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.release import __version__ as CORE

from simulators import authentik, netbird
from support import VERSIONS, Servers
from support.certificate import certificate


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole", action="store_true", help="every case of the tests that are sampled otherwise")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of the cases of a test that is sampled, leave some: the same each time."""
    if config.getoption("whole"):
        return
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("sample"):
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    left_out: list[pytest.Item] = []
    for group in cases.values():
        (mark,) = group[0].iter_markers("sample")
        left_out += set(group) - set(random.Random(12).sample(group, min(mark.args[0], len(group))))
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


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
