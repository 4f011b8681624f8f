# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorded exchanges with both APIs, sent again to fresh stand-ins."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import requests

from conformance._compare import Mismatch
from conformance._flows import STAND_INS
from conformance._replay import replay
from conformance._rules import AUTHENTIK, NETBIRD, NETBIRD_ORIGIN, ORIGINS, Generated
from conformance._stage import AuthentikApi
from simulators import authentik, netbird
from support.recordings import VERSIONS, recording

# What these recordings have beyond the rules that every replay shares.
RULES = dataclasses.replace(
    AUTHENTIK,
    generated=(
        Generated("user", r".*\.members_by_pk", r"\d+"),
        Generated("code", r".*\.verification_uri_complete", r"http://[^/]+/device\?code=\d{9}", learn=False),
        *AUTHENTIK.generated,
    ),
    # Rows of equal order come in the order of their random ids.
    preexisting=frozenset({"binding list by targets", "binding list by target"}),
    typed=(
        # The expressions of the policies that an install brings are authentik's; nothing here runs them.
        ("binding list by targets", r".*\.policy_obj\.expression"),
        # The recorded 2026.5 had planned two flows already.
        ("flows", r".*\.cache_count"),
        ("flow by slug", r".*\.cache_count"),
    ),
)

OF_NETBIRD = recording("netbird-0.77.1")["exchanges"]
# What the API of authentik says of its collections.
OPTIONS = [(version, case) for version in VERSIONS for case in recording(f"options-authentik-{version}")["cases"]]


# What every certificate has of its own, and when a blueprint was written or applied.
OWN = {
    r".*(fingerprint_sha\d+|cert_expiry)": ("generate", "generate, elliptic curve", "certificate by name", "certificate renamed"),
    r".*\.data": ("certificate seen",),
    r".*\.last_applied": (
        *(f"blueprint {what}" for what in ("create", "by name", "apply", "applied")),
        *(f"blueprint, {what}" for what in ("another group", "not applied yet")),
        "blueprint off, apply",
        "blueprint off, applied",
    ),
}
OBJECTS = dataclasses.replace(RULES, typed=tuple((name, pattern) for pattern, names in OWN.items() for name in names))


def of_authentik(version: str) -> list[Mismatch]:
    """Replay a whole recording."""
    with authentik.serve(version) as running:
        if version == "2026.5":
            # This server was not quite fresh: there was a person, and an application with a binding to them.
            carol = running.state.add_user("carol", name="Carol", email="carol@example.com")
            carol["last_login"] = carol["date_joined"]
            call = AuthentikApi(running)
            target = call("POST", "core/applications/", {"name": "zeta", "slug": "zeta"})["pk"]
            call("POST", "policies/bindings/", {"target": target, "user": carol["pk"], "order": 0})
        exchanges = recording(f"authentik-{version}")["exchanges"]
        return replay(exchanges, running.url, running.token, RULES, {ORIGINS[version]: running.url})


def of_objects() -> list[Mismatch]:
    """Replay the recording of policies, certificates and blueprints."""
    with authentik.serve("2026.5") as running:
        exchanges = recording("objects-authentik-2026.5")["exchanges"]
        return replay(exchanges, running.url, running.token, OBJECTS, {"http://127.0.0.1:9010": running.url})


def of_netbird(issuer: str, exchanges: Sequence[Any] = OF_NETBIRD) -> list[Mismatch]:
    """Replay the recording, or its beginning; its connectors are made for an issuer at this address."""
    with netbird.serve() as running:
        origins = {NETBIRD_ORIGIN: running.url, ORIGINS["2026.5"]: issuer}
        return replay(exchanges, running.url, running.token, NETBIRD, origins)


def options(version: str, step: Any) -> requests.Response:
    """Ask a fresh authentik what it says of a collection."""
    with authentik.serve(STAND_INS[version]) as server:
        headers = {"Authorization": f"Bearer {server.token}"} if step["request_headers"] else {}
        return requests.options(server.url + step["path"], headers=headers, timeout=10)
