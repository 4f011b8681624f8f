# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every named cause: a set-up that works is broken in exactly one way, a person logs in, and exactly that cause is named."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils import _login, _oidc
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._catalogue import CAUSES
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._causes import OUTCOMES
from simulators import authentik
from simulators._server import Fault
from support import Servers
from support.broken import PASSWORD, PUBLIC, Broken, Management, Standalone, set_up
from support.frozen import Frozen
from support.modules import call

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def management_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    yield from set_up(tmp_path_factory.mktemp("management"), "management", {"management_user_approval_required": False})


@pytest.fixture(scope="module")
def standalone_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    variables = {"netbird_token": "", "standalone_netbird_url": PUBLIC}
    yield from set_up(tmp_path_factory.mktemp("standalone"), "standalone", variables)


@pytest.fixture
def management(management_servers: Servers) -> Iterator[Management]:
    frozen = [Frozen(server.state) for server in management_servers.both]
    yield Management(management_servers, "management")
    for each, server in zip(frozen, management_servers.both, strict=True):
        each.restore()
        server.clear_faults()


@pytest.fixture
def standalone(standalone_servers: Servers) -> Iterator[Standalone]:
    frozen = Frozen(standalone_servers.authentik.state)
    key = standalone_servers.authentik.state.find("tokens", identifier="netbird-app-password")
    assert key is not None
    yield Standalone(standalone_servers, "standalone", app_password=key["key"])
    frozen.restore()


def named(rows: list[dict[str, Any]]) -> set[str]:
    """The causes that were named, without those of what follows from them."""
    return {
        row["cause"]
        for row in rows
        if row["cause"] and row["check"] not in ("Login", "Login of a device", "Groups of the person")
    }


def ended(rows: list[dict[str, Any]]) -> tuple[str, str]:
    """How the login ended: its result, and the cause that is named for it."""
    (row,) = (row for row in rows if row["check"] == "Login")
    return row["result"], row["cause"]


WORKS = ("passed", "")
NOT_TRIED = ("skipped", "")


def broken(cause: str) -> tuple[str, str]:
    return "failed", cause


def test_a_management_setup_that_works(management: Management) -> None:
    rows = management.verify()
    assert named(rows) == set()
    assert ended(rows) == WORKS
    assert [row["check"] for row in rows if row["result"] == "skipped"] == []
    assert {row["result"] for row in rows} == {"passed"}


def test_a_standalone_setup_that_works(standalone: Standalone) -> None:
    rows = standalone.verify()
    assert named(rows) == set()
    assert ended(rows) == WORKS
    assert [row["check"] for row in rows if row["result"] == "skipped"] == ["Environment"]
    assert {row["result"] for row in rows} == {"passed", "skipped"}


# The cause, what breaks the set-up, and how the login ends. How it ends with the real servers is in tests/recordings for most.

Break = Callable[[Any], None]


def provider(**values: Any) -> Break:
    return lambda it: it.provider.update(values)


def settings(**values: Any) -> Break:
    return lambda it: it.nb.settings.update(values)


def person(name: str) -> Break:
    def change(it: Broken) -> None:
        it.person = name

    return change


def redirects(*entries: tuple[str, str]) -> Break:
    def change(it: Broken) -> None:
        rows = it.provider["redirect_uris"]
        kept = "redirect_uri_type" if it.setup == "management" else "matching_mode"
        old = [row for row in rows if row[kept] in ("logout", "strict")]
        it.provider["redirect_uris"] = [*old, *({"matching_mode": mode, "url": url} for mode, url in entries)]

    return change


def log_in_first(it: Management) -> None:
    """Let NetBird open its connector: from then on, changes of it wait for a restart."""
    assert it.log_in()["outcome"] == "logged_in"


def changed_connector(it: Management) -> None:
    """The client id is changed on both sides, and NetBird is not restarted."""
    log_in_first(it)
    it.connector["client_id"] = it.provider["client_id"] = "another-client-id"


def secret_of_the_connector(it: Management) -> None:
    it.connector["client_secret"] = "not-the-secret"


def connector_issuer(change: Callable[[str], str]) -> Break:
    return lambda it: it.connector.update(issuer=change(it.connector["issuer"]))


def block(it: Management) -> None:
    log_in_first(it)
    for user in it.nb.users.values():
        if user["email"] == "alice@example.com":
            user["is_blocked"] = True


def made_in_netbird(it: Management) -> None:
    it.nb.account.add_group("nb-developers", issued="api")


def delete_application(it: Broken) -> None:
    del it.ak.applications[it.application["pk"]]


def without_provider(it: Broken) -> None:
    it.application["provider"] = None


def own_profile_mapping(it: Management) -> None:
    """The guide to the letter: authentik's own mapping for profile, whose groups are those of authentik."""
    it.without_scope("profile")
    managed = "goauthentik.io/providers/oauth2/scope-profile"
    it.provider["property_mappings"].append(it.row("mappings", managed=managed)["pk"])


def other_client_id(it: Management) -> None:
    it.connector["client_id"] = "not-the-client-id"


def no_domain(it: Management) -> None:
    log_in_first(it)
    it.nb.account.domain = ""


def other_connector(it: Management) -> None:
    it.options["connector"] = "another name"


def inactive(it: Broken) -> None:
    it.row("users", username=it.person)["is_active"] = False


def not_let_in(it: Broken) -> None:
    it.unbind(group=it.row("groups", name="developers")["pk"])


def second_factor(it: Broken) -> None:
    it.ak.add_authenticator(it.row("users", username=it.person)["pk"], "totp", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")


def passkey(it: Broken) -> None:
    flow = it.row("flows", slug="default-authentication-flow")
    flow["stage_kinds"] = ["captcha", *flow["stage_kinds"]]


def wrong_password(it: Broken) -> None:
    it.password = "not the password"


def unknown_person(it: Broken) -> None:
    it.person = "nobody"


def key_lost(it: Broken) -> None:
    it.nb.key_lost = True


def token_of_nobody(it: Broken) -> None:
    it.options["netbird_token"] = "nbp_not_a_token"


def authentik_token_of_nobody(it: Broken) -> None:
    it.options["authentik_token"] = "not-a-token"


def old_netbird(it: Broken) -> None:
    it.nb.version = "0.60.2"


def without_return(it: Broken) -> None:
    it.provider["redirect_uris"] = [row for row in it.provider["redirect_uris"] if row["redirect_uri_type"] != "logout"]


def keeps_session(it: Broken) -> None:
    it.provider["invalidation_flow"] = it.row("flows", slug="default-provider-invalidation-flow")["pk"]


def failing_log_out(it: Broken) -> None:
    it.servers.netbird.inject(Fault(path="/oauth2/logout", status=500, body="Internal Server Error"))


CALLBACK = "{netbird}/oauth2/callback"
MANAGEMENT: dict[str, tuple[Break, tuple[str, str]]] = {
    "signing-key-missing": (provider(signing_key=None), broken("signing-key-missing")),
    "profile-scope-missing": (lambda it: it.without_scope("profile"), broken("profile-scope-missing")),
    "email-scope-missing": (lambda it: it.without_scope("email"), broken("email-scope-missing")),
    "claims-not-in-id-token": (provider(include_claims_in_id_token=False), broken("claims-not-in-id-token")),
    "client-type-public": (provider(client_type="public"), WORKS),
    "grant-types-empty": (provider(grant_types=[]), broken("grant-types-empty")),
    "grant-types-incomplete": (provider(grant_types=["refresh_token"]), broken("grant-types-incomplete")),
    "redirect-uris-empty": (provider(redirect_uris=[]), NOT_TRIED),
    "redirect-missing": (redirects(("strict", "https://netbird.company/oauth2/callback/")), broken("redirect-missing")),
    "redirect-not-strict": (redirects(("regex", ".*/oauth2/callback")), WORKS),
    "groups-claim-without-entitlements": (own_profile_mapping, WORKS),
    "application-missing": (delete_application, broken("application-missing")),
    "application-without-provider": (without_provider, broken("application-without-provider")),
    "issuer-mode-global": (provider(issuer_mode="global"), broken("issuer-mode-global")),
    "issuer-without-slash": (connector_issuer(lambda issuer: issuer.rstrip("/")), broken("issuer-without-slash")),
    "connector-client-id-differs": (other_client_id, broken("connector-client-id-differs")),
    "connector-not-restarted": (changed_connector, broken("connector-not-restarted")),
    "connector-secret-differs": (secret_of_the_connector, broken("connector-secret-differs")),
    "connector-missing": (other_connector, WORKS),
    "group-sync-off": (settings(jwt_groups_enabled=False), WORKS),
    "claim-never-visible": (settings(jwt_groups_claim_name="entitlements"), WORKS),
    "allowed-groups-leave-out": (settings(jwt_allow_groups=["nb-operators"]), broken("allowed-groups-leave-out")),
    "group-shadowed": (made_in_netbird, WORKS),
    "person-blocked": (block, broken("person-blocked")),
    "person-missing": (unknown_person, broken("person-missing")),
    "person-inactive": (inactive, broken("person-inactive")),
    "person-not-let-in": (not_let_in, broken("person-not-let-in")),
    "person-without-entitlement": (person("bob"), WORKS),
    "password-wrong": (wrong_password, broken("password-wrong")),
    "second-factor": (second_factor, broken("second-factor")),
    "stage-needs-a-browser": (passkey, broken("stage-needs-a-browser")),
    "account-split": (no_domain, WORKS),
    "datastore-key-lost": (key_lost, broken("datastore-key-lost")),
    "netbird-refuses": (token_of_nobody, WORKS),
    "authentik-refuses": (authentik_token_of_nobody, WORKS),
    "netbird-too-old": (old_netbird, WORKS),
    "logout-redirect-missing": (without_return, WORKS),
    "session-outlives-logout": (keeps_session, WORKS),
    "logout-fails": (failing_log_out, WORKS),
}


@pytest.mark.parametrize("cause", MANAGEMENT)
def test_management(management: Management, cause: str) -> None:
    change, end = MANAGEMENT[cause]
    change(management)
    rows = management.verify()
    assert (named(rows), ended(rows)) == ({cause}, end), [row for row in rows if row["result"] != "passed"]


def account(**values: Any) -> Break:
    return lambda it: it.row("users", username="NetBird").update(values)


def no_account(it: Standalone) -> None:
    pk = it.row("users", username="NetBird")["pk"]
    del it.ak.users[pk]
    no_app_password(it)
    for group in it.ak.groups.values():
        group["users"] = [user for user in group["users"] if user != pk]
    it.unbind(user=pk)


def account_not_let_in(it: Standalone) -> None:
    it.unbind(user=it.row("users", username="NetBird")["pk"])


def no_rights(it: Standalone) -> None:
    it.row("groups", name="authentik Admins")["users"].remove(it.row("users", username="NetBird")["pk"])


def no_app_password(it: Standalone) -> None:
    del it.ak.tokens[it.row("tokens", identifier="netbird-app-password")["pk"]]


def app_password(**values: Any) -> Break:
    return lambda it: it.row("tokens", identifier="netbird-app-password").update(values)


def configured(**values: str) -> Break:
    return lambda it: it.oidc.update(values)


def login_password(it: Standalone) -> None:
    it.row("users", username="NetBird")["password"] = it.oidc["password"] = "the-password-of-a-login"


def without_loopback(it: Standalone) -> None:
    it.provider["redirect_uris"] = [row for row in it.provider["redirect_uris"] if row["url"] != "http://localhost:53000"]


def brand(**values: Any) -> Break:
    return lambda it: it.row("brands", default=True).update(values)


def device_flow(**values: Any) -> Break:
    return lambda it: it.row("flows", slug="default-device-code-flow").update(values)


def environment(**values: str) -> Break:
    """NetBird's environment as the role writes it behind a proxy, with something else in it."""
    right = {
        "NETBIRD_MGMT_API_PORT": "33073" if "NETBIRD_DISABLE_LETSENCRYPT" in values else "443",
        "NETBIRD_SIGNAL_PORT": "443",
        "NETBIRD_AUTH_PKCE_DISABLE_PROMPT_LOGIN": "true",
    }
    return lambda it: setattr(it, "environment", {**right, **values})


STANDALONE: dict[str, tuple[Break, tuple[str, str]]] = {
    "signing-key-missing": (provider(signing_key=None), broken("signing-key-missing")),
    "client-type-confidential": (provider(client_type="confidential"), broken("client-type-confidential")),
    "entitlements-scope-missing": (lambda it: it.without_scope("entitlements"), WORKS),
    "api-scope-missing": (lambda it: it.without_scope("goauthentik.io/api"), broken("api-scope-missing")),
    "subject-mode-not-user-id": (provider(sub_mode="hashed_user_id"), WORKS),
    "redirect-uris-empty": (provider(redirect_uris=[]), NOT_TRIED),
    "redirect-missing": (
        without_loopback,
        broken("redirect-missing"),
    ),
    "redirect-regex-wrong": (redirects(("regex", "https://netbird.company")), WORKS),
    "redirect-regex-unescaped-dots": (redirects(("regex", "https://netbird.company/.*")), WORKS),
    "claims-not-in-id-token": (provider(include_claims_in_id_token=False), WORKS),
    "grant-types-empty": (provider(grant_types=[]), broken("grant-types-empty")),
    "grant-types-incomplete": (provider(grant_types=["authorization_code"]), broken("grant-types-incomplete")),
    "service-account-missing": (no_account, broken("service-account-missing")),
    "service-account-inactive": (account(is_active=False), broken("service-account-inactive")),
    "service-account-not-let-in": (account_not_let_in, broken("service-account-not-let-in")),
    "service-account-without-rights": (no_rights, broken("service-account-without-rights")),
    "app-password-missing": (no_app_password, broken("app-password-missing")),
    "app-password-expired": (app_password(expiring=True, expires="2026-01-31T00:00:00Z"), broken("app-password-expired")),
    "app-password-wrong": (configured(password="not-the-app-password"), broken("app-password-wrong")),
    "login-password-used": (login_password, broken("login-password-used")),
    "device-flow-not-on-default-brand": (brand(flow_device_code=None), WORKS),
    "device-flow-designation": (device_flow(designation="authentication"), WORKS),
    "device-flow-authentication": (device_flow(authentication="none"), WORKS),
    "audience-differs": (configured(audience="another-audience"), broken("audience-differs")),
    "claim-differs": (lambda it: setattr(it, "claim", "groups"), WORKS),
    "environment-client-id-differs": (
        environment(NETBIRD_AUTH_CLIENT_ID="another-client-id"),
        broken("environment-client-id-differs"),
    ),
    "environment-endpoint-differs": (
        environment(NETBIRD_AUTH_OIDC_CONFIGURATION_ENDPOINT="https://authentik.company/application/o/other/"),
        WORKS,
    ),
    "scopes-not-asked-for": (environment(NETBIRD_AUTH_SUPPORTED_SCOPES="openid profile email"), WORKS),
    "proxy-ports": (environment(NETBIRD_DISABLE_LETSENCRYPT="true"), WORKS),
    "prompt-login-not-disabled": (environment(NETBIRD_AUTH_PKCE_DISABLE_PROMPT_LOGIN="false"), WORKS),
    "person-not-let-in": (not_let_in, broken("person-not-let-in")),
    "datastore-key-lost": (lambda it: setattr(it, "key_lost", True), broken("datastore-key-lost")),
    "logout-redirect-missing": (without_return, WORKS),
    "session-outlives-logout": (keeps_session, WORKS),
}


@pytest.mark.parametrize("cause", STANDALONE)
def test_standalone(standalone: Standalone, cause: str) -> None:
    change, end = STANDALONE[cause]
    change(standalone)
    rows = standalone.verify()
    assert (named(rows), ended(rows)) == ({cause}, end), [row for row in rows if row["result"] != "passed"]


# What lies between the servers is broken where it is looked at.


def discovery(servers: Servers, **fault: Any) -> list[dict[str, Any]]:
    """The checks of the issuer, one request of which goes wrong."""
    if fault:
        servers.authentik.inject(Fault(path="openid-configuration", **fault))
    result = call("oidc_discovery", {"issuer": servers.issuer})
    assert bool(result.get("failed")) is any(row["result"] == "failed" for row in result["checks"])
    return list(result["checks"])


def test_an_issuer_that_is_fine(management: Management) -> None:
    assert {row["result"] for row in discovery(management.servers)} == {"passed"}


def document_of(servers: Servers, **changed: str) -> str:
    """The discovery document, with something else in it."""
    document = requests.get(f"{servers.issuer}.well-known/openid-configuration", timeout=10).json()
    return json.dumps({**document, **changed})


def test_authentik_names_an_issuer_of_another_host(management: Management) -> None:
    body = document_of(management.servers, issuer="http://internal:9000/application/o/netbird/")
    assert named(discovery(management.servers, status=200, body=body)) == {"issuer-of-another-host"}


def test_an_issuer_without_a_key(management: Management) -> None:
    management.provider["signing_key"] = None
    assert named(discovery(management.servers)) == {"keys-missing"}


def test_endpoints_of_another_host(management: Management, unused_port: int) -> None:
    body = document_of(management.servers, token_endpoint=f"{management.servers.netbird.url}/token")
    assert named(discovery(management.servers, status=200, body=body)) == {"endpoints-of-another-host"}
    body = document_of(management.servers, token_endpoint=f"http://127.0.0.1:{unused_port}/token")
    assert named(discovery(management.servers, status=200, body=body)) == {"issuer-unreachable"}


def test_what_is_asked_for_is_not_supported(management: Management) -> None:
    result = call("oidc_discovery", {"issuer": management.servers.issuer, "scopes": ["openid", "x"], "grant_types": ["y"]})
    assert named(result["checks"]) == {"not-supported"}
    assert "without x, y" in result["msg"]


def test_a_host_of_netbirds_that_cannot_reach_authentik(management: Management) -> None:
    seen = call("oidc_discovery", {"issuer": management.servers.issuer})["discovery"]
    management.discoveries = [seen, {**seen, "from": "netbird", "outcome": "unreachable", "said": "no such host", "document": {}}]
    rows = management.verify()
    assert named(rows) == {"issuer-unreachable"}
    assert next(row["saw"] for row in rows if row["cause"]) == f"{management.servers.issuer} from netbird: no such host"


def test_no_discovery_document(management: Management) -> None:
    assert named(discovery(management.servers, status=404, body="Not Found")) == {"discovery-missing"}


def test_an_issuer_that_nobody_serves(unused_port: int) -> None:
    result = call("oidc_discovery", {"issuer": f"http://127.0.0.1:{unused_port}/application/o/netbird/"})
    assert named(result["checks"]) == {"issuer-unreachable"}
    assert "refused" in result["msg"]


def test_a_certificate_of_an_unknown_authority(tls: tuple[str, str]) -> None:
    with authentik.serve(version="2026.5", tls=tls) as server:
        issuer = f"{server.url}/application/o/netbird/"
        assert named(call("oidc_discovery", {"issuer": issuer})["checks"]) == {"certificate-unknown"}
        assert named(call("oidc_discovery", {"issuer": issuer, "ca_path": tls[0]})["checks"]) == {"discovery-missing"}


def test_a_file_of_authorities_that_does_not_exist() -> None:
    result = call("oidc_discovery", {"issuer": "https://authentik.company/application/o/netbird/", "ca_path": "/nowhere.pem"})
    assert result["msg"] == "ca_path names '/nowhere.pem', which does not exist."


def test_a_certificate_that_has_expired(expired_tls: tuple[str, str]) -> None:
    with authentik.serve(version="2026.5", tls=expired_tls) as server:
        issuer = f"{server.url}/application/o/netbird/"
        assert named(call("oidc_discovery", {"issuer": issuer, "ca_path": expired_tls[0]})["checks"]) == {"certificate-expired"}


def test_clocks_that_differ(management: Management, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_oidc, "time", lambda: time.time() - 300.5)
    (row,) = (row for row in discovery(management.servers) if row["result"] == "failed")
    assert row["cause"] == "clock-skew"
    assert re.search(r"its clock is (300|299) seconds ahead", row["saw"])


def test_a_clock_that_is_some_seconds_ahead(management: Management, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_oidc, "time", lambda: time.time() - 5.5)
    (row,) = (row for row in discovery(management.servers) if row["cause"])
    assert (row["cause"], row["result"]) == ("clock-ahead", "warning")


def test_an_old_authentik(management: Management) -> None:
    management.servers.authentik.inject(Fault(path="admin/version", status=200, body='{"version_current": "2024.12.3"}'))
    assert named(management.verify()) == {"authentik-too-old"}


# More than one cause


def test_a_person_who_waits_for_approval(management: Management) -> None:
    management.nb.account.extra["user_approval_required"] = True
    rows = management.verify()
    assert named(rows) == {"waiting-for-approval", "new-people-wait"}
    assert ended(rows) == broken("waiting-for-approval")


def test_two_things_at_once_are_both_named(management: Management) -> None:
    management.provider["signing_key"] = None
    management.without_scope("email")
    rows = management.verify()
    assert named(rows) == {"signing-key-missing", "email-scope-missing"}
    (login,) = (row for row in rows if row["check"] == "Login")
    assert "signing-key-missing, email-scope-missing" in login["remedy"]


def test_groups_that_differ_say_why(management: Management) -> None:
    management.nb.settings["jwt_groups_claim_name"] = "entitlements"
    (row,) = (row for row in management.verify() if row["check"] == "Groups of the person")
    assert (row["result"], row["saw"]) == ("failed", "in [], wanted ['nb-developers']")
    assert "claim-never-visible" in row["remedy"]


def test_groups_that_were_asked_for(management: Management) -> None:
    management.options["expected_groups"] = ["nb-operators"]
    (row,) = (row for row in management.verify() if row["check"] == "Groups of the person")
    assert row["saw"] == "in ['nb-developers'], wanted ['nb-operators']"


def test_a_login_that_nothing_explains(management: Management) -> None:
    management.servers.netbird.inject(Fault(path="/api/users/current", status=500, times=None))
    rows = management.verify()
    assert ended(rows) == broken("login-unexplained")


# What has to be true of all


def test_no_token_is_ever_refreshed(management: Management, standalone: Standalone, monkeypatch: pytest.MonkeyPatch) -> None:
    """NetBird's embedded provider answers nobody any more after that, until it is restarted (measured)."""
    forms: list[dict[str, str]] = []
    send = _oidc.Http.send

    def noted(http: _oidc.Http, method: str, url: str, **options: Any) -> Any:
        forms.append(options.get("data") or {})
        return send(http, method, url, **options)

    monkeypatch.setattr(_oidc.Http, "send", noted)
    assert ended(management.verify()) == WORKS
    standalone.options["device_login"] = device_login(standalone)
    assert ended(standalone.verify()) == WORKS
    device = "urn:ietf:params:oauth:grant-type:device_code"
    assert {form["grant_type"] for form in forms if "grant_type" in form} == {"authorization_code", "client_credentials", device}


def test_every_cause_has_its_test() -> None:
    source = Path(__file__).read_text()
    assert [cause.id for cause in CAUSES if f'"{cause.id}"' not in source and cause.id != "groups-differ"] == []


def test_ids_are_unique_and_effects_exist() -> None:
    ids = [cause.id for cause in CAUSES]
    assert len(set(ids)) == len(ids)
    known = {*OUTCOMES, *(cause.found.__name__ for cause in CAUSES)}
    assert {effect for cause in CAUSES for effect in cause.explains} <= known


@pytest.mark.parametrize("cause", ["app-password-wrong", "login-password-used", "service-account-without-rights"])
def test_no_secret_is_in_what_is_said(standalone: Standalone, cause: str) -> None:
    STANDALONE[cause][0](standalone)
    said = json.dumps(standalone.verify())
    secrets = [*standalone.servers.secrets(), PASSWORD, standalone.oidc.get("password", standalone.app_password)]
    assert [secret for secret in secrets if secret in said] == []


def test_nothing_remains(standalone: Standalone) -> None:
    keeps_session(standalone)
    before = standalone.ak.snapshot()
    standalone.verify()
    after = standalone.ak.snapshot()
    for state in (before, after):
        for user in state["users"].values():
            user.pop("last_login")
    assert after == before
    assert (standalone.ak.sessions, standalone.ak.refresh_tokens) == ({}, {})
    alice = standalone.row("users", username="alice")["pk"]
    assert [token for token in standalone.ak.access_tokens.values() if token["user"] == alice] == []
    # What is left are NetBird's own; a look without a login adds none.
    left = set(standalone.ak.access_tokens)
    options = {**standalone.servers.connection, "netbird_token": "", "setup": "standalone", "netbird_public_url": PUBLIC}
    assert not call("netbird_login_check", options).get("failed")
    assert set(standalone.ak.access_tokens) == left


def test_a_key_that_is_not_rsa(management: Management) -> None:
    seen = call("oidc_discovery", {"issuer": management.servers.issuer})["discovery"]
    seen["document"]["id_token_signing_alg_values_supported"] = ["ES256"]
    management.discoveries = [seen]
    assert named(management.verify()) == {"signing-key-not-rsa"}


def test_the_user_of_a_first_login_is_removed_again(management: Management) -> None:
    options = {
        "via": "netbird",
        "netbird_url": management.servers.netbird.url,
        "netbird_token": management.servers.netbird.token,
        "connector": next(iter(management.nb.connectors)),
        "username": "alice",
        "password": PASSWORD,
    }
    users = dict(management.nb.users)
    login = call("oidc_login", {**options, "cleanup": True})["login"]
    assert (login["user_made"], login["user_removed"], login["user"]["email"]) == (True, True, "alice@example.com")
    assert management.nb.users == users
    kept = call("oidc_login", options)["login"]
    assert (kept["user_made"], kept["user_removed"]) == (True, False)
    again = call("oidc_login", {**options, "cleanup": True})["login"]
    assert (again["user_made"], again["user_removed"]) == (False, False)
    assert again["user"]["id"] in management.nb.users
    assert management.nb.sessions["browsers"] == {}


def test_a_library_that_is_missing_is_named(management: Management, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_login, "JWT_IMPORT_ERROR", "Traceback")
    options = {"issuer": management.servers.issuer, "client_id": "x", "username": "alice", "password": PASSWORD}
    assert "PyJWT" in call("oidc_login", options)["msg"]


def device_login(standalone: Standalone, **options: Any) -> dict[str, Any]:
    known = {"issuer": standalone.servers.issuer, "client_id": standalone.provider["client_id"], "grant": "device_code"}
    return dict(call("oidc_login", {**known, "username": "alice", "password": PASSWORD, **options})["login"])


def test_a_device_logs_in(standalone: Standalone) -> None:
    login = device_login(standalone)
    assert (login["outcome"], login["claims"]["entitlements"]) == ("logged_in", ["nb-developers"])
    alice = standalone.row("users", username="alice")["pk"]
    assert [token for token in standalone.ak.access_tokens.values() if token["user"] == alice] == []
    assert (standalone.ak.sessions, standalone.ak.device_codes) == ({}, {})


def test_a_device_has_no_page(standalone: Standalone) -> None:
    standalone.row("brands", default=True)["flow_device_code"] = None
    standalone.options["device_login"] = device_login(standalone)
    rows = standalone.verify()
    (row,) = (row for row in rows if row["check"] == "Login of a device")
    assert (row["result"], row["cause"]) == ("failed", "device-flow-not-on-default-brand")
    assert row["saw"].endswith("/device: status 404")


def test_a_secret_that_changed_on_both_sides_waits_for_a_restart(management: Management) -> None:
    log_in_first(management)
    management.provider["client_secret"] = management.connector["client_secret"] = "a-new-secret-on-both-sides"
    assert named(management.verify()) == {"connector-secret-differs"}
    management.servers.netbird.restart()
    assert named(management.verify()) == set()


def test_a_second_factor_is_passed(management: Management) -> None:
    second_factor(management)
    options = {"via": "netbird", "netbird_url": management.servers.netbird.url, "connector": next(iter(management.nb.connectors))}
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    result = call("oidc_login", {**options, "username": "alice", "password": PASSWORD, "totp_secret": secret})
    assert result["login"]["outcome"] == "logged_in"
    wrong = call("oidc_login", {**options, "username": "alice", "password": PASSWORD, "totp_secret": "A" * 32})
    assert wrong["login"]["outcome"] == "code_refused"
