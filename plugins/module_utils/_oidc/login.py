# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's whole login: the authorization code with PKCE, the tokens and what is in them, and NetBird's answer to them.

PRIVATE to this collection. Codes and cookies never leave this file, and tokens only by C(access_token); claims do.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.context import MissingLibrary
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.browser import (
    DEVICE_DONE,
    SERVER_FAILED,
    Browser,
    Person,
    Stopped,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.client import (
    JWT_IMPORT_ERROR,
    WELL_KNOWN,
    Http,
    Invalid,
    Step,
    Tls,
    Unreachable,
    claims_of,
    header_of,
    pkce,
    unverified,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.logout import LogOut, log_out
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.outcomes import LOGGED_IN

# authentik replaces its web workers about every thousand requests, and what they were at gets a plain 500 (measured); where that
# was NetBird's request for tokens, people see NetBird's own.
PASSING = (SERVER_FAILED, "callback_failed")
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
# The client of NetBird's embedded provider that its dashboard is, and what it asks for.
DASHBOARD = "netbird-dashboard"
DASHBOARD_PATH = "/nb-auth"
# The connector of those users that are the embedded provider's own.
LOCAL = "local"
DASHBOARD_SCOPES = "openid profile email groups"
# What NetBird's embedded provider asks authentik for (recorded).
EMBEDDED_SCOPES = "openid profile email"
# What NetBird's dashboard and clients ask authentik for in the standalone set-up (mission S6).
STANDALONE_SCOPES = "openid profile email offline_access entitlements goauthentik.io/api"


@dataclass(frozen=True)
class Client:
    """The OpenID client on whose behalf a person logs in, and the authorization endpoint of its issuer."""

    issuer: str
    client_id: str
    redirect_uri: str
    scopes: str
    secret: str = ""
    # Where the login begins, if not at the issuer's authorization endpoint.
    start: str = ""
    # Whether a device shows a code (RFC 8628), in place of a redirect.
    device: bool = False
    # Where a log-out is sent back to; without it nobody logs out as a person does.
    log_out: str = ""


@dataclass
class Login:
    """How a login ended.

    ``outcome`` is C(logged_in) or the name of what stopped it, ``said`` are the server's words and ``where`` the request that
    was answered with them, without its query. ``request`` is what authentik was asked for: {client_id, redirect_uri, scope,
    endpoint}. ``header`` and ``claims`` are the id_token's, ``access_claims`` the access token's. ``user`` is the person as
    NetBird's API shows them to themselves, where it was asked. ``steps`` are all exchanges until then, in their order.
    ``log_out`` is the log-out that followed, where one was tried.
    """

    outcome: str = LOGGED_IN
    said: str = ""
    where: str = ""
    request: dict[str, str] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    access_claims: dict[str, Any] = field(default_factory=dict)
    user: dict[str, Any] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    log_out: LogOut | None = None

    def stop(self, stopped: Stopped) -> None:
        self.outcome, self.said, self.where = stopped.outcome, stopped.said, stopped.where

    def result(self) -> dict[str, Any]:
        return asdict(self)


def dashboard(netbird_url: str, connector: str) -> Client:
    """NetBird's dashboard, whose people log in through one connector of the embedded provider."""
    issuer = f"{netbird_url.rstrip('/')}/oauth2"
    return Client(
        issuer=issuer,
        client_id=DASHBOARD,
        redirect_uri=netbird_url.rstrip("/") + DASHBOARD_PATH,
        scopes=DASHBOARD_SCOPES,
        start=f"{issuer}/auth/{connector}",
        log_out=f"{netbird_url.rstrip('/')}/",
    )


@contextlib.contextmanager
def access_token(tls: Tls, client: Client, person: Person) -> Iterator[str]:
    """A person's access token, for what that person may do; who cannot log in is a :class:`Stopped`."""
    browser = Browser(tls, person)
    http = Http(tls, steps=browser.steps)
    document = _document(http, client)
    tokens, _nonce = _tokens(http, browser, client, document)
    try:
        yield str(tokens["access_token"])
    finally:
        _end(http, browser, client, document, tokens, Login())


def log_in(tls: Tls, client: Client, person: Person, netbird_url: str = "") -> Login:
    """Log a person in, ask NetBird's API as that person where ``netbird_url`` is given, and log them out at authentik again.

    A login that ended for what may have passed is tried once more, as a person would.
    """
    if JWT_IMPORT_ERROR is not None:
        raise MissingLibrary(missing_required_lib("PyJWT"), JWT_IMPORT_ERROR)
    login = _log_in(tls, client, person, netbird_url)
    return _log_in(tls, client, person, netbird_url) if login.outcome in PASSING else login


def _log_in(tls: Tls, client: Client, person: Person, netbird_url: str) -> Login:
    login = Login()
    browser = Browser(tls, person)
    http = Http(tls, steps=browser.steps)
    tokens: Mapping[str, Any] = {}
    document: Mapping[str, Any] = {}
    try:
        document = _document(http, client)
        tokens, nonce = (_device_tokens if client.device else _tokens)(http, browser, client, document)
        _read(http, client, document, tokens, nonce, login)
        if netbird_url:
            login.user = _user(http, netbird_url.rstrip("/"), str(tokens["access_token"]))
    except Stopped as stopped:
        login.stop(stopped)
    finally:
        login.request = _request(browser)
        login.steps = list(browser.steps)
        _end(http, browser, client, document, tokens, login)
    return login


def _document(http: Http, client: Client) -> Mapping[str, Any]:
    path = urlsplit(client.issuer).path.rstrip("/")
    where = f"GET {path}/{WELL_KNOWN}"
    answer = _ask(http, "GET", client.issuer.rstrip("/") + f"/{WELL_KNOWN}", where)
    if answer.status != 200 or not isinstance(answer.document, dict):
        raise Stopped("no_document", f"status {answer.status}", where)
    return answer.document


def _tokens(http: Http, browser: Browser, client: Client, document: Mapping[str, Any]) -> tuple[Mapping[str, Any], str | None]:
    """The tokens of a login, and the nonce that has to be in them."""
    verifier, challenge = pkce()
    state, nonce = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
    query = {
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "response_type": "code",
        "scope": client.scopes,
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    start = client.start or str(document["authorization_endpoint"])
    came_back = browser.walk(f"{start}?{urlencode(query)}", client.redirect_uri)
    where = f"GET {urlsplit(browser.visited[-1]).path}"
    if "error" in came_back:
        said = ": ".join(filter(None, (came_back["error"], came_back.get("error_description", ""))))
        raise Stopped("authorization_refused", said, where)
    if came_back.get("state") != state:
        raise Stopped("state_differs", "the answer belongs to another request", where)
    form = {
        "grant_type": "authorization_code",
        "code": came_back.get("code", ""),
        "redirect_uri": client.redirect_uri,
        "client_id": client.client_id,
        "code_verifier": verifier,
        **({"client_secret": client.secret} if client.secret else {}),
    }
    return _granted(http, str(document["token_endpoint"]), form, "id_token"), nonce


def _device_tokens(
    http: Http, browser: Browser, client: Client, document: Mapping[str, Any]
) -> tuple[Mapping[str, Any], str | None]:
    """The same for a device that shows a code (RFC 8628): the person opens its URL, logs in and enters the code."""
    asked = {"client_id": client.client_id, "scope": client.scopes}
    device = _granted(http, str(document["device_authorization_endpoint"]), asked, "device_code")
    browser.person = replace(browser.person, device_code=str(device["user_code"]))
    browser.walk(str(device.get("verification_uri_complete") or device["verification_uri"]), DEVICE_DONE)
    form = {"grant_type": DEVICE_GRANT, "client_id": client.client_id, "device_code": device["device_code"]}
    return _granted(http, str(document["token_endpoint"]), form, "id_token"), None


def _granted(http: Http, endpoint: str, form: Mapping[str, Any], wanted: str) -> Mapping[str, Any]:
    """What an endpoint gives for a form."""
    where = f"POST {urlsplit(endpoint).path}"
    answer = _ask(http, "POST", endpoint, where, data=form)
    if answer.status != 200 or not isinstance(answer.document, dict) or wanted not in answer.document:
        error = answer.document.get("error", "") if isinstance(answer.document, dict) else ""
        outcome = "token_refused" if answer.status < 500 else SERVER_FAILED
        raise Stopped(outcome, str(error) or f"status {answer.status}", where)
    return answer.document


def _read(
    http: Http, client: Client, document: Mapping[str, Any], tokens: Mapping[str, Any], nonce: str | None, login: Login
) -> None:
    """Read the tokens into the login; the id_token has to be right in every respect."""
    token = str(tokens["id_token"])
    login.claims, login.access_claims = unverified(token), unverified(str(tokens.get("access_token", "")))
    try:
        login.header = header_of(token)
        login.claims = claims_of(http, document, token, audience=client.client_id, nonce=nonce)
    except Invalid as error:
        raise Stopped("token_wrong", str(error), "the id_token") from None
    except Unreachable as error:
        raise Stopped(error.kind, str(error), f"GET {urlsplit(str(document['jwks_uri'])).path}") from None


def _user(http: Http, netbird_url: str, token: str) -> dict[str, Any]:
    """The person as NetBird shows them; a first request makes groups, and the second shows them (measured)."""
    where = "GET /api/users/current"
    headers = {"Authorization": f"Bearer {token}"}
    for _time in range(2):
        answer = _ask(http, "GET", f"{netbird_url}/api/users/current", where, headers=headers)
        if answer.status != 200:
            said = answer.document.get("message", "") if isinstance(answer.document, dict) else ""
            outcome = {401: "token_invalid", 403: "user_blocked"}.get(answer.status, "api_failed")
            raise Stopped(outcome, str(said) or f"status {answer.status}", where)
    return {name: value for name, value in answer.document.items() if name != "permissions"}


def _request(browser: Browser) -> dict[str, str]:
    """What authentik was asked for, by NetBird or by us."""
    for url in browser.visited:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        if parts.path.endswith("/authorize/") and "client_id" in query:
            wanted = {name: query.get(name, "") for name in ("client_id", "redirect_uri", "scope")}
            return {**wanted, "endpoint": f"{parts.scheme}://{parts.netloc}{parts.path}"}
    return {}


def _end(
    http: Http, browser: Browser, client: Client, document: Mapping[str, Any], tokens: Mapping[str, Any], login: Login
) -> None:
    """Log the person out, and leave nothing behind: revoke the tokens, and end the session at authentik."""
    parts = urlsplit(login.request.get("endpoint") or str(document.get("authorization_endpoint", "")))
    authentik = f"{parts.scheme}://{parts.netloc}{parts.path.partition('/application/o/')[0]}"
    leave, endpoint = document.get("end_session_endpoint"), document.get("revocation_endpoint")
    if tokens and leave and client.log_out:
        login.log_out = log_out(browser, str(leave), client.client_id, str(tokens["id_token"]), client.log_out, authentik)
    if tokens and leave and client.start:
        # NetBird's embedded provider forgets its own session when the browser comes back, which a stranded one did not.
        with contextlib.suppress(Stopped):
            browser.walk(f"{leave}/callback")
    if tokens and endpoint:
        for kind in ("refresh_token", "access_token"):
            if kind in tokens:
                form = {"token": tokens[kind], "client_id": client.client_id, "client_secret": client.secret}
                _quietly(http, str(endpoint), form)
    if browser.visited and (client.device or login.request):
        browser.end_session(authentik, client.log_out)


def _quietly(http: Http, url: str, form: Mapping[str, Any]) -> None:
    """Tidy up; where that does not work, what is left expires by itself."""
    with contextlib.suppress(Unreachable):
        http.ask("POST", url, data=form)


def _ask(http: Http, method: str, url: str, where: str, **options: Any) -> Any:
    try:
        return http.ask(method, url, **options)
    except Unreachable as error:
        raise Stopped(error.kind, str(error), where) from None
