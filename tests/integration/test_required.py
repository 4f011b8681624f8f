# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a role needs and nobody gave is named in one sentence, all of it at once, before anything happens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support import Servers
from support.refusals import attempts, reasons

pytestmark = pytest.mark.once

AUTHENTIK = {"authentik_url": "http://127.0.0.1:9", "authentik_token": "token-of-authentik"}
NETBIRD = {"netbird_url": "http://127.0.0.1:9", "netbird_token": "token-of-netbird"}
ENVIRONMENT = {
    "environment_oidc_configuration_endpoint": "http://127.0.0.1:9/",
    "environment_client_id": "client",
    "environment_mgmt_idp_password": "password-of-netbird",
}
# What each role needs, in the order in which it is named, and what else is given.
NEEDED: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "management": ("management", {**AUTHENTIK, **NETBIRD}, {}),
    "management, to take it back": ("management", {**AUTHENTIK, **NETBIRD}, {"management_state": "absent"}),
    "standalone": ("standalone", {**AUTHENTIK, "standalone_netbird_url": "http://127.0.0.1:9"}, {}),
    "environment": ("environment", {**ENVIRONMENT, "environment_directory": "/nowhere"}, {}),
    "environment, a file": ("environment", {**ENVIRONMENT, "environment_file": "/nowhere/f"}, {"environment_mode": "env_file"}),
    "verify": ("verify", {"verify_setup": "management", **AUTHENTIK, "netbird_url": "http://127.0.0.1:9"}, {}),
    "verify, standalone": ("verify", {"verify_setup": "standalone", **AUTHENTIK, "standalone_netbird_url": "http://x"}, {}),
}
# Names by which the same may be given.
OTHERWISE = {"verify": {"standalone_netbird_url": "netbird_url"}}


def left_out(names: list[str]) -> Iterator[tuple[str, ...]]:
    """Each alone, and all together."""
    yield from ((name,) for name in names)
    yield tuple(names)


def sentence(role: str, names: tuple[str, ...]) -> str:
    """What has to be said, and for a host's files that one variable says where they are."""
    words = [OTHERWISE.get(role, {}).get(name, name) for name in names]
    where = {"environment_directory": "configure_sh", "environment_file": "env_file"}
    hints = [f" With environment_mode {where[name]}, {name} has to say where." for name in names if name in where]
    return f"The role {role} needs {', '.join(words)}. Nothing was changed.{''.join(hints)}"


def test_what_is_missing_is_named_all_at_once(servers: Servers) -> None:
    wanted: dict[str, str] = {}
    tasks = []
    for case, (role, needed, given) in NEEDED.items():
        for names in left_out(list(needed)):
            name = f"{case} without {' and '.join(names)}"
            wanted[name] = sentence(role, names)
            tasks.append(attempts(role, name, {**given, **{key: needed[key] for key in needed if key not in names}}))
    played = servers.play(tasks, {}, "-vvv", connection=False)
    assert reasons(played, wanted) == wanted
    assert played.code == 0, played.output[-1500:]
    assert "is undefined" not in played.output
    assert "Traceback" not in played.output
    assert played.writes == []


def test_connections_from_the_environment(servers: Servers) -> None:
    """What AUTHENTIK_URL and the others say is not missing: the roles go on, and modules judge it."""
    environment = {name.upper(): value.removeprefix("http://") for name, value in {**AUTHENTIK, **NETBIRD}.items()}
    roles = {"management": {}, "standalone": {}, "verify": {"verify_setup": "management"}}
    tasks = [attempts(role, role, given) for role, given in roles.items()]
    played = servers.play(tasks, {}, connection=False, environment=environment)
    said = reasons(played, roles)
    assert set(said) == set(roles), played.output
    assert said["management"].startswith("netbird_url must start with http:// or https://")
    assert "standalone_netbird_url has to be NetBird's URL" in said["standalone"]
    assert not any(" needs " in text for text in said.values())
