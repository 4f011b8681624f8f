# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of ansible-playbook that is watched, and secrets looked for in all that it shows, writes, starts and leaves.

What was seen is kept until the end and looked through then: many a secret is made during the run.
"""

from __future__ import annotations

import base64
import html
import json
import os
import re
import stat
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

from support import ROOT
from support.kills import descendants

# Where a run keeps things, below the test's folder, and the kind of place that each is; all else there is a "file".
FOLDERS = {"facts": "facts cache", "tmp": "temporary folder", "reports": "report", "retry": "retry file"}
FILES = {"ansible.log": "log", "record.jsonl": "callback"}
PLACES = ("stdout", "argv", "environ", "file", *FOLDERS.values(), *FILES.values())
# What comes and goes during a run.
WATCHED = ("tmp", "host")
# Seconds between two looks at the processes and the temporary files.
PAUSE = 0.02
JWT = re.compile(rb"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}")
SHORTEST = 8


def forms(secret: str) -> dict[str, set[str]]:
    """How a secret may be written: as it is, in Base64 (also in the middle of something), and escaped for URLs, JSON and HTML."""
    raw = secret.encode()
    # By where its first byte falls in a group of three; what its neighbours decide is cut off at both ends.
    inner = [(b"\0" * shift + raw, -(-shift * 8 // 6), (shift + len(raw)) * 8 // 6) for shift in range(3)]
    encoded = {base64.b64encode(whole).decode()[start:end] for whole, start, end in inner}
    escaped = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return {
        "plain": {secret},
        "base64": encoded | {each.translate(str.maketrans("+/", "-_")) for each in encoded},
        "url": {quote(secret), quote(secret, safe=""), quote_plus(secret)},
        # Ansible keeps facts as JSON inside of JSON.
        "json": escaped | {json.dumps(each)[1:-1] for each in escaped},
        "html": {html.escape(secret), html.escape(secret, quote=False)},
    }


@dataclass(frozen=True)
class Found:
    """A secret's name, how it was written, and where."""

    secret: str
    form: str
    place: str
    where: str
    # Whether others than its owner can read it there.
    exposed: bool = True


@dataclass
class Evidence:
    """All that was seen, each content once, and whether others could read it."""

    contents: dict[tuple[str, str, bytes], bool] = field(default_factory=dict)
    processes: set[tuple[int, bytes]] = field(default_factory=set)
    samples: int = 0
    starts: int = 0
    _files: set[tuple[str, int, int, int]] = field(default_factory=set)

    def add(self, place: str, where: str, content: bytes, *, exposed: bool = True) -> None:
        key = (place, where, content)
        self.contents[key] = exposed or self.contents.get(key, False)

    def add_files(self, top: Path, below: str = "") -> None:
        for path in (top / below).rglob("*"):
            # A temporary file may be gone by now.
            with suppress(OSError):
                self._add_file(path, top)

    def _add_file(self, path: Path, top: Path) -> None:
        state = path.lstat()
        known = (str(path), state.st_mode, state.st_ino, state.st_mtime_ns)
        if known in self._files or not stat.S_ISREG(state.st_mode):
            return
        place = place_of(path.relative_to(top))
        self.add(place, str(path), path.read_bytes(), exposed=exposed(path, top, place))
        self._files.add(known)

    def add_process(self, pid: int) -> None:
        """What a process was told in its arguments and its environment; a fork alone changes neither."""
        # It may have ended meanwhile.
        with suppress(OSError):
            told = Path(f"/proc/{pid}/cmdline").read_bytes()
            if (pid, told) not in self.processes:
                name = told.replace(b"\0", b" ").decode(errors="replace")[:200]
                self.add("environ", name, Path(f"/proc/{pid}/environ").read_bytes())
                self.add("argv", name, told)
                self.processes.add((pid, told))

    def add_starts(self, noted: Path) -> None:
        """The programs that Pythons started, however short they ran."""
        for line in noted.read_text().splitlines():
            start = json.loads(line)
            name = " ".join(start["argv"])[:200]
            for place in ("argv", "environ"):
                self.add(place, name, "\0".join(start[place]).encode())
            self.starts += 1

    def search(self, secrets: Mapping[str, str]) -> list[Found]:
        """Every secret, by its name, wherever it is; and every token of a login, whose name nobody knows."""
        meant: dict[bytes, tuple[str, str]] = {}
        for name, secret in secrets.items():
            assert len(secret) >= SHORTEST, f"{name} is too short to be told from other words"
            for form, texts in forms(secret).items():
                for text in texts:
                    meant.setdefault(text.encode(), (name, form))
        # Nothing matches where nothing is meant.
        pattern = re.compile(b"|".join(re.escape(each) for each in sorted(meant, key=len, reverse=True)) or b"(?!)")
        found = set()
        for (place, where, content), open_to_others in self.contents.items():
            for match in set(pattern.findall(content)):
                found.add(Found(*meant[match], place, where, open_to_others))
            if JWT.search(content):
                found.add(Found("a token of a login", "plain", place, where, open_to_others))
        return sorted(found, key=repr)

    @property
    def looked_at(self) -> Counter[str]:
        return Counter(place for place, _where, _content in self.contents)


def place_of(path: Path) -> str:
    return FILES.get(str(path)) or FOLDERS.get(path.parts[0], "file")


def exposed(path: Path, top: Path, place: str) -> bool:
    """Whether others can read a file; those that Ansible makes on its way are protected by their folder."""
    folders = [each for each in path.parents if each.is_relative_to(top)] if place == "temporary folder" else []
    return path.stat().st_mode & 0o077 != 0 and all(folder.stat().st_mode & 0o077 for folder in folders)


def watched(
    command: Sequence[str | Path], env: Mapping[str, str], folder: Path, learn: Callable[[], None] = lambda: None
) -> tuple[int, Evidence]:
    """Run ansible-playbook; ``learn`` is called at each look, for secrets that live shorter than the run."""
    evidence = Evidence()
    descriptor, noted = tempfile.mkstemp()
    os.close(descriptor)
    env = {**env, "PYTHONPATH": str(ROOT / "tests/support/starts"), "STARTS_FILE": noted}
    process = subprocess.Popen(command, env=env, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            for pid in descendants(process.pid)[1:]:
                evidence.add_process(pid)
            for below in WATCHED:
                evidence.add_files(folder, below)
            learn()
            evidence.samples += 1
            over.wait(PAUSE)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        output, _none = process.communicate()
    finally:
        over.set()
        thread.join()
        evidence.add_starts(Path(noted))
        os.unlink(noted)
    evidence.add("stdout", "stdout", output)
    evidence.add_files(folder)
    return process.returncode, evidence
