# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes in authentik: the server, the application and its provider.

PRIVATE to this collection. They look at rows as authentik's API has them; what each cause leads to was measured (the recorded
logins).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.bindings import ENTITLEMENT
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.people import names_in
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.service import release
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.cause import Catalogue
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.causes.tokens import failing
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.seen import Seen, later, past

cause = Catalogue()
REFUSED = ("callback_failed", "token_invalid")
# The first release with entitlements.
OLDEST = ENTITLEMENT.since
# The last one that the collection was tested with.
NEWEST = "2026.8"
# Claims that every id_token has; the others come from scope mappings.
PROTOCOL = {"acr", "amr", "aud", "auth_time", "exp", "iat", "iss", "jti", "nonce", "sid", "sub"}
LOOPBACK = "http://localhost:53000"
GRANTS = {
    "management": ("authorization_code",),
    "standalone": (
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
    ),
}


def wanted_redirects(seen: Seen) -> list[str]:
    """The URLs that logins are sent back to."""
    if seen.setup == "management":
        return [seen.callback]
    return [LOOPBACK, f"{seen.netbird_url}/auth", f"{seen.netbird_url}/silent-auth"]


def takes(entry: Mapping[str, Any], url: str, kind: str = "authorization") -> bool:
    """Whether a redirect is one for this URL; before 2026.5 all are for logins."""
    if entry.get("redirect_uri_type", "authorization") != kind:
        return False
    if entry["matching_mode"] == "strict":
        return bool(entry["url"] == url)
    try:
        return re.fullmatch(entry["url"], url) is not None
    except re.error:
        return False


def _missing_redirects(seen: Seen) -> list[str]:
    entries = seen.provider["redirect_uris"]
    return [url for url in wanted_redirects(seen) if entries and not any(takes(entry, url) for entry in entries)]


# Server, application, provider


@cause(
    check="authentik's version",
    symptom="Entitlements, flows or fields that the set-up needs are missing.",
    remedy=f"Update authentik to {OLDEST} or later.",
)
def authentik_too_old(seen: Seen) -> str:
    """This authentik is older than the entitlements of applications."""
    version = seen.authentik_version
    return f"version {version}" if release(version) < release(OLDEST) else ""


@cause(
    check="authentik's version",
    warning=True,
    symptom="Mostly none.",
    remedy=f"If anything does not work, look for a newer release of this collection (tested with authentik up to {NEWEST}).",
)
def authentik_newer(seen: Seen) -> str:
    """This authentik is newer than those that the collection was tested with."""
    return later(seen.authentik_version, NEWEST)


@cause.evidence("authentik's version")
def authentik_version(seen: Seen) -> str:
    """The version."""
    return str(seen.authentik_version)


@cause(
    check="authentik's API",
    blinding=True,
    symptom="Plays fail at once with status 403.",
    remedy="Give authentik_token a valid API token of an administrator, and authentik_url the URL of authentik itself.",
)
def authentik_refuses(seen: Seen) -> str:
    """authentik's API cannot be read."""
    return str(seen.failures.get("authentik", ""))


@cause.evidence("authentik's API")
def authentik_answers(seen: Seen) -> str:
    """What could be read with the token."""
    return f"authentik {seen.authentik_version} answers {seen.authentik_url}"


@cause(
    check="Application",
    symptom='NetBird shows "Authentication failed", or its management server does not start.',
    remedy="Make the application (the role does), or correct the slug.",
    explains=("no_document", "connector_failed", "permission_denied", *REFUSED),
)
def application_missing(seen: Seen) -> str:
    """authentik has no such application."""
    return "" if seen.application else f"no application with the slug {seen.slug}"


@cause(
    check="Application",
    symptom="There is no discovery document, and no login.",
    remedy="Select the OAuth2/OpenID provider in the application (the role does).",
    explains=("no_document", "connector_failed", "permission_denied", *REFUSED),
)
def application_without_provider(seen: Seen) -> str:
    """The application has no provider."""
    return f"the application {seen.slug} has no provider" if seen.application and not seen.application["provider"] else ""


@cause.evidence("Application")
def application(seen: Seen) -> str:
    """The application, and its provider."""
    return f"{seen.slug}, with the provider {seen.provider['name']}"


@cause(
    check="Client type",
    setup="management",
    warning=True,
    symptom="Logins work. Whoever knows the client id can use the provider without its secret.",
    remedy="Set the provider's client type to confidential (the role does).",
)
def client_type_public(seen: Seen) -> str:
    """The provider is public though NetBird has a secret for it."""
    return f"client type {seen.provider['client_type']}" if seen.provider["client_type"] != "confidential" else ""


@cause(
    check="Client type",
    setup="standalone",
    symptom="The browser comes back from authentik and gets no token (invalid_client).",
    remedy="Set the provider's client type to public (the role does): the dashboard and the clients have no place for a secret.",
    explains=("token_refused", "token_invalid"),
)
def client_type_confidential(seen: Seen) -> str:
    """The provider asks for a secret that NetBird's clients don't have."""
    return f"client type {seen.provider['client_type']}" if seen.provider["client_type"] != "public" else ""


@cause.evidence("Client type")
def client_type(seen: Seen) -> str:
    """The type."""
    return str(seen.provider["client_type"])


@cause(
    check="Signing key",
    symptom='Management: NetBird shows "Authentication failed" (unexpected signature algorithm HS256 in its log). '
    "Standalone: the login "
    "works and NetBird answers 401 token invalid (unable to find appropriate key).",
    remedy="Select a signing key, an RSA one, in the provider (the roles do), and restart NetBird in the standalone set-up.",
    explains=("callback_failed", "token_invalid", "token_wrong"),
    thread="netbirdio/netbird#1947",
)
def signing_key_missing(seen: Seen) -> str:
    """The provider has no signing key, so its tokens are HS256."""
    return "" if seen.provider["signing_key"] else f"no signing key in the provider {seen.provider['name']}"


@cause(
    check="Signing key",
    symptom='Management: NetBird shows "Authentication failed" (it expected RS256, says its log). Standalone: the login works '
    "and NetBird answers 401 token invalid.",
    remedy="Select a certificate with an RSA key as signing key.",
    explains=("callback_failed", "token_invalid", "token_wrong"),
)
def signing_key_not_rsa(seen: Seen) -> str:
    """The signing key is not an RSA key."""
    if not seen.provider["signing_key"]:
        return ""
    algorithms = {name for each in seen.discoveries for name in each["document"].get("id_token_signing_alg_values_supported", [])}
    ours = algorithms and "RS256" not in algorithms
    return f"tokens are signed with {', '.join(sorted(algorithms))}" if ours else ""


@cause(
    check="Signing key",
    warning=True,
    symptom="Logins work: NetBird looks at the key alone. authentik warns of the certificate, and other clients may refuse it.",
    remedy="Make a new certificate-key pair and select it as signing key; then restart NetBird in the standalone set-up.",
)
def signing_certificate_expired(seen: Seen) -> str:
    """The certificate of the signing key has expired."""
    certificate = seen.certificates.get(seen.provider["signing_key"], {})
    expiry = certificate.get("cert_expiry")
    return f"{certificate['name']} expired at {expiry}" if expiry and past(expiry) else ""


@cause.evidence("Signing key")
def signing_key(seen: Seen) -> str:
    """The key, and what tokens are signed with."""
    documents = [each["document"] for each in seen.discoveries if str(each["issuer"]).rstrip("/") == seen.issuer.rstrip("/")]
    names = sorted({name for each in documents for name in each.get("id_token_signing_alg_values_supported", [])})
    return f"{seen.certificates[seen.provider['signing_key']]['name']} ({', '.join(names)})"


# Redirects


@cause(
    check="Redirect URIs",
    symptom="Logins work, also for an attacker: authentik takes the first redirect that anybody uses and stores it as "
    "the strict one.",
    remedy="Set the redirects (the roles do), and look whether a URL that is not yours was stored.",
)
def redirect_uris_empty(seen: Seen) -> str:
    """The provider has no redirect, so it takes anybody's."""
    return "" if seen.provider["redirect_uris"] else f"redirect_uris of the provider {seen.provider['name']} is empty"


@cause(
    check="Redirect URIs",
    symptom='authentik shows "Redirect URI Error".',
    remedy="Add the URL as a strict redirect, to the letter: scheme, host, port, path and slash all count (the roles do).",
    explains=("redirect_refused",),
    thread="netbirdio/netbird#2941",
)
def redirect_missing(seen: Seen) -> str:
    """A URL that logins are sent back to is none of the provider's redirects."""
    missing = [url for url in _missing_redirects(seen) if seen.setup == "management" or url == LOOPBACK]
    return f"no redirect is {' or '.join(missing)}" if missing else ""


@cause(
    check="Redirect URIs",
    setup="standalone",
    symptom='authentik shows "Redirect URI Error" after NetBird\'s dashboard sends a person there.',
    remedy="The regular expression has to match the whole URL: https://<host with its dots escaped>/.* (the role writes it so).",
    explains=("redirect_refused",),
    thread="goauthentik/authentik#12166",
)
def redirect_regex_wrong(seen: Seen) -> str:
    """No redirect matches the dashboard's URLs."""
    missing = [url for url in _missing_redirects(seen) if url != LOOPBACK]
    return f"nothing matches {' or '.join(missing)}" if missing else ""


@cause(
    check="Redirect URIs",
    setup="standalone",
    symptom="Logins work. Whoever registers a host that differs in the place of a dot receives codes of this public client.",
    remedy=r"Escape the dots of the host: https://netbird\.company/.* (the role does unless standalone_literal_regex).",
)
def redirect_regex_unescaped_dots(seen: Seen) -> str:
    """A redirect's regular expression takes other people's hosts too."""
    host = seen.netbird_url.partition("://")[2]
    places = [place for place, character in enumerate(host) if character == "."]
    others = [f"{seen.netbird_url.partition('://')[0]}://{host[:place]}x{host[place + 1 :]}/auth" for place in places]
    entries = [entry for entry in seen.provider["redirect_uris"] if entry["matching_mode"] == "regex"]
    taken = [f"{entry['url']} takes {url}" for entry in entries for url in others if takes(entry, url)]
    return taken[0] if taken else ""


@cause(
    check="Redirect URIs",
    setup="management",
    warning=True,
    symptom="Logins work.",
    remedy="NetBird uses exactly one redirect: make it a strict one (the role does).",
)
def redirect_not_strict(seen: Seen) -> str:
    """NetBird's redirect is taken by a regular expression only."""
    entries = [entry for entry in seen.provider["redirect_uris"] if takes(entry, seen.callback)]
    loose = entries and all(entry["matching_mode"] != "strict" for entry in entries)
    return f"taken by {entries[0]['url']} ({entries[0]['matching_mode']})" if loose else ""


@cause.evidence("Redirect URIs")
def redirect_uris(seen: Seen) -> str:
    """The redirects, and which of them are for a log-out."""

    def shown(entry: Mapping[str, Any]) -> str:
        logout = ", logout" if entry.get("redirect_uri_type") == "logout" else ""
        return f"{entry['url']} ({entry['matching_mode']}{logout})"

    return ", ".join(map(shown, seen.provider["redirect_uris"]))


# Scopes, claims, grants


@cause(
    check="Grant types",
    symptom='Every login is refused: authentik sends the person back with an error, "Invalid grant_type for provider" '
    "in its log.",
    remedy="Set the provider's grant types (the roles do). A provider that an API or Terraform made without them has none.",
    explains=("authorization_refused", "token_refused", *REFUSED),
    thread="goauthentik/authentik#20363",
)
def grant_types_empty(seen: Seen) -> str:
    """The provider allows no grant at all."""
    return "grant_types is []" if seen.provider.get("grant_types") == [] else ""


@cause(
    check="Grant types",
    symptom="Some things work and others don't: logins, but no device code; or logins, and then 401 because the "
    "service account gets no token.",
    remedy="Add the grant types (the roles do).",
    explains=("authorization_refused", "token_refused", *REFUSED),
    thread="goauthentik/terraform-provider-authentik#915",
)
def grant_types_incomplete(seen: Seen) -> str:
    """The provider lacks a grant that NetBird uses."""
    missing = missing_grants(seen) if seen.provider.get("grant_types") else []
    return f"without {', '.join(missing)}" if missing else ""


@cause.evidence("Grant types")
def grant_types(seen: Seen) -> str:
    """The grants; older servers have no such setting."""
    return ", ".join(seen.provider["grant_types"]) if "grant_types" in seen.provider else "this authentik allows all"


def missing_grants(seen: Seen) -> list[str]:
    """The grants that NetBird uses and that the provider does not allow; servers until 2026.5 have no such setting."""
    return [grant for grant in GRANTS[seen.setup] if grant not in seen.provider.get("grant_types", GRANTS[seen.setup])]


@cause(
    check="Scopes",
    setup="management",
    symptom='NetBird shows "Authentication failed"; its log says: missing "name" claim.',
    remedy="Select a scope mapping for profile in the provider (the role makes one that has the groups too).",
    explains=("callback_failed",),
)
def profile_scope_missing(seen: Seen) -> str:
    """The provider has no mapping for the scope profile."""
    return _without(seen, "profile")


@cause(
    check="Scopes",
    setup="management",
    symptom='NetBird shows "Authentication failed"; its log says: missing "email" claim.',
    remedy="Select authentik's scope mapping for email in the provider (the role does).",
    explains=("callback_failed",),
)
def email_scope_missing(seen: Seen) -> str:
    """The provider has no mapping for the scope email."""
    return _without(seen, "email")


@cause(
    check="Scopes",
    setup="standalone",
    symptom="Logins work, and nobody is in a group.",
    remedy="Select authentik's scope mapping for entitlements in the provider (the role does).",
    explains=("groups_differ",),
)
def entitlements_scope_missing(seen: Seen) -> str:
    """The provider has no mapping for the scope entitlements."""
    return _without(seen, "entitlements")


@cause(
    check="Scopes",
    setup="standalone",
    symptom="NetBird answers 401 token invalid to everybody; its log says 403 Forbidden.",
    remedy="Select authentik's scope mapping for goauthentik.io/api in the provider (the role does).",
    explains=("token_invalid",),
    thread="netbirdio/netbird#2338",
)
def api_scope_missing(seen: Seen) -> str:
    """The provider has no mapping for the scope of authentik's API, so the service account's token cannot read users."""
    return _without(seen, "goauthentik.io/api")


@cause.evidence("Scopes")
def scopes(seen: Seen) -> str:
    """The scopes that the provider has mappings for."""
    return " ".join(sorted(seen.scopes))


def _without(seen: Seen, scope: str) -> str:
    return "" if scope in seen.scopes else f"the provider {seen.provider['name']} has the scopes {' '.join(sorted(seen.scopes))}"


@cause(
    check="Claims",
    symptom='Management: NetBird shows "Authentication failed". Standalone: logins work, without an address and in no group.',
    remedy='Turn on "Include claims in id_token" in the provider (the roles do).',
    explains=("callback_failed", "groups_differ"),
)
def claims_not_in_id_token(seen: Seen) -> str:
    """The provider does not put claims into the id_token."""
    included = seen.provider["include_claims_in_id_token"]
    return "" if included else f"include_claims_in_id_token of the provider {seen.provider['name']} is false"


@cause(
    check="Claims",
    setup="management",
    symptom="Logins work, and people are in no group, or in groups that have the names of authentik's groups.",
    remedy="Let the provider's mapping for profile put the application's entitlements into groups (the role makes "
    "such a mapping).",
    explains=("groups_differ",),
)
def groups_claim_without_entitlements(seen: Seen) -> str:
    """What the claim groups holds are not the person's entitlements."""
    if "profile" not in seen.scopes or failing(seen, "profile") or not seen.provider["include_claims_in_id_token"]:
        return ""
    held = names_in(seen.preview, "groups")
    entitled = sorted(seen.entitled)
    return "" if held == entitled else f"groups is {held}, the entitlements are {entitled}"


@cause.evidence("Claims")
def claims(seen: Seen) -> str:
    """What the person's id_token would have."""
    return f"{seen.username} gets {', '.join(sorted(set(seen.preview) - PROTOCOL))}"


@cause(
    check="Subject mode",
    setup="standalone",
    symptom="Logins work; NetBird's users have a hash for an id, without a name, and are not those of authentik's user list.",
    remedy="Set the provider's subject mode to \"Based on the User's ID\" (the role does). NetBird takes people with "
    "another subject for new ones, who wait for approval where that is asked for.",
    explains=("waiting_for_approval", "user_blocked"),
)
def subject_mode_not_user_id(seen: Seen) -> str:
    """The subject in tokens is not the user's id, by which NetBird looks people up in authentik."""
    mode = seen.provider["sub_mode"]
    return "" if mode == "user_id" else f"sub_mode is {mode}"


@cause.evidence("Subject mode", setup="standalone")
def subject_mode(seen: Seen) -> str:
    """The mode."""
    return str(seen.provider["sub_mode"])
