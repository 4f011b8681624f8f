# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put the collections that the environment role uses beside this one, below .build.

community.docker comes out of the package index's `ansible`, so that tests need no other server; only its files are unpacked.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

COLLECTIONS = Path(__file__).resolve().parents[2] / ".build/ansible_collections"
NEEDED = ("community/docker/", "community/library_inventory_filtering_v1/")


def main() -> None:
    if all((COLLECTIONS / name / "MANIFEST.json").exists() for name in NEEDED):
        return
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps", "--dest", folder]
        subprocess.run([*pip, "--only-binary=:all:", "ansible>=12"], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            prefixes = tuple(f"ansible_collections/{name}" for name in NEEDED)
            archive.extractall(COLLECTIONS.parent, [name for name in archive.namelist() if name.startswith(prefixes)])


if __name__ == "__main__":
    main()
