# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the artefact so that the same files make the same bytes, wherever and whenever.

ansible-galaxy builds it, and puts times and the order of a disk's directories into it. So it is packed anew: the files by name,
each with the time in SOURCE_DATE_EPOCH, which is that of the last commit unless it is set.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MANIFEST, FILES = "MANIFEST.json", "FILES.json"


def epoch() -> int:
    """The time of all that is in the artefact."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    return int(given or subprocess.check_output(["git", "log", "-1", "--format=%ct"], cwd=ROOT, text=True))


def build(folder: Path) -> Path:
    """The artefact, in this folder."""
    with tempfile.TemporaryDirectory() as made:
        subprocess.run(
            ["ansible-galaxy", "collection", "build", "--output-path", made, ROOT], check=True, stdout=subprocess.DEVNULL
        )
        (built,) = Path(made).glob("*.tar.gz")
        folder.mkdir(parents=True, exist_ok=True)
        artefact = folder / built.name
        artefact.write_bytes(packed_anew(built, epoch()))
    return artefact


def packed_anew(built: Path, time: int) -> bytes:
    with tarfile.open(built) as archive:
        members = archive.getmembers()
        readers = {member.name: archive.extractfile(member) for member in members if member.isfile()}
        contents = {name: reader.read() for name, reader in readers.items() if reader}
    files = json.loads(contents[FILES])
    files["files"].sort(key=lambda entry: str(entry["name"]))
    contents[FILES] = as_json(files)
    manifest = json.loads(contents[MANIFEST])
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(contents[FILES]).hexdigest()
    contents[MANIFEST] = as_json(manifest)

    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        # Galaxy looks for these two first.
        for member in sorted(members, key=lambda each: (each.name not in (MANIFEST, FILES), each.name)):
            content = contents.get(member.name, b"")
            member.mtime, member.size, member.pax_headers = time, len(content), {}
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), mtime=time)


def as_json(document: Any) -> bytes:
    """As ansible-galaxy writes it."""
    return json.dumps(document, indent=True).encode()


if __name__ == "__main__":
    print(build(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
