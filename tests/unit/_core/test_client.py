# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client against a real HTTP server: what it sends, what it repeats, and what its errors say."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import pytest
import requests
import urllib3
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.client import Client
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import (
    ApiError,
    Failure,
    NoAnswerError,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._http import session
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._http.session import default_trust
from simulators._server import Fault, Running, serve

TOKEN = "secret-token-1"


async def echo(request: Request) -> Response:
    body = await request.body()
    return JSONResponse(
        {
            "method": request.method,
            "authorization": request.headers.get("authorization"),
            "query": str(request.query_params),
            "body": json.loads(body) if body else None,
        }
    )


async def refuse(request: Request) -> Response:
    fields = {"redirect_uris": [{"matching_mode": ['"glob" is not a valid choice.']}], "name": ["Taken."]}
    return JSONResponse(fields, 400)


async def forbid(request: Request) -> Response:
    return JSONResponse({"detail": "Token invalid/expired"}, 403)


async def moved(request: Request) -> Response:
    return RedirectResponse("https://elsewhere.example/echo?x=1", 301)


async def remember(request: Request) -> Response:
    response = JSONResponse({"cookies": request.cookies})
    response.set_cookie("session", "of-the-api")
    return response


async def empty(request: Request) -> Response:
    return Response(status_code=204)


async def fail(request: Request) -> Response:
    return Response("<html>", 405, media_type="text/html")


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(session, "JITTER", 0.01)


@pytest.fixture
def server() -> Iterator[Running]:
    handlers = {
        "echo": echo,
        "refuse": refuse,
        "forbid": forbid,
        "moved": moved,
        "remember": remember,
        "empty": empty,
        "fail": fail,
    }
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    with serve(Starlette(routes=[Route(f"/{name}", handler, methods=methods) for name, handler in handlers.items()])) as running:
        yield running


def client(url: str, **options: Any) -> Client:
    return Client(url, f"Bearer {TOKEN}", service="authentik", option="authentik", **{"timeout": 5.0, **options})


def test_sends_the_token_and_decodes_json(server: Running) -> None:
    answer = client(f"{server.url}/").request("POST", "/echo", params={"a": ["1", "2"]}, body={"name": "x"})
    assert answer == {"method": "POST", "authorization": f"Bearer {TOKEN}", "query": "a=1&a=2", "body": {"name": "x"}}
    assert client(server.url).request("DELETE", "/empty") is None


def test_netrc_does_not_replace_the_token(server: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert client(server.url).request("GET", "/echo")["authorization"] == f"Bearer {TOKEN}"


def test_no_cookie_is_kept(server: Running) -> None:
    asking = client(server.url)
    assert [asking.request("GET", "/remember") for _time in range(2)] == [{"cookies": {}}] * 2


def test_a_redirect_is_not_followed(server: Running) -> None:
    with pytest.raises(ApiError, match="Set authentik_url to where the server really is") as caught:
        client(server.url).request("GET", "/moved")
    assert "x=1" not in str(caught.value)
    assert len(server.requests) == 1


def test_fields_of_an_error_are_typed_and_readable(server: Running) -> None:
    with pytest.raises(ApiError) as caught:
        client(server.url).request("POST", "/refuse", body={})
    error = caught.value
    assert (error.status, error.method, error.path) == (400, "POST", "/refuse")
    assert error.fields == {"redirect_uris.matching_mode": ['"glob" is not a valid choice.'], "name": ["Taken."]}
    assert "name: Taken." in str(error)


@pytest.mark.parametrize(
    ("path", "advice"), [("/forbid", "Check that authentik_token"), ("/nothing", "Check that authentik_url"), ("/fail", "log")]
)
def test_an_error_says_what_to_do_and_no_secret(server: Running, path: str, advice: str) -> None:
    with pytest.raises(ApiError, match=advice) as caught:
        client(server.url).request("POST", path)
    assert TOKEN not in str(caught.value)
    assert TOKEN not in json.dumps(caught.value.result())


def test_a_page_in_place_of_json_is_an_error(server: Running) -> None:
    server.inject(Fault("html"))
    with pytest.raises(ApiError, match="not JSON"):
        client(server.url).request("GET", "/echo")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_what_can_be_repeated_is_repeated(server: Running, method: str, status: int) -> None:
    server.inject(Fault("status", status=status, times=2, headers={"retry-after": "0"}))
    assert client(server.url).request(method, "/echo")["method"] == method
    assert [request.status for request in server.requests] == [status, status, 200]


def test_a_dropped_connection_is_repeated(server: Running) -> None:
    server.inject(Fault("drop_after", times=1))
    assert client(server.url).request("GET", "/echo")["method"] == "GET"


@pytest.mark.parametrize("fault", [Fault("drop_after"), Fault("status", status=502), Fault("status", status=500)])
def test_a_post_is_not_repeated(server: Running, fault: Fault) -> None:
    server.inject(fault)
    with pytest.raises((NoAnswerError, ApiError)):
        client(server.url).request("POST", "/echo", body={})
    assert len(server.requests) == 1


def test_a_post_that_the_server_put_off_is_repeated(server: Running) -> None:
    server.inject(Fault("status", status=429, headers={"retry-after": "0"}))
    assert client(server.url).request("POST", "/echo", body={})["method"] == "POST"


def test_retry_after_is_bounded() -> None:
    answer = urllib3.HTTPResponse(headers={"Retry-After": "86400"})
    assert session._PoliteRetry(total=1).get_retry_after(answer) == session.LONGEST_RETRY_AFTER


def test_a_server_that_stays_broken_is_an_error_in_the_end(server: Running) -> None:
    server.inject(Fault("status", status=503, times=None, headers={"retry-after": "0"}))
    with pytest.raises(ApiError, match="status 503"):
        client(server.url).request("GET", "/echo")
    assert len(server.requests) == 6


def test_a_slow_answer_is_given_up(server: Running) -> None:
    server.inject(Fault("slow", seconds=1.0, times=None))
    with pytest.raises(NoAnswerError, match=r"gave no answer to POST /echo: Read timed out"):
        client(server.url, timeout=0.2).request("POST", "/echo", body={})


def test_nobody_there(unused_port: int) -> None:
    with pytest.raises(NoAnswerError, match=r"Failed to establish a new connection.*Check that authentik_url"):
        client(f"http://127.0.0.1:{unused_port}").request("POST", "/echo", body={})


@pytest.mark.parametrize(("url", "text"), [("authentik.company", "must start with"), ("http://[", "is not a URL")])
def test_a_bad_url(url: str, text: str) -> None:
    with pytest.raises(Failure, match=text):
        client(url).request("GET", "/echo")


def test_a_missing_ca_file() -> None:
    with pytest.raises(Failure, match=r"ca_path names '/nowhere/ca\.pem'"):
        client("https://127.0.0.1", ca_path="/nowhere/ca.pem")


def test_certificates(tls: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, _key = tls
    assert ssl.create_default_context(cafile=certificate)
    # The environment trusts the server, the task does not: the task decides.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificate)
    with serve(Starlette(routes=[Route("/echo", echo)]), tls=tls) as server:
        with pytest.raises(Failure, match=r"certificate that cannot be verified.*ca_path"):
            client(server.url).request("GET", "/echo")
        assert client(server.url, ca_path=certificate).request("GET", "/echo")["method"] == "GET"
        assert client(server.url, validate_certs=False).request("GET", "/echo")["method"] == "GET"


class CountingContext(ssl.SSLContext):
    """Knows which files were read into contexts."""

    read: ClassVar[list[Any]] = []

    def load_verify_locations(self, *files: Any) -> None:
        self.read.extend(each for each in files if each)
        super().load_verify_locations(*files)


@pytest.mark.skipif(
    not hasattr(requests.adapters.HTTPAdapter, "build_connection_pool_key_attributes"),
    reason="requests reads it for each session before 2.32.2",
)
def test_the_default_bundle_is_read_once_and_again_when_it_is_another(
    tls: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, others = tmp_path / "bundle.pem", Path(requests.utils.DEFAULT_CA_BUNDLE_PATH).read_text()
    bundle.write_text(others + Path(tls[0]).read_text())
    monkeypatch.setattr(requests.utils, "DEFAULT_CA_BUNDLE_PATH", str(bundle))
    monkeypatch.setattr(urllib3.util.ssl_, "SSLContext", CountingContext)
    monkeypatch.setattr(CountingContext, "read", [])
    with serve(Starlette(routes=[Route("/echo", echo)])) as server:
        assert client(server.url).request("GET", "/echo")["method"] == "GET"
        assert CountingContext.read == []
    with serve(Starlette(routes=[Route("/echo", echo)]), tls=tls) as server:
        for _task in range(3):
            assert client(server.url).request("GET", "/echo")["method"] == "GET"
        assert CountingContext.read == [str(bundle)]

        with pytest.raises(Failure, match=r"certificate that cannot be verified.*localhost"):
            client(server.url.replace("127.0.0.1", "localhost")).request("GET", "/echo")
        assert client(server.url, validate_certs=False).request("GET", "/echo")["method"] == "GET"
        assert CountingContext.read == [str(bundle)]

        bundle.write_text(others)
        with pytest.raises(Failure, match="certificate that cannot be verified"):
            client(server.url).request("GET", "/echo")
        assert CountingContext.read == [str(bundle)] * 2

        bundle.write_text("not a certificate")
        with pytest.raises(Failure, match="certificate that cannot be verified"):
            client(server.url).request("GET", "/echo")


def test_each_thread_has_its_own_trust() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(default_trust).result() is not default_trust()
