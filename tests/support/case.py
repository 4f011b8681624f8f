# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A case: what one module is tried with, in every kind of test that tries them all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from support import COLLECTION

SECRET = "client-secret-of-the-laws"
ISSUER = "{{ authentik_url }}/application/o/netbird/"


@dataclass(frozen=True)
class Case:
    """What a module is asked for: its key alone, to make something, to change it; ``before`` makes what it needs."""

    module: str
    key: dict[str, Any]
    create: dict[str, Any]
    change: dict[str, Any]
    before: list[dict[str, Any]] = field(default_factory=list)
    removable: bool = True

    def task(self, step: str, options: dict[str, Any], check: bool = False) -> dict[str, Any]:
        return {"name": step, f"{COLLECTION}.{self.module}": {**self.key, **options}, "check_mode": check}

    def steps(self) -> list[dict[str, Any]]:
        removal = [
            self.task("check absent", {"state": "absent"}, check=True),
            self.task("absent", {"state": "absent"}),
            self.task("check absent again", {"state": "absent"}, check=True),
            self.task("absent again", {"state": "absent"}),
        ]
        return [
            *self.before,
            self.task("check create", self.create, check=True),
            self.task("create", self.create),
            self.task("create again", self.create),
            self.task("key alone", {}),
            self.task("check change", self.change, check=True),
            self.task("change", self.change),
            self.task("change again", self.change),
            self.task("check change again", self.change, check=True),
            *(removal if self.removable else []),
        ]


def made(module: str, **options: Any) -> dict[str, Any]:
    return {f"{COLLECTION}.{module}": options}


def netbird(kind: str, **options: Any) -> dict[str, Any]:
    return made(f"netbird_{kind}", **options)


# What many cases need to be there.
PROVIDER = made("authentik_oauth2_provider", name="NetBird", redirect_uris=[{"url": "https://netbird.company/cb"}])
APPLICATION = made("authentik_application", slug="netbird", name="NetBird", provider="NetBird")
