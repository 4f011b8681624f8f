# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for authentik answers as the servers that were recorded, and does what they were measured to do."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

import support.browser
from conformance._replay import AUTHENTIK, Generated, Mismatch, recording, replay, segment
from simulators import authentik
from simulators.authentik import api, fields

# What these recordings have beyond the rules that every replay shares.
RULES = dataclasses.replace(
    AUTHENTIK,
    generated=(
        Generated("user", r".*\.members_by_pk", r"\d+"),
        Generated("code", r".*\.verification_uri_complete", r"http://[^/]+/device\?code=\d{9}", learn=False),
        *AUTHENTIK.generated,
    ),
    # The default pattern would turn the 2 of "oauth2" into another number as well.
    segments=((r"(?<=/core/users/)(\d+)(?=/)", "user"), (r"(?<=/providers/oauth2/)(\d+)(?=/)", "provider")),
    # Rows of equal order come in the order of their random ids.
    preexisting=frozenset({"binding list by targets", "binding list by target"}),
    typed=(
        # The expressions of the policies that an install brings are authentik's; nothing here runs them.
        ("binding list by targets", r".*\.policy_obj\.expression"),
        # The recorded 2026.5 had planned two flows already.
        ("flows", r".*\.cache_count"),
        ("flow by slug", r".*\.cache_count"),
    ),
)
CALLBACK = "https://netbird.company/cb"
ORIGINS = {"2025.10": "http://127.0.0.1:9001", "2026.5": "http://127.0.0.1:9000"}


class Client:
    """The API of one stand-in, with its administrator's token."""

    def __init__(self, server: authentik.Running, token: str = "") -> None:
        self.server, self.headers = server, {"Authorization": f"Bearer {token or server.token}"}

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Send a request; the answer's JSON, which must have the status that goes with the method."""
        answer = self.raw(method, path, body, **query)
        assert answer.status_code in (200, 201, 204), (path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def raw(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        """Send a request and return the whole answer."""
        url = f"{self.server.url}/api/v3/{path}"
        return requests.request(method, url, params=query, json=body, headers=self.headers, timeout=10)

    def flow(self, slug: str) -> str:
        """Return a flow's id."""
        return str(self("GET", f"flows/instances/{slug}/")["pk"])

    def mapping(self, *scopes: str) -> list[str]:
        """Return the ids of the default scope mappings."""
        rows = self("GET", "propertymappings/provider/scope/", managed__isnull="false")["results"]
        return [row["pk"] for scope in scopes for row in rows if row["scope_name"] == scope]

    def provider(self, name: str = "netbird", **more: Any) -> Any:
        """Make a provider with an application of the same name."""
        body = {
            "name": name,
            "client_id": name,
            "authorization_flow": self.flow("default-provider-authorization-implicit-consent"),
            "invalidation_flow": self.flow("default-provider-invalidation-flow"),
            "redirect_uris": [{"matching_mode": "strict", "url": CALLBACK}],
            "property_mappings": self.mapping("openid", "email", "profile", "entitlements"),
            "signing_key": self("GET", "crypto/certificatekeypairs/", has_key="true")["results"][0]["pk"],
            **more,
        }
        row = self("POST", "providers/oauth2/", body)
        self("POST", "core/applications/", {"name": name, "slug": name, "provider": row["pk"]})
        return row


@pytest.fixture(params=["2025.10", "2026.5", "2026.8"])
def server(request: pytest.FixtureRequest) -> Iterator[authentik.Running]:
    """Every release, fresh."""
    with authentik.serve(request.param) as running:
        yield running


@pytest.fixture
def newest() -> Iterator[authentik.Running]:
    """The newest release, fresh."""
    with authentik.serve("2026.8") as running:
        yield running


def replayed(version: str) -> list[Mismatch]:
    """Replay a whole recording against a fresh stand-in."""
    with authentik.serve(version) as running:
        if version == "2026.5":
            # This server was not quite fresh: there was a person, and an application with a binding to them.
            carol = running.state.add_user("carol", name="Carol", email="carol@example.com")
            carol["last_login"] = carol["date_joined"]
            call = Client(running)
            target = call("POST", "core/applications/", {"name": "zeta", "slug": "zeta"})["pk"]
            call("POST", "policies/bindings/", {"target": target, "user": carol["pk"], "order": 0})
        exchanges = recording(f"authentik-{version}")["exchanges"]
        return replay(exchanges, running.url, running.token, RULES, origins={ORIGINS[version]: running.url})


@pytest.mark.parametrize("version", ["2025.10", "2026.5"])
def test_answers_as_recorded(version: str) -> None:
    """Each of the recorded exchanges is answered alike: status, headers, shape, types and values."""
    assert [str(mismatch) for mismatch in replayed(version)] == []


def _changed_field(monkeypatch: pytest.MonkeyPatch, path: str, field: str, **change: Any) -> None:
    resource = api.RESOURCES[path]
    altered = tuple(dataclasses.replace(each, **change) if each.name == field else each for each in resource.fields)
    monkeypatch.setitem(api.RESOURCES, path, dataclasses.replace(resource, fields=altered))


def test_a_renamed_field_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The replay is no formality: a field under another name fails it."""
    _changed_field(monkeypatch, "core/application_entitlements/", "attributes", name="attribute")
    assert any(mismatch.path.endswith("attributes") for mismatch in replayed("2026.5"))


def test_a_changed_default_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """So does another default."""
    _changed_field(monkeypatch, "policies/bindings/", "timeout", default=60)
    assert any(mismatch.path.endswith("timeout") and mismatch.got == 60 for mismatch in replayed("2026.5"))


def test_a_changed_status_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """So does another status."""
    monkeypatch.setattr(api, "failed", lambda _method: api.page(500, "Server Error"))
    found = [mismatch for mismatch in replayed("2025.10") if mismatch.path == "status"]
    assert [(mismatch.exchange, mismatch.expected, mismatch.got) for mismatch in found] == [("binding update", 405, 500)]


def test_a_changed_text_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """So does another message."""
    monkeypatch.setattr(api, "REQUIRED", "Required.")
    assert {mismatch.exchange for mismatch in replayed("2026.5")} == {
        "provider create, no redirect_uris",
        "entitlement create, no app",
    }
    assert fields.REQUIRED == "This field is required."


# Facts that no recorded exchange shows


def test_pages(server: authentik.Running) -> None:
    """2026.5 cuts a page at 100 rows without a word, 2025.10 does not."""
    for number in range(130):
        server.state.add_user(f"u{number:03}")
    call = Client(server)
    whole = call("GET", "core/users/", page_size=1000)
    older = server.state.version == "2025.10"
    assert len(whole["results"]) == (132 if older else 100)
    assert whole["pagination"]["next"] == (0 if older else 2)
    default = call("GET", "core/users/")
    assert (len(default["results"]), default["pagination"]["total_pages"]) == (20, 7)
    names = [row["username"] for page in (1, 2) for row in call("GET", "core/users/", page_size=100, page=page)["results"]]
    assert names == sorted(names)
    assert len(set(names)) == 132


def test_unknown_filters_and_fields_are_ignored(server: authentik.Running) -> None:
    """A mistyped filter returns everything, an unknown field looks like success."""
    call = Client(server)
    assert call("GET", "flows/instances/", slugg="x")["pagination"]["count"] == 14
    group = call("POST", "core/groups/", {"name": "g", "colour": "red"})
    assert "colour" not in group
    assert "colour" not in server.state.groups[group["pk"]]
    assert call("GET", "core/groups/", name="G")["results"] == []


def test_a_failing_server_answers_405(server: authentik.Running) -> None:
    """A binding changed without its target, and a POST without the last slash, are told 405 without JSON."""
    call = Client(server)
    group = call("POST", "core/groups/", {"name": "g"})["pk"]
    target = call("POST", "core/applications/", {"name": "a", "slug": "a"})["pk"]
    binding = call("POST", "policies/bindings/", {"target": target, "group": group, "order": 0})
    for method, path in (("PATCH", f"policies/bindings/{binding['pk']}/"), ("POST", "core/groups")):
        answer = call.raw(method, path, {"enabled": False, "name": "h"})
        assert (answer.status_code, answer.headers["content-type"]) == (405, "text/html; charset=utf-8")
    changed = call("PATCH", f"policies/bindings/{binding['pk']}/", {"target": target, "group": group, "enabled": False})
    assert changed["enabled"] is False
    put = {"target": target, "group": group, "order": 3, "enabled": True}
    assert call("PUT", f"policies/bindings/{binding['pk']}/", put)["order"] == 3
    assert call.raw("GET", "core/groups").history[0].status_code == 301


def test_bindings_by_several_targets(server: authentik.Running) -> None:
    """Targets are repeated; one unknown refuses all; the parameter with two underscores is no filter."""
    call = Client(server)
    group = call("POST", "core/groups/", {"name": "g"})["pk"]
    targets = [call("POST", "core/applications/", {"name": slug, "slug": slug})["pk"] for slug in ("a", "b", "c")]
    for target in targets:
        call("POST", "policies/bindings/", {"target": target, "group": group, "order": 0})
    found = call("GET", "policies/bindings/", target_in=targets[:2])["results"]
    assert {row["target"] for row in found} == set(targets[:2])
    unknown = "00000000-0000-4000-8000-000000000000"
    assert call.raw("GET", "policies/bindings/", target_in=[targets[0], unknown]).status_code == 400
    everything = call("GET", "policies/bindings/")["pagination"]["count"]
    assert call("GET", "policies/bindings/", target__in=targets[0])["pagination"]["count"] == everything > 3


def test_the_token_trap(server: authentik.Running) -> None:
    """A change that names neither user nor intent hands an app password to the caller as an API token."""
    call = Client(server)
    account = call("POST", "core/users/", {"username": "nb", "name": "nb", "type": "service_account"})
    body = {"identifier": "nb", "intent": "app_password", "user": account["pk"], "expiring": False}
    call("POST", "core/tokens/", body)
    key = call("GET", "core/tokens/nb/view_key/")["key"]
    call("PATCH", "core/tokens/nb/", {"description": "x", "user": account["pk"], "intent": "app_password"})
    assert Client(server, key).raw("GET", "core/users/me/").status_code == 403
    changed = call("PATCH", "core/tokens/nb/", {"description": "y"})
    assert (changed["intent"], changed["user_obj"]["username"]) == ("api", "akadmin")
    assert Client(server, key)("GET", "core/users/me/")["user"]["username"] == "akadmin"
    call("DELETE", f"core/users/{account['pk']}/")
    assert call("GET", "core/tokens/", identifier="nb")["pagination"]["count"] == 1  # it is the administrator's now


def test_deleting_takes_along_what_belongs(server: authentik.Running) -> None:
    """An application takes its entitlements and bindings, not its provider; a user their tokens."""
    call = Client(server)
    before = server.state.snapshot(ids=False)
    provider = call.provider()
    app = call("GET", "core/applications/netbird/")["pk"]
    group = call("POST", "core/groups/", {"name": "g"})["pk"]
    entitlement = call("POST", "core/application_entitlements/", {"name": "e", "app": app})["pbm_uuid"]
    for target in (app, entitlement):
        call("POST", "policies/bindings/", {"target": target, "group": group, "order": 0})
    assert server.state.snapshot(ids=False)["entitlements"]["netbird/e"] == {"name": "e", "app": "netbird", "attributes": {}}
    call("DELETE", "core/applications/netbird/")
    assert call("GET", f"providers/oauth2/{provider['pk']}/")["assigned_application_slug"] is None
    call("DELETE", f"providers/oauth2/{provider['pk']}/")
    call("DELETE", f"core/groups/{group}/")
    assert server.state.snapshot(ids=False) == before


def test_put_keeps_what_it_leaves_out(server: authentik.Running) -> None:
    """A PUT needs the required fields; others stay as they are."""
    call = Client(server)
    call("POST", "core/applications/", {"name": "a", "slug": "a", "group": "x"})
    assert call.raw("PUT", "core/applications/a/", {"name": "b"}).json() == {"slug": ["This field is required."]}
    assert call("PUT", "core/applications/a/", {"name": "b", "slug": "a"})["group"] == "x"


def test_grant_types_are_new_in_2026_8(server: authentik.Running) -> None:
    """Older releases ignore the field; the newest takes known values and starts with none."""
    call = Client(server)
    provider = call.provider(grant_types=["authorization_code"])
    if server.state.version != "2026.8":
        assert "grant_types" not in provider
        return
    assert provider["grant_types"] == ["authorization_code"]
    bad = call.raw("PATCH", f"providers/oauth2/{provider['pk']}/", {"grant_types": ["authorization_code", "magic"]})
    assert (bad.status_code, bad.json()) == (400, {"grant_types": {"1": ['"magic" is not a valid choice.']}})
    none = call.raw("PATCH", f"providers/oauth2/{provider['pk']}/", {"grant_types": []})
    assert (none.status_code, none.json()) == (400, {"grant_types": ["This list may not be empty."]})
    assert call.provider("other")["grant_types"] == []


def test_empty_grant_types_refuse_every_login(newest: authentik.Running) -> None:
    """A provider made without them sends the person back with an error, and gives out no token."""
    call = Client(newest)
    provider = call.provider(client_type="public")
    browser = Browser(newest)
    sent = browser.authorize("netbird")
    location = sent.headers["location"]
    assert location.startswith("https://netbird.company/cb?error=invalid_request&")
    assert sent.status_code == 302
    form = {"grant_type": "client_credentials", "client_id": "netbird", "client_secret": provider["client_secret"]}
    refused = requests.post(f"{newest.url}/application/o/token/", form, timeout=10)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert [line for line in newest.state.log if line.startswith("Invalid grant_type for provider")] == [
        "Invalid grant_type for provider: authorization_code",
        "Invalid grant_type for provider: client_credentials",
    ]
    call("PATCH", f"providers/oauth2/{provider['pk']}/", {"grant_types": ["authorization_code", "client_credentials"]})
    assert browser.authorize("netbird").headers["location"].startswith("/if/flow/default-authentication-flow/")
    assert requests.post(f"{newest.url}/application/o/token/", form, timeout=10).status_code == 200
    assert newest.state.find("users", username="ak-netbird-client_credentials")


# Logins


class Browser(support.browser.Browser):
    """Somebody who logs in at a client of authentik's."""

    def __init__(self, server: authentik.Running) -> None:
        super().__init__({"authentik": server.url}, "", "", CALLBACK)
        self.server = server
        self.verifier, self.challenge = support.browser.pkce()

    def query(self, client: str, redirect: str = CALLBACK, **more: str) -> dict[str, str]:
        """Return what the client asks for."""
        return {
            "client_id": client,
            "redirect_uri": redirect,
            "response_type": "code",
            "scope": "openid profile email entitlements offline_access goauthentik.io/api",
            "state": "s",
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            **more,
        }

    def authorize(self, client: str, redirect: str = CALLBACK) -> requests.Response:
        """Open the authorize endpoint."""
        url = f"{self.server.url}/application/o/authorize/"
        return self.session.get(url, params=self.query(client, redirect), allow_redirects=False, timeout=10)

    def log_in(self, username: str, password: str, client: str, **more: str) -> Any:
        """Log in, as far as it goes: the last page, or what the last challenge says."""
        self.username, self.password, self.callback = username, password, None
        self.walk(f"{self.server.url}/application/o/authorize/", self.query(client, **more))
        return self.steps[-1]["body"]

    def code(self, username: str, password: str, client: str, **more: str) -> str:
        """Log in and return the code."""
        end = self.log_in(username, password, client, **more)
        assert self.callback, end
        return self.callback["code"]

    def token(self, code: str, client: str, **more: str) -> requests.Response:
        """Exchange the code."""
        form = {
            "grant_type": "authorization_code",
            "client_id": client,
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
            **more,
        }
        return requests.post(f"{self.server.url}/application/o/token/", form, timeout=10)


@pytest.fixture(params=["2025.10", "2026.5"])
def login(request: pytest.FixtureRequest) -> Iterator[authentik.Running]:
    """A server with a person, a public client and an entitlement that the person has through a group."""
    with authentik.serve(request.param) as running:
        call = Client(running)
        call.provider(client_type="public")
        running.state.add_user("sym", "secret", "Sym Person", "sym@example.com", ["developers"])
        app = call("GET", "core/applications/netbird/")["pk"]
        group = call("GET", "core/groups/", name="developers")["results"][0]["pk"]
        entitlement = call("POST", "core/application_entitlements/", {"name": "dev", "app": app})["pbm_uuid"]
        call("POST", "policies/bindings/", {"target": entitlement, "group": group, "order": 0})
        yield running


def claims_of(server: authentik.Running, **more: str) -> Any:
    """Log in and return the id_token's claims."""
    browser = Browser(server)
    answer = browser.token(browser.code("sym", "secret", "netbird", **more), "netbird")
    assert answer.status_code == 200, answer.text
    return segment(answer.json()["id_token"], 1)


def change(server: authentik.Running, **more: Any) -> None:
    """Change the provider."""
    row = server.state.find("providers", name="netbird")
    assert row
    Client(server)("PATCH", f"providers/oauth2/{row['pk']}/", more)


def test_a_login(login: authentik.Running) -> None:
    """The claims are the mappings', and the signature is real."""
    browser = Browser(login)
    answer = browser.token(browser.code("sym", "secret", "netbird", nonce="n"), "netbird").json()
    claims = segment(answer["id_token"], 1)
    wanted = {"entitlements": ["dev"], "roles": ["dev"], "groups": ["developers"], "name": "Sym Person", "nonce": "n"}
    assert {key: claims[key] for key in wanted} == wanted
    assert ("jti" in claims) == (login.state.version != "2025.10")
    assert "refresh_token" not in answer
    assert answer["scope"] == "openid profile email entitlements"
    from joserfc import jwk, jwt

    keys = jwk.KeySet.import_key_set(requests.get(f"{login.url}/application/o/netbird/jwks/", timeout=10).json())
    assert jwt.decode(answer["access_token"], keys, algorithms=["RS256"]).claims["azp"] == "netbird"
    info = requests.get(
        f"{login.url}/application/o/userinfo/", headers={"Authorization": f"Bearer {answer['access_token']}"}, timeout=10
    )
    assert info.json()["entitlements"] == ["dev"]
    assert info.json()["sub"] == claims["sub"]


def test_a_consent(login: authentik.Running) -> None:
    """Asked for, or part of the flow, the consent comes before the code."""
    assert claims_of(login, prompt="consent")["entitlements"] == ["dev"]
    change(login, authorization_flow=Client(login).flow("default-provider-authorization-explicit-consent"))
    browser = Browser(login)
    browser.code("sym", "secret", "netbird")
    sent = browser.authorize("netbird")
    assert sent.headers["location"].startswith("/if/flow/default-provider-authorization-explicit-consent/?")


def test_identification_with_password() -> None:
    """A login whose first step takes the password too."""
    with authentik.serve(password_fields=True) as running:
        Client(running).provider(client_type="public")
        running.state.add_user("sym", "secret")
        browser = Browser(running)
        assert browser.code("sym", "secret", "netbird")
        url = f"{running.url}/api/v3/flows/executor/default-authentication-flow/"
        shown = requests.get(url, timeout=10)
        assert shown.json()["password_fields"] is True
        sent = {"component": "ak-stage-identification", "uid_field": "sym", "password": "wrong"}
        wrong = requests.post(url, json=sent, cookies=shown.cookies, timeout=10).json()
        assert wrong["response_errors"]["non_field_errors"][0]["string"] == "Failed to authenticate."


def test_a_custom_mapping(login: authentik.Running) -> None:
    """The expression that takes entitlements as groups is really run; one that fails gives no claims, and an event.

    Seen on a real 2026.5: the token endpoint answers 200, and the id_token has the claims of the other mappings.
    """
    call = Client(login)
    expression = (
        'return {"name": request.user.name, "groups": [e.name for e in request.user.app_entitlements(provider.application)]}'
    )
    body = {"name": "profile with entitlements", "scope_name": "profile", "expression": expression}
    mapping = call("POST", "propertymappings/provider/scope/", body)
    assert mapping["managed"] is None
    change(login, property_mappings=[*call.mapping("openid", "email"), mapping["pk"]])
    claims = claims_of(login)
    assert claims["groups"] == ["dev"]
    assert "nickname" not in claims
    provider = login.state.find("providers", name="netbird")
    user = login.state.find("users", username="sym")
    assert provider
    assert user
    path = f"providers/oauth2/{provider['pk']}/preview_user/"
    assert call("GET", path, for_user=user["pk"])["preview"]["groups"] == ["dev"]
    assert call.raw("GET", path, for_user=4711).status_code == 400
    call("PATCH", f"propertymappings/provider/scope/{mapping['pk']}/", {"expression": "return request.user.nothing"})
    assert {"name", "groups"} & set(claims_of(login)) == set()
    events = call("GET", "events/events/", actions="property_mapping_exception", username="sym", ordering="-created")["results"]
    assert events[0]["context"]["expression"] == "return request.user.nothing"
    assert events[0]["context"]["exception"][0]["exc_type"] == "AttributeError"
    assert call("GET", "events/events/", username="nobody")["results"] == []
    broken = {"name": "broken", "scope_name": "x", "expression": "return ("}
    assert call.raw("POST", "propertymappings/provider/scope/", broken).json().keys() == {"expression"}


@pytest.mark.parametrize("mode", ["hashed_user_id", "user_id", "user_uuid", "user_username", "user_email"])
def test_subjects(login: authentik.Running, mode: str) -> None:
    """The subject is the one that the provider's mode names."""
    change(login, sub_mode=mode)
    user = login.state.find("users", username="sym")
    assert user
    values = {
        "hashed_user_id": login.state.uid(user),
        "user_id": str(user["pk"]),
        "user_uuid": user["uuid"],
        "user_username": "sym",
        "user_email": "sym@example.com",
    }
    assert claims_of(login)["sub"] == values[mode]


def test_claims_left_out(login: authentik.Running) -> None:
    """Switched off, the mappings' claims are in none of the tokens."""
    change(login, include_claims_in_id_token=False)
    assert {"email", "entitlements", "name"}.isdisjoint(claims_of(login))


def test_without_a_signing_key(login: authentik.Running) -> None:
    """The tokens are signed with the client secret, and no key is published."""
    change(login, signing_key=None)
    browser = Browser(login)
    answer = browser.token(browser.code("sym", "secret", "netbird"), "netbird").json()
    assert segment(answer["id_token"], 0)["alg"] == "HS256"
    assert requests.get(f"{login.url}/application/o/netbird/jwks/", timeout=10).json() == {}


def test_issuers(login: authentik.Running) -> None:
    """The issuer is the application's, or the server's."""
    url = f"{login.url}/application/o/netbird/.well-known/openid-configuration"
    assert requests.get(url, timeout=10).json()["issuer"] == f"{login.url}/application/o/netbird/"
    change(login, issuer_mode="global")
    assert requests.get(url, timeout=10).json()["issuer"] == f"{login.url}/"
    assert claims_of(login)["iss"] == f"{login.url}/"


def test_redirects(login: authentik.Running) -> None:
    """Strict ones are compared whole, regular expressions match whole, and none at all takes the first that comes."""
    browser = Browser(login)
    assert browser.authorize("netbird", "https://netbird.company/cb/").status_code == 400
    assert "Client ID Error" in browser.authorize("nobody").text
    change(login, redirect_uris=[{"matching_mode": "regex", "url": "https://netbird.company/.*"}])
    assert browser.authorize("netbird", "https://netbirdXcompany/auth").status_code == 302
    wrong = browser.authorize("netbird", "https://netbird.company.evil.example/")
    assert wrong.status_code == 400
    assert "Redirect URI Error" in wrong.text
    change(login, redirect_uris=[])
    assert browser.authorize("netbird", "https://evil.example/cb").status_code == 302
    provider = Client(login)("GET", "providers/oauth2/", name="netbird")["results"][0]
    assert [(each["matching_mode"], each["url"]) for each in provider["redirect_uris"]] == [("strict", "https://evil.example/cb")]
    assert browser.authorize("netbird").status_code == 400


def test_codes_are_used_once_and_with_their_verifier(login: authentik.Running) -> None:
    """A code is refused with another verifier, another redirect, or a second time."""
    browser = Browser(login)
    code = browser.code("sym", "secret", "netbird")
    for wrong in ({"code_verifier": "w" * 43}, {"redirect_uri": "https://netbird.company/"}, {"client_id": "nobody"}):
        assert browser.token(code, "netbird", **wrong).status_code == 400
    assert browser.token(code, "netbird").status_code == 200
    assert browser.token(code, "netbird").json()["error"] == "invalid_grant"


def test_a_confidential_client_needs_its_secret(login: authentik.Running) -> None:
    """The secret is asked for when the client is not public, by form or by header."""
    change(login, client_type="confidential", client_secret="hush")
    browser = Browser(login)
    code = browser.code("sym", "secret", "netbird")
    assert browser.token(code, "netbird").json()["error"] == "invalid_client"
    assert browser.token(code, "netbird", client_secret="hush").status_code == 200


def test_refresh_tokens(login: authentik.Running) -> None:
    """With offline access there is one, and it is used up."""
    call = Client(login)
    change(login, property_mappings=call.mapping("openid", "email", "offline_access"))
    browser = Browser(login)
    answer = browser.token(browser.code("sym", "secret", "netbird"), "netbird").json()
    form = {"grant_type": "refresh_token", "client_id": "netbird", "refresh_token": answer["refresh_token"]}
    url = f"{login.url}/application/o/token/"
    again = requests.post(url, form, timeout=10)
    assert again.status_code == 200
    assert again.json()["refresh_token"] != answer["refresh_token"]
    assert requests.post(url, form, timeout=10).json()["error"] == "invalid_grant"


def test_who_is_refused(login: authentik.Running) -> None:
    """Bindings keep a person out on a page with status 200; an inactive person has no right password."""
    call, browser = Client(login), Browser(login)
    app = call("GET", "core/applications/netbird/")["pk"]
    group = call("POST", "core/groups/", {"name": "others"})["pk"]
    call("POST", "policies/bindings/", {"target": app, "group": group, "order": 0})
    user = login.state.find("users", username="sym")
    assert user
    assert call("GET", "core/applications/netbird/check_access/", for_user=user["pk"])["passing"] is False
    assert "Permission denied" in browser.log_in("sym", "secret", "netbird")
    assert browser.steps[-1]["status"] == 200
    call("PATCH", f"core/users/{user['pk']}/", {"is_active": False})
    out = browser.authorize("netbird")  # the session that was there is none any more
    assert "default-authentication-flow" in out.headers["location"] or "/flows/-/default/" in out.headers["location"]
    assert Browser(login).log_in("sym", "secret", "netbird")["error_message"] == "Invalid password"
    assert Browser(login).log_in("nobody", "secret", "netbird")["error_message"] == "Invalid password"


def test_devices(login: authentik.Running) -> None:
    """A code is given out whatever the brand says; only with a flow in the brand does it lead anywhere."""
    call, browser = Client(login), Browser(login)
    url = f"{login.url}/application/o"
    given = requests.post(f"{url}/device/", {"client_id": "netbird", "scope": "openid"}, timeout=10).json()
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "client_id": "netbird",
        "device_code": given["device_code"],
    }
    assert requests.post(f"{url}/token/", form, timeout=10).json()["error"] == "authorization_pending"
    browser.code("sym", "secret", "netbird")
    assert browser.session.get(given["verification_uri_complete"], timeout=10).status_code == 404
    flow = {"name": "d", "title": "d", "slug": "d", "designation": "stage_configuration"}
    pk = call("POST", "flows/instances/", {**flow, "authentication": "require_authenticated"})["pk"]
    brand = call("GET", "core/brands/")["results"][0]["brand_uuid"]
    call("PATCH", f"core/brands/{brand}/", {"flow_device_code": pk})
    browser.session.get(given["verification_uri"], timeout=10)
    executor = f"{login.url}/api/v3/flows/executor"
    assert browser.ask(f"{executor}/d/").json()["component"] == "ak-provider-oauth2-device-code"
    done = browser.ask(f"{executor}/d/", {"code": given["user_code"]}).json()
    consent = "default-provider-authorization-implicit-consent"
    assert done == {"component": "xak-flow-redirect", "to": f"/if/flow/{consent}/?"}
    assert requests.post(f"{url}/token/", form, timeout=10).json()["error"] == "authorization_pending"
    assert browser.ask(f"{executor}/{consent}/").json()["component"] == "ak-provider-oauth2-device-code-finish"
    assert "id_token" in requests.post(f"{url}/token/", form, timeout=10).json()
    call("DELETE", "flows/instances/d/")
    assert call("GET", f"core/brands/{brand}/")["flow_device_code"] is None


# Service accounts and rights


def account_token(server: authentik.Running, **more: str) -> requests.Response:
    """Ask for a token as NetBird's management server does."""
    form = {
        "grant_type": "client_credentials",
        "client_id": "netbird",
        "username": "nb",
        "password": "key",
        "scope": "goauthentik.io/api",
        **more,
    }
    return requests.post(f"{server.url}/application/o/token/", form, timeout=10)


def test_least_privilege(login: authentik.Running) -> None:
    """A role with one permission is enough to read users, and for nothing else."""
    call = Client(login)
    change(login, property_mappings=call.mapping("openid", "goauthentik.io/api"))
    account = login.state.add_user("nb", "login-password", groups=["netbird"], type="service_account")
    token = login.state.add_token("nb", account["pk"], "app_password", "key")
    headers = {"Authorization": f"Bearer {account_token(login).json()['access_token']}"}
    url = f"{login.url}/api/v3/core"
    refused = requests.get(f"{url}/users/", headers=headers, timeout=10)
    assert (refused.status_code, list(refused.json())) == (403, ["detail"])
    role = call("POST", "rbac/roles/", {"name": "reads users"})["pk"]
    call(
        "POST",
        f"rbac/permissions/assigned_by_roles/{role}/assign/",
        {"permissions": ["authentik_core.view_user"]},
    )
    group = call("GET", "core/groups/", name="netbird")["results"][0]["pk"]
    assert call("PATCH", f"core/groups/{group}/", {"roles": [role]})["roles_obj"] == [{"pk": role, "name": "reads users"}]
    assert requests.get(f"{url}/users/", headers=headers, timeout=10).status_code == 200
    assert requests.get(f"{url}/users/{account['pk']}/", headers=headers, timeout=10).status_code == 200
    for method, path in (("GET", "groups/"), ("DELETE", f"users/{account['pk']}/"), ("POST", "users/")):
        assert requests.request(method, f"{url}/{path}", headers=headers, json={}, timeout=10).status_code == 403
    for wrong in ({"password": "login-password"}, {"username": "akadmin"}, {"password": "akadmin"}):
        assert account_token(login, **wrong).json()["error"] == "invalid_grant"
    token["expires"] = "2020-01-01T00:00:00.000000Z"
    assert account_token(login).json()["error"] == "invalid_grant"


def test_without_the_api_scope_the_api_is_closed(login: authentik.Running) -> None:
    """A token of a provider that lacks the scope is a token, but not for the API."""
    account = login.state.add_user("nb", superuser=True)
    login.state.add_token("nb", account["pk"], "app_password", "key")
    answer = account_token(login)
    assert answer.status_code == 200
    assert answer.json()["scope"] == ""
    assert Client(login, answer.json()["access_token"]).raw("GET", "core/users/").status_code == 403


def test_service_accounts(server: authentik.Running) -> None:
    """The one call makes an app password that nobody asked for, the other does not."""
    call = Client(server)
    made = call("POST", "core/users/service_account/", {"name": "one", "create_group": True})
    assert call("GET", "core/tokens/", user__username="one")["pagination"]["count"] == 1
    assert call("GET", f"core/groups/{made['group_pk']}/")["users"] == [made["user_pk"]]
    body = {"username": "two", "name": "two", "type": "service_account", "path": "goauthentik.io/service-accounts"}
    call("POST", "core/users/", body)
    assert call("GET", "core/tokens/", user__username="two")["pagination"]["count"] == 0
    call("DELETE", f"core/users/{made['user_pk']}/")
    assert call("GET", "core/tokens/", user__username="one")["pagination"]["count"] == 0


def test_applications_are_listed_for_the_caller(newest: authentik.Running) -> None:
    """Without the switch an administrator sees only the applications that they may use."""
    call = Client(newest)
    app = call("POST", "core/applications/", {"name": "a", "slug": "a"})["pk"]
    group = call("POST", "core/groups/", {"name": "g"})["pk"]
    call("POST", "policies/bindings/", {"target": app, "group": group, "order": 0})
    assert call("GET", "core/applications/", slug="a")["results"] == []
    assert len(call("GET", "core/applications/", slug="a", superuser_full_list="true")["results"]) == 1


def test_a_transaction_is_all_or_nothing(newest: authentik.Running) -> None:
    """A refused application leaves no provider behind."""
    call = Client(newest)
    flows = {
        "authorization_flow": call.flow("default-provider-authorization-implicit-consent"),
        "invalidation_flow": call.flow("default-provider-invalidation-flow"),
    }
    body = {
        "app": {"name": "a", "slug": "not a slug"},
        "provider_model": "authentik_providers_oauth2.oauth2provider",
        "provider": {"name": "p", "redirect_uris": [], **flows},
    }
    before = json.dumps(newest.state.snapshot())
    assert call.raw("PUT", "core/transactional/applications/", body).status_code == 400
    assert json.dumps(newest.state.snapshot()) == before


def test_a_transaction_with_bindings(newest: authentik.Running) -> None:
    """The bindings of a transaction are the application's."""
    call = Client(newest)
    group = call("POST", "core/groups/", {"name": "g"})["pk"]
    body = {
        "app": {"name": "a", "slug": "a"},
        "provider_model": "authentik_providers_oauth2.oauth2provider",
        "provider": {
            "name": "p",
            "redirect_uris": [],
            "authorization_flow": call.flow("default-provider-authorization-implicit-consent"),
            "invalidation_flow": call.flow("default-provider-invalidation-flow"),
        },
        "policy_bindings": [{"group": group, "order": 0}],
    }
    call("PUT", "core/transactional/applications/", body)
    app = call("GET", "core/applications/a/")["pk"]
    assert [row["group"] for row in call("GET", "policies/bindings/", target=app)["results"]] == [group]


@pytest.mark.parametrize("version", authentik.VERSIONS)
def test_snapshots_without_ids_can_be_compared(version: str) -> None:
    """Two servers on which the same was done are alike, whatever they made up; a difference is seen."""
    seen = []
    for secret in ("one", "one", "two"):
        with authentik.serve(version) as running:
            call = Client(running)
            call.provider(client_secret=secret)
            app = call("GET", "core/applications/netbird/")["pk"]
            group = call("POST", "core/groups/", {"name": "g"})["pk"]
            call("POST", "policies/bindings/", {"target": app, "group": group, "order": 0})
            seen.append(running.state.snapshot(ids=False))
            assert json.loads(json.dumps(running.state.snapshot())) == running.state.snapshot()
    assert seen[0] == seen[1]
    assert seen[0] != seen[2]
    assert seen[0]["providers"]["netbird"]["signing_key"] == "authentik Self-signed Certificate"
