# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is broken by hand on the servers, one thing at a time, and the cause that has to be named for it.

A change of NetBird's connector waits for a restart of NetBird, once it was opened: such mistakes are made in one that is made
anew. That it waits (connector-not-restarted) is left out: nobody restarts somebody else's server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from live._servers import Row
from live._setup import Management, Setup
from live._standalone import Standalone


@dataclass(frozen=True)
class Break:
    """A mistake. ``again`` is what an administrator has to do by hand before the role's next run can make good the rest."""

    cause: str
    make: Callable[[Any], object]
    again: Callable[[Any], object] = lambda _setup: None
    login: Mapping[str, Any] = field(default_factory=dict)
    also: str = ""
    """The cause behind it, which is named too."""
    host: bool = False
    """Whether NetBird's host has to be told again too, and not only authentik."""
    device: bool = False
    """Whether a device is let in too: authentik gives an address 20 codes an hour."""
    needs: str = ""
    """A setting of the provider, without which the server knows no such mistake."""


def nothing(_setup: Setup) -> None:
    """What is wrong is in what the person types."""


def provider(**values: Any) -> Callable[[Setup], None]:
    return lambda setup: setup.change_provider(**values)


def settings(**values: Any) -> Callable[[Setup], None]:
    return lambda setup: setup.live.set(**values)


def without_scope(scope: str) -> Callable[[Setup], None]:
    return lambda setup: setup.without_scope(scope)


def redirects(*entries: tuple[str, str]) -> Callable[[Setup], None]:
    """Where logins are sent back to, and nothing of a log-out."""

    def change(setup: Setup) -> None:
        kept = [row for row in setup.provider["redirect_uris"] if row not in setup.redirects()]
        setup.change_provider(redirect_uris=[*kept, *({"matching_mode": mode, "url": url} for mode, url in entries)])

    return change


def without_logout_redirect(setup: Setup) -> None:
    setup.change_provider(redirect_uris=setup.redirects())


def redirect_added(mode: str, url: str) -> Callable[[Setup], None]:
    """The dashboard's redirect, written otherwise; that of clients on a desktop and that of a log-out stay."""

    def change(setup: Setup) -> None:
        kept = [row for row in setup.provider["redirect_uris"] if row["matching_mode"] == "strict"]
        written = {"matching_mode": mode, "url": url.format(host=f"netbird.{setup.live.domain}")}
        setup.change_provider(redirect_uris=[*kept, written])

    return change


def own_profile_mapping(setup: Management) -> None:
    """authentik's guide to the letter: its own mapping, whose claim groups has the groups of authentik."""
    setup.without_scope("profile")
    setup.change_provider(property_mappings=[*setup.provider["property_mappings"], setup.mapping("profile")["pk"]])


def encrypt(setup: Setup) -> None:
    setup.change_provider(encryption_key=setup.provider["signing_key"])


def failing_mapping(setup: Management) -> None:
    """The role's own mapping, with a slip of the hand in it."""
    chosen = setup.provider["property_mappings"]
    (row,) = (row for row in setup.ak.rows("scope mapping") if row["pk"] in chosen and row["scope_name"] == "profile")
    setup.ak.patch(f"propertymappings/provider/scope/{row['pk']}/", {"expression": "return {'name': request.user.nam}"})


def user(**values: Any) -> Callable[[Setup], None]:
    return lambda setup: setup.ak.patch(f"core/users/{setup.user('alice')['pk']}/", values)


def delete_application(setup: Setup) -> None:
    setup.ak.delete("application", setup.application)


def without_provider(setup: Setup) -> None:
    setup.ak.patch(f"core/applications/{setup.application['slug']}/", {"provider": None})


def not_let_in(setup: Setup) -> None:
    for group in ("staff-developers", "staff-operators"):
        setup.unbind(group=setup.group(group)["pk"])


def without_entitlement(setup: Setup) -> None:
    """Nobody is bound to an entitlement any more."""
    targets = {row["pbm_uuid"] for row in setup.ak.rows("entitlement", app=setup.application["pk"])}
    for row in setup.ak.rows("binding"):
        if row["target"] in targets:
            setup.ak.delete("binding", row)


def forget_people(setup: Management) -> None:
    """NetBird knows none of the people yet."""
    for row in setup.nb.rows("user"):
        if row["email"].endswith(f"@{setup.live.domain}"):
            setup.nb.delete("user", row)


def ask_for_approval(setup: Management) -> None:
    forget_people(setup)
    setup.live.set(user_approval_required=True)


def block(setup: Management, blocked: bool = True) -> None:
    setup.log_in("alice")
    (row,) = (row for row in setup.nb.rows("user") if row["email"] == f"alice@{setup.live.domain}")
    values = {"role": row["role"], "auto_groups": row["auto_groups"], "is_blocked": blocked}
    setup.nb.api.write("PUT", f"users/{row['id']}", values)


def made_by_the_api(setup: Management) -> None:
    """A group of this name was there before anybody logged in."""
    forget_people(setup)
    name = setup.live.name("developers")
    setup.nb.delete("group", setup.nb.row("group", name))
    setup.nb.post("groups", {"name": name})


def no_such_group(setup: Management) -> None:
    setup.nb.delete("group", setup.nb.row("group", setup.live.name("developers")))


def connector(**wrong: str) -> Callable[[Management], None]:
    """The connector, made with something wrong in it, as NetBird's dashboard would."""

    def make(setup: Management) -> None:
        old = setup.connector
        no_connector(setup)
        right = {"client_id": setup.provider["client_id"], "client_secret": setup.provider["client_secret"]}
        setup.nb.post("identity-providers", {"type": "oidc", "name": old["name"], "issuer": old["issuer"], **right, **wrong})

    return make


def no_connector(setup: Management) -> None:
    setup.nb.delete("identity provider", setup.connector)


MANAGEMENT = {
    "the provider has no signing key": Break("signing-key-missing", provider(signing_key=None)),
    "the scope profile is not selected": Break("profile-scope-missing", without_scope("profile")),
    "the scope email is not selected": Break("email-scope-missing", without_scope("email")),
    "the claims are not in the id_token": Break("claims-not-in-id-token", provider(include_claims_in_id_token=False)),
    "the client is public": Break("client-type-public", provider(client_type="public")),
    "the grant of codes is missing": Break(
        "grant-types-incomplete", provider(grant_types=["refresh_token"]), needs="grant_types"
    ),
    "codes expire at once": Break(
        "codes-expire-at-once", provider(access_code_validity="seconds=0"), provider(access_code_validity="minutes=1")
    ),
    "tokens expire at once": Break(
        "tokens-expire-at-once", provider(access_token_validity="seconds=0"), provider(access_token_validity="hours=1")
    ),
    "tokens are encrypted": Break("tokens-encrypted", encrypt, provider(encryption_key=None)),
    "the expression of a mapping fails": Break("mapping-fails", failing_mapping),
    "the redirect has a slash more": Break("redirect-missing", redirects(("strict", "https://netbird.invalid/oauth2/callback/"))),
    "the redirect is a regular expression": Break("redirect-not-strict", redirects(("regex", ".*/oauth2/callback"))),
    "there is no redirect": Break("redirect-uris-empty", provider(redirect_uris=[])),
    "who logs out is not sent back": Break("logout-redirect-missing", without_logout_redirect, needs="grant_types"),
    "groups come from authentik's own mapping": Break("groups-claim-without-entitlements", own_profile_mapping),
    "the issuer is authentik as a whole": Break("issuer-mode-global", provider(issuer_mode="global")),
    "the application is gone": Break("application-missing", delete_application),
    "the application has no provider": Break("application-without-provider", without_provider),
    "the connector is gone": Break("connector-missing", no_connector),
    "the connector has another secret": Break("connector-secret-differs", connector(client_secret="not-it"), no_connector),
    "the connector has another client id": Break("connector-client-id-differs", connector(client_id="not-it"), no_connector),
    "group sync is off": Break("group-sync-off", settings(jwt_groups_enabled=False)),
    "groups are read from another claim": Break("claim-never-visible", settings(jwt_groups_claim_name="entitlements")),
    "only people of other groups may use NetBird": Break(
        "allowed-groups-leave-out", settings(jwt_allow_groups=["nobody-is-in-it"]), settings(jwt_allow_groups=[])
    ),
    "a group was made by the API": Break("group-shadowed", made_by_the_api, no_such_group),
    "new people have to be approved": Break("waiting-for-approval", ask_for_approval, also="new-people-wait"),
    "the person is blocked in NetBird": Break("person-blocked", block, lambda setup: forget_people(setup)),
    "the person is inactive": Break("person-inactive", user(is_active=False), user(is_active=True)),
    "the bindings leave the person out": Break("person-not-let-in", not_let_in),
    "the person has no entitlement": Break("person-without-entitlement", without_entitlement),
    "the password is another": Break("password-wrong", nothing, login={"password": "not the password"}),
}


# Standalone


def account(**values: Any) -> Callable[[Standalone], None]:
    return lambda setup: setup.ak.patch(f"core/users/{setup.user('netbird')['pk']}/", values)


def without_server(setup: Standalone) -> None:
    """Ask NetBird no more, which goes on with what it was started with, or with what it has stored since."""
    setup.server = None


def no_account(setup: Standalone) -> None:
    without_server(setup)
    setup.ak.delete("user", setup.user("netbird"))


def account_not_let_in(setup: Standalone) -> None:
    setup.unbind(user=setup.user("netbird")["pk"])


def account_without_rights(setup: Standalone) -> None:
    group = setup.group("netbird: may read users")
    setup.ak.post(f"core/groups/{group['pk']}/remove_user/", {"pk": setup.user("netbird")["pk"]})


def app_password(setup: Standalone) -> Row:
    return setup.ak.row("token", setup.live.name("app-password"))


def no_app_password(setup: Standalone) -> None:
    without_server(setup)
    setup.ak.delete("token", app_password(setup))


def expired_app_password(setup: Standalone) -> None:
    token = app_password(setup)
    # A request that leaves out the user and the intent would hand the token to whoever sends it.
    values = {name: token[name] for name in ("identifier", "user", "intent", "description")}
    setup.ak.patch(f"core/tokens/{token['identifier']}/", {**values, "expiring": True, "expires": "2026-01-31T00:00:00Z"})


def other_app_password(setup: Standalone) -> None:
    """Somebody has given the account another one, and NetBird has the old one."""
    without_server(setup)
    setup.ak.post(f"core/tokens/{setup.live.name('app-password')}/set_key/", {"key": "not-what-netbird-has"})


def brand_without_flow(setup: Standalone) -> None:
    setup.ak.patch(f"core/brands/{setup.live.brand()['brand_uuid']}/", {"flow_device_code": None})


def device_flow(**values: str) -> Callable[[Standalone], None]:
    return lambda setup: setup.ak.patch(f"flows/instances/{setup.live.name('device-code')}/", values)


def environment(**values: str) -> Callable[[Standalone], None]:
    """Lines of the host's file, changed by hand."""

    def change(setup: Standalone) -> None:
        lines = setup.environment_file.read_text().splitlines()
        changed = [f'{name}="{values[name]}"' if (name := line.partition("=")[0]) in values else line for line in lines]
        assert changed != lines
        setup.environment_file.write_text("\n".join([*changed, ""]))

    return change


STANDALONE = {
    "the provider has no signing key": Break("signing-key-missing", provider(signing_key=None)),
    "the client is confidential": Break("client-type-confidential", provider(client_type="confidential")),
    "the scope entitlements is not selected": Break("entitlements-scope-missing", without_scope("entitlements")),
    "the scope of authentik's API is not selected": Break("api-scope-missing", without_scope("goauthentik.io/api")),
    "codes expire at once": Break("codes-expire-at-once", provider(access_code_validity="seconds=0"), device=True),
    "tokens expire at once": Break(
        "tokens-expire-at-once", provider(access_token_validity="seconds=0"), provider(access_token_validity="hours=1")
    ),
    "tokens are encrypted": Break("tokens-encrypted", encrypt, provider(encryption_key=None)),
    "the claims are not in the id_token": Break("claims-not-in-id-token", provider(include_claims_in_id_token=False)),
    "only the grant of codes is there": Break(
        "grant-types-incomplete", provider(grant_types=["authorization_code"]), device=True, needs="grant_types"
    ),
    "there is no redirect": Break("redirect-uris-empty", provider(redirect_uris=[])),
    "the redirect has no path": Break("redirect-regex-wrong", redirect_added("regex", "https://{host}")),
    "the redirect's dots stand for anything": Break(
        "redirect-regex-unescaped-dots", redirect_added("regex", "https://{host}/.*")
    ),
    "who logs out is not sent back": Break("logout-redirect-missing", without_logout_redirect, needs="grant_types"),
    "the default brand has no device code flow": Break("device-flow-not-on-default-brand", brand_without_flow, device=True),
    "the device code flow is for logins": Break("device-flow-designation", device_flow(designation="authentication")),
    "the device code flow is for anybody": Break("device-flow-authentication", device_flow(authentication="none")),
    "NetBird has another client id": Break(
        "environment-client-id-differs", environment(NETBIRD_AUTH_CLIENT_ID="other"), host=True
    ),
    "NetBird has another endpoint": Break(
        "environment-endpoint-differs",
        environment(NETBIRD_AUTH_OIDC_CONFIGURATION_ENDPOINT="https://authentik.invalid/application/o/other/"),
        host=True,
    ),
    "NetBird asks for too little": Break(
        "scopes-not-asked-for", environment(NETBIRD_AUTH_SUPPORTED_SCOPES="openid profile email"), host=True
    ),
    "NetBird asks for a login again and again": Break(
        "prompt-login-not-disabled", environment(NETBIRD_AUTH_PKCE_DISABLE_PROMPT_LOGIN="false"), host=True
    ),
    "the bindings leave the person out": Break("person-not-let-in", not_let_in),
    # NetBird has somebody twice after this, and would have to be started anew after others
    "people are named by a hash": Break(
        "subject-mode-not-user-id", provider(sub_mode="hashed_user_id"), without_server, also="person-twice"
    ),
    "the service account is inactive": Break("service-account-inactive", account(is_active=False)),
    "the service account is not let in": Break("service-account-not-let-in", account_not_let_in),
    "the service account may not read users": Break("service-account-without-rights", account_without_rights),
    "the app password has expired": Break("app-password-expired", expired_app_password),
    "the service account is gone": Break("service-account-missing", no_account, host=True),
    "there is no app password": Break("app-password-missing", no_app_password, host=True),
    "the app password is another": Break("app-password-wrong", other_app_password, host=True),
}
