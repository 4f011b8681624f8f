# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The raw recordings of flows, replayed: every exchange of a case is sent to the stand-in by itself, nothing followed.

Each case starts from the same fresh stand-in with the recorded fixtures. What a case found on the recorded server, and
what was done there between its steps, says its `Arrangement`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pyotp
import requests

from conformance._compare import Comparison, Learned, Mismatch
from conformance._replay import head, send
from conformance._rules import AUTHENTIK, JWT, UUID, Generated
from conformance._stage import NetBird
from simulators import authentik, netbird
from simulators.authentik import state as clock
from support.browser import text_of
from support.frozen import Frozen
from support.recordings import VERSIONS, recording

Json = Any
RECORDINGS: dict[str, Json] = {version: recording(f"flows-authentik-{version}") for version in VERSIONS}
CASES: dict[tuple[str, str], Json] = {
    (version, case["name"]): case for version, found in RECORDINGS.items() for case in found["cases"]
}
# The recorded 2026.5 knew `grant_types`, the one that the API was recorded of did not.
STAND_INS = {"2025.10": "2025.10", "2026.5": "2026.5.0"}
ORIGINS = {"2025.10": "http://127.0.0.1:9557", "2026.5": "http://127.0.0.1:9556"}
NETBIRD_ORIGIN = "http://127.0.0.1:33182"
# What the recordings leave out, because it is a secret or a placeholder.
PASSWORD = "Flows-person-1!"
WITHOUT_PASSWORD = ("flows-nopassword",)
KEYS = {
    "flows-robot-password": "robot-app-password-1",
    "flows-robot-idle-password": "robot-idle-app-password-1",
    "flows-robot-late-password": "robot-late-app-password-1",
    "flows-outsider-api": "flows-outsider-api-token-1",
    "flows-plain-api": "flows-plain-api-token-1",
    "flows-viewer-api": "flows-viewer-api-token-1",
}
ADMINISTRATOR = "akadmin"
LOGGED_IN = ("flows-plain", "flows-outsider", "flows-viewer", "flows-mfa", "flows-codes", ADMINISTRATOR)
LOGIN = "/api/v3/flows/executor/default-authentication-flow/"
TOTP_SECRET, WRONG_CODE = re.compile(r"[A-Z2-7]{32}"), "000000"
WRONG_CSRF = re.compile(r"x*")  # sent as it is: no token, or a wrong one
# Whose names begin like this is replayed: logins and flows by one module, what clients and the API ask for by another.
FLOWS = ("login:", "flow:", "mfa:", "authorize:", "captcha:")
ENDPOINTS = (
    "token:",
    "userinfo",
    "introspect",
    "revoke",
    "end-session:",
    "device:",
    "rbac:",
    "check_access:",
    "preview_user:",
    "users:",
    "netbird:",
)
# What neither the collection nor a person who logs in or out meets, each with the reason: the stand-in answers 501.
RESPONSES = "NetBird asks for a code in the query; other response types and modes are nobody's here"
CAPTCHA = "a captcha can't be solved without a browser: the collection names it as the cause, and stops"
FLOWS_LEFT_OUT: dict[str, str] = {
    "mfa: no device, not_configured_action configure, no stage named": "the collection does not set stages up by the API",
    "authorize: response_mode form_post and fragment": RESPONSES,
    "authorize: implicit and hybrid": RESPONSES,
    "authorize: id_token without nonce, not logged in": RESPONSES,
    "authorize: id_token without nonce, logged in": RESPONSES,
    "authorize: id_token without the openid scope, not logged in": RESPONSES,
    "authorize: id_token without the openid scope, logged in": RESPONSES,
    "authorize: grant type implicit not among the provider's": RESPONSES,
    "authorize: grant type hybrid not among the provider's": RESPONSES,
    "authorize: POST": "a browser is sent to this address; nobody posts a form to it",
    "captcha: stage of its own": CAPTCHA,
    "captcha: within the identification stage": CAPTCHA,
    "captcha: verifier out of reach": CAPTCHA,
}
ENDPOINTS_LEFT_OUT: dict[str, str] = {
    "end-session: front channel log-out of the provider": "neither role sets one up, and NetBird has no address for it",
}
LEFT_OUT = FLOWS_LEFT_OUT | ENDPOINTS_LEFT_OUT
WHOLE_PAGE = "(a whole page; its text:) "  # before the text of a page inside of JSON
CURRENT_USER = "/api/users/current"  # of which the recordings hold some fields
# What an excerpt calls the names of all rows.
NAMES = {"usernames": "username", "slugs": "slug", "identifiers": "identifier"}
FIXTURES = (
    "users",
    "groups",
    "providers",
    "applications",
    "policies",
    "bindings",
    "service_accounts",
    "tokens",
    "flows",
)

RULES = dataclasses.replace(
    AUTHENTIK,
    generated=(
        Generated("time", r".*\.last_used", r"\d{4}-\d\d-\d\dT.*", learn=False),
        Generated("code", r".*\.code", r"[0-9a-f]{32}"),
        Generated("consent", r"\$\.token", UUID),
        Generated("totp", r".*\.secret", TOTP_SECRET.pattern),
        Generated("static code", r"\$\.codes\[\]", r"[0-9A-Za-z]{12}"),
        Generated("device", r".*\.device_uid", r"\d+"),
        Generated("device", r"\$(\.results)?\[\]\.pk", r"\d+", path=r"/authenticators/"),
        Generated("user", r".*\.user\.pk", r"\d+", path=r"/authenticators/"),
        Generated("refresh token", r"\$\.refresh_token", r"[0-9A-Za-z]{128}|Ch[kl][\w-]{69}"),
        Generated("jwt", r".*\.id_token_hint", JWT),
        Generated("user code", r".*\.verification_uri_complete", r"http://[^/]+/device\?code=\d{9}", learn=False),
        Generated("challenge", r".*\.code_challenge", r"[\w-]{43}"),
        Generated("state", r".*\.state", r"[a-z2-7]{25}"),
        Generated("code", r".*\.code", r"[a-z2-7]{25}"),
        Generated("person", r".*\.(sub|id)", r"C[A-Za-z0-9_-]{50,}"),
        Generated("claim", r".*\{claims\}\.jti", UUID),
        Generated("hash", r".*\.(at|c)_hash", r"[\w-]{22}"),
        Generated("time", r"\$(\.preview)?\.(exp|iat|auth_time)", r"\d{10}", learn=False),
        Generated("claim", r"\$(\.preview)?\.(sub|sid|jti)", r"[0-9a-f]{64}|[0-9A-Za-z]{40}"),
        Generated("user", r".*\.(users|object_pk)", r"\d+"),
        Generated("permission", r"\$(\.results)?\[\]\.id", r"\d+", path=r"/rbac/"),
        *AUTHENTIK.generated,
    ),
)

Arrange = Callable[["Stage"], object]


@dataclass(frozen=True)
class Arrangement:
    """What a case found: who was logged in at its browser, what was changed, and which cases have to go before.

    `steps` holds what was done ahead of a step (by its index): another browser, a change, time that passed. Of the
    answers to `excerpts` the recording holds only some fields and no note that tells; `unbuilt` are answered 501, and why.
    """

    person: str = ""
    before: Arrange | None = None
    after: tuple[str, ...] = ()
    steps: Mapping[int, Arrange] = field(default_factory=dict)
    excerpts: Collection[int] = ()
    unbuilt: Mapping[int, str] = field(default_factory=dict)


class _Comparison(Comparison):
    def text(self, recorded: str, got: str, where: str) -> None:
        """Compare two texts: the scopes of a token come in any order, and addresses may hold made-up values."""
        if where.endswith(".scope"):
            recorded, got = " ".join(sorted(recorded.split())), " ".join(sorted(got.split()))
        if recorded.startswith(WHOLE_PAGE):
            recorded, got = recorded.removeprefix(WHOLE_PAGE), _page_text(got)
        ours = _query(got)
        for name, value in _query(recorded).items():
            if name in ours and self.rule(f"{where}.{name}", value):
                self.value(value, ours[name], f"{where}.{name}")
        super().text(recorded, got, where)

    def generated(self, rule: Generated, recorded: str | int, got: Any, where: str) -> None:
        """Compare two made-up values; signed tokens by what they say, for in one second one may be like another."""
        if rule.kind == "jwt" and rule.fits(got):
            self.learned.texts[str(recorded)] = got
            self.token(str(recorded), got, where)
        else:
            super().generated(rule, recorded, got, where)


def _page_text(page: str) -> str:
    """Return the text of a page as the recordings hold it."""
    return text_of(re.sub(r"(?s)<head\b.*?</head>", "", page))


def _query(address: str) -> dict[str, str]:
    parts = urlsplit(address)
    return dict(parse_qsl(parts.query, keep_blank_values=True) + parse_qsl(parts.fragment, keep_blank_values=True))


class Stage:
    """The stand-in of one version with the recorded fixtures, put back before each case."""

    def __init__(self, version: str) -> None:
        """Start it, make the fixtures and log the people in whom cases find logged in."""
        self.version, self.recording = version, RECORDINGS[version]
        self.server = authentik.serve(STAND_INS[version])
        self.state = self.server.state
        self.netbird = netbird.serve()
        self.urls = {"authentik": self.server.url, "netbird": self.netbird.url}
        self.learned = Learned(origins=_origins({ORIGINS[version]: self.server.url, NETBIRD_ORIGIN: self.netbird.url}))
        self._session = _session()
        self._fixtures()
        self._connect()
        self.case: Json = None
        self._browsers = {name: self._log_in(name) for name in LOGGED_IN}
        self._learned, self._frozen = self.learned, Frozen(self.state, self.netbird.state)
        self.browser = _session()

    def close(self) -> None:
        """Stop the server."""
        self.netbird.stop()
        self.server.stop()

    def __enter__(self) -> Stage:
        """Return the stage."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self.close()

    # The fixtures

    def api(self, method: str, path: str, body: Json = None, **query: str) -> Json:
        """Send a request as the administrator, that must succeed; with recorded ids put right."""
        request = {"method": method, "path": f"/api/v3/{path}", "query": query, "json": body, "auth": "token"}
        found = send(request, self.server.url, self.server.token, RULES, self.learned, self._session)
        assert found.ok, (method, path, found.status_code, found.text)
        return found.json() if found.content else None

    def _fixtures(self) -> None:
        objects = self.recording["objects"]
        there = objects["there_before"]
        for slug, pk in there["flows"].items():
            self.learn(pk, self.row("flows", slug=slug)["pk"])
            if slug in there["stages"]:
                self.learn(there["stages"][slug], self.row("flows", slug=slug)["stages"][0])
        for scope, pk in there["scope_mappings"].items():
            self.learn(pk, self.row("mappings", scope_name=scope)["pk"])
        self.learn(there["certificate"], next(iter(self.state.certificates)))
        self.learn(there["brand"], next(iter(self.state.brands)))
        self.row("users", username=ADMINISTRATOR)["password"] = PASSWORD
        for kind in FIXTURES:
            for made in objects[kind]:
                if kind == "bindings" and self.learned.text(made["json"]["target"]) == made["json"]["target"]:
                    continue  # of a flow, made for the one case that arranges it
                self._make(kind, made)

    def _make(self, kind: str, made: Json) -> None:
        row = self.api("POST", made["path"].removeprefix("/api/v3/"), made["json"])
        if isinstance(made["id"], int):
            numbered = {"providers": "provider"}.get(kind, "user")
            self.learned.numbers[numbered, made["id"]] = row.get("pk", row.get("user_pk"))
        else:
            self.learn(made["id"], row["pk"])
        if kind == "users" and row["username"] not in WITHOUT_PASSWORD:
            self.api("POST", f"core/users/{row['pk']}/set_password/", {"password": PASSWORD})
        if kind == "tokens":
            # Not by the API, to which 2025.10 does not show one that is expired.
            identifier = made["json"]["identifier"]
            self.row("tokens", identifier=identifier)["key"] = KEYS[identifier]

    def _connect(self) -> None:
        """Let people of authentik log in at NetBird, with their groups."""
        stage = NetBird(self.netbird)
        issuer = f"{self.server.url}/application/o/flows-netbird/"
        made = self.row("providers", client_id="flows-netbird")
        assert stage.connect(issuer, made["client_id"], made["client_secret"]).ok
        stage.close()
        recorded = next(step["path"] for step in CASES[self.version, "netbird: login through authentik"]["steps"])
        self.learned.texts[recorded.rpartition("/")[2]] = stage.connector

    def _log_in(self, username: str) -> requests.Session:
        session, url = _session(), self.server.url + LOGIN
        found = session.get(url, timeout=10)
        for sent in ({"uid_field": username}, {"password": PASSWORD}):
            found = session.post(url, json=sent, timeout=10)
        assert found.json()["component"] == "xak-flow-redirect", found.text
        return session

    # What arrangements do

    def row(self, table: str, **values: Any) -> dict[str, Any]:
        """Return the one row of a table of the stand-in."""
        found = self.state.find(table, **values)
        assert found, (table, values)
        return found

    def visit(self, person: str = "") -> None:
        """Take a browser with which this person is logged in, or one without any cookie."""
        self.browser = _session()
        if person:
            self.browser.cookies.update(self._browsers[person].cookies)

    def wait(self, seconds: float) -> None:
        """Let time pass on the stand-in."""
        clock.ahead += timedelta(seconds=seconds)

    def learn(self, recorded: str, ours: str) -> None:
        """Say what the stand-in has in the place of a recorded value."""
        self.learned.texts[recorded] = ours

    # The cases

    def play(self, name: str, arrangements: Mapping[str, Arrangement]) -> list[Mismatch]:
        """Replay one case on the stand-in as it was at first, and return every difference."""
        self._frozen.restore()
        self.learned, clock.ahead = self._learned.copy(), timedelta()
        self.learned.sent = set()
        try:
            for earlier in arrangements.get(name, Arrangement()).after:
                self._play(earlier, arrangements)
            return self._play(name, arrangements)
        finally:
            clock.ahead = timedelta()

    def _play(self, name: str, arrangements: Mapping[str, Arrangement]) -> list[Mismatch]:
        arranged, self.case = arrangements.get(name, Arrangement()), CASES[self.version, name]
        self.visit(arranged.person)
        if arranged.before:
            arranged.before(self)
        mismatches: list[Mismatch] = []
        for index, step in enumerate(self.case["steps"]):
            if index in arranged.steps:
                arranged.steps[index](self)
            comparison = _Comparison(RULES, self.learned, f"{name} [{index}]", step["path"])
            got = self._sent(step)
            if got is None or step["status"] is None:
                comparison.value(step["status"], got and got.status_code, "answer")
            elif index in arranged.unbuilt:
                comparison.value(501, got.status_code, "status")
            else:
                _compare(step, got, comparison, excerpt=index in arranged.excerpts or _in_part(step))
            mismatches += comparison.mismatches
        return mismatches

    def _sent(self, step: Json) -> requests.Response | None:
        """Send a recorded request; one that was never answered is given up soon."""
        self._one_time_code(step.get("json"))
        request = {**step, **self._headers(step.get("request_headers") or {})}
        url, timeout = self.urls[step["server"]], 0.2 if step["status"] is None else 10
        try:
            return send(request, url, self.server.token, RULES, self.learned, self.browser, timeout=timeout)
        except requests.Timeout:
            return None

    def _one_time_code(self, sent: Json) -> None:
        """Make the code of an authenticator app anew, for a recorded one that was right; known ones are sent again."""
        code = sent.get("code", "") if isinstance(sent, dict) else ""
        if re.fullmatch(r"\d{6}", code) and code != WRONG_CODE and code not in self.learned.texts:
            secrets = [ours for theirs, ours in self.learned.texts.items() if TOTP_SECRET.fullmatch(theirs)]
            self.learn(code, pyotp.TOTP(secrets[-1]).at(clock.now()))

    def _headers(self, recorded: Mapping[str, str]) -> dict[str, Any]:
        headers = dict(recorded)
        auth: str | None = headers.pop("Authorization", None)
        csrf = headers.get("X-authentik-CSRF")
        if csrf is not None and not WRONG_CSRF.fullmatch(csrf):
            headers["X-authentik-CSRF"] = self.browser.cookies["authentik_csrf"]
        return {"headers": headers, "auth": "token" if auth == "Bearer API_TOKEN" else auth}


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


def _origins(origins: Mapping[str, str]) -> dict[str, str]:
    """Add the addresses as they stand in a query, and in a query in a query."""
    found = dict(origins)
    for recorded, ours in origins.items():
        for _ in range(4):
            recorded, ours = quote(recorded, safe=""), quote(ours, safe="")
            found[recorded] = ours
    return found


def _in_part(step: Json) -> bool:
    """Say whether the recording itself tells that it holds only some fields of an answer."""
    return step["path"] == CURRENT_USER or re.search(r"\bfields? of", step.get("note", "")) is not None


def _excerpt(recorded: Json, got: Json) -> Json:
    """Return of an answer what the recording holds of one like it: some fields, or the names of the rows."""
    found = {}
    for name, value in recorded.items():
        rows = got.get("results", [])
        if name in NAMES:
            found[name] = sorted(row[NAMES[name]] for row in rows)
        elif name == "results":
            found[name] = [_excerpt(*pair) for pair in zip(value, rows, strict=False)] + rows[len(value) :]
        else:
            found[name] = got.get(name)
    return found


def _compare(step: Json, got: requests.Response, comparison: _Comparison, *, excerpt: bool) -> None:
    """Compare a recorded answer with the one that came."""
    head({"status": step["status"], "headers": step.get("headers", {})}, got, comparison)
    comparison.value(step["location"] or "", got.headers.get("location", ""), "location")
    kind = got.headers.get("content-type", "").partition(";")[0]
    comparison.value(step["content_type"], kind, "content type")
    named, cleared = _cookies(got)
    comparison.value(" ".join(step["cookies_set"]), " ".join(named), "cookies")
    comparison.value(" ".join(step.get("cookies_cleared", [])), " ".join(cleared), "cookies cleared")
    if step["content_type"] == kind == "application/json":
        comparison.value(step["body"], _excerpt(step["body"], got.json()) if excerpt else got.json())
    elif step["content_type"] == kind:
        title = re.search(r"(?s)<title>(.*?)</title>", got.text)
        comparison.value(step.get("title"), title and title[1].strip(), "title")
        comparison.value(step["body"] or "", _page_text(got.text), "text")


def _cookies(got: requests.Response) -> tuple[list[str], list[str]]:
    """Return the names of the cookies that an answer sets, and of those among them that it takes away."""
    headers = got.raw.headers.getlist("set-cookie")
    names = sorted({each.partition("=")[0] for each in headers})
    return names, sorted({each.partition("=")[0] for each in headers if "Max-Age=0" in each})


def cases(*beginnings: str) -> list[tuple[str, str]]:
    """Return the cases that are replayed, by version and name, whose names begin with one of these."""
    return [(version, name) for version, name in CASES if name.startswith(beginnings) and name not in LEFT_OUT]


def listed(mismatches: list[Mismatch]) -> str:
    """Write differences one to a line."""
    return "".join(f"\n{mismatch}" for mismatch in mismatches)
