# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes in NetBird: its account and settings, the connector, its groups, the environment of its containers.

PRIVATE to this collection. They look at rows as NetBird's API has them, and at a login (:class:`_oidc.login.Login`).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.account import EMBEDDED_IDP
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.kinds import REFERENCES
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.cause import Catalogue
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.seen import Seen, later, said_by

cause = Catalogue()
# The first release with the embedded identity provider, and the last one that the collection was tested with.
OLDEST = REFERENCES["connector"].since
NEWEST = "0.77"
# What NetBird answers to a request without the header (measured); a wrong token is "token invalid".
NO_HEADER = "no valid authentication provided"
CLAIMS = {"management": "groups", "standalone": "entitlements"}


# Server and account


def _unreadable(seen: Seen) -> str:
    """Why NetBird's API could not be read; it was not looked at without a token."""
    failure = str(seen.failures.get("netbird", ""))
    return failure if failure or seen.nb_account else ""


@cause(
    check="NetBird's version",
    setup="management",
    symptom="There is no embedded identity provider.",
    remedy="Update NetBird, or use the standalone set-up.",
)
def netbird_too_old(seen: Seen) -> str:
    """This NetBird is older than its embedded identity provider."""
    old = EMBEDDED_IDP not in seen.nb_account["settings"]
    return f"its account has no setting {EMBEDDED_IDP}, as all have since {OLDEST}" if old else ""


@cause(
    check="NetBird's version",
    warning=True,
    symptom="Mostly none.",
    remedy=f"If anything does not work, look for a newer release of this collection (tested with NetBird up to {NEWEST}).",
)
def netbird_newer(seen: Seen) -> str:
    """This NetBird is newer than those that the collection was tested with."""
    return later(seen.netbird_version, NEWEST)


@cause.evidence("NetBird's version")
def netbird_version(seen: Seen) -> str:
    """The version."""
    return str(seen.netbird_version or "before 0.64.2, which does not tell it")


@cause(
    check="NetBird's API",
    blinding=True,
    symptom="401 for the administrator's token, and for nobody else.",
    remedy="Give netbird_token a valid personal access token of an administrator, and netbird_url the URL of NetBird itself.",
)
def netbird_refuses(seen: Seen) -> str:
    """NetBird's API cannot be read."""
    failure = _unreadable(seen)
    return "" if authorization_stripped(seen) or ("login" in seen and datastore_key_lost(seen)) else failure


@cause(
    check="NetBird's API",
    symptom="401 for every token, administrators' too: no valid authentication provided. The dashboard loads again and again.",
    remedy="Let the reverse proxy in front of NetBird pass the header Authorization on for /api (and take its own login, such as "
    "basic authentication, away from there).",
    explains=("token_invalid",),
)
def authorization_stripped(seen: Seen) -> str:
    """The header Authorization does not arrive at NetBird: something in front of it takes it away."""
    gone = NO_HEADER in said_by(seen, "token_invalid") or NO_HEADER in _unreadable(seen)
    return f"NetBird says of a request with a token: {NO_HEADER}" if gone else ""


@cause.evidence("NetBird's API")
def netbird_answers(seen: Seen) -> str:
    """What could be read with the token."""
    return f"NetBird {seen.netbird_version} answers {seen.netbird_url}"


@cause(
    check="NetBird's API",
    symptom="Since a restart, 401 token invalid for every token: administrators', people's, peers'.",
    remedy="Give NetBird its former datastore encryption key back (server.store.encryptionKey, or "
    "DataStoreEncryptionKey in management.json). "
    "Without one, the server makes a new one at each start, and cannot read what it stored.",
    explains=("token_invalid",),
    thread="netbirdio/netbird#5567",
)
def datastore_key_lost(seen: Seen) -> str:
    """NetBird cannot read its own data, because its datastore encryption key is another one."""
    both = (
        _unreadable(seen)
        and not authorization_stripped(seen)
        and seen.failures["netbird_status"] == 401
        # One that a login gave is refused for whatever refuses the person's.
        and not seen.netbird_token_of_a_login
        and seen.login["outcome"] == "token_invalid"
    )
    return "the administrator's token and the token of a person who just logged in are both refused (401)" if both else ""


@cause(
    check="NetBird's account",
    setup="management",
    symptom="Each person who logs in through authentik is the owner of an account of their own, and sees no peer of the others.",
    remedy="Stop NetBird and give the account its domain back, in its database: update accounts set "
    "domain='netbird.selfhosted', "
    "domain_category='private', is_domain_primary_account=1 where domain=''. Set up new servers without create_pat.",
    thread="netbirdio/netbird#3545",
)
def account_split(seen: Seen) -> str:
    """NetBird's account has no domain, because it was made with create_pat."""
    return "domain of the account is empty" if seen.nb_account.get("domain", "?") == "" else ""


@cause.evidence("NetBird's account", setup="management")
def account(seen: Seen) -> str:
    """The account's domain, by which people come together in it."""
    return str(seen.nb_account.get("domain", ""))


# The connector


@cause(
    check="Connector",
    setup="management",
    symptom="NetBird's login page does not offer authentik.",
    remedy="Make the connector (the role does).",
)
def connector_missing(seen: Seen) -> str:
    """NetBird has no such identity provider."""
    names = ", ".join(repr(row["name"]) for row in seen.connectors)
    return "" if seen.connector else f"no identity provider {seen.connector_name!r} (there are {names or 'none'})"


@cause(
    check="Connector",
    setup="management",
    symptom='authentik shows "Client ID Error".',
    remedy="Set the connector's client id to the provider's (the role does), and restart NetBird.",
    explains=("client_id_refused",),
)
def connector_client_id_differs(seen: Seen) -> str:
    """NetBird's connector has another client id than the provider."""
    if not seen.connector or seen.connector["client_id"] == seen.provider["client_id"]:
        return ""
    return f"{seen.connector['client_id']!r} in NetBird, {seen.provider['client_id']!r} in authentik"


@cause(
    check="Connector",
    setup="management",
    symptom='authentik shows "Client ID Error", or NetBird "Authentication failed", though everything is right when '
    "one looks at it.",
    remedy="Restart NetBird: a change of a connector that has been used takes effect at the next start.",
    explains=("client_id_refused", "connector_failed", "callback_failed"),
    thread="dexidp/dex#564",
)
def connector_not_restarted(seen: Seen) -> str:
    """NetBird's connector was changed, and NetBird goes on with the former one until it restarts."""
    if not seen.connector or not seen.login["request"]:
        return ""
    used, stored = seen.login["request"], seen.connector
    if used["client_id"] != stored["client_id"]:
        return f"stored is the client id {stored['client_id']!r}, authentik was asked for {used['client_id']!r}"
    hosts = [urlsplit(url).netloc for url in (stored["issuer"], used["endpoint"])]
    return f"stored is an issuer at {hosts[0]}, people are sent to {hosts[1]}" if hosts[0] != hosts[1] else ""


@cause.evidence("Connector", setup="management")
def connector(seen: Seen) -> str:
    """What NetBird has of authentik; nobody can read the secret."""
    return f"{seen.connector['name']}: {seen.connector['issuer']}, client id {seen.connector['client_id']}"


# Group sync


@cause(
    check="Group sync",
    symptom="Logins work, and nobody is in a group.",
    remedy="Turn on JWT group sync (Settings, Groups; the roles do).",
    explains=("groups_differ",),
    thread="netbirdio/netbird#1302",
)
def group_sync_off(seen: Seen) -> str:
    """NetBird does not read groups from tokens."""
    return "" if seen.nb_account["settings"]["jwt_groups_enabled"] else "jwt_groups_enabled is false"


@cause(
    check="Group sync",
    setup="management",
    symptom="Logins work, and nobody is in a group: the guide was followed to the letter.",
    remedy="Set NetBird's claim to groups (the role does): the embedded provider passes on that one list claim and no other.",
    explains=("groups_differ",),
    thread="netbirdio/netbird#5399",
)
def claim_never_visible(seen: Seen) -> str:
    """NetBird reads a claim that its embedded provider never passes on."""
    return _claim(seen)


@cause(
    check="Group sync",
    setup="standalone",
    symptom="Logins work, and nobody is in a group.",
    remedy="Set NetBird's claim to entitlements (the role does).",
    explains=("groups_differ",),
)
def claim_differs(seen: Seen) -> str:
    """NetBird reads another claim than the one that has the groups."""
    return _claim(seen)


def _claim(seen: Seen) -> str:
    settings = seen.nb_account["settings"]
    wrong = settings["jwt_groups_enabled"] and settings["jwt_groups_claim_name"] != CLAIMS[seen.setup]
    return f"jwt_groups_claim_name is {settings['jwt_groups_claim_name']!r}" if wrong else ""


@cause.evidence("Group sync")
def group_sync(seen: Seen) -> str:
    """The claim that is read."""
    return f"from the claim {seen.nb_account['settings']['jwt_groups_claim_name']}"


@cause(
    check="Allowed groups",
    symptom="The login works, and then NetBird answers 401 token invalid, to this person and not to others.",
    remedy="Give the person one of the allowed groups (an entitlement), or change jwt_allow_groups.",
    explains=("token_invalid",),
    thread="netbirdio/netbird#5399",
)
def allowed_groups_leave_out(seen: Seen) -> str:
    """NetBird lets in members of certain groups only, and the person is in none of them."""
    settings = seen.nb_account["settings"]
    allowed = settings["jwt_allow_groups"] or []
    left_out = settings["jwt_groups_enabled"] and allowed and not set(allowed) & set(_claimed(seen))
    return f"jwt_allow_groups is {sorted(allowed)}, the token has {sorted(_claimed(seen))}" if left_out else ""


def _claimed(seen: Seen) -> list[str]:
    """What NetBird finds in the person's token: as the login saw it, else as authentik says it would be."""
    name = seen.nb_account["settings"]["jwt_groups_claim_name"]
    claims: dict[str, Any] = seen.login["access_claims"] or seen.preview
    held = claims.get(name, [])
    return [str(each) for each in held] if isinstance(held, list) else []


@cause.evidence("Allowed groups")
def allowed_groups(seen: Seen) -> str:
    """The groups that are let in."""
    return ", ".join(seen.nb_account["settings"]["jwt_allow_groups"] or ["everybody"])


@cause(
    check="NetBird's groups",
    symptom="Logins work, the claim is right, and people are not in the group that everybody can see.",
    remedy="Rename or delete the group in NetBird; the next login makes it again, as one that tokens fill. Move "
    "policies to the new one.",
    explains=("groups_differ",),
    thread="netbirdio/netbird#4231",
)
def group_shadowed(seen: Seen) -> str:
    """A group that was made in NetBird has the name of an entitlement, and is never filled from a token."""
    synced = {row["name"] for row in seen.nb_groups if row["issued"] == "jwt"}
    made = {row["name"] for row in seen.nb_groups if row["issued"] == "api"}
    shadowed = sorted((made - synced) & set(seen.entitlements))
    return f"made in NetBird: {', '.join(shadowed)}" if shadowed else ""


@cause.evidence("NetBird's groups")
def netbird_groups(seen: Seen) -> str:
    """The groups that tokens filled so far."""
    return ", ".join(sorted(row["name"] for row in seen.nb_groups if row["issued"] == "jwt")) or "none came from a token yet"


# The environment of NetBird's containers (standalone)

ENVIRONMENT = {"check": "Environment", "setup": "standalone"}


@cause(
    check="Audience",
    setup="standalone",
    symptom="NetBird answers 401 token invalid to everybody; its log says: token has invalid audience.",
    remedy="Set NETBIRD_AUTH_AUDIENCE to the provider's client id (the roles do), run configure.sh and restart.",
    explains=("token_invalid",),
    thread="netbirdio/netbird#2142",
)
def audience_differs(seen: Seen) -> str:
    """NetBird expects another audience than the provider's client id."""
    audience = seen.audience
    return "" if audience == seen.provider["client_id"] else f"{audience!r}, the client id is {seen.provider['client_id']!r}"


@cause.evidence("Audience", setup="standalone")
def audience(seen: Seen) -> str:
    """The audience, which is the client id."""
    return str(seen.audience)


@cause(
    **ENVIRONMENT,
    symptom='authentik shows "Client ID Error".',
    remedy="Set the client ids to the provider's (the roles do), run configure.sh and restart.",
    explains=("client_id_refused",),
)
def environment_client_id_differs(seen: Seen) -> str:
    """NetBird's environment has another client id than the provider."""
    names = ("NETBIRD_AUTH_CLIENT_ID", "NETBIRD_AUTH_DEVICE_AUTH_CLIENT_ID", "NETBIRD_IDP_MGMT_CLIENT_ID")
    wanted = seen.provider["client_id"]
    wrong = [f"{name} is {seen.environment[name]!r}" for name in names if seen.environment.get(name, wanted) != wanted]
    return "; ".join(wrong)


@cause(
    **ENVIRONMENT,
    symptom="The management server exits at its start, or takes no token.",
    remedy="Set NETBIRD_AUTH_OIDC_CONFIGURATION_ENDPOINT to <issuer>.well-known/openid-configuration (the roles do).",
    explains=("token_invalid",),
)
def environment_endpoint_differs(seen: Seen) -> str:
    """NetBird's environment names another discovery document than the application's."""
    endpoint = seen.environment.get("NETBIRD_AUTH_OIDC_CONFIGURATION_ENDPOINT")
    wanted = f"{seen.issuer}.well-known/openid-configuration"
    return "" if endpoint in (None, wanted) else f"{endpoint!r}, wanted {wanted!r}"


@cause(
    **ENVIRONMENT,
    symptom="Logins work, and nobody is in a group.",
    remedy="Add entitlements to NETBIRD_AUTH_SUPPORTED_SCOPES (the roles do), run configure.sh and restart.",
    explains=("groups_differ",),
    thread="netbirdio/netbird#1951",
)
def scopes_not_asked_for(seen: Seen) -> str:
    """NetBird's dashboard does not ask authentik for the scopes that it needs."""
    if "NETBIRD_AUTH_SUPPORTED_SCOPES" not in seen.environment:
        return ""
    asked = seen.environment["NETBIRD_AUTH_SUPPORTED_SCOPES"].split()
    missing = [scope for scope in ("openid", "profile", "email", "entitlements") if scope not in asked]
    return f"without {', '.join(missing)}" if missing else ""


@cause(
    **ENVIRONMENT,
    symptom="After the login, the dashboard loads /peers again and again; the browser calls the API at a port that is "
    "not reachable.",
    remedy="Behind a reverse proxy set NETBIRD_MGMT_API_PORT=443 and NETBIRD_SIGNAL_PORT=443 "
    "(environment_behind_reverse_proxy), then run "
    "configure.sh.",
    thread="netbirdio/netbird#2510",
)
def proxy_ports(seen: Seen) -> str:
    """The dashboard calls NetBird at other ports than the reverse proxy listens on."""
    port = str(urlsplit(seen.netbird_url).port or (443 if seen.netbird_url.startswith("https") else 80))
    names = {"NETBIRD_MGMT_API_PORT": "33073", "NETBIRD_SIGNAL_PORT": "10000"}
    behind = seen.environment.get("NETBIRD_DISABLE_LETSENCRYPT") == "true"
    values = {name: seen.environment.get(name, default) for name, default in names.items()}
    wrong = [f"{name} is {value}" for name, value in values.items() if behind and value != port]
    return f"people use port {port}; {', '.join(wrong)}" if wrong else ""


@cause(
    **ENVIRONMENT,
    symptom="People have to enter their password at each start of NetBird's client, or its login window does not close.",
    remedy="Set NETBIRD_AUTH_PKCE_DISABLE_PROMPT_LOGIN=true (the roles do).",
    warning=True,
    thread="netbirdio/netbird#3654",
)
def prompt_login_not_disabled(seen: Seen) -> str:
    """NetBird's client asks authentik to ask for the password each time."""
    value = seen.environment.get("NETBIRD_AUTH_PKCE_DISABLE_PROMPT_LOGIN", "")
    return "" if value == "true" else f"NETBIRD_AUTH_PKCE_DISABLE_PROMPT_LOGIN is {value!r}"


@cause.evidence("Environment", setup="standalone")
def environment(seen: Seen) -> str:
    """Which variables there are; their values may be secrets."""
    return f"{len(seen.environment)} variables, with the client id {seen.environment.get('NETBIRD_AUTH_CLIENT_ID', 'unknown')}"
