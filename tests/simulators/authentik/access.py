# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may use what: bindings decided as authentik's policy engine does."""

from __future__ import annotations

from .expressions import evaluate_policy
from .fields import Invalid, is_target
from .spec import NO_CHOICE, Filter, FilterKind, View
from .state import Row, State, is_uuid


def _decide(state: State, binding: Row, user: Row) -> bool:
    if not binding["policy"]:
        return state.bound(binding, user)
    try:
        passing = evaluate_policy(state, state.policies[binding["policy"]]["expression"], user)
    except Exception as error:
        state.log.append(f"policy failed: {error}")
        passing = bool(binding["failure_result"])
    return passing != bool(binding["negate"])


def passes(state: State, target: Row, user: Row) -> bool:
    """Say whether the bindings of an application let a user in; without any, everybody is."""
    results = [_decide(state, binding, user) for binding in state.where("bindings", target=target["pk"], enabled=True)]
    if not results:
        return True
    return all(results) if target["policy_engine_mode"] == "all" else any(results)


def target_filter(*, several: bool) -> FilterKind:
    """Make the filter of bindings by what they are bound to; one unknown id refuses the whole request."""

    def kind(name: str, values: list[str], view: View) -> Filter | None:
        wanted = {value.lower() for value in (values if several else values[-1:]) if value}
        for value in wanted:
            if not is_uuid(value):
                raise Invalid({name: [f"“{value}” is not a valid UUID."]})
            if not is_target(view.state, value):
                unknown = f"Select a valid choice. {value} is not one of the available choices."
                raise Invalid({name: [unknown if several else NO_CHOICE]})
        return (lambda _view, row: row["target"] in wanted) if wanted else None

    return kind
