# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorded logins, walked again through the stand-ins: a working set-up, broken in the one way the case names.

Each step is compared with the recorded one (status, media type, cookies' names, where it leads with which query, what
the body holds), then the outcome: tokens' claims, and what NetBird's API says to the person.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import requests

from conformance._compare import Learned, Mismatch, compare
from conformance._rules import NETBIRD, NETBIRD_ORIGIN, ORIGINS, UUID, XID, Generated
from conformance._stage import CALLBACK, PASSWORD, Api, Authentik, NetBird
from simulators import authentik, netbird
from support.browser import Browser, pkce, segment, token_request
from support.recordings import recording

Json = Any
SECRET = "the-secret-of-the-provider"  # long enough for HS256
SETS = {
    "2026.5": recording("logins-authentik-2026.5-netbird-0.77.1"),
    "2025.10": recording("logins-authentik-2025.10-netbird-0.77.1"),
}
BY_NAME = {(version, case["name"]): case for version, found in SETS.items() for case in found["cases"]}

RULES = dataclasses.replace(
    NETBIRD,
    generated=(
        *NETBIRD.generated,
        Generated("challenge", r".*\.code_challenge", r"[\w-]{43}"),
        Generated("state", r".*\.state", r"[a-z2-7]{25}"),
        Generated("code", r".*\.code", r"[0-9a-f]{32}|[a-z2-7]{25}"),
        Generated("consent", r".*\.token", UUID),
        Generated("group", r".*\.auto_groups\[\]", XID),
        Generated("number", r".*\.(exp|iat|auth_time)", r"\d{10}", learn=False),
        Generated("claim", r".*\.jti", rf"{UUID}|[0-9A-Za-z]{{40}}"),
        Generated("claim", r".*\.(sid|sub|id)", r"[0-9a-f]{64}"),
        Generated("claim", r".*\.uid", r"[0-9A-Za-z]{40}"),
        Generated("claim", r".*\.at_hash", r"[\w-]{22}"),
        Generated("kid", r".*\.kid", r"[\w-]{86}|[0-9a-f]{32}"),
        Generated("person", r".*\.(sub|id)", r"\d{1,4}"),
        Generated("person", r".*\.(sub|id)", r"C[A-Za-z0-9_-]{60,}"),
    ),
)


# What these recordings leave out of a challenge; the raw ones have it.
PICTURES = ("background", "background_themed_urls", "pending_user_avatar")


def unfolded(value: Json) -> Json:
    """Take addresses apart, so that each part of a query is compared by name; a scope claim's order says nothing."""
    if isinstance(value, list):
        return [unfolded(item) for item in value]
    if not isinstance(value, dict):
        return value
    result: Json = {}
    for key, item in value.items():
        if key in ("location", "to") and isinstance(item, str):
            parts = urlsplit(item)
            pairs = parse_qsl(parts.query, keep_blank_values=True)
            address = parts._replace(query="").geturl()
            result[key] = {"address": address, "query": dict(pairs), "order": [name for name, _ in pairs]}
        elif key == "scope" and "aud" in value:
            result[key] = sorted(item.split())
        elif key not in PICTURES:
            result[key] = unfolded(item)
    return result


@dataclasses.dataclass
class Replay:
    """One case against the stand-ins."""

    name: str
    recorded: Json
    learned: Learned
    mismatches: list[Mismatch] = dataclasses.field(default_factory=list)

    def origin(self, recorded: str, url: str) -> None:
        """Note that an address stands for another, also inside a query and inside a query inside a query."""
        for _ in range(4):
            self.learned.origins[recorded] = url
            recorded, url = quote(recorded, safe=""), quote(url, safe="")

    def check(self, what: str, recorded: Json, got: Json) -> None:
        """Compare one thing."""
        self.mismatches += compare(unfolded(recorded), unfolded(got), RULES, self.learned, f"{self.name}, {what}")

    def steps(self, got: list[Json]) -> None:
        """Compare the steps of a login."""
        recorded = self.recorded["steps"]
        names = [[f"{each['server']} {each['path']} {each['status']}" for each in side] for side in (recorded, got)]
        if len(recorded) != len(got):
            self.mismatches.append(Mismatch(self.name, "steps", names[0], names[1]))
        for index, (one, other) in enumerate(zip(recorded, got, strict=False)):
            self.check(f"step {index}", one, other)


# the management set-up


@dataclasses.dataclass
class Management:
    """A working management set-up, before it is broken."""

    ak: Authentik
    nb: NetBird
    case: Json
    callback: str = ""
    answer: requests.Response | None = None
    finally_do: Callable[[], None] = lambda: None

    @property
    def issuer(self) -> str:
        """Return the issuer of the application's provider."""
        return f"{self.ak.server.url}/application/o/sym/"

    def build(self) -> None:
        """Make the set-up as it was recorded."""
        self.callback = self.nb.server.url + CALLBACK
        self.ak.add(
            "sym",
            "sym",
            self.nb.server.url,
            "sym-developers",
            client_id="sym-client",
            client_secret=SECRET,
            client_type="confidential",
            redirect_uris=[self.redirect(self.callback)],
            property_mappings=[*self.ak.api.mappings("openid", "email"), self.ak.profile_with_groups()],
        )
        self.connect()

    @staticmethod
    def redirect(url: str) -> Json:
        """Return a strict redirect."""
        return {"matching_mode": "strict", "url": url}

    def connect(self, client_id: str = "sym-client", client_secret: str = SECRET) -> requests.Response:
        """Make a connector in NetBird."""
        return self.nb.connect(self.issuer, client_id, client_secret)

    def without_mapping(self, scope: str) -> None:
        """Take the mapping of a scope from the provider."""
        rows = [self.ak.api("GET", f"propertymappings/provider/scope/{pk}/") for pk in self.ak.provider["property_mappings"]]
        self.ak.patch(property_mappings=[row["pk"] for row in rows if row["scope_name"] != scope])

    def recorded_settings(self) -> requests.Response:
        """Write the group settings that the case's recorded answer shows."""
        settings = self.case["answer_to_the_change"]["json"]["settings"]
        return self.nb.settings(**{key: value for key, value in settings.items() if key.startswith("jwt_")})

    def deactivate(self) -> None:
        """Deactivate the person."""
        self.ak.api("PATCH", f"core/users/{self.ak.person}/", {"is_active": False})

    def let_in_others_only(self) -> None:
        """Bind the application to a group that the person is not in."""
        self.ak.bind(self.ak.application["pk"], group=self.ak.group("sym-others"))

    def ask_for_approval(self) -> requests.Response:
        """Have new people approved, with a connector made anew."""
        self.nb.settings(approval=True, jwt_groups_enabled=True, jwt_groups_claim_name="groups")
        return self.connect()

    def connect_while_global(self) -> requests.Response:
        """Try to make a connector while the issuer is the global one."""
        self.ak.patch(issuer_mode="global")
        return self.connect()

    def delete_application(self) -> None:
        """Delete the application just before the person comes back to NetBird."""
        self.finally_do = lambda: self.ak.api("DELETE", f"core/applications/{self.ak.application['slug']}/")


BREAKS: dict[str, Callable[[Management], requests.Response | None]] = {
    "works": lambda stage: None,
    "claim entitlements": Management.recorded_settings,
    "no signing key": lambda stage: stage.ak.patch(signing_key=None),
    "redirect missing": lambda stage: stage.ak.patch(redirect_uris=[]),
    "redirect with another path": lambda stage: stage.ak.patch(redirect_uris=[stage.redirect(stage.callback + "/")]),
    "profile scope missing": lambda stage: stage.without_mapping("profile"),
    "email scope missing": lambda stage: stage.without_mapping("email"),
    "claims not in the id_token": lambda stage: stage.ak.patch(include_claims_in_id_token=False),
    "client type public": lambda stage: stage.ak.patch(client_type="public"),
    "client secret changed in authentik": lambda stage: stage.ak.patch(client_secret=SECRET[::-1]),
    "wrong client secret in the connector": lambda stage: stage.connect(client_secret="wrong"),
    "wrong client id in the connector": lambda stage: stage.connect(client_id="wrong"),
    "issuer mode global": lambda stage: stage.ak.patch(issuer_mode="global"),
    "connector made while the issuer mode is global": Management.connect_while_global,
    "person not let in by the bindings": Management.let_in_others_only,
    "person inactive": Management.deactivate,
    "no entitlement": lambda stage: stage.ak.api("DELETE", f"policies/bindings/{stage.ak.binding['pk']}/"),
    "allowed groups leave the person out": Management.recorded_settings,
    "approval required": Management.ask_for_approval,
    "application deleted": Management.delete_application,
}


def replay_management(version: str, case: Json) -> list[Mismatch]:
    with authentik.serve(version=version) as ak_server, netbird.serve() as nb_server:
        stage = Management(Authentik(ak_server, "sym"), NetBird(nb_server), case)
        stage.build()
        stage.answer = BREAKS[case["name"]](stage)
        case_replay = Replay(case["name"], case, Learned())
        case_replay.origin(ORIGINS[version], ak_server.url)
        case_replay.origin(NETBIRD_ORIGIN, nb_server.url)
        recorded_connector = case["steps"][0]["path"].rsplit("/", 1)[1]
        case_replay.learned.texts[recorded_connector] = stage.nb.connector
        if "answer_to_the_change" in case:
            assert stage.answer is not None
            got = {"status": stage.answer.status_code, "json": stage.answer.json()}
            case_replay.check("the change", case["answer_to_the_change"], got)
        servers = {"authentik": ak_server.url, "netbird": nb_server.url}
        browser = Browser(servers, stage.ak.username, PASSWORD, nb_server.url + "/nb-auth")
        verifier, challenge = pkce()
        query = {
            **case["steps"][0]["query"],
            "redirect_uri": browser.redirect,
            "code_challenge": challenge,
        }
        url = f"{nb_server.url}/oauth2/auth/{stage.nb.connector}"
        browser.walk(url, query, lambda path: stage.finally_do() if path == CALLBACK else None)
        case_replay.steps(browser.steps)
        outcome(case_replay, browser, verifier, f"{nb_server.url}/oauth2/token", query["client_id"], nb_server.url)
        browser.close()
        stage.ak.close()
        stage.nb.close()
        return case_replay.mismatches


def outcome(case_replay: Replay, browser: Browser, verifier: str, endpoint: str, client_id: str, api: str | None) -> None:
    """Compare how a login ended: the callback, the tokens, and what NetBird says."""
    recorded = case_replay.recorded
    case_replay.check("reached_callback", recorded["reached_callback"], browser.callback is not None)
    if browser.callback is None or "callback" not in recorded:
        return
    case_replay.check("callback", recorded["callback"], browser.callback | {"code": "..."})
    form = token_request(client_id, browser.redirect, browser.callback.get("code", ""), verifier)
    answer = requests.post(endpoint, data=form, timeout=30)
    case_replay.check("token_status", recorded["token_status"], answer.status_code)
    if answer.status_code != 200:
        return
    body = answer.json()
    tokens: dict[str, Callable[[], Json]] = {
        "id_token_header": lambda: segment(body["id_token"], 0),
        "id_token_claims": lambda: segment(body["id_token"], 1),
        "access_token_claims": lambda: segment(body["access_token"], 1),
        "token_keys": lambda: sorted(body),
    }
    for name, read in tokens.items():
        if name in recorded:
            case_replay.check(name, recorded[name], read())
    if api is not None:
        client = Api(api + "/api/", f"Bearer {body['access_token']}")
        case_replay.check("current user", recorded["netbird_current_user"], current_user(client))
        client.close()


def current_user(client: Api) -> Json:
    """Return what NetBird says to a person, as far as it was recorded."""
    found = client.send("GET", "users/current")
    body = found.json()
    body.pop("permissions", None)
    return {"status": found.status_code, "json": body}


# the standalone set-up: straight to authentik


def public_client(ak: Authentik, **changes: Json) -> Json:
    """Return the provider's fields of the standalone guide."""
    every = ["openid", "email", "profile", "entitlements", "offline_access", "authentik_api"]
    scopes = changes.pop("scopes", every)
    return {
        "client_id": f"{ak.prefix}-public",
        "client_type": "public",
        "sub_mode": "user_id",
        "redirect_uris": [
            {"matching_mode": "strict", "url": "http://localhost:53000"},
            {"matching_mode": "regex", "url": "https://netbird.company/.*"},
        ],
        "property_mappings": ak.api.mappings(*scopes),
        **changes,
    }


# what the provider is made with, by the case's name
STANDALONE: dict[str, dict[str, Json]] = {
    "standalone: works": {},
    "standalone: works, dashboard's redirect": {},
    "standalone: redirect not allowed": {},
    "standalone: redirect prefix of another host": {},
    "standalone: redirect, dots are regex dots": {},
    "standalone: wrong client id": {},
    "standalone: no signing key": {"signing_key": None},
    # the recorded token shows that the provider had these three alone
    "standalone: entitlements scope missing": {"scopes": ["openid", "email", "profile"]},
    "standalone: scopes not asked for": {},
    "standalone: hashed subject": {"sub_mode": "hashed_user_id"},
    "standalone: claims not in the id_token": {"include_claims_in_id_token": False},
}


def replay_standalone(version: str, case: Json) -> list[Mismatch]:
    with authentik.serve(version=version) as server:
        ak = Authentik(server, "sym")
        changes = public_client(ak, **STANDALONE[case["name"]])
        ak.add("sym-public", "sym public", "http://localhost:53000", "sym-operators", **changes)
        case_replay = Replay(case["name"], case, Learned())
        case_replay.origin(ORIGINS[version], server.url)
        verifier, challenge = pkce()
        query = case["steps"][0]["query"] | {"code_challenge": challenge}
        browser = Browser({"authentik": server.url}, ak.username, PASSWORD, query["redirect_uri"])
        browser.walk(f"{server.url}/application/o/authorize/", query)
        case_replay.steps(browser.steps)
        outcome(case_replay, browser, verifier, f"{server.url}/application/o/token/", query["client_id"], None)
        browser.close()
        ak.close()
        return case_replay.mismatches


def replay(version: str, name: str) -> list[Mismatch]:
    case = BY_NAME[version, name]
    return (replay_standalone if name in STANDALONE else replay_management)(version, case)
