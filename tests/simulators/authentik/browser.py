# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A browser's requests: its session, its cookies, and where it is sent."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from .api import page
from .state import Row, Session, State

COOKIE = "authentik_session"
CSRF_COOKIE = "authentik_csrf"
MFA_COOKIE = "authentik_mfa"


@dataclass
class Visit:
    """One request of a browser, with its session; ``cookies`` are set by the answer, beside the session's.

    ``csrf`` says whether the request repeats the browser's token, ``json`` whether it says that its body is JSON.
    """

    state: State
    base: str
    method: str
    path: str
    query: str
    session: Session
    csrf: bool = False
    json: bool = False
    mfa: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, str]:
        """The query's values, the first of each name."""
        return {name: values[0] for name, values in parse_qs(self.query, keep_blank_values=True).items()}

    @property
    def user(self) -> Row | None:
        """Who is logged in; a person who was deactivated since is not."""
        found = self.state.users.get(self.session.user)
        return found if found and found["is_active"] else None

    @property
    def full_path(self) -> str:
        """The path with the query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def keep(self, response: Response) -> Response:
        """Keep the session and let the browser know it, with the other cookies that were set on the way."""
        self.state.sessions[self.session.key] = self.session
        for name, value in self.cookies.items():
            response.set_cookie(name, value, path="/", samesite="lax")
        response.set_cookie(COOKIE, self.session.key, path="/", httponly=True, samesite="lax")
        return response


def visit(state: State, base: str, method: str, request: Request) -> Visit:
    """Find the session of a request, or begin one."""
    token = request.headers.get("x-authentik-csrf", "")
    return Visit(
        state,
        base,
        method,
        request.url.path,
        request.url.query,
        state.sessions.get(request.cookies.get(COOKIE, "")) or Session(),
        csrf=bool(token) and token == request.cookies.get(CSRF_COOKIE),
        json=request.headers.get("content-type", "").startswith("application/json"),
        mfa=request.cookies.get(MFA_COOKIE, ""),
    )


def redirect(location: str) -> Response:
    """Send the browser on, to exactly this address."""
    response = RedirectResponse("/", 302)
    response.headers["location"] = location
    response.headers["content-type"] = "text/html; charset=utf-8"
    return response


def denied_page(at: Visit, text: str, *more: str) -> Response:
    """Make the page for a person who may not use the application: status 200 (measured: facts)."""
    newer = at.state.at_least("2026.5")
    who = (f"{at.user['username']} Not you?",) if at.user else ()
    heading = "Permission denied"
    response = page(200, heading, *who, text, *more, title=f"{heading} - authentik", home=newer)
    if not newer:
        response.set_cookie(CSRF_COOKIE, secrets.token_hex(16), path="/", samesite="lax")
    return response
