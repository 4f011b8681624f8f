# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is particular to each service: which values a server makes up, and where order or number say nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

# The addresses that the servers had when their APIs and logins were recorded.
ORIGINS = {"2025.10": "http://127.0.0.1:9001", "2026.5": "http://127.0.0.1:9000"}
NETBIRD_ORIGIN = "http://127.0.0.1:33080"
# What the values that servers make up look like.
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
XID = r"[0-9a-v]{20}"
JWT = r"[\w-]+\.[\w-]+\.[\w-]+"


@cache
def matches(pattern: str, place: str) -> bool:
    """Tell whether a pattern is for the whole of a place; the places are few, and asked about for every value."""
    return re.fullmatch(pattern, place) is not None


@dataclass(frozen=True)
class Generated:
    """One kind of value that a server makes up: where it stands and what it looks like.

    `where` must match the whole JSON path with list indexes left out (`$.results[].pk`), in bodies, queries and
    forms; `path` is searched in the request's path. A recorded value that does not have the format is no case for
    the rule and is compared literally (null, Go's zero time). `learn=False` is for values that never come back.
    """

    kind: str
    where: str
    format: str
    path: str = ""
    learn: bool = True

    def applies(self, path: str, where: str, recorded: object) -> bool:
        """Tell whether this rule is the one for a recorded value at that place."""
        return (
            isinstance(recorded, str | int)
            and not isinstance(recorded, bool)
            and matches(self.where, where)
            and re.search(self.path, path) is not None
            and self.fits(recorded)
        )

    def fits(self, value: object) -> bool:
        """Tell whether a value has this kind's format."""
        return re.fullmatch(self.format, str(value), re.DOTALL) is not None


@dataclass(frozen=True)
class Rules:
    """What is particular to one service: its made-up values, and where order or number say nothing."""

    scheme: str
    generated: tuple[Generated, ...]
    # (pattern with one group, kind): integers in a request's path
    segments: tuple[tuple[str, str], ...] = ()
    # JSON paths of lists whose order differs from server to server
    unordered: tuple[str, ...] = ()
    # names of exchanges that list what a server comes with: rows are found by their natural key, others may be there
    preexisting: frozenset[str] = frozenset()
    natural: tuple[str, ...] = ("managed", "slug", "username", "identifier", "domain", "name")
    # JSON paths at which only the type is compared, in those exchanges
    counts: str = r"\$\.pagination\.\w+"
    # (exchange name or "*", JSON path): compared by type alone
    typed: tuple[tuple[str, str], ...] = ()


TIME = r"(?!0001-01-01T00:00:00Z)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)"

NETBIRD = Rules(
    scheme="Token",
    generated=(
        Generated("time", r".*\.(created_at|expiration_date|expires|updated_at|timestamp|last_login)", TIME, learn=False),
        Generated("xid", r".*(\.id|\.target_id|[._]groups\[\])", XID),
        Generated("connector", r"\$(\[\])?\.id", r"[a-z]+-" + XID),
        Generated("user", r".*\.(id|target_id|created_by|initiator_id)", r"Ci[A-Za-z0-9+/=_-]{20,}|" + UUID),
        Generated("setup key", r".*\.key", UUID.replace("a-f", "A-F")),
        Generated("masked key", r".*\.key", r"[0-9A-F]{5}\*{4}"),
        Generated("token", r"\$\.(plain_token|personal_access_token)", r"nbp_[0-9A-Za-z]{36}"),
        Generated("network", r".*\.network_range", r"100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.0\.0/16"),
        Generated("network", r".*\.network_range_v6", r"fd[0-9a-f]{2}(:[0-9a-f]{1,4}){3}::/64"),
    ),
)

AUTHENTIK = Rules(
    scheme="Bearer",
    generated=(
        Generated(
            "time",
            r".*\.(last_updated|date_joined|last_login|password_change_date|expires|created|cert_expiry|token-expires)",
            TIME,
            learn=False,
        ),
        Generated("time", r".*\{(claims)\}\.(exp|iat|auth_time|nbf)", r"\d{10}", learn=False),
        Generated("jwt", r"\$\.(access_token|id_token|refresh_token)", JWT),
        Generated("user", r"\$(\.results\[\])?\.pk", r"\d+", path=r"/core/users/"),
        Generated("user", r"\$\.user\.pk|.*\.user_obj\.pk|.*\.users_obj\[\]\.pk", r"\d+"),
        Generated("user", r".*\.(user|user_pk|for_user|users\[\])", r"\d+"),
        Generated("user", r"\$\.pk", r"\d+", path=r"/(add|remove)_user/"),
        Generated("user", r".*\{claims\}\.sub", r"\d{1,9}"),
        Generated("provider", r"\$(\.results\[\])?\.pk", r"\d+", path=r"/providers/"),
        Generated("provider", r".*\.(provider|provider_obj\.pk)", r"\d+"),
        Generated("group number", r".*\.num_pk", r"\d+"),
        Generated(
            "uuid",
            r".*(\.pk|_uuid|\.uuid|_id|_flow|_key|\.(app|target|group|policy|stage|uuid|sid)|_in"
            r"|\.(groups|roles|stages|policies|property_mappings|parents|target_in|children)\[\]"
            r"|\.flow_\w+|_ptr_id)",
            UUID,
        ),
        Generated("uid", r".*\.(uid|user_uid)", r"[0-9a-f]{64}"),
        Generated("claim", r".*\{claims\}\.(sub|sid|jti|uid)", r"[0-9a-f]{64}|[0-9A-Za-z]{40}"),
        Generated("client id", r".*\.client_id", r"[0-9A-Za-z]{40}"),
        Generated("client secret", r".*\.client_secret", r"[0-9A-Za-z]{128}"),
        Generated("key", r"\$\.(key|token)", r"[0-9A-Za-z]{60}"),
        Generated("request", r"\$\.request_id", r"[0-9a-f]{32}", learn=False),
        Generated("device code", r"\$\.device_code", r".{128}"),
        Generated("user code", r"\$\.user_code", r"\d{9}"),
        Generated("fingerprint", r".*\.fingerprint_sha(1|256)", r"([0-9a-f]{2}:){19,31}[0-9a-f]{2}"),
        Generated("jwk", r".*\.(kid|x5t|x5t#S256)|.*\{header\}\.kid", r"[\w-]{20,128}"),
        Generated("jwk", r".*\.(n|x5c\[\])", r"[\w+/=-]{200,}"),
        Generated("outpost", r".*\.username", r"ak-outpost-[0-9a-f]{32}"),
    ),
    # Only the number is replaced: the 2 of "oauth2" is none.
    segments=((r"(?<=/core/users/)(\d+)(?=/)", "user"), (r"(?<=/providers/oauth2/)(\d+)(?=/)", "provider")),
    unordered=(r".*\.property_mappings", r".*\.(policies|stages)", r".*\.system_permissions", r".*\.scopes_supported"),
)
