# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What works is set up once, and whole again for each test that asks for it and breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import cache
from pathlib import Path

import pytest

from support import VERSIONS, Servers
from support.broken import PUBLIC, Management, Standalone, set_up
from support.host import Host, discovery

# A set-up in a folder, on a version of authentik.
SetUp = Callable[[Path, str], AbstractContextManager[Servers]]


@pytest.fixture
def version(request: pytest.FixtureRequest) -> str:
    """The version of authentik that the test meets."""
    versioned = "authentik_version" in request.fixturenames
    return str(request.getfixturevalue("authentik_version")) if versioned else VERSIONS[-1]


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[SetUp, str], Servers]]:
    """Set-ups, each made when it is asked for first."""
    with ExitStack() as stack:

        @cache
        def made(set_up: SetUp, version: str) -> Servers:
            return stack.enter_context(set_up(tmp_path_factory.mktemp("set-up"), version))

        yield made


@pytest.fixture(scope="session")
def management_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    yield from set_up(tmp_path_factory.mktemp("management"), "management", {"management_user_approval_required": False})


@pytest.fixture(scope="session")
def standalone_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    variables = {"netbird_token": "", "standalone_netbird_url": PUBLIC}
    yield from set_up(tmp_path_factory.mktemp("standalone"), "standalone", variables)


@pytest.fixture
def management(management_servers: Servers) -> Iterator[Management]:
    with management_servers.whole_again() as servers:
        yield Management(servers, "management")


@pytest.fixture
def standalone(standalone_servers: Servers) -> Iterator[Standalone]:
    with standalone_servers.whole_again() as servers:
        key = servers.authentik.state.find("tokens", identifier="netbird-app-password")
        assert key is not None
        yield Standalone(servers, "standalone", app_password=key["key"])


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host of NetBird's that the role environment has not seen yet."""
    with discovery() as found:
        yield Host.make(tmp_path / "host/infrastructure_files", found)


@pytest.fixture(scope="session")
def deployed_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with discovery() as found:
        host = Host.make(tmp_path_factory.mktemp("host") / "infrastructure_files", found)
        played = host.play()
        assert played.code == 0, played.output
        yield host


@pytest.fixture
def deployed(deployed_host: Host, tmp_path: Path) -> Iterator[Host]:
    """One where the role ran once."""
    with deployed_host.whole_again(tmp_path / "kept"):
        yield deployed_host
