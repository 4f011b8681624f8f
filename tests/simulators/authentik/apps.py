# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources that a provider is made of: flows, certificates, scope mappings, providers, applications, bindings."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from . import access
from .expressions import syntax_error
from .fields import (
    Field,
    Invalid,
    boolean,
    choice,
    choices,
    computed,
    constant,
    duration,
    redirect_keys,
    redirect_uris,
    ref,
    refs,
    slug,
    stored,
    text,
    url,
)
from .keys import expiry, fingerprint, is_private_key, key_type, parsed, subject
from .spec import (
    Resource,
    View,
    choice_of,
    exact,
    existing,
    is_null,
    reference,
    references,
    switch,
)
from .state import GRANTS_NAMED, Row, State, new_id

NEWER = "2026.5"
BACKGROUND = "/static/dist/assets/images/flow_background.jpg"
ENGINE_MODES = ("all", "any")
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
DESIGNATIONS = (
    "authentication",
    "authorization",
    "invalidation",
    "enrollment",
    "unenrollment",
    "recovery",
    "stage_configuration",
)
REQUIREMENTS = (
    "none",
    "require_authenticated",
    "require_unauthenticated",
    "require_superuser",
    "require_redirect",
    "require_outpost",
)
LAYOUTS = (
    "stacked",
    "content_left",
    "content_right",
    "sidebar_left",
    "sidebar_right",
    "sidebar_left_frame_background",
    "sidebar_right_frame_background",
)
SUBJECTS = ("hashed_user_id", "user_id", "user_uuid", "user_username", "user_email", "user_upn")


def drop_bindings(view: View, column: str, pk: Any) -> None:
    """Delete the bindings of something that goes."""
    for binding in list(view.state.where("bindings", **{column: pk})):
        del view.state.bindings[binding["pk"]]


def _flow_made(_view: View, row: Row) -> None:
    row.update({"policybindingmodel_ptr_id": new_id(), "stages": [], "stage_kinds": []})
    row.setdefault("background", "")


def _flow_deleted(view: View, row: Row) -> None:
    """Follow the database's rules: a provider goes with its authorization flow, whatever else points here is emptied."""
    drop_bindings(view, "target", row["pk"])
    for brand in view.state.brands.values():
        brand.update({key: None for key, value in brand.items() if key.startswith("flow_") and value == row["pk"]})
    for provider in list(view.state.providers.values()):
        # UNRECORDED: what becomes of a provider whose flow is deleted (authentik's source)
        for key in ("authentication_flow", "invalidation_flow"):
            if provider[key] == row["pk"]:
                provider[key] = None
        if provider["authorization_flow"] == row["pk"]:
            del view.state.providers[provider["pk"]]
            _provider_deleted(view, provider)


FLOWS = Resource(
    path="flows/instances/",
    table="flows",
    model="Flow",
    permission="authentik_flows.{}_flow",
    fields=(
        stored("pk"),
        stored("policybindingmodel_ptr_id"),
        Field("name", required=True),
        Field("slug", slug, required=True, unique="Flow with this slug already exists."),
        Field("title", required=True),
        Field("designation", choice, choices=DESIGNATIONS, required=True),
        constant("background", BACKGROUND, until=NEWER),
        Field("background", blank=True, default="", since=NEWER),
        computed("background_url", lambda _view, row: row["background"] or BACKGROUND, since=NEWER),
        constant("background_themed_urls", None, since=NEWER),
        stored("stages"),
        computed(
            "policies",
            lambda view, row: [each["policy"] for each in view.state.where("bindings", target=row["pk"]) if each["policy"]],
        ),
        constant("cache_count", 0),
        Field("policy_engine_mode", choice, choices=ENGINE_MODES, default="any"),
        Field("compatibility_mode", boolean, default=False),
        computed("export_url", lambda _view, row: f"/api/v3/flows/instances/{row['slug']}/export/"),
        Field("layout", choice, choices=LAYOUTS, default="stacked"),
        Field("denied_action", choice, choices=("message_continue", "message", "continue"), default="message_continue"),
        Field("authentication", choice, choices=REQUIREMENTS, default="none"),
    ),
    lookup="slug",
    order=("slug",),
    filters={
        "slug": exact,
        "name": exact,
        "flow_uuid": lambda _name, values, view: exact("pk", values, view),
        "designation": choice_of(*DESIGNATIONS),
        "denied_action": choice_of("message_continue", "message", "continue"),
    },
    search=("name", "slug", "designation", "title"),
    made=_flow_made,
    deleted=_flow_deleted,
)


def _certificate_deleted(view: View, row: Row) -> None:
    # UNRECORDED: a provider or a brand loses a certificate that is deleted (authentik's source)
    for provider in view.state.providers.values():
        provider.update({key: None for key in ("signing_key", "encryption_key") if provider[key] == row["pk"]})
    for brand in view.state.brands.values():
        brand["web_certificate"] = None if brand["web_certificate"] == row["pk"] else brand["web_certificate"]


def certificate_text(field: Field, value: Any, state: State) -> Any:
    """Take a certificate as text (PEM)."""
    clean = text(field, value, state)
    try:
        parsed(clean)
    except ValueError:
        raise Invalid("Unable to load certificate.") from None
    return clean


def key_text(field: Field, value: Any, state: State) -> Any:
    """Take a private key as text, or none; whether it is the certificate's is not looked at (recorded)."""
    clean = text(field, value, state)
    if clean and not is_private_key(clean):
        raise Invalid("Unable to load private key (possibly encrypted?).")
    return clean


def _certificate_url(what: str) -> Field:
    kind = "private_key" if what == "private_key" else "certificate"
    return computed(
        f"{what}_download_url",
        lambda _view, row: f"/api/v3/crypto/certificatekeypairs/{row['pk']}/view_{kind}/?download",
    )


CERTIFICATES = Resource(
    path="crypto/certificatekeypairs/",
    table="certificates",
    model="CertificateKeyPair",
    permission="authentik_crypto.{}_certificatekeypair",
    fields=(
        stored("pk"),
        Field("name", required=True, unique="Certificate-Key Pair with this name already exists."),
        computed("fingerprint_sha256", lambda _view, row: fingerprint(row["certificate_data"], "sha256")),
        computed("fingerprint_sha1", lambda _view, row: fingerprint(row["certificate_data"], "sha1")),
        Field("certificate_data", certificate_text, required=True, write_only=True),
        Field("key_data", key_text, blank=True, default="", write_only=True),
        computed("cert_expiry", lambda _view, row: row.get("cert_expiry") or expiry(row["certificate_data"])),
        computed("cert_subject", lambda _view, row: subject(row["certificate_data"])),
        computed("private_key_available", lambda _view, row: bool(row["key_data"])),
        computed("private_key_type", lambda _view, row: key_type(row["certificate_data"]), until=NEWER),
        computed("key_type", lambda _view, row: key_type(row["certificate_data"]), since=NEWER),
        _certificate_url("certificate"),
        _certificate_url("private_key"),
        stored("managed"),
    ),
    # What asks for those without a key is shown all (authentik's source).
    filters={
        "name": exact,
        "managed": exact,
        "has_key": lambda _name, values, _view: (
            (lambda _view, row: bool(row["key_data"])) if values[-1].lower() == "true" else None
        ),
    },
    made=lambda _view, row: row.update(managed=None),
    deleted=_certificate_deleted,
)


def check_expression(_view: View, attrs: Row, row: Row | None, *, new: str = "temp-policy") -> None:
    """Refuse an expression that does not compile; what it does when it runs is seen only then."""
    if "expression" in attrs and (error := syntax_error(attrs["expression"], row["name"] if row else new)):
        raise Invalid({"expression": [error]})


def _check_mapping(view: View, attrs: Row, row: Row | None) -> None:
    # UNRECORDED: what a new mapping is called in the complaint (a guess)
    check_expression(view, attrs, row, new="<expression>")


def _mapping_deleted(view: View, row: Row) -> None:
    # UNRECORDED: a provider loses a mapping that is deleted (authentik's source)
    for provider in view.state.providers.values():
        provider["property_mappings"] = [pk for pk in provider["property_mappings"] if pk != row["pk"]]


MAPPINGS = Resource(
    path="propertymappings/provider/scope/",
    table="mappings",
    model="ScopeMapping",
    permission="authentik_providers_oauth2.{}_scopemapping",
    fields=(
        stored("pk"),
        Field("managed", null=True),
        Field("name", required=True, unique="Property Mapping with this name already exists."),
        Field("expression", required=True),
        constant("component", "ak-property-mapping-provider-scope-form"),
        constant("verbose_name", "Scope Mapping"),
        constant("verbose_name_plural", "Scope Mappings"),
        constant("meta_model_name", "authentik_providers_oauth2.scopemapping"),
        Field("scope_name", required=True),
        Field("description", blank=True, default=""),
    ),
    order=("scope_name", "name"),
    filters={
        "managed": existing("mappings"),
        "managed__isnull": is_null,
        "name": exact,
        "scope_name": exact,
    },
    check=_check_mapping,
    deleted=_mapping_deleted,
)


def _application(view: View, row: Row) -> Row | None:
    return view.state.find("applications", provider=row["pk"])


def _redirects(view: View, row: Row) -> list[Row]:
    """Show the redirects; a PATCH's answer leaves out a type that was not sent (measured), others show the default."""
    if view.partial or not view.state.at_least(NEWER):
        return list(row["redirect_uris"])
    return [{**each, "redirect_uri_type": each.get("redirect_uri_type", "authorization")} for each in row["redirect_uris"]]


def _check_provider(view: View, attrs: Row, _row: Row | None) -> None:
    if "redirect_uris" in attrs and view.state.at_least(NEWER) and not view.partial:
        attrs["redirect_uris"] = [{**each, **_type(each)} for each in attrs["redirect_uris"]]


def _type(entry: Row) -> Row:
    return {"redirect_uri_type": entry.get("redirect_uri_type", "authorization")}


def _provider_deleted(view: View, row: Row) -> None:
    for application in view.state.where("applications", provider=row["pk"]):
        # UNRECORDED: an application whose provider is deleted (authentik's source)
        application["provider"] = None


_PROVIDER_HEAD = (
    stored("pk"),
    Field("name", required=True, unique="provider with this name already exists."),
    Field("authentication_flow", ref("flows"), null=True),
    Field("authorization_flow", ref("flows"), required=True),
    Field("invalidation_flow", ref("flows"), required=True),
    Field("property_mappings", refs("mappings"), default=[]),
    constant("component", "ak-provider-oauth2-form"),
    computed("assigned_application_slug", lambda view, row: (_application(view, row) or {}).get("slug")),
    computed("assigned_application_name", lambda view, row: (_application(view, row) or {}).get("name")),
    constant("assigned_backchannel_application_slug", None, since=NEWER),
    constant("assigned_backchannel_application_name", None, since=NEWER),
    constant("verbose_name", "OAuth2/OpenID Provider"),
    constant("verbose_name_plural", "OAuth2/OpenID Providers"),
    constant("meta_model_name", "authentik_providers_oauth2.oauth2provider"),
)
PROVIDERS = Resource(
    path="providers/oauth2/",
    table="providers",
    model="OAuth2Provider",
    permission="authentik_providers_oauth2.{}_oauth2provider",
    fields=(
        *_PROVIDER_HEAD,
        Field("client_type", choice, choices=("confidential", "public"), default="confidential"),
        Field("grant_types", choices, choices=GRANT_TYPES, default=[], since=GRANTS_NAMED),
        Field(
            "client_id",
            default=lambda state: state.secret(40),
            max_length=255,
            unique="OAuth2/OpenID Provider with this Client ID already exists.",
        ),
        Field("client_secret", default=lambda state: state.secret(128), blank=True, max_length=255),
        Field("access_code_validity", duration, default="minutes=1"),
        Field("access_token_validity", duration, default="hours=1"),
        Field("refresh_token_validity", duration, default="days=30"),
        Field("refresh_token_threshold", duration, default="seconds=0", since=NEWER),
        Field("include_claims_in_id_token", boolean, default=True),
        Field("signing_key", ref("certificates"), null=True),
        Field("encryption_key", ref("certificates"), null=True),
        Field("redirect_uris", redirect_uris, required=True, read=_redirects, entries=redirect_keys),
        Field("backchannel_logout_uri", url, blank=True, default="", until=NEWER),
        Field("logout_uri", url, blank=True, default="", since=NEWER),
        Field("logout_method", choice, choices=("backchannel", "frontchannel"), default="backchannel", since=NEWER),
        Field("sub_mode", choice, choices=SUBJECTS, default="hashed_user_id"),
        Field("issuer_mode", choice, choices=("global", "per_provider"), default="per_provider"),
        constant("jwt_federation_sources", []),
        Field("jwt_federation_providers", refs("providers"), default=[]),
    ),
    filters={
        "name": exact,
        "client_id": exact,
        "client_type": choice_of("confidential", "public"),
        "issuer_mode": choice_of("global", "per_provider"),
        "sub_mode": choice_of(*SUBJECTS),
        "include_claims_in_id_token": switch,
        "authorization_flow": reference("flows"),
        "signing_key": reference("certificates"),
        "property_mappings": references("mappings", lambda _view, row: row["property_mappings"]),
        "application": references(
            "applications",
            lambda view, row: [each["pk"] for each in view.state.where("applications", provider=row["pk"])],
        ),
    },
    check=_check_provider,
    deleted=_provider_deleted,
)


def launch_url(view: View, row: Row) -> str | None:
    """Return an application's address: its own, else the origin of its provider's first redirect."""
    if row["meta_launch_url"]:
        return str(row["meta_launch_url"])
    provider = view.state.providers.get(row["provider"])
    if not provider or not provider["redirect_uris"]:
        return None
    return urlsplit(str(provider["redirect_uris"][0]["url"]))._replace(path="").geturl()


def _provider_obj(view: View, row: Row) -> Row | None:
    provider = view.state.providers.get(row["provider"])
    if provider is None:
        return None
    known = (each for each in _PROVIDER_HEAD if each.known(view.state))
    return {each.name: each.read(view, provider) if each.read else provider[each.name] for each in known}


def _application_deleted(view: View, row: Row) -> None:
    """Take the entitlements and the bindings along; the provider stays (measured: facts)."""
    drop_bindings(view, "target", row["pk"])
    for entitlement in list(view.state.where("entitlements", app=row["pk"])):
        del view.state.entitlements[entitlement["pbm_uuid"]]
        drop_bindings(view, "target", entitlement["pbm_uuid"])
    for brand in view.state.where("brands", default_application=row["pk"]):
        # UNRECORDED: a brand whose application is deleted (authentik's source)
        brand["default_application"] = None


APPLICATIONS = Resource(
    path="core/applications/",
    table="applications",
    model="Application",
    permission="authentik_core.{}_application",
    fields=(
        stored("pk"),
        computed("pbm_uuid", lambda _view, row: row["pk"], since="2026.8"),
        Field("name", required=True),
        Field("slug", slug, required=True, unique="Application with this slug already exists."),
        Field("provider", ref("providers"), null=True, unique="Application with this provider already exists."),
        computed("provider_obj", _provider_obj),
        constant("backchannel_providers", []),
        constant("backchannel_providers_obj", []),
        computed("launch_url", launch_url),
        Field("open_in_new_tab", boolean, default=False),
        Field("meta_launch_url", url, blank=True, default=""),
        computed("meta_icon", lambda _view, row: row.get("meta_icon"), until=NEWER),
        Field("meta_icon", blank=True, default="", since=NEWER),
        computed("meta_icon_url", lambda _view, row: row["meta_icon"] or None, since=NEWER),
        constant("meta_icon_themed_urls", None, since=NEWER),
        Field("meta_description", blank=True, default=""),
        Field("meta_publisher", blank=True, default=""),
        Field("policy_engine_mode", choice, choices=ENGINE_MODES, default="any"),
        Field("group", blank=True, default=""),
        Field("meta_hide", boolean, default=False, since="2026.8"),
    ),
    lookup="slug",
    filters=dict.fromkeys(("name", "slug", "group", "meta_launch_url", "meta_description", "meta_publisher"), exact),
    search=("name", "slug", "meta_launch_url", "meta_description", "meta_publisher", "group"),
    deleted=_application_deleted,
    # Without superuser_full_list even an administrator sees only what the bindings let them use.
    listed=lambda view, row: (
        (view.superuser and view.flag("superuser_full_list", False)) or access.passes(view.state, row, view.caller)
    ),
)


APPLICATION_RESOURCES = (FLOWS, CERTIFICATES, MAPPINGS, PROVIDERS, APPLICATIONS)
