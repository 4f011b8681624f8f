# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls of the API that are not about one kind of object: version, passwords, membership, checks, permissions."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

from starlette.responses import Response

from . import access, api, blueprints, claims, keys, rbac
from .api import Refused, allowed, clean, create, guarded, lookup, may, parse, remove
from .apps import APPLICATIONS, CERTIFICATES, PROVIDERS
from .blueprints import BLUEPRINTS
from .devices import own
from .fields import Field, boolean, choice, integer, mapping, mappings, moment
from .people import GROUPS, TOKENS, USERS
from .policies import BINDINGS
from .spec import NotBuilt, View
from .state import VERSIONS, Row, State, new_id, now, stamp

Result = tuple[int, Any]

# 2026.5's names; 2025.10 lacks the two about media files.
SYSTEM_PERMISSIONS = (
    "access_admin_interface",
    "edit_system_settings",
    "view_system_settings",
    "view_system_info",
    *(f"{verb}_initialpermissions" for verb in ("add", "view", "change", "delete")),
    *(f"{verb}_role" for verb in ("add", "view", "change", "delete")),
    "assign_role_permissions",
    "unassign_role_permissions",
)
MEDIA_PERMISSIONS = ("manage_media_files", "view_media_files")
PROVIDER_MODEL = "authentik_providers_oauth2.oauth2provider"
ACCOUNT_FIELDS = (
    Field("name", required=True, unique="This field must be unique."),
    Field("create_group", boolean, default=False),
    Field("expiring", boolean, default=True),
    Field("expires", moment),
)
TRANSACTION_FIELDS = (
    Field("app", mapping, required=True),
    Field("provider_model", required=True),
    Field("provider", mapping, required=True),
    Field("policy_bindings", mappings),
)


def version(view: View, _key: str, _data: Any) -> Result:
    """Say which release this is; the recorded 2026.5 had looked for no newer one."""
    current = view.state.called or VERSIONS[view.state.version]
    older = not view.state.at_least("2026.5")
    return 200, {
        "version_current": current,
        "version_latest": current if older else "0.0.0",
        "version_latest_valid": older,
        "build_hash": "",
        "outdated": False,
        "outpost_outdated": False,
    }


def config(view: View, _key: str, _data: Any) -> Result:
    """Say what this server can do."""
    older = {} if view.state.at_least("2026.5") else {"cache_timeout_reputation": 0}
    return 200, {
        "error_reporting": {
            "enabled": False,
            "sentry_dsn": "https://151ba72610234c4c97c5bcff4e1cffd8@authentik.error-reporting.a7k.io/4504163677503489",
            "environment": "customer",
            "send_pii": False,
            "traces_sample_rate": 0.1,
        },
        "capabilities": ["can_impersonate", "is_enterprise"],
        "cache_timeout": 300,
        "cache_timeout_flows": 300,
        "cache_timeout_policies": 300,
        **older,
    }


def me(view: View, _key: str, _data: Any) -> Result:
    """Return the caller."""
    state, row = view.state, view.caller
    newer = state.at_least("2026.5")
    permissions = [*SYSTEM_PERMISSIONS, *(MEDIA_PERMISSIONS if newer else ())] if view.superuser else []
    user = {
        "pk": row["pk"],
        "username": row["username"],
        "name": row["name"],
        "is_active": row["is_active"],
        "is_superuser": view.superuser,
        **({"is_current": False} if state.at_least("2026.8") else {}),
        "groups": [{"name": group["name"], "pk": group["pk"]} for group in state.groups_of(row)],
        **({"roles": [{"name": state.roles[pk]["name"], "pk": pk} for pk in row["roles"]]} if newer else {}),
        "email": row["email"],
        "avatar": USERS.render(view.plain(), row)["avatar"],
        "uid": state.uid(row),
        "settings": row["attributes"].get("settings", {}),
        "type": row["type"],
        "system_permissions": permissions,
    }
    return 200, {"user": user, **({"users": []} if state.at_least("2026.8") else {})}


def set_password(view: View, key: str, data: Any) -> Result:
    """Set a user's password."""
    # UNRECORDED: both (measured on a 2026.5)
    allowed(view, "authentik_core.reset_user_password", "authentik_core.view_user")
    row = lookup(USERS, view, key)
    row["password"] = clean((Field("password", required=True),), data, view.state, False)["password"]
    row["password_change_date"] = row["last_updated"] = stamp()
    return 204, None


def service_account(view: View, _key: str, data: Any) -> Result:
    """Make a service account and, unasked, its first app password (measured: facts)."""
    state = view.state
    allowed(view, "authentik_core.add_user")
    attrs = clean(ACCOUNT_FIELDS, data, state, False)
    name, expiring = attrs["name"], attrs.get("expiring", True)
    if state.find("users", username=name):
        if state.at_least("2026.5"):
            raise Refused(400, {"name": ["This field must be unique."]})
        detail = f"DETAIL:  Key (username)=({name}) already exists."
        constraint = 'duplicate key value violates unique constraint "authentik_core_user_username_key"'
        raise Refused(400, {"non_field_errors": [f"{constraint}\n{detail}"]})
    user = state.add_user(
        name,
        name=name,
        path="goauthentik.io/service-accounts",
        type="service_account",
        attributes={"goauthentik.io/user/token-expires": expiring},
    )
    identifier = "service-account-" + re.sub(r"[^a-z0-9_-]+", "-", name.lower()) + "-password"
    expires = attrs.get("expires") or stamp(now() + timedelta(days=360))
    token = state.add_token(identifier, user["pk"], "app_password", expires=expires, expiring=expiring)
    body = {
        "username": name,
        "user_uid": state.uid(user),
        "user_pk": user["pk"],
        "token": token["key"],
    }
    if attrs.get("create_group"):
        # UNRECORDED: what a group that is made along is answered with (OpenAPI)
        group = state.find("groups", name=name) or state.add_group(name)
        group["users"].append(user["pk"])
        body["group_pk"] = group["pk"]
    return 200, body


def _member(view: View, key: str, data: Any) -> tuple[Row, Row]:
    group = lookup(GROUPS, view, key)
    user = view.state.users.get(data.get("pk") if isinstance(data, dict) else None)
    # UNRECORDED: a user whom the caller may not view (measured on a 2026.5)
    if user is None or not may(view, "authentik_core.view_user"):
        raise Refused(404, {"detail": "Not found."})
    return group, user


def add_user(view: View, key: str, data: Any) -> Result:
    """Put a user into a group; one who is in it already changes nothing."""
    allowed(view, "authentik_core.add_user_to_group")
    group, user = _member(view, key, data)
    if user["pk"] not in group["users"]:
        group["users"].append(user["pk"])
    return 204, None


def remove_user(view: View, key: str, data: Any) -> Result:
    """Take a user out of a group."""
    allowed(view, "authentik_core.remove_user_from_group")
    group, user = _member(view, key, data)
    group["users"] = [pk for pk in group["users"] if pk != user["pk"]]
    return 204, None


def view_key(view: View, key: str, _data: Any) -> Result:
    """Return a token's key, which no other answer holds."""
    allowed(view, "authentik_core.view_token_key")
    return 200, {"key": lookup(TOKENS, view, key)["key"]}


def set_key(view: View, key: str, data: Any) -> Result:
    """Set a token's key."""
    # UNRECORDED: both (measured on a 2026.5)
    allowed(view, "authentik_core.set_token_key", "authentik_core.add_token")
    row = lookup(TOKENS, view, key)
    row["key"] = clean((Field("key", required=True),), data, view.state, False)["key"]
    return 204, None


def _for_user(view: View, wrong: str) -> Row:
    value = view.query["for_user"][-1]
    if not value.isdecimal():
        raise Refused(400, {"for_user": wrong})
    found = view.state.users.get(int(value))
    if found is None:
        raise Refused(400, {"for_user": "User not found"})
    return found


# UNRECORDED: keys of the last two kinds (OpenAPI)
ALGORITHMS = ("rsa", "ecdsa", "ed25519", "ed448")
GENERATION_FIELDS = (
    Field("common_name", required=True),
    Field("subject_alt_name", blank=True, default=""),
    Field("validity_days", integer, required=True),
    Field("alg", choice, choices=ALGORITHMS),
)


def generate(view: View, _key: str, data: Any) -> Result:
    """Make a pair of a certificate and a key."""
    allowed(view, CERTIFICATES.permission.format("add"))
    attrs = clean(GENERATION_FIELDS, data, view.state, False)
    name = attrs["common_name"]
    if view.state.find("certificates", name=name):
        raise Refused(400, {"common_name": ["This field must be unique."]})
    alg = attrs.get("alg", "rsa")
    if alg not in ("rsa", "ecdsa"):
        raise NotBuilt(f"a key of the kind {alg}")
    pair = keys.made(name, days=attrs["validity_days"], curve=alg == "ecdsa")
    row = {"pk": new_id(), "name": name, "managed": None, **pair.columns()}
    view.state.certificates[row["pk"]] = row
    return 200, CERTIFICATES.render(view, row)


def view_certificate(view: View, key: str, _data: Any) -> Result:
    """Show a certificate."""
    allowed(view, CERTIFICATES.permission.format("view"))
    return 200, {"data": lookup(CERTIFICATES, view, key)["certificate_data"]}


def apply_blueprint(view: View, key: str, _data: Any) -> Result:
    """Have a blueprint applied by a worker, later; the answer shows it as it was (recorded)."""
    allowed(view, BLUEPRINTS.permission.format("view"))
    row = lookup(BLUEPRINTS, view, key)
    shown = BLUEPRINTS.render(view, row)
    blueprints.apply(view, row)
    return 200, shown


def check_access(view: View, key: str, _data: Any) -> Result:
    """Say whether the bindings of an application let somebody in, without a login.

    Anybody may ask, but about nobody else unless they are an administrator: ``for_user`` is ignored then, and no
    message is shown (measured: facts).
    """
    row = lookup(APPLICATIONS, view, key)
    other = view.superuser and view.query.get("for_user", [""])[-1]
    user = _for_user(view, "for_user must be numerical") if other else view.caller
    decision = access.decide(view.state, row, user)
    messages = decision.messages if view.superuser else []
    return 200, {"passing": decision.passing, "messages": messages, "log_messages": []}


def set_icon_url(view: View, key: str, data: Any) -> Result:
    """Set an application's icon; releases since 2026.5 take it as a field.

    UNRECORDED: all of it (OpenAPI).
    """
    if view.state.at_least("2026.5"):
        raise Refused(404, {"detail": "Not found."})
    allowed(view, APPLICATIONS.permission.format("change"))
    row = lookup(APPLICATIONS, view, key)
    if not data.get("url"):
        raise Refused(400, {"url": ["This field is required."]})
    row["meta_icon"] = data["url"]
    return 200, {}


def setup_urls(view: View, key: str, _data: Any) -> Result:
    """Return the addresses that a client needs; some exist only once an application uses the provider."""
    allowed(view, PROVIDERS.permission.format("view"))
    row = lookup(PROVIDERS, view, key)
    root = f"{view.base}/application/o"
    application = view.state.find("applications", provider=row["pk"])
    urls: Row = {
        "issuer": None,
        "authorize": f"{root}/authorize/",
        "token": f"{root}/token/",
        "user_info": f"{root}/userinfo/",
        "provider_info": None,
        "logout": None,
    }
    if application:
        own = f"{root}/{application['slug']}"
        urls["issuer"] = claims.issuer(view.state, row, view.base)
        urls["provider_info"] = f"{own}/.well-known/openid-configuration"
        urls["logout"] = f"{own}/end-session/"
        urls["jwks"] = f"{own}/jwks/"
    return 200, urls


def preview_user(view: View, key: str, _data: Any) -> Result:
    """Return what somebody's id_token would hold, without a login; others than oneself take a permission of their own."""
    allowed(view, PROVIDERS.permission.format("view"))
    row, user = lookup(PROVIDERS, view, key), view.caller
    if view.query.get("for_user", [""])[-1]:
        user = _for_user(view, "input must be numerical")
        if not may(view, "authentik_core.preview_user"):
            raise Refused(400, {"for_user": "User not found"})
    scopes = tuple(view.state.mappings[pk]["scope_name"] for pk in row["property_mappings"])
    grant = claims.Grant(row["pk"], user["pk"], scopes, int(now().timestamp()), jti=claims.jti(view.state))
    found = claims.id_token(view.state, grant, view.base)
    return 200, {"preview": {name: value for name, value in found.items() if value is not None}}


def transactional(view: View, _key: str, data: Any) -> Result:
    """Make a provider and its application, or neither."""
    allowed(view, APPLICATIONS.permission.format("add"))
    attrs = clean(TRANSACTION_FIELDS, data, view.state, False)
    # UNRECORDED: the refusals, and bindings made along (OpenAPI)
    if attrs["provider_model"] != PROVIDER_MODEL:
        raise Refused(400, {"provider_model": [f'"{attrs["provider_model"]}" is not a valid choice.']})
    view = replace(view, partial=False)
    try:
        provider = create(PROVIDERS, view, attrs["provider"])
    except Refused as error:
        raise Refused(400, {"provider": error.body}) from None
    try:
        application = create(APPLICATIONS, view, {**attrs["app"], "provider": provider["pk"]})
    except Refused as error:
        remove(PROVIDERS, view, provider)
        raise Refused(400, {"app": error.body}) from None
    try:
        for binding in attrs.get("policy_bindings") or []:
            create(BINDINGS, view, {**binding, "target": application["pk"]})
    except Refused as error:
        remove(APPLICATIONS, view, application)
        remove(PROVIDERS, view, provider)
        raise Refused(400, {"policy_bindings": error.body}) from None
    return 200, {"applied": True, "logs": []}


class Action(NamedTuple):
    """One call: its method, its path with the object's key in brackets, and what it does."""

    method: str
    path: str
    does: Callable[[View, str, Any], Result]


ACTIONS = (
    Action("GET", r"admin/version/", version),
    Action("GET", r"root/config/", config),
    Action("GET", r"core/users/me/", me),
    Action("POST", r"core/users/(\d+)/set_password/", set_password),
    Action("POST", r"core/users/service_account/", service_account),
    Action("POST", r"core/groups/([^/]+)/add_user/", add_user),
    Action("POST", r"core/groups/([^/]+)/remove_user/", remove_user),
    Action("GET", r"core/tokens/([^/]+)/view_key/", view_key),
    Action("POST", r"core/tokens/([^/]+)/set_key/", set_key),
    Action("GET", r"core/applications/([^/]+)/check_access/", check_access),
    Action("POST", r"core/applications/([^/]+)/set_icon_url/", set_icon_url),
    Action("GET", r"providers/oauth2/(\d+)/setup_urls/", setup_urls),
    Action("POST", r"crypto/certificatekeypairs/generate/", generate),
    Action("GET", r"crypto/certificatekeypairs/([^/]+)/view_certificate/", view_certificate),
    Action("POST", r"managed/blueprints/([^/]+)/apply/", apply_blueprint),
    Action("GET", r"providers/oauth2/(\d+)/preview_user/", preview_user),
    Action("PUT", r"core/transactional/applications/", transactional),
    Action("GET", r"authenticators/all/", own),
    Action("GET", r"rbac/permissions/", rbac.permissions),
    Action("GET", r"rbac/permissions/(?:roles|assigned_by_roles)/", rbac.unbuilt),
    Action("POST", r"rbac/permissions/assigned_by_roles/([^/]+)/assign/", rbac.assign),
    Action("PATCH", r"rbac/permissions/assigned_by_roles/([^/]+)/unassign/", rbac.unassign),
    Action("POST", r"rbac/roles/([^/]+)/add_user/", rbac.add_user),
)
# What is answered to anybody.
OPEN = "root/config/"


def find(path: str) -> tuple[Action, str] | None:
    """Return the action of a path and the key in it."""
    for action in ACTIONS:
        found = re.fullmatch(action.path, path)
        if found:
            return action, (found.groups() or ("",))[0]
    return None


def anybody(path: str) -> bool:
    """Say whether a path asks for no token at first: what is about one object looks at permissions alone (measured: facts)."""
    action, resource = find(path), api.find(path)
    return path == OPEN or bool(action[1] if action else resource and resource[1])


def allow(path: str) -> str:
    """Return the methods that a path tells of, empty when there is no such path."""
    found = find(path)
    if found:
        method = found[0].method
        return "GET, HEAD, OPTIONS" if method == "GET" else f"{method}, OPTIONS"
    resource = api.find(path)
    return resource[2] if resource else ""


def handle(state: State, method: str, path: str, view: View, body: bytes) -> Response | None:
    """Answer a request for an action, or return None when the path is none."""
    found = find(path)
    if found is None:
        return None
    action, key = found

    def act() -> Result:
        if method != action.method:
            # UNRECORDED: another method (the source of Django REST framework)
            raise Refused(405, {"detail": f'Method "{method}" not allowed.'})
        return action.does(view, key, parse(body) if method != "GET" else None)

    return guarded(state, method, allow(path), act)
