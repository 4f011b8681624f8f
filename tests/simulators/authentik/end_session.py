# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging out: of an application, which may leave the session at authentik as it is, and of authentik itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.responses import HTMLResponse, Response

from . import access
from .api import answer, failed, page
from .apps import launch_url
from .authorize import DENIED, FORBIDDEN_SCHEMES, brand_flow, to_login
from .browser import COOKIE, Visit, denied_page, redirect
from .challenges import ALLOW, about, challenge, pending, planned
from .spec import NotBuilt, ServerFailure, View
from .state import Row, Session, State

REDIRECTS = "2026.5"  # from this release on a log-out may lead back to the application, and by way of POST


def begin(at: Visit, slug: str, form: Mapping[str, str]) -> Response:
    """Begin the provider's invalidation flow; what an ``id_token_hint`` says is not looked at (measured: facts)."""
    state = at.state
    application = state.find("applications", slug=slug)
    provider = state.providers.get(application["provider"]) if application else None
    if application is None or provider is None:
        return page(404, "Not Found")
    newer = state.at_least(REDIRECTS)
    if at.method == "POST" and (refused := _refused(at)):
        return refused
    if at.user is None:
        return to_login(at, application)
    if not access.passes(state, application, at.user):
        return denied_page(at, DENIED)
    if newer and at.session.plan:
        return HTMLResponse("<html><body>Logout successful</body></html>")
    if provider.get("logout_uri") and provider["logout_method"] == "frontchannel":
        raise NotBuilt("the front channel log-out")
    flow = state.flows[provider["invalidation_flow"]]
    to = _way_back(provider, {**at.values, **form}) if newer else ""
    if to:
        forget(state, at.session, provider["pk"])
    at.session.plan = {
        "flow": flow["slug"],
        "kinds": [*flow["stage_kinds"], "session_end"],
        "application": application["pk"],
        "values": at.values,
        "to": to,
    }
    query = urlencode(parse_qsl(at.query, keep_blank_values=True))
    return at.keep(redirect(f"/if/flow/{flow['slug']}/{'?' if query else ''}{query}"))


def _refused(at: Visit) -> Response | None:
    """Refuse a POST that another site may have sent, and any at all where only a GET is taken.

    UNRECORDED: that of a browser at which nobody is logged in is refused like any other (a guess).
    """
    if not at.csrf:
        text = "CSRF verification failed. Request aborted. More information is available with DEBUG=True."
        body = f"<h1>Forbidden <span>(403)</span></h1><p>{text}</p>"
        return HTMLResponse(f"<!DOCTYPE html><html><head><title>403 Forbidden</title></head><body>{body}</body></html>", 403)
    return None if at.state.at_least(REDIRECTS) else failed("POST")


def _way_back(provider: Row, values: Mapping[str, str]) -> str:
    """Return where the person comes back to; an address that is not the provider's own leads nowhere, without a word."""
    to = values.get("post_logout_redirect_uri", "")
    if urlsplit(to).scheme.lower() in FORBIDDEN_SCHEMES:
        raise ServerFailure(f"a log-out to {to}")
    for entry in provider["redirect_uris"]:
        if entry.get("redirect_uri_type") == "logout" and _matches(entry, to):
            return f"{to}?{urlencode({'state': values['state']})}" if values.get("state") else to
    return ""


def _matches(entry: Row, url: str) -> bool:
    """Say whether a redirect is for a URL; UNRECORDED: a log-out to a regex (as for a login, by authentik's source)."""
    return bool(entry["url"] == url if entry["matching_mode"] == "strict" else re.fullmatch(entry["url"], url))


def forget(state: State, session: Session, provider: int | None = None) -> None:
    """Take the codes and access tokens of a session, of one provider or of all; refresh tokens survive (measured: facts)."""
    for kept in (state.access_tokens, state.codes):
        for key, row in list(kept.items()):
            if row["session"] == session.sid and provider in (None, row["provider"]):
                del kept[key]


def log_out(at: Visit) -> Response | bool:
    """End the session at authentik: a flow that goes on does so in a new one, else the browser is left without a cookie."""
    plan, somebody = planned(at), at.user is not None
    forget(at.state, at.session)
    for row in at.state.refresh_tokens.values():
        if row["session"] == at.session.sid:
            row.update({"session": "", "grant": replace(row["grant"], session="")})
    at.state.sessions.pop(at.session.key, None)
    at.session = Session(plan=plan)
    if plan["kinds"][1:]:
        return True
    response = answer(at.state, 200, {"component": "xak-flow-redirect", "to": "/"}, ALLOW)
    if somebody:
        response.delete_cookie(COOKIE, path="/")
    return response


def finish(at: Visit) -> Response | None:
    """Lead back to the application, or to the start where nobody is logged in any more; else there is something to show.

    UNRECORDED: whether the plan is over with that; by authentik's source it stays until another flow begins.
    """
    to = planned(at)["to"]
    if at.user and not to:
        return None
    flow = at.state.find("flows", slug=planned(at)["flow"])
    assert flow
    return challenge(at, {**about(at, flow), "component": "xak-flow-redirect", "to": to or "/"})


def shown(at: Visit) -> Row:
    """Show that the person is logged out of the application, and how they log out of authentik."""
    application = at.state.applications[planned(at)["application"]]
    brand = at.state.find("brands", default=True) or {}
    return {
        **pending(at),
        "application_name": application["name"],
        "application_launch_url": launch_url(View(at.state, {}, at.base), application) or "",
        "invalidation_flow_url": f"/if/flow/{brand_flow(at.state, 'invalidation')}/",
        "brand_name": brand["branding_title"],
    }
