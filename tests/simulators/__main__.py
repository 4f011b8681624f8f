# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start both stand-ins: one line of JSON says where they are and with which tokens, then they run until a signal."""

from __future__ import annotations

import argparse
import json
import signal
import threading

from . import authentik, netbird


def main() -> None:
    """Start the stand-ins and wait for SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="simulators", description=__doc__)
    parser.add_argument("--authentik-version", default="2026.5", choices=tuple(authentik.VERSIONS))
    parser.add_argument("--authentik-port", type=int, default=0)
    parser.add_argument("--netbird-port", type=int, default=0)
    parser.add_argument("--no-embedded", action="store_true", help="NetBird without its embedded identity provider")
    args = parser.parse_args()
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda _number, _frame: stop.set())
    with (
        authentik.serve(args.authentik_version, args.authentik_port) as one,
        netbird.serve(embedded=not args.no_embedded, port=args.netbird_port) as other,
    ):
        line = {
            "authentik_url": one.url,
            "authentik_token": one.token,
            "netbird_url": other.url,
            "netbird_token": other.token,
        }
        print(json.dumps(line), flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
