# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The web application: one entry point that finds what a path belongs to.

Whatever a request changes is done in one go, without giving way to another request, so no lock is needed.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from . import access, actions, api, authorize, browser, device_code, discovery, end_session, flows, oauth, tokens
from .api import Refused, answer, authenticate, failed, page
from .spec import NotBuilt, ServerFailure, View
from .state import Row, State

API = "/api/v3/"
EXECUTOR = re.compile(r"/api/v3/flows/executor/([^/]+)/")
OAUTH = "/application/o/"
OWN = "core/users/me/"
# What the API has, and the collection does not ask for.
NOT_BUILT = ("stages/", "flows/bindings/", "managed/blueprints/import/", "managed/blueprints/available/")


class App:
    """The ASGI application of one server."""

    def __init__(self, state: State) -> None:
        self.state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        await self.respond(request, body)(scope, receive, send)

    def respond(self, request: Request, body: bytes) -> Response:
        """Answer a request; an error that nothing here foresees is one inside the server."""
        method = "GET" if request.method == "HEAD" else request.method
        try:
            return self._route(request, method, body)
        except Refused as error:
            return answer(self.state, error.status, error.body, error.allow)
        except NotBuilt as error:
            return PlainTextResponse(f"This stand-in has not built {error}.", 501)
        except ServerFailure as error:
            self.state.log.append(str(error))
        except Exception:
            traceback.print_exc(file=sys.stderr)
        return failed(method)

    def _route(self, request: Request, method: str, body: bytes) -> Response:
        path = request.url.path
        base = f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}"
        at = browser.visit(self.state, base, method, request)
        if executor := EXECUTOR.fullmatch(path):
            return flows.executor(at, executor[1], body)
        if path.startswith(API):
            return self._api(request, method, at, body)
        if path.startswith(OAUTH):
            return self._oauth(request, method, at, body)
        return self._page(at)

    def _api(self, request: Request, method: str, at: browser.Visit, body: bytes) -> Response:
        path = at.path.removeprefix(API)
        # UNRECORDED: a path without its last slash (measured)
        if not path.endswith("/"):
            return self._without_slash(request, method, f"{path}/")
        query = parse_qs(request.url.query, keep_blank_values=True)
        if path.startswith(NOT_BUILT):
            raise NotBuilt(f"the API of {path}")
        allow = actions.allow(path)
        # UNRECORDED: releases before 2025.10 (authentik's OpenAPI documents: of what is built here they lack this alone)
        older = path.startswith("core/application_entitlements/") and not self.state.at_least("2024.12")
        if not allow or older:
            return page(404, "Not Found")
        view = View(self.state, access.ANONYMOUS, at.base, method == "PATCH", query)
        try:
            view = replace(view, caller=self._caller(request, method, path, at))
        except Refused as error:
            raise Refused(error.status, error.body, allow) from None
        found = actions.handle(self.state, method, path, view, body) or api.handle(self.state, method, path, view, body)
        return at.keep(found) if path == OWN and at.user else found

    def _caller(self, request: Request, method: str, path: str, at: browser.Visit) -> Row:
        """Return whose request this is: a token's owner, who is logged in at the browser, or nobody in particular."""
        header = request.headers.get("authorization", "")
        if header or (at.user is None and not actions.anybody(path)):
            return authenticate(self.state, header)
        if at.user and method != "GET":
            raise NotBuilt("a request of the API that writes for who is logged in at a browser")
        return at.user or access.ANONYMOUS

    def _without_slash(self, request: Request, method: str, path: str) -> Response:
        """A path without its last slash: a GET is sent on, anything else fails inside the server.

        UNRECORDED: both (measured).
        """
        if method != "GET":
            return failed(method)
        query = f"?{request.url.query}" if request.url.query else ""
        response = browser.redirect(f"{API}{path}{query}")
        response.status_code = 301
        return response

    def _oauth(self, request: Request, method: str, at: browser.Visit, body: bytes) -> Response:
        path = at.path.removeprefix(OAUTH)
        headers = request.headers
        header = headers.get("authorization", "")
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)) if method == "POST" else {}
        state, base, address = self.state, at.base, request.client.host if request.client else ""
        calls: dict[tuple[str, str], Callable[[], Response]] = {
            ("GET", "authorize/"): lambda: authorize.authorize(at),
            ("POST", "authorize/"): lambda: authorize.posted(),
            ("POST", "token/"): lambda: tokens.token(state, base, form, headers),
            ("OPTIONS", "token/"): lambda: oauth.cors(oauth.reply({}), headers, None, preflight=True),
            ("POST", "device/"): lambda: device_code.begin(state, base, form, headers, address),
            ("GET", "userinfo/"): lambda: oauth.userinfo(state, headers, at.values),
            ("POST", "userinfo/"): lambda: oauth.userinfo(state, headers, at.values),
            ("POST", "introspect/"): lambda: oauth.introspect(state, form, header),
            ("POST", "revoke/"): lambda: oauth.revoke(state, form, header),
        }
        if (method, path) in calls:
            return calls[method, path]()
        if any(name == path for _method, name in calls):
            return HTMLResponse("", 405, {"allow": "POST, OPTIONS"})
        own = re.fullmatch(r"([^/]+)/(\.well-known/openid-configuration|jwks/|end-session/|)", path)
        if own and own[2] == "end-session/" and method in ("GET", "POST"):
            return end_session.begin(at, own[1], form)
        if own and method == "GET":
            if not own[2]:
                return browser.redirect(f"{at.path}.well-known/openid-configuration")
            return discovery.jwks(state, own[1]) if own[2] == "jwks/" else discovery.discovery(state, base, own[1])
        # UNRECORDED: an unknown address of the provider (a guess by other unknown ones)
        return page(404, "Not Found")

    def _page(self, at: browser.Visit) -> Response:
        if at.path == "/":
            return browser.redirect("/if/user/" if at.user else "/flows/-/default/authentication/?next=/")
        if at.path in ("/device", "/device/"):
            return device_code.page(at)
        # UNRECORDED: the health of the server (authentik's source)
        if at.path in ("/-/health/live/", "/-/health/ready/"):
            return Response(status_code=200)
        if at.path == "/flows/-/cancel/":
            return authorize.cancel(at)
        if default := re.fullmatch(r"/flows/-/default/(authentication|invalidation)/", at.path):
            return authorize.default_flow(at, default[1])
        if setup := re.fullmatch(r"/flows/-/configure/([^/]+)/", at.path):
            return authorize.configure(at, setup[1])
        found = re.fullmatch(r"/if/flow/([^/]+)/", at.path)
        if at.path == "/if/user/" or (found and self.state.find("flows", slug=found[1])):
            return HTMLResponse(api.PAGE.format("authentik", ""))
        return page(404, "Not Found")
