# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person at a browser: keeps cookies, follows redirects by hand, fills in the stages of a flow, notes every step."""

from __future__ import annotations

import hashlib
import html
import json
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

import requests

Json = Any


def text_of(page: str) -> str:
    """Return what a page says."""
    page = re.sub(r"(?s)<(script|style)\b.*?</\1>", " ", page)
    return " ".join(html.unescape(re.sub(r"(?s)<[^>]*>", " ", page)).split())


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def pkce() -> tuple[str, str]:
    """Return a verifier and its S256 challenge."""
    verifier = secrets.token_urlsafe(48)
    return verifier, challenge_of(verifier)


def authorization_request(client_id: str, redirect: str, scope: str, challenge: str, **more: str) -> dict[str, str]:
    """Return the query with which a client asks for a code (RFC 6749 and 7636)."""
    return {
        "client_id": client_id,
        "redirect_uri": redirect,
        "response_type": "code",
        "scope": scope,
        "state": "s",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **more,
    }


def token_request(client_id: str, redirect: str, code: str, verifier: str, **more: str) -> dict[str, str]:
    """Return the form with which a client exchanges a code for tokens."""
    return {
        "grant_type": "authorization_code",
        "client_id": client_id,
        "code": code,
        "redirect_uri": redirect,
        "code_verifier": verifier,
        **more,
    }


def segment(token: str, index: int) -> Any:
    """Return the decoded header (0) or claims (1) of a signed token."""
    part = token.split(".")[index]
    return json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Browser:
    """One login of one person; `steps` are in the form of the recordings."""

    def __init__(self, servers: dict[str, str], username: str, password: str, redirect: str) -> None:
        """Open a browser that has no cookie yet."""
        self.servers, self.username, self.password, self.redirect = servers, username, password, redirect
        self.session = requests.Session()
        self.session.trust_env = False
        self.steps: list[Json] = []
        self.callback: dict[str, str] | None = None

    def close(self) -> None:
        """Close the browser."""
        self.session.close()

    def _note(self, answers: list[requests.Response], sent: Json) -> None:
        """Keep a step: what the flow executor answers, and the redirects to itself before it, are one."""
        answer = answers[-1]
        parts = urlsplit(str(answer.request.url))
        origin = f"{parts.scheme}://{parts.netloc}"
        kind = answer.headers.get("content-type", "").partition(";")[0]
        redirected = 300 <= answer.status_code < 400
        body = answer.json() if kind == "application/json" else None if redirected else text_of(answer.text)
        step = {
            "server": next(name for name, url in self.servers.items() if url == origin),
            "method": answer.request.method,
            "path": parts.path,
            "query": dict(parse_qsl(parts.query)),
            "status": answer.status_code,
            "content_type": kind,
            "location": answer.headers.get("location"),
            "cookies_set": sorted({name for each in answers for name in each.cookies.get_dict()}),
            "body": body,
        }
        if sent:
            step["sent"] = sent | ({"password": "..."} if "password" in sent else {})
        self.steps.append(step)

    def _get(self, url: str) -> requests.Response:
        answer = self.session.get(url, allow_redirects=False, timeout=30)
        self._note([answer], None)
        return answer

    def ask(self, url: str, sent: Json = None) -> requests.Response:
        """Ask the flow executor; it redirects to itself once for each stage that needs no answer."""
        if sent is None:
            answers = [self.session.get(url, allow_redirects=False, timeout=30)]
        else:
            token = {"X-authentik-CSRF": self.session.cookies.get("authentik_csrf", "")}
            answers = [self.session.post(url, json=sent, headers=token, allow_redirects=False, timeout=30)]
        while answers[-1].status_code == 302:
            target = urljoin(url, answers[-1].headers["location"])
            answers.append(self.session.get(target, allow_redirects=False, timeout=30))
        self._note(answers, sent)
        return answers[-1]

    def walk(self, url: str, query: dict[str, str], before: Callable[[str], None] | None = None) -> None:
        """Go from the first request to the client's redirect, or to the page where it ends.

        `before` is told each address before it is visited.
        """
        target: str | None = requests.Request("GET", url, params=query).prepare().url
        while target is not None:
            if target.startswith(self.redirect):
                self.callback = dict(parse_qsl(urlsplit(target).query))
                return
            parts = urlsplit(target)
            if before is not None:
                before(parts.path)
            if parts.path.startswith("/if/flow/"):
                slug = parts.path.split("/")[3]
                target = self._flow(f"{parts.scheme}://{parts.netloc}/api/v3/flows/executor/{slug}/", parts.query)
            else:
                location = self._get(target).headers.get("location")
                target = urljoin(target, location) if location else None

    def _flow(self, executor: str, query: str) -> str | None:
        """Go through the stages of a flow; return where it sends the person."""
        url = f"{executor}?query={quote(query, safe='')}"
        answer = self.ask(url)
        for _ in range(20):
            body = answer.json()
            component = body["component"]
            if component == "xak-flow-redirect":
                return str(urljoin(executor, body["to"]))
            beside = {"password": self.password} if body.get("password_fields") else {}
            fields = {
                "ak-stage-identification": {"uid_field": self.username, **beside},
                "ak-stage-password": {"password": self.password},
                "ak-stage-consent": {"token": body.get("token")},
            }.get(component)
            if fields is None:
                return None
            answer = self.ask(url, {"component": component} | fields)
        raise AssertionError("the flow does not end")


DASHBOARD = "netbird-dashboard"
# What NetBird's clients ask authentik for in the standalone set-up.
SCOPES = "openid profile email offline_access entitlements goauthentik.io/api"


def tokens_of(
    authentik_url: str, client_id: str, redirect: str, username: str, password: str, scope: str = SCOPES
) -> dict[str, Any]:
    """The tokens of a person who logs in at authentik and is sent back to ``redirect``; none where that does not work."""
    verifier, challenge = pkce()
    browser = Browser({"authentik": authentik_url}, username, password, redirect)
    query = authorization_request(client_id, redirect, scope, challenge)
    browser.walk(f"{authentik_url}/application/o/authorize/", query)
    browser.close()
    if browser.callback is None or "code" not in browser.callback:
        return {}
    form = token_request(client_id, redirect, browser.callback["code"], verifier)
    answer = requests.post(f"{authentik_url}/application/o/token/", data=form, timeout=10)
    answer.raise_for_status()
    tokens: dict[str, Any] = answer.json()
    return tokens


def log_in(netbird_url: str, authentik_url: str, connector: str, username: str, password: str) -> Login:
    """Log a person in to NetBird's dashboard through one of its connectors, as a browser would.

    ``connector`` is the identity provider's id in NetBird (``GET /api/identity-providers``).
    """
    redirect = f"{netbird_url}/nb-auth"
    verifier, challenge = pkce()
    browser = Browser({"netbird": netbird_url, "authentik": authentik_url}, username, password, redirect)
    query = authorization_request(DASHBOARD, redirect, "openid profile email groups", challenge)
    browser.walk(f"{netbird_url}/oauth2/auth/{connector}", query)
    browser.close()
    if browser.callback is None or "code" not in browser.callback:
        return Login(browser.steps, {}, 0, {}, [])
    form = token_request(DASHBOARD, redirect, browser.callback["code"], verifier)
    answer = requests.post(f"{netbird_url}/oauth2/token", data=form, timeout=30)
    answer.raise_for_status()
    token = answer.json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    user = requests.get(f"{netbird_url}/api/users/current", headers=headers, timeout=30)
    # Groups are synced by the request itself; a second one shows them.
    user = requests.get(f"{netbird_url}/api/users/current", headers=headers, timeout=30)
    return Login(browser.steps, segment(token, 1), user.status_code, user.json(), user.json().get("auto_groups") or [])


@dataclass
class Login:
    """How a login ended: its steps, the token's claims, and the person as NetBird knows them (group ids in ``groups``)."""

    steps: list[Json]
    claims: dict[str, Any]
    status: int
    user: dict[str, Any]
    groups: list[str]
