# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both stand-ins share: requests are counted, and faults happen to exactly the requests that they are meant for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from simulators._server import Fault, Running, serve


class Counter:
    """An application that counts what reaches it."""

    def __init__(self) -> None:
        self.handled = 0
        self.app = Starlette(routes=[Route("/{rest:path}", self.answer, methods=["GET", "POST"])])

    async def answer(self, request: Request) -> JSONResponse:
        """Count the request."""
        await request.body()
        self.handled += 1
        return JSONResponse({"handled": self.handled})


@pytest.fixture
def counter() -> Counter:
    """The application."""
    return Counter()


@pytest.fixture
def server(counter: Counter) -> Iterator[Running]:
    """The application, running."""
    with serve(counter.app) as running:
        yield running


def test_requests_are_counted(server: Running) -> None:
    """Method, path, query and status of each, in order; what could write is told apart."""
    requests.get(f"{server.url}/a/", params={"b": "c d"}, timeout=5)
    requests.post(f"{server.url}/e/", json={}, timeout=5)
    seen = [(each.method, each.path, each.query, each.status) for each in server.requests]
    assert seen == [("GET", "/a/", "b=c+d", 200), ("POST", "/e/", "", 200)]
    assert [each.path for each in server.writes] == ["/e/"]
    server.clear()
    assert server.requests == []


@pytest.mark.parametrize(("kind", "handled"), [("drop_before", 0), ("drop_after", 1)])
def test_dropped_connections(server: Running, counter: Counter, kind: str, handled: int) -> None:
    """The connection breaks, before or after the request was handled; the next request works."""
    server.inject(Fault(kind=kind, method="POST", path="^/x"))  # type: ignore[arg-type]
    with requests.Session() as session:
        session.get(f"{server.url}/x", timeout=5)
        counter.handled = 0
        with pytest.raises(requests.ConnectionError):
            session.post(f"{server.url}/x", data=b"y" * 100_000, timeout=5)
        assert counter.handled == handled
        assert session.post(f"{server.url}/x", timeout=5).json() == {"handled": handled + 1}
    assert [each.status for each in server.requests] == [200, 0, 200]


def test_answers_instead(server: Running, counter: Counter) -> None:
    """A status with headers and a body, or a page, is answered in the service's place."""
    server.inject(
        Fault(status=429, headers={"Retry-After": "3"}, body="later", times=2),
        Fault(kind="html"),
        Fault(kind="error_after", status=502),
    )
    answers = [requests.get(server.url, timeout=5) for _ in range(5)]
    assert [each.status_code for each in answers] == [429, 429, 200, 502, 200]
    assert answers[1].headers["retry-after"] == "3"
    assert answers[1].text == "later"
    assert answers[2].text.startswith("<!DOCTYPE html>")
    assert counter.handled == 2


def test_some_pass_first(server: Running) -> None:
    """Only matching requests count; with no number of times it goes on until it is cleared."""
    server.inject(Fault(path="/x", skip=1, times=None, status=500))
    paths = ("/y", "/x", "/x", "/y", "/x")
    assert [requests.get(server.url + path, timeout=5).status_code for path in paths] == [200, 200, 500, 200, 500]
    server.clear_faults()
    assert requests.get(f"{server.url}/x", timeout=5).status_code == 200


def test_slowness(server: Running) -> None:
    """A slow answer comes late, and holds up no other."""
    server.inject(Fault(kind="slow", path="/x", seconds=0.3, times=1))
    with pytest.raises(requests.Timeout):
        requests.get(f"{server.url}/x", timeout=0.1)
    start = time.monotonic()
    assert requests.get(f"{server.url}/x", timeout=5).status_code == 200
    assert time.monotonic() - start < 0.3


def test_control_from_another_process(server: Running) -> None:
    """The same by HTTP; control calls are not counted."""
    control = f"{server.url}/_simulator"
    requests.post(f"{control}/faults", json=[{"kind": "status", "status": 503, "times": 1}], timeout=5)
    assert requests.get(f"{server.url}/x", timeout=5).status_code == 503
    seen = requests.get(f"{control}/requests", timeout=5).json()
    assert seen == [{"method": "GET", "path": "/x", "query": "", "status": 503}]
    requests.delete(f"{control}/requests", timeout=5)
    assert server.requests == []


def test_the_port_is_free_again(counter: Counter) -> None:
    """A server that stopped can be started again at the same address, with clients still connected to the old one."""
    first = serve(counter.app)
    with requests.Session() as session:
        session.get(first.url, timeout=5)
        first.stop()
        with serve(counter.app, port=first.port) as second:
            assert second.url == first.url
            assert requests.get(second.url, timeout=5).status_code == 200


def test_tls(counter: Counter, tls: tuple[str, str]) -> None:
    """With a certificate the address is an https one."""
    with serve(counter.app, tls=tls) as running:
        assert running.url.startswith("https://")
        assert requests.get(running.url, verify=tls[0], timeout=5).status_code == 200
        running.inject(Fault(kind="drop_after"))
        with pytest.raises(requests.ConnectionError):
            requests.get(running.url, verify=tls[0], timeout=5)


def test_half_an_answer(server: Running, counter: Counter) -> None:
    """The request was handled, and what comes back breaks off without the connection doing so."""
    server.inject(Fault("truncated", path="^/x"))
    with requests.Session() as session:
        first = session.post(f"{server.url}/x", timeout=5)
        assert (first.status_code, first.text) == (200, '{"hand')
        assert session.post(f"{server.url}/x", timeout=5).json() == {"handled": 2}
    assert counter.handled == 2


def test_held_until_it_is_let_go(server: Running, counter: Counter) -> None:
    """One person's requests wait, another's do not."""
    server.inject(Fault("held", token="one", times=None))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(requests.get, f"{server.url}/x", headers={"Authorization": "Bearer one"}, timeout=5)
        assert requests.get(f"{server.url}/x", headers={"Authorization": "Bearer two"}, timeout=5).json() == {"handled": 1}
        assert counter.handled == 1
        server.clear_faults()
        assert waiting.result().json() == {"handled": 2}
