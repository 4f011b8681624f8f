# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for NetBird lets people log in as the real server was measured to do: connectors, claims, groups, tokens."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from conformance._issuer import Issuer
from conformance._netbird import Client, connect, dashboard_login, person, refusal
from simulators import netbird
from simulators._server import Fault
from simulators.netbird import connectors
from simulators.netbird.embedded import Embedded
from support.browser import DASHBOARD, segment

# identity providers


def test_identity_provider_is_checked_at_its_issuer(nb: netbird.NetBird, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(nb)
    good = {"type": "authentik", "name": "a", "issuer": issuer.issuer, "client_id": "c", "client_secret": "s"}

    def message(**change: str) -> str:
        status, text = refusal(client("POST", "identity-providers", good | change))
        assert status == 422
        return text

    assert message(name="") == "identity provider name is required"
    assert message(type="") == "identity provider type is required"
    assert message(type="Authentik") == "unsupported identity provider type"
    assert message(issuer="") == "identity provider issuer is required"
    assert message(client_id="") == "identity provider client id is required"
    unreachable = "identity provider issuer is unreachable: "
    assert message(issuer=issuer.url + "/application/o/other/").startswith(unreachable + "404 not found: ")
    issuer.server.inject(Fault("html"))
    assert message().startswith(unreachable + "failed to decode provider discovery object")
    issuer.server.inject(Fault("drop_before"))
    assert message().startswith(unreachable + 'get "')
    monkeypatch.setattr(connectors, "TIMEOUT", 0.1)
    issuer.server.inject(Fault("slow", seconds=0.5))
    assert "context deadline exceeded" in message()
    assert connectors.LOCAL["id"] == "local"
    assert client("GET", "identity-providers/local") == (200, connectors.LOCAL)
    assert client("DELETE", "identity-providers/local")[0] == 500
    assert client("PATCH", "identity-providers/local") == (404, "404 page not found\n")
    assert refusal(client("DELETE", "identity-providers/none"))[0] == 404
    # these need no issuer; an answer to a write echoes one, a GET does not
    made = client("POST", "identity-providers", good | {"type": "google", "issuer": "https://x.example"})[1]
    assert made["issuer"] == "https://x.example"
    assert client("GET", f"identity-providers/{made['id']}")[1]["issuer"] == ""


def test_a_changed_connector_waits_for_a_restart_once_it_was_opened(nb: netbird.NetBird, issuer: Issuer) -> None:
    client = Client(nb)
    client.settings()
    connector = connect(client, issuer, client_secret="wrong")
    body = {"type": "authentik", "name": "a", "issuer": issuer.issuer, "client_id": "netbird"}
    path = f"identity-providers/{connector}"
    # not opened yet: the change counts
    assert client("PUT", path, body | {"client_secret": issuer.secret})[0] == 200
    assert person(nb, connector)("GET", "users/current")[0] == 200
    # opened: it does not
    assert client("PUT", path, body | {"client_secret": "wrong"})[0] == 200
    assert person(nb, connector)("GET", "users/current")[0] == 200
    nb.restart()
    found = dashboard_login(nb, connector)
    assert (found.status_code, "Authentication failed. Please contact" in found.text) == (500, True)
    assert client("PUT", path, body | {"client_secret": issuer.secret})[0] == 200
    assert dashboard_login(nb, connector).status_code == 500
    nb.restart()
    # no secret in the body: the stored one stays
    assert client("PUT", path, body)[0] == 200
    nb.restart()
    assert person(nb, connector)("GET", "users/current")[0] == 200


def test_a_connector_made_anew_makes_new_users(nb: netbird.NetBird, issuer: Issuer) -> None:
    client = Client(nb)
    first = connect(client, issuer)
    assert refusal(person(nb, first)("GET", "users/current")) == (403, "user is blocked")
    assert client("DELETE", f"identity-providers/{first}") == (200, {})
    assert dashboard_login(nb, first).status_code == 400
    person(nb, connect(client, issuer))("GET", "users/current")
    rows = client("GET", "users")[1]
    assert [row["pending_approval"] for row in rows] == [False, True, True]
    assert len({row["id"] for row in rows}) == 3
    waiting = rows[1]["id"]
    assert rows[1]["status"] == "blocked"
    assert client("POST", f"users/{waiting}/approve")[1]["status"] == "active"
    assert client("DELETE", f"users/{rows[2]['id']}/reject") == (200, {})


@pytest.mark.parametrize(
    ("held", "groups"), [("one", ["one"]), ([{"name": "two"}, {"id": 2}, "three"], ["two", "three"]), ({"a": 1}, [])]
)
def test_the_embedded_provider_takes_groups_in_any_of_these_forms(held: Any, groups: list[str]) -> None:
    """Seen on a real 0.77.1: a text is one group, an object counts by its name, what is no list is none."""
    person = Embedded.person({"sub": "1", "name": "A", "email": "a@example.com", "groups": held})
    assert person["groups"] == groups


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"name": None}, 'missing "name" claim'),
        ({"email": None}, 'missing "email" claim'),
        ({"groups": ["one", 2]}, 'malformed "groups" claim'),
        ({"iss": "http://elsewhere/"}, "different provider"),
        ({"aud": "other"}, "expected audience"),
        ({"exp": 1}, "token is expired"),
    ],
)
def test_the_embedded_provider_wants_these_claims(claims: dict[str, Any], reason: str, nb: netbird.NetBird) -> None:
    issuer = Issuer()
    with issuer.server:
        connector = connect(Client(nb), issuer)
        issuer.claims |= claims
        found = dashboard_login(nb, connector)
    assert found.status_code == 500
    assert reason in nb.state.log[-1]
    assert reason not in found.text


def test_an_issuer_with_a_certificate_of_its_own_must_be_trusted(tls: tuple[str, str]) -> None:
    issuer = Issuer(tls=tls)
    with issuer.server:
        with netbird.serve() as nb:
            body = {"type": "authentik", "name": "a", "issuer": issuer.issuer, "client_id": "c"}
            status, message = refusal(Client(nb)("POST", "identity-providers", body))
            assert (status, "certificate signed by unknown authority" in message) == (422, True)
        with netbird.serve(ca=tls[0]) as nb:
            client = Client(nb)
            client.settings()
            assert person(nb, connect(client, issuer), verify=tls[0])("GET", "users/current")[0] == 200


# groups


def test_groups_follow_the_token(nb: netbird.NetBird) -> None:
    issuer = Issuer()
    with issuer.server:
        client = Client(nb)
        client.settings(jwt_groups_enabled=True, jwt_groups_claim_name="groups")
        by_hand = client("POST", "groups", {"name": "api-made"})[1]["id"]
        connector = connect(client, issuer)
        issuer.claims["groups"] = ["api-made", "one", "two"]

        def names() -> list[str]:
            shown = person(nb, connector)("GET", "users/current")[1]
            known = {row["id"]: (row["name"], row["issued"]) for row in client("GET", "groups")[1]}
            assert all(known[each][1] == "jwt" for each in shown["auto_groups"] if each != by_hand)
            return [known[each][0] for each in shown["auto_groups"]]

        # a group that the API made is not given, and no second one is made
        assert names() == ["one", "two"]
        assert [row["name"] for row in client("GET", "groups")[1]] == ["All", "api-made", "one", "two"]
        ids = {row["name"]: row["id"] for row in client("GET", "groups")[1]}
        # what the API gave stays, what the token no longer names goes, the group itself stays
        user = client("GET", "users")[1][1]["id"]
        body = {"role": "user", "auto_groups": [by_hand, ids["one"]], "is_blocked": False}
        client("PUT", f"users/{user}", body)
        issuer.claims["groups"] = ["two"]
        assert names() == ["api-made", "two"]
        assert {row["name"]: row["id"] for row in client("GET", "groups")[1]} == ids
        assert refusal(client("DELETE", f"groups/{ids['two']}")) == (400, f"group has been linked to user: {user}")
        assert client("DELETE", f"groups/{ids['one']}") == (200, {})
        # only to a client that asks for the scope, and only under the name `groups`
        token = dashboard_login(nb, connector, scope="openid profile email").json()["access_token"]
        assert "groups" not in segment(token, 1)
        issuer.claims["entitlements"] = ["three"]
        client.settings(jwt_groups_enabled=True, jwt_groups_claim_name="entitlements")
        assert names() == ["api-made"]
        # without a claim's name nothing happens
        issuer.claims["groups"] = ["four"]
        client.settings(jwt_groups_enabled=True, jwt_groups_claim_name="")
        assert names() == ["api-made"]


def test_allowed_groups_are_names_and_leave_local_people_and_tokens_alone(nb: netbird.NetBird, issuer: Issuer) -> None:
    client = Client(nb)
    client.settings(jwt_groups_enabled=True, jwt_groups_claim_name="groups", jwt_allow_groups=["insiders"])
    outsider = person(nb, connect(client, issuer))
    assert refusal(outsider("GET", "users/current")) == (401, "token invalid")
    owner = person(nb, "local", form={"login": netbird.ADMIN_EMAIL, "password": netbird.ADMIN_PASSWORD})
    shown = owner("GET", "users/current")
    assert (shown[0], shown[1]["auto_groups"]) == (200, [])
    assert client("GET", "groups")[0] == 200


# tokens


def test_tokens_are_given_once_and_never_refreshed(nb: netbird.NetBird, issuer: Issuer) -> None:
    client = Client(nb)
    client.settings()
    answer = dashboard_login(nb, connect(client, issuer)).json()
    claims = segment(answer["access_token"], 1)
    assert claims["exp"] - claims["iat"] == 86400
    form = {"grant_type": "refresh_token", "client_id": DASHBOARD, "refresh_token": answer["refresh_token"]}
    with requests.Session() as session:
        session.trust_env = False
        again = session.post(nb.url + "/oauth2/token", data=form, timeout=20)
        assert (again.status_code, again.json()) == (500, {"error": "invalid_request"})
        unknown = session.post(nb.url + "/oauth2/token", data=form | {"refresh_token": "none"}, timeout=20)
        assert (unknown.status_code, unknown.json()["error"]) == (400, "invalid_request")
        code = {"grant_type": "authorization_code", "client_id": DASHBOARD, "code": "none"}
        assert session.post(nb.url + "/oauth2/token", data=code, timeout=20).status_code == 400
        found = session.get(nb.url + "/oauth2/auth", params={"client_id": DASHBOARD, "redirect_uri": "http://x/"}, timeout=20)
        assert (found.status_code, "Unregistered redirect_uri" in found.text) == (400, True)
    assert refusal(Client(nb, "Bearer a.b.c")("GET", "users/current")) == (401, "token invalid")


def test_the_refresh_of_a_local_person_hangs_the_provider_until_a_restart(nb: netbird.NetBird) -> None:
    nb.state.add_local_user("local@example.com", "Local", "secret")
    answer = dashboard_login(nb, "local", form={"login": "local@example.com", "password": "secret"}).json()
    form = {"grant_type": "refresh_token", "client_id": DASHBOARD, "refresh_token": answer["refresh_token"]}
    with pytest.raises(requests.ReadTimeout):
        requests.post(nb.url + "/oauth2/token", data=form, timeout=0.2)
    providers, headers = f"{nb.url}/api/identity-providers", {"Authorization": f"Token {nb.token}"}
    with pytest.raises(requests.ReadTimeout):
        requests.get(providers, headers=headers, timeout=0.2)
    assert requests.get(f"{nb.url}/api/groups", headers=headers, timeout=20).status_code == 200
    nb.restart()
    assert requests.get(providers, headers=headers, timeout=20).status_code == 200
