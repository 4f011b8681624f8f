# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A named cause, and how a function becomes one.

PRIVATE to this collection. Each cause is a function that looks at what was seen and returns what gives the cause away, or
nothing. Its name is the cause's id, its docstring says what is wrong; symptom, remedy and thread are written beside it. Beside
the causes of a check is its evidence: what was seen where it passed. The checks and the troubleshooting page are made from the
same catalogue, whose pages are the files in C(causes/).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.seen import Seen

# A check as the table shows it: {check, result, cause, title, saw, remedy, thread}.
Row = dict[str, str]
Found = Callable[[Seen], str]


@dataclass(frozen=True)
class Cause:
    """One named cause.

    ``found`` says what gives it away, and nothing where it is not there. ``check`` is the check that fails because of it,
    ``setup`` the one set-up that it belongs to (both when empty), ``explains`` are the outcomes of a login, and other causes,
    that it leads to. A cause by ``elimination`` is looked for only in a login that nothing else explains, one that is
    ``blinding`` keeps others from being seen.
    """

    id: str
    title: str
    check: str
    symptom: str
    remedy: str
    found: Found
    setup: str = ""
    explains: Sequence[str] = ()
    elimination: bool = False
    blinding: bool = False
    warning: bool = False
    thread: str = ""

    def row(self, saw: str, reasons: Sequence[str] = ()) -> Row:
        """This cause as a row of the table; ``reasons`` are the ids of other causes that lead to it."""
        return {
            "check": self.check,
            "result": "warning" if self.warning else "failed",
            "cause": self.id,
            "title": self.title,
            "saw": saw,
            "remedy": mend(reasons) if reasons else self.remedy,
            "thread": self.thread,
        }


@dataclass(frozen=True)
class Evidence:
    """What a check saw where it has passed; never a secret. ``setup`` as for a cause."""

    check: str
    shown: Found
    setup: str = ""


class Catalogue:
    """A decorator that makes functions into causes, and keeps them in the order of the file, with the checks' evidence."""

    def __init__(self) -> None:
        self.causes: list[Cause] = []
        self.evidences: list[Evidence] = []

    def evidence(self, check: str, setup: str = "") -> Callable[[Found], Found]:
        """A decorator that makes a function into the evidence of a check."""

        def keep(shown: Found) -> Found:
            self.evidences.append(Evidence(check, shown, setup))
            return shown

        return keep

    def __call__(self, **about: Any) -> Callable[[Found], Found]:
        def keep(found: Found) -> Found:
            self.causes.append(Cause(id=found.__name__.replace("_", "-"), title=str(found.__doc__), found=found, **about))
            return found

        return keep


def mend(ids: Sequence[str]) -> str:
    """What to do about something that has causes of its own."""
    return f"This comes from {', '.join(ids)}: mend that first."
