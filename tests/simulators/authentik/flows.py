# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow executor: a login or a consent, one challenge after the other, without a page.

It answers a stage's POST, and the GET of a stage that has nothing to ask, with a redirect to itself: each request deals
with one stage (measured: facts).
"""

from __future__ import annotations

import json
import re

from starlette.responses import Response

from . import access, authenticators, stages
from .api import page
from .browser import Visit, redirect
from .challenges import about, broken, challenge, denied, inner, leads_to, planned, wrong
from .spec import NotBuilt
from .state import Row

DOES_NOT_APPLY = "Flow does not apply to current user."
STAGES = stages.STAGES | authenticators.STAGES


def executor(at: Visit, slug: str, body: bytes) -> Response:
    """Answer the flow executor: GET shows the stage under way, POST answers its challenge."""
    flow = at.state.find("flows", slug=slug)
    if flow is None:
        return page(404, "Not Found")
    if at.session.plan is None or at.session.plan["flow"] != slug:
        at.session.plan = None
        refusal = _refusal(at, flow)
        if refusal:
            return _not_applicable(at, flow, refusal)
        at.session.plan = {"flow": slug, "kinds": list(flow["stage_kinds"]), "values": {}}
    plan = planned(at)
    if not plan["kinds"]:
        return _done(at, flow)
    stage = STAGES.get(plan["kinds"][0])
    if stage is None:
        raise NotBuilt(f"the stage {plan['kinds'][0]}")
    if at.method == "POST":
        return _post(at, flow, body)
    found = stage.enter(at)
    if isinstance(found, Response):
        return found
    if found:
        return _go_on(at, flow)
    return challenge(at, {**about(at, flow), "component": stage.component, **stage.show(at)})


def _post(at: Visit, flow: Row, body: bytes) -> Response:
    """Take an answer: whoever is logged in has to repeat the CSRF token, and nobody is told what is wrong with a request."""
    stage = STAGES[planned(at)["kinds"][0]]
    try:
        sent = json.loads(body or b"{}")
    except ValueError:
        sent = None
    if sent is None or not at.json or (at.user and not at.csrf):
        return broken(at)
    if isinstance(sent, dict):
        found = stage.take(at, sent)
    else:
        text = f"Invalid data. Expected a dictionary, but got {type(sent).__name__}."
        found = wrong("non_field_errors", text)
    if isinstance(found, Response):
        return found
    if found is None:
        return _go_on(at, flow)
    return challenge(at, {**about(at, flow), "component": stage.component, "response_errors": found, **stage.show(at)})


def _go_on(at: Visit, flow: Row) -> Response:
    """Go to the next stage: by a redirect, or at the end of the flow at once."""
    kinds = planned(at)["kinds"]
    kinds.pop(0)
    if kinds[:1] == ["password"] and planned(at).get("verified"):
        kinds.pop(0)  # a policy leaves the stage out, without a redirect
    return at.keep(redirect(at.full_path)) if kinds else _done(at, flow)


def _done(at: Visit, flow: Row) -> Response:
    to = inner(at).get("next", "/")
    at.session.plan = None
    return denied(at, flow, "Invalid next URL") if _absolute(to) else leads_to(at, to)


def _absolute(address: str) -> bool:
    return re.match(r"([a-z][a-z0-9+.-]*:)?//", address, re.IGNORECASE) is not None


def _refusal(at: Visit, flow: Row) -> str:
    """Say why a flow is not for this person; an empty text when it is."""
    requirements = {
        "none": True,
        "require_authenticated": at.user is not None,
        "require_unauthenticated": at.user is None,
        "require_superuser": at.user is not None and at.state.is_superuser(at.user),
    }
    if flow["authentication"] not in requirements:
        raise NotBuilt(f"a flow with {flow['authentication']}")
    if not requirements[flow["authentication"]]:
        return DOES_NOT_APPLY
    decision = access.decide(at.state, flow, at.user or access.ANONYMOUS)
    return "" if decision.passing else "\n".join(decision.messages) or DOES_NOT_APPLY


def _not_applicable(at: Visit, flow: Row, message: str) -> Response:
    """Refuse a flow as its ``denied_action`` says; the address to go on to stands beside the query, not in it."""
    if flow["authentication"] == "require_unauthenticated" and at.state.at_least("2026.5"):
        return _done(at, flow)
    to, action = at.values.get("next"), flow["denied_action"]
    if action == "continue" or (action == "message_continue" and to):
        return leads_to(at, to or "/")
    return denied(at, flow, message)
