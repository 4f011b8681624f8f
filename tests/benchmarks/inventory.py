# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory of many peers costs: seconds of ``ansible-inventory --graph``, and requests.

Beside it stands what Ansible itself takes for as many hosts from a file, and what the stand-in takes for its answers.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / ".build")]

import requests  # noqa: E402 (the path has to be set first)

from simulators import netbird  # noqa: E402
from support import COLLECTION  # noqa: E402

SIZES = (1, 5000)
ROUNDS = 3


def graph(inventory: Path) -> float:
    """Return the seconds that a graph of this inventory takes."""
    start = time.monotonic()
    subprocess.run(["ansible-inventory", "-i", inventory, "--graph"], check=True, capture_output=True)
    return time.monotonic() - start


def answers(server: netbird.NetBird) -> float:
    """Return the seconds that the server takes for both lists."""
    start = time.monotonic()
    for path in ("peers", "users"):
        requests.get(f"{server.url}/api/{path}", headers={"Authorization": f"Token {server.token}"}, timeout=60)
    return time.monotonic() - start


def main() -> None:
    print(f"{'peers':>6} {'seconds':>8} {'file':>6} {'answers':>8} {'requests':>9}")
    for size in SIZES:
        with netbird.serve() as server, tempfile.TemporaryDirectory() as folder:
            for number in range(size):
                server.state.account.add_peer(f"peer-{number}", [])
            peers, hosts = Path(folder, "bench.netbird_peers.yml"), Path(folder, "hosts")
            connection = {"netbird_url": server.url, "netbird_token": server.token}
            peers.write_text(json.dumps({"plugin": f"{COLLECTION}.netbird_peers", **connection}))
            hosts.write_text("\n".join(f"peer-{number}" for number in range(size)))
            server.clear()
            graph(peers)
            asked = len(server.requests)
            own, file = (median(graph(each) for _ in range(ROUNDS)) for each in (peers, hosts))
            print(f"{size:6} {own:8.1f} {file:6.1f} {answers(server):8.1f} {asked:9}", flush=True)


if __name__ == "__main__":
    main()
