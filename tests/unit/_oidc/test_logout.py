# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A log-out against raw recordings of real servers: what is asked, and how it is told that a person was left behind."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.browser import Person
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.logout import LogOut, log_out
from support.recorded import SERVER, opened
from support.recordings import VERSIONS

NETBIRD = "http://127.0.0.1:33182"
DASHBOARD = "http://127.0.0.1:53111/callback/bye"
KNOWN = "netbird: /oauth2/logout, GET, id_token_hint, post_logout_redirect_uri NetBird/"
UNKNOWN = "netbird: /oauth2/logout, the provider in authentik has no logout redirect"
ENDING = "netbird: /oauth2/logout, the provider's invalidation flow is default-invalidation-flow"
ELSEWHERE = "netbird: /oauth2/logout, GET, id_token_hint, post_logout_redirect_uri NetBird/elsewhere"
DIRECT = "end-session: logged in, id_token_hint and a registered post_logout_redirect_uri"
DIRECT_ENDING = "end-session: the provider's invalidation flow is default-invalidation-flow"
PROVIDER_FLOW = "/if/flow/default-provider-invalidation-flow/"
STAYS = "You've logged out of Flows netbird."


def leave(version: str, name: str, back: str, without: str = "") -> tuple[LogOut, str, list[str]]:
    """Log out in a recorded case; how it ended, the URL of its authentik, and the requests of the case that nobody made."""
    browser, recorded = opened(version, name, Person("flows-plain", ""))
    first = recorded.left[0]
    # The dashboard's request: it names its client as well, and remembers nothing.
    query = {name: value for name, value in first["query"].items() if name != "state"}
    recorded.left[0] = {**first, "query": {"client_id": "the-client", **query, "post_logout_redirect_uri": back}}
    authentik = urljoin(str(first["location"] or ""), "/").rstrip("/") or SERVER
    ended = log_out(browser, f"{SERVER}{first['path']}", "the-client", query["id_token_hint"], back, authentik)
    return ended, authentik, [step["path"] for step in recorded.left]


def test_back_at_netbird_and_still_logged_in_at_authentik() -> None:
    ended, _, left = leave("2026.5", KNOWN, f"{NETBIRD}/")
    assert ended == LogOut("logged_out", "Logged Out You have been successfully logged out. ← Back to Application",
                           f"{NETBIRD}/oauth2/logout/callback", session_ended=False)  # fmt: skip
    assert left == ["/api/users/current", "/oauth2/token"]


@pytest.mark.parametrize("version", VERSIONS)
def test_stranded_at_authentik_without_a_redirect_of_that_type(version: str) -> None:
    ended, authentik, _ = leave(version, UNKNOWN, NETBIRD)
    assert ended == LogOut("stranded", STAYS, f"{authentik}{PROVIDER_FLOW}", session_ended=False)


def test_before_2026_5_everybody_is() -> None:
    ended, authentik, _ = leave("2025.10", KNOWN, f"{NETBIRD}/")
    assert ended == LogOut("stranded", STAYS, f"{authentik}{PROVIDER_FLOW}", session_ended=False)
    ended, authentik, _ = leave("2025.10", ENDING, NETBIRD)
    assert ended == LogOut("stranded", "authentik's start page", f"{authentik}/", session_ended=True)


def test_a_flow_with_a_stage_for_it_ends_the_session() -> None:
    ended, _, _ = leave("2026.5", ENDING, NETBIRD)
    assert (ended.outcome, ended.where, ended.session_ended) == ("logged_out", f"{NETBIRD}/oauth2/logout/callback", True)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_address_that_netbird_does_not_know(version: str) -> None:
    ended, _, left = leave(version, ELSEWHERE, f"{NETBIRD}/elsewhere")
    assert ended == LogOut("page_failed", "Bad Request Unregistered post_logout_redirect_uri.", f"{SERVER}/oauth2/logout", False)
    assert left == ["/api/users/current", "/oauth2/token"]


@pytest.mark.parametrize(("name", "session_ended"), [(DIRECT, False), (DIRECT_ENDING, True)])
def test_straight_from_authentik_to_the_dashboard(name: str, session_ended: bool) -> None:
    ended, _, left = leave("2026.5", name, DASHBOARD)
    assert ended == LogOut("logged_out", "", DASHBOARD, session_ended)
    assert left == ["/application/o/userinfo/", "/application/o/token/"]
