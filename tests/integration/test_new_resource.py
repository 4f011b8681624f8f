# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page on the design: its picture of the rooms is right, and whoever follows its steps has a new module that works."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from support import COLLECTION, ROOT, VERSIONS

pytestmark = pytest.mark.once

GUIDE = (ROOT / "docs/docsite/rst/guide_design.rst").read_text()
BLOCK = re.compile(r"^\.\. code-block:: \w+\n(?:   :caption: (.+)\n)?\n((?:(?:   .*)?\n)+)", re.MULTILINE)
# Of the repository, what a copy does not need, must not share, or would do again.
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".build", ".ansible", ".*_cache", "__pycache__", "recordings", Path(__file__).name
)
NAME = "authentik_password_expiry_policy"
PRINT_ARGUMENTS = f"""
import json, sys
sys.path.insert(0, ".build")
from ansible_collections.{COLLECTION}.plugins.modules.{NAME} import ARGUMENT_SPEC
print(json.dumps({{name: argument["type"] for name, argument in ARGUMENT_SPEC["argument_spec"].items()}}))
"""
LINTERS = ROOT / ".venv/lint/bin"


@dataclass(frozen=True)
class Block:
    """A block of the page: the file that its title names, the line of it to go below (none: it is the file), what to write."""

    file: str
    below: str
    text: str


def blocks(text: str) -> list[Block]:
    found = []
    for title, body in BLOCK.findall(text):
        file, _comma, place = title.partition(', below "')
        lines = [line.removeprefix("   ") for line in body.rstrip("\n").split("\n")]
        found.append(Block(file, place.removesuffix('"'), "\n".join(lines) + "\n"))
    return found


def steps() -> list[Block]:
    """The blocks to follow: those whose title is a file's path."""
    return [block for block in blocks(GUIDE) if "/" in block.file]


def follow(step: Block, repository: Path) -> None:
    path = repository / step.file
    if not step.below:
        assert not path.exists(), f"{step.file} exists: the example is new no more"
        path.write_text(step.text)
        return
    lines = path.read_text().splitlines(keepends=True)
    (place,) = [number for number, line in enumerate(lines, 1) if line.strip() == step.below]
    path.write_text("".join([*lines[:place], step.text, *lines[place:]]))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the repository, in which the collection is found as it is in the repository itself."""
    target = tmp_path / "repository"
    shutil.copytree(ROOT, target, ignore=LEFT_OUT)
    link = target / ".build/ansible_collections" / COLLECTION.replace(".", "/")
    link.parent.mkdir(parents=True)
    link.symlink_to(target)
    return target


def run(repository: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program in a repository with the collection that is there."""
    # Not with the surrounding run's options, and what it tells its workers.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment |= {"ANSIBLE_COLLECTIONS_PATH": str(repository / ".build"), "ANSIBLE_HOME": str(repository / ".build/home")}
    return subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)


def results(repository: Path, *options: str) -> tuple[int, set[str], str]:
    """Run tests of a repository: the exit code, the tests that passed, and the output."""
    report = repository / ".build/report.xml"
    done = run(repository, sys.executable, "-m", "pytest", "-q", f"--junit-xml={report}", *options)
    cases = ElementTree.parse(report).iter("testcase")
    return done.returncode, {case.attrib["name"] for case in cases if not len(case)}, done.stdout + done.stderr


def test_whoever_follows_the_steps_has_a_module_that_works(copy: Path) -> None:
    for step in steps():
        follow(step, copy)
    # The page's own command, as make carries it out.
    (command,) = re.findall(r"^\$ (PYTEST_ADDOPTS=.*)$", blocks(GUIDE)[-1].text, re.MULTILINE)
    words = dict(word.split("=", 1) for word in shlex.split(command) if "=" in word)
    options = shlex.split(words["PYTEST_ADDOPTS"])
    code, passed, output = results(copy, *options, *(f"tests/{kind}" for kind in words["KINDS"].split()))
    assert code == 0, output
    assert passed >= {
        f"test_laws[{VERSIONS[-1]}-{NAME}]",
        f"test_both_ways_of_execution_do_the_same[{NAME}]",
        f"test_a_passing_disturbance_changes_nothing[{NAME}]",
        f"test_the_next_run_finishes_what_was_interrupted[{NAME}]",
        f"test_examples_of_a_module[{NAME}]",
        f"test_a_module_takes_the_core_and_each_product_from_one_file[{NAME}]",
        "test_every_module_has_its_case",
        "test_every_module_of_a_service_is_in_its_group_and_runs_in_process",
    }


def test_what_the_steps_write_is_documented(copy: Path) -> None:
    for step in steps():
        follow(step, copy)
    documented = run(copy, Path(sys.executable).parent / "ansible-doc", "--json", f"{COLLECTION}.{NAME}").stdout
    options = json.loads(documented)[f"{COLLECTION}.{NAME}"]["doc"]["options"]
    printed = run(copy, sys.executable, "-c", PRINT_ARGUMENTS).stdout
    assert {name: option.get("type") for name, option in options.items()} == json.loads(printed)


@pytest.mark.parametrize("forgotten", steps(), ids=lambda step: step.file)
def test_no_step_can_be_forgotten(copy: Path, forgotten: Block) -> None:
    for step in steps():
        if step != forgotten:
            follow(step, copy)
    code, _passed, output = results(copy, "-k", "every_module", "tests/integration/test_laws.py")
    assert code == 1, output
    assert NAME in output


@pytest.mark.skipif(not LINTERS.exists(), reason="make test KINDS=lint has not installed the linters yet")
def test_what_the_steps_write_passes_the_linters(copy: Path) -> None:
    for step in steps():
        follow(step, copy)
    for line, folder in (
        ("ruff check .", copy),
        ("ruff format --check .", copy),
        ("yamllint --strict .", copy),
        ("lint-imports --no-cache ../pyproject.toml", copy / ".build"),
    ):
        program, *options = line.split()
        done = subprocess.run([LINTERS / program, *options], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_picture_of_the_rooms_shows_every_file() -> None:
    (picture,) = [block.text for block in blocks(GUIDE) if block.file == "plugins"]
    folders = ("module_utils/_*", "plugin_utils", "inventory")
    files = [path.name for folder in folders for path in (ROOT / "plugins").glob(f"{folder}/*.py")]
    assert Counter(re.findall(r"\w+\.py", picture)) == Counter(name for name in files if name != "__init__.py")
    assert set(re.findall(r"\b(_\w+)/", picture)) == {path.name for path in (ROOT / "plugins/module_utils").glob("_*")}
