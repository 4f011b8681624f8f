# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The course of a login: what of its steps is one line, at which server, and where it broke."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.course import course

AUTHENTIK = "https://authentik.company/application/o/netbird/"
NETBIRD = "https://netbird.company"
FLOW = "/api/v3/flows/executor/default-authentication-flow/"


def step(request: str, status: int, component: str = "", milliseconds: int = 10) -> dict[str, Any]:
    method, _, url = request.partition(" ")
    server, path = url[: url.index("/", 8)], url[url.index("/", 8) :]
    return {
        "method": method,
        "server": server,
        "path": path,
        "status": status,
        "milliseconds": milliseconds,
        "component": component,
    }


def of_authentik(request: str, status: int, component: str = "") -> dict[str, Any]:
    method, _, path = request.partition(" ")
    return step(f"{method} https://authentik.company{path}", status, component)


STEPS = [
    step(f"GET {NETBIRD}/oauth2/auth/authentik-x", 302),
    of_authentik("GET /application/o/authorize/", 302),
    of_authentik(f"GET {FLOW}", 200, "ak-stage-identification"),
    of_authentik(f"POST {FLOW}", 302),
    of_authentik(f"GET {FLOW}", 200, "ak-stage-password"),
    of_authentik(f"POST {FLOW}", 302),
    # The second factor and the login itself have nothing to ask.
    of_authentik(f"GET {FLOW}", 302),
    of_authentik(f"GET {FLOW}", 302),
    of_authentik(f"GET {FLOW}", 200, "xak-flow-redirect"),
    step(f"GET {NETBIRD}/oauth2/callback", 303, milliseconds=700),
    step(f"POST {NETBIRD}/oauth2/token", 200),
    step(f"GET {NETBIRD}/api/users/current", 200),
    step(f"GET {NETBIRD}/api/users/current", 200),
]


def lines(
    steps: list[dict[str, Any]], outcome: str = "logged_in", said: str = "", netbird: str = NETBIRD
) -> list[dict[str, Any]]:
    return course({"steps": steps, "outcome": outcome, "said": said}, AUTHENTIK, netbird)


def test_a_redirect_to_the_same_path_and_a_second_request_are_one_line() -> None:
    assert [(each["does"], each["to"], each["status"], each["requests"]) for each in lines(STEPS)] == [
        ("asks NetBird for a login", "netbird", 302, 1),
        ("asks authentik for a login", "authentik", 302, 1),
        ("opens default-authentication-flow", "authentik", 200, 1),
        ("gives the name", "authentik", 200, 2),
        ("gives the password", "authentik", 200, 4),
        ("brings authentik's answer to NetBird", "netbird", 303, 1),
        ("gets tokens", "netbird", 200, 1),
        ("asks NetBird's API who that is", "netbird", 200, 2),
    ]


def test_no_exchange_and_no_time_is_lost() -> None:
    seen = lines(STEPS)
    assert sum(each["requests"] for each in seen) == len(STEPS)
    assert sum(each["milliseconds"] for each in seen) == sum(each["milliseconds"] for each in STEPS)
    assert [each["asks"] for each in seen if each["asks"]] == ["authentik"]
    assert not any(each["broke"] or each["said"] for each in seen)


@pytest.mark.parametrize("last", range(1, len(STEPS) + 1))
def test_it_broke_in_the_last_line(last: int) -> None:
    *before, broken = lines(STEPS[:last], "unreachable", "Connection refused")
    assert not any(each["broke"] for each in before)
    assert (broken["broke"], broken["said"]) == ("a server gave no answer", "Connection refused")


def test_a_server_that_is_none_of_the_two_is_named() -> None:
    (line,) = lines([step("GET https://proxy.company/login", 200)], "page_failed")
    assert (line["to"], line["path"], line["does"]) == ("elsewhere", "https://proxy.company/login", "is led on")


def test_both_services_behind_one_name_are_told_apart_by_the_path() -> None:
    steps = [of_authentik("GET /oauth2/callback", 303), of_authentik("GET /application/o/authorize/", 302)]
    assert [each["to"] for each in lines(steps, netbird="https://authentik.company")] == ["netbird", "authentik"]


def test_a_login_that_did_not_begin_has_no_lines() -> None:
    assert lines([], "unreachable") == []
