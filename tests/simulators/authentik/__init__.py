# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for authentik: its API v3, its flows and its OpenID provider, as the recorded servers answer."""

from __future__ import annotations

import secrets

from .._server import Running as _Running
from .app import App
from .fresh import fresh
from .keys import key_pair
from .state import VERSIONS, State

__all__ = ["VERSIONS", "Running", "State", "serve"]


class Running(_Running):
    """A running authentik: ``token`` is an API token of its administrator, ``state`` what it keeps."""

    def __init__(self, state: State, *, port: int = 0, tls: tuple[str, str] | None = None) -> None:
        super().__init__(App(state), port=port, tls=tls)
        self.state = state
        self.token = state.admin_token


def serve(
    version: str = "2026.5",
    port: int = 0,
    tls: tuple[str, str] | None = None,
    *,
    token: str | None = None,
    password_fields: bool = False,
    state: State | None = None,
) -> Running:
    """Start a fresh authentik of a release (one of ``VERSIONS``), or one that goes on with a state.

    ``password_fields`` makes the login ask for name and password in one step.
    """
    if version not in VERSIONS:
        raise ValueError(f"no such version: {version} (there are {', '.join(VERSIONS)})")
    if state is None:
        state = fresh(version, token or secrets.token_hex(30), key_pair())
        state.password_fields = password_fields
    return Running(state, port=port, tls=tls)
