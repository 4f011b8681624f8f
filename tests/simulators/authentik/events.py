# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server notes of itself: a scope mapping whose expression raises leaves an event with its source and the error.

UNRECORDED: events, without the second one of a configuration error and what they tell of the request (seen once on a 2026.5;
authentik's source).
"""

from __future__ import annotations

from .fields import stored
from .spec import Filter, Resource, View, among
from .state import Row, State, new_id, stamp

MAPPING_FAILED = "property_mapping_exception"


def _actions(_name: str, values: list[str], view: View) -> Filter | None:
    return among("action", values, view)


def _username(_name: str, values: list[str], _view: View) -> Filter | None:
    return (lambda _view, row: row["user"]["username"] == values[-1]) if values[-1] else None


EVENTS = Resource(
    path="events/events/",
    table="events",
    model="Event",
    permission="authentik_events.{}_event",
    fields=tuple(stored(name) for name in ("pk", "user", "action", "app", "context", "client_ip", "created", "expires", "brand")),
    order=("created",),
    filters={"actions": _actions, "username": _username},
    search=(),
    methods=("GET",),
    read_only=True,
)


def mapping_failed(state: State, mapping: Row, user: Row, error: Exception) -> None:
    """Note that a mapping's expression raised for somebody."""
    frames = [{"filename": mapping["name"], "lineno": 1, "name": "handler", "locals": None}]
    exception = {"exc_type": type(error).__name__, "exc_value": str(error), "syntax_error": None, "is_cause": False}
    row = {
        "pk": new_id(),
        "user": {"pk": user["pk"], "username": user["username"], "email": user["email"]},
        "action": MAPPING_FAILED,
        "app": "authentik.core.expression.evaluator",
        "context": {
            "message": "Failed to execute property mapping",
            "expression": mapping["expression"],
            "exception": [{**exception, "frames": frames}],
        },
        "client_ip": "127.0.0.1",
        "created": stamp(),
        "expires": stamp(),
        "brand": {},
    }
    state.events[row["pk"]] = row
