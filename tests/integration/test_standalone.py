# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The standalone set-up's part in authentik, on every version of it, down to a person's login and NetBird's own requests."""

from __future__ import annotations

import json
import sys
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from simulators import authentik, netbird
from support import COLLECTION, ROOT, Played, Servers, redirect_of
from support.browser import SCOPES, tokens_of
from support.refusals import assert_role_refuses

ROLE = [{"ansible.builtin.import_role": {"name": f"{COLLECTION}.standalone"}}]
NETBIRD = "https://netbird.company"
PASSWORD = "password-of-a-person"
ACCESS = ["administrator", pytest.param("least", marks=pytest.mark.once)]
VARIABLES: dict[str, Any] = {
    "netbird_token": "",
    "standalone_netbird_url": NETBIRD,
    "standalone_group": "Network",
    "standalone_bindings": [{"group": "developers"}, {"user": "carol", "order": 2}],
    "standalone_entitlements": [
        {"name": "nb-developers", "groups": ["developers"]},
        {"name": "nb-operators", "users": ["carol"]},
    ],
}


def add_people(state: authentik.State) -> None:
    state.add_user("alice", PASSWORD, name="Alice", email="alice@example.com", groups=["developers"])
    state.add_user("carol", PASSWORD, name="Carol", email="carol@example.com")
    state.add_user("dave", PASSWORD, name="Dave", email="dave@example.com")
    state.add_user("root", PASSWORD, name="Root", email="root@example.com", superuser=True)


@pytest.fixture
def servers(servers: Servers) -> Servers:
    """Servers with people that the role has not seen yet."""
    add_people(servers.authentik.state)
    return servers


@contextmanager
def set_up(folder: Path, version: str) -> Iterator[Servers]:
    with authentik.serve(version=version) as one, netbird.serve() as other:
        servers = Servers(one, other, folder)
        add_people(one.state)
        assert play(servers).code == 0
        yield servers


@pytest.fixture
def made(made_once: Callable[..., Servers], version: str) -> Iterator[Servers]:
    """Servers on which the role ran once."""
    with made_once(set_up, version).whole_again() as servers:
        yield servers


def play(servers: Servers, variables: dict[str, Any] | None = None, *options: str) -> Played:
    return servers.play(ROLE, {**VARIABLES, **(variables or {})}, *options)


def client_id(servers: Servers) -> str:
    (provider,) = servers.authentik.state.providers.values()
    return str(provider["client_id"])


def app_password(servers: Servers) -> str:
    token = servers.authentik.state.find("tokens", identifier="netbird-app-password")
    assert token is not None
    return str(token["key"])


def service_token(servers: Servers) -> requests.Response:
    """What NetBird's management server asks for when it starts."""
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id(servers),
        "username": "NetBird",
        "password": app_password(servers),
        "scope": "goauthentik.io/api",
    }
    return requests.post(f"{servers.authentik.url}/application/o/token/", data=form, timeout=10)


def as_service_account(servers: Servers, path: str) -> int:
    """The status that NetBird's service account gets for a request to authentik's API."""
    headers = {"Authorization": f"Bearer {service_token(servers).json()['access_token']}"}
    return requests.get(f"{servers.authentik.url}/api/v3/{path}", headers=headers, timeout=10).status_code


def log_in(servers: Servers, username: str, redirect: str) -> dict[str, Any]:
    """The tokens of a person who logs in at authentik and is sent back to ``redirect``; none where that does not work."""
    return tokens_of(servers.authentik.url, client_id(servers), redirect, username, PASSWORD)


def claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    read: dict[str, Any] = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return read


def test_first_run_and_second_run(servers: Servers, authentik_version: str) -> None:
    first = play(servers, {}, "-vvvv", "--diff")
    assert first.code == 0, first.output
    assert first.recap("changed") == 9
    second = play(servers, {}, "-vvvv", "--diff")
    assert second.code == 0, second.output
    assert second.changed == []
    assert second.writes == []
    for secret in servers.secrets():
        assert secret not in first.output + second.output


def test_what_it_makes(made: Servers, authentik_version: str) -> None:
    state = made.authentik.state
    (provider,) = state.providers.values()
    (application,) = state.applications.values()
    assert provider["client_type"] == "public"
    returns = [("strict", f"{NETBIRD}/", "logout")] if authentik_version != "2025.10" else []
    assert [redirect_of(each) for each in provider["redirect_uris"]] == [
        ("strict", "http://localhost:53000", "authorization"),
        ("regex", r"https://netbird\.company/.*", "authorization"),
        *returns,
    ]
    assert provider["signing_key"] == next(iter(state.certificates))
    assert (provider["access_code_validity"], provider["sub_mode"]) == ("minutes=10", "user_id")
    assert sorted(state.mappings[pk]["scope_name"] for pk in provider["property_mappings"]) == sorted(SCOPES.split())
    if authentik_version == "2026.8":
        assert sorted(provider["grant_types"]) == [
            "authorization_code",
            "client_credentials",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code",
        ]
    assert (application["name"], application["slug"], application["group"]) == ("NetBird", "netbird", "Network")
    assert application["meta_launch_url"] == NETBIRD
    account = state.find("users", username="NetBird")
    assert account is not None
    assert (account["type"], account["path"], account["password"]) == (
        "service_account",
        "goauthentik.io/service-accounts",
        None,
    )
    (token,) = state.where("tokens", user=account["pk"])
    assert (token["intent"], token["expiring"], token["expires"]) == ("app_password", False, None)
    assert [group["name"] for group in state.groups_of(account)] == ["authentik Admins"]
    admins = state.find("groups", name="authentik Admins")
    assert admins is not None
    assert {state.users[pk]["username"] for pk in admins["users"]} == {"akadmin", "root", "NetBird"}
    flow = state.find("flows", slug="default-device-code-flow")
    assert flow is not None
    assert [flow[key] for key in ("name", "title", "designation", "authentication")] == [
        "default-device-code-flow",
        "Device code flow",
        "stage_configuration",
        "require_authenticated",
    ]
    (brand,) = state.brands.values()
    assert brand["flow_device_code"] == flow["pk"]
    assert brand["flow_authentication"] is not None


def test_netbird_gets_in(made: Servers, authentik_version: str) -> None:
    assert as_service_account(made, "core/users/") == 200
    device = requests.post(
        f"{made.authentik.url}/application/o/device/", data={"client_id": client_id(made), "scope": SCOPES}, timeout=10
    )
    assert device.status_code == 200
    assert device.json()["user_code"]


def test_a_person_logs_in(made: Servers, authentik_version: str) -> None:
    alice = made.authentik.state.find("users", username="alice")
    assert alice is not None
    for redirect in ("http://localhost:53000", f"{NETBIRD}/auth", f"{NETBIRD}/silent-auth?a=b"):
        shown = claims(log_in(made, "alice", redirect)["id_token"])
        assert shown["entitlements"] == ["nb-developers"]
        assert shown["sub"] == str(alice["pk"])
        assert claims(log_in(made, "carol", redirect)["id_token"])["entitlements"] == ["nb-operators"]
        assert log_in(made, "dave", redirect) == {}, "the bindings leave dave out"


@pytest.mark.once
def test_other_hosts_get_no_code(made: Servers) -> None:
    foreign = "https://netbirdXcompany/auth"
    assert log_in(made, "alice", foreign) == {}
    assert log_in(made, "alice", "https://netbird.company.evil.example/") == {}
    assert play(made, {"standalone_literal_regex": True}).recap("changed") == 1
    assert log_in(made, "alice", foreign), "the guide's own form takes any character for a dot"


@pytest.mark.once
def test_bindings_always_let_the_service_account_in(servers: Servers) -> None:
    asked = [{"group": "developers"}, {"user": "NetBird", "negate": True}]
    assert play(servers, {"standalone_bindings": asked}).code == 0
    assert service_token(servers).status_code == 200
    assert play(servers, {"standalone_bindings": asked}).changed == []


@pytest.mark.once
def test_a_binding_made_by_hand_that_leaves_it_out(servers: Servers) -> None:
    without = {"standalone_bindings": []}
    assert play(servers, without).code == 0
    assert service_token(servers).status_code == 200
    (application,) = servers.authentik.state.applications.values()
    group = servers.authentik.state.find("groups", name="developers")
    assert group is not None
    servers.authentik_post("policies/bindings/", {"target": application["pk"], "group": group["pk"], "order": 0})
    refused = service_token(servers)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert play(servers).code == 0
    assert service_token(servers).status_code == 200


def test_least_access_and_back(servers: Servers, authentik_version: str) -> None:
    least = {"standalone_service_account_access": "least"}
    assert play(servers, least).code == 0
    assert as_service_account(servers, "core/users/") == 200
    assert as_service_account(servers, "core/groups/") == 403
    assert play(servers, least).changed == []
    assert play(servers).code == 0
    assert as_service_account(servers, "core/groups/") == 200
    assert play(servers, least).code == 0
    assert as_service_account(servers, "core/groups/") == 403


@pytest.mark.once
def test_one_change(made: Servers) -> None:
    played = play(made, {"standalone_entitlements": [*VARIABLES["standalone_entitlements"], {"name": "nb-new"}]}, "--diff")
    assert played.recap("changed") == 1
    assert played.writes == ["POST /api/v3/core/application_entitlements/"]


@pytest.mark.parametrize("access", ACCESS)
def test_check_on_a_fresh_server_predicts_and_writes_nothing(servers: Servers, authentik_version: str, access: str) -> None:
    variables = {"standalone_service_account_access": access, "standalone_return_secret": True}
    before = servers.snapshot()
    checked = play(servers, variables, "--check", "--diff")
    assert checked.code == 0, checked.output
    assert checked.writes == []
    assert servers.snapshot() == before
    real = play(servers, variables, "--diff")
    assert real.code == 0, real.output
    assert checked.changed == real.changed
    shown = {task.name: task.touched for task in real.tasks}
    for task in checked.tasks:
        assert task.touched == shown[task.name], task.name


@pytest.mark.parametrize("access", ACCESS)
def test_absent_takes_back_exactly_what_it_made(servers: Servers, authentik_version: str, access: str) -> None:
    servers.authentik_post("core/applications/", {"name": "Other", "slug": "other"})
    variables = {"standalone_service_account_access": access}
    before = servers.snapshot()
    assert play(servers, variables).code == 0
    assert servers.snapshot() != before
    absent = {**variables, "standalone_state": "absent"}
    checked = play(servers, absent, "--check", "--diff")
    assert checked.writes == []
    removed = play(servers, absent)
    assert removed.code == 0, removed.output
    assert removed.changed == checked.changed
    assert servers.snapshot() == before
    assert play(servers, absent).changed == []


@pytest.mark.once
def test_absent_leaves_the_brand_of_others_alone(made: Servers) -> None:
    state = made.authentik.state
    (brand,) = state.brands.values()
    other = state.find("flows", slug="default-user-settings-flow")
    assert other is not None
    brand["flow_device_code"] = other["pk"]
    assert play(made, {"standalone_state": "absent"}).code == 0
    assert brand["flow_device_code"] == other["pk"]


@pytest.mark.once
def test_facts_for_later_plays(servers: Servers) -> None:
    shown = {"ansible.builtin.debug": {"msg": "{{ standalone_result }}"}}
    played = servers.play([*ROLE, shown], VARIABLES)
    assert played.tasks[-1].result["msg"] == {
        "client_id": client_id(servers),
        "audience": client_id(servers),
        "issuer": servers.issuer,
        "oidc_configuration_endpoint": f"{servers.issuer}.well-known/openid-configuration",
        "supported_scopes": SCOPES,
        "mgmt_idp_username": "NetBird",
        "app_password_identifier": "netbird-app-password",
    }
    used = {"ansible.builtin.assert": {"that": "standalone_result.mgmt_idp_password == wanted"}, "no_log": True}
    variables = {**VARIABLES, "standalone_return_secret": True, "wanted": app_password(servers)}
    played = servers.play([*ROLE, used], variables, "-vvvv", "--diff")
    assert played.code == 0, played.output[-2000:]
    assert played.changed == []
    assert all(secret not in played.output for secret in servers.secrets())


@pytest.mark.parametrize("access", ACCESS)
def test_netbird_without_its_own_provider_syncs_groups(servers: Servers, access: str) -> None:
    variables = {"standalone_service_account_access": access}
    assert play(servers, variables).code == 0
    discovery = f"{servers.issuer}.well-known/openid-configuration"
    oidc = netbird.Oidc(discovery, client_id(servers), client_id(servers), "NetBird", app_password(servers))
    with netbird.serve(embedded=False, oidc=oidc) as server:
        token = log_in(servers, "alice", f"{NETBIRD}/auth")["access_token"]
        headers = {"Authorization": f"Bearer {token}"}

        def current() -> requests.Response:
            return requests.get(f"{server.url}/api/users/current", headers=headers, timeout=10)

        assert current().status_code == 200, "the first person to log in becomes owner"
        pat = requests.post(
            f"{server.url}/api/users/{current().json()['id']}/tokens",
            headers=headers,
            json={"name": "ansible", "expires_in": 1},
            timeout=10,
        ).json()["plain_token"]
        synced = {**variables, "netbird_url": server.url, "netbird_token": pat}
        played = play(servers, synced)
        assert played.code == 0, played.output
        assert len(played.changed) == 1
        assert play(servers, synced).changed == []
        current()
        groups = [server.state.groups[pk] for pk in current().json()["auto_groups"]]
        assert [(group["name"], group["issued"]) for group in groups] == [("nb-developers", "jwt")]
        assert play(servers, {**synced, "standalone_state": "absent"}).code == 0
        assert server.state.settings["jwt_groups_enabled"] is False


@pytest.mark.once
@pytest.mark.parametrize("serial", ["100%", "1"])
def test_the_playbook_hands_over_to_every_host(servers: Servers, serial: str) -> None:
    hosts = [f"netbird{number}" for number in range(3)]
    inventory = servers.folder / "hosts.ini"
    inventory.write_text("[netbird]\n" + "".join(f"{host} ansible_connection=local\n" for host in hosts))
    variables = {
        **VARIABLES,
        "ansible_python_interpreter": sys.executable,
        "standalone_serial": serial,
        "environment_mode": "env_file",
        "environment_file": f"{servers.folder}/{{{{ inventory_hostname }}}}.env",
    }
    playbook = ROOT / "playbooks/standalone.yml"
    first = servers.play(playbook, variables, "-i", str(inventory), "-vvvv", "--diff")
    assert first.code == 0, first.output[-3000:]
    for host in hosts:
        written = servers.folder / f"{host}.env"
        assert written.stat().st_mode & 0o777 == 0o600
        lines = [line.replace("'", "").replace('"', "") for line in written.read_text().splitlines()]
        assert f"NETBIRD_AUTH_OIDC_CONFIGURATION_ENDPOINT={servers.issuer}.well-known/openid-configuration" in lines
        assert f"NETBIRD_AUTH_CLIENT_ID={client_id(servers)}" in lines
        assert f"NETBIRD_AUTH_AUDIENCE={client_id(servers)}" in lines
        assert f"NETBIRD_AUTH_SUPPORTED_SCOPES={SCOPES}" in lines
        assert "NETBIRD_IDP_MGMT_EXTRA_USERNAME=NetBird" in lines
        assert f"NETBIRD_IDP_MGMT_EXTRA_PASSWORD={app_password(servers)}" in lines
    second = servers.play(playbook, variables, "-i", str(inventory), "-vvvv", "--diff")
    assert second.code == 0, second.output[-3000:]
    assert second.changed == []
    for secret in servers.secrets():
        assert secret not in first.output + second.output
    removed = servers.play(playbook, {**variables, "standalone_state": "absent"}, "-i", str(inventory))
    assert removed.code == 0, removed.output[-3000:]
    assert servers.authentik.state.providers == {}


@pytest.mark.once
def test_tags_run_a_part(made: Servers) -> None:
    changed = {"standalone_group": "Other", "standalone_entitlements": [{"name": "nb-more"}]}
    assert play(made, changed, "--tags", "standalone_entitlements").writes == ["POST /api/v3/core/application_entitlements/"]
    assert play(made, changed, "--tags", "something_else").requests == 0


@pytest.mark.once
def test_a_leaked_app_password_is_renewed(made: Servers) -> None:
    old = app_password(made)
    rotation = {f"{COLLECTION}.authentik_app_password": {"identifier": "netbird-app-password", "rotate": True}}
    played = made.play([rotation], {}, "-vvvv", "--diff")
    assert played.code == 0, played.output
    assert app_password(made) not in (old, "")
    assert old not in played.output
    assert app_password(made) not in played.output
    assert service_token(made).status_code == 200
    assert play(made).changed == []


# What is wrong with the role's input, and what the message has to say.
INPUT: dict[str, tuple[dict[str, Any], str]] = {
    "no URL of NetBird": ({"standalone_netbird_url": "netbird.company"}, "has to be NetBird's URL without a path"),
    "a URL with a path": ({"standalone_netbird_url": "https://netbird.company/x"}, "has to be NetBird's URL without a path"),
    "unknown flow": ({"standalone_authorization_flow": "nothing"}, "authentik has no flow 'nothing'"),
    "unknown key": ({"standalone_signing_key": "nothing"}, "authentik has no certificate-key pair 'nothing'"),
    "unknown administrators": ({"standalone_admin_group": "nobody"}, "authentik has no group 'nobody'"),
    "unknown group": ({"standalone_entitlements": [{"name": "x", "groups": ["nobody"]}]}, "authentik has no group 'nobody'"),
    "unknown group of a binding": ({"standalone_bindings": [{"group": "nobody"}]}, "authentik has no group 'nobody'"),
    "unknown user": ({"standalone_bindings": [{"user": "nobody"}]}, "authentik has no user 'nobody'"),
    "unknown policy": ({"standalone_bindings": [{"policy": "nothing"}]}, "authentik has no policy 'nothing'"),
    "entitlement twice": ({"standalone_entitlements": [{"name": "x"}, {"name": "x"}]}, "names an entitlement more than once"),
    "binding twice": ({"standalone_bindings": [{"group": "developers"}] * 2}, "none may come twice"),
    "a person as service account": ({"standalone_service_account": "alice"}, "alice is not a service account"),
    "a token of somebody else": ({"standalone_app_password_identifier": "taken"}, "is not an app password of NetBird"),
    "an API token": ({"standalone_app_password_identifier": "authentik-bootstrap-token"}, "is not an app password of NetBird"),
    "bad choice": ({"standalone_service_account_access": "some"}, "must be one of: administrator, least"),
    "wrong token of NetBird": ({"netbird_token": "wrong-token"}, "Check that netbird_token is valid"),
    "wrong token of authentik": ({"authentik_token": "wrong-token"}, "Check that authentik_token is valid"),
}


@pytest.mark.once
def test_bad_input(servers: Servers) -> None:
    alice = servers.authentik.state.find("users", username="alice")
    assert alice is not None
    servers.authentik.state.add_token("taken", alice["pk"], "app_password")
    tokened = {"netbird_token": servers.netbird.token}
    cases = {**INPUT, "an embedded provider": (tokened, "This NetBird server has its embedded identity provider")}
    assert_role_refuses(servers, "standalone", VARIABLES, cases)
