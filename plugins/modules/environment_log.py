#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: environment_log
short_description: Read a log without the secrets in it
version_added: 0.1.0
description:
  - Runs a command that prints a log, and returns its last lines without the secrets that some files hold.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.info_module
options:
  command:
    description: The command and its arguments.
    type: list
    elements: str
    required: true
  chdir:
    description: The folder that it runs in.
    type: path
  files:
    description: Files of environment variables and JSON files. Values whose name says so, such as C(Password), are secret.
    type: list
    elements: path
    default: []
  lines:
    description: How many lines are wanted.
    type: int
    default: 20
"""

EXAMPLES = r"""
- name: What NetBird said last
  zerotrust.netbird_authentik.environment_log:
    command: [docker, compose, logs, --no-color]
    chdir: /opt/netbird/infrastructure_files/artifacts
    files: [/opt/netbird/infrastructure_files/artifacts/management.json]
"""

RETURN = r"""
lines:
  description: The last lines.
  returned: success
  type: list
  elements: str
  sample: ["management-1 | failed fetching OIDC configuration"]
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host.env_file import (
    SECRET_NAME,
    hide,
    secrets,
    without,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host.files import read_text, run_host_module

CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")  # what Compose moves a terminal's cursor with


def run(module: AnsibleModule) -> dict[str, Any]:
    _code, out, error = module.run_command(module.params["command"], cwd=module.params["chdir"])
    hidden = [secret for name in module.params["files"] for secret in secrets_of(Path(name))]
    said = [line for line in CONTROL.sub("", f"{out}\n{error}").splitlines() if line.strip()]
    return {"changed": False, "lines": [hide(without(line, hidden)) for line in said[-module.params["lines"] :]]}


def secrets_of(path: Path) -> set[str]:
    """The secrets of a file, also as programs write them in JSON."""
    text = read_text(path)
    try:
        found = set(_secret_values(json.loads(text)))
    except ValueError:
        found = secrets(text, "shell")
    return found | {json.dumps(value, ensure_ascii=ascii)[1:-1] for value in found for ascii in (True, False)}


def _secret_values(document: Any) -> Iterator[str]:
    items = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    for key, value in items:
        if isinstance(value, str) and value and (SECRET_NAME.search(str(key)) or str(key).endswith("EncryptionKey")):
            yield value
        yield from _secret_values(value)


def main() -> None:
    run_host_module(
        run,
        argument_spec={
            "command": {"type": "list", "elements": "str", "required": True},
            "chdir": {"type": "path"},
            "files": {"type": "list", "elements": "path", "default": []},
            "lines": {"type": "int", "default": 20},
        },
    )


if __name__ == "__main__":
    main()
