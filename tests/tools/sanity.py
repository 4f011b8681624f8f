# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run `ansible-test sanity` of the ansible-core in this environment, on the collection as it is built and shipped.

    sanity.py [--differing] [options of ansible-test]

With --differing, only what may differ from one ansible-core to the next: for all but the last. ansible-test wants a real
directory below ansible_collections, with a git repository of its own.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

from run import BUILD, NAME, ROOT, find_python

CORE = ".".join(distribution("ansible-core").version.split(".")[:2])
HOME = BUILD / "sanity/home" / CORE  # so that nothing in the user's own home is changed

# What knows our text or a Python's grammar alone, and nothing of ansible-core.
SAME = ("changelog", "compile", "pep8", "yamllint")
# What ansible-test runs to have pip in a new virtual environment. A copy takes a tenth of the time.
GET_PIP = """\
import ensurepip
import shutil
import sys
import sysconfig

if sys.version_info[:2] == {version}:
    for name in {names}:
        shutil.copytree("{site}/" + name, sysconfig.get_path("purelib") + "/" + name)
else:
    ensurepip.bootstrap()
"""


def unpack_collection() -> Path:
    site = BUILD / "sanity" / CORE
    target = site / "ansible_collections" / NAME.replace(".", "/")
    shutil.rmtree(site, ignore_errors=True)
    subprocess.run(["ansible-galaxy", "collection", "build", "--output-path", site, ROOT], check=True)
    shutil.unpack_archive(next(site.glob("*.tar.gz")), target)
    subprocess.run(["git", "init", "--quiet"], cwd=target, check=True)
    subprocess.run(["git", "add", "--all"], cwd=target, check=True)
    return target


def prepare_pip() -> None:
    """Let ansible-test set up its virtual environments from the package index alone.

    It takes pip's installer from a site of its own unless a file is there already (it names this way itself): pip is here,
    and each Python brings it. And it drops the PIP_* variables, so that pip's settings have to be in a file.
    """
    source = Path(str(distribution("ansible-core").locate_file("ansible_test/_internal/python_requirements.py")))
    version = re.search(r"pip='([\d.]+)'", source.read_text())
    cache = HOME / ".ansible/test/cache"
    cache.mkdir(parents=True, exist_ok=True)
    if version:
        name = f"get_pip_{version[1].replace('.', '_')}.py"
        pip = distribution("pip")
        names = ("pip", f"pip-{pip.version}.dist-info")
        (cache / name).write_text(GET_PIP.format(version=sys.version_info[:2], names=names, site=pip.locate_file("")))

    listing = [sys.executable, "-m", "pip", "config", "list"]
    lines = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.splitlines()
    # In the order global, user, environment: the last one wins.
    settings = dict(line.split("=", 1) for line in sorted(lines, key=lambda line: line.startswith(":env:")))
    # One download serves every core.
    options = {"cache-dir": str(BUILD / "pip")}
    options |= {key.rsplit(".", 1)[1]: ast.literal_eval(value) for key, value in settings.items()}
    config = HOME / ".config/pip/pip.conf"
    config.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{key} = {value}\n" for key, value in options.items()).replace("\n\n", "\n")
    config.write_text(f"[global]\nquiet = 1\n{text}")


def arguments(given: list[str]) -> list[str]:
    """What ansible-test is told; what is left out is said."""
    if "--differing" not in given:
        return given
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    print(f"== left to the last ansible-core: {', '.join(SAME)}, and import on other Pythons than {python}", flush=True)
    rest = [each for each in given if each != "--differing"]
    return [*rest, "--python", python, *(option for name in SAME for option in ("--skip-test", name))]


def main() -> int:
    target = unpack_collection()
    prepare_pip()
    pythons = [python for minor in range(10, 16) if (python := find_python(f"3.{minor}"))]
    folders = [str(Path(sys.executable).parent), *(str(Path(python).parent) for python in pythons)]
    env = {**os.environ, "HOME": str(HOME), "PATH": os.pathsep.join([*folders, os.environ["PATH"]])}
    command = ["ansible-test", "sanity", *arguments(sys.argv[1:])]
    return subprocess.run(command, cwd=target, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
