# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in behind authentik as a program, which takes the real one's C(management.json) and options."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from . import netbird


def main() -> None:
    """Answer on the port that is named until a signal, or exit as the real server would."""
    parser = argparse.ArgumentParser(prog="management", description=__doc__)
    parser.add_argument("command", choices=["management"])
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    args, _others = parser.parse_known_args()
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda _number, _frame: stop.set())
    config = json.loads(args.config.read_text())
    manager = config["IdpManagerConfig"]
    oidc = netbird.Oidc(
        discovery=config["HttpConfig"]["OIDCConfigEndpoint"],
        audience=config["HttpConfig"]["AuthAudience"],
        client_id=manager["ClientConfig"]["ClientID"],
        username=manager["ExtraConfig"]["Username"],
        password=manager["ExtraConfig"]["Password"],
        token_endpoint=manager["ClientConfig"]["TokenEndpoint"],
    )
    try:
        with netbird.serve(embedded=False, port=args.port, oidc=oidc):
            stop.wait()
    except netbird.ServerExit as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
