# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fresh install comes with, as the recordings list it."""

from __future__ import annotations

from typing import NamedTuple

from .keys import NAME, KeyPair
from .rbac import READER, VIEWING
from .state import State, new_id

# Elsewhere a random number; here always the same, so that two fresh servers are alike.
OUTPOST = "ak-outpost-0123456789abcdef0123456789abcdef"
OAUTH2 = "goauthentik.io/providers/oauth2/scope-"
PROXY = "goauthentik.io/providers/proxy/scope-"


class _Flow(NamedTuple):
    slug: str
    name: str
    title: str
    designation: str
    authentication: str = "none"
    stages: tuple[str, ...] = ()


class _Mapping(NamedTuple):
    managed: str
    name: str
    scope_name: str
    description: str = ""


class _Policy(NamedTuple):
    """A policy and its one binding; ``flow`` is the slug of the flow it is bound to, else the target has no table here."""

    name: str
    action: str = ""
    flow: str = ""
    order: int = 0
    failure_result: bool = False
    target: str = ""
    since: str = "2024.10"
    expression: str = "return True"


REQUIRED = "require_authenticated"
FLOWS = (
    _Flow(
        "default-authentication-flow",
        "Welcome to authentik!",
        "Welcome to authentik!",
        "authentication",
        stages=("identification", "password", "mfa", "login"),
    ),
    _Flow(
        "default-authenticator-static-setup",
        "default-authenticator-static-setup",
        "Setup Static OTP Tokens",
        "stage_configuration",
        REQUIRED,
        ("static",),
    ),
    _Flow(
        "default-authenticator-totp-setup",
        "default-authenticator-totp-setup",
        "Set up Two-Factor authentication",
        "stage_configuration",
        REQUIRED,
        ("totp",),
    ),
    _Flow(
        "default-authenticator-webauthn-setup",
        "default-authenticator-webauthn-setup",
        "Setup WebAuthn",
        "stage_configuration",
        REQUIRED,
        ("webauthn",),
    ),
    _Flow("default-invalidation-flow", "Logout", "Default Invalidation Flow", "invalidation", stages=("logout",)),
    _Flow(
        "default-password-change",
        "Change Password",
        "Change password",
        "stage_configuration",
        REQUIRED,
        ("password-prompt", "password-write"),
    ),
    _Flow(
        "default-provider-authorization-explicit-consent",
        "Authorize Application",
        "Redirecting to %(app)s",
        "authorization",
        REQUIRED,
        ("consent",),
    ),
    _Flow(
        "default-provider-authorization-implicit-consent",
        "Authorize Application",
        "Redirecting to %(app)s",
        "authorization",
        REQUIRED,
    ),
    _Flow(
        "default-provider-invalidation-flow",
        "Logged out of application",
        "You've logged out of %(app)s.",
        "invalidation",
    ),
    _Flow(
        "default-source-authentication",
        "Welcome to authentik!",
        "Welcome to authentik!",
        "authentication",
        "require_unauthenticated",
        ("source-login",),
    ),
    _Flow(
        "default-source-enrollment",
        "Welcome to authentik! Please select a username.",
        "Welcome to authentik! Please select a username.",
        "enrollment",
        stages=("enrollment-prompt", "enrollment-write", "enrollment-login"),
    ),
    _Flow("default-source-pre-authentication", "Pre-Authentication", "Pre-authentication", "stage_configuration"),
    _Flow(
        "default-user-settings-flow",
        "User settings",
        "Update your info",
        "stage_configuration",
        REQUIRED,
        ("settings-prompt", "settings-write"),
    ),
    _Flow(
        "initial-setup",
        "default-oobe-setup",
        "Welcome to authentik!",
        "stage_configuration",
        stages=("setup-prompt", "password-write", "login"),
    ),
)

# The order is the one in which the install makes them, and in which a provider lists the ones it has.
MAPPINGS = (
    _Mapping(OAUTH2 + "openid", "authentik default OAuth Mapping: OpenID 'openid'", "openid"),
    _Mapping(OAUTH2 + "email", "authentik default OAuth Mapping: OpenID 'email'", "email", "Email address"),
    _Mapping(
        OAUTH2 + "profile",
        "authentik default OAuth Mapping: OpenID 'profile'",
        "profile",
        "General Profile Information",
    ),
    _Mapping(
        OAUTH2 + "entitlements",
        "authentik default OAuth Mapping: Application Entitlements",
        "entitlements",
        "Application entitlements",
    ),
    _Mapping(
        OAUTH2 + "offline_access",
        "authentik default OAuth Mapping: OpenID 'offline_access'",
        "offline_access",
        "Access to request new tokens without interaction",
    ),
    _Mapping(
        OAUTH2 + "authentik_api",
        "authentik default OAuth Mapping: authentik API access",
        "goauthentik.io/api",
        "authentik API Access on behalf of your user",
    ),
    _Mapping(
        PROXY + "proxy",
        "authentik default OAuth Mapping: Proxy outpost",
        "ak_proxy",
        "authentik Proxy - User information",
    ),
)

# What the default mappings return: written for this stand-in, with the claims that the recorded tokens show.
EXPRESSIONS = {
    "openid": "return {}",
    "email": 'return {"email": request.user.email, "email_verified": False}',
    "profile": (
        "return {\n"
        '    "name": request.user.name,\n'
        '    "given_name": request.user.name,\n'
        '    "preferred_username": request.user.username,\n'
        '    "nickname": request.user.username,\n'
        '    "groups": [group.name for group in request.user.groups.all()],\n'
        "}"
    ),
    "entitlements": (
        "names = [each.name for each in request.user.app_entitlements(provider.application)]\n"
        'return {"entitlements": names, "roles": list(names)}'
    ),
    "offline_access": "return {}",
    "goauthentik.io/api": "return {}",
    "ak_proxy": 'return {"ak_proxy": {"user_attributes": request.user.group_attributes(), "is_superuser": user.is_superuser}}',
}

IF_SSO = "return ak_is_sso_flow"
POLICIES = (
    _Policy("default-oobe-prefill-user"),
    _Policy("default-oobe-password-usable", flow="initial-setup"),
    _Policy("default-oobe-flow-set-authentication"),
    _Policy("default-source-enrollment-if-username"),
    _Policy("default-source-authentication-if-sso", flow="default-source-authentication", expression=IF_SSO),
    _Policy("default-source-enrollment-if-sso", flow="default-source-enrollment", expression=IF_SSO),
    _Policy("default-authentication-flow-password-stage", order=10, failure_result=True),
    _Policy(
        "default-authentication-flow-authenticator-validate-stage",
        order=10,
        failure_result=True,
        since="2026.5",
    ),
    _Policy("default-match-update", "update_available"),
    _Policy("default-match-configuration-error", "configuration_error"),
    _Policy("default-match-configuration-warning", "configuration_warning", since="2026.5"),
    _Policy("default-match-policy-exception", "policy_exception", target="exceptions"),
    _Policy("default-match-property-mapping-exception", "property_mapping_exception", target="exceptions", order=1),
)


def fresh(version: str, token: str, pair: KeyPair) -> State:
    """Make the state of a server that was just installed, with an API token of its administrator."""
    state = State(version=version, admin_token=token)
    state.generated.add(token)
    _flows(state)
    _policies(state)
    for mapping in MAPPINGS:
        # UNRECORDED: releases before 2025.10 (the blueprints in authentik's source)
        if mapping.scope_name == "entitlements" and not state.at_least("2024.12"):
            continue
        pk = new_id()
        expression = EXPRESSIONS[mapping.scope_name]
        state.mappings[pk] = {"pk": pk, **mapping._asdict(), "expression": expression}
    pk = new_id()
    state.certificates[pk] = {"pk": pk, "name": NAME, "managed": None, **pair.columns()}
    _brand(state)
    _people(state, token)
    return state


def _flows(state: State) -> None:
    stages: dict[str, str] = {}
    for flow in FLOWS:
        pk = new_id()
        state.flows[pk] = {
            "pk": pk,
            "policybindingmodel_ptr_id": new_id(),
            "name": flow.name,
            "slug": flow.slug,
            "title": flow.title,
            "designation": flow.designation,
            "background": "",
            "stages": [stages.setdefault(stage, new_id()) for stage in flow.stages],
            "stage_kinds": list(flow.stages),
            "policy_engine_mode": "any",
            "compatibility_mode": False,
            "layout": "stacked",
            "denied_action": "message_continue",
            "authentication": flow.authentication,
        }


def _policies(state: State) -> None:
    targets: dict[str, str] = {}
    for policy in POLICIES:
        if not state.at_least(policy.since):
            continue
        pk, binding = new_id(), new_id()
        flow = state.find("flows", slug=policy.flow)
        target = flow["pk"] if flow else targets.setdefault(policy.target or policy.name, new_id())
        state.policies[pk] = {
            "pk": pk,
            "name": policy.name,
            "execution_logging": False,
            "kind": "event_matcher" if policy.action else "expression",
            "expression": policy.expression,
            "action": policy.action,
        }
        state.bindings[binding] = {
            "pk": binding,
            "policy": pk,
            "group": None,
            "user": None,
            "target": target,
            "negate": False,
            "enabled": True,
            "order": policy.order,
            "timeout": 30,
            "failure_result": policy.failure_result,
        }
    state.other_targets.update(targets.values())


def _brand(state: State) -> None:
    def flow(slug: str) -> str:
        found = state.find("flows", slug=slug)
        assert found, slug
        return str(found["pk"])

    pk = new_id()
    state.brands[pk] = {
        "brand_uuid": pk,
        "domain": "authentik-default",
        "default": True,
        "branding_title": "authentik",
        "branding_logo": "/static/dist/assets/icons/icon_left_brand.svg",
        "branding_favicon": "/static/dist/assets/icons/icon.png",
        "branding_custom_css": "",
        "branding_default_flow_background": "/static/dist/assets/images/flow_background.jpg",
        "flow_authentication": flow("default-authentication-flow"),
        "flow_invalidation": flow("default-invalidation-flow"),
        "flow_recovery": None,
        "flow_unenrollment": None,
        "flow_user_settings": flow("default-user-settings-flow"),
        "flow_device_code": None,
        "default_application": None,
        "web_certificate": None,
        "client_certificates": [],
        "attributes": {},
    }
    # UNRECORDED: what 2026.8 has more, here and in every field that came with it (OpenAPI)
    if state.at_least("2026.8"):
        newer = dict.fromkeys(("flow_lockdown", "flow_request", "flow_user_switch"))
        state.brands[pk].update({"branding_map_tiles": "", **newer})


def _people(state: State, token: str) -> None:
    state.add_group("authentik Admins", superuser=True)
    admin = state.add_user("akadmin", "akadmin", "authentik Default Admin", "admin@example.com", ["authentik Admins"])
    state.add_token("authentik-bootstrap-token", admin["pk"], key=token, expiring=False)
    outpost = state.add_user(
        OUTPOST,
        name="Outpost authentik Embedded Outpost Service-Account",
        path="goauthentik.io/outposts",
        type="internal_service_account",
    )
    pk = new_id()
    state.roles[pk] = {"pk": pk, "name": f"ak-managed-role--user-{outpost['pk']}", "permissions": [], "objects": {}}
    outpost["roles"] = [pk]
    pk = new_id()
    state.roles[pk] = {"pk": pk, "name": READER, "permissions": sorted(VIEWING), "objects": {}}
