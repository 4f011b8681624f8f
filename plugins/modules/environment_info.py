#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: environment_info
short_description: Read variables of a file of environment variables
version_added: 0.1.0
description:
  - Reads a file that a shell sources, such as NetBird's C(setup.env), or that Compose or systemd reads.
  - Variables whose name says that they are secret are left out, unless O(return_secrets=true).
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.attributes.info_module
options:
  path:
    description: The file. One that does not exist has no variables.
    type: path
    required: true
  format:
    description: Who reads the file, as with M(zerotrust.netbird_authentik.environment_file).
    type: str
    choices: [shell, env_file]
    default: shell
  return_secrets:
    description: Whether RV(secrets) is returned. Give such a task C(no_log).
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Which scopes does NetBird ask for
  zerotrust.netbird_authentik.environment_info:
    path: /opt/netbird/infrastructure_files/setup.env
  register: netbird_environment
"""

RETURN = r"""
exists:
  description: Whether the file exists.
  returned: success
  type: bool
variables:
  description:
    - The variables that are not secret, each as its reader has it. Of one that is set several times, the last counts.
    - What only a shell can work out, such as C($HOME), is left out.
  returned: success
  type: dict
  sample:
    NETBIRD_MGMT_API_PORT: "443"
secrets:
  description: The variables whose name says that they are secret.
  returned: when O(return_secrets=true)
  type: dict
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host.env_file import parse
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host.files import read_text, run_host_module


def run(module: AnsibleModule) -> dict[str, Any]:
    path = Path(module.params["path"])
    set_here = [each for each in parse(read_text(path), module.params["format"]) if each.name and each.value is not None]
    secrets = {each.name: each.value for each in set_here if each.secret}
    return {
        "changed": False,
        "exists": path.exists(),
        "variables": {each.name: each.value for each in set_here if not each.secret},
        **({"secrets": secrets} if module.params["return_secrets"] else {}),
    }


def main() -> None:
    run_host_module(
        run,
        argument_spec={
            "path": {"type": "path", "required": True},
            "format": {"type": "str", "choices": ["shell", "env_file"], "default": "shell"},
            "return_secrets": {"type": "bool", "default": False, "no_log": False},
        },
    )


if __name__ == "__main__":
    main()
