# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was looked at, for causes to judge.

PRIVATE to this collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.service import release

LOGIN = "Login"
# What was tried, and the check that it is.
LOGINS = {"login": LOGIN, "device_login": "Login of a device"}


class Unseen(Exception):
    """A cause cannot be judged; the message says what was not seen, and why."""


class Seen:
    """Everything that was looked at, by name; what was not raises :class:`Unseen` when a cause asks for it."""

    def __init__(self, things: Mapping[str, Any], reasons: Mapping[str, str] | None = None) -> None:
        self._things = things
        self._reasons = reasons or {}

    def __getattr__(self, name: str) -> Any:
        if name not in self._things:
            raise Unseen(self._reasons.get(name, f"{name.replace('_', ' ')}: not looked at"))
        return self._things[name]

    def __contains__(self, name: str) -> bool:
        return name in self._things


def past(moment: str) -> bool:
    """Whether a moment, as authentik's API writes it, has gone by."""
    return datetime.fromisoformat(moment.replace("Z", "+00:00")) < datetime.now(timezone.utc)


def later(version: str, newest: str) -> str:
    """What gives a later release away. Who builds a server from its source gives it no number, and an old one tells none."""
    numbered = version[:1].isdigit()
    return f"version {version}" if numbered and release(version)[:2] > release(newest)[:2] else ""


def said_by(seen: Seen, *outcomes: str) -> str:
    """The words of the server that ended a login, a device's included, in one of these ways."""
    logins = [getattr(seen, name) for name in LOGINS if name in seen]
    return next((str(login["said"]) for login in logins if login["outcome"] in outcomes), "")
