# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What NetBird's stand-in answers otherwise than the recording with joined peers: exchanges by index, first and last."""

from __future__ import annotations

UNANSWERED: dict[str, str] = {
    # its settings, the catalogue of providers, and a list that nothing is ever in
    "agent-network": "25 31 1123 1125-1133 1192 1195 1219-1223 1225-1236 1238 1242 1250-1257",
    # not every change is an event here, and the recording has cut these lists
    "events": "1501-1505",
    # a resource that a service of the reverse proxy uses
    "networks": "1043",
    # nothing is made and no proxy connects; the lists are empty
    "reverse-proxies": "980-990 992-993 995-1037 1040-1042 1044-1057 1061-1076 1080-1114 1116-1121 1224 1243 1245 1247-1249",
    # keys that expired while the recording was made
    "setup-keys": "465 469",
}
