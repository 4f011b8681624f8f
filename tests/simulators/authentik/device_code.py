# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device's login: it shows a code, and a person who is logged in enters it and so lets the device in."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode

from starlette.responses import HTMLResponse, Response

from . import access
from .authorize import DENIED, brand_flow, granted_scopes, grants
from .browser import Visit, denied_page, redirect
from .challenges import challenge, leads_to, missing, planned
from .claims import seconds
from .oauth import credentials, refused, reply
from .state import Row, State, now
from .tokens import DEVICE_GRANT

ALPHABET = string.ascii_letters + string.digits + string.punctuation
AN_HOUR = 20  # codes that one address may begin


def begin(state: State, base: str, form: Mapping[str, str], headers: Mapping[str, str], address: str) -> Response:
    """Give out a code, whether or not the brand has a flow for it (measured: facts).

    UNRECORDED: a request that is refused counts for the throttle too (authentik's source).
    """
    begun = state.device_begins.setdefault(headers.get("x-forwarded-for", address), [])
    begun[:] = [at for at in begun if at > now().timestamp() - 3600]
    if len(begun) >= AN_HOUR:
        return refused("slow_down", 429)
    begun.append(now().timestamp())
    header = headers.get("authorization", "") if state.at_least("2026.5") else ""
    provider = state.find("providers", client_id=credentials(form, header)[0])
    if provider is None or not _application(state, provider) or not grants(state, provider, DEVICE_GRANT):
        return refused("invalid_client")
    code = "".join(secrets.choice(ALPHABET) for _ in range(128))
    user_code = f"{secrets.randbelow(10**9):09d}"
    lasts = seconds(provider["access_code_validity"])
    state.device_codes[code] = {
        "provider": provider["pk"],
        "user": None,
        "user_code": user_code,
        # UNRECORDED: what a device gets that asks for no scope (all of them, as at authorize: a guess)
        "scopes": granted_scopes(state, provider, form.get("scope", "")),
        "expires": now().timestamp() + lasts,
    }
    return reply(
        {
            "device_code": code,
            "verification_uri": f"{base}/device",
            "verification_uri_complete": f"{base}/device?code={user_code}",
            "user_code": user_code,
            "expires_in": lasts,
            "interval": 5,
        }
    )


def _application(state: State, provider: Row) -> Row | None:
    return state.find("applications", provider=provider["pk"])


def page(at: Visit) -> Response:
    """Open the page for a device's code: without a flow in the brand it leads nowhere (measured: facts)."""
    if at.user is None:
        return redirect(f"/flows/-/default/authentication/?next={quote(at.full_path, safe='/')}")
    slug = brand_flow(at.state, "device_code")
    if not slug:
        return HTMLResponse("", 404)
    code = at.values.get("code", "")
    if not code:
        at.session.plan = {"flow": slug, "kinds": ["device"], "values": at.values}
        return at.keep(redirect(f"/if/flow/{slug}/"))
    flow = _enter(at, code)
    if flow is None:
        return denied_page(at, DENIED)
    return at.keep(redirect(f"/if/flow/{flow['slug']}/?{urlencode(parse_qsl(at.query))}"))


def _enter(at: Visit, code: str) -> Row | None:
    """Begin the flow in which a person lets a device in; nobody is told why a code is none."""
    kept = next((row for row in at.state.device_codes.values() if row["user_code"] == code), None)
    if kept is None or (at.state.at_least("2026.5") and kept["expires"] < now().timestamp()):
        return None
    application = _application(at.state, at.state.providers[kept["provider"]])
    if application is None or at.user is None or not access.passes(at.state, application, at.user):
        return None
    flow = at.state.flows[at.state.providers[kept["provider"]]["authorization_flow"]]
    at.session.plan = {
        "flow": flow["slug"],
        "kinds": [*flow["stage_kinds"], "device_finish"],
        "provider": kept["provider"],
        "application": application["pk"],
        "values": {"scope": " ".join(kept["scopes"])},
        "device": code,
    }
    return flow


def take(at: Visit, sent: Row) -> Row | Response:
    """Take the code that a person types in; a wrong one is answered with a whole page in the challenge."""
    if error := missing("code", sent):
        return error
    flow = _enter(at, str(sent["code"]))
    if flow:
        return leads_to(at, f"/if/flow/{flow['slug']}/?{at.query}")
    denied = denied_page(at, DENIED)
    answer = challenge(at, {"component": "xak-flow-shell", "body": bytes(denied.body).decode()})
    for cookie in denied.headers.getlist("set-cookie"):
        answer.headers.append("set-cookie", cookie)
    return answer


def finish(at: Visit) -> Row:
    """Let the device in: seeing that it is finished is what does it (measured: facts)."""
    kept = next(row for row in at.state.device_codes.values() if row["user_code"] == planned(at)["device"])
    kept["user"], kept["auth_time"] = at.session.user, at.session.auth_time
    return {}
