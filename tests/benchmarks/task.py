# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one task costs, and where its time goes.

Each kind of task is measured in turn, several times over, and medians are shown: a machine has other things to do. Time is
what people wait for; the processor's time is what other work on the machine changes least.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import requests

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / ".build")]

from simulators import authentik, netbird  # noqa: E402 (the path has to be set first)
from support import COLLECTION, Servers  # noqa: E402
from support.certificate import certificate  # noqa: E402

ROUNDS = 5
TASKS = 30
ORDINARY_TASKS = 4
HERE = Path(__file__).parent
CONNECTION = {f"authentik_{option}": f"{{{{ authentik_{option} }}}}" for option in ("url", "token")}
GROUP = {f"{COLLECTION}.authentik_group": {**CONNECTION, "name": "developers"}}
ORDINARY = {"netbird_authentik_in_process": False}


@dataclass
class Kind:
    """A kind of task, and what was measured: in milliseconds for each task or, of parts, each worker."""

    name: str
    task: Mapping[str, Any]
    tls: bool = False
    variables: Mapping[str, Any] = field(default_factory=dict)
    waited: list[float] = field(default_factory=list)
    main: list[float] = field(default_factory=list)
    workers: list[float] = field(default_factory=list)
    parts: list[dict[str, tuple[float, float]]] = field(default_factory=list)

    def measure(self, servers: Servers, bundle: Path) -> None:
        """Play so many of these tasks, after one that loads the plugin."""
        spent = servers.folder / "spent.jsonl"
        spent.unlink(missing_ok=True)
        environment = {
            "ANSIBLE_ACTION_PLUGINS": str(HERE / "action"),
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "spent",
            "SPENT_FILE": str(spent),
            "SPENT_BUNDLE": str(bundle),
        }
        number = ORDINARY_TASKS if self.variables else TASKS
        played = servers.play([self.task] * (1 + number), self.variables, environment=environment)
        if played.code or played.changed:
            sys.exit(played.output)
        lines = [json.loads(line) for line in spent.read_text().splitlines()]
        starts = [line["start"] for line in lines if "start" in line][1:]
        self.waited += [1000 * (after[0] - before[0]) for before, after in pairwise(starts)]
        self.main.append(1000 * (starts[-1][1] - starts[0][1]) / number)
        self.workers.append(1000 * (starts[-1][2] - starts[0][2]) / number)
        self.parts += [line["worker"] for line in lines if "worker" in line][1:]

    @property
    def busy(self) -> float:
        return median(self.main) + median(self.workers)

    def part(self, name: str) -> tuple[float, float]:
        """The median time and processor's time of a part."""
        waited, busy = zip(*(each.get(name, (0.0, 0.0)) for each in self.parts), strict=True)
        return 1000 * median(waited), 1000 * median(busy)


KINDS = [
    Kind("an action plugin that does nothing", {"bare": {}}),
    Kind("the same, with the options url and token", {"bare": CONNECTION}),
    Kind("authentik_group, http", GROUP),
    Kind("authentik_group, https", GROUP, tls=True),
    Kind("authentik_group as an ordinary module, http", GROUP, variables=ORDINARY),
]


@contextmanager
def started(folder: Path, tls: tuple[str, str] | None) -> Iterator[Servers]:
    folder.mkdir()
    with authentik.serve(version="2026.8", tls=tls) as one, netbird.serve() as other:
        one.state.add_group("developers")
        yield Servers(one, other, folder)


def raw_request(servers: Servers) -> float:
    """Milliseconds that the stand-in and the machine take for the request of such a task, without a client of ours."""
    taken = []
    for _time in range(100):
        start = time.perf_counter()
        connection = http.client.HTTPConnection(urlsplit(servers.authentik.url).netloc)
        path = "/api/v3/core/groups/?name=developers&include_users=false"
        connection.request("GET", path, headers={"Authorization": f"Bearer {servers.authentik.token}"})
        answer = connection.getresponse()
        if answer.status != 200 or b"developers" not in answer.read():
            sys.exit(f"the stand-in answered {answer.status}")
        connection.close()
        taken.append(1000 * (time.perf_counter() - start))
    return median(taken)


def show_kinds(kinds: Sequence[Kind], least: Kind) -> None:
    """A line for each kind; the ratio is that of the processor's time to the kind that does ``least``."""
    print(f"\n{'ms per task':48}     time   processor (ansible-playbook + worker)   ratio")
    for kind in kinds:
        ratio = kind.busy / least.busy
        shares = f"({median(kind.main):.1f} + {median(kind.workers):.1f})"
        print(f"  {kind.name:46} {median(kind.waited):8.1f} {kind.busy:11.1f} {shares:>26} {ratio:7.1f}")


def show_parts(kind: Kind) -> None:
    """Where the time of a worker goes."""
    worker, plugin = kind.part("worker"), kind.part("plugin")
    inner = [kind.part(name) for name in ("import", "validation", "requests")]
    print(f"\n{'ms in the worker: ' + kind.name:48}     time   processor")
    for label, times in {
        "Ansible: options, connection, result": [whole - ours for whole, ours in zip(worker, plugin, strict=True)],
        "the module is imported": inner[0],
        "its options are validated": inner[1],
        "its request is made": inner[2],
        "the rest of the plugin and the module": [ours - sum(parts) for ours, *parts in zip(plugin, *inner, strict=True)],
    }.items():
        print(f"  {label:46} {times[0]:8.1f} {times[1]:11.1f}")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tls = certificate(folder, -timedelta(days=1), timedelta(days=1))
        bundle = folder / "bundle.pem"
        bundle.write_text(Path(requests.utils.DEFAULT_CA_BUNDLE_PATH).read_text() + Path(tls[0]).read_text())
        with started(folder / "http", None) as plain, started(folder / "https", tls) as secure:
            for _round in range(ROUNDS):
                for kind in KINDS:
                    kind.measure(secure if kind.tls else plain, bundle)
            raw = raw_request(plain)
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.0f}; medians of {ROUNDS} x {TASKS} tasks", end="")
    print(f", of ordinary modules {ROUNDS} x {ORDINARY_TASKS}")
    show_kinds(KINDS, KINDS[0])
    for kind in KINDS[2:4]:
        show_parts(kind)
    print(f"\nThe same request without a client of ours, http: {raw:.1f} ms")


if __name__ == "__main__":
    main()
