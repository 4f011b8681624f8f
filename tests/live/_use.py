# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers that an environment names, or the stand-ins; nothing of the suite is there before, and nothing after."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from live._program import connected, joined
from live._servers import Live, connect_authentik, connect_netbird
from simulators import authentik
from simulators import netbird as netbird_server
from simulators.netbird import proxies
from support import ROOT

PREFIX = "ansible-live"


@contextmanager
def stand_ins(folder: Path) -> Iterator[Live]:
    """Both stand-ins, with what they have for a NetBird host, and clients that are none."""
    program = folder / "management"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}/tests" exec "{sys.executable}" -m simulators.management "$@"\n')
    program.chmod(0o755)
    with authentik.serve(version="2026.8") as one, netbird_server.serve() as other:
        environment = {
            "AUTHENTIK_URL": one.url,
            "AUTHENTIK_TOKEN": one.token,
            "NETBIRD_URL": other.url,
            "NETBIRD_TOKEN": other.token,
            "NETBIRD_INFRASTRUCTURE_FILES": str(ROOT / "tests/simulators/configure"),
            "NETBIRD_MANAGEMENT": str(program),
        }

        @contextmanager
        def join(name: str, key: str, _folder: Path) -> Iterator[None]:
            peer = other.state.join(name, key=key)
            yield
            other.state.leave(peer["id"])

        @contextmanager
        def proxy(address: str, _token: str, _folder: Path) -> Iterator[None]:
            proxies.connect(other.state.account, address)
            yield
            proxies.disconnect(other.state.account, address)

        live = named_by(environment, folder)
        live.join, live.proxy = join, proxy
        yield live


def named_by(environment: Mapping[str, str], folder: Path) -> Live:
    """The servers that these variables name."""
    prefix = environment.get("LIVE_PREFIX") or PREFIX
    if not re.fullmatch(r"[a-z][a-z0-9-]{2,29}", prefix):
        pytest.exit("LIVE_PREFIX has to be 3 to 30 lower-case letters, digits and hyphens, and begin with a letter.", 2)
    names = ("NETBIRD_INFRASTRUCTURE_FILES", "NETBIRD_MANAGEMENT", "NETBIRD_CLIENT", "NETBIRD_PROXY")
    files, program, client, proxy = (Path(path).resolve() if path else None for path in map(environment.get, names))
    if files and not (files / "configure.sh").is_file():
        pytest.exit(f"NETBIRD_INFRASTRUCTURE_FILES names {files}, which has no configure.sh.", 2)
    if program and (not files or not os.access(program, os.X_OK)):
        pytest.exit("NETBIRD_MANAGEMENT has to be a program, and needs NETBIRD_INFRASTRUCTURE_FILES.", 2)
    for name, path in {"NETBIRD_CLIENT": client, "NETBIRD_PROXY": proxy}.items():
        if path and not os.access(path, os.X_OK):
            pytest.exit(f"{name} has to be a program.", 2)
    netbird = connect_netbird(environment["NETBIRD_URL"], environment["NETBIRD_TOKEN"])
    return Live(
        connect_authentik(environment["AUTHENTIK_URL"], environment["AUTHENTIK_TOKEN"]),
        netbird,
        folder,
        prefix,
        files,
        program,
        partial(joined, client, netbird.url) if client else None,
        partial(connected, proxy, netbird.url) if proxy else None,
    )


@contextmanager
def used(live: Live, *, clean_up: bool = False) -> Iterator[Live]:
    """The servers without anything of ours, before and, whatever happens, after."""
    if clean_up:
        remains = live.listed()
        live.take_back()
        pytest.exit("\n".join(["Taken back:", *remains]) if remains else "Nothing was left.", 0)
    remains = live.listed() or (["settings that were not put back"] if live.remembered() else [])
    if remains:
        advice = "Are they of an interrupted run? 'make live CLEAN_UP=1' takes them back. Else choose another LIVE_PREFIX."
        pytest.exit("\n".join([f"There are objects under the prefix {live.prefix} already:", *remains, advice]), 2)
    live.remember()
    try:
        live.make_fresh()
        yield live
    finally:
        live.take_back()
