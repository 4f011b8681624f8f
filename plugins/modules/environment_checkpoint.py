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
        With V(forgotten) there are none any more.
      - With V(restored) the files are what the copies are. A file that did not exist is left alone, since it may hold a key that
        exists nowhere else. The key of NetBird's database stays where the copy has none.
    type: str
    choices: [saved, initialized, restored, forgotten]
    default: saved
  unless:
    description: Another such folder. Where it has copies, O(state=initialized) makes none.
    type: path
    version_added: 0.2.0
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
known:
  description: Whether there were copies before the task.
  returned: success
  type: bool
  version_added: 0.2.0
differs:
  description: Whether the files differed from the copies before the task.
  returned: success
  type: bool
"""

import os
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host.files import run_host_module, write_private

KEY = re.compile(rb'"DataStoreEncryptionKey"\s*:\s*"(?P<key>[^"\\]*)"')
COMPLETE = "complete"  # written last: without it the copies are those of a run that was killed


def run(module: AnsibleModule) -> dict[str, Any]:
    folder, state = Path(module.params["path"]), module.params["state"]
    copies = {Path(name): folder / quote(name, safe="") for name in module.params["files"]}
    if not folder.parent.is_dir():
        raise Failure(f"The folder {folder.parent} does not exist: NetBird's files should be there before this.")
    known = complete(folder)
    differs = not known or any(content(file) != content(copy) for file, copy in copies.items())
    found = [str(file) for file, copy in copies.items() if copy.exists()]
    if state == "forgotten":
        changed = folder.exists()
        if changed and not module.check_mode:
            (folder / COMPLETE).unlink(missing_ok=True)
            shutil.rmtree(folder)
        return {"changed": changed, "known": known, "differs": differs, "files": found}
    if state == "restored":
        pairs = {file: copy for file, copy in copies.items() if known and content(file) != with_key(copy, file)}
        changed = bool(pairs)
    else:
        pairs = {copy: file for file, copy in copies.items()}
        unless = module.params["unless"]
        changed = differs if state == "saved" else not known and not (unless and complete(Path(unless)))
    if changed and not module.check_mode:
        if state != "restored":
            prepare(folder)
        for target, source in pairs.items():
            if source.exists():
                replace(target, source, with_key(source, target) if state == "restored" else content(source))
            else:
                target.unlink(missing_ok=True)
        if state != "restored":
            write_private(folder / COMPLETE, b"")
    found = [str(file) for file, copy in copies.items() if copy.exists()]
    return {"changed": changed, "known": known, "differs": differs, "files": found}


def complete(folder: Path) -> bool:
    return (folder / COMPLETE).exists()


def with_key(copy: Path, present: Path) -> bytes | None:
    """A copy as it is put back: of the database's key it has the one that NetBird made since it was taken; there is no other."""
    kept = content(copy)
    if kept is None:
        # What did not exist is left alone.
        return content(present)
    own, made = KEY.search(kept), KEY.search(content(present) or b"")
    return KEY.sub(made[0], kept) if own and made and not own["key"] else kept


def content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def prepare(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(folder, folder.parent.stat().st_uid, folder.parent.stat().st_gid)
    (folder / COMPLETE).unlink(missing_ok=True)


def replace(target: Path, source: Path, text: bytes | None) -> None:
    """Write the content, and keep who may read it: coturn's group its file."""
    status = source.stat()
    write_private(target, text or b"")
    if os.geteuid() == 0:
        os.chown(target, status.st_uid, status.st_gid)
    target.chmod(status.st_mode & 0o640)


def main() -> None:
    run_host_module(
        run,
        argument_spec={
            "path": {"type": "path", "required": True},
            "files": {"type": "list", "elements": "path", "required": True},
            "state": {"type": "str", "choices": ["saved", "initialized", "restored", "forgotten"], "default": "saved"},
            "unless": {"type": "path"},
        },
    )


if __name__ == "__main__":
    main()
