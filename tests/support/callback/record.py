# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback for tests: each task's result, as a callback gets it, and the requests that it made, as lines of JSON."""

from __future__ import annotations

import json
import os
import urllib.request
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record
type: aggregate
short_description: Record results and requests
description: Writes a line of JSON per result to the file in E(RECORD_FILE). The stand-ins at the URLs in E(RECORD_URLS), or in
  the play's own variable C(recorded_urls), are asked which requests the task made, and forget them.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "record"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._play = play.get_name()
        self._urls = play.get_vars().get("recorded_urls", os.environ["RECORD_URLS"].split())

    def _record(self, status: str, result: Any) -> None:
        # ansible-core 2.20 renamed the attributes; both are there while 2.19 is supported.
        task = getattr(result, "task", None) or result._task
        content = getattr(result, "result", None) or result._result
        line = {
            "play": self._play,
            "task": task.get_name(),
            "action": task.action,
            "status": status,
            "result": json.loads(json.dumps(content, default=str)),
            "requests": [request for url in self._urls for request in self._requests(url)],
        }
        with open(os.environ["RECORD_FILE"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def _requests(self, url: str) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{url}/_simulator/requests") as answer:
            requests = json.load(answer)
        urllib.request.urlopen(urllib.request.Request(f"{url}/_simulator/requests", method="DELETE")).close()
        return requests

    def v2_runner_on_ok(self, result: Any) -> None:
        self._record("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._record("failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._record("skipped", result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._record("failed", result)
