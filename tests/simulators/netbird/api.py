# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetBird's HTTP API: which endpoint answers, who may ask, and errors as the server words them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from . import agents, invites, peers, people, proxies, versions
from .endpoints import ENDPOINTS, Call, Endpoint
from .grants import never
from .kinds import KINDS, Kind
from .objects import decode
from .state import Account, Refused, Row, State, xid

JSON = "application/json; charset=UTF-8"
Bearer = Callable[[str], people.Identity]


def answer(status: int, body: Any, media_type: str = JSON) -> Response:
    """Answer with JSON, a line end behind it as Go writes it."""
    return Response(json.dumps(body) + "\n", status, media_type=None, headers={"content-type": media_type})


def not_found() -> Response:
    """Answer to a path that there is not."""
    return PlainTextResponse("404 page not found\n", 404)


def endpoints_of(kind: Kind) -> list[Endpoint]:
    """Return the five endpoints of a kind of objects."""
    module = kind.module or kind.key

    def listed(call: Call) -> list[Row] | None:
        rows = list(call.account.rows(kind.key).values())
        if kind.parent:
            rows = [row for row in rows if row["_parent"] == call.ids[0]]
            if kind.key == "resources" and call.ids[0] not in call.account.rows("networks"):
                return None
        if kind.key == "groups" and call.query.get("name"):
            # one of those that have a name (measured)
            rows = [row for row in rows if row["name"] == call.query["name"]][:1]
            if not rows:
                raise kind.missing(call.query["name"], "GET")
        return [kind.show(call.account, row, "list") for row in rows]

    def retrieved(call: Call) -> Any:
        return kind.show(call.account, kind.find(call.account, call.ids, "GET"), "retrieve")

    def written(call: Call) -> Any:
        old = kind.find(call.account, call.ids, "PUT") if call.method == "PUT" else None
        if kind.parent and call.ids[0] not in call.account.rows(kind.parent):
            raise Refused(404, f"{kind.orphan}{kind.parent.removesuffix('s')}: {call.ids[0]} not found")
        row = decode(kind.fields, call.body) | {"id": old["id"] if old else xid()}
        if kind.parent:
            row["_parent"] = call.ids[0]
        kind.check(call.account, row, old)
        kind.build(call.account, row, call.body, old)
        call.account.rows(kind.key)[row["id"]] = row
        return kind.show(call.account, row, "update" if old else "create")

    def deleted(call: Call) -> Row:
        row = kind.find(call.account, call.ids, "DELETE")
        kind.before_delete(call.account, row)
        del call.account.rows(kind.key)[row["id"]]
        return {}

    one = f"{kind.path}/*"
    return [
        Endpoint("GET", kind.path, listed, module),
        Endpoint("POST", kind.path, written, module),
        Endpoint("GET", one, retrieved, module, plain="retrieve" in kind.plain),
        Endpoint("PUT", one, written, module, plain="update" in kind.plain),
        Endpoint("DELETE", one, deleted, module),
    ]


TABLE = (
    *ENDPOINTS,
    *peers.ENDPOINTS,
    *invites.ENDPOINTS,
    *proxies.ENDPOINTS,
    *agents.ENDPOINTS,
    *(endpoint for kind in KINDS for endpoint in endpoints_of(kind)),
)


def match(method: str, path: str) -> tuple[Endpoint, list[str]] | None:
    """Return the endpoint for a path below /api and the ids in it; words go before ids."""
    parts = path.split("/")
    found = []
    for endpoint in TABLE:
        pattern = endpoint.path.split("/")
        if endpoint.method == method and len(pattern) == len(parts):
            pairs = list(zip(pattern, parts, strict=True))
            if all(part if word == "*" else word == part for word, part in pairs):
                found.append((endpoint, [part for word, part in pairs if word == "*"]))
    return min(found, key=lambda each: len(each[1]), default=None)


class Api:
    """The API of one server. `bearer` checks a token of whichever identity provider the server has."""

    def __init__(self, state: State, bearer: Bearer) -> None:
        """Keep what the endpoints work on."""
        self.state, self.bearer = state, bearer

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        path = request.path_params["path"]
        if "//" in "/" + path:
            cleaned = "/api/" + re.sub("/+", "/", path).lstrip("/")
            return Response(status_code=301, headers={"location": cleaned})
        found = match(request.method, path)
        if found is None or versions.lacks(self.state.version, path):
            return not_found()
        endpoint, ids = found
        # the embedded provider keeps these in the store that it waits for (measured: facts)
        if self.state.stuck and endpoint.path.startswith("identity-providers"):
            return await never(request)
        body = versions.known(self.state.version, path, self._parse(await request.body()))
        try:
            call = Call(self.state, request.method, ids, request.query_params, body)
            if not endpoint.anonymous:
                call.account, call.user = await self._caller(request.headers.get("authorization"))
                if endpoint.module and not people.may(call.user, endpoint.module, people.OPERATIONS[call.method]):
                    raise Refused(403, "permission denied")
            shown = await self._run(endpoint, call)
        except Refused as refused:
            return answer(refused.status, {"message": refused.message, "code": refused.status})
        if endpoint.empty:
            return Response(status_code=endpoint.empty)
        shown = versions.known(self.state.version, path, shown)
        return answer(200, shown, "application/json" if endpoint.plain else JSON)

    @staticmethod
    def _parse(body: bytes) -> Any:
        """Read a body; what is no JSON is left to the endpoint, which refuses it if it wants a body at all."""
        try:
            return json.loads(body)
        except ValueError:
            return None

    async def _run(self, endpoint: Endpoint, call: Call) -> Any:
        if endpoint.waits:
            return await run_in_threadpool(endpoint.answer, call)
        with self.state.lock:
            return endpoint.answer(call)

    async def _caller(self, header: str | None) -> tuple[Account, Row]:
        """Return who is asking, blocked people excepted."""
        scheme, _, credentials = (header or "").partition(" ")
        if self.state.key_lost and credentials:
            raise people.invalid()
        if scheme.lower() == "token":
            with self.state.lock:
                account, user = people.by_token(self.state, credentials)
        elif scheme.lower() == "bearer":
            person = await run_in_threadpool(self.bearer, credentials)
            with self.state.lock:
                account, user = people.by_identity(self.state, person)
        else:
            raise Refused(401, "no valid authentication provided")
        if user["is_blocked"]:
            raise Refused(403, "user is blocked")
        return account, user
