# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The NetBird stand-in is held to the recordings of the real server, and to what was measured beside them."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from conformance._issuer import Issuer
from conformance._replay import NETBIRD, Mismatch, recording, replay, segment
from simulators import netbird
from simulators._server import Fault
from simulators.netbird import connectors, endpoints, kinds, objects, people, state
from simulators.netbird.embedded import Embedded
from simulators.netbird.state import xid

EXCHANGES = recording("netbird-0.77.1")["exchanges"]
VERIFIER = "v" * 43
Json = Any


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    started = Issuer()
    with started.server:
        yield started


@pytest.fixture
def nb() -> Iterator[netbird.NetBird]:
    with netbird.serve() as running:
        yield running


def all_differences(issuer: Issuer) -> list[Mismatch]:
    with netbird.serve() as running:
        origins = {"http://127.0.0.1:33080": running.url, "http://127.0.0.1:9000": issuer.url}
        return replay(EXCHANGES, running.url, running.token, NETBIRD, origins=origins)


class Client:
    """Calls the API, as the owner unless told otherwise."""

    def __init__(self, running: netbird.NetBird, authorization: str | None = None) -> None:
        self.url = running.url + "/api/"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = authorization or f"Token {running.token}"

    def __call__(self, method: str, path: str, body: Json = None) -> tuple[int, Json]:
        found = self.session.request(method, self.url + path, json=body, timeout=20)
        try:
            return found.status_code, found.json()
        except ValueError:
            return found.status_code, found.text

    def settings(self, **changes: Json) -> Json:
        """Change settings as the API wants it: everything is sent back."""
        account = self("GET", "accounts")[1][0]
        body = {key: value for key, value in account["settings"].items() if not key.startswith("network_range")}
        body["extra"]["user_approval_required"] = changes.pop("user_approval_required", False)
        status, _answer = self("PUT", f"accounts/{account['id']}", {"settings": body | changes})
        assert status == 200
        return self("GET", "accounts")[1][0]["settings"]


def refusal(answer: tuple[int, Json]) -> tuple[int, str]:
    status, body = answer
    assert body == {"message": body["message"], "code": status}
    return status, body["message"]


def dashboard_login(
    running: netbird.NetBird,
    connector: str,
    scope: str = "openid profile email groups offline_access",
    form: dict[str, str] | None = None,
    verify: str | bool = True,
) -> requests.Response:
    """Log in as the dashboard does; return the answer to the code's exchange, or the page that stopped the login."""
    challenge = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
    query = {
        "client_id": "netbird-dashboard",
        "redirect_uri": running.url + "/nb-auth",
        "response_type": "code",
        "scope": scope,
        "state": "s",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    with requests.Session() as session:
        session.trust_env = False
        session.verify = verify
        found = session.get(f"{running.url}/oauth2/auth/{connector}", params=query, allow_redirects=False, timeout=20)
        while (location := found.headers.get("location", "")) and not location.startswith(query["redirect_uri"]):
            target = location if location.startswith("http") else running.url + location
            found = session.get(target, allow_redirects=False, timeout=20)
            if found.status_code == 200 and form:
                assert 'name="login"' in found.text
                assert 'name="password"' in found.text
                found = session.post(target, data=form, allow_redirects=False, timeout=20)
        if not location:
            return found
        assert found.status_code == 303
        answered = parse_qs(urlsplit(location).query)
        assert answered["state"] == ["s"]
        body = {
            "grant_type": "authorization_code",
            "client_id": "netbird-dashboard",
            "code": answered["code"][0],
            "redirect_uri": query["redirect_uri"],
            "code_verifier": VERIFIER,
        }
        return session.post(running.url + "/oauth2/token", data=body, timeout=20)


def person(running: netbird.NetBird, connector: str, **options: Any) -> Client:
    """Log somebody in and return a client with their token."""
    found = dashboard_login(running, connector, **options)
    assert found.status_code == 200, found.text
    return Client(running, f"Bearer {found.json()['access_token']}")


def connect(client: Client, issuer: Issuer, **fields: str) -> str:
    body = {
        "type": "authentik",
        "name": "authentik",
        "issuer": issuer.issuer,
        "client_id": "netbird",
        "client_secret": issuer.secret,
    }
    status, answer = client("POST", "identity-providers", body | fields)
    assert status == 200, answer
    assert "client_secret" not in answer
    connector: str = answer["id"]
    return connector


# the recording


def test_every_recorded_exchange_is_answered_as_recorded(issuer: Issuer) -> None:
    differences = all_differences(issuer)
    print(f"{len(EXCHANGES)} exchanges replayed, none left out")
    assert len(EXCHANGES) == 178
    assert not differences, "\n".join(map(str, differences))


def rename_field(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, renamed = endpoints.show_token, {"name": "title"}
    monkeypatch.setattr(endpoints, "show_token", lambda row: {renamed.get(k, k): v for k, v in shown(row).items()})


def change_status(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = kinds.Kind.missing

    def gone(kind: kinds.Kind, row_id: str, method: str) -> state.Refused:
        refused = missing(kind, row_id, method)
        refused.status = 410
        return refused

    monkeypatch.setattr(kinds.Kind, "missing", gone)


def change_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "FRESH_SETTINGS", {**state.FRESH_SETTINGS, "groups_propagation_enabled": False})


def change_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "permissions", lambda user: [])
    monkeypatch.setattr(endpoints, "permissions", lambda user: [])


def change_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = objects.minimum
    monkeypatch.setattr(objects, "minimum", lambda account, ids: [row | {"id": xid()} for row in shown(account, ids)])


def change_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "check_role", lambda role: objects.refuse_if(role == "king", "no such role"))


def show_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, secret = connectors.show, "client_secret"
    monkeypatch.setattr(connectors, "show", lambda row, **how: shown(row, **how) | {secret: row[secret]})


@pytest.mark.parametrize(
    ("spoil", "exchange", "path"),
    [
        (rename_field, "token create", "$.personal_access_token.name"),
        (change_status, "policy retrieve, missing", "status"),
        (change_default, "accounts", "$[0].settings.groups_propagation_enabled"),
        (change_type, "current user", "$.permissions"),
        (change_ids, "policy list", "$[0].rules[0].sources[0].id"),
        (change_message, "service user create, bad role", "$.message"),
        (show_secret, "identity provider create", "$.client_secret"),
    ],
)
def test_a_wrong_stand_in_is_caught(
    spoil: Callable[[pytest.MonkeyPatch], None],
    exchange: str,
    path: str,
    issuer: Issuer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoil(monkeypatch)
    found = {(each.exchange, each.path) for each in all_differences(issuer)}
    assert (exchange, path) in found, found


# first-time set-up


def test_first_time_setup_without_a_token() -> None:
    with netbird.serve(fresh=True) as nb:
        assert nb.token == ""
        client = Client(nb, "Token none")
        assert client("GET", "instance") == (200, {"setup_required": True})
        good = {"email": "a@example.com", "password": "password-1", "name": "A", "create_pat": True, "pat_expire_in": 1}
        for change, message in (
            ({"email": ""}, "email is required"),
            ({"email": "nobody"}, "invalid email format"),
            ({"password": "short"}, "password must be at least 8 characters"),
            ({"name": ""}, "name is required"),
        ):
            assert refusal(client("POST", "setup", good | change)) == (422, message)
        assert refusal(client("POST", "setup", None)) == (400, "invalid request body")
        status, made = client("POST", "setup", good)
        assert (status, sorted(made)) == (200, ["email", "user_id"])  # create_pat is ignored without the variable
        assert refusal(client("POST", "setup", good)) == (412, "setup already completed")
        owner = person(nb, "local", form={"login": "a@example.com", "password": "password-1"})
        shown = owner("GET", "users/current")[1]
        assert (shown["role"], shown["id"], shown["idp_id"]) == ("owner", made["user_id"], "local")
        account = owner("GET", "accounts")[1][0]
        assert (account["domain"], account["domain_category"]) == ("netbird.selfhosted", "private")


def test_setup_with_a_token_makes_an_account_that_nobody_from_outside_joins(issuer: Issuer) -> None:
    with netbird.serve(fresh=True, setup_pat=True) as nb:
        body = {"email": "a@example.com", "password": "password-1", "name": "A", "create_pat": True}
        anonymous = Client(nb, "Token none")
        assert refusal(anonymous("POST", "setup", body))[0] == 422
        made = anonymous("POST", "setup", body | {"pat_expire_in": 1})[1]
        owner = Client(nb, f"Token {made['personal_access_token']}")
        account = owner("GET", "accounts")[1][0]
        assert (account["domain"], account["domain_category"]) == ("", "")
        stranger = person(nb, connect(owner, issuer))
        assert stranger("GET", "users/current")[1]["role"] == "owner"
        assert stranger("GET", "accounts")[1][0]["id"] != account["id"]
        assert len(owner("GET", "users")[1]) == 1


def test_local_login_refuses_a_wrong_password(nb: netbird.NetBird) -> None:
    found = dashboard_login(nb, "local", form={"login": netbird.ADMIN_EMAIL, "password": "wrong"})
    assert found.status_code == 401
    owner = person(nb, "local", form={"login": netbird.ADMIN_EMAIL, "password": netbird.ADMIN_PASSWORD})
    assert owner("GET", "users/current")[1]["role"] == "owner"


# accounts


def test_put_of_an_account_replaces(nb: netbird.NetBird) -> None:
    client = Client(nb)
    account = client("GET", "accounts")[1][0]
    path = f"accounts/{account['id']}"
    bodies: list[Json] = [{}, {"settings": {}}, {"settings": {"jwt_groups_enabled": True}}]
    for body in bodies:
        assert refusal(client("PUT", path, body)) == (422, "peer login expiration can't be smaller than one hour")
    answer = client("PUT", path, {"settings": {"peer_login_expiration": 3600}})[1]
    assert answer["settings"]["embedded_idp_enabled"] is False
    assert "network_range" not in answer["settings"]
    after = client("GET", "accounts")[1][0]
    settings = after["settings"]
    assert settings["embedded_idp_enabled"] is True
    for name in ("groups_propagation_enabled", "lazy_connection_enabled", "routing_peer_dns_resolution_enabled"):
        assert settings[name] is False, name
    assert (settings["ipv6_enabled_groups"], settings["auto_update_version"]) == (None, "")
    for name in ("extra", "network_range", "network_range_v6"):
        assert settings[name] == account["settings"][name], name
    assert after["onboarding"] == account["onboarding"]
    assert "network_range" not in nb.state.settings
    client("PUT", path, {"settings": settings | {"peer_login_expiration": 7200}})
    assert nb.state.settings["network_range"] == account["settings"]["network_range"]
    assert client("PUT", path, {"settings": {"peer_login_expiration": "1"}})[0] == 400


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


def certificate(folder: Path) -> tuple[str, str]:
    """Make a certificate for this machine that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    moment = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    (folder / "cert.pem").write_bytes(signed.public_bytes(pem))
    return str(folder / "cert.pem"), str(folder / "key.pem")


def test_an_issuer_with_a_certificate_of_its_own_must_be_trusted(tmp_path: Path) -> None:
    tls = certificate(tmp_path)
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


def test_group_rules(nb: netbird.NetBird) -> None:
    client = Client(nb)
    everyone = client("GET", "groups?name=All")[1][0]["id"]
    assert client("PUT", f"groups/{everyone}", {"name": "All", "peers": []})[0] == 422
    assert refusal(client("DELETE", f"groups/{everyone}")) == (400, "deleting group ALL is not allowed")
    assert refusal(client("DELETE", "groups/none")) == (400, "group: none not found")
    assert client("PUT", "groups/none", {"name": "x"})[0] == 404
    made = client("POST", "groups", {"name": "x", "peers": ["no-such-peer"]})[1]
    assert made["peers"] is None
    # a rename to a name that is taken is not refused, and this group can't be deleted any more
    assert client("PUT", f"groups/{made['id']}", {"name": "All"})[0] == 200
    assert refusal(client("DELETE", f"groups/{made['id']}")) == (400, "deleting group ALL is not allowed")
    key = client("POST", "groups", {"name": "keyed"})[1]["id"]
    client("POST", "setup-keys", {"name": "k1", "type": "reusable", "expires_in": 86400, "auto_groups": [key]})
    assert refusal(client("DELETE", f"groups/{key}")) == (400, "group has been linked to setup key: k1")


# who may do what


def test_roles(nb: netbird.NetBird, issuer: Issuer) -> None:
    client = Client(nb)

    def service(role: str) -> Client:
        bot = client("POST", "users", {"name": role, "role": role, "auto_groups": [], "is_service_user": True})[1]
        token = client("POST", f"users/{bot['id']}/tokens", {"name": "t", "expires_in": 1})[1]["plain_token"]
        return Client(nb, f"Token {token}")

    admin = service("admin")
    assert refusal(admin("GET", "users/current")) == (403, "permission denied")
    connector = connect(admin, issuer)
    assert admin("DELETE", f"identity-providers/{connector}") == (200, {})
    admin.settings(jwt_groups_enabled=True)
    assert admin("POST", "groups", {"name": "g"})[0] == 200
    plain = service("user")
    assert plain("GET", "identity-providers")[0] == plain("GET", "accounts")[0] == 200
    account = nb.state.account.id
    for method, path in (("POST", "identity-providers"), ("PUT", f"accounts/{account}"), ("POST", "groups")):
        assert refusal(plain(method, path, {})) == (403, "permission denied")
    refused = client("POST", "users", {"name": "o", "role": "owner", "is_service_user": True})
    assert refused[0] == 422


def test_people_and_their_tokens(nb: netbird.NetBird) -> None:
    client = Client(nb)
    body = {"email": "new@example.com", "name": "New", "role": "user", "auto_groups": [], "is_service_user": False}
    made = client("POST", "users", body)[1]
    assert len(made["password"]) >= 8
    assert client("POST", "users", body)[0] == 409
    someone = person(nb, "local", form={"login": "new@example.com", "password": made["password"]})
    assert someone("GET", "users/current")[0] == 200  # local people wait for no approval
    own = client("GET", "users/current")[1]["id"]
    assert client("DELETE", f"users/{own}")[0] == 422
    assert client("DELETE", "users/none")[0] == 404
    token = {"name": "mine", "expires_in": 30}
    for change, message in (
        ({"expires_in": 0}, "expiration has to be between 1 and 365"),
        ({"name": ""}, "token name can't be empty"),
    ):
        assert refusal(client("POST", f"users/{own}/tokens", token | change)) == (422, message)
    plain = client("POST", f"users/{own}/tokens", token)[1]["plain_token"]
    assert Client(nb, f"Token {plain}")("GET", "users/current")[0] == 200
    assert client("POST", f"users/{made['id']}/tokens", token)[0] == 403
    assert client("PUT", f"users/{made['id']}", {"role": "user", "auto_groups": [], "is_blocked": True})[0] == 200
    assert refusal(someone("GET", "users/current")) == (403, "user is blocked")


def test_tokens_are_given_once_and_never_refreshed(nb: netbird.NetBird, issuer: Issuer) -> None:
    client = Client(nb)
    client.settings()
    answer = dashboard_login(nb, connect(client, issuer)).json()
    claims = segment(answer["access_token"], 1)
    assert claims["exp"] - claims["iat"] == 86400
    form = {"grant_type": "refresh_token", "client_id": "netbird-dashboard", "refresh_token": answer["refresh_token"]}
    with requests.Session() as session:
        session.trust_env = False
        again = session.post(nb.url + "/oauth2/token", data=form, timeout=20)
        assert (again.status_code, again.json()) == (500, {"error": "invalid_request"})
        unknown = session.post(nb.url + "/oauth2/token", data=form | {"refresh_token": "none"}, timeout=20)
        assert (unknown.status_code, unknown.json()["error"]) == (400, "invalid_request")
        code = {"grant_type": "authorization_code", "client_id": "netbird-dashboard", "code": "none"}
        assert session.post(nb.url + "/oauth2/token", data=code, timeout=20).status_code == 400
        found = session.get(
            nb.url + "/oauth2/auth", params={"client_id": "netbird-dashboard", "redirect_uri": "http://x/"}, timeout=20
        )
        assert (found.status_code, "Unregistered redirect_uri" in found.text) == (400, True)
    assert refusal(Client(nb, "Bearer a.b.c")("GET", "users/current")) == (401, "token invalid")


def test_the_refresh_of_a_local_person_hangs_the_provider_until_a_restart(nb: netbird.NetBird) -> None:
    nb.state.add_local_user("local@example.com", "Local", "secret")
    answer = dashboard_login(nb, "local", form={"login": "local@example.com", "password": "secret"}).json()
    form = {"grant_type": "refresh_token", "client_id": "netbird-dashboard", "refresh_token": answer["refresh_token"]}
    with pytest.raises(requests.ReadTimeout):
        requests.post(nb.url + "/oauth2/token", data=form, timeout=0.2)
    providers, headers = f"{nb.url}/api/identity-providers", {"Authorization": f"Token {nb.token}"}
    with pytest.raises(requests.ReadTimeout):
        requests.get(providers, headers=headers, timeout=0.2)
    assert requests.get(f"{nb.url}/api/groups", headers=headers, timeout=20).status_code == 200
    nb.restart()
    assert requests.get(providers, headers=headers, timeout=20).status_code == 200


# standalone set-up


def test_management_without_an_embedded_provider(issuer: Issuer) -> None:
    with netbird.serve(embedded=False) as nb:
        client = Client(nb)
        assert client("GET", "instance") == (200, {"setup_required": False})
        assert client("POST", "setup", {})[0] == 500
        assert client("GET", "accounts")[1][0]["settings"]["embedded_idp_enabled"] is False
        assert client("GET", "identity-providers") == (200, [])
        refused = (500, "identity provider management requires embedded idp")
        good = {"type": "authentik", "name": "a", "issuer": issuer.issuer, "client_id": "c"}
        for method, path, body in (
            ("POST", "identity-providers", good),
            ("PUT", "identity-providers/x", good),
            ("GET", "identity-providers/x", None),
            ("DELETE", "identity-providers/x", None),
        ):
            assert refusal(client(method, path, body)) == refused
        # the issuer is checked first
        assert refusal(client("POST", "identity-providers", good | {"issuer": "http://127.0.0.1:1/"}))[0] == 422
        assert client("GET", "users/current")[1].get("idp_id") is None
        assert requests.get(nb.url + "/oauth2/keys", timeout=20).status_code == 404


def test_a_snapshot_tells_two_servers_apart(nb: netbird.NetBird) -> None:
    client = Client(nb)
    before = nb.state.snapshot()
    client("GET", "groups")
    assert nb.state.snapshot() == before
    client("POST", "groups", {"name": "g"})
    assert nb.state.snapshot() != before
