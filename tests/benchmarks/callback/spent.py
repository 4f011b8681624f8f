# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback for benchmarks: what each task costs, in ansible-playbook and in the worker that it forks.

It wraps functions of Ansible and of the collection, before the first worker is forked, which no plugin that people use may do.
"""

from __future__ import annotations

import functools
import json
import os
import resource
import time
from collections import defaultdict
from importlib import import_module
from typing import Any

import requests
from ansible.executor.process.worker import WorkerProcess
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: spent
type: aggregate
short_description: Measure tasks
description: Writes a line of JSON per start of a task and per worker to the file in E(SPENT_FILE). E(SPENT_BUNDLE) takes the
  place of the default bundle of certificates.
"""

COLLECTION = "ansible_collections.zerotrust.netbird_authentik.plugins"


def write(**line: Any) -> None:
    with open(os.environ["SPENT_FILE"], "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def now() -> tuple[float, float]:
    """The time, and the processor's time of this process."""
    return time.perf_counter(), time.process_time()


class Worker:
    """What a worker spends in the parts of a task, in seconds: (time, processor's time)."""

    def __init__(self) -> None:
        self._spent: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])

    def watch(self, owner: Any, name: str, part: str) -> None:
        function = getattr(owner, name)

        @functools.wraps(function)
        def watched(*arguments: Any, **options: Any) -> Any:
            start = now()
            try:
                return function(*arguments, **options)
            finally:
                for index, (before, after) in enumerate(zip(start, now(), strict=True)):
                    self._spent[part][index] += after - before

        setattr(owner, name, watched)

    def report(self) -> None:
        run = WorkerProcess._run

        def reported(worker: Any) -> None:
            self._spent.clear()
            start = time.perf_counter()
            run(worker)
            write(worker={**self._spent, "worker": [time.perf_counter() - start, time.process_time()]})

        WorkerProcess._run = reported


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "spent"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        requests.utils.DEFAULT_CA_BUNDLE_PATH = os.environ.get("SPENT_BUNDLE", requests.utils.DEFAULT_CA_BUNDLE_PATH)
        worker = Worker()
        in_process = import_module(f"{COLLECTION}.plugin_utils._in_process")
        client = import_module(f"{COLLECTION}.module_utils._core.client")
        worker.watch(in_process.InProcessAction, "run", "plugin")
        worker.watch(in_process, "import_module", "import")
        worker.watch(ArgumentSpecValidator, "validate", "validation")
        worker.watch(client.Client, "request", "requests")
        worker.report()

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        workers = resource.getrusage(resource.RUSAGE_CHILDREN)
        write(start=[*now(), workers.ru_utime + workers.ru_stime])

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self.v2_playbook_on_task_start(None, False)
