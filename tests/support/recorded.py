# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A browser's network that knows one raw recording: each request has to be the recorded one, and gets the recorded answer."""

from __future__ import annotations

import json
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.browser import Browser, Person
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.client import Step, Tls
from support.recordings import recording

SERVER = "http://authentik"


@cache
def cases(version: str) -> dict[str, Any]:
    return {case["name"]: case for case in recording(f"flows-authentik-{version}")["cases"]}


class Answer:
    """A recorded answer, as far as the browser looks at it."""

    def __init__(self, step: Any) -> None:
        self.status_code = step["status"]
        self.headers = {"location": step["location"]}
        self.is_redirect = step["location"] is not None
        self.text = step["body"] if isinstance(step["body"], str) else json.dumps(step["body"])

    def json(self) -> Any:
        return json.loads(self.text)


class Recorded:
    """A server and a network that know one recorded login, and nothing else."""

    def __init__(self, steps: list[Any], notes: list[Step]) -> None:
        # The page around a flow is for eyes: the browser has no use for it.
        self.left = [step for step in steps if not step["path"].startswith("/if/flow/")]
        self.steps = notes
        self.csrf = ""

    def cookie(self, _name: str) -> str:
        return self.csrf

    def send(self, method: str, url: str, **options: Any) -> Answer:
        step = self.left.pop(0)
        parts = urlsplit(url)
        assert (method, parts.path) == (step["method"], step["path"])
        assert dict(parse_qsl(parts.query, keep_blank_values=True)) == step["query"]
        if method == "POST":
            sent = dict(options["json"])
            if "code" in sent:
                assert len(sent["code"]) == 6
                sent["code"] = step["json"]["code"]
            assert sent == step["json"]
            # Who is not logged in yet has no such cookie.
            assert options["headers"] == {"X-authentik-CSRF": step["request_headers"]["X-authentik-CSRF"], "Origin": SERVER}
        self.steps.append(Step(method, SERVER, parts.path, step["status"]))
        return Answer(step)


def opened(version: str, name: str, person: Person, *, first: int = 0, count: int | None = None) -> tuple[Browser, Recorded]:
    """A browser that meets the steps of a recorded case, all or some."""
    steps = cases(version)[name]["steps"][first:][:count]
    browser = Browser(Tls(), person)
    recorded = Recorded(steps, browser.steps)
    browser._http = recorded  # type: ignore[assignment]
    csrf = [step["request_headers"].get("X-authentik-CSRF") for step in steps]
    recorded.csrf = next(filter(None, csrf), "")
    return browser, recorded


def start_of(version: str, name: str, first: int = 0) -> str:
    step = cases(version)[name]["steps"][first]
    return f"{SERVER}{step['path']}?{urlencode(step['query'])}"
