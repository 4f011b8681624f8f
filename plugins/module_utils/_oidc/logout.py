# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's log-out: from the client to authentik and back, and what is left of authentik's session.

PRIVATE to this collection. NetBird's dashboard names its client id, the id_token and its own address, with a slash at the end.
Where NetBird's embedded provider is between the two, that sends people on to authentik (measured on NetBird 0.77.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.browser import (
    LOGGED_OUT,
    SERVER_FAILED,
    STRANDED,
    Browser,
    Stopped,
)


@dataclass
class LogOut:
    """How a log-out ended.

    ``outcome`` is C(logged_out), C(stranded) at authentik, or the name of what stopped it; ``said`` are the last page's words.
    ``where`` is the address at which the browser was left, without its query. ``session_ended`` is whether authentik's session
    is gone; None where authentik did not say.
    """

    outcome: str = LOGGED_OUT
    said: str = ""
    where: str = ""
    session_ended: bool | None = None


def log_out(browser: Browser, endpoint: str, client_id: str, id_token: str, back: str, authentik: str) -> LogOut:
    """Log out as a person does who is logged in in this browser.

    ``endpoint`` is the issuer's C(end_session_endpoint), ``back`` the client's C(post_logout_redirect_uri), ``authentik`` the
    URL of authentik.
    """
    ended = LogOut()
    query = {"client_id": client_id, "id_token_hint": id_token, "post_logout_redirect_uri": back}
    start = f"{authentik}/"
    try:
        _leave(browser, f"{endpoint}?{urlencode(query)}", back, start)
        if browser.at == start:
            ended.outcome, ended.said = STRANDED, "authentik's start page"
    except Stopped as stopped:
        ended.outcome, ended.said = stopped.outcome, stopped.said
    ended.where = browser.at
    ended.session_ended = browser.session_ended(authentik)
    return ended


def _leave(browser: Browser, url: str, *ends: str) -> None:
    """Walk there, and once more where a server failed: authentik's workers are replaced now and then (measured)."""
    try:
        browser.walk(url, *ends)
    except Stopped as stopped:
        if stopped.outcome != SERVER_FAILED:
            raise
        browser.walk(url, *ends)
