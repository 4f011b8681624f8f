# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""authentik's applications with their providers, one by one, and all that belongs to one as tasks would say it.

PRIVATE to this collection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.bindings import (
    BINDING,
    ENTITLEMENT,
    bindings_of,
    names_of,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.service import Authentik, release
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.ensure import options_of
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import ApiError, Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.plan import Row
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import Endpoint, Field, Resource, text

APPLICATION = Resource(
    kind="application",
    path="core/applications/",
    label="slug",
    id="slug",
    identity=("slug",),
    filter="slug",
    params={"superuser_full_list": "true"},
    fields=(
        Field("slug", required=True),
        Field("name", needed=True),
        Field("provider", ref="provider"),
        Field("group"),
        Field("policy_engine_mode", choices=("any", "all")),
        Field("launch_url", api="meta_launch_url"),
        Field("icon", api="meta_icon", endpoint=Endpoint("core/applications/{slug}/set_icon_url/", "url"), canonical=text),
        Field("description", api="meta_description", canonical=text),
        Field("publisher", api="meta_publisher"),
        Field("open_in_new_tab", type="bool"),
    ),
)
GRANT_TYPES = (
    "authorization_code",
    "implicit",
    "hybrid",
    "refresh_token",
    "client_credentials",
    "password",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
)
# The first version with redirects of a log-out.
WITH_REDIRECT_TYPES = "2026.5.0-rc1"
REDIRECT_URI = {
    "matching_mode": {"type": "str", "choices": ["strict", "regex"], "default": "strict"},
    "url": {"type": "str", "required": True},
    "redirect_uri_type": {"type": "str", "choices": ["authorization", "logout"], "default": "authorization"},
}


def redirect_uri(entry: dict[str, Any]) -> dict[str, Any]:
    """A redirect as versions before and after 2026.5 agree on it: C(authorization) may be said or not."""
    kind = entry.get("redirect_uri_type")
    extra = {"redirect_uri_type": kind} if kind not in (None, "authorization") else {}
    return {"matching_mode": entry["matching_mode"], "url": entry["url"], **extra}


OAUTH2_PROVIDER = Resource(
    kind="OAuth2/OpenID provider",
    path="providers/oauth2/",
    filter="name",
    fields=(
        Field("name", required=True),
        Field("client_type", choices=("confidential", "public")),
        Field("client_id"),
        Field("client_secret", secret=True),
        Field("authentication_flow", ref="flow"),
        Field("authorization_flow", ref="flow", default="default-provider-authorization-implicit-consent"),
        Field("invalidation_flow", ref="flow", default="default-provider-invalidation-flow"),
        Field(
            "redirect_uris",
            type="list",
            elements="dict",
            suboptions=REDIRECT_URI,
            unordered=True,
            needed=True,
            canonical=redirect_uri,
        ),
        Field(
            "property_mappings",
            type="list",
            elements="str",
            ref="scope_mapping",
            unordered=True,
            default=["openid", "profile", "email"],
        ),
        Field("signing_key", ref="certificate", default="authentik Self-signed Certificate"),
        Field("access_code_validity"),
        Field("access_token_validity"),
        Field("refresh_token_validity"),
        Field(
            "sub_mode",
            choices=("hashed_user_id", "user_id", "user_uuid", "user_username", "user_email", "user_upn"),
        ),
        Field("issuer_mode", choices=("per_provider", "global")),
        Field("include_claims_in_id_token", type="bool"),
        Field(
            "grant_types",
            type="list",
            elements="str",
            choices=GRANT_TYPES,
            unordered=True,
            since="2026.5.0",
            default=["authorization_code", "refresh_token"],
            default_if_empty=True,
        ),
    ),
)
# What authentik gives a new binding.
ORDINARY = {"order": 0, "negate": False, "enabled": True, "timeout": 30, "failure_result": False}


def known_redirects(service: Authentik, params: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The task's redirects, without those for a log-out where the server would take them for those of a login."""
    wanted: list[dict[str, Any]] | None = params["redirect_uris"]
    logins = [entry for entry in wanted or [] if entry["redirect_uri_type"] == "authorization"]
    if len(logins) == len(wanted or []) or has_redirect_types(service, params["name"]):
        return wanted
    return [redirect_uri(entry) for entry in logins]


def has_redirect_types(service: Authentik, name: str) -> bool:
    """Whether the server tells redirects of a login from others."""
    current = service.find(OAUTH2_PROVIDER, "name", name)
    if current is not None and current["redirect_uris"]:
        return any("redirect_uri_type" in entry for entry in current["redirect_uris"])
    told = service.takes(OAUTH2_PROVIDER, "redirect_uris.child.children.redirect_uri_type")
    return release(service.version) >= release(WITH_REDIRECT_TYPES) if told is None else told


def application_by_name(service: Authentik, slug: str) -> dict[str, Any]:
    """An application, its provider, its bindings and its entitlements, each by the options of its module, with names for ids."""
    row = service.find(APPLICATION, "slug", slug)
    if row is None:
        raise Failure(f"authentik has no application {slug!r}.")
    provider = _provider(service, row) if row["provider"] else None
    entitlements = service.rows(ENTITLEMENT, {"app": row["pk"]})
    bindings = bindings_of(service, [row["pk"], *(each["pbm_uuid"] for each in entitlements)])
    own = [each for each in bindings if each["target"] == row["pk"]]
    return {
        "application": filled(options_of(service, APPLICATION, row)),
        "provider": filled(options_of(service, OAUTH2_PROVIDER, provider)) if provider else {},
        "bindings": [_binding(each) for each in sorted(own, key=lambda each: (each["order"], repr(names_of(each))))],
        "entitlements": [
            _entitlement(each, [binding for binding in bindings if binding["target"] == each["pbm_uuid"]])
            for each in sorted(entitlements, key=lambda each: str(each["name"]))
        ],
    }


def _provider(service: Authentik, application: Row) -> Row:
    try:
        found: Row = service.get(f"{OAUTH2_PROVIDER.path}{application['provider']}/")
    except ApiError as error:
        if error.status != 404:
            raise
        raise Failure(f"The provider of application {application['slug']!r} is none of OAuth2/OpenID.") from None
    return found


def filled(options: Mapping[str, Any]) -> dict[str, Any]:
    """What says something: an empty setting is what a new object has."""
    return {name: value for name, value in options.items() if value not in ("", None, [], {})}


def _binding(row: Row) -> dict[str, Any]:
    settings = {field.name: row[field.path] for field in BINDING.fields if field.name in ORDINARY}
    return {**names_of(row), **{name: value for name, value in settings.items() if value != ORDINARY[name]}}


def _entitlement(row: Row, bindings: Iterable[Row]) -> dict[str, Any]:
    bound = [names_of(each) for each in bindings]
    holders = {f"{kind}s": sorted(each[kind] for each in bound if kind in each) for kind in ("group", "user")}
    return {"name": row["name"], **filled({**holders, "attributes": row["attributes"]})}
