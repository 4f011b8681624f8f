# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Note each program that a Python starts, with its arguments and its environment, in the file in E(STARTS_FILE).

Most are over before anybody could look at them in /proc.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def note(event: str, args: tuple[Any, ...]) -> None:
    if event not in ("subprocess.Popen", "os.posix_spawn", "os.exec"):
        return
    command, env = args[1], args[-1]
    told = [command] if isinstance(command, (str, bytes)) else [*command]
    variables = (os.environ if env is None else env).items()
    environ = [f"{os.fsdecode(name)}={os.fsdecode(value)}" for name, value in variables]
    line = {"argv": [os.fsdecode(each) for each in told], "environ": environ}
    descriptor = os.open(os.environ["STARTS_FILE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, json.dumps(line, ensure_ascii=False).encode(errors="replace") + b"\n")
    os.close(descriptor)


if "STARTS_FILE" in os.environ:
    sys.addaudithook(note)
