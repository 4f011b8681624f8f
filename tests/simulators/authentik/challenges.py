# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stages of a flow have in common: how one is described, and the challenges that are answered about it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.responses import Response

from .api import answer
from .apps import BACKGROUND
from .browser import Visit
from .people import AVATAR
from .spec import NotBuilt
from .state import Row

ALLOW = "GET, POST, HEAD, OPTIONS"
NOBODY = "/static/dist/assets/images/user_default.png"


def _ask(_at: Visit) -> None:
    """Have something to ask."""


def _refuse(at: Visit, _sent: Row) -> Row:
    raise NotBuilt(f"a POST to the stage {planned(at)['kinds'][0]}")


@dataclass(frozen=True)
class Stage:
    """One kind of stage.

    ``enter`` is what a GET does first: it returns None where there is something to ask, True where there is not, or the
    answer that ends the flow. ``show`` returns the fields of the challenge; ``take`` what is wrong with what was sent,
    None where it is right, or an answer of its own.
    """

    component: str = ""
    show: Callable[[Visit], Row] = lambda _at: {}
    take: Callable[[Visit, Row], Row | Response | None] = _refuse
    enter: Callable[[Visit], Response | bool | None] = _ask


def planned(at: Visit) -> Row:
    """Return the plan of the flow under way."""
    assert at.session.plan is not None
    return at.session.plan


def inner(at: Visit) -> dict[str, str]:
    """Return the values of the query that the flow's page was opened with."""
    query = at.values.get("query", "")
    return {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}


def person(at: Visit) -> Row | None:
    """Return whom the flow is about: who is logging in, else who is logged in."""
    plan = at.session.plan or {}
    return at.state.users.get(plan["user"]) if "uid" in plan else at.user


def pending(at: Visit) -> Row:
    """Return how a challenge names the person; one who does not exist is named as they called themselves."""
    found = person(at)
    name = found["username"] if found else (at.session.plan or {}).get("uid", "")
    return {"pending_user": name, "pending_user_avatar": AVATAR if name else NOBODY}


def challenge(at: Visit, fields: Row) -> Response:
    """Answer with a challenge."""
    return at.keep(answer(at.state, 200, fields, ALLOW))


def leads_to(at: Visit, address: str) -> Response:
    """End the flow: say where it leads."""
    return challenge(at, {"component": "xak-flow-redirect", "to": address})


def broken(at: Visit) -> Response:
    """Answer a request that the executor can't take, without a word about what is wrong with it."""
    return challenge(at, {"component": "ak-stage-flow-error", "request_id": secrets.token_hex(16)})


def about(at: Visit, flow: Row) -> Row:
    """Return what every challenge says about its flow."""
    newer = at.state.at_least("2026.5")
    to = inner(at).get("next")
    more = f"?{urlencode({'next': to})}" if newer and to and at.session.plan else ""
    application = at.state.applications.get((at.session.plan or {}).get("application"))
    title = flow["title"].replace("%(app)s", application["name"] if application else "").strip()
    info = {"title": title, "background": BACKGROUND, "cancel_url": f"/flows/-/cancel/{more}", "layout": flow["layout"]}
    return {"flow_info": {**info, **({"background_themed_urls": None} if newer else {})}}


def denied(at: Visit, flow: Row, message: str) -> Response:
    """End the flow: say that it goes no further, and why."""
    who, at.session.plan = pending(at), None
    return challenge(at, {**about(at, flow), "component": "ak-stage-access-denied", **who, "error_message": message})


def wrong(field: str, text: str, code: str = "invalid") -> Row:
    """Return what is wrong with one field of an answer, in the executor's form."""
    return {field: [{"string": text, "code": code}]}


def missing(field: str, sent: dict[str, Any]) -> Row | None:
    """Return what is wrong with a text that was not sent, or is empty."""
    if field not in sent:
        return wrong(field, "This field is required.", "required")
    return None if sent[field] else wrong(field, "This field may not be blank.", "blank")
