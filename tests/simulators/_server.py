# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both stand-ins share: a real HTTP server in a thread, a list of the requests it saw, and faults on demand."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import struct
import threading
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

import uvicorn
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

CONTROL = "/_simulator/"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
FaultKind = Literal["drop_before", "drop_after", "status", "html", "slow", "slow_after", "error_after", "held", "truncated"]


@dataclass
class Request:
    """One request that arrived; ``status`` is what the client was answered, 0 when nothing was."""

    method: str
    path: str
    query: str
    status: int = 0


@dataclass
class Fault:
    """One thing that goes wrong with the requests that match ``method`` (any when None), ``path`` (a regex, searched) and
    ``token`` (whose they are, everybody's when empty).

    The first ``skip`` matching requests pass, the next ``times`` fail (every one when None). The kinds:
    ``drop_before`` cuts the connection before the service sees the request, ``drop_after`` when it has handled it,
    ``status`` answers ``status``, ``headers`` and ``body`` in the service's place, ``html`` a page with status 200,
    ``slow`` waits ``seconds`` and goes on as usual, ``slow_after`` lets the service handle it and waits before the answer,
    ``error_after`` lets the service handle it and answers like ``status``, ``truncated`` lets it handle it and sends half of
    what it answers, ``held`` waits until the faults are cleared and goes on as usual.
    """

    kind: FaultKind = "status"
    method: str | None = None
    path: str = ""
    token: str = ""
    skip: int = 0
    times: int | None = 1
    status: int = 502
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    seconds: float = 0.0

    def takes(self, method: str, path: str, authorization: str) -> bool:
        """Say whether this request is one that fails, and count it."""
        if self.method not in (None, method) or not re.search(self.path, path) or not authorization.endswith(self.token):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0

    def response(self) -> Response:
        """Build the answer that takes the service's place."""
        if self.kind == "html":
            page = self.body or "<!DOCTYPE html><html><body><h1>Welcome</h1></body></html>"
            return Response(page, 200, self.headers, "text/html; charset=utf-8")
        headers = {
            "content-type": "text/plain; charset=utf-8",
            **{key.lower(): value for key, value in self.headers.items()},
        }
        return Response(self.body, self.status, headers)


class _Gate:
    """The ASGI application in front of the service: counts, obeys the faults and answers the control calls."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.lock = threading.Lock()
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.transports: dict[tuple[str, int], asyncio.Transport] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"].startswith(CONTROL):
            await (await self._control(scope, receive))(scope, receive, send)
            return
        request = Request(scope["method"], scope["path"], scope["query_string"].decode("latin-1"))
        authorization = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        with self.lock:
            self.requests.append(request)
            fault = next((each for each in self.faults if each.takes(request.method, request.path, authorization)), None)

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.status = message["status"]
            await send(message)

        await self._handle(fault, scope, receive, counted)

    async def _handle(self, fault: Fault | None, scope: Scope, receive: Receive, send: Send) -> None:
        kind = fault.kind if fault else None
        while kind == "held" and fault in self.faults:
            await asyncio.sleep(0.005)
        if fault is None or kind in ("slow", "held"):
            await asyncio.sleep(fault.seconds if fault else 0)
            await self.app(scope, receive, send)
            return
        if kind == "truncated":
            await self.app(scope, receive, _halved(send))
            return
        if fault.kind == "slow_after":

            async def later(message: Message) -> None:
                if message["type"] == "http.response.start":
                    await asyncio.sleep(fault.seconds)
                await send(message)

            await self.app(scope, receive, later)
            return
        if kind in ("drop_after", "error_after"):
            await self.app(scope, receive, _nowhere)
        else:
            await _body(receive)
        if kind in ("drop_before", "drop_after"):
            await self._drop(scope)
        else:
            await fault.response()(scope, receive, send)

    async def _drop(self, scope: Scope) -> None:
        """Reset the connection: no close notice, no further byte, as when a server dies."""
        transport = self.transports.get(tuple(scope["client"]))
        if transport is None:
            return
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        while not transport.is_closing() or tuple(scope["client"]) in self.transports:
            await asyncio.sleep(0)

    async def _control(self, scope: Scope, receive: Receive) -> Response:
        what, method = scope["path"].removeprefix(CONTROL), scope["method"]
        body = await _body(receive)
        with self.lock:
            if what == "requests" and method == "GET":
                return JSONResponse([asdict(request) for request in self.requests])
            if what == "requests" and method == "DELETE":
                self.requests.clear()
                return Response(status_code=204)
            if what == "faults" and method == "POST":
                self.faults.extend(Fault(**each) for each in json.loads(body))
                return Response(status_code=204)
            if what == "faults" and method == "DELETE":
                self.faults.clear()
                return Response(status_code=204)
        return Response(status_code=404)


def _halved(send: Send) -> Send:
    """Pass on half of an answer, as if that were all of it."""
    held: list[Message] = []

    async def half(message: Message) -> None:
        held.append(message)
        if message.get("more_body") or message["type"] != "http.response.body":
            return
        start, body = held[0], b"".join(each.get("body", b"") for each in held[1:])
        body = body[: len(body) // 2]
        headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        await send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    return half


async def _nowhere(message: MutableMapping[str, Any]) -> None:
    """Take an answer and give it to nobody."""


async def _body(receive: Receive) -> bytes:
    """Read the whole body, so that the connection can carry another request."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _protocol(gate: _Gate) -> type[H11Protocol]:
    """Make a protocol that lets the gate find the connection of a request by its client's address."""

    class Protocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if self.client:
                gate.transports[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self.client:
                gate.transports.pop(self.client, None)

    return Protocol


class _Server(uvicorn.Server):
    """A server that says when it accepts, and that stops at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.accepting = threading.Event()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.stopping = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.loop = asyncio.get_running_loop()
        self.accepting.set()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in list(self.server_state.tasks):
            task.cancel()
        await asyncio.sleep(0)

    def stop(self) -> None:
        self.should_exit = True
        if self.loop:
            self.loop.call_soon_threadsafe(self.stopping.set)


class Running:
    """A service that answers at ``url`` until ``stop()``, in a thread with an event loop of its own."""

    def __init__(self, app: ASGIApp, *, port: int = 0, tls: tuple[str, str] | None = None) -> None:
        self._gate = _Gate(app)
        # With the protocol named, asyncio switches Nagle's algorithm off, which would cost 40 ms a request.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._server = _Server(
            uvicorn.Config(
                self._gate,
                http=_protocol(self._gate),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=300,
                ssl_certfile=tls[0] if tls else None,
                ssl_keyfile=tls[1] if tls else None,
            )
        )
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)
        self._thread.start()
        while not self._server.accepting.wait(0.05):
            if not self._thread.is_alive():
                raise RuntimeError(f"the server at {self.url} did not start")

    @property
    def requests(self) -> list[Request]:
        """Every request since the start or the last ``clear()``, control calls excepted."""
        with self._gate.lock:
            return list(self._gate.requests)

    @property
    def writes(self) -> list[Request]:
        """The requests that could have changed something."""
        return [request for request in self.requests if request.method not in READING]

    def clear(self) -> None:
        """Forget the requests counted so far."""
        with self._gate.lock:
            self._gate.requests.clear()

    def inject(self, *faults: Fault) -> None:
        """Add faults; the first that takes a request decides. Each is copied, so that one may be injected again."""
        with self._gate.lock:
            self._gate.faults.extend(replace(fault) for fault in faults)

    def clear_faults(self) -> None:
        """Let everything work again."""
        with self._gate.lock:
            self._gate.faults.clear()

    def stop(self) -> None:
        """Close every connection and free the port."""
        self._server.stop()
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


def serve(app: ASGIApp, *, port: int = 0, tls: tuple[str, str] | None = None) -> Running:
    """Start a server for an ASGI application; it accepts when this returns."""
    return Running(app, port=port, tls=tls)
