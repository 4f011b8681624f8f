# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The artefact that is released: the same bytes from any copy of the same files, and what ansible-galaxy installs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import ROOT

pytestmark = pytest.mark.once

BIN = Path(sys.executable).parent
# Times of the release, in seconds since 1970.
EPOCH, NEXT = 1_700_000_000, 1_700_000_060


def copy(folder: Path, *, reverse: bool, mode: int, age: int) -> Path:
    """All files of the repository, made in another order, with other permissions and other times."""
    listed = subprocess.check_output(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True
    ).split("\0")
    for name in sorted(filter(None, listed), reverse=reverse):
        target = folder / name
        if not (ROOT / name).exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
        target.chmod(target.stat().st_mode & ~0o077 | mode)
        os.utime(target, (age, age))
    return folder


def built(source: Path, epoch: int) -> Path:
    """The artefact of a copy."""
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "SOURCE_DATE_EPOCH": str(epoch)}
    command = [sys.executable, "tests/tools/build.py", "../released"]
    return Path(subprocess.check_output(command, cwd=source, env=env, text=True).strip())


def test_the_same_files_make_the_same_bytes(tmp_path: Path) -> None:
    one = built(copy(tmp_path / "a/one", reverse=False, mode=0o044, age=1_600_000_000), EPOCH)
    other_source = copy(tmp_path / "b/other", reverse=True, mode=0, age=1_650_000_000)
    other = built(other_source, EPOCH)
    assert one != other
    assert one.read_bytes() == other.read_bytes()
    assert built(other_source, NEXT).read_bytes() != one.read_bytes(), "the time is in it"
    (other_source / "README.md").write_text("Another one.\n")
    assert built(other_source, EPOCH).read_bytes() != one.read_bytes()


def test_ansible_galaxy_takes_it(tmp_path: Path) -> None:
    artefact = built(copy(tmp_path / "a/one", reverse=False, mode=0o044, age=1_600_000_000), EPOCH)
    where = ["-p", str(tmp_path / "installed")]
    env = {**os.environ, "ANSIBLE_HOME": str(tmp_path / "home"), "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "installed")}
    galaxy = [str(BIN / "ansible-galaxy"), "collection"]
    subprocess.run([*galaxy, "install", str(artefact), *where], env=env, check=True, capture_output=True)
    checked = subprocess.run(
        [*galaxy, "verify", "--offline", "zerotrust.netbird_authentik"], env=env, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert (tmp_path / "installed/ansible_collections/zerotrust/netbird_authentik/plugins/modules/oidc_login.py").exists()
