# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How every module reaches a server: certificates that it refuses, in words, where tokens do not go, and proxies."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._http import session
from simulators import authentik, netbird
from simulators._server import Fault, serve
from support import COLLECTION, Servers
from support.broken import Management
from support.certificate import issued
from support.modules import call
from support.proxy import proxy

pytestmark = pytest.mark.once

DAY = datetime.timedelta(days=1)
TOKEN, PASSWORD = "token-of-this-test", "password-of-this-test"
PERSON = {"username": "alice", "password": PASSWORD}
CLIENT = {"client_id": "client", "client_secret": TOKEN}
NETBIRD = {"netbird_token": TOKEN, "connector": "connector"}
# A module of each product and all that log in, with "{url}" for where the server is.
MODULES: dict[str, tuple[str, dict[str, Any]]] = {
    "authentik": ("authentik_info", {"authentik_url": "{url}", "authentik_token": TOKEN}),
    "NetBird": ("netbird_info", {"netbird_url": "{url}", "netbird_token": TOKEN}),
    "a login at authentik": ("oidc_login", {"issuer": "{url}/application/o/netbird/", **CLIENT, **PERSON}),
    "a device's login": ("oidc_login", {"issuer": "{url}/application/o/netbird/", "grant": "device_code", **CLIENT, **PERSON}),
    "a login to NetBird": ("oidc_login", {"via": "netbird", "netbird_url": "{url}", **NETBIRD, **PERSON}),
    "discovery": ("oidc_discovery", {"issuer": "{url}/application/o/netbird/"}),
}
every_module = pytest.mark.parametrize("module", MODULES)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have modules that are called directly wait less before they try again."""
    monkeypatch.setattr(session, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(session, "JITTER", 0.001)


def call_at(module: str, url: str, **options: Any) -> dict[str, Any]:
    """The result of a module whose server is there."""
    name, given = MODULES[module]
    return call(name, {**{key: value.replace("{url}", url) for key, value in given.items()}, **options})


@dataclass
class Listener:
    """A server that notes the header Authorization of each request, and knows nothing."""

    authorizations: list[str | None] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        self.authorizations.append(request.headers.get("authorization"))
        return JSONResponse({"detail": "Not found."}, 404)

    def app(self) -> Starlette:
        methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
        return Starlette(routes=[Route("/{path:path}", self.answer, methods=methods)])


@dataclass(frozen=True)
class Certificates:
    """Files of certificates and their keys: two authorities, and what the servers show."""

    authority: tuple[str, str]
    other: tuple[str, str]
    shown: dict[str, tuple[str, str]]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    authority = issued(folder / "authority", -DAY, DAY, name="authority.example")
    other = issued(folder / "other", -DAY, DAY, name="other.example")
    good = issued(folder / "good", -DAY, DAY, by=authority)
    chain = folder / "chain.pem"
    chain.write_text(Path(good[0]).read_text() + Path(authority[0]).read_text())
    shown = {
        "good": good,
        "chain": (str(chain), good[1]),
        "name": issued(folder / "name", -DAY, DAY, name="elsewhere.example", by=authority),
        "expired": issued(folder / "expired", -2 * DAY, -DAY, by=authority),
        "future": issued(folder / "future", DAY, 2 * DAY, by=authority),
        "self-signed": issued(folder / "self-signed", -DAY, DAY),
    }
    return Certificates(authority, other, shown)


# What a server shows, whether the task trusts its authority, what is said of it, and what to do about it.
REFUSED: dict[str, tuple[str, bool, str, str]] = {
    "another authority": ("good", False, "its authority is not trusted", "set ca_path to the file of that authority"),
    "another authority, shown": ("chain", False, "its authority is not trusted", "set ca_path to the file of that authority"),
    "another name": ("name", True, "it is for another name", "use a URL whose name is in it"),
    "expired": ("expired", True, "it has expired", "renew it, or set the clock"),
    "not yet valid": ("future", True, "it is not valid yet", "set the clock"),
    "self-signed": ("self-signed", True, "it is self-signed", "set ca_path to the file of this certificate"),
}


@every_module
@pytest.mark.parametrize("wrong", REFUSED)
def test_a_certificate_is_refused_in_words(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch, module: str, wrong: str
) -> None:
    shown, trusted, words, remedy = REFUSED[wrong]

    def slept(*_args: Any) -> None:
        raise AssertionError("asked again, the server shows the same certificate")

    monkeypatch.setattr(session._PoliteRetry, "sleep", slept)
    ca_path = (certificates.authority if trusted else certificates.other)[0]
    with serve(Listener().app(), tls=certificates.shown[shown]) as server:
        result = call_at(module, server.url, ca_path=ca_path)
        assert server.requests == []
    assert result["failed"]
    assert words in result["msg"]
    assert remedy.lower() in result["msg"].lower()
    assert TOKEN not in json.dumps(result)
    assert PASSWORD not in json.dumps(result)


@every_module
@pytest.mark.parametrize("options", ["ca_path", "validate_certs"])
def test_a_certificate_is_taken(certificates: Certificates, module: str, options: str) -> None:
    given: dict[str, dict[str, Any]] = {
        "ca_path": {"ca_path": certificates.authority[0]},
        "validate_certs": {"validate_certs": False},
    }
    shown = {"ca_path": "good", "validate_certs": "self-signed"}[options]
    with serve(Listener().app(), tls=certificates.shown[shown]) as server:
        result = call_at(module, server.url, **given[options])
        assert server.requests != [], result
    assert "certificate" not in result["msg"].partition("This is known")[0]


@every_module
def test_a_server_without_tls(module: str) -> None:
    with serve(Listener().app()) as server:
        result = call_at(module, server.url.replace("http://", "https://"), timeout=5)
    assert result["failed"]
    assert "certificate that cannot be verified" not in result["msg"]
    assert "set ca_path" not in result["msg"].lower()


@pytest.mark.parametrize("in_process", [True, False], ids=["in-process", "ordinary"])
def test_each_task_warns_once_that_nothing_is_checked(certificates: Certificates, tmp_path: Path, in_process: bool) -> None:
    shown = certificates.shown["self-signed"]
    with authentik.serve(tls=shown) as one, netbird.serve(tls=shown) as other:
        servers = Servers(one, other, tmp_path)
        unchecked = {"validate_certs": False}
        login = {"issuer": servers.issuer, **CLIENT, **PERSON, **unchecked}
        tasks = [
            {f"{COLLECTION}.authentik_info": unchecked},
            {f"{COLLECTION}.netbird_info": unchecked},
            {f"{COLLECTION}.oidc_login": login, "ignore_errors": True},
        ]
        played = servers.play(tasks, {"netbird_authentik_in_process": in_process}, environment={"RECORD_URLS": ""})
        assert played.code == 0, played.output
        assert len(one.requests) >= 2
        assert other.requests != []
    warned = [[each for each in task.result.get("warnings", []) if "validate_certs" in str(each)] for task in played.tasks]
    assert [len(each) for each in warned] == [1, 1, 1]
    # ansible-playbook shows the same words once.
    assert played.output.count("validate_certs is false") == 1
    assert "InsecureRequestWarning" not in played.output


@every_module
def test_a_redirect_takes_no_token_along(module: str) -> None:
    elsewhere = Listener()
    with serve(elsewhere.app()) as other:

        async def moved(request: Request) -> Response:
            return RedirectResponse(f"{other.url}{request.url.path}", 307)

        with serve(Starlette(routes=[Route("/{path:path}", moved, methods=["GET", "POST"])])) as server:
            result = call_at(module, server.url)
            assert server.requests != []
        assert other.requests == [], result
    assert TOKEN not in json.dumps(result)


# Where a login sends a code, a secret or a token.
TOLD = {"the code": "/application/o/token/", "what is revoked": "/application/o/revoke/", "the token": "/api/users/current"}


@pytest.mark.parametrize("told", TOLD)
def test_a_redirect_takes_nothing_of_a_login_along(management: Management, told: str) -> None:
    path = TOLD[told]
    server = management.servers.netbird if told == "the token" else management.servers.authentik
    asked = {"redirect_uri": f"{management.servers.netbird.url}/oauth2/callback", "scope": "openid profile email offline_access"}
    with serve(Listener().app()) as elsewhere:
        headers = {"location": f"{elsewhere.url}{path}"}
        server.inject(Fault("status", path=path, status=307, headers=headers, times=None))
        login = management.log_in() if told == "the token" else management.log_in_at_authentik(asked)
        assert any(each.path == path for each in server.requests), login
        assert elsewhere.requests == []


@every_module
def test_no_password_of_a_netrc_file_is_sent(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    listener = Listener()
    with serve(listener.app()) as server:
        call_at(module, server.url)
    assert listener.authorizations != []
    assert [each for each in listener.authorizations if each and each.startswith("Basic")] == []


@pytest.fixture
def unproxied(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@every_module
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"])
@pytest.mark.usefixtures("unproxied")
def test_the_proxy_of_the_environment(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch, module: str, variable: str
) -> None:
    secure = variable.lower().startswith("https")
    listener = Listener()
    with serve(listener.app(), tls=certificates.shown["good"] if secure else None) as server, proxy() as between:
        monkeypatch.setenv(variable, between.url)
        call_at(module, server.url, ca_path=certificates.authority[0])
        assert listener.authorizations != []
        # The way to an https server is a tunnel: the proxy sees no token.
        wanted = f"CONNECT 127.0.0.1:{server.port} " if secure else f"GET {server.url}/"
        assert between.asked[0].startswith(wanted), between.asked
        asked = len(between.asked)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        before = len(listener.authorizations)
        call_at(module, server.url, ca_path=certificates.authority[0])
        assert len(listener.authorizations) > before
        assert len(between.asked) == asked


@every_module
@pytest.mark.usefixtures("unproxied")
def test_a_proxy_that_refuses_is_named(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch, unused_port: int, module: str
) -> None:
    with serve(Listener().app(), tls=certificates.shown["good"]) as server, proxy("403 Forbidden") as between:
        for url in (between.url, f"http://127.0.0.1:{unused_port}"):
            monkeypatch.setenv("HTTPS_PROXY", url)
            result = call_at(module, server.url, ca_path=certificates.authority[0])
            assert "the proxy that the environment names" in result["msg"]
        assert server.requests == []


@pytest.mark.usefixtures("unproxied")
def test_a_play_names_the_proxy(servers: Servers) -> None:
    """By the keyword ``environment`` of a task, or in the environment of ansible-playbook itself."""
    with proxy() as between:
        named = {"http_proxy": between.url}
        tasks = [{f"{COLLECTION}.authentik_info": {}, "environment": named}, {f"{COLLECTION}.netbird_info": {}}]
        played = servers.play(tasks)
        assert played.code == 0, played.output
        assert between.asked
        assert all(servers.authentik.url in each for each in between.asked)
        between.asked.clear()
        played = servers.play(tasks[1:], environment={**named, "RECORD_URLS": ""})
        assert played.code == 0, played.output
        assert between.asked
        assert all(servers.netbird.url in each for each in between.asked)
