# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person who logs in again and again while something is done to the servers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from support.modules import call


class Logins:
    """How each login ended, from the first, which is over before anything else begins, to the last, which begins after it."""

    def __init__(self, options: Callable[[], dict[str, Any]]) -> None:
        """Keep what tells the options of C(oidc_login), asked for anew each time."""
        self._options = options
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.outcomes: list[str] = []

    def __enter__(self) -> Logins:
        self._once()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        self._once()

    @property
    def failed(self) -> list[str]:
        """How those ended that did not come in."""
        return [outcome for outcome in self.outcomes if outcome != "logged_in"]

    def _run(self) -> None:
        while not self._over.is_set():
            self._once()

    def _once(self) -> None:
        result = call("oidc_login", self._options())
        self.outcomes.append(result["login"]["outcome"] if "login" in result else result["msg"])
