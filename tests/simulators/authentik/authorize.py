# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The authorize endpoint, and the ways that lead from it to a flow and from a flow to the client."""

from __future__ import annotations

import re
import secrets
from urllib.parse import parse_qsl, quote, urlencode

from starlette.responses import Response

from . import access
from .api import page
from .browser import Visit, denied_page, redirect
from .claims import seconds
from .spec import NotBuilt, ServerFailure
from .state import GRANTS_NAMED, Row, State, now

FORBIDDEN_SCHEMES = ("javascript", "data", "vbscript")
# Responses that the server gives and nobody here asks for.
OTHER_RESPONSES = ("id_token", "id_token token", "code token", "code id_token", "code id_token token")
DENIED = "Request has been denied."
DESCRIPTIONS = {
    "invalid_request": "The request is otherwise malformed",
    "invalid_request challenge": "Unsupported challenge method {code_challenge_method}",
    "request_not_supported": "The provider does not support use of the request parameter",
    "unsupported_response_type": ("The authorization server does not support obtaining an authorization code using this method"),
    "login_required": "The Authorization Server requires End-User authentication",
    "consent_required": "The Authorization Server requires End-User consent",
}


def redirect_allowed(state: State, provider: Row, uri: str) -> bool:
    """Say whether a redirect is one of the provider's; a provider without any takes the first and keeps it."""
    if not uri or uri.partition(":")[0].lower() in FORBIDDEN_SCHEMES:
        return False
    if not provider["redirect_uris"]:
        newer = {"redirect_uri_type": "authorization"} if state.at_least("2026.5") else {}
        provider["redirect_uris"] = [{"matching_mode": "strict", "url": uri, **newer}]
        return True
    for entry in provider["redirect_uris"]:
        if entry.get("redirect_uri_type", "authorization") != "authorization":
            continue
        if entry["url"] == uri if entry["matching_mode"] == "strict" else re.fullmatch(entry["url"], uri):
            return True
    return False


def grants(state: State, provider: Row, grant_type: str) -> bool:
    """Say whether a provider may be used with a grant; newer releases want each to be named."""
    if not state.at_least(GRANTS_NAMED) or grant_type in provider["grant_types"]:
        return True
    state.log.append(f"Invalid grant_type for provider: {grant_type}")
    return False


def granted_scopes(state: State, provider: Row, asked: str) -> tuple[str, ...]:
    """Return the scopes that are asked for and that the provider has a mapping for, or all that it has."""
    have = [state.mappings[pk]["scope_name"] for pk in provider["property_mappings"]]
    wanted = asked.split() or have
    return tuple(scope for scope in dict.fromkeys(wanted) if scope in have)


def _error(values: dict[str, str], error: str) -> str:
    """Return the address that tells the client of an error."""
    uri = values["redirect_uri"]
    joint = "&" if "?" in uri else "?"
    state = f"&state={quote(values['state'])}" if values.get("state") else ""
    description = DESCRIPTIONS[error].format(**values)
    return f"{uri}{joint}error={error.partition(' ')[0]}&error_description={quote(description)}{state}"


def _wrong(at: Visit, provider: Row) -> str:
    """Return the error that is wrong with a request whose client and redirect are right, or an empty text."""
    values = at.values
    if values.get("response_type", "") not in ("code", *OTHER_RESPONSES):
        return "unsupported_response_type"
    if values["response_type"] != "code" or values.get("response_mode", "query") != "query":
        raise NotBuilt("the response type {response_type} and other response modes than query".format(**values))
    if not grants(at.state, provider, "authorization_code"):
        return "invalid_request"
    if "request" in values:
        return "request_not_supported"
    if values.get("code_challenge_method", "plain") not in ("plain", "S256"):
        return "invalid_request challenge"
    return ""


def authorize(at: Visit) -> Response:
    """Answer the authorize endpoint: checks first, then the login, the bindings, and the consent or the code."""
    state, values = at.state, at.values
    if "client_id" not in values:
        return page(404, "Not Found")
    provider = state.find("providers", client_id=values["client_id"])
    if provider is None:
        return page(400, "Client ID Error", "The client identifier (client_id) is missing or invalid.")
    if not redirect_allowed(state, provider, values.get("redirect_uri", "")):
        text = "The request fails due to a missing, invalid, or mismatching redirection URI (redirect_uri)."
        return page(400, "Redirect URI Error", text)
    if error := _wrong(at, provider):
        return redirect(_error(values, error))
    application = state.find("applications", provider=provider["pk"])
    if application is None:
        return denied_page(at, DENIED)
    if at.user is None:
        if "none" in values.get("prompt", "").split():
            return redirect(_error(values, "login_required"))
        return to_login(at, application)
    if _too_old(at) or _not_renewed(at):
        return to_login(at, application)
    decision = access.decide(state, application, at.user)
    if not decision.passing:
        return denied_page(at, DENIED, *_explained(at, decision))
    return _to_consent(at, provider, application)


def posted() -> Response:
    """Take no POST."""
    raise NotBuilt("a POST to the authorize endpoint")


def _too_old(at: Visit) -> bool:
    """Say whether the login is longer ago than the client wants; what is no number is an error inside the server."""
    longest = at.values.get("max_age")
    if longest is None:
        return False
    try:
        return now().timestamp() - at.session.auth_time > int(longest)
    except ValueError:
        raise ServerFailure(f"max_age={longest}") from None


def _not_renewed(at: Visit) -> bool:
    """Say whether the person has to log in again for this client (``prompt=login``): the login that is there won't do."""
    if "login" not in at.values.get("prompt", "").split():
        return False
    if at.session.renewed in (None, at.session.login):
        at.session.renewed = at.session.login
        return True
    return False


def _explained(at: Visit, decision: access.Decision) -> list[str]:
    """Return what an administrator is told beside the refusal.

    UNRECORDED: the reasons where there are several bindings, one after the other (authentik's source).
    """
    if not at.user or not at.state.is_superuser(at.user):
        return []
    said = [f"Messages: {' '.join(decision.messages)}"] if decision.messages else []
    reasons = [
        " ".join([f"Policy binding '{each.source}' returned result '{each.passing}'", *each.messages])
        for each in decision.results
    ]
    return [*said, " ".join(["Explanation:", *reasons])]


def to_login(at: Visit, application: Row | None) -> Response:
    """Send the browser to the login; 2025.10 goes by way of another redirect."""
    at.session.application = application["slug"] if application else None
    if not at.state.at_least("2026.5"):
        return at.keep(redirect(f"/flows/-/default/authentication/?next={quote(at.full_path, safe='/')}"))
    query = urlencode([*parse_qsl(at.query, keep_blank_values=True), ("next", at.full_path)])
    return at.keep(redirect(f"/if/flow/{brand_flow(at.state, 'authentication')}/?{query}"))


def brand_flow(state: State, kind: str) -> str:
    """Return the slug of the brand's flow of a kind, if it has one.

    UNRECORDED: without one, the first flow that is designated for that (authentik's source; not whether it applies).
    """
    brand = state.find("brands", default=True)
    flow = state.flows.get(brand[f"flow_{kind}"]) if brand else None
    return str(flow["slug"]) if flow else min((str(row["slug"]) for row in state.where("flows", designation=kind)), default="")


def default_flow(at: Visit, designation: str) -> Response:
    """Redirect to the brand's flow for logging in or out."""
    slug = brand_flow(at.state, designation)
    # UNRECORDED: a brand without the flow (a guess)
    if not slug:
        return page(404, "Not Found")
    query = urlencode(parse_qsl(at.query, keep_blank_values=True))
    return redirect(f"/if/flow/{slug}/" + (f"?{query}" if query else ""))


def cancel(at: Visit) -> Response:
    """Give up the flow under way: newer releases go on where the page was told to, else it is the log-out."""
    to = at.values.get("next") if at.state.at_least("2026.5") else None
    if at.session.plan is None:
        return redirect("/flows/-/default/invalidation/")
    at.session.plan = None
    return at.keep(redirect(to or "/flows/-/default/invalidation/"))


def configure(at: Visit, stage: str) -> Response:
    """Open the flow that sets up what a stage is for."""
    if at.user is None:
        raise NotBuilt("setting something up for nobody in particular")
    flow = next((row for row in at.state.flows.values() if row["stages"] == [stage]), None)
    return at.keep(redirect(f"/if/flow/{flow['slug']}/")) if flow else page(404, "Not Found")


def _to_consent(at: Visit, provider: Row, application: Row) -> Response:
    flow = at.state.flows[provider["authorization_flow"]]
    kinds = list(flow["stage_kinds"])
    if "consent" in at.values.get("prompt", "").split() and "consent" not in kinds:
        kinds.append("prompted consent")
    at.session.plan = {
        "flow": flow["slug"],
        "kinds": [*kinds, "fulfilment"],
        "provider": provider["pk"],
        "application": application["pk"],
        "values": at.values,
    }
    if not kinds:
        return at.keep(redirect(code_redirect(at)))
    query = urlencode(parse_qsl(at.query, keep_blank_values=True))
    return at.keep(redirect(f"/if/flow/{flow['slug']}/?{query}"))


def code_redirect(at: Visit) -> str:
    """Make a code and return the address that takes it to the client."""
    plan = at.session.plan or {}
    at.session.plan = None
    provider, values = at.state.providers[plan["provider"]], plan["values"]
    if {"none", "consent"} <= set(values.get("prompt", "").split()):
        return _error(values, "consent_required")
    code = secrets.token_hex(16)
    at.state.codes[code] = {
        "provider": provider["pk"],
        "user": at.session.user,
        "scopes": granted_scopes(at.state, provider, values.get("scope", "")),
        "nonce": values.get("nonce", ""),
        "redirect_uri": values["redirect_uri"],
        "challenge": values.get("code_challenge", ""),
        "method": values.get("code_challenge_method", "plain"),
        "auth_time": at.session.auth_time,
        "session": at.session.sid,
        "expires": now().timestamp() + seconds(provider["access_code_validity"]),
    }
    joint = "&" if "?" in values["redirect_uri"] else "?"
    return f"{values['redirect_uri']}{joint}{urlencode({'code': code, 'state': values.get('state', '')})}"
