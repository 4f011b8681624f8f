# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replay recorded exchanges against a stand-in and report every difference from what the real server answered.

Statuses, headers, key sets, types, list lengths and values are compared. Values that a server makes up (ids, secrets,
timestamps) are named by a table of rules for each service; there the recorded value is mapped to the stand-in's on
first sight, both must have the same format, and every later occurrence, in requests as in answers, must agree.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

RECORDINGS = Path(__file__).resolve().parent.parent / "recordings"
PAGE = "<!DOCTYPE html> ... (a page, not JSON)"  # what the recordings keep of a page
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
XID = r"[0-9a-v]{20}"
JWT = r"[\w-]+\.[\w-]+\.[\w-]+"
_MISSING: Any = object()


@dataclass(frozen=True)
class Generated:
    """One kind of value that a server makes up: where it stands and what it looks like.

    `where` must match the whole JSON path with list indexes left out (`$.results[].pk`), in bodies, queries and
    forms; `path` is searched in the request's path. A recorded value that does not have the format is no case for
    the rule and is compared literally (null, Go's zero time). `learn=False` is for values that never come back.
    """

    kind: str
    where: str
    format: str
    path: str = ""
    learn: bool = True

    def applies(self, path: str, where: str, recorded: object) -> bool:
        """Tell whether this rule is the one for a recorded value at that place."""
        return (
            isinstance(recorded, str | int)
            and not isinstance(recorded, bool)
            and re.fullmatch(self.where, where) is not None
            and re.search(self.path, path) is not None
            and self.fits(recorded)
        )

    def fits(self, value: object) -> bool:
        """Tell whether a value has this kind's format."""
        return re.fullmatch(self.format, str(value), re.DOTALL) is not None


@dataclass(frozen=True)
class Rules:
    """What is particular to one service: its made-up values, and where order or number say nothing."""

    scheme: str
    generated: tuple[Generated, ...]
    # (pattern with one group, kind): integers in a request's path
    segments: tuple[tuple[str, str], ...] = ()
    # JSON paths of lists whose order differs from server to server
    unordered: tuple[str, ...] = ()
    # names of exchanges that list what a server comes with: rows are found by their natural key, others may be there
    preexisting: frozenset[str] = frozenset()
    natural: tuple[str, ...] = ("managed", "slug", "username", "identifier", "domain", "name")
    # JSON paths at which only the type is compared, in those exchanges
    counts: str = r"\$\.pagination\.\w+"
    # (exchange name or "*", JSON path): compared by type alone
    typed: tuple[tuple[str, str], ...] = ()
    ignored_headers: frozenset[str] = frozenset()


TIME = r"(?!0001-01-01T00:00:00Z)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)"

NETBIRD = Rules(
    scheme="Token",
    generated=(
        Generated("time", r".*\.(created_at|expiration_date|expires|updated_at|timestamp|last_login)", TIME, learn=False),
        Generated("xid", r".*(\.id|\.target_id|[._]groups\[\])", XID),
        Generated("connector", r"\$(\[\])?\.id", r"[a-z]+-" + XID),
        Generated("user", r".*\.(id|target_id|created_by|initiator_id)", r"Ci[A-Za-z0-9+/=_-]{20,}|" + UUID),
        Generated("setup key", r".*\.key", UUID.replace("a-f", "A-F")),
        Generated("masked key", r".*\.key", r"[0-9A-F]{5}\*{4}"),
        Generated("token", r"\$\.(plain_token|personal_access_token)", r"nbp_[0-9A-Za-z]{36}"),
        Generated("network", r".*\.network_range", r"100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.0\.0/16"),
        Generated("network", r".*\.network_range_v6", r"fd[0-9a-f]{2}(:[0-9a-f]{1,4}){3}::/64"),
    ),
)

AUTHENTIK = Rules(
    scheme="Bearer",
    generated=(
        Generated(
            "time",
            r".*\.(last_updated|date_joined|last_login|password_change_date|expires|created|cert_expiry|token-expires)",
            TIME,
            learn=False,
        ),
        Generated("time", r".*\{(claims)\}\.(exp|iat|auth_time|nbf)", r"\d{10}", learn=False),
        Generated("jwt", r"\$\.(access_token|id_token|refresh_token)", JWT),
        Generated("user", r"\$(\.results\[\])?\.pk", r"\d+", path=r"/core/users/"),
        Generated("user", r"\$\.user\.pk|.*\.user_obj\.pk|.*\.users_obj\[\]\.pk", r"\d+"),
        Generated("user", r".*\.(user|user_pk|for_user|users\[\])", r"\d+"),
        Generated("user", r"\$\.pk", r"\d+", path=r"/(add|remove)_user/"),
        Generated("user", r".*\{claims\}\.sub", r"\d{1,9}"),
        Generated("provider", r"\$(\.results\[\])?\.pk", r"\d+", path=r"/providers/"),
        Generated("provider", r".*\.(provider|provider_obj\.pk)", r"\d+"),
        Generated("group number", r".*\.num_pk", r"\d+"),
        Generated(
            "uuid",
            r".*(\.pk|_uuid|\.uuid|_id|_flow|_key|\.(app|target|group|policy|stage|uuid|sid)|_in"
            r"|\.(groups|roles|stages|policies|property_mappings|parents|target_in|children)\[\]"
            r"|\.flow_\w+|_ptr_id)",
            UUID,
        ),
        Generated("uid", r".*\.(uid|user_uid)", r"[0-9a-f]{64}"),
        Generated("claim", r".*\{claims\}\.(sub|sid|jti|uid)", r"[0-9a-f]{64}|[0-9A-Za-z]{40}"),
        Generated("client id", r".*\.client_id", r"[0-9A-Za-z]{40}"),
        Generated("client secret", r".*\.client_secret", r"[0-9A-Za-z]{128}"),
        Generated("key", r"\$\.(key|token)", r"[0-9A-Za-z]{60}"),
        Generated("request", r"\$\.request_id", r"[0-9a-f]{32}", learn=False),
        Generated("device code", r"\$\.device_code", r".{128}"),
        Generated("user code", r"\$\.user_code", r"\d{9}"),
        Generated("fingerprint", r".*\.fingerprint_sha(1|256)", r"([0-9a-f]{2}:){19,31}[0-9a-f]{2}"),
        Generated("jwk", r".*\.(kid|x5t|x5t#S256)|.*\{header\}\.kid", r"[\w-]{20,128}"),
        Generated("jwk", r".*\.(n|x5c\[\])", r"[\w+/=-]{200,}"),
        Generated("outpost", r".*\.username", r"ak-outpost-[0-9a-f]{32}"),
    ),
    segments=((r"/core/users/(\d+)/", "user"), (r"/providers/oauth2/(\d+)/", "provider")),
    unordered=(r".*\.property_mappings", r".*\.(policies|stages)", r".*\.system_permissions", r".*\.scopes_supported"),
)


@dataclass(frozen=True)
class Mismatch:
    """One difference: the exchange's name, the place in the answer, what was recorded and what came."""

    exchange: str
    path: str
    expected: Any
    got: Any

    def __str__(self) -> str:
        """Return the difference on one line."""
        return f"{self.exchange}: {self.path}: expected {_short(self.expected)}, got {_short(self.got)}"


def _short(value: object) -> str:
    text = "nothing" if value is _MISSING else repr(value)
    return text if len(text) <= 300 else text[:297] + "..."


def _general(where: str) -> str:
    """Leave the indexes out of a JSON path."""
    return re.sub(r"\[\d+\]", "[]", where)


@dataclass
class Learned:
    """What is known of the values made up on both sides: recorded value to the stand-in's, each way only once."""

    origins: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    numbers: dict[tuple[str, int], int] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    _size: int = field(default=-1, repr=False)
    _table: dict[str, str] = field(default_factory=dict, repr=False)
    _pattern: re.Pattern[str] = field(default_factory=lambda: re.compile("$"), repr=False)

    def copy(self) -> Learned:
        """Return a copy for a comparison that may be given up."""
        return Learned(dict(self.origins), dict(self.texts), dict(self.numbers), set(self.sent))

    def text(self, value: str) -> str:
        """Put the stand-in's values and addresses into a recorded text."""
        if value in self.texts:
            return self.texts[value]
        size = len(self.texts) + len(self.origins)  # nothing is ever taken away
        if size != self._size:
            self._size = size
            self._table = {**{k: v for k, v in self.texts.items() if len(k) >= 8}, **self.origins}
            self._pattern = re.compile("|".join(map(re.escape, sorted(self._table, key=len, reverse=True))))
        return self._pattern.sub(lambda found: self._table[found.group()], value) if self._table else value


class Comparison:
    """Compares one recorded answer with one that came, learning on the way."""

    def __init__(self, rules: Rules, learned: Learned, exchange: str, path: str) -> None:
        """Prepare the comparison of the answer to one exchange."""
        self.rules, self.learned, self.exchange, self.path = rules, learned, exchange, path
        self.mismatches: list[Mismatch] = []

    def wrong(self, where: str, expected: object, got: object) -> None:
        """Note a difference."""
        self.mismatches.append(Mismatch(self.exchange, where, expected, got))

    def rule(self, where: str, recorded: object) -> Generated | None:
        """Return the first rule that is for a recorded value, if any."""
        general = _general(where)
        return next((row for row in self.rules.generated if row.applies(self.path, general, recorded)), None)

    def value(self, recorded: Any, got: Any, where: str = "$") -> None:
        """Compare two values of any kind."""
        general = _general(where)
        loose = any(name in ("*", self.exchange) and re.fullmatch(p, general) for name, p in self.rules.typed)
        if self.exchange in self.rules.preexisting and re.fullmatch(self.rules.counts, general):
            loose = True
        if type(recorded) is not type(got):
            self.wrong(where, recorded, got)
        elif loose:
            return
        elif isinstance(recorded, dict):
            self.mapping(recorded, got, where)
        elif isinstance(recorded, list):
            self.sequence(recorded, got, where)
        elif isinstance(recorded, str | int) and (rule := self.rule(where, recorded)):
            self.generated(rule, recorded, got, where)
        elif isinstance(recorded, str):
            self.text(recorded, got, where)
        elif recorded != got:
            self.wrong(where, recorded, got)

    def mapping(self, recorded: dict[str, Any], got: dict[str, Any], where: str) -> None:
        """Compare two objects: the same keys, each with an equal value. Keys may hold learned ids."""
        expected = {self.learned.text(key): item for key, item in recorded.items()}
        for key in expected.keys() | got.keys():
            if key not in got:
                self.wrong(f"{where}.{key}", expected[key], _MISSING)
            elif key not in expected:
                self.wrong(f"{where}.{key}", _MISSING, got[key])
        for key, item in expected.items():
            if key in got:
                self.value(item, got[key], f"{where}.{key}")

    def sequence(self, recorded: list[Any], got: list[Any], where: str) -> None:
        """Compare two lists, in order, or as sets where the rules say so."""
        if self.exchange in self.rules.preexisting and any(isinstance(row, dict) for row in recorded):
            self.rows(recorded, got, where)
        elif any(re.fullmatch(pattern, _general(where)) for pattern in self.rules.unordered):
            self.unordered(recorded, got, where)
        else:
            if len(recorded) != len(got):
                self.wrong(f"{where}.length", len(recorded), len(got))
            for index, (one, other) in enumerate(zip(recorded, got, strict=False)):
                self.value(one, other, f"{where}[{index}]")

    def rows(self, recorded: list[Any], got: list[Any], where: str) -> None:
        """Compare rows that the server comes with: by natural key where it has the row, else by their shape."""
        key = next((k for k in self.rules.natural if all(row.get(k) is not None for row in recorded)), None)
        if key is None:
            self.unordered(recorded, got, where)
            return
        rows = {row.get(key): row for row in got if isinstance(row, dict)}
        found = [row[key] for row in recorded if row[key] in rows]
        if recorded and not found:
            self.wrong(f"{where} by {key}", [row[key] for row in recorded], list(rows))
        for index, row in enumerate(recorded):
            if row[key] in rows:
                self.value(row, rows[row[key]], f"{where}[{index}]")
        shape = set(recorded[0]) if recorded else set()
        for index, row in enumerate(got):
            if shape and set(row) != shape:
                self.wrong(f"{where}[{index}] keys", sorted(shape), sorted(row))

    def unordered(self, recorded: list[Any], got: list[Any], where: str) -> None:
        """Compare two lists as sets: what is known already first, then what has to be learned."""
        if len(recorded) != len(got):
            self.wrong(f"{where}.length", len(recorded), len(got))
        left = list(got)
        unknown = []
        for item in recorded:
            known = self.learned.texts.get(item, item) if isinstance(item, str) else item
            if known in left:
                left.remove(known)
            else:
                unknown.append(item)
        for item in unknown:
            for other in left:
                trial = Comparison(self.rules, self.learned.copy(), self.exchange, self.path)
                trial.value(item, other, f"{where}[0]")
                if not trial.mismatches:
                    self.value(item, other, f"{where}[0]")
                    left.remove(other)
                    break
            else:
                self.wrong(f"{where}[]", item, left)

    def text(self, recorded: str, got: str, where: str) -> None:
        """Compare two texts; what a recording leaves out is compared as far as it goes."""
        if recorded == PAGE:
            if not got.lstrip().lower().startswith("<!doctype html"):
                self.wrong(where, recorded, got)
        elif recorded == "..." or recorded.endswith(";base64,..."):
            if not got.startswith(recorded[:-3]):
                self.wrong(where, recorded, got)
        elif self.learned.text(recorded) != got:
            self.wrong(where, self.learned.text(recorded), got)

    def generated(self, rule: Generated, recorded: str | int, got: Any, where: str) -> None:
        """Compare two made-up values: the same format, and the same pair as at the first sight."""
        if isinstance(recorded, str) and recorded in self.learned.sent and recorded not in self.learned.texts:
            # the caller chose it, so the server must give it back
            self.text(recorded, got, where)
        elif not rule.fits(got):
            self.wrong(where, f"{recorded!r} ({rule.kind})", got)
        elif rule.learn:
            table: dict[Any, Any] = self.learned.texts if isinstance(recorded, str) else self.learned.numbers
            key = recorded if isinstance(recorded, str) else (rule.kind, recorded)
            known = table.get(key, _MISSING)
            if known is _MISSING and any(
                value == got and (isinstance(k, str) or k[0] == rule.kind) for k, value in table.items()
            ):
                self.wrong(where, f"a new value ({rule.kind})", got)
            elif known is not _MISSING and known != got:
                self.wrong(where, known, got)
            elif known is _MISSING:
                table[key] = got
                if rule.kind == "jwt":
                    self.token(str(recorded), got, where)

    def token(self, recorded: str, got: str, where: str) -> None:
        """Compare the headers and the claims of two signed tokens."""
        for index, name in enumerate(("header", "claims")):
            self.value(segment(recorded, index), segment(got, index), f"{where}{{{name}}}")


def segment(token: str, index: int) -> Any:
    """Return the decoded header (0) or claims (1) of a signed token."""
    part = token.split(".")[index]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def _outgoing(rules: Rules, learned: Learned, path: str, value: Any, where: str = "$") -> Any:
    """Put the stand-in's values into what a recorded request sent."""
    if isinstance(value, dict):
        return {key: _outgoing(rules, learned, path, item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list):
        return [_outgoing(rules, learned, path, item, f"{where}[]") for item in value]
    if isinstance(value, bool) or value is None:
        return value
    for row in rules.generated:
        if row.applies(path, where, value) and str(value).isdecimal() and (row.kind, int(value)) in learned.numbers:
            return type(value)(learned.numbers[row.kind, int(value)])
    return learned.text(value) if isinstance(value, str) else value


def _strings(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _path(rules: Rules, learned: Learned, path: str) -> str:
    """Put the stand-in's ids into a recorded path."""
    for pattern, kind in rules.segments:

        def put(found: re.Match[str], kind: str = kind) -> str:
            number = learned.numbers.get((kind, int(found.group(1))))
            return found.group() if number is None else found.group().replace(found.group(1), str(number))

        path = re.sub(pattern, put, path)
    return learned.text(path)


def compare(recorded: Any, got: Any, rules: Rules, learned: Learned, name: str, path: str = "") -> list[Mismatch]:
    """Compare one recorded value with one that came, outside of a replay."""
    comparison = Comparison(rules, learned, name, path)
    comparison.value(recorded, got)
    return comparison.mismatches


def send(
    request: Mapping[str, Any],
    url: str,
    token: str,
    rules: Rules,
    learned: Learned,
    *,
    session: requests.Session | None = None,
    timeout: float = 30,
) -> requests.Response:
    """Send one recorded request to the stand-in, with the stand-in's values in place of the recorded ones.

    Without a session each request has one of its own, so no cookie is sent.
    """
    path = request["path"]
    auth = request.get("auth")
    headers = dict(request.get("headers") or {})
    if auth == "token":
        headers["Authorization"] = f"{rules.scheme} {token}"
    elif auth is not None:
        headers["Authorization"] = learned.text(auth)
    body = _outgoing(rules, learned, path, request.get("json"))
    form = _outgoing(rules, learned, path, request.get("form"))
    learned.sent.update(_strings(request.get("json")), _strings(request.get("form")))
    with requests.Session() if session is None else nullcontext(session) as browser:
        browser.trust_env = False
        return browser.request(
            request["method"],
            url + _path(rules, learned, path),
            params=_outgoing(rules, learned, path, request.get("query") or {}),
            json=body,
            data=request.get("data", form),
            headers=headers,
            timeout=timeout,
            allow_redirects=False,
        )


def head(recorded: Mapping[str, Any], got: requests.Response, comparison: Comparison) -> None:
    """Compare the status and the headers of a recorded answer with those of the one that came."""
    if recorded["status"] != got.status_code:
        comparison.wrong("status", recorded["status"], got.status_code)
    for header, value in recorded.get("headers", {}).items():
        if header.lower() not in comparison.rules.ignored_headers:
            expected, other = comparison.learned.text(value), got.headers.get(header, "nothing")
            if expected.lower() != other.lower():
                comparison.wrong(f"header {header}", expected, other)


def answer(recorded: Mapping[str, Any], got: requests.Response, comparison: Comparison) -> None:
    """Compare a whole recorded answer with the one that came."""
    head(recorded, got, comparison)
    body = recorded.get("json", recorded.get("text", ""))
    if isinstance(body, str):
        comparison.value(body, got.text)
        return
    try:
        parsed = got.json()
    except ValueError:
        comparison.wrong("$", body, got.text)
    else:
        comparison.value(body, parsed)


def replay(
    exchanges: Iterable[Mapping[str, Any]],
    url: str,
    token: str,
    rules: Rules,
    *,
    origins: Mapping[str, str] | None = None,
    learned: Learned | None = None,
    skip: Collection[str] = (),
    before: Callable[[Mapping[str, Any]], None] | None = None,
) -> list[Mismatch]:
    """Send the recorded exchanges one after the other and return every difference.

    `origins` maps recorded addresses (`http://127.0.0.1:9000`) to the stand-ins'; `skip` names exchanges that are
    left out (the caller says why); `before` is called ahead of each exchange, to arrange what the recording had.
    """
    learned = learned or Learned()
    learned.origins.update(origins or {})
    mismatches: list[Mismatch] = []
    for exchange in exchanges:
        if exchange["name"] in skip:
            continue
        if before is not None:
            before(exchange)
        request = exchange["request"]
        comparison = Comparison(rules, learned, exchange["name"], request["path"])
        try:
            got = send(request, url, token, rules, learned)
        except requests.RequestException as error:
            comparison.wrong("connection", exchange["response"]["status"], repr(error))
        else:
            answer(exchange["response"], got, comparison)
        mismatches += comparison.mismatches
    return mismatches


def recording(name: str) -> Any:
    """Read one recording."""
    return json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
