# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws of a module on the server: a check predicts and writes nothing, a second run has nothing to do."""

from __future__ import annotations

import json
import re
from typing import Any

from live._servers import TIMEOUT, Live, Row, difference
from support import COLLECTION
from support.case import Case
from support.modules import call


def named(live: Live, names: re.Pattern[str], value: Any) -> Any:
    """The same with the prefix before whatever has one of these names."""
    return json.loads(names.sub(lambda name: live.name(name[0]), json.dumps(value)))


def ensure(live: Live, module: str, options: Row, check_mode: bool = False) -> Row:
    server = live.authentik if module.startswith("authentik") else live.netbird
    connection = {f"{server.api.option}_url": server.url, f"{server.api.option}_token": server.token, "timeout": TIMEOUT}
    result = call(module, {**connection, **options}, check_mode=check_mode)
    assert not result.get("failed"), result["msg"]
    return result


def predicted(live: Live, module: str, options: Row) -> Row:
    """What a run did, once a check has predicted the same and written nothing, and before another had nothing to do."""
    there = live.inventory()
    guess = ensure(live, module, options, check_mode=True)
    assert difference(there, live.inventory()) == []
    made = ensure(live, module, options)
    assert made["changed"] is True
    assert made["diff"] == guess["diff"]
    assert made["diff"]["before"] != made["diff"]["after"]
    again = ensure(live, module, options)
    assert (again["changed"], again["diff"]) == (False, {"before": {}, "after": {}})
    return made


def assert_lawful(live: Live, case: Case, names: re.Pattern[str]) -> None:
    """What the case makes, changes and removes is as each check said it would be."""
    for task in named(live, names, case.before):
        ((module, options),) = task.items()
        ensure(live, module.removeprefix(f"{COLLECTION}."), options)
    key, create, change = named(live, names, [case.key, case.create, case.change])
    predicted(live, case.module, {**key, **create})
    assert ensure(live, case.module, key)["changed"] is False, "what a task leaves out stays"
    predicted(live, case.module, {**key, **change})
    if case.removable:
        predicted(live, case.module, {**key, "state": "absent"})
