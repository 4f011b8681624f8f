# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for authentik lets people and service accounts log in as the real servers were measured to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from joserfc import jwk, jwt

import support.browser
from conformance._stage import REDIRECT, AuthentikApi
from simulators import authentik
from support.browser import SCOPES, authorization_request, segment, token_request
from support.recordings import VERSIONS


class Browser(support.browser.Browser):
    """Somebody who logs in at a client of authentik's."""

    def __init__(self, server: authentik.Running) -> None:
        super().__init__({"authentik": server.url}, "", "", REDIRECT)
        self.server = server
        self.verifier, self.challenge = support.browser.pkce()

    def query(self, client: str, redirect: str = REDIRECT, **more: str) -> dict[str, str]:
        """Return what the client asks for."""
        return authorization_request(client, redirect, SCOPES, self.challenge, **more)

    def authorize(self, client: str, redirect: str = REDIRECT) -> requests.Response:
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
        form = token_request(client, REDIRECT, code, self.verifier) | more
        return requests.post(f"{self.server.url}/application/o/token/", form, timeout=10)


@pytest.fixture(params=VERSIONS)
def login(request: pytest.FixtureRequest) -> Iterator[authentik.Running]:
    """A server with a person, a public client and an entitlement that the person has through a group."""
    with authentik.serve(request.param) as running:
        call = AuthentikApi(running)
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
    AuthentikApi(server)("PATCH", f"providers/oauth2/{row['pk']}/", more)


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
    change(login, authorization_flow=AuthentikApi(login).flow("default-provider-authorization-explicit-consent"))
    browser = Browser(login)
    browser.code("sym", "secret", "netbird")
    sent = browser.authorize("netbird")
    assert sent.headers["location"].startswith("/if/flow/default-provider-authorization-explicit-consent/?")


def test_identification_with_password() -> None:
    """A login whose first step takes the password too."""
    with authentik.serve(password_fields=True) as running:
        AuthentikApi(running).provider(client_type="public")
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
    call = AuthentikApi(login)
    expression = (
        'return {"name": request.user.name, "groups": [e.name for e in request.user.app_entitlements(provider.application)]}'
    )
    body = {"name": "profile with entitlements", "scope_name": "profile", "expression": expression}
    mapping = call("POST", "propertymappings/provider/scope/", body)
    assert mapping["managed"] is None
    change(login, property_mappings=[*call.mappings("openid", "email"), mapping["pk"]])
    claims = claims_of(login)
    assert claims["groups"] == ["dev"]
    assert "nickname" not in claims
    provider = login.state.find("providers", name="netbird")
    user = login.state.find("users", username="sym")
    assert provider
    assert user
    path = f"providers/oauth2/{provider['pk']}/preview_user/"
    assert call("GET", path, for_user=user["pk"])["preview"]["groups"] == ["dev"]
    assert call.send("GET", path, for_user=4711).status_code == 400
    call("PATCH", f"propertymappings/provider/scope/{mapping['pk']}/", {"expression": "return request.user.nothing"})
    assert {"name", "groups"} & set(claims_of(login)) == set()
    events = call("GET", "events/events/", actions="property_mapping_exception", username="sym", ordering="-created")["results"]
    assert events[0]["context"]["expression"] == "return request.user.nothing"
    assert events[0]["context"]["exception"][0]["exc_type"] == "AttributeError"
    assert call("GET", "events/events/", username="nobody")["results"] == []
    broken = {"name": "broken", "scope_name": "x", "expression": "return ("}
    assert call.send("POST", "propertymappings/provider/scope/", broken).json().keys() == {"expression"}


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
    provider = AuthentikApi(login)("GET", "providers/oauth2/", name="netbird")["results"][0]
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
    call = AuthentikApi(login)
    change(login, property_mappings=call.mappings("openid", "email", "offline_access"))
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
    call, browser = AuthentikApi(login), Browser(login)
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
    call, browser = AuthentikApi(login), Browser(login)
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


# Service accounts and their rights


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
    call = AuthentikApi(login)
    change(login, property_mappings=call.mappings("openid", "authentik_api"))
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
    assert AuthentikApi(login, answer.json()["access_token"]).send("GET", "core/users/").status_code == 403


def test_empty_grant_types_refuse_every_login() -> None:
    """A provider made without them sends the person back with an error, and gives out no token."""
    with authentik.serve("2026.8") as newest:
        call = AuthentikApi(newest)
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
