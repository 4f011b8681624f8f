# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection costs, in ratios and request counts: times would only compare machines. ``make bench`` runs it."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / ".build")]

from simulators import authentik, netbird  # noqa: E402 (the path has to be set first)
from support import COLLECTION, Played, Servers  # noqa: E402

TASKS = 20
SIZES = (10, 100, 300)


def seconds(servers: Servers, in_process: bool) -> float:
    """How long a playbook of so many tasks takes, without what ansible-playbook itself takes."""
    variables = {"netbird_authentik_in_process": in_process}
    taken = []
    for number in (0, TASKS):
        start = time.monotonic()
        played = servers.play([{f"{COLLECTION}.authentik_info": {}}] * number, variables, record=False)
        taken.append(time.monotonic() - start)
        if played.code:
            sys.exit(played.output)
    return taken[1] - taken[0]


def execution(servers: Servers) -> None:
    inside, ordinary = seconds(servers, True), seconds(servers, False)
    print(f"\nA task inside of ansible-playbook, and as an ordinary module ({TASKS} tasks of one request each)")
    print(f"  {1000 * inside / TASKS:6.0f} ms   {1000 * ordinary / TASKS:6.0f} ms   ratio {ordinary / inside:.0f}")


def entitlements(servers: Servers, number: int) -> None:
    for index in range(number):
        servers.authentik.state.add_group(f"group-{number}-{index}")
    wanted = [{"name": f"entitlement-{index}", "groups": [f"group-{number}-{index}"]} for index in range(number)]
    slug = f"application-{number}"

    def play(entries: list[dict[str, object]]) -> Played:
        played = servers.play(
            [{f"{COLLECTION}.authentik_application_entitlements": {"application": slug, "entitlements": entries}}]
        )
        if played.code:
            sys.exit(played.output)
        return played

    servers.play([{f"{COLLECTION}.authentik_application": {"slug": slug, "name": slug}}])
    counts = [play(wanted).requests, play(wanted).requests]
    counts.append(play([{**wanted[0], "groups": [f"group-{number}-1"]}, *wanted[1:]]).requests)
    print(f"  {number:12}   {counts[0]:6}   {counts[1]:9}   {counts[2]:10}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, authentik.serve(version="2026.8") as one, netbird.serve() as other:
        servers = Servers(one, other, Path(folder))
        execution(servers)
        print("\nRequests for one task with so many entitlements, each bound to a group of its own")
        print("  entitlements      new   unchanged   one change")
        for number in SIZES:
            entitlements(servers, number)


if __name__ == "__main__":
    main()
