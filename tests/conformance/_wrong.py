# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a stand-in is made to answer otherwise than the recorded servers, in one thing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from simulators.authentik import flows

Spoil = Callable[[pytest.MonkeyPatch], None]


class Wrong(NamedTuple):
    """One wrong stand-in: what makes it so, the case that catches it, and where in the answer that is seen."""

    spoil: Spoil
    case: str
    place: str
    version: str = "2026.5"


def put(module: Any, name: str, value: Any) -> Spoil:
    """Put something else in the place of a function or a constant."""
    return lambda patch: patch.setattr(module, name, value)


def answered(module: Any, name: str, alter: Callable[[Any], Any]) -> Spoil:
    """Alter what a function returns."""
    right = getattr(module, name)
    return put(module, name, lambda *args, **more: alter(right(*args, **more)))


def stage_of(kind: str, **values: Any) -> Spoil:
    """Put something else into a stage."""
    changed = dataclasses.replace(flows.STAGES[kind], **values)
    return lambda patch: patch.setitem(flows.STAGES, kind, changed)
