# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sets of many objects cost on the stand-ins, written to docs/benchmarks.md: ``make bench`` runs it.

Times only compare ways to do the same on one machine; requests and memory are what they are. For a size of n there are n
groups, a provider, an application, n entitlements of it, and a binding of each to a group: 3n + 2 objects.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / ".build")]

import requests  # noqa: E402 (the path has to be set first)
from ansible.release import __version__ as core  # noqa: E402

from simulators import authentik, netbird  # noqa: E402
from simulators._server import Fault  # noqa: E402
from support import COLLECTION, Servers  # noqa: E402

SIZES = (10, 100, 1000)
# Seconds that an answer takes on the wire.
LATENCIES = (0.0, 0.05)
STEPS = ("create", "nothing changed", "one change", "remove")
PAGE = ROOT / "docs/benchmarks.md"
TEXT = """# What it costs

Measured on {day} by `make bench` on {machine}, with ansible-core {core} and Python {python}, against the stand-in
server of authentik on the same machine. Times compare ways to do the same; on another machine they are others. Requests and
memory are what they are.

A size of n stands for 3n + 2 objects: n groups, a provider, an application, n entitlements of it, and a binding of each to a
group of its own. They are four tasks, and three to remove them, in one run of `ansible-playbook`. A time is that of the whole
run, of which Ansible takes {empty:.1f} s before the first task; the memory is that of its largest process.

## Without latency

{near}

## With 50 ms to each answer

{far}

## How requests grow

{growth}

## What is the stand-in's own

On one connection, without Ansible, a request takes {reading:.1f} ms that reads a group by name, and {writing:.1f} ms that makes
one (of {largest}). So of the {largest_seconds:.0f} s in which {largest_objects} objects are made without latency, about
{share:.0f} % are the stand-in's own.
The stand-in is one process on one processor: what is written side by side gains something only where answers take their time.
"""


@dataclass
class Cost:
    """What one run of ansible-playbook took: seconds, requests to authentik, and the megabytes of its largest process."""

    seconds: float
    requests: int
    megabytes: float


def tasks(size: int, step: str, concurrency: int) -> list[dict[str, Any]]:
    names = [f"bench-{number:04}" for number in range(size)]
    groups: list[dict[str, Any]] = [{"name": name} for name in names]
    if step == "one change":
        groups[0]["attributes"] = {"changed": True}
    at_once = {"concurrency": concurrency}
    made = [
        ("authentik_groups", {"groups": groups, **at_once}),
        ("authentik_oauth2_provider", {"name": "bench", "redirect_uris": [{"url": "https://bench.company/"}]}),
        ("authentik_application", {"slug": "bench", "name": "bench", "provider": "bench"}),
        (
            "authentik_application_entitlements",
            {"application": "bench", "entitlements": [{"name": name, "groups": [name]} for name in names], **at_once},
        ),
    ]
    # With the application go its entitlements, and with these their bindings.
    removed = [
        ("authentik_application", {"slug": "bench"}),
        ("authentik_oauth2_provider", {"name": "bench"}),
        ("authentik_groups", {"groups": [{"name": name} for name in names], **at_once}),
    ]
    if step == "remove":
        return [{f"{COLLECTION}.{module}": {**options, "state": "absent"}} for module, options in removed]
    return [{f"{COLLECTION}.{module}": options} for module, options in made]


def play(servers: Servers, playbook: list[dict[str, Any]], in_process: bool = True) -> Cost:
    command, env = servers.command(playbook, {**servers.connection, "netbird_authentik_in_process": in_process})
    env.pop("ANSIBLE_CALLBACKS_ENABLED")
    servers.authentik.clear()
    start = time.monotonic()
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    output = process.stdout.read()
    _pid, status, usage = os.wait4(process.pid, 0)
    taken = time.monotonic() - start
    if status:
        sys.exit(output.decode())
    return Cost(taken, len(servers.authentik.requests), usage.ru_maxrss / 1024)


@contextlib.contextmanager
def standing_in(latency: float = 0.0) -> Iterator[Servers]:
    with tempfile.TemporaryDirectory() as folder, authentik.serve(version="2026.8") as one, netbird.serve() as other:
        if latency:
            one.inject(Fault("slow", seconds=latency, times=None))
        yield Servers(one, other, Path(folder))


def costs(size: int, latency: float, concurrency: int = 4, in_process: bool = True) -> list[Cost]:
    with standing_in(latency) as servers:
        return [play(servers, tasks(size, step, concurrency), in_process) for step in STEPS]


def own(size: int) -> tuple[float, float]:
    """Milliseconds that the stand-in takes to read a group by name and to make one, among so many."""
    with standing_in() as servers, requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {servers.authentik.token}"
        url = f"{servers.authentik.url}/api/v3/core/groups/"
        start = time.monotonic()
        for number in range(size):
            session.post(url, json={"name": f"bench-{number:04}"}, timeout=10).raise_for_status()
        writing = (time.monotonic() - start) / size
        start = time.monotonic()
        for number in range(100):
            session.get(url, params={"name": f"bench-{number:04}", "include_users": "false"}, timeout=10).raise_for_status()
        return 1000 * (time.monotonic() - start) / 100, 1000 * writing


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _column in header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def compared(latency: float, sizes: tuple[int, ...]) -> tuple[str, dict[int, list[Cost]]]:
    """Every step at every size, beside the same with one write at a time and as ordinary modules."""
    header = ("size", "step", "seconds", "requests", "MB", "x one write at a time", "x ordinary modules")
    rows, found = [], {}
    for size in sizes:
        found[size] = costs(size, latency)
        one, ordinary = costs(size, latency, concurrency=1), costs(size, latency, in_process=False)
        for step, cost, alone, module in zip(STEPS, found[size], one, ordinary, strict=True):
            ratios = (f"{cost.seconds / alone.seconds:.2f}", f"{cost.seconds / module.seconds:.2f}")
            line = (str(size), step, f"{cost.seconds:.1f}", str(cost.requests), f"{cost.megabytes:.0f}", *ratios)
            print("  ".join(line), flush=True)
            rows.append(line)
    return table(header, rows), found


def growth(found: dict[int, list[Cost]]) -> str:
    sizes = list(found)
    rows = [
        (step, *(f"{found[size][index].requests / (3 * size + 2):.2f}" for size in sizes)) for index, step in enumerate(STEPS)
    ]
    return table(("requests per object", *(f"size {size}" for size in sizes)), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--show", action="store_true", help="print the page instead of writing it")
    args = parser.parse_args()
    with standing_in() as servers:
        empty = play(servers, []).seconds
    near, found = compared(LATENCIES[0], tuple(args.sizes))
    far, _found = compared(LATENCIES[1], tuple(args.sizes))
    largest = max(args.sizes)
    reading, writing = own(largest)
    create = found[largest][0]
    text = TEXT.format(
        day=date.today().isoformat(),
        machine=f"{os.cpu_count()} processors ({platform.machine()}, {platform.system()})",
        core=core,
        python=platform.python_version(),
        empty=empty,
        near=near,
        far=far,
        growth=growth(found),
        reading=reading,
        writing=writing,
        largest=largest,
        largest_seconds=create.seconds,
        largest_objects=3 * largest + 2,
        share=100 * create.requests * writing / 1000 / create.seconds,
    )
    if args.show:
        print(text)
    else:
        PAGE.write_text(text)
        print(f"\nWritten to {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
