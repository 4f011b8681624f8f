# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in is held to a NetBird that devices have joined, as far as it goes; what it does not answer yet is listed."""

from __future__ import annotations

from collections import Counter

from conformance._peers import EXCHANGES, collection_of, differences
from conformance._unanswered import UNANSWERED


def test_every_exchange_is_answered_as_recorded_or_listed() -> None:
    """The list is exact both ways, so that it can only get shorter."""
    found = differences()
    wrong = {mismatch.exchange for mismatch in found}
    unanswered: dict[str, list[str]] = {}
    for exchange in EXCHANGES:
        if exchange["name"] in wrong:
            names = unanswered.setdefault(collection_of(exchange), [])
            names += [exchange["name"]] if exchange["name"] not in names else []
    print(f"{len(EXCHANGES)} exchanges replayed, {len(wrong)} names of them not answered as recorded yet")
    details = [str(mismatch) for mismatch in found if mismatch.exchange not in {n for each in UNANSWERED.values() for n in each}]
    assert not details, "\n".join(details)
    assert unanswered == UNANSWERED


def test_what_modules_manage_is_nearly_all_answered() -> None:
    """Each collection that has a module: at most one in ten of its exchanges is listed."""
    all_of = Counter(collection_of(exchange) for exchange in EXCHANGES)
    managed = ("networks", "networks/resources", "networks/routers", "routes", "dns/nameservers", "dns/zones", "posture-checks")
    for collection in managed:
        assert len(UNANSWERED.get(collection, [])) <= all_of[collection] / 10, collection
