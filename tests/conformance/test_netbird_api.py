# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for NetBird's API is held to the recordings of the real server, and to what was measured beside them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from conformance._exchanges import OF_NETBIRD, of_netbird
from conformance._issuer import Issuer
from conformance._netbird import Client, Json, connect, dashboard_login, person, refusal
from simulators import netbird
from simulators.netbird import connectors, endpoints, kinds, objects, people, policies, state
from simulators.netbird.state import xid

# the recording


def test_every_recorded_exchange_is_answered_as_recorded(issuer: Issuer) -> None:
    differences = of_netbird(issuer.url)
    print(f"{len(OF_NETBIRD)} exchanges replayed, none left out")
    assert len(OF_NETBIRD) == 178
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
    monkeypatch.setattr(policies, "minimum", lambda account, ids: [row | {"id": xid()} for row in shown(account, ids)])


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
    last = next(number for number, each in enumerate(OF_NETBIRD) if each["name"] == exchange)
    found = {(each.exchange, each.path) for each in of_netbird(issuer.url, OF_NETBIRD[: last + 1])}
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


# groups, people and what they may do


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


# without an embedded provider


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
