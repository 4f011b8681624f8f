# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every named cause: a set-up that works is broken in exactly one way, a person logs in, and exactly that cause is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc import browser, login
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc import client as oidc
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.outcomes import OUTCOMES
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.catalogue import CAUSES, EVIDENCES
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.causes import tokens as causes_of_tokens
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.seen import LOGINS
from simulators._server import Fault
from support import breaks
from support.breaks import (
    BLINDING,
    FIRST,
    LATE,
    MANAGEMENT,
    SECRET,
    STANDALONE,
    TABLES,
    WORKS,
    broken,
    ended,
    keeps_session,
    log_in_first,
    named,
    sample,
    second_factor,
)
from support.broken import PASSWORD, PUBLIC, Broken, Management, Standalone
from support.modules import call

pytestmark = pytest.mark.once


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


@pytest.mark.parametrize("cause", MANAGEMENT)
def test_management(management: Management, cause: str) -> None:
    change, end = MANAGEMENT[cause]
    change(management)
    rows = management.verify()
    assert (named(rows), ended(rows)) == ({cause}, end), [row for row in rows if row["result"] != "passed"]


@pytest.mark.parametrize("cause", STANDALONE)
def test_standalone(standalone: Standalone, cause: str) -> None:
    change, end = STANDALONE[cause]
    change(standalone)
    rows = standalone.verify()
    assert (named(rows), ended(rows)) == ({cause}, end), [row for row in rows if row["result"] != "passed"]


@pytest.mark.parametrize(("version", "cause"), [("2024.10.5", "authentik-too-old"), ("2099.2.0", "authentik-newer")])
def test_another_authentik(management: Management, version: str, cause: str) -> None:
    management.servers.authentik.inject(Fault(path="admin/version", status=200, body=f'{{"version_current": "{version}"}}'))
    assert named(management.verify()) == {cause}


@pytest.mark.parametrize("path", ["/flows/executor/", "/application/o/authorize/", "/application/o/token/", "/end-session/"])
def test_a_server_error_that_passes_is_none(management: Management, path: str) -> None:
    """authentik's workers are replaced now and then; a secret is not blamed for that."""
    management.servers.authentik.inject(Fault(path=path, status=500, body="Internal Server Error", times=1))
    rows = management.verify()
    assert (named(rows), ended(rows)) == (set(), WORKS)


# An error of a mapping


@pytest.mark.parametrize("setup", ["management", "standalone"])
def test_the_error_of_a_mapping_is_told_without_its_secrets(request: pytest.FixtureRequest, setup: str) -> None:
    it = request.getfixturevalue(setup)
    {"management": MANAGEMENT, "standalone": STANDALONE}[setup]["mapping-fails"][0](it)
    rows = it.verify()
    (row,) = (row for row in rows if row["cause"] == "mapping-fails" and row["check"] == "Claims")
    assert row["saw"].endswith("ValueError: no department for https://hr.company/?… …")
    assert SECRET not in json.dumps(rows)


def test_a_mapping_that_failed_before_is_no_cause(management: Management) -> None:
    """The event stays; what counts is whether the expression fails now."""
    MANAGEMENT["mapping-fails"][0](management)
    assert named(management.verify()) == {"mapping-fails"}
    (failing,) = (row for row in management.ak.mappings.values() if SECRET in row["expression"])
    events = len(management.ak.events)
    failing["expression"] = "return {}"
    for event in management.ak.events.values():
        event["context"]["expression"] = failing["expression"]
    assert named(management.verify()) == {"groups-claim-without-entitlements", "tokens-not-usable"}
    assert len(management.ak.events) == events


# Said only where it is proven


def test_an_administrators_token_of_a_login_proves_no_lost_key(standalone: Standalone) -> None:
    """It is refused for the same reason as the person's."""
    STANDALONE["api-scope-missing"][0](standalone)
    standalone.options["netbird_token"] = "header.claims.signature"
    assert named(standalone.verify()) == {"api-scope-missing", "netbird-refuses"}


def test_a_secret_is_blamed_for_nothing_that_was_not_tried(management: Management) -> None:
    MANAGEMENT["connector-secret-differs"][0](management)
    management.options["login_at_authentik"] = None
    rows = management.verify()
    assert (named(rows), ended(rows)) == (set(), broken("login-unexplained"))


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({}, ""),
        ({"email": None}, "the id_token has no email"),
        ({"name": 1, "email": []}, "the id_token has no name and no email"),
        ({"groups": "developers"}, ""),
        ({"groups": ["developers", {"name": "operators"}]}, ""),
        ({"groups": ["developers", 1]}, "the claim groups holds what is no name"),
        ({"exp": 1000}, "the id_token expires at once"),
    ],
)
def test_what_netbird_takes_of_a_login_at_authentik(claims: dict[str, Any], said: str) -> None:
    right = {"name": "Alice", "email": "alice@example.com", "iat": 1000, "exp": 4600}
    login = {"outcome": "logged_in", "header": {"alg": "RS256"}, "claims": {**right, **claims}}
    assert causes_of_tokens.unfit(login) == said
    assert causes_of_tokens.unfit({**login, "header": {"alg": "ES256"}}) == "the id_token is signed with ES256"
    refused = {"outcome": "token_refused", "where": "POST /application/o/token/", "said": "invalid_grant"}
    assert causes_of_tokens.unfit(refused) == "POST /application/o/token/: invalid_grant"


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [("minutes=10", 600), ("hours=1;minutes=30", 5400), ("seconds=0", 0), ("Days=1; seconds=0.5", 86400.5), ("", 0)],
)
def test_how_long_codes_last(duration: str, seconds: float) -> None:
    assert causes_of_tokens.lasts({"access_code_validity": duration}, "access_code_validity") == seconds


# More than one cause


@pytest.mark.parametrize("cause", ["codes-expire-at-once", "tokens-encrypted"])
def test_a_device_is_kept_out_by_the_same(standalone: Standalone, cause: str) -> None:
    STANDALONE[cause][0](standalone)
    standalone.device = True
    rows = standalone.verify()
    assert named(rows) == {cause}
    assert [row["cause"] for row in rows if row["check"] in LOGINS.values()] == [cause, cause]


def test_a_person_with_another_subject_is_a_new_one_who_waits(standalone: Standalone) -> None:
    STANDALONE["subject-mode-not-user-id"][0](standalone)
    standalone.device = standalone.approval = True
    rows = standalone.verify()
    assert named(rows) == {"subject-mode-not-user-id", "waiting-for-approval", "new-people-wait"}
    assert [row["cause"] for row in rows if row["check"] in LOGINS.values()] == ["subject-mode-not-user-id"] * 2
    (waiting,) = (row for row in rows if row["cause"] == "waiting-for-approval")
    assert waiting["remedy"] == "This comes from subject-mode-not-user-id: mend that first."


def test_devices_that_ask_too_often(standalone: Standalone) -> None:
    refused = login.Login("token_refused", said="slow_down", where="POST /application/o/device/")
    standalone.options["device_login"] = refused.result()
    rows = standalone.verify()
    assert named(rows) == {"device-codes-rationed"}
    assert ended(rows) == WORKS


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


def hold(it: Broken, pair: tuple[str, str]) -> None:
    """Two breaks at once: both are named where both can be seen, and nothing is blamed in their place."""
    for cause in sorted(pair, key=lambda cause: FIRST.index(cause) if cause in FIRST else len(FIRST)):
        TABLES[it.setup][cause][0](it)
    rows = it.verify()
    causes = named(rows)
    assert "login-unexplained" not in {row["cause"] for row in rows}, rows
    assert "connector-secret-differs" not in causes - set(pair)
    if not set(pair) & (BLINDING | LATE):
        assert causes == set(pair), [row for row in rows if row["cause"]]
    assert causes & set(pair)


@pytest.mark.parametrize("pair", sample("management", 7), ids="+".join)
def test_two_breaks_of_management(management: Management, pair: tuple[str, str]) -> None:
    hold(management, pair)


@pytest.mark.parametrize("pair", sample("standalone", 7), ids="+".join)
def test_two_breaks_of_standalone(standalone: Standalone, pair: tuple[str, str]) -> None:
    hold(standalone, pair)


@pytest.mark.parametrize("setup", ["management", "standalone"])
def test_what_passed_shows_what_was_seen(request: pytest.FixtureRequest, setup: str) -> None:
    it = request.getfixturevalue(setup)
    it.environment = {"NETBIRD_AUTH_PKCE_DISABLE_PROMPT_LOGIN": "true"} if setup == "standalone" else None
    rows = it.verify()
    assert [row["check"] for row in rows if row["result"] == "passed" and not row["saw"]] == []
    said = json.dumps(rows)
    assert [secret for secret in [PASSWORD, it.app_password, *it.servers.secrets()] if secret and secret in said] == []


def test_every_check_has_evidence() -> None:
    checks = {(cause.check, setup) for cause in CAUSES for setup in (cause.setup or "management", cause.setup or "standalone")}
    shown = {(each.check, setup) for each in EVIDENCES for setup in (each.setup or "management", each.setup or "standalone")}
    assert checks - shown == {("Test login", "management"), ("Test login", "standalone")}
    assert shown - checks == set()


def test_no_token_is_ever_refreshed(management: Management, standalone: Standalone, monkeypatch: pytest.MonkeyPatch) -> None:
    """NetBird's embedded provider answers nobody any more after that, until it is restarted (measured)."""
    forms: list[dict[str, str]] = []
    send = oidc.Http.send

    def noted(http: oidc.Http, method: str, url: str, **options: Any) -> Any:
        forms.append(options.get("data") or {})
        return send(http, method, url, **options)

    monkeypatch.setattr(oidc.Http, "send", noted)
    assert ended(management.verify()) == WORKS
    standalone.options["device_login"] = device_login(standalone)
    assert ended(standalone.verify()) == WORKS
    device = "urn:ietf:params:oauth:grant-type:device_code"
    assert {form["grant_type"] for form in forms if "grant_type" in form} == {"authorization_code", "client_credentials", device}


def test_every_cause_has_its_test() -> None:
    paths = (Path(__file__), Path(__file__).with_name("test_issuer.py"), Path(breaks.__file__))
    source = "".join(path.read_text() for path in paths)
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
    monkeypatch.setattr(login, "JWT_IMPORT_ERROR", "Traceback")
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


def test_a_second_factor_is_passed(management: Management, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nobody waits for the next code.
    monkeypatch.setattr(browser, "sleep", lambda _seconds: None)
    second_factor(management)
    options = {"via": "netbird", "netbird_url": management.servers.netbird.url, "connector": next(iter(management.nb.connectors))}
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    result = call("oidc_login", {**options, "username": "alice", "password": PASSWORD, "totp_secret": secret})
    assert result["login"]["outcome"] == "logged_in"
    wrong = call("oidc_login", {**options, "username": "alice", "password": PASSWORD, "totp_secret": "A" * 32})
    assert wrong["login"]["outcome"] == "code_refused"
