# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test can break in a set-up that works, by the cause that has to be named for it, and how the login then ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulators._server import Fault

from .broken import Broken, Management, Standalone

WORKS = ("passed", "")
NOT_TRIED = ("skipped", "")


def broken(cause: str) -> tuple[str, str]:
    return "failed", cause


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


# How a login ends with the real servers is in tests/recordings for most.

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
    """Let NetBird open its connector: from then on, changes of it wait for a restart. It does for a blocked person too."""
    assert it.log_in()["outcome"] in ("logged_in", "user_blocked")


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


def denying_flow(it: Broken) -> None:
    """A policy that is bound to the login's flow lets nobody pass, such as one about networks or reputation."""
    policy = it.servers.authentik_post("policies/expression/", {"name": "office hours", "expression": "return False"})
    flow = it.row("flows", slug="default-authentication-flow")
    binding = {"target": flow["policybindingmodel_ptr_id"], "policy": policy["pk"], "order": 0}
    it.servers.authentik_post("policies/bindings/", binding)


def no_login_flow(it: Broken) -> None:
    it.row("brands", default=True)["flow_authentication"] = None


def stripped(it: Broken) -> None:
    """What a proxy in front of NetBird makes of every request that has a token."""
    body = '{"message": "no valid authentication provided", "code": 401}'
    it.servers.netbird.inject(Fault(path="^/api/(?!instance)", status=401, body=body, times=None))


def twice(it: Management) -> None:
    log_in_first(it)
    (user,) = (user for user in it.nb.users.values() if user["email"] == "alice@example.com")
    it.nb.users["another"] = {**user, "id": "another"}


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


def netbird_of(version: str) -> Break:
    def change(it: Broken) -> None:
        it.nb.version = version

    return change


def failing_mapping(scope: str) -> Break:
    """The mapping that the provider has for a scope raises an error, with a text that looks like a secret."""

    def change(it: Broken) -> None:
        mappings = [it.ak.mappings[pk] for pk in it.provider["property_mappings"]]
        (row,) = (row for row in mappings if row["scope_name"] == scope)
        row["expression"] = f'raise ValueError("no department for https://hr.company/?key={SECRET} {SECRET}")'

    return change


def encrypted(it: Broken) -> None:
    it.provider["encryption_key"] = next(iter(it.ak.certificates))


def expired_certificate(it: Broken) -> None:
    it.row("certificates", pk=it.provider["signing_key"])["cert_expiry"] = "2026-01-31T00:00:00Z"


def without_email(it: Broken) -> None:
    it.row("users", username=it.person)["email"] = ""


def no_token_endpoint(it: Broken) -> None:
    it.servers.authentik.inject(Fault(path="/application/o/token/", status=500, times=None))


def failing_flow(it: Broken) -> None:
    it.servers.authentik.inject(Fault(path="/flows/executor/", status=500, body="Internal Server Error", times=None))


# What is in an expression that fails, and may not be said.
SECRET = "s3cret-0f-the-expressi0n"
LIFETIMES: dict[str, Break] = {
    "codes-expire-at-once": provider(access_code_validity="seconds=0"),
    "tokens-expire-at-once": provider(access_token_validity="seconds=0;milliseconds=1"),
}


def without_return(it: Broken) -> None:
    it.provider["redirect_uris"] = [row for row in it.provider["redirect_uris"] if row["redirect_uri_type"] != "logout"]


def keeps_session(it: Broken) -> None:
    it.provider["invalidation_flow"] = it.row("flows", slug="default-provider-invalidation-flow")["pk"]


def failing_log_out(it: Broken) -> None:
    it.servers.netbird.inject(Fault(path="/oauth2/logout", status=500, body="Internal Server Error", times=None))


CALLBACK = "{netbird}/oauth2/callback"
MANAGEMENT: dict[str, tuple[Break, tuple[str, str]]] = {
    "signing-key-missing": (provider(signing_key=None), broken("signing-key-missing")),
    "profile-scope-missing": (lambda it: it.without_scope("profile"), broken("profile-scope-missing")),
    "email-scope-missing": (lambda it: it.without_scope("email"), broken("email-scope-missing")),
    "claims-not-in-id-token": (provider(include_claims_in_id_token=False), broken("claims-not-in-id-token")),
    "signing-certificate-expired": (expired_certificate, WORKS),
    "tokens-encrypted": (encrypted, broken("tokens-encrypted")),
    "mapping-fails": (failing_mapping("profile"), broken("mapping-fails")),
    **{cause: (change, broken(cause)) for cause, change in LIFETIMES.items()},
    "tokens-not-usable": (no_token_endpoint, broken("tokens-not-usable")),
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
    "person-without-email": (without_email, WORKS),
    "password-wrong": (wrong_password, broken("password-wrong")),
    "brand-without-login-flow": (no_login_flow, WORKS),
    "authorization-stripped": (stripped, broken("authorization-stripped")),
    "person-twice": (twice, WORKS),
    "flow-denies": (denying_flow, broken("flow-denies")),
    "second-factor": (second_factor, broken("second-factor")),
    "stage-needs-a-browser": (passkey, broken("stage-needs-a-browser")),
    "account-split": (no_domain, WORKS),
    "datastore-key-lost": (key_lost, broken("datastore-key-lost")),
    "netbird-refuses": (token_of_nobody, WORKS),
    "authentik-refuses": (authentik_token_of_nobody, WORKS),
    "netbird-too-old": (netbird_of("0.60.2"), WORKS),
    "netbird-newer": (netbird_of("0.99.0"), WORKS),
    "logout-redirect-missing": (without_return, WORKS),
    "session-outlives-logout": (keeps_session, WORKS),
    "logout-fails": (failing_log_out, WORKS),
    "server-fails": (failing_flow, broken("server-fails")),
}


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
    "tokens-encrypted": (encrypted, broken("tokens-encrypted")),
    "mapping-fails": (failing_mapping("entitlements"), WORKS),
    **{cause: (change, broken(cause)) for cause, change in LIFETIMES.items()},
    "device-codes-expire-early": (provider(access_code_validity="minutes=1"), WORKS),
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
    "server-fails": (failing_flow, broken("server-fails")),
}


TABLES = {"management": MANAGEMENT, "standalone": STANDALONE}
# Two breaks at once. Some need a login that works first, or the mapping that another takes away.
FIRST = ("person-twice", "person-blocked", "account-split", "connector-not-restarted", "mapping-fails", "second-factor")
# With these, one cannot look at what is behind; these others are seen only in a login that gets as far.
BLINDING = {
    "authorization-stripped",
    "application-missing",
    "application-without-provider",
    "authentik-refuses",
    "netbird-refuses",
    "redirect-uris-empty",
}
LATE = {
    "app-password-wrong",
    "connector-secret-differs",
    "datastore-key-lost",
    "login-password-used",
    "logout-fails",
    "password-wrong",
    "person-blocked",
    "flow-denies",
    "second-factor",
    "server-fails",
    "service-account-without-rights",
    "session-outlives-logout",
    "stage-needs-a-browser",
    "tokens-not-usable",
}


def sample(setup: str, apart: int) -> list[tuple[str, str]]:
    """Pairs of breaks, always the same: every other one with the one that is so far behind it in the table."""
    names = list(TABLES[setup])
    return [(name, names[(place + apart) % len(names)]) for place, name in enumerate(names) if place % 2 == 0]
