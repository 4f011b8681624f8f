# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module's C(run) sees of its task, and the failure that keeps it from being called.

PRIVATE to this collection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.client import CONNECTION_ARGUMENTS
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure


@dataclass
class Context:
    """What a module's run sees: validated parameters, check mode, and where to leave warnings and secrets to be masked.

    ``progress(done, total)`` is told of each change that was made, where somebody watches.
    """

    params: Mapping[str, Any]
    check_mode: bool
    warnings: list[str] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    progress: Callable[[int, int], None] | None = None

    @property
    def connection(self) -> dict[str, Any]:
        """The connection options that do not depend on the service."""
        return {name: self.params[name] for name in CONNECTION_ARGUMENTS}

    def warn(self, message: str) -> None:
        if message not in self.warnings:
            self.warnings.append(message)


class MissingLibrary(Failure):
    """The Python that runs the task lacks a library."""

    def __init__(self, message: str, exception: str) -> None:
        super().__init__(message)
        self._exception = exception

    def result(self) -> dict[str, Any]:
        return {"exception": self._exception}
