# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback for tests: kills the play when it comes to its n-th task."""

from __future__ import annotations

import os
import signal
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: kill
type: aggregate
short_description: Kill the play at a task
description: Kills the process, as a power cut would, when the task whose number is in E(KILL_AT_TASK) begins. V(0) is never.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kill"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._left = int(os.environ["KILL_AT_TASK"])

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
