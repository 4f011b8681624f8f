# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes beside the provider in authentik: NetBird's service account and the device code flow (standalone), the flow for logins.

PRIVATE to this collection. What the management server does with the account at its start, and what it then answers, was measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.cause import Catalogue
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.causes.authentik import missing_grants
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.causes.tokens import tokens_expired
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.seen import Seen, past, said_by

cause = Catalogue()

# The service account

ACCOUNT = {"check": "Service account", "setup": "standalone", "explains": ("token_invalid",)}
EVERYBODY = "NetBird answers 401 token invalid to everybody"


@cause(
    **ACCOUNT,
    symptom=f"{EVERYBODY}; its log says: unable to get authentik token, statusCode 400.",
    remedy="Make the service account (the role does), or correct NETBIRD_IDP_MGMT_EXTRA_USERNAME.",
)
def service_account_missing(seen: Seen) -> str:
    """authentik has no such service account."""
    return "" if seen.account else f"no user {seen.service_account}"


@cause(
    **ACCOUNT,
    symptom=f"{EVERYBODY}; its log says: unable to get authentik token, statusCode 400.",
    remedy="Activate the service account in authentik (the role does).",
)
def service_account_inactive(seen: Seen) -> str:
    """The service account is not active."""
    return f"is_active of {seen.service_account} is false" if seen.account and not seen.account["is_active"] else ""


@cause(
    **ACCOUNT,
    symptom=f"{EVERYBODY}, mostly since the application got its first binding; its log says: unable to get authentik "
    f"token, statusCode 400.",
    remedy="Bind the service account to the application (the role adds it to the bindings).",
    thread="netbirdio/netbird#4861",
)
def service_account_not_let_in(seen: Seen) -> str:
    """The application's bindings do not let the service account in."""
    return "" if seen.account_access else f"check_access of {seen.slug} says no for {seen.service_account}"


@cause(
    **ACCOUNT,
    symptom=f"{EVERYBODY}; its log says: unable to get authentik token, statusCode 400.",
    remedy="Make an app password for the service account (the role does), and put it into NETBIRD_IDP_MGMT_EXTRA_PASSWORD.",
    thread="netbirdio/netbird#2941",
)
def app_password_missing(seen: Seen) -> str:
    """The service account has no app password."""
    return "" if seen.app_passwords or not seen.account else f"{seen.service_account} has no token with the intent app_password"


def _expired(token: Mapping[str, Any]) -> bool:
    return bool(token["expiring"] and token["expires"] and past(token["expires"]))


@cause(
    **ACCOUNT,
    symptom=f"{EVERYBODY}, since a certain day; its log says: unable to get authentik token, statusCode 400.",
    remedy="Let the app password not expire (the role does), or make a new one and put it into NETBIRD_IDP_MGMT_EXTRA_PASSWORD.",
    thread="netbirdio/netbird#2142",
)
def app_password_expired(seen: Seen) -> str:
    """The service account's app password has expired."""
    gone = [f"{token['identifier']} expired at {token['expires']}" for token in seen.app_passwords if _expired(token)]
    return "; ".join(gone) if len(gone) == len(seen.app_passwords) else ""


def _no_token(seen: Seen) -> bool:
    """Whether the account gets no token, for a reason that its password is likely to be."""
    fine = seen.account and seen.account["is_active"] and seen.account_access and not missing_grants(seen)
    return bool(fine and not app_password_expired(seen) and not app_password_missing(seen) and seen.token_answer["status"] != 200)


@cause(
    **ACCOUNT,
    symptom=f"{EVERYBODY}; its log says: unable to get authentik token, statusCode 400.",
    remedy="Use an app password (Directory, Tokens and App passwords; the role makes one): authentik takes no other for this.",
    thread="netbirdio/netbird#1657",
)
def login_password_used(seen: Seen) -> str:
    """What NetBird has is the password that the account logs in with, and not an app password."""
    said = f"a login as {seen.service_account} takes the password, the token endpoint does not ({seen.token_answer['error']})"
    return said if _no_token(seen) and seen.login_password else ""


@cause(
    **ACCOUNT,
    symptom=f"{EVERYBODY}; its log says: unable to get authentik token, statusCode 400.",
    remedy="Put the app password's key into NETBIRD_IDP_MGMT_EXTRA_PASSWORD (the roles do), correctly quoted, and "
    "restart NetBird.",
    thread="netbirdio/netbird#4778",
)
def app_password_wrong(seen: Seen) -> str:
    """The app password that NetBird has is not the service account's."""
    answer = seen.token_answer
    said = f"the token endpoint answers {answer['status']} {answer['error']}"
    return said if _no_token(seen) and not seen.login_password else ""


@cause(
    **ACCOUNT,
    symptom=f"{EVERYBODY}; its log says 403 Forbidden.",
    remedy="Add the service account to authentik Admins, or give it the permission authentik_core.view_user (the role "
    "does the one or the other).",
    thread="netbirdio/netbird#2941",
)
def service_account_without_rights(seen: Seen) -> str:
    """The service account may not read authentik's users."""
    expected = "goauthentik.io/api" in seen.scopes and not tokens_expired(seen)
    refused = expected and seen.users_answer["status"] != 200
    return f"GET /api/v3/core/users/ answers {seen.users_answer['status']}" if refused else ""


@cause.evidence("Service account", setup="standalone")
def account_works(seen: Seen) -> str:
    """What it did, as NetBird's management server does at its start."""
    token, users = seen.token_answer["status"], seen.users_answer["status"]
    return f"{seen.service_account}: a token for its app password ({token}), and authentik's users with it ({users})"


# Device codes

DEVICE = {"check": "Device code flow", "setup": "standalone"}


@cause(
    **DEVICE,
    explains=("device_page_missing",),
    symptom="netbird up --no-browser shows a URL, and authentik answers there with Not Found.",
    remedy="Set the device code flow on the default brand (the role does). The endpoint itself answers as if all were well.",
    thread="netbirdio/netbird#1015",
)
def device_flow_not_on_default_brand(seen: Seen) -> str:
    """The default brand has no flow for device codes."""
    if seen.brand["flow_device_code"]:
        return ""
    others = [brand["domain"] for brand in seen.brands if brand["flow_device_code"]]
    return f"flow_device_code of {seen.brand['domain']} is empty" + (f", {', '.join(others)} has one" if others else "")


@cause(
    **DEVICE,
    symptom="Whoever opens the device's URL is sent somewhere else, or gets an error of the flow.",
    remedy='Set the flow\'s designation to "Stage Configuration" (the role does).',
)
def device_flow_designation(seen: Seen) -> str:
    """The device code flow has a designation of another kind."""
    wrong = seen.device_flow and seen.device_flow["designation"] != "stage_configuration"
    return f"designation of {seen.device_flow['slug']} is {seen.device_flow['designation']}" if wrong else ""


@cause(
    **DEVICE,
    symptom="A device's code can be entered by somebody who is not logged in, and then leads nowhere.",
    remedy='Set the flow\'s authentication to "Require authentication" (the role does).',
)
def device_flow_authentication(seen: Seen) -> str:
    """The device code flow does not ask for a login first."""
    wrong = seen.device_flow and seen.device_flow["authentication"] != "require_authenticated"
    return f"authentication of {seen.device_flow['slug']} is {seen.device_flow['authentication']}" if wrong else ""


@cause(
    **DEVICE,
    elimination=True,
    explains=("token_refused",),
    symptom="netbird up --no-browser gets no code (slow_down), after many attempts from one address.",
    remedy="Wait for an hour: authentik gives an address 20 device codes an hour.",
)
def device_codes_rationed(seen: Seen) -> str:
    """authentik gives this address no more device codes for now."""
    said = said_by(seen, "token_refused")
    return f"the endpoint for devices answers {said}" if said == "slow_down" else ""


@cause.evidence("Device code flow", setup="standalone")
def device_page(seen: Seen) -> str:
    """The flow of the default brand."""
    return f"{seen.device_flow['slug']} on {seen.brand['domain']}"


# The flow in which people log in


@cause(
    check="Login flow",
    warning=True,
    symptom="Logins work or do not, as other flows come and go: authentik takes the first flow for that, by slug, that applies.",
    remedy="Set the authentication flow on the default brand (System, Brands).",
)
def brand_without_login_flow(seen: Seen) -> str:
    """The default brand has no flow for logging in."""
    return "" if seen.login_flow else f"flow_authentication of {seen.brand['domain']} is empty"


@cause.evidence("Login flow")
def login_flow(seen: Seen) -> str:
    """The flow, and the policies that decide whether it applies."""
    return f"{seen.login_flow['slug']}, bound to it: {', '.join(seen.login_policies) or 'no policy'}"
