# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures as data.

PRIVATE to this collection. A failure carries everything a person needs (what was wanted, what the server said, what to do)
and nothing secret, so whoever catches it only has to print it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class Failure(Exception):
    """A task cannot do what it was asked to; the message is one or two sentences for a person.

    ``done`` are the changes that the task had made by then, one sentence each.
    """

    done: Sequence[str] = ()

    def result(self) -> dict[str, Any]:
        """What the task returns beside C(failed) and C(msg)."""
        return {"changed": True, "changes": list(self.done)} if self.done else {}


class ApiError(Failure):
    """The server answered a request with something other than success.

    ``status`` is the HTTP status, ``fields`` maps a field of the body to the server's messages about it (dotted where it
    is nested), ``detail`` is the server's own text when it named no field. ``path`` never holds a query or a secret.
    """

    def __init__(
        self,
        message: str,
        *,
        method: str,
        path: str,
        status: int,
        detail: str = "",
        fields: Mapping[str, list[str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.method = method
        self.path = path
        self.status = status
        self.detail = detail
        self.fields = dict(fields or {})

    def result(self) -> dict[str, Any]:
        error = {name: getattr(self, name) for name in ("method", "path", "status", "detail", "fields")}
        return {**super().result(), "error": error}


class NoAnswerError(Failure):
    """A request got no answer: whether the server carried it out is unknown."""
