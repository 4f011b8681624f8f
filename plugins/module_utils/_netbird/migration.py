# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who a person of NetBird is in the one set-up, and would be in the other.

PRIVATE to this collection. NetBird knows people by the subject of their tokens. In the standalone set-up that is authentik's own;
in the management set-up the embedded provider puts it and its connector's id into a subject of its own (measured).
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.service import Authentik
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.context import Context
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.service import Netbird

# Which of a person's keys is the subject, by the provider's mode (authentik's OpenAPI document). Their UPN is in attributes.
SUBJECTS = {
    "hashed_user_id": "uid",
    "user_id": "pk",
    "user_uuid": "uuid",
    "user_username": "username",
    "user_email": "email",
}
# What the standalone set-up needs: NetBird looks people up in authentik by it.
BY_ID = "user_id"


def embedded(subject: str, connector: str) -> str:
    """A person's id behind the embedded provider: both in a protobuf message of two texts, in Base64 without padding."""
    fields = [tag + _length(value) + value for tag, value in ((b"\x0a", subject.encode()), (b"\x12", connector.encode()))]
    return base64.urlsafe_b64encode(b"".join(fields)).decode().rstrip("=")


def _length(value: bytes) -> bytes:
    """How long a text is, seven bits to a byte, the lowest first; all but the last have the eighth (protobuf's varint)."""
    length, parts = len(value), []
    while length > 0x7F:
        parts.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes((*parts, length))


def migration(context: Context) -> dict[str, Any]:
    """Everybody in NetBird with the id now and then, by the options of C(netbird_migration_info)."""
    params = context.params
    authentik, netbird = Authentik(context), Netbird(context)
    account, *_others = netbird.all_rows("accounts")
    management = bool(account["settings"].get("embedded_idp_enabled"))
    if management == (params["to"] == "management"):
        raise Failure(f"NetBird is in the {params['to']} set-up already.")
    mode = _mode(authentik, params["application"])
    connector = _connector(netbird, params["connector"]) if management else params["connector"]
    people = {}
    for row in authentik.rows_of_kind("user"):
        own = str(row[SUBJECTS[mode]])
        then = str(row[SUBJECTS[BY_ID]]) if management else embedded(own, connector)
        people[embedded(own, connector) if management else own] = {"username": row["username"], "id_then": then}
    peers = Counter(row.get("user_id") for row in netbird.all_rows("peers"))
    return {
        "changed": False,
        "from": "management" if management else "standalone",
        "sub_mode": mode,
        "people": [
            _person(row, people.get(row["id"]), peers[row["id"]])
            for row in sorted(netbird.all_rows("users"), key=lambda row: str(row["email"]))
            if not row["is_service_user"]
        ],
    }


def _person(row: Mapping[str, Any], found: Mapping[str, str] | None, peers: int) -> dict[str, Any]:
    """One of NetBird's people; who is not authentik's has no id then."""
    known = found or {"username": "", "id_then": ""}
    return {**{name: row[name] for name in ("id", "email", "name", "role")}, **known, "peers": peers}


def _mode(authentik: Authentik, slug: str) -> str:
    """What authentik tells NetBird of a person, of those that every person has."""
    application = authentik.find(authentik.references["application"], "slug", slug)
    if application is None or not application["provider"]:
        raise Failure(f"authentik has no application {slug!r} with an OAuth2/OpenID provider.")
    mode = str(authentik.get(f"providers/oauth2/{application['provider']}/")["sub_mode"])
    if mode not in SUBJECTS:
        raise Failure(f"The provider's sub_mode is {mode}: who is who cannot be told from it. Known are {', '.join(SUBJECTS)}.")
    return mode


def _connector(netbird: Netbird, name: str) -> str:
    """The id of the connector that people come by now."""
    row = netbird.find(netbird.references["connector"], "name", name)
    if row is None:
        raise Failure(f"NetBird has no identity provider {name!r}.")
    return str(row["id"])
