# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for NetBird with joined peers is held to the recording, but for a table of what it does not answer yet."""

from __future__ import annotations

from conformance._peers import EXCHANGES, ORDER, collection, differences, unanswered


def test_every_exchange_is_answered_as_recorded_or_listed() -> None:
    """The table is exact both ways: what differs is in it, what is in it differs."""
    assert sorted(ORDER) == list(range(len(EXCHANGES)))
    listed = list(unanswered())
    assert [(collection(index), index) for _, index in listed] == listed
    notes: list[str] = []
    found = differences(look=lambda mismatch: notes.append(str(mismatch)))
    known = {index for _, index in listed}
    print(f"{len(EXCHANGES)} exchanges replayed, {len(known)} known to differ")
    new = [note for note in notes if int(note.split(" ", 1)[0]) not in known]
    assert not new, "\n".join(new)
    assert not known - found, f"answered, and still in the table: {sorted(known - found)}"
