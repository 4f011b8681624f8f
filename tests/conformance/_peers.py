# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorded NetBird with joined peers, sent again to a fresh stand-in: what each exchange differs in, by its index."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import requests

from conformance._compare import Comparison, Learned, Mismatch
from conformance._issuer import Issuer
from conformance._netbird import dashboard_login
from conformance._replay import answer, send
from conformance._rules import NETBIRD, NETBIRD_ORIGIN, TIME, UUID, XID, Generated
from conformance._unanswered import UNANSWERED
from simulators import netbird
from simulators.netbird import proxies
from support.recordings import recording

EXCHANGES = recording("netbird-0.77.1-peers")["exchanges"]
# The recording is sorted by what was asked for; this is the order in which it was asked, as the ids that it made tell.
ORDER = (
    *range(67),
    *range(170, 342),
    *range(361, 369),
    *range(67, 170),
    *range(404, 1222),
    *range(1289, 1501),
    *range(342, 361),
    *range(1222, 1250),
    *range(369, 404),
    *range(1250, 1289),
    *range(1501, 1506),
)
RULES = dataclasses.replace(
    NETBIRD,
    generated=(
        Generated(
            "time",
            r".*\.(last_seen|last_used|last_active_at|certificate_issued_at|(invite_)?expires_at|completed_at|connected_at)",
            TIME,
            learn=False,
        ),
        Generated("user", r".*\.(id|user_id|target_id|created_by|initiator_id|triggered_by)", r"C[g-i][A-Za-z0-9+/=_-]{20,}"),
        Generated("xid", r".*(\.id|_id|_ids\[\]|[._](peers|groups|resources|peer_groups)\[\]|\.peer)", XID),
        Generated("agent", r".*\.id", "ain[a-z]+_" + XID),
        Generated("job", r".*\.id", UUID),
        Generated("cluster", r".*\.id", "netbird-proxy-" + UUID),
        Generated("endpoint", r".*\.endpoint", r"[a-z]+-[a-z]+\.nope\.example"),
        Generated("port", r".*\.listen_port", r"(?!15432|15353|18443)[1-4]\d{4}"),
        Generated("address", r".*\.ip", r"100\.(118|99)\.\d+\.\d+"),
        Generated("address", r".*\.(ip|ipv6)", r"fde8:9ecc:2ca1:1b6:[0-9a-f:]+"),
        Generated("label", r".*\.dns_label", r"(temp-\d|owned)-\d+-\d+\.netbird\.selfhosted"),
        Generated("password", r"\$\.password", r"\S{16}", learn=False),
        Generated("token", r"\$\.(invite_token|invite_link|plain_token)", r"(nbi|nbx|nbp)_[0-9A-Za-z]{36}"),
        *NETBIRD.generated,
    ),
    # The order of rows is the database's.
    typed=(("*", r".*\.kernel_version"),),  # the recording has one in place of each
    unordered=(r"\$", r".*\.(peers|groups|resources|rules|sources|destinations|auto_groups)"),
)
# The clients, which spoke to the server beside the API: before which exchange each joined, left and came back.
JOINED = {69: ("node-a",), 70: ("node-b", "node-c"), 462: ("node-d",)}
LEFT = {142: ("node-a",), 994: ("node-d",), 1466: ("node-c",)}
BACK = {404: ("node-a",)}
# The reverse proxy, in the same way: whether private services were allowed, and when it left.
PROXY = "proxy.example.com"
CONNECTED = {992: False, 1224: True}
DISCONNECTED = (1248,)
# The recording has one of several equal requests that were sent at once: one of the others came first.
SECOND = (1448, 1452, 1455, 1462)
# Before these, what was made since the other was deleted.
CLEANED = {1444: 1289, 1465: 1448}
# The setup keys that they joined with.
KEYS = {"node-d": "dc31jqlqmd2s4f794s2g"}
KEY = "dc31h75qmd2s4f794n6g"
RANGES = {"network_range": "100.118.0.0/16", "network_range_v6": "fde8:9ecc:2ca1:1b6::/64"}
ISSUER = "http://127.0.0.1:33555/"
CONNECTOR = "dc31n0tqmd2s4f7964vg"


def collection(index: int) -> str:
    """Return the collection that an exchange is about."""
    path: str = EXCHANGES[index]["request"]["path"]
    return next(part for part in path.removeprefix("/api").split("/") if part)


def unanswered() -> Iterator[tuple[str, int]]:
    """Yield what the table lists: the collection and the index of each exchange."""
    for name, listed in UNANSWERED.items():
        for part in listed.split():
            first, _, last = part.partition("-")
            yield from ((name, index) for index in range(int(first), int(last or first) + 1))


def recorded_peer(name: str, index: int) -> Any:
    """Return the row that an exchange shows of a client that has just joined."""
    later = range(index, index + 2)
    rows = (row for each in later for row in _rows(EXCHANGES[each]["response"]["json"]))
    return next(row for row in rows if row.get("hostname") == name)


def _rows(body: Any) -> Iterable[Any]:
    return body if isinstance(body, list) else [body]


class Replay:
    """One fresh stand-in, and what is known of it."""

    def __init__(self, running: netbird.NetBird, issuer: Issuer) -> None:
        """Make the stand-in as the recorded server was: its network, and the issuer of its outside people."""
        self.running, self.issuer = running, issuer
        self.learned = Learned({NETBIRD_ORIGIN: running.url, ISSUER: issuer.issuer})
        vars(running.state.account).update(RANGES)
        self.service_token = ""
        self.people: dict[str, str] = {}
        self.made: list[tuple[int, str]] = []
        self.peers: dict[str, str] = {}
        self.session = requests.Session()
        self.session.trust_env = False

    def arrange(self, index: int) -> None:
        """Do what was not recorded before an exchange."""
        if index == 342:  # minutes later
            self.running.state.public_requests.clear()
        if index in SECOND:
            self.send(EXCHANGES[index]["request"], self.learned)
        if index == 1459:  # the last of twenty writers
            body = {"name": "two-writers", "peers": [each["id"] for each in EXCHANGES[index]["response"]["json"]["peers"]]}
            self.send({**EXCHANGES[index]["request"], "method": "PUT", "json": body}, self.learned)
        if index == 1225:
            self.send({"method": "DELETE", "path": "/api/agent-network/settings", "auth": "token"}, self.learned)
        for since, path in self.made[::-1] if index in CLEANED else ():
            if since >= CLEANED[index]:
                self.send({"method": "DELETE", "path": path, "auth": "token"}, self.learned)
        self.clients(index)

    def send(self, request: Any, learned: Learned) -> requests.Response:
        """Send a request; note what it makes."""
        index, running = self.index, self.running
        got = send(request, running.url, running.token, RULES, learned, self.session, timeout=10)
        made = got.json() if request["method"] == "POST" and got.status_code == 200 else {}
        if isinstance(made, dict) and "id" in made:
            self.made.append((index, f"{request['path']}/{made['id']}"))
        return got

    def clients(self, index: int) -> None:
        """Do what the clients had done before an exchange."""
        state = self.running.state
        for name in JOINED.get(index, ()):
            row = recorded_peer(name, index)
            key = self.learned.text(KEYS.get(name, KEY))
            fields = {each: row[each] for each in ("os", "version", "kernel_version", "local_flags", "ip", "ipv6")}
            joined = state.join(name, key=state.account.rows("setup-keys")[key]["key"], **fields)
            self.peers[name] = self.learned.texts[row["id"]] = joined["id"]
        for name in LEFT.get(index, ()):
            state.leave(self.peers[name])
        for name in BACK.get(index, ()):
            state.account.rows("peers")[self.peers[name]]["connected"] = True
        if index in CONNECTED:
            proxies.connect(state.account, PROXY, private=CONNECTED[index])
        if index in DISCONNECTED:
            proxies.disconnect(state.account, PROXY)

    def authorization(self, auth: str | None) -> str | None:
        """Return who asks; somebody from outside logs in first."""
        if auth == "service-user-token":
            return f"Token {self.service_token}"
        if auth is None or auth == "token":
            return auth
        name = auth.rpartition(" ")[2]
        if name not in self.people:
            self.issuer.claims = {"sub": name, "email": f"{name}@ext.example", "name": name.title()}
            found = dashboard_login(self.running, self.learned.text(CONNECTOR))
            self.people[name] = f"Bearer {found.json().get('access_token')}"
        return self.people[name]

    def exchange(self, index: int) -> list[Mismatch]:
        """Send one exchange and compare; what differs teaches nothing, but for the ids of what was made."""
        recorded = EXCHANGES[index]
        request = {**recorded["request"], "auth": self.authorization(recorded["request"]["auth"])}
        if "raw" in request:
            request["data"] = request["raw"]
        self.session.cookies.clear()
        learned = self.learned.copy()
        comparison = Comparison(RULES, learned, f"{index} {recorded['name']}", request["path"])
        try:
            got = self.send(request, learned)
        except requests.RequestException as error:
            comparison.wrong("connection", recorded["response"]["status"], repr(error))
            return comparison.mismatches
        answer(recorded["response"], got, comparison)
        made = request["method"] == "POST" and got.status_code == recorded["response"]["status"] == 200
        if made or not comparison.mismatches:
            self.learned = learned
            self.derive()
            if index == 270:
                self.service_token = got.json().get("plain_token", "")
        return comparison.mismatches

    def derive(self) -> None:
        """Know ids in the lower case of the messages, and the hashes of tokens."""
        texts = self.learned.texts
        for recorded, got in list(texts.items())[-20:]:
            if recorded.startswith("nbp_"):
                texts[_hashed(recorded)] = _hashed(got)
            elif recorded[:2] in ("Cg", "Ci"):
                texts[recorded.lower()] = got.lower()

    def run(self) -> Iterator[tuple[int, list[Mismatch]]]:
        """Send the exchanges, in the order in which they were recorded."""
        for self.index in ORDER:
            index = self.index
            self.arrange(index)
            yield index, self.exchange(index)


def _hashed(token: str) -> str:
    return base64.b64encode(hashlib.sha256(token.encode()).digest()).decode().lower()


def differences(look: Callable[[Mismatch], object]) -> set[int]:
    """Replay the recording and return the indices of the exchanges that are answered otherwise."""
    issuer, found = Issuer(), set()
    issuer.secret = "sec"
    with issuer.server, netbird.serve() as running:
        for index, mismatches in Replay(running, issuer).run():
            for each in mismatches:
                look(each)
            if mismatches:
                found.add(index)
    return found
