# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All named causes, in the order in which their checks are shown.

PRIVATE to this collection.
"""

from __future__ import annotations

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.cause import Catalogue, Cause, Evidence
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.causes import (
    account,
    authentik,
    logout,
    netbird,
    network,
    person,
    tokens,
)

# Mistakes that no cause is named for, and why: for the troubleshooting page.
UNSEEABLE = {
    "A proxy that does not pass HTTP/2 (gRPC) on to NetBird": "People log in without it, and no peer connects. What a proxy "
    "offers at its front says nothing of how it goes on to NetBird: netbird status -d on a client does.",
    "A person whose e-mail address is not verified": "That is no mistake: NetBird's embedded provider does not look at it "
    "(measured), nor does its management server.",
    "A subject mode that was changed in the management set-up": "Every mode works, and NetBird does not show which subject a "
    "person had before. What it leads to is seen: person-twice.",
    "Policies that leave out other people, addresses or times": "A login is that of one person, from one host, at one time. "
    "authentik's events say who else was denied; verify_people says whom the application lets in.",
    "A reputation that somebody has spoilt elsewhere": "authentik keeps it by address and by name; the address is that of the "
    "host that verifies. What is denied to that host is seen: flow-denies.",
    "A clock or a network of a host that does not look": "Only what the hosts of verify_hosts see is known.",
    "A proxy between NetBird and authentik that takes headers away": "NetBird asks authentik from its own host. Its log names "
    "what is answered, and verify_hosts looks at the issuer from there.",
    "The secret of NetBird's connector": "NetBird shows it to nobody. Whether it is right is proven by what a login at "
    "authentik itself gives: connector-secret-differs.",
}

CATALOGUES: tuple[Catalogue, ...] = (
    network.cause,
    authentik.cause,
    tokens.cause,
    account.cause,
    netbird.cause,
    person.cause,
    logout.cause,
)
CAUSES: tuple[Cause, ...] = tuple(cause for each in CATALOGUES for cause in each.causes)
EVIDENCES: tuple[Evidence, ...] = tuple(evidence for each in CATALOGUES for evidence in each.evidences)
