# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask which vulnerabilities are known of what the collection needs, in the versions that are installed here.

pip-audit asks PyPI. Where that cannot be reached, or is a mirror that knows of no vulnerabilities, nothing is found out:
this says so, and fails nothing.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"[\w.-]+")
# What pip-audit ends with where nobody answers.
UNREACHABLE = re.compile(r"ConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|Failed to resolve|timed out|HTTPError")


def pins() -> list[str]:
    """What the collection needs, and what that needs, as it is installed."""
    lines = (ROOT / "meta/ee-requirements.txt").read_text().splitlines()
    todo = [found[0] for line in lines if (found := NAME.match(line))]
    found: dict[str, str] = {}
    while todo:
        # What another Python or another system would need is not there.
        with suppress(PackageNotFoundError):
            installed = distribution(todo.pop())
            if installed.name not in found:
                found[installed.name] = installed.version
                # cryptography is what PyJWT[crypto] asks for; other extras nobody needs.
                wanted = [line for line in installed.requires or [] if "extra ==" not in line or line.startswith("cryptography")]
                todo += [name[0] for line in wanted if (name := NAME.match(line))]
    return [f"{name}=={version}" for name, version in sorted(found.items())]


def judged(dependencies: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """The vulnerabilities that were found, and what nothing could be found out about, each with the reason."""
    bad = [
        f"{each['name']} {each['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or 'no version yet'}"
        for each in dependencies
        for found in each.get("vulns", [])
    ]
    return bad, [f"{each['name']}: {each['skip_reason']}" for each in dependencies if "skip_reason" in each]


def main() -> int:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(pins()))
        file.flush()
        options = ["--no-deps", "--disable-pip", "--progress-spinner=off", "--format=json", "--requirement", file.name]
        done = subprocess.run([sys.executable, "-m", "pip_audit", *options], capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        if UNREACHABLE.search(done.stderr):
            print(f"== audit is left out: PyPI does not answer ({said[0][:300]})")
            return 0
        print(done.stderr)
        return 1
    bad, unknown = judged(json.loads(done.stdout)["dependencies"])
    if unknown:
        print("== audit is left out, for what this index tells nothing of:", *unknown, sep="\n   ")
    print(*bad, f"{len(bad)} known vulnerabilities in {len(pins()) - len(unknown)} packages", sep="\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
