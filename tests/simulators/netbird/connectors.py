# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetBird's identity providers as its API keeps them: the issuer is asked for its discovery, no secret is shown."""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import urlsplit

import requests

from .objects import decode, refuse_if
from .state import Refused, Row, State, xid

TYPES = (
    "oidc",
    "zitadel",
    "entra",
    "google",
    "okta",
    "pocketid",
    "microsoft",
    "adfs",
    "authentik",
    "keycloak",
)
WITHOUT_ISSUER = ("google", "microsoft")
FIELDS = {"type": "", "name": "", "issuer": "", "client_id": "", "client_secret": ""}
LOCAL = {"client_id": "", "id": "local", "issuer": "", "name": "Email", "type": "local"}
TIMEOUT = 10.0


class Unreachable(Exception):
    """Why an issuer's discovery could not be read, in the words of the server."""


def get(url: str, verify: str | bool, headers: dict[str, str] | None = None) -> requests.Response:
    """Fetch a URL as Go's client does, with its texts for what goes wrong."""
    parts = urlsplit(url)
    where = f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    prefix = f'Get "{url}": '
    with requests.Session() as session:
        session.trust_env = False
        session.verify = verify
        try:
            return session.get(url, timeout=TIMEOUT, headers=headers)
        except requests.exceptions.SSLError:
            reason = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
            raise Unreachable(prefix + reason) from None
        except requests.Timeout:
            reason = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
            raise Unreachable(prefix + reason) from None
        except requests.ConnectionError as error:
            text = str(error)
            if "refused" in text:
                raise Unreachable(f"{prefix}dial tcp {where}: connect: connection refused") from None
            if "resolve" in text or "Name or service" in text:
                raise Unreachable(f"{prefix}dial tcp: lookup {parts.hostname}: no such host") from None
            raise Unreachable(prefix + "EOF") from None


def discover(issuer: str, verify: str | bool) -> dict[str, Any]:
    """Return an issuer's discovery document."""
    answer = get(issuer.rstrip("/") + "/.well-known/openid-configuration", verify)
    if answer.status_code != 200:
        raise Unreachable(f"{answer.status_code} {answer.reason}: {answer.text}")
    try:
        document = answer.json()
    except ValueError:
        kind = answer.headers.get("Content-Type", "")
        raise Unreachable(
            "failed to decode provider discovery object: expected Content-Type = application/json, "
            f"got \"{kind}\": invalid character '{answer.text[:1]}' looking for beginning of value"
        ) from None
    if not isinstance(document, dict):
        raise Unreachable("failed to decode provider discovery object: json: cannot unmarshal")
    return document


def opened(stored: Row, verify: str | bool) -> Row:
    """Return a connector ready for logins: what is stored, with the endpoints of its issuer."""
    document = discover(stored["issuer"], verify)
    if document.get("issuer") != stored["issuer"]:
        raise Unreachable(
            f'oidc: issuer did not match the issuer returned by provider, expected "{stored["issuer"]}" '
            f'got "{document.get("issuer")}"'
        )
    return copy.deepcopy(stored) | {"discovery": document}


def read(state: State, body: Any) -> Row:
    """Check a body, its issuer included; this waits for the issuer."""
    row = decode(FIELDS, body)
    refuse_if(not row["name"], "identity provider name is required")
    refuse_if(not row["type"], "identity provider type is required")
    refuse_if(row["type"] not in TYPES or row["type"] in state.unknown_types, "unsupported identity provider type")
    needed = row["type"] not in WITHOUT_ISSUER
    refuse_if(needed and not row["issuer"], "identity provider issuer is required")
    # UNRECORDED: control characters, which urlsplit drops (the source of Go's net/url)
    plain = all(character.isprintable() for character in row["issuer"])
    parts = urlsplit(row["issuer"])
    refuse_if(needed and not (plain and parts.scheme and parts.netloc), "identity provider issuer must be a valid URL")
    refuse_if(not row["client_id"], "identity provider client ID is required")
    if needed:
        try:
            issuer = discover(row["issuer"], state.verify).get("issuer", "")
        except Unreachable as error:
            raise Refused(422, f"identity provider issuer is unreachable: {error}") from None
        refuse_if(
            issuer != row["issuer"],
            "identity provider issuer does not match the issuer returned by the provider: "
            f'expected "{row["issuer"]}" got "{issuer}"',
        )
    if not state.embedded:
        raise Refused(500, "identity provider management requires embedded IdP")
    return row


def show(row: Row, *, answer_to_write: bool = False) -> Row:
    """Show a provider; its type follows from its id, and the issuer of those that need none is not kept."""
    kind = row["id"].partition("-")[0]
    kind = kind if kind in TYPES else "oidc"
    shown = {key: row[key] for key in ("client_id", "issuer", "name")} | {"id": row["id"], "type": kind}
    if kind in WITHOUT_ISSUER and not answer_to_write:
        shown["issuer"] = ""
    return shown


def find(state: State, row_id: str) -> Row:
    """Return a provider as the API shows it."""
    if not state.embedded:
        raise Refused(500, "identity provider management requires embedded IdP")
    if row_id == "local":
        return dict(LOCAL)
    if row_id not in state.connectors:
        raise Refused(404, "identity provider not found")
    return show(state.connectors[row_id])


def create(state: State, body: Any) -> Row:
    """Make a provider; the same one a second time is a second one."""
    row = read(state, body)
    with state.lock:
        kind = row["type"]
        row["id"] = xid() if kind == "oidc" else f"{kind}-{xid()}"
        state.connectors[row["id"]] = row
        return show(row, answer_to_write=True)


def update(state: State, row_id: str, body: Any) -> Row:
    """Replace a provider; without a secret the old one stays. An opened connector goes on as it is until a restart."""
    row = read(state, body)
    failed = "failed to update identity provider: failed to update connector: "
    with state.lock:
        old = state.connectors.get(row_id)
        if old is None:
            raise Refused(500, failed + "not found")
        if row["type"] != old["type"]:
            raise Refused(500, failed + "connector type change not allowed")
        row["id"] = row_id
        row["client_secret"] = row["client_secret"] or old["client_secret"]
        state.connectors[row_id] = row
        return show(row, answer_to_write=True)


def delete(state: State, row_id: str) -> None:
    """Delete a provider; its people stay."""
    if not state.embedded:
        raise Refused(500, "identity provider management requires embedded IdP")
    if row_id == "local":
        raise Refused(500, "failed to delete identity provider: cannot delete the local connector")
    if row_id not in state.connectors:
        raise Refused(404, "identity provider not found")
    del state.connectors[row_id]
    state.opened.pop(row_id, None)


def open_connector(state: State, row_id: str) -> Row | None:
    """Return an opened connector, opening it at its first login; None when that fails. This waits for the issuer."""
    with state.lock:
        if row_id in state.opened:
            return state.opened[row_id]
        stored = state.connectors.get(row_id)
    if stored is None:
        return None
    try:
        row = opened(stored, state.verify)
    except Unreachable as error:
        state.log.append(f"failed to open connector {row_id}: {error}")
        return None
    with state.lock:
        return state.opened.setdefault(row_id, row)


def open_all(state: State) -> None:
    """Open every connector, as the server does when it starts."""
    for row_id in list(state.connectors):
        open_connector(state, row_id)
