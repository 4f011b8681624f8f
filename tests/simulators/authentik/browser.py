# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A browser's requests: its session, its cookies, and the pages that it is shown."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qs

from starlette.responses import RedirectResponse, Response

from .state import Row, Session, State

COOKIE = "authentik_session"
HTML = "<!DOCTYPE html>\n<html><head><title>{}</title></head><body>{}</body></html>"


@dataclass
class Visit:
    """One request of a browser, with its session."""

    state: State
    base: str
    method: str
    path: str
    query: str
    session: Session
    new: bool = False

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

    def keep(self, response: Response, *more: str) -> Response:
        """Keep the session and let the browser know it, with more cookies where the server sets them."""
        self.state.sessions[self.session.key] = self.session
        for name in more:
            response.set_cookie(name, secrets.token_hex(16), path="/", samesite="lax")
        response.set_cookie(COOKIE, self.session.key, path="/", httponly=True, samesite="lax")
        return response


def visit(state: State, base: str, method: str, path: str, query: str, cookie: str | None) -> Visit:
    """Find the session of a request, or begin one."""
    session = state.sessions.get(cookie or "")
    return Visit(state, base, method, path, query, session or Session(), session is None)


def redirect(location: str) -> Response:
    """Send the browser on, to exactly this address."""
    response = RedirectResponse("/", 302)
    response.headers["location"] = location
    response.headers["content-type"] = "text/html; charset=utf-8"
    return response


def error_page(title: str, text: str) -> Response:
    """Make the page for a request that can't be sent back to its client."""
    body = f"<h1>{escape(title)}</h1><p>{escape(text)}</p><a href='/'>Go home</a> <footer>Powered by authentik</footer>"
    return Response(HTML.format("authentik", body), 400, media_type="text/html")


def denied_page(at: Visit, text: str) -> Response:
    """Make the page for a person who may not use the application: status 200 (measured: facts)."""
    newer = at.state.at_least("2026.5")
    who = f"<p>{escape(at.user['username'])} <a href='/'>Not you?</a></p>" if at.user else ""
    home = "<a href='/'>Go home</a> " if newer else ""
    title = "Permission denied"
    body = f"<h1>{title}</h1>{who}<p>{escape(text)}</p>{home}<footer>Powered by authentik</footer>"
    response = Response(HTML.format(f"{title} - authentik", body), 200, media_type="text/html")
    if not newer:
        response.set_cookie("authentik_csrf", secrets.token_hex(16), path="/", samesite="lax")
    return response
