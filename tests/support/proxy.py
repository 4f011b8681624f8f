# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy as small as one can be, that notes what it is asked for."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import StreamRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit


@dataclass
class Proxy:
    """Where it is, and the first line of each request; ``refuses`` is what it answers in place of passing anything on."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    refuses: str = ""


@contextmanager
def proxy(refuses: str = "") -> Iterator[Proxy]:
    state = Proxy(refuses=refuses)

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            line = self.rfile.readline().decode()
            headers = list(iter(self.rfile.readline, b"\r\n"))
            if not line:
                return
            state.asked.append(line.strip())
            method, target, version = line.split()
            if state.refuses:
                self.wfile.write(f"HTTP/1.1 {state.refuses}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
                return
            parts = urlsplit(target if "://" in target else f"//{target}")
            with socket.create_connection((parts.hostname, parts.port), 10) as upstream:
                if method == "CONNECT":
                    self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
                    kept = [each for each in headers if not each.lower().startswith(b"connection:")]
                    upstream.sendall(f"{method} {path} {version}\r\n".encode() + b"".join([*kept, b"Connection: close\r\n\r\n"]))
                # Whoever has heard enough may hang up.
                with suppress(ConnectionError):
                    self._pass_on(upstream)

        def _pass_on(self, upstream: socket.socket) -> None:
            """What either side says, until one of them has nothing more to say."""
            ends = {self.connection: upstream, upstream: self.connection}
            while True:
                for end in select.select(list(ends), [], [], 10)[0]:
                    data = end.recv(65536)
                    if not data:
                        return
                    ends[end].sendall(data)

    class Server(ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_address[1]}"
        # It looks for its end that often, in seconds.
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield state
        server.shutdown()
