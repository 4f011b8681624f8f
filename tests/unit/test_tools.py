# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tools make of requirements and of what is known about packages."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tools import audit
from tools.run import RUNTIME, lowest

pytestmark = pytest.mark.once

KNOWN = [
    {"name": "requests", "version": "2.31", "vulns": [{"id": "CVE-2024-35195", "fix_versions": ["2.32.0"]}]},
    {"name": "idna", "version": "3", "vulns": [{"id": "CVE-2024-3651", "fix_versions": []}]},
    {"name": "urllib3", "version": "2.8", "vulns": []},
    {"name": "cffi", "skip_reason": "Dependency not found on PyPI"},
]


def test_the_lowest_versions_that_are_allowed() -> None:
    assert lowest("# a>=1\n-r other.txt\nrequests>=2.31,<3  # why\nPyJWT[crypto]>=2.9\n") == [
        "requests==2.31",
        "PyJWT[crypto]==2.9",
    ]
    lines = [line for file in RUNTIME for line in file.read_text().splitlines() if line and not line.startswith(("#", "-r"))]
    assert len(lowest("\n".join(lines))) == len(lines), "each has a lower bound"


def test_what_is_needed_is_asked_about() -> None:
    assert {"requests", "urllib3", "pyjwt", "cryptography"} <= {pin.partition("==")[0].lower() for pin in audit.pins()}


@pytest.mark.parametrize(
    ("stdout", "stderr", "code", "words"),
    [
        (json.dumps({"dependencies": KNOWN}), "", 1, "requests 2.31: CVE-2024-35195, mended in 2.32.0"),
        (json.dumps({"dependencies": KNOWN[2:]}), "", 0, "audit is left out, for what this index tells nothing of"),
        ("", "requests.exceptions.ConnectionError: Failed to resolve 'pypi.org'", 0, "audit is left out: PyPI does not answer"),
        ("", "TypeError: an error of its own", 1, "TypeError"),
    ],
    ids=["vulnerable", "unknown", "unreachable", "broken"],
)
def test_an_audit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stdout: str, stderr: str, code: int, words: str
) -> None:
    def ran(*_command: Any, **_options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 1, stdout, stderr)

    monkeypatch.setattr(audit.subprocess, "run", ran)
    assert audit.main() == code
    assert words in capsys.readouterr().out
