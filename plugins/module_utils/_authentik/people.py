# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people get: the entitlements that their bindings give them, and what their tokens would hold.

PRIVATE to this collection. Nobody's password is needed, and nobody is logged in. Lists cost a request per page; what only
authentik can say of a person costs two requests each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.bindings import ENTITLEMENT, bindings_of
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.service import Authentik
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.context import Context
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.service import Row

# The kinds of users that stand for people.
PEOPLE = ("internal", "external")
# authentik comes with two web workers of four threads each: the other half goes on answering people.
AT_ONCE = 4
LONGEST_ERROR = 200


class Groups:
    """authentik's groups, and who is in them: members of a group are members of what is above it too (as authentik has it)."""

    def __init__(self, rows: Iterable[Row]) -> None:
        # "parent" (until 2025.10) became "parents" (from 2026.5 on).
        self._above = {row["pk"]: row.get("parents") or ([row["parent"]] if row.get("parent") else []) for row in rows}

    def of(self, user: Row) -> set[str]:
        """The ids of all groups that a user is in."""
        found: set[str] = set()
        waiting = list(user["groups"])
        while waiting:
            group = waiting.pop()
            if group not in found:
                found.add(group)
                waiting += self._above.get(group, [])
        return found


class Entitled:
    """Who has which entitlements of an application: an enabled binding is for them, or a negated one is not."""

    def __init__(self, service: Authentik, application: Row) -> None:
        names = {row["pbm_uuid"]: row["name"] for row in service.rows(ENTITLEMENT, {"app": application["pk"]})}
        self.names = sorted(names.values())
        self.groups = Groups(service.rows_of_kind("group"))
        self._bindings = [(names[row["target"]], row) for row in bindings_of(service, names) if row["enabled"]]

    def of(self, user: Row) -> set[str]:
        """The names of a user's entitlements."""
        groups = self.groups.of(user)

        def holds(binding: Row) -> bool:
            matches = binding["group"] in groups if binding["group"] else binding["user"] == user["pk"]
            return matches != bool(binding["negate"])

        return {name for name, binding in self._bindings if holds(binding)}


def let_in(service: Authentik, application: Row, user: Row) -> bool:
    """Whether the application's bindings let a user in (C(GET core/applications/<slug>/check_access/))."""
    answer = service.get(f"core/applications/{application['slug']}/check_access/", {"for_user": user["pk"]})
    return bool(answer["passing"])


def claims_of(service: Authentik, provider: Any, user: Row) -> Mapping[str, Any]:
    """What the user's id_token would hold (C(GET providers/oauth2/<pk>/preview_user/))."""
    answer = service.get(f"providers/oauth2/{provider}/preview_user/", {"for_user": user["pk"]})
    return dict(answer["preview"])


def mapping_errors(service: Authentik, provider: Any, mappings: Sequence[Row], user: Row) -> list[dict[str, str]]:
    """The scope mappings whose expression raises for a user: {mapping, scope, error}.

    authentik leaves the claims of such a mapping out and notes an event with the expression and the error
    (C(GET events/events/)). An old event proves nothing: the claims are asked for once more, and what that adds counts.
    """
    names = {row["expression"]: (row["name"], row["scope_name"]) for row in mappings}

    def events() -> dict[str, Row]:
        query = {"actions": "property_mapping_exception", "username": user["username"], "ordering": "-created"}
        rows = service.get("events/events/", query)["results"]
        return {row["pk"]: row["context"] for row in rows if row["context"].get("expression") in names}

    before = events()
    if not before:
        return []
    claims_of(service, provider, user)
    fresh = {context["expression"]: context for pk, context in events().items() if pk not in before}
    return [
        {"mapping": names[expression][0], "scope": names[expression][1], "error": _error(context)}
        for expression, context in fresh.items()
    ]


def _error(context: Row) -> str:
    """An exception as authentik noted it, without the values that it may quote from the expression."""
    exception = (context.get("exception") or [{}])[0]
    name, value = exception.get("exc_type", "error"), " ".join(str(exception.get("exc_value", "")).split())
    # Queries of URLs, and what is long and has both letters and digits, may be secrets.
    value = re.sub(r"\?\S+", "?…", value)
    value = re.sub(r"(?=\S*\d)(?=\S*[A-Za-z])[\w.+/=-]{16,}", "…", value)
    return f"{name}: {value}"[:LONGEST_ERROR]


def names_in(claims: Mapping[str, Any], claim: str) -> list[str]:
    """The groups that a claim names, as NetBird reads it: one that is absent, or no list, names none.

    authentik repeats an entitlement for each binding that gives it to the person.
    """
    held = claims.get(claim)
    return sorted({each for each in held if isinstance(each, str)}) if isinstance(held, list) else []


def preview(context: Context) -> list[dict[str, Any]]:
    """What the people whom a task is about get of an application, by the options of C(authentik_claims_info)."""
    service = Authentik(context)
    slug, groups, users = (context.params[name] for name in ("application", "groups", "users"))
    named = service.named_rows({"application": [slug], "group": groups or [], "user": users or []})
    application = named["application"].get(slug)
    if application is None:
        # In check mode an earlier task may be about to make it.
        return []
    if not application["provider"]:
        raise Failure(
            f"The application {slug!r} has no provider, so people get no tokens from it. Give it an OAuth2/OpenID provider."
        )
    entitled = Entitled(service, application)
    rows = sorted(_chosen(context, service, entitled, named), key=lambda row: str(row["username"]))
    claim = context.params["claim"]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda user: _person(service, application, claim, user, entitled), rows))


def _chosen(context: Context, service: Authentik, entitled: Entitled, named: Mapping[str, Mapping[str, Row]]) -> Iterable[Row]:
    """Those whom the task is about; an empty list of names means nobody."""
    if context.params["users"] is not None:
        return named["user"].values()
    rows = [row for row in service.rows_of_kind("user") if row["is_active"] and row["type"] in PEOPLE]
    if context.params["groups"] is not None:
        wanted = {row["pk"] for row in named["group"].values()}
        return [row for row in rows if wanted & entitled.groups.of(row)]
    return [row for row in rows if context.params["people"] == "all" or entitled.of(row)]


def _person(service: Authentik, application: Row, claim: str, user: Row, entitled: Entitled) -> dict[str, Any]:
    """One person by username, with the groups that they will get, those that they should get, and what differs."""
    # The bindings alone do not keep out somebody who cannot log in.
    access = user["is_active"] and let_in(service, application, user)
    held = names_in(claims_of(service, application["provider"], user), claim)
    wanted = sorted(entitled.of(user))
    saw = _difference(user, access, held, wanted)
    return {
        "username": user["username"],
        "name": user["name"],
        "active": user["is_active"],
        "access": access,
        "groups": held,
        "expected": wanted,
        "result": "failed" if saw else "passed",
        "saw": saw,
    }


def _difference(user: Row, access: bool, held: Sequence[str], wanted: Sequence[str]) -> str:
    said = []
    if wanted and not user["is_active"]:
        said.append("the account is not active")
    elif wanted and not access:
        said.append("the application's bindings do not let this person in")
    missing, more = sorted(set(wanted) - set(held)), sorted(set(held) - set(wanted))
    said += [f"the token lacks {', '.join(missing)}"] if missing else []
    said += [f"the token has {', '.join(more)} too"] if more else []
    return "; ".join(said)
