# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at both services: everything that the named causes ask for, read once.

PRIVATE to this collection. Whatever cannot be read is left out, with the reason; nothing is changed, and tokens that are asked
for are revoked again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.people import (
    Entitled,
    claims_of,
    let_in,
    mapping_errors,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.service import REFERENCES, Authentik
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.context import Context
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import ApiError, Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.service import Netbird, of_a_login
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.browser import Person
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.client import Http, Tls, Unreachable
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.login import Client, Login, log_in
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.seen import LOGINS, Seen

Things = dict[str, Any]
API_SCOPE = "goauthentik.io/api"
# How a login ends in which authentik did not take the password.
NO_PASSWORD = ("password_refused", "denied_by_flow")


# What the task itself tells.
GIVEN = ("setup", "username", "environment", "login", "login_at_authentik", "device_login", "discoveries")
NAMED = {"slug": "application", "connector_name": "connector", "service_account": "service_account"}


def _refuse_other(option: str, login: Mapping[str, Any] | None) -> None:
    lacking = [each.name for each in fields(Login) if each.name not in login] if login is not None else []
    if lacking:
        raise Failure(f"{option} is not a login as oidc_login returns it: it has no {lacking[0]}.")


def observe(context: Context) -> Seen:
    """Everything that was seen; ``failures`` has the words of a service that could not be read."""
    params = context.params
    for name in (*LOGINS, "login_at_authentik"):
        _refuse_other(name, params[name])
    things: Things = {name: params[name] for name in GIVEN if params[name] is not None}
    things |= {"failures": {}, "expected_groups": params["expected_groups"]}
    # The provider itself says more of these than the discovery document does.
    things |= {"wanted_scopes": [], "wanted_grants": []}
    things |= {name: params[option] for name, option in NAMED.items()}
    things["issuer"] = params["issuer"] or f"{params['authentik_url'].rstrip('/')}/application/o/{params['application']}/"
    things["authentik_url"] = params["authentik_url"].rstrip("/")
    things["netbird_url"] = (params["netbird_public_url"] or params["netbird_url"]).rstrip("/")
    things["netbird_token_of_a_login"] = of_a_login(params["netbird_token"] or "")
    if (params["login"] or {}).get("log_out"):
        things["log_out"] = params["login"]["log_out"]
    audience = params["audience"] or (params["environment"] or {}).get("NETBIRD_AUTH_AUDIENCE")
    if audience:
        things["audience"] = audience
    reasons = {
        "username": "no person is named",
        "person": "no person is named",
        "nb_same": "no person is named",
        "mapping_errors": "no person is named",
        "login": "no login was tried",
        "log_out": "nobody was logged in who could log out" if params["login"] else "no login was tried",
        "login_at_authentik": "no login at authentik itself was tried",
        "discoveries": "no discovery document was looked at",
        "environment": "the environment of NetBird's containers is not known",
        "audience": "the audience that NetBird expects is not known",
    }
    _read("authentik", AUTHENTIK, lambda: _authentik(context, things, reasons), things, reasons)
    if context.params["netbird_token"]:
        _read("netbird", NETBIRD, lambda: _netbird(context, things), things, reasons)
    else:
        reasons.update(dict.fromkeys(NETBIRD, "netbird_token is not given"))
    return Seen(things, reasons)


# What each service shows, so that the reason is known for what it does not.
AUTHENTIK = (
    "authentik_version",
    "application",
    "provider",
    "certificates",
    "scopes",
    "mapping_errors",
    "entitlements",
    "entitled",
    "preview",
    "person_access",
    "account",
    "account_access",
    "app_passwords",
    "token_answer",
    "users_answer",
    "brand",
    "brands",
    "device_flow",
    "invalidation_flow",
    "login_flow",
    "login_policies",
)
NETBIRD = ("netbird_version", "nb_account", "connectors", "connector", "nb_groups", "nb_user", "nb_same", "callback")


def _read(service: str, names: tuple[str, ...], read: Callable[[], None], things: Things, reasons: dict[str, str]) -> None:
    try:
        read()
    except Failure as failure:
        things["failures"][service] = str(failure)
        things["failures"][f"{service}_status"] = failure.status if isinstance(failure, ApiError) else 0
        for name in names:
            reasons.setdefault(name, f"{service} could not be read")


def _authentik(context: Context, things: Things, reasons: dict[str, str]) -> None:
    service = Authentik(context)
    things["authentik_version"] = service.version
    application = _named(service, "application", things["slug"])
    things["application"] = application
    things["brands"] = service.all_rows("core/brands/")
    things["brand"] = next(row for row in things["brands"] if row["default"])
    flows = {row["pk"]: row for row in service.all_rows(REFERENCES["flow"].path)}
    things["device_flow"] = flows.get(things["brand"]["flow_device_code"])
    things["login_flow"] = flows.get(things["brand"]["flow_authentication"])
    things["login_policies"] = _bound_to(service, things["login_flow"])
    person, account = (_named(service, "user", name) for name in (things.get("username"), things["service_account"]))
    if "username" in things:
        things["person"] = person
    things["account"] = account
    if account:
        tokens = service.all_rows("core/tokens/", {"user__username": account["username"]})
        things["app_passwords"] = [row for row in tokens if row["intent"] == "app_password" and row["user"] == account["pk"]]
    if not application or not application["provider"]:
        reasons.update(dict.fromkeys(AUTHENTIK, f"authentik has no application {things['slug']} with a provider"))
        return
    things["provider"] = provider = service.get(f"providers/oauth2/{application['provider']}/")
    things["invalidation_flow"] = flows.get(provider["invalidation_flow"], {}).get("slug", "")
    keys = [provider[name] for name in ("signing_key", "encryption_key") if provider[name]]
    things["certificates"] = {key: service.get(f"{REFERENCES['certificate'].path}{key}/") for key in keys}
    mappings = [row for row in service.all_rows(REFERENCES["scope_mapping"].path) if row["pk"] in provider["property_mappings"]]
    things["scopes"] = {row["scope_name"] for row in mappings}
    entitled = Entitled(service, application)
    things["entitlements"] = entitled.names
    if person:
        things["person_access"] = let_in(service, application, person)
        things["entitled"] = entitled.of(person)
        things["preview"] = claims_of(service, provider["pk"], person)
        try:
            things["mapping_errors"] = mapping_errors(service, provider["pk"], mappings, person)
        except ApiError as error:
            reasons["mapping_errors"] = f"authentik's events could not be read: {error}"
    if account and things["setup"] == "standalone":
        things["account_access"] = let_in(service, application, account)
        _token(context, service, provider, things, reasons)


def _bound_to(service: Authentik, flow: Mapping[str, Any] | None) -> list[str]:
    """The names of the policies that are bound to a flow, which bindings know by another id than the flow's own (measured)."""
    if flow is None:
        return []
    rows = service.all_rows("policies/bindings/", {"target_in": [flow["policybindingmodel_ptr_id"]]})
    return sorted(row["policy_obj"]["name"] for row in rows if row["enabled"] and row["policy_obj"])


def _named(service: Authentik, kind: str, name: str | None) -> Mapping[str, Any] | None:
    return service.named_rows({kind: [name]}, required=False)[kind].get(name) if name else None


def _token(context: Context, service: Authentik, provider: Mapping[str, Any], things: Things, reasons: dict[str, str]) -> None:
    """Do what NetBird's management server does at its start: a token for the service account, and the users with it."""
    password = context.params["app_password"]
    if context.check_mode:
        reasons.update(dict.fromkeys(("token_answer", "users_answer"), "no token is asked for in check mode"))
        return
    if not password and things["app_passwords"]:
        password = service.get(f"core/tokens/{things['app_passwords'][0]['identifier']}/view_key/")["key"]
    if not password:
        reasons.update(dict.fromkeys(("token_answer", "users_answer"), "no app password is known"))
        return
    context.secrets.add(password)
    http = Http(Tls(**context.connection))
    form = {
        "grant_type": "client_credentials",
        "client_id": provider["client_id"],
        "username": things["service_account"],
        "password": password,
        "scope": API_SCOPE,
    }
    try:
        answer = http.ask("POST", f"{service.origin}/application/o/token/", data=form)
        document = answer.document if isinstance(answer.document, dict) else {}
        things["token_answer"] = {"status": answer.status, "error": document.get("error", "")}
        if answer.status != 200:
            things["login_password"] = _logs_in(context, provider, things, password)
            return
        token = document["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        users = http.ask("GET", f"{service.origin}/api/v3/core/users/", params={"page_size": 1}, headers=headers)
        things["users_answer"] = {"status": users.status}
        http.ask("POST", f"{service.origin}/application/o/revoke/", data={"token": token, "client_id": provider["client_id"]})
    except Unreachable as error:
        raise Failure(f"authentik's token endpoint gave no answer: {error}.") from None


def _logs_in(context: Context, provider: Mapping[str, Any], things: Things, password: str) -> bool:
    """Whether the service account logs in with that password, as a person would."""
    client = Client(things["issuer"], provider["client_id"], "http://localhost:53000", "openid")
    login = log_in(Tls(**context.connection), client, Person(things["service_account"], password))
    return login.outcome not in NO_PASSWORD


def _netbird(context: Context, things: Things) -> None:
    service = Netbird(context)
    things["netbird_version"] = service.version
    things["nb_account"] = service.account()
    things["nb_groups"] = service.all_rows("groups")
    users = service.all_rows("users")
    things["nb_user"] = _nb_user(users, things)
    if things.get("person"):
        email = str(things["person"]["email"]).lower()
        things["nb_same"] = [row for row in users if email and str(row["email"]).lower() == email]
    if things["setup"] == "management" and service.embedded is not None:
        things["connectors"] = service.rows_of_kind("connector")
        named = [row for row in things["connectors"] if row["name"] == things["connector_name"]]
        things["connector"] = named[0] if named else None
        things["callback"], things["log_out_callback"] = service.redirect_urls()


def _nb_user(rows: list[Mapping[str, Any]], things: Things) -> Mapping[str, Any] | None:
    """The person as NetBird has them: by the subject of their token, which is the user's id."""
    logins = [things[name] for name in LOGINS if things.get(name)]
    shown = next((dict(login["user"]) for login in logins if login.get("user")), None)
    subjects = [login["access_claims"]["sub"] for login in logins if (login.get("access_claims") or {}).get("sub")]
    return shown or next((row for row in rows if row["id"] in subjects), None)
