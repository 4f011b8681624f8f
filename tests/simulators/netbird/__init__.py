# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for NetBird's server, with its embedded identity provider or behind one of its own (standalone set-up)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .. import _server
from .api import Api
from .connectors import open_all
from .embedded import Embedded
from .external import External, Oidc, ServerExit
from .grants import never
from .state import ADMIN_EMAIL, ADMIN_PASSWORD, Refused, State

__all__ = ["ADMIN_EMAIL", "ADMIN_PASSWORD", "NetBird", "Oidc", "Refused", "ServerExit", "State", "serve"]
_Endpoint = Callable[[Request], Awaitable[Response]]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class NetBird(_server.Running):
    """A running stand-in; `token` is the owner's personal access token, empty on a server nobody has set up."""

    def __init__(self, app: Starlette, state: State, token: str, external: External | None = None, **options: Any) -> None:
        """Start to answer."""
        self.state, self.token, self._external = state, token, external
        super().__init__(app, **options)
        state.url = self.url

    def restart(self, **configured: Any) -> None:
        """Do what a restart of the server does; the addresses stay. By then it may be configured otherwise (fields of `Oidc`)."""
        if self._external is not None and self._external.oidc is not None:
            self._external.oidc = replace(self._external.oidc, **configured)
        self.state.restart()


def _stored(state: State, endpoint: _Endpoint) -> _Endpoint:
    """Make an endpoint of the embedded provider wait for its store."""

    async def answer(request: Request) -> Response:
        return await never(request) if state.stuck else await endpoint(request)

    return answer


def serve(
    embedded: bool = True,
    port: int = 0,
    tls: tuple[str, str] | None = None,
    ca: str | None = None,
    version: str = "0.77.1",
    *,
    oidc: Oidc | None = None,
    fresh: bool | None = None,
    setup_pat: bool = False,
) -> NetBird:
    """Start a NetBird server.

    It is as the recorded one was: set up, with an owner and a token. `fresh` leaves that out: with the embedded
    provider the first-time set-up is waited for (`setup_pat` is NB_SETUP_PAT_ENABLED), without it the first person
    to log in becomes owner; that is the default where an outside provider is configured. `ca` is a file of
    certificates that outgoing requests trust. Raises `ServerExit` where the real server would exit.
    """
    state = State(embedded=embedded, version=version, verify=ca or True, setup_pat=setup_pat)
    if fresh is None:
        fresh = oidc is not None
    token = "" if fresh else state.set_up()
    external = None
    if embedded:
        provider = Embedded(state)
        state.on_restart.append(lambda: open_all(state))
        routes = [
            Route("/oauth2/.well-known/openid-configuration", provider.discovery),
            Route("/oauth2/keys", _stored(state, provider.keys)),
            Route("/oauth2/userinfo", _stored(state, provider.userinfo)),
            Route("/oauth2/auth", _stored(state, provider.choose)),
            Route("/oauth2/auth/local/login", _stored(state, provider.form), methods=["GET", "POST"]),
            Route("/oauth2/auth/{connector}", _stored(state, provider.login)),
            Route("/oauth2/callback", _stored(state, provider.callback)),
            Route("/oauth2/logout", _stored(state, provider.logout), methods=[*METHODS, "OPTIONS"]),
            Route("/oauth2/logout/callback", _stored(state, provider.logout_callback)),
            Route("/oauth2/token", _stored(state, provider.token), methods=["POST"]),
        ]
        api = Api(state, provider)
    else:
        external = External(state, oidc)
        external.start()
        if oidc is not None:
            state.delete_outside = external.delete
        state.on_restart.append(external.start)
        routes = []
        api = Api(state, external)
    routes.append(Route("/api/{path:path}", api.__call__, methods=METHODS))
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return NetBird(app, state, token, external, port=port, tls=tls)
