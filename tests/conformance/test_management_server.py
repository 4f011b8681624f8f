# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for NetBird behind authentik answers people, and logs why, as the recorded management server did."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

import pytest

from conformance._compare import Learned, Mismatch
from conformance._logins import Json, Replay, current_user, public_client
from conformance._rules import ORIGINS
from conformance._stage import APP_PASSWORD, PASSWORD, Api, Authentik
from simulators import authentik, netbird
from support.browser import SCOPES, segment, tokens_of
from support.recordings import recording

MANAGEMENT = recording("logins-authentik-2026.5-netbird-management-0.77.1")


def log_of(recorded: list[str]) -> list[str]:
    """Return the lines of a server's log that tell why people are let in or not, without what is around them."""
    pattern = r".*(Error when validating JWT: .*|warmed up IDP cache.*|failed warming up cache.*)"
    return sorted({found.group(1) for line in recorded if (found := re.fullmatch(pattern, line))})


@dataclasses.dataclass
class Behind:
    """A working standalone set-up with a management server, before it is broken; `oidc` is changed in place."""

    ak: Authentik
    service_account: int
    oidc: dict[str, str]
    provider: dict[str, Json]
    scope: str = SCOPES

    def token_of(self, username: str) -> str:
        """Log a person in at authentik and return the access token."""
        url, client, redirect = self.ak.server.url, "syms-client", "http://localhost:53000"
        return str(tokens_of(url, client, redirect, username, PASSWORD, self.scope)["access_token"])

    def not_let_in(self) -> None:
        """Bind the application to the group of the person."""
        group = self.ak.api("GET", "core/groups/", name="syms-people")["results"][0]["pk"]
        self.ak.bind(self.ak.application["pk"], group=group)

    def give_view_user(self) -> None:
        """Give the service account one permission, through a role of a group."""
        role = self.ak.api("POST", "rbac/roles/", {"name": "syms-readers"})["pk"]
        permission = {"permissions": ["authentik_core.view_user"]}
        self.ak.api("POST", f"rbac/permissions/assigned_by_roles/{role}/assign/", permission)
        group = self.ak.group("syms-readers", self.service_account)
        self.ak.api("PATCH", f"core/groups/{group}/", {"roles": [role]})

    def log_in_password(self) -> None:
        """Use the account's login password, which is no app password."""
        self.ak.api("POST", f"core/users/{self.service_account}/set_password/", {"password": PASSWORD})
        self.oidc["password"] = PASSWORD

    def expire(self) -> None:
        """Let the app password expire."""
        identifier = f"{self.ak.prefix}-app-password"
        fields = {
            "identifier": identifier,
            "intent": "app_password",
            "user": self.service_account,
            "expiring": True,
            "expires": "2020-01-01T00:00:00Z",
        }
        self.ak.api("PATCH", f"core/tokens/{identifier}/", fields)

    def ask_for_less(self) -> None:
        """Leave the entitlements out of what the client asks for."""
        self.scope = self.scope.replace("entitlements ", "")


UNPRIVILEGED = ("service account without rights", "service account with view_user alone")
BEHIND: dict[str, Callable[[Behind], None]] = {
    "works": lambda stage: None,
    "wrong app password": lambda stage: stage.oidc.update(password="wrong"),
    "user's password": Behind.log_in_password,
    "app password expired": Behind.expire,
    "service account not let in": Behind.not_let_in,
    "service account without rights": lambda stage: None,
    "service account with view_user alone": Behind.give_view_user,
    "no signing key": lambda stage: stage.ak.patch(signing_key=None),
    "hashed subject": lambda stage: stage.ak.patch(sub_mode="hashed_user_id"),
    "wrong audience": lambda stage: stage.oidc.update(audience="another-client"),
    "entitlements not asked for": Behind.ask_for_less,
    "claims not in the id_token": lambda stage: stage.ak.patch(include_claims_in_id_token=False),
    "api scope missing at the provider": lambda stage: stage.ak.patch(
        property_mappings=stage.ak.api.mappings("openid", "email", "profile", "entitlements", "offline_access")
    ),
    "discovery of another application": lambda stage: stage.oidc.update(
        discovery=stage.oidc["discovery"].replace("/syms/", "/other/")
    ),
}


def behind(server: authentik.Running, case: Json) -> Behind:
    """Make the set-up as the case had it."""
    ak = Authentik(server, "syms")
    changes = public_client(ak, client_id="syms-client")
    ak.add("syms", "syms", "http://localhost:53000", "syms-operators", **changes)
    people = [ak.person] if case.get("access_token_claims", {}).get("groups") else []
    ak.group("syms-people", *people)
    account = ak.service_account(administrator=case["name"] not in UNPRIVILEGED)
    oidc = {
        "discovery": f"{server.url}/application/o/syms/.well-known/openid-configuration",
        "audience": "syms-client",
        "client_id": "syms-client",
        "username": "syms-netbird",
        "password": APP_PASSWORD,
    }
    return Behind(ak, account, oidc, ak.provider)


def replay_behind(case: Json) -> list[Mismatch]:
    with authentik.serve(version="2026.5") as server:
        stage = behind(server, case)
        BEHIND[case["name"]](stage)
        case_replay = Replay(case["name"], case, Learned())
        case_replay.origin(ORIGINS["2026.5"], server.url)
        if "server_exit" in case:
            with pytest.raises(netbird.ServerExit, match="failed fetching OIDC configuration"):
                netbird.serve(embedded=False, oidc=netbird.Oidc(**stage.oidc))
            return case_replay.mismatches
        with netbird.serve(embedded=False, oidc=netbird.Oidc(**stage.oidc)) as nb:
            token = stage.token_of(stage.ak.username)
            case_replay.check("token_header", case["token_header"], segment(token, 0))
            case_replay.check("access_token_claims", case["access_token_claims"], segment(token, 1))
            ask_management(case_replay, nb, token)
        stage.ak.close()
        return case_replay.mismatches


def ask_management(case_replay: Replay, nb: netbird.NetBird, token: str) -> None:
    """Compare what the management server says to the first person, then with the groups switched on."""
    case = case_replay.recorded
    client = Api(nb.url + "/api/", f"Bearer {token}")
    case_replay.check("current_user", case["current_user"], current_user(client))
    if "jwt_groups_put" in case:
        account = client("GET", "accounts")[0]
        settings = account["settings"] | {"jwt_groups_enabled": True, "jwt_groups_claim_name": "entitlements"}
        put = client.send("PUT", f"accounts/{account['id']}", {"settings": settings})
        case_replay.check("jwt_groups_put", case["jwt_groups_put"], put.status_code)
        groups = client("GET", "users/current")["auto_groups"]
        case_replay.check("auto_groups_after_sync", case["auto_groups_after_sync"], len(groups))
        users = [{key: row[key] for key in case["users"][0]} for row in client("GET", "users")]
        case_replay.check("users", case["users"], users)
    client.close()
    if log_of(case["server_log"]) != log_of(nb.state.log):
        place = "server_log"
        case_replay.mismatches.append(Mismatch(case_replay.name, place, log_of(case["server_log"]), log_of(nb.state.log)))


@pytest.mark.parametrize("case", MANAGEMENT["cases"], ids=lambda case: case["name"])
def test_recorded_management_server(case: Json) -> None:
    mismatches = replay_behind(case)
    assert not mismatches, "\n".join(map(str, mismatches))


def test_a_person_deleted_in_netbird_is_deleted_in_authentik() -> None:
    with authentik.serve(version="2026.5") as server:
        stage = behind(server, {"name": "works"})
        other = server.state.add_user("other", PASSWORD, name="Other", email="other@example.com")["pk"]
        with netbird.serve(embedded=False, oidc=netbird.Oidc(**stage.oidc)) as nb:
            owner = Api(nb.url + "/api/", f"Bearer {stage.token_of(stage.ak.username)}")
            account = owner("GET", "accounts")[0]
            account["settings"]["extra"]["user_approval_required"] = False
            owner("PUT", f"accounts/{account['id']}", {"settings": account["settings"]})
            person = Api(nb.url + "/api/", f"Bearer {stage.token_of('other')}")
            assert person("GET", "users/current")["role"] == "user"
            assert stage.ak.api.send("GET", f"core/users/{other}/").status_code == 200
            owner("DELETE", f"users/{other}")
            assert stage.ak.api.send("GET", f"core/users/{other}/").status_code == 404
            assert [row["role"] for row in owner("GET", "users")] == ["owner"]
            for client in (owner, person):
                client.close()
        stage.ak.close()


def test_every_recorded_case_is_accounted_for() -> None:
    assert {case["name"] for case in MANAGEMENT["cases"]} == set(BEHIND)
