# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback for tests: tasks that run in this process wait less before they try again."""

from __future__ import annotations

from ansible.plugins.callback import CallbackBase

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core import apply
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._http import session

DOCUMENTATION = """
name: hurry
type: aggregate
short_description: Wait less
description: Cuts the pauses before a request is tried again to a millisecond, as fixtures of tests do for modules that they call.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "hurry"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        session.FIRST_PAUSE = session.JITTER = 0.001
        apply.PAUSES = (0.001, 0.001, 0.001)
