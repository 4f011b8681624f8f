# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the stand-ins answer what no recording shows: what the next recording has to ask.

A mark stands beside the code, in a comment or a docstring, up to the next empty line: what is answered, and from where
that is known. `UNRECORDED: a consent that expires; here none does (OpenAPI)`
"""

from __future__ import annotations

import ast
import importlib.util
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any
from unittest.mock import patch

import pytest

from conformance import _arrangements, _endpoints, _exchanges, _logins
from conformance._flows import CASES, Stage
from simulators.authentik import keys
from support.recordings import VERSIONS

SIMULATORS = Path(__file__).resolve().parents[1] / "simulators"
MARK = "UNRECORDED:"
SOURCES = re.compile(r"OpenAPI|source|measured|discovery document|public thread|guess|``[\w/]+\.py``")


def remarks(code: str) -> Iterator[str]:
    """Yield the docstrings and other texts of a program, and its comments, lines that follow each other as one."""
    block: list[str] = []
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            block.append(token.string.lstrip("# "))
        elif token.type != tokenize.NL:
            yield "\n".join(block)
            block = []
            if token.type == tokenize.STRING:
                yield token.string.strip("\"'")


def marks() -> dict[str, list[str]]:
    """Return the marks of every file."""
    found: dict[str, list[str]] = {}
    for path in sorted(SIMULATORS.rglob("*.py")):
        for remark in remarks(path.read_text(encoding="utf-8")):
            for mark in remark.split(MARK)[1:]:
                text = " ".join(mark.split("\n\n")[0].split())
                found.setdefault(str(path.relative_to(SIMULATORS)), []).append(text)
    return found


def test_what_no_recording_shows_has_a_source() -> None:
    """Every mark says from where it is known, and none is overlooked; with `-s` this lists them all."""
    found = marks()
    for path, texts in found.items():
        print(f"{path} ({len(texts)})", *texts, sep="\n  ")
        assert all(SOURCES.search(text) for text in texts), path
    written = {path: path.read_text(encoding="utf-8").count("UNRECORDED") for path in SIMULATORS.rglob("*.py")}
    assert {path: len(texts) for path, texts in found.items()} == {
        str(path.relative_to(SIMULATORS)): count for path, count in written.items() if count
    }
    assert found


# What only the recorded logins reach: one for each.
LOGINS = (("2026.5", "issuer mode global"), ("2026.5", "no signing key"))
# What answers nothing: it arranges a test, or looks at how one ended.
NO_ANSWERS = {"serve", "snapshot", "_names", "_plain", "plain", "respond"}


@contextmanager
def reached() -> Iterator[set[tuple[str, int]]]:
    """Collect the lines that run meanwhile, in any thread: file and number."""
    monitoring, seen = sys.monitoring, set[tuple[str, int]]()
    tool, lines = monitoring.COVERAGE_ID, monitoring.events.LINE

    def line(code: CodeType, number: int) -> Any:
        seen.add((code.co_filename, number))
        return monitoring.DISABLE

    monitoring.use_tool_id(tool, "recordings")
    monitoring.register_callback(tool, lines, line)
    monitoring.set_events(tool, lines)
    monitoring.restart_events()
    try:
        yield seen
    finally:
        monitoring.set_events(tool, 0)
        monitoring.register_callback(tool, lines, None)
        monitoring.free_tool_id(tool)


def inside(code: CodeType) -> Iterator[int]:
    """Yield the lines of the functions in a module or a class, without those that begin a function."""
    for each in code.co_consts:
        if isinstance(each, CodeType):
            if each.co_flags & 1:  # optimised: a function, not a class
                yield from {number for *_span, number in each.co_lines() if number and number != each.co_firstlineno}
            yield from inside(each)


def again(path: Path) -> None:
    """Run a module once more, beside the one that is used: for what it calls while it is imported."""
    spec = importlib.util.spec_from_file_location(f"simulators.authentik.{path.stem}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with patch.dict(sys.modules, {spec.name: module}):
        spec.loader.exec_module(module)


def unmarked(path: Path, seen: set[tuple[str, int]]) -> Iterator[str]:
    """Yield the lines that no recording reaches, in functions (or tables) without a mark; a module's is for all of it."""
    code = path.read_text(encoding="utf-8")
    lines, tree = code.splitlines(), ast.parse(code)
    if MARK in (ast.get_docstring(tree) or ""):
        return
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for number in sorted(set(inside(compile(code, str(path), "exec")))):
        around = [node for node in [*tree.body, *functions] if node.lineno <= number <= (node.end_lineno or 0)]
        owner = around[-1]
        known = getattr(owner, "name", "") in NO_ANSWERS or "raise NotBuilt" in lines[number - 1]
        marked = MARK in "\n".join(lines[owner.lineno - 1 : owner.end_lineno])
        if (str(path), number) not in seen and not known and not marked:
            yield f"{path.relative_to(SIMULATORS)}:{number}: {lines[number - 1].strip()}"


@pytest.mark.once
@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")
def test_what_no_recording_reaches_is_marked() -> None:
    """Every line of authentik's stand-in that answers something is run by a recording, or its function has a mark."""
    arranged = _arrangements.ARRANGED | _endpoints.ARRANGED
    files = sorted((SIMULATORS / "authentik").glob("*.py"))
    # Earlier tests may have made the pair that all servers share.
    keys.key_pair.cache_clear()
    with reached() as seen:
        for version in VERSIONS:
            _exchanges.of_authentik(version)
            with Stage(version) as stage:
                for name in (name for recorded, name in CASES if recorded == version):
                    stage.play(name, arranged)
        for login in LOGINS:
            _logins.replay(*login)
        for version, case in _exchanges.OPTIONS:
            _exchanges.options(version, *case["steps"])
        _exchanges.of_objects()
        for path in files:
            again(path)
    left = [line for path in files for line in unmarked(path, seen)]
    assert not left, "\n" + "\n".join(left)
