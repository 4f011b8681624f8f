# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an older server does not have: collections, and keys of what it shows and takes.

UNRECORDED: all of it (NetBird's OpenAPI documents of 0.60 to 0.77).
"""

from __future__ import annotations

import re
from typing import Any

COLLECTIONS = {
    "setup": "0.62.0",
    "instance": "0.62.0",
    "identity-providers": "0.62.0",
    "dns/zones": "0.63.0",
    "instance/version": "0.64.2",
    "users/invites": "0.64.2",
    "reverse-proxies": "0.65.0",
    "reverse-proxies/proxy-tokens": "0.71.0",
    "agent-network": "0.74.0",
}
KEYS = {
    "accounts": {
        "auto_update_version": "0.61.0",
        "embedded_idp_enabled": "0.62.0",
        "local_auth_disabled": "0.64.4",
        "peer_expose_enabled": "0.66.0",
        "peer_expose_groups": "0.66.0",
        "auto_update_always": "0.67.0",
        "network_range_v6": "0.71.0",
        "ipv6_enabled_groups": "0.71.0",
        "local_mfa_enabled": "0.71.0",
        "metrics_push_enabled": "0.74.0",
        "agent_network_only": "0.75.0",
    },
    "policies": {"authorized_groups": "0.61.0"},
    "peers": {"ipv6": "0.71.0"},
    "reverse-proxies/services": {
        "mode": "0.67.0",
        "listen_port": "0.67.0",
        "access_restrictions": "0.67.0",
        "private": "0.72.0",
        "access_groups": "0.72.0",
    },
    "agent-network/providers": {"metadata_disabled": "0.75.0"},
}


def older(version: str, than: str) -> bool:
    """Say whether a release comes before another."""
    numbers = [[int(part) for part in re.findall(r"\d+", each)] for each in (version, than)]
    return numbers[0] < numbers[1]


def lacks(version: str, path: str) -> bool:
    """Say whether a server of this release has nothing at a path below /api."""
    return any(older(version, since) and f"{path}/".startswith(f"{collection}/") for collection, since in COLLECTIONS.items())


def known(version: str, path: str, value: Any) -> Any:
    """Return what a server of this release shows, or sees, of what is shown or sent at a path."""
    keys = next((keys for collection, keys in KEYS.items() if f"{path}/".startswith(f"{collection}/")), {})
    return _without({key for key, since in keys.items() if older(version, since)}, value)


def _without(keys: set[str], value: Any) -> Any:
    if isinstance(value, list):
        return [_without(keys, each) for each in value]
    if isinstance(value, dict):
        return {key: _without(keys, each) for key, each in value.items() if key not in keys}
    return value
