# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes between the servers: names, certificates, clocks, and the issuer that everybody has to agree on.

PRIVATE to this collection. They look at discoveries, each {from, issuer, outcome, said, document, signing_keys, skew}: what
one host saw of one issuer (:func:`_oidc.client.discover`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.client import (
    ENDPOINTS,
    LEEWAY,
    WELL_KNOWN,
    origin,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.cause import Catalogue
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.seen import LOGINS, Seen

cause = Catalogue()
# Seconds. Less than this is lost in the Date header's rounding and on the way.
NOTICEABLE = 3
# What a slow answer may make of two clocks that are the same.
CLOSE = 10
KID_SHOWN = 12
NETWORK = ("unreachable", "certificate_expired", "certificate_unknown", "connector_failed", "callback_failed", "token_invalid")


def _those(seen: Seen, wanted: Callable[[Mapping[str, Any]], Any]) -> str:
    """What the discoveries that are wanted say, each with the host that saw it."""
    return "; ".join(f"{each['issuer']} from {each['from']}: {said}" for each in seen.discoveries if (said := wanted(each)))


def _ended(seen: Seen, outcome: str) -> str:
    return _those(seen, lambda each: each["said"] if each["outcome"] == outcome else "")


@cause(
    check="Reachability",
    symptom="NetBird's connector cannot be made (422, unreachable), or its management server does not start, or "
    "logins end with an "
    'error page; "connection refused" or "no such host" in its log.',
    remedy="Let the named host resolve and reach that URL (DNS, firewall, the network of the container), without a "
    "login in front of it.",
    explains=NETWORK,
    thread="netbirdio/netbird#2944",
)
def issuer_unreachable(seen: Seen) -> str:
    """A host that has to reach the issuer cannot."""
    return _ended(seen, "unreachable")


@cause(
    check="Reachability",
    symptom='A login ends with a plain page, "Internal Server Error" or "Bad Gateway", and again when it is tried once more.',
    remedy="Read the log of that server. A single one is no reason to: authentik replaces its web workers now and then, and what "
    "they were at ends like that.",
    explains=("server_failed",),
)
def server_fails(seen: Seen) -> str:
    """A server answers a login with an error of its own, twice."""
    logins = [getattr(seen, name) for name in LOGINS if name in seen]
    return "; ".join(f"{each['where']}: {each['said']}" for each in logins if each["outcome"] == "server_failed")


@cause.evidence("Reachability")
def reached(seen: Seen) -> str:
    """Who reached what."""
    return "; ".join(f"{each['issuer']} from {each['from']}" for each in seen.discoveries)


@cause(
    check="Certificates",
    symptom="Everything worked until a certain day; since then logins end with an error page, and the log says "
    '"certificate has '
    'expired".',
    remedy="Renew the certificate of that URL, and let the server that presents it load the new one.",
    explains=NETWORK,
)
def certificate_expired(seen: Seen) -> str:
    """A server's certificate has expired."""
    return _ended(seen, "certificate_expired")


@cause(
    check="Certificates",
    symptom='The browser is content and the server is not: "x509: certificate signed by unknown authority" in NetBird\'s log.',
    remedy="Use a certificate of an authority that the named host trusts, for exactly that name and with its "
    "intermediate certificates; or give "
    "the host the authority's certificate (for the play: ca_path; for NetBird's containers: mount it and set SSL_CERT_FILE).",
    explains=NETWORK,
    thread="netbirdio/netbird#1993",
)
def certificate_unknown(seen: Seen) -> str:
    """A server's certificate is not one that a host trusts for that name."""
    return _ended(seen, "certificate_unknown")


@cause.evidence("Certificates")
def certificates(seen: Seen) -> str:
    """Which servers presented one, or none."""
    servers = dict.fromkeys(origin(each["issuer"]) for each in seen.discoveries)
    return "; ".join(f"{server} (verified)" if server.startswith("https:") else f"{server} (no TLS)" for server in servers)


@cause(
    check="Discovery",
    symptom='NetBird shows "Authentication failed" or "Connector failed to initialize"; its management server in the '
    "standalone set-up exits at "
    "the start (failed fetching OIDC configuration).",
    remedy="The application's slug is a part of the issuer: make the application (the role does), or correct the slug "
    "or the issuer on the side "
    "that is wrong.",
    explains=("no_document", "connector_failed", "callback_failed"),
    thread="netbirdio/netbird#4144",
)
def discovery_missing(seen: Seen) -> str:
    """There is no discovery document at the issuer's URL."""
    if "application" in seen and not (seen.application and seen.application["provider"]):
        return ""
    return _ended(seen, "no_document")


@cause.evidence("Discovery")
def discovered(seen: Seen) -> str:
    """The documents that are there."""
    issuers = dict.fromkeys(str(each["issuer"]).rstrip("/") for each in seen.discoveries if each["outcome"] == "ok")
    return "; ".join(f"{issuer}/{WELL_KNOWN}" for issuer in issuers)


@cause(
    check="Clocks",
    symptom='Fresh tokens are refused: "token is expired" or "token used before issued" in the log, for some people '
    "some of the time.",
    remedy="Set the clocks by NTP on both hosts (timedatectl set-ntp true).",
    explains=("token_wrong", "token_invalid", "callback_failed"),
    thread="netbirdio/netbird#4500",
)
def clock_skew(seen: Seen) -> str:
    """Two hosts' clocks differ by more than a minute."""
    return _those(seen, lambda each: f"its clock is {each['skew']} seconds ahead" if abs(each["skew"]) > LEEWAY else "")


@cause(
    check="Clocks",
    warning=True,
    symptom='Now and then a fresh token is refused: "token used before issued" in NetBird\'s log.',
    remedy="Set the clocks by NTP on both hosts. NetBird takes a token from the future for a wrong one, be it by a second.",
    explains=("token_invalid",),
    thread="netbirdio/netbird#4500",
)
def clock_ahead(seen: Seen) -> str:
    """The issuer's clock is ahead by some seconds, and NetBird has no tolerance for that."""
    return _those(seen, lambda each: f"its clock is {each['skew']} seconds ahead" if NOTICEABLE <= each["skew"] <= LEEWAY else "")


@cause.evidence("Clocks")
def clocks(seen: Seen) -> str:
    """By how much the clocks differ."""
    return "; ".join(
        f"{each['issuer']} agrees with {each['from']} "
        + (f"within {CLOSE} seconds" if abs(each["skew"]) < CLOSE else f"but for {each['skew']} seconds")
        for each in seen.discoveries
        if each["outcome"] == "ok"
    )


@cause(
    check="Published keys",
    symptom="Every token is refused: its signature cannot be verified.",
    remedy="Select a signing key, an RSA one, in the provider (the roles do): without one tokens are HS256, and no "
    "key is published.",
    explains=("callback_failed", "token_invalid", "token_wrong"),
    thread="netbirdio/netbird#5069",
)
def keys_missing(seen: Seen) -> str:
    """The issuer publishes no key that signs tokens."""
    if "provider" in seen and not seen.provider["signing_key"]:
        return ""
    return _those(seen, lambda each: "no RSA or EC key" if each["outcome"] == "ok" and not _keys(each) else "")


@cause.evidence("Published keys")
def published_keys(seen: Seen) -> str:
    """The keys, shortened: authentik's own ids have 86 characters."""

    def named(each: Mapping[str, Any]) -> str:
        return ", ".join(f"{key['kty']} {key['alg']} {key['kid'][:KID_SHOWN]}".replace("  ", " ") for key in _keys(each))

    return _those(seen, named)


def _keys(each: Mapping[str, Any]) -> list[Any]:
    return [key for key in each["signing_keys"] if key["kty"] in ("RSA", "EC")]


@cause(
    check="Endpoints",
    warning=True,
    symptom="Discovery works, and then the browser or NetBird is sent to a host that it may not reach.",
    remedy="Let the proxy in front of authentik pass Host and X-Forwarded-Proto on, so that all its URLs are those "
    "that people use.",
)
def endpoints_of_another_host(seen: Seen) -> str:
    """The discovery document sends clients to another host than the issuer's."""

    def elsewhere(each: Mapping[str, Any]) -> str:
        urls = [str(each["document"].get(name, each["issuer"])) for name in (*ENDPOINTS, "jwks_uri")]
        others = sorted({origin(url) for url in urls} - {origin(each["issuer"])})
        return ", ".join(others) if each["outcome"] == "ok" else ""

    return _those(seen, elsewhere)


@cause.evidence("Endpoints")
def endpoints(seen: Seen) -> str:
    """The hosts that clients are sent to."""
    documents = [each["document"] for each in seen.discoveries if each["outcome"] == "ok"]
    return ", ".join(sorted({origin(str(each[name])) for each in documents for name in ENDPOINTS if name in each}))


@cause(
    check="Supported scopes and grants",
    symptom="Some logins or claims are missing: the issuer does not offer what its clients ask for.",
    remedy="Select the scope mappings, and where there are such the grant types, in the provider (the roles do).",
)
def not_supported(seen: Seen) -> str:
    """The issuer does not offer a scope or a grant that was asked about."""

    def missing(each: Mapping[str, Any]) -> str:
        lacks = [
            name
            for key, wanted in (("scopes_supported", seen.wanted_scopes), ("grant_types_supported", seen.wanted_grants))
            for name in wanted
            if each["outcome"] == "ok" and name not in each["document"].get(key, [])
        ]
        return f"without {', '.join(lacks)}" if lacks else ""

    return _those(seen, missing)


@cause.evidence("Supported scopes and grants")
def supported(seen: Seen) -> str:
    """What the issuer offers."""
    return _those(seen, lambda each: " ".join(each["document"].get("scopes_supported", [])))


def _named(seen: Seen, each: Mapping[str, Any]) -> str:
    """The issuer that the document itself names, where it is another one."""
    named = str(each["document"].get("issuer", ""))
    return "" if each["outcome"] != "ok" or named == each["issuer"] else named


def _global(each: Mapping[str, Any]) -> str:
    return str(each["issuer"]).partition("/application/o/")[0] + "/"


@cause(
    check="Issuer",
    symptom='NetBird shows "Connector failed to initialize", or refuses the connector with 422 and both issuers in the message.',
    remedy='Set the provider\'s issuer mode to "each provider has a different issuer" (the roles do).',
    explains=("connector_failed", "callback_failed", "token_invalid"),
)
def issuer_mode_global(seen: Seen) -> str:
    """All of authentik's providers have the same issuer, and NetBird is told another."""
    return _those(seen, lambda each: f"the document says {named}" if (named := _named(seen, each)) == _global(each) else "")


@cause(
    check="Issuer",
    symptom='NetBird refuses the connector with 422 and both issuers in the message, or shows "Connector failed to initialize".',
    remedy="Give NetBird the issuer as authentik writes it, with the slash at its end: <authentik>/application/o/<slug>/.",
    explains=("connector_failed", "callback_failed", "token_invalid"),
)
def issuer_without_slash(seen: Seen) -> str:
    """The issuer that NetBird is told lacks the slash at its end, or has one too many."""

    def differs(each: Mapping[str, Any]) -> str:
        named = _named(seen, each)
        return f"the document says {named}" if named and named.rstrip("/") == str(each["issuer"]).rstrip("/") else ""

    return _those(seen, differs)


@cause(
    check="Issuer",
    symptom='NetBird refuses the connector with 422 and both issuers in the message, or shows "Connector failed to '
    'initialize"; tokens have an '
    "issuer that nobody expects.",
    remedy="Use one URL of authentik everywhere: the one in people's browsers. Behind a proxy, let it pass Host and "
    "X-Forwarded-Proto on.",
    explains=("connector_failed", "callback_failed", "token_invalid", "token_wrong"),
)
def issuer_of_another_host(seen: Seen) -> str:
    """authentik names another issuer than the one that it is reached by."""

    def differs(each: Mapping[str, Any]) -> str:
        named = _named(seen, each)
        other = named and named.rstrip("/") != str(each["issuer"]).rstrip("/") and named != _global(each)
        return f"the document says {named}" if other else ""

    return _those(seen, differs)


@cause.evidence("Issuer")
def issuers(seen: Seen) -> str:
    """The issuers that the documents name."""
    return ", ".join(dict.fromkeys(str(each["document"].get("issuer")) for each in seen.discoveries if each["outcome"] == "ok"))
