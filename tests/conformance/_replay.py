# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send recorded requests to a stand-in, and compare its answers with the recorded ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import requests

from conformance._compare import Comparison, Learned, Mismatch
from conformance._rules import Rules


def _outgoing(rules: Rules, learned: Learned, path: str, value: Any, where: str = "$") -> Any:
    """Put the stand-in's values into what a recorded request sent."""
    if isinstance(value, dict):
        return {learned.text(key): _outgoing(rules, learned, path, item, f"{where}.{key}") for key, item in value.items()}
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


def send(
    request: Mapping[str, Any],
    url: str,
    token: str,
    rules: Rules,
    learned: Learned,
    session: requests.Session,
    *,
    timeout: float = 30,
) -> requests.Response:
    """Send one recorded request to the stand-in, with the stand-in's values in place of the recorded ones."""
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
    return session.request(
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
    exchanges: Iterable[Mapping[str, Any]], url: str, token: str, rules: Rules, origins: Mapping[str, str]
) -> list[Mismatch]:
    """Send the recorded exchanges one after the other and return every difference.

    `origins` maps recorded addresses (`http://127.0.0.1:9000`) to the stand-ins'.
    """
    learned = Learned(dict(origins))
    mismatches: list[Mismatch] = []
    with requests.Session() as session:
        session.trust_env = False
        for exchange in exchanges:
            request = exchange["request"]
            comparison = Comparison(rules, learned, exchange["name"], request["path"])
            session.cookies.clear()  # the recorded requests carried none
            try:
                got = send(request, url, token, rules, learned, session)
            except requests.RequestException as error:
                comparison.wrong("connection", exchange["response"]["status"], repr(error))
            else:
                answer(exchange["response"], got, comparison)
            mismatches += comparison.mismatches
    return mismatches
