# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set up virtual environments and run the checks, the tests, the demo and the docs: the Makefile calls this.

It needs no package, so that any Python >= 3.11 can start it. Each ansible-core has its own environment, .venv/<core>; the
linters share .venv/lint, Galaxy's importer has .venv/galaxy, and .venv/lowest has the lowest versions of what the collection
needs. An environment is rebuilt when its requirement files or its Python change.
"""

from __future__ import annotations

import argparse
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build"
NAME = "zerotrust.netbird_authentik"
# What the collection needs beside ansible-core.
RUNTIME = (ROOT / "meta/ee-requirements.txt", ROOT / "requirements/runtime.txt")

# The supported ansible-cores, each with the Pythons that it may run on, best first.
CORES = {
    "2.19": ("3.11", "3.12", "3.13"),
    "2.20": ("3.12", "3.13", "3.14"),
    "2.21": ("3.13", "3.12", "3.14"),
}

# The kinds of checks and tests, and whether each runs on every core or only on the last. Tests that are marked "once" could
# say nothing new on another core, and run on the last alone; so does what of sanity tells the same on every core.
# All but lint, audit, sanity, galaxy, lowest and molecule are directories of pytest's tests.
KINDS = {
    "lint": False,
    "audit": False,
    "sanity": True,
    "galaxy": False,
    "unit": True,
    "lowest": False,
    "conformance": False,
    "integration": True,
    "faults": False,
    "live": False,
    "molecule": False,
}

# What "live" has to be told of the servers that it runs on; CONTRIBUTING.md says how.
LIVE = ("AUTHENTIK_URL", "AUTHENTIK_TOKEN", "NETBIRD_URL", "NETBIRD_TOKEN")

# What takes long, longest first: it begins first, so that none of it is left over at the end.
LONG = ("integration", "conformance", "sanity", "molecule", "live", "faults")

# What the tests start, and the Debian package that has it: configure.sh needs most, and a browser shows the report.
PROGRAMS = {
    "git": "git",
    "curl": "curl",
    "jq": "jq",
    "envsubst": "gettext-base",
    "openssl": "openssl",
    "chromium": "chromium",
}

LINTERS = (
    "ruff check .",
    "ruff format --check .",
    "mypy",
    "lint-imports --no-cache ../pyproject.toml",
    "yamllint --strict .",
    "reuse lint --lines",
    "ansible-lint",
    "antsibull-changelog lint",
    "antsibull-docs lint-collection-docs --plugin-docs --check-extra-docs-refs --validate-collection-refs self .",
)


def install_programs(wanted: Iterable[str]) -> None:
    """Install what is missing, where that can be done without asking; name it where not."""
    packages = [PROGRAMS[program] for program in wanted if not shutil.which(program)]
    if packages and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "--quiet"], check=True)
        subprocess.run(["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *packages], check=True)
    elif packages:
        sys.exit(f"Missing programs: install your system's packages {', '.join(packages)}.")


def find_python(version: str) -> str | None:
    """A working Python that can make virtual environments; version managers keep theirs off the PATH."""
    home = Path.home()
    places = [
        os.environ.get("PYENV_ROOT", f"{home}/.pyenv") + f"/versions/{version}.*/bin",
        f"{home}/.local/share/uv/python/*-{version}.*/bin",
        f"/opt/python*{version}*/bin",
        f"/opt/python*/{version}*/bin",
    ]
    found = [f"{folder}/python{version}" for place in places for folder in sorted(glob.glob(place), reverse=True)]
    on_path = shutil.which(f"python{version}")
    probe = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
    for python in [getattr(sys, "_base_executable", sys.executable), *found, *([on_path] if on_path else [])]:
        try:
            result = subprocess.run([python, "-c", probe], capture_output=True, text=True, check=False)
        except OSError:
            continue
        if result.stdout.strip() == version:
            return python
    return None


def lowest(requirements: str) -> list[str]:
    """The lowest versions that these requirements allow, as requirements."""
    return [f"{name}=={version}" for name, version in re.findall(r"(?m)^([^#\s>]+)>=([\d.]+)", requirements)]


def environment(name: str, python: str, requirements: list[str]) -> Path:
    """The bin directory of a virtual environment with these requirements, made or renewed where that is needed.

    In "lowest" what the collection needs is as old as it may be.
    """
    venv = ROOT / ".venv" / name
    stamp = venv / "stamp"
    files = [*(ROOT / f"requirements/{file}.txt" for file in requirements), RUNTIME[0]]
    pins = lowest("".join(file.read_text() for file in RUNTIME)) if name == "lowest" else []
    wanted = hashlib.sha256(b"".join([python.encode(), *(file.read_bytes() for file in files)])).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"== set up .venv/{name} with {python}", flush=True)
        subprocess.run([python, "-m", "venv", "--clear", venv], check=True)
        pip = [venv / "bin/python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*pip, *(option for file in files for option in ("-r", file)), *pins], check=True)
        stamp.write_text(wanted)
    return venv / "bin"


def link_collection() -> None:
    """Let Ansible, pytest and mypy find the repository as the collection, under .build."""
    link = BUILD / "ansible_collections" / NAME.replace(".", "/")
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(os.path.relpath(ROOT, link.parent), target_is_directory=True)


def docker_can_run() -> bool:
    """Whether an engine answers, or the scenario may install one."""
    if shutil.which("docker") and subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0:
        return True
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


class Run:
    """Runs commands in an environment and remembers how they ended.

    While others run beside it, the output of a command comes as a whole, when it is done.
    """

    def __init__(self) -> None:
        self.results: list[tuple[str, str, str, float]] = []
        self._together = False

    def call(self, kind: str, core: str, bin_dir: Path, command: list[str | Path], cwd: Path = ROOT) -> None:
        """Run one command."""
        title = f"== {kind} ({core}): {' '.join(map(str, command))}"
        print(f"-- {kind} ({core}) begins" if self._together else f"\n{title}", flush=True)
        env = {
            **os.environ,
            "PATH": f"{bin_dir}{os.pathsep}{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(BUILD),
            # Not the user's, and one for each kind: molecule installs a copy of the collection there.
            "ANSIBLE_HOME": str(BUILD / "home" / kind.split(":")[0]),
        }
        start = time.monotonic()
        stream = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} if self._together else {}
        done = subprocess.run([bin_dir / command[0], *command[1:]], cwd=cwd, env=env, check=False, text=True, **stream)
        if self._together:
            print(f"\n{title}\n{done.stdout}", flush=True)
        result = "passed" if done.returncode == 0 else f"FAILED ({done.returncode})"
        self.results.append((kind, core, result, time.monotonic() - start))

    def tests(self, on: dict[str, list[str]], bins: dict[str, Path]) -> None:
        """Run kinds, each on these cores: the longest first and alone, on both processors, then two at a time."""
        todo = [(kind, core, bins, core == cores[-1]) for kind, cores in on.items() for core in reversed(cores)]
        todo.sort(key=lambda each: LONG.index(each[0]) if each[0] in LONG else len(LONG))
        if todo[0][0] == LONG[0] or len(todo) == 1:
            self.kind(*todo.pop(0))
        self._together = len(todo) > 1
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda each: self.kind(*each), todo))
        order = list(KINDS)
        self.results.sort(key=lambda each: (order.index(each[0].partition(":")[0]), each[1]))

    def kind(self, kind: str, core: str, bins: dict[str, Path], last: bool) -> None:
        """Run one kind on one core; ``last`` is said of the last core that it runs on."""
        if kind == "lint":
            for line in LINTERS:
                # What is imported is looked for in the current folder.
                cwd = BUILD if line.startswith("lint-imports") else ROOT
                self.call(f"lint: {line.split()[0]}", core, bins["lint"], line.split(), cwd)
        elif kind == "audit":
            self.call(kind, core, bins["lint"], ["python", "tests/tools/audit.py"])
        elif kind == "lowest":
            self.call("lowest: unit", core, bins[kind], ["python", "-m", "pytest", "-n", "0", "tests/unit"])
        elif kind == "sanity":
            self.call(kind, core, bins[core], ["python", "tests/tools/sanity.py", *([] if last else ["--differing"])])
        elif kind == "galaxy":
            self.call(kind, core, bins[kind], ["python", "tests/tools/galaxy.py"])
        elif kind == "molecule":
            if docker_can_run():
                self.call("molecule: collections", core, bins[core], ["python", "tests/tools/dependencies.py"])
                self.call(kind, core, bins[core], ["molecule", "test", "--all"])
            else:
                print(
                    "\n== molecule is left out: no Docker Engine answers, and only root on Debian could install one", flush=True
                )
        elif not any((ROOT / "tests" / kind).rglob("test_*.py")):
            print(f"\n== {kind} ({core}): tests/{kind} has no tests yet", flush=True)
        else:
            marks = [] if last else ["-m", "not once"]
            # A second worker only where nothing else runs beside. What a file sets up once is for all of its tests, and those
            # of "live" build on each other.
            workers = ["-n", "0"] if self._together else ["-n", "2", "--dist", "loadfile"]
            self.call(kind, core, bins[core], ["python", "-m", "pytest", *workers, *marks, f"tests/{kind}"])

    def summary(self) -> int:
        print(f"\n{'kind':25} {'core':6} {'result':12} seconds")
        for kind, core, result, seconds in self.results:
            print(f"{kind:25} {core:6} {result:12} {seconds:7.1f}")
        failed = sum(line[2] != "passed" for line in self.results)
        print(f"\n{len(self.results) - failed} passed, {failed} failed")
        return 1 if failed else 0


def docs(run: Run, core: str, bin_dir: Path) -> None:
    """The site: guides, modules, plugins and roles, as HTML."""
    for page in ("troubleshooting", "versions"):
        run.call(f"docs: {page}", core, bin_dir, ["python", f"tests/tools/{page}.py"])
    site = BUILD / "docs"
    shutil.rmtree(site, ignore_errors=True)
    (site / "rst").mkdir(parents=True)
    options = ["--use-current", "--squash-hierarchy", "--fail-on-error"]
    run.call("docs: pages", core, bin_dir, ["antsibull-docs", "collection", *options, "--dest-dir", site / "rst", NAME])
    run.call("docs: HTML", core, bin_dir, ["sphinx-build", "-q", "-W", "--keep-going", "-c", "docs", site / "rst", site / "html"])
    print(f"The site is at {site / 'html/index.html'}")


def live(core: str, bin_dir: Path, clean_up: bool) -> int:
    """The suite "live" on the servers that the environment names; it prints its own summary."""
    run = Run()
    options = ["--clean-up"] if clean_up else []
    # A test on a slow server, with all that was made before it, may take its time.
    command = ["python", "-m", "pytest", "-v", "--tb=short", "--timeout=1800", "--live", *options, "tests/live"]
    run.call("live", core, bin_dir, command)
    return 0 if run.results[0][2] == "passed" else 1


def faults(run: Run, core: str, bin_dir: Path) -> None:
    """Every fault, kill, bad input and secret, of which "test" has a sample; what each counted goes to docs/reliability.md."""
    counts = BUILD / "counts.jsonl"
    counts.unlink(missing_ok=True)
    os.environ["COUNTS"] = str(counts)
    whole = ["tests/faults"]
    for name in ("adoption", "bad_input*", "rotation*", "secrets"):
        whole += sorted(glob.glob(f"tests/integration/test_{name}.py", root_dir=ROOT))
    run.call("faults", core, bin_dir, ["python", "-m", "pytest", "-n", "2", "--dist", "loadgroup", "--whole", "-rP", *whole])
    if run.results[-1][2] == "passed":
        run.call("faults: page", core, bin_dir, ["python", "tests/tools/reliability.py", counts])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["test", "faults", "live", "demo", "docs", "bench"])
    parser.add_argument("kinds", nargs="*", help=f"kinds of tests: {', '.join(KINDS)}; without any, all of them")
    parser.add_argument("--core", choices=CORES, help="only this ansible-core")
    parser.add_argument("--clean-up", action="store_true", help="live: only take back what an interrupted run left")
    args = parser.parse_args()
    kinds = args.kinds or list(KINDS)
    if not set(kinds) <= set(KINDS):
        parser.error(f"the kinds of tests are {', '.join(KINDS)}")

    missing = [name for name in LIVE if not os.environ.get(name)]
    if args.command == "live" and missing:
        sys.exit(f"make live runs on servers of your own, which the environment names: set {', '.join(missing)}.")
    programs = list(PROGRAMS) if args.command in ("test", "live") else ["git"]
    shown = args.command == "test" and "integration" in kinds
    install_programs(each for each in programs if each != "chromium" or shown)
    pythons = {core: next(filter(None, map(find_python, versions)), None) for core, versions in CORES.items()}
    for core in (core for core, python in pythons.items() if not python):
        print(f"== ansible-core {core} is left out: no Python {' or '.join(CORES[core])} with venv and ensurepip was found")
    found = {core: python for core, python in pythons.items() if python}
    cores = [core for core in found if args.core in (None, core)]
    if not cores:
        sys.exit("No usable Python >= 3.11: install one, on Debian with 'apt-get install python3 python3-venv'.")

    link_collection()
    run = Run()
    first, newest = next(iter(found)), cores[-1]
    needed = {"test": cores, "docs": []}.get(args.command, [newest])
    wanted = {core: (core, ["runtime", "test", "conformance", "molecule"]) for core in needed}
    if args.command == "docs" or (args.command == "test" and {"lint", "audit"} & set(kinds)):
        wanted["lint"] = (first, ["runtime", "test", "lint", "docs"])
    if args.command == "test" and "galaxy" in kinds:
        wanted["galaxy"] = (first, ["galaxy"])
    if args.command == "test" and "lowest" in kinds:
        wanted["lowest"] = (first, ["runtime", "test"])
    with ThreadPoolExecutor(2) as pool:
        made = {
            name: pool.submit(environment, name, found[core], [f"ansible-{core}", *files])
            for name, (core, files) in wanted.items()
        }
    bins = {name: future.result() for name, future in made.items()}

    if args.command == "test":
        run.tests({kind: cores if KINDS[kind] else cores[-1:] for kind in KINDS if kind in kinds}, bins)
    elif args.command == "docs":
        docs(run, first, bins["lint"])
    elif args.command == "faults":
        faults(run, newest, bins[newest])
    elif args.command == "live":
        return live(newest, bins[newest], args.clean_up)
    else:
        scripts = {
            "demo": ["tests/demo/run.py"],
            "bench": [f"tests/benchmarks/{name}.py" for name in ("task", "run", "inventory")],
        }
        for script in scripts[args.command]:
            run.call(args.command, newest, bins[newest], ["python", script])
    return run.summary()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:  # setting up failed, and said why
        sys.exit(f"== failed: {' '.join(map(str, error.cmd))}")
