# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set-ups that work, made once, to be broken by each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import Servers
from support.broken import PUBLIC, Management, Standalone, set_up
from support.frozen import Frozen


@pytest.fixture(scope="session")
def management_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    yield from set_up(tmp_path_factory.mktemp("management"), "management", {"management_user_approval_required": False})


@pytest.fixture(scope="session")
def standalone_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    variables = {"netbird_token": "", "standalone_netbird_url": PUBLIC}
    yield from set_up(tmp_path_factory.mktemp("standalone"), "standalone", variables)


@pytest.fixture
def management(management_servers: Servers) -> Iterator[Management]:
    frozen = [Frozen(server.state) for server in management_servers.both]
    yield Management(management_servers, "management")
    for each, server in zip(frozen, management_servers.both, strict=True):
        each.restore()
        server.clear_faults()


@pytest.fixture
def standalone(standalone_servers: Servers) -> Iterator[Standalone]:
    frozen = Frozen(standalone_servers.authentik.state)
    key = standalone_servers.authentik.state.find("tokens", identifier="netbird-app-password")
    assert key is not None
    yield Standalone(standalone_servers, "standalone", app_password=key["key"])
    frozen.restore()
    standalone_servers.authentik.clear_faults()
