# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes in the codes and tokens that authentik gives: how long they last, how they are written, which claims are missing; and
what a login at authentik itself proves about the connector's secret.

PRIVATE to this collection. A login at authentik itself (:class:`_oidc.login.Login`) was done as NetBird does it, with
the secret that authentik holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.login import EMBEDDED_SCOPES, STANDALONE_SCOPES
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.outcomes import LOGGED_IN
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.cause import Catalogue
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.seen import Seen

cause = Catalogue()
# Seconds per unit of authentik's notation for a span of time, such as C(hours=1;minutes=30).
UNITS = {
    "microseconds": 1e-6,
    "milliseconds": 1e-3,
    "seconds": 1,
    "minutes": 60,
    "hours": 3600,
    "days": 86400,
    "weeks": 604800,
}
# What lasts less than this has expired when it is used.
AT_ONCE = 1
# Seconds. A person with a device's code has to open a page, log in and enter it.
FOR_A_DEVICE = 300
SCOPES = {"management": EMBEDDED_SCOPES, "standalone": STANDALONE_SCOPES}


def lasts(provider: Mapping[str, Any], what: str) -> float:
    """How many seconds codes or tokens of a provider last (C(access_code_validity), C(access_token_validity))."""
    parts = (part.partition("=") for part in str(provider[what]).split(";"))
    return sum(UNITS.get(unit.strip().lower(), 0) * float(number or 0) for unit, _equals, number in parts)


def tokens_expired(seen: Seen) -> bool:
    """Whether access tokens, the service account's too, have expired before anybody can use them."""
    return lasts(seen.provider, "access_token_validity") < AT_ONCE


def failing(seen: Seen, scope: str) -> bool:
    """Whether the expression for a scope is known to fail for the person."""
    return "mapping_errors" in seen and any(each["scope"] == scope for each in seen.mapping_errors)


# How long they last

LIFETIMES = {"check": "Lifetimes of codes and tokens"}


@cause(
    **LIFETIMES,
    symptom='Management: NetBird shows "Authentication failed" (invalid_grant in its log). Standalone: the browser comes back '
    'from authentik and gets no token (invalid_grant); who opens a device\'s URL sees "Permission denied".',
    remedy="Set the provider's access code validity to some minutes (minutes=1 is authentik's own, the role standalone sets "
    "minutes=10).",
    explains=("callback_failed", "token_refused", "permission_denied"),
)
def codes_expire_at_once(seen: Seen) -> str:
    """The codes that a login gives have expired before they can be exchanged for tokens."""
    return _validity(seen, "access_code_validity")


@cause(
    **LIFETIMES,
    symptom='Management: NetBird shows "Authentication failed" (token is expired in its log). Standalone: 401 token invalid to '
    "everybody.",
    remedy="Set the provider's access token validity to some minutes or hours (hours=1 is authentik's own).",
    explains=("callback_failed", "token_wrong", "token_invalid"),
)
def tokens_expire_at_once(seen: Seen) -> str:
    """The tokens that a login gives have expired before anybody can use them."""
    return _validity(seen, "access_token_validity")


def _validity(seen: Seen, what: str) -> str:
    return f"{what} is {seen.provider[what]}" if lasts(seen.provider, what) < AT_ONCE else ""


@cause(
    check="Lifetimes of codes and tokens",
    setup="standalone",
    warning=True,
    symptom="netbird up --no-browser: who takes longer than that to log in and to enter the code gets no token.",
    remedy="Set the provider's access code validity to minutes=10 (the role does): a device's code lives as long.",
)
def device_codes_expire_early(seen: Seen) -> str:
    """A device's code expires before a person is likely to have entered it."""
    early = AT_ONCE <= lasts(seen.provider, "access_code_validity") < FOR_A_DEVICE
    return f"access_code_validity is {seen.provider['access_code_validity']}" if early else ""


@cause.evidence("Lifetimes of codes and tokens")
def lifetimes(seen: Seen) -> str:
    """How long both last."""
    return f"codes {seen.provider['access_code_validity']}, tokens {seen.provider['access_token_validity']}"


# How they are written


@cause(
    check="Encryption",
    symptom='Management: NetBird shows "Authentication failed" (malformed jwt in its log). Standalone: 401 token invalid to '
    "everybody.",
    remedy="Take the encryption key out of the provider: NetBird reads tokens that are signed, and not encrypted ones.",
    explains=("callback_failed", "token_wrong", "token_invalid"),
)
def tokens_encrypted(seen: Seen) -> str:
    """The provider encrypts its tokens (JWE), which NetBird cannot read."""
    key = seen.provider["encryption_key"]
    return f"encryption key of the provider {seen.provider['name']}: {seen.certificates[key]['name']}" if key else ""


@cause.evidence("Encryption")
def not_encrypted(seen: Seen) -> str:
    """Nothing but that there is no key."""
    return "no encryption key" if not seen.provider["encryption_key"] else ""


@cause(
    check="Claims",
    symptom='Management: NetBird shows "Authentication failed" (a missing claim in its log). Standalone: logins work, without a '
    "name, an address or groups. authentik's events have a property mapping exception.",
    remedy="Correct the expression of that scope mapping in authentik: one that raises gives no claim, and no login says so.",
    explains=("callback_failed", "groups_differ"),
)
def mapping_fails(seen: Seen) -> str:
    """The expression of a scope mapping raises an error for the person, so that its claims are missing."""
    asked = SCOPES[seen.setup].split()
    return "; ".join(f"{each['mapping']}: {each['error']}" for each in seen.mapping_errors if each["scope"] in asked)


# What a login at authentik itself proves

PROVEN = {"setup": "management", "elimination": True, "explains": ("callback_failed",)}


def unfit(login: Mapping[str, Any]) -> str:
    """What NetBird's embedded provider would not take in a login at authentik (measured)."""
    if login["outcome"] != LOGGED_IN:
        return f"{login['where']}: {login['said']}"
    claims, algorithm = login["claims"], login["header"].get("alg")
    if algorithm != "RS256":
        return f"the id_token is signed with {algorithm}"
    missing = [name for name in ("name", "email") if not isinstance(claims.get(name), str)]
    if missing:
        return f"the id_token has no {' and no '.join(missing)}"
    groups = claims.get("groups")
    if isinstance(groups, list) and not all(isinstance(each, (str, dict)) for each in groups):
        return "the claim groups holds what is no name"
    return "the id_token expires at once" if claims["exp"] - claims["iat"] < AT_ONCE else ""


@cause(
    **PROVEN,
    check="Tokens",
    symptom='NetBird shows "Authentication failed".',
    remedy="Mend in authentik what it answers there; its own log and events say more. The connector's secret is not the reason.",
)
def tokens_not_usable(seen: Seen) -> str:
    """authentik does not give tokens that NetBird can use, not even for the secret that authentik holds itself."""
    return unfit(seen.login_at_authentik)


@cause(
    **PROVEN,
    check="Connector",
    symptom='NetBird shows "Authentication failed"; its log says invalid_client.',
    remedy="Write the secret again and restart NetBird: run the role with the secret that authentik has, or "
    "netbird_identity_provider with "
    "update_secret. A connector that was changed since its last use goes on with its former secret until the restart.",
)
def connector_secret_differs(seen: Seen) -> str:
    """The client secret that NetBird uses is not the provider's."""
    login = seen.login_at_authentik
    if seen.provider["client_type"] != "confidential" or not seen.connector or unfit(login):
        return ""
    return "the same login with the secret that authentik holds gives an id_token that is right, with name and email"


@cause.evidence("Tokens", setup="management")
def tokens_usable(seen: Seen) -> str:
    """What a login at authentik itself gave."""
    return f"{seen.login_at_authentik['header'].get('alg')} for {seen.login_at_authentik['claims'].get('email')}"
