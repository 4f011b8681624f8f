#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: environment_file
short_description: Manage variables in a file of environment variables
version_added: 0.1.0
description:
  - Merges variables into a file that a shell sources, such as NetBird's C(setup.env), or that Compose or systemd reads.
  - Other variables, comments and the order stay. A variable whose value is right already stays as it is written.
  - Of a variable that the file sets several times, the last is changed, because that is the one that counts.
  - A value that would not arrive as it was meant is an error before the file is touched.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.attributes
  - ansible.builtin.files
options:
  path:
    description: The file. It is made where it does not exist; its folder has to.
    type: path
    required: true
  settings:
    description:
      - The variables, each as a line C(NAME=value), such as a template gives. Whatever O(format) is, quote values as for a shell,
        with the filter P(ansible.builtin.quote#filter). Of a variable that comes several times, the last value counts.
      - What is printed of them lacks the values of variables whose name says that they are secret, such as C(*PASSWORD*),
        C(*SECRET*), C(*TOKEN*), C(*_KEY) and C(*DSN*).
    type: str
    required: true
  format:
    description:
      - Who reads the file. V(shell) is a shell that sources it, V(env_file) is Compose (C(env_file)) or systemd
        (C(EnvironmentFile)).
      - With V(shell) the values of NetBird's variables are checked against what C(configure.sh) makes of them too.
    type: str
    choices: [shell, env_file]
    default: shell
  exclusive:
    description: Whether the file holds nothing but O(settings).
    type: bool
    default: false
  backup:
    description: Whether the former file is kept beside the new one.
    type: bool
    default: false
  validate:
    description: A command that has to accept the new file before it takes its place. V(%s) in it is the new file.
    type: str
  mode:
    description: Permissions of the file. A new file has them from its first byte.
    type: raw
    default: "0600"
seealso:
  - module: zerotrust.netbird_authentik.environment_artifacts
"""

EXAMPLES = r"""
- name: NetBird's management server is reached behind a reverse proxy
  zerotrust.netbird_authentik.environment_file:
    path: /opt/netbird/infrastructure_files/setup.env
    settings: |
      NETBIRD_MGMT_API_PORT=443
      NETBIRD_SIGNAL_PORT=443
      NETBIRD_IDP_MGMT_EXTRA_PASSWORD={{ vault_app_password | ansible.builtin.quote }}
    validate: bash -n %s
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
  sample: /opt/netbird/infrastructure_files/setup.env
backup_file:
  description: The former file.
  returned: when O(backup=true) and the file changed
  type: str
  sample: /opt/netbird/infrastructure_files/setup.env.4711.2026-11-24@06:40:12~
"""

import shlex
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host.env_file import (
    difference,
    hide,
    merge,
    read_settings,
    secrets,
    without,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host.files import encode, read_text, run_host_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host.targets import check


def run(module: AnsibleModule) -> dict[str, Any]:
    path, file_format = Path(module.params["path"]), module.params["format"]
    settings = read_settings(module.params["settings"])
    # The result is shown without the secrets, not without all that is in 'settings'.
    module.no_log_values.clear()
    module.no_log_values.update(secrets(module.params["settings"], "shell"))
    check(settings, file_format)
    if not path.parent.is_dir():
        raise Failure(f"The folder {path.parent} does not exist: {path.name} is written into a folder that is there already.")

    before = read_text(path)
    after = merge(before, settings, file_format, exclusive=module.params["exclusive"])
    result: dict[str, Any] = {
        "changed": after != before or not path.exists(),
        "path": str(path),
        "diff": {**difference(before, after, file_format), "before_header": str(path), "after_header": str(path)},
    }
    attributes = module.load_file_common_arguments(module.params)
    if path.exists():  # the former file is closed before secrets come in
        result["changed"] |= module.set_fs_attributes_if_different(attributes, False)
    if result["changed"] and not module.check_mode:
        if after != before or not path.exists():
            if module.params["backup"] and path.exists():
                result["backup_file"] = module.backup_local(str(path))
            replace(module, path, after)
        module.set_fs_attributes_if_different(attributes, False)
    return result


def replace(module: AnsibleModule, path: Path, text: str) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        file.write(encode(text))
    try:
        if module.params["validate"]:
            validate(module, file.name, text)
        module.atomic_move(file.name, str(path))
    finally:
        Path(file.name).unlink(missing_ok=True)


def validate(module: AnsibleModule, name: str, text: str) -> None:
    command = module.params["validate"]
    if "%s" not in command:
        raise Failure(f"The command of 'validate' has to hold %s, for the file that it checks: {command!r}.")
    code, _out, error = module.run_command(shlex.split(command.replace("%s", shlex.quote(name))))
    if code:
        lines = without(error.replace(name, "the file").strip(), list(secrets(text, module.params["format"]))).splitlines()
        said = " / ".join(map(hide, lines))
        raise Failure(f"The new file was refused by {command!r} ({code}), and the former one stays: {said}")


def main() -> None:
    run_host_module(
        run,
        argument_spec={
            "path": {"type": "path", "required": True},
            "settings": {"type": "str", "required": True, "no_log": True},
            "format": {"type": "str", "choices": ["shell", "env_file"], "default": "shell"},
            "exclusive": {"type": "bool", "default": False},
            "backup": {"type": "bool", "default": False},
            "validate": {"type": "str"},
            "mode": {"type": "raw", "default": "0600"},
        },
        add_file_common_args=True,
    )


if __name__ == "__main__":
    main()
