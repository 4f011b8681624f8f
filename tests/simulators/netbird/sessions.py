# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is logged in at NetBird's embedded identity provider, and how they log out: one session a person."""

from __future__ import annotations

import html
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from . import tokens
from .grants import Grants
from .state import Row, letters

COOKIE = "netbird-session"
REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    500: "Internal Server Error",
}
LOGGED_OUT = "You have been successfully logged out."


def document(body: str, status: int = 200) -> Response:
    """Answer with one of the provider's pages."""
    return HTMLResponse(f"<!DOCTYPE html>\n<html><head><title>NetBird</title></head><body>{body}</body></html>", status)


def page(status: int, message: str) -> Response:
    """Answer with the provider's error page."""
    return document(f"<h2>{REASONS[status]}</h2>\n<p>{html.escape(message, quote=False)}</p>", status)


def sent_on(location: str, *, method: str = "GET") -> Response:
    """Send a browser on, as Go does: a POST is told nothing but the address."""
    answer = HTMLResponse(status_code=303) if method == "GET" else Response(status_code=303)
    answer.headers["location"] = location
    return answer


class Sessions(Grants):
    """The provider's endpoints for logging out, and its memory of who is logged in."""

    def remember(self, answer: Response, asked: Row, user_id: str, person: Row, auth_time: int) -> None:
        """Keep a person who has just logged in, and give the browser the session's cookie.

        UNRECORDED: a second browser has the same session, and the same cookie (a guess).
        """
        browsers = self.state.sessions["browsers"]
        cookie = browsers[user_id]["cookie"] if user_id in browsers else letters(32)
        browsers[user_id] = {
            "user": user_id,
            "cookie": cookie,
            "connector": asked["connector"],
            "person": person,
            "auth_time": auth_time,
            "upstream": asked.get("upstream", ""),
            "back": None,  # where the person goes after the log-out, once one is under way
        }
        answer.set_cookie(COOKIE, cookie, path="/oauth2", httponly=True, samesite="lax")

    def session(self, request: Request) -> Row | None:
        """Return the session that a browser's cookie stands for."""
        cookie = request.cookies.get(COOKIE)
        return next((row for row in self.state.sessions["browsers"].values() if row["cookie"] == cookie), None)

    async def logout(self, request: Request) -> Response:
        """Log a person out, whom an id_token of this provider names; without one nothing happens (measured: facts).

        Their refresh tokens are gone at once. The session of somebody whose identity provider can log out stays until
        the browser has been there and comes back.

        UNRECORDED: the refresh tokens that other clients have are gone too (a guess).
        """
        if request.method not in ("GET", "POST"):
            answer = page(405, "Method not allowed.")
            if "origin" in request.headers:
                answer.headers.update({"access-control-allow-origin": "*", "vary": "Origin"})
            return answer
        sent = dict(request.query_params) or dict(parse_qsl((await request.body()).decode()))
        hint, back = sent.get("id_token_hint", ""), sent.get("post_logout_redirect_uri", "")
        if not hint:
            return sent_on("/", method=request.method)
        claims = tokens.claims(hint, tokens.signing_key().as_dict(private=False))
        if claims is None:
            return page(400, "Invalid id_token_hint.")
        if back and back.removesuffix("/") != self.state.url:
            return page(400, "Unregistered post_logout_redirect_uri.")
        sessions, user_id = self.state.sessions, claims["sub"]
        sessions["refresh"] = {key: row for key, row in sessions["refresh"].items() if row["user"] != user_id}
        session = sessions["browsers"].get(user_id)
        endpoint = self._upstream(session) if session else ""
        if not session or not endpoint:
            return self._ended(user_id, back)
        session["back"] = back
        query = {
            "client_id": self.state.opened[session["connector"]]["client_id"],
            "id_token_hint": session["upstream"],
            "post_logout_redirect_uri": self.issuer + "/logout/callback",
        }
        return sent_on(f"{endpoint}?{urlencode(query)}", method=request.method)

    def _upstream(self, session: Row) -> str:
        """Return where the identity provider of a session logs people out; UNRECORDED: one that can't is left alone (guess)."""
        opened = self.state.opened.get(session["connector"])
        return str(opened["discovery"].get("end_session_endpoint", "")) if opened else ""

    async def logout_callback(self, request: Request) -> Response:
        """End the session of a browser that comes back from its identity provider.

        UNRECORDED: one that was not there ends all the same; one whose log-out never began is refused as if it had no
        cookie (a guess: the address says nothing).
        """
        session = self.session(request)
        if session is None or session["back"] is None:
            return page(400, "Missing session cookie.")
        return self._ended(session["user"], session["back"])

    def _ended(self, user_id: str, back: str) -> Response:
        self.state.sessions["browsers"].pop(user_id, None)
        link = f'<a href="{html.escape(back)}">← Back to Application</a>' if back else ""
        answer = document(f"<h2>Logged Out</h2>\n<p>{LOGGED_OUT}</p>{link}")
        answer.delete_cookie(COOKIE, path="/oauth2")
        return answer
