# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetBird's own programs on this machine for a moment: a management server as the role has it, clients, a proxy."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from support.certificate import pair

STARTS_WITHIN = 60.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(program: Path, config: Path, folder: Path) -> Iterator[str]:
    """The URL of a new server without any data, which has this C(management.json), but for TLS, which is its proxy's."""
    folder.mkdir()
    values = json.loads(config.read_text())
    values["HttpConfig"] |= {"CertFile": "", "CertKey": ""}
    own = folder / "management.json"
    own.touch(mode=0o600)
    own.write_text(json.dumps(values))
    port = _free_port()
    options = {"config": own, "datadir": folder, "port": port, "metrics-port": _free_port(), "log-file": "console"}
    command = [program, "management", *(f"--{name}={value}" for name, value in options.items())]
    log = folder / "log"
    with log.open("w") as file:
        server = subprocess.Popen(
            [*command, "--disable-legacy-port", "--disable-anonymous-metrics"],
            cwd=folder,
            env={**os.environ, "NB_DISABLE_GEOLOCATION": "true"},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        end = time.monotonic() + STARTS_WITHIN
        while not _answers(url):
            assert server.poll() is None, f"the management server ended: {log.read_text()[-2000:]}"
            assert time.monotonic() < end, f"the management server does not answer: {log.read_text()[-2000:]}"
            time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait(30)


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/api/instance", timeout=5).ok
    except requests.ConnectionError:
        return False


@contextmanager
def connected(program: Path, url: str, address: str, token: str, folder: Path) -> Iterator[None]:
    """A reverse proxy of the server at this URL, which serves an address to nobody but this machine."""
    folder.mkdir()
    certificate, key = pair(address)
    for name, text in {"tls.crt": certificate, "tls.key": key}.items():
        own = folder / name
        own.touch(mode=0o600)
        own.write_text(text)
    options = {
        "mgmt": url,
        "domain": address,
        "addr": f"127.0.0.1:{_free_port()}",
        "health-addr": f"127.0.0.1:{_free_port()}",
        "cert-dir": folder,
        "geo-data-dir": folder / "geo",
    }
    log = folder / "log"
    with log.open("w") as file:
        proxy = subprocess.Popen(
            [program, *(f"--{option}={value}" for option, value in options.items())],
            cwd=folder,
            env={**os.environ, "NB_PROXY_TOKEN": token, "NB_PROXY_ALLOW_INSECURE": str(url.startswith("http:")).lower()},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield
        assert proxy.poll() is None, f"the proxy ended: {log.read_text()[-2000:]}"
    finally:
        proxy.terminate()
        proxy.wait(30)


@contextmanager
def joined(program: Path, url: str, name: str, key: str, folder: Path) -> Iterator[None]:
    """A client of the server at this URL that joined with this setup key, and touches nothing of the machine's own network."""
    folder.mkdir()
    own = folder / "key"
    own.touch(mode=0o600)
    own.write_text(key)
    options = {
        "setup-key-file": own,
        "management-url": url,
        "hostname": name,
        "config": folder / "config.json",
        "daemon-addr": f"unix://{folder}/sock",
        "wireguard-port": _free_port(),
        "log-file": "console",
    }
    log = folder / "log"
    with log.open("w") as file:
        client = subprocess.Popen(
            [program, "up", "--foreground-mode", "--disable-dns", *(f"--{option}={value}" for option, value in options.items())],
            cwd=folder,
            env={
                **os.environ,
                "NB_USE_NETSTACK_MODE": "true",
                "NB_SOCKS5_LISTENER_PORT": str(_free_port()),
                "NB_STATE_DIR": str(folder),
                "NB_DISABLE_DNS": "true",
                "NB_SKIP_SOCKET_MARK": "true",
            },
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield
        assert client.poll() is None, f"the client ended: {log.read_text()[-2000:]}"
    finally:
        client.terminate()
        client.wait(30)
