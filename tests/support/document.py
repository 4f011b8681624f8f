# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A document of many objects of NetBird that refer to each other, for ``netbird_config``."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]


def count(document: Document) -> int:
    """How many objects a document has."""
    return sum(len(section) if isinstance(section, list) else 1 for section in document.values())


def document(size: int = 30) -> Document:
    """Ten times as many objects as that, of thirteen kinds: 300 of 30."""
    groups = [f"team-{number}" for number in range(2 * size)]
    half = range(size // 2)

    def of(number: int) -> str:
        return groups[number % len(groups)]

    return {
        "groups": [{"name": name} for name in groups],
        "setup_keys": [
            {"name": f"key-{number}", "auto_groups": [of(number)], "usage_limit": number, "expires_in": 86400}
            for number in range(size)
        ],
        "posture_checks": [{"name": f"check-{number}", "nb_version_check": {"min_version": f"0.{number}.0"}} for number in half],
        "networks": [{"name": f"site-{number}", "description": "One of many"} for number in half],
        "network_resources": [
            {"network": f"site-{number}", "name": f"{what}-{number}", "address": address, "groups": [of(number)]}
            for number in half
            for what, address in (("files", f"10.{number}.0.0/24"), ("wiki", f"wiki-{number}.company.example"))
        ],
        "network_routers": [{"network": f"site-{number}", "peer_groups": [of(number)], "metric": 100} for number in half],
        "routes": [
            {
                "network_id": f"route-{number}",
                "network": f"10.{100 + number}.0.0/16",
                "peer_groups": [of(number)],
                "groups": [of(0)],
            }
            for number in half
        ],
        "policies": [
            {
                "name": f"policy-{number}",
                "protocol": "tcp",
                "ports": [str(8000 + number)],
                "sources": [of(number), of(number + 1)],
                **(
                    {"destination_resource": f"files-{number}", "source_posture_checks": [f"check-{number}"]}
                    if number in half
                    else {"destinations": [of(number + 2)]}
                ),
            }
            for number in range(2 * size)
        ],
        "nameserver_groups": [
            {
                "name": f"names-{number}",
                "nameservers": [{"ip": f"10.{number}.0.53"}],
                "groups": [of(number)],
                "domains": [f"site-{number}.example"],
            }
            for number in half
        ],
        "dns_zones": [{"domain": f"zone-{number}.example", "distribution_groups": [of(number)]} for number in half],
        "dns_records": [
            {"zone": f"zone-{number}.example", "name": f"{name}.zone-{number}.example", "type": "A", "content": "10.1.2.3"}
            for number in half
            for name in ("www", "mail")
        ][2:],
        "dns_settings": {"disabled_management_groups": [of(1)]},
        "account_settings": {"peer_login_expiration": 7200, "dns_domain": "mesh.company.example"},
    }


def changed(before: Document) -> Document:
    """The same with ten objects changed, of as many kinds."""
    changes: dict[str, dict[str, Any]] = {
        "setup_keys": {"auto_groups": []},
        "posture_checks": {"description": "Changed"},
        "networks": {"description": ""},
        "network_resources": {"enabled": False},
        "network_routers": {"masquerade": False},
        "routes": {"groups": ["team-3"]},
        "policies": {"ports": None, "port_ranges": [{"start": 1, "end": 2}]},
        "nameserver_groups": {"description": "Changed"},
        "dns_zones": {"enable_search_domain": True},
        "dns_records": {"ttl": 60},
    }
    return {
        section: [*entries[:-1], {**entries[-1], **changes[section]}] if section in changes else entries
        for section, entries in before.items()
    }
