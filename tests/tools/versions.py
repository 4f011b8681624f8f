# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of what came with which release, written from the specifications. ``make docs`` runs it; a test compares."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/versions.md"
HEAD = """<!--
Copyright (c) 2026, the zerotrust.netbird_authentik contributors
GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later

Written by tests/tools/versions.py from the specifications in plugins/module_utils: change them there.
-->

# Which releases it works with

What a server can do is told by its answers, not by its number. The numbers here are from the OpenAPI documents of both
products; they say what to update to. What a server lacks is refused by them, and before anything is written, but for a setting
of a new object: NetBird takes what it does not know without a word, so that shows in its answer. A release newer than those that
were tested works as far as its API stays the same; the role verify warns of it once.

| | oldest | newest | recorded, and tried |
|---|---|---|---|
| authentik | {authentik_oldest} (entitlements) | {authentik_newest} | 2025.10, 2026.5 |
| NetBird, management set-up | {netbird_oldest} (embedded identity provider) | {netbird_newest} | 0.77.1 |
| NetBird, standalone set-up | 0.60 | {netbird_newest} | 0.77.1 |

Of releases that were not recorded, the stand-ins of the tests are a recorded one, less what the documents do not have. Redirects
of a log-out (`redirect_uri_type`) came with authentik 2026.5; on older ones `redirect_uri_type_optional` leaves them out.
"""


def page() -> str:
    """The whole page."""
    sys.path.insert(0, str(ROOT / ".build"))
    from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.applications import OAUTH2_PROVIDER
    from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.bindings import ENTITLEMENT
    from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.kinds import KINDS, REFERENCES
    from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.causes import authentik, netbird

    numbers = {
        f"{product}_{which.lower()}": getattr(causes, which)
        for product, causes in {"authentik": authentik, "netbird": netbird}.items()
        for which in ("OLDEST", "NEWEST")
    }
    lines = [HEAD.format(**numbers)]
    for product, resources in {
        "authentik": [ENTITLEMENT, OAUTH2_PROVIDER],
        "NetBird": [REFERENCES["connector"], REFERENCES["reverse_proxy_cluster"], *KINDS.values()],
    }.items():
        came: dict[str, list[str]] = {}
        for resource in resources:
            if resource.since:
                came.setdefault(resource.since, []).append(resource.kind)
            for field in resource.fields:
                # What came with the kind is not said again.
                if field.since and field.since != resource.since:
                    came.setdefault(field.since, []).append(f"`{field.name}` of {resource.kind}")
        lines += [f"## {product}\n", "| since | |", "|---|---|"]
        ordered = sorted(came, key=lambda release: [int(part) for part in re.findall(r"\d+", release)])
        lines += [f"| {release} | {', '.join(came[release])} |" for release in ordered]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page())
