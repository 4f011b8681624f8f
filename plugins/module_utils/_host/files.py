# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules for a NetBird host share: their frame, and files that hold secrets.

PRIVATE to this collection. A file is written beside its place, private from its first byte, and then takes it: whoever reads
sees the old one or the new one.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure

PRIVATE = 0o600


def run_host_module(run: Callable[[AnsibleModule], dict[str, Any]], **spec: Any) -> None:
    """Be an ordinary module: ``run`` returns the result or raises :class:`Failure`."""
    module = AnsibleModule(supports_check_mode=True, **spec)
    try:
        result = run(module)
    except Failure as failure:
        module.fail_json(msg=str(failure), **failure.result())
    except OSError as error:
        module.fail_json(msg=f"{error.filename or 'A file'}: {error.strerror}.")
    module.exit_json(**result)


def read_text(path: Path) -> str:
    """A file's text, empty where there is none. Bytes that are not UTF-8 come back as they are in :func:`encode`."""
    return path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else ""


def encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def write_private(path: Path, content: bytes) -> None:
    """Write a file that its owner alone may read; it belongs to whom the file before it, or else its folder, belongs to."""
    owner = (path if path.exists() else path.parent).stat()
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        if os.geteuid() == 0:
            os.chown(temporary, owner.st_uid, owner.st_gid)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
