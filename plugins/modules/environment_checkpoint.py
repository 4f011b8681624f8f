#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: environment_checkpoint
short_description: Keep a copy of files that work, and put them back
version_added: 0.1.0
description:
  - Keeps copies of the files that a deployment uses, taken when it was known to work. They are private to their owner.
  - Files that differ from their copies are not deployed yet, or were when the play was stopped, see RV(differs).
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.attributes
attributes:
  diff_mode:
    support: none
    details:
      - The files hold secrets.
options:
  path:
    description: The folder of the copies, which belongs to the module alone.
    type: path
    required: true
  files:
    description: The files. One that does not exist is remembered as that.
    type: list
    elements: path
    required: true
  state:
    description:
      - With V(saved) the copies are what the files are now. With V(initialized) only where there are no copies yet.
      - With V(restored) the files are what the copies are. A file that did not exist is left alone, since it may hold a key that
        exists nowhere else.
    type: str
    choices: [saved, initialized, restored]
    default: saved
"""

EXAMPLES = r"""
- name: These files work
  zerotrust.netbird_authentik.environment_checkpoint:
    path: /opt/netbird/infrastructure_files/.deployed
    files: [/opt/netbird/infrastructure_files/setup.env]
"""

RETURN = r"""
files:
  description: The files that there are copies of.
  returned: success
  type: list
  elements: str
  sample: [/opt/netbird/infrastructure_files/setup.env]
differs:
  description: Whether the files differed from the copies before the task.
  returned: success
  type: bool
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host.files import run_host_module, write_private

COMPLETE = "complete"  # written last: without it the copies are those of a run that was killed


def run(module: AnsibleModule) -> dict[str, Any]:
    folder, state = Path(module.params["path"]), module.params["state"]
    copies = {Path(name): folder / quote(name, safe="") for name in module.params["files"]}
    if not folder.parent.is_dir():
        raise Failure(f"The folder {folder.parent} does not exist: NetBird's files should be there before this.")
    known = (folder / COMPLETE).exists()
    differs = not known or any(content(file) != content(copy) for file, copy in copies.items())
    if state == "restored":
        pairs = {file: copy for file, copy in copies.items() if known and content(file) != content(copy) and copy.exists()}
        changed = bool(pairs)
    else:
        pairs = {copy: file for file, copy in copies.items()}
        changed = differs if state == "saved" else not known
    if changed and not module.check_mode:
        if state != "restored":
            prepare(folder)
        for target, source in pairs.items():
            if source.exists():
                replace(target, source)
            else:
                target.unlink(missing_ok=True)
        if state != "restored":
            write_private(folder / COMPLETE, b"")
    return {"changed": changed, "differs": differs, "files": [str(file) for file, copy in copies.items() if copy.exists()]}


def content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def prepare(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(folder, folder.parent.stat().st_uid, folder.parent.stat().st_gid)
    (folder / COMPLETE).unlink(missing_ok=True)


def replace(target: Path, source: Path) -> None:
    """Write the content, and keep who may read it: coturn's group its file."""
    status = source.stat()
    write_private(target, source.read_bytes())
    if os.geteuid() == 0:
        os.chown(target, status.st_uid, status.st_gid)
    target.chmod(status.st_mode & 0o640)


def main() -> None:
    run_host_module(
        run,
        argument_spec={
            "path": {"type": "path", "required": True},
            "files": {"type": "list", "elements": "path", "required": True},
            "state": {"type": "str", "choices": ["saved", "initialized", "restored"], "default": "saved"},
        },
    )


if __name__ == "__main__":
    main()
