# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what was seen to the table of checks: what failed, why, and what to do.

PRIVATE to this collection. Pure: everything was looked at before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.outcomes import LOGGED_IN, OUTCOMES
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.cause import Cause, Evidence, Row, mend
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.seen import LOGINS, Seen, Unseen


def diagnose(causes: Sequence[Cause], evidences: Sequence[Evidence], seen: Seen) -> list[Row]:
    """Every check as a row, or as one row per cause that fails it.

    A check without a failing cause has passed if at least one of its causes could be judged, and was skipped if none could.
    """
    causes = [cause for cause in causes if cause.setup in ("", seen.setup)]
    found: dict[str, str] = {}
    judged: set[str] = set()
    unseen: dict[str, str] = {}

    def judge(cause: Cause) -> None:
        try:
            saw = cause.found(seen)
        except Unseen as reason:
            unseen.setdefault(cause.check, str(reason))
        else:
            judged.add(cause.check)
            if saw:
                found[cause.id] = saw

    for cause in causes:
        if not cause.elimination:
            judge(cause)
    logins = {check: getattr(seen, name) for name, check in LOGINS.items() if name in seen}
    for login in logins.values():
        if login["outcome"] != LOGGED_IN and not _leading_to(login["outcome"], causes, found):
            for cause in causes:
                if cause.elimination and login["outcome"] in cause.explains:
                    judge(cause)

    rows: list[Row] = []
    for check in dict.fromkeys(cause.check for cause in causes):
        failing = [cause for cause in causes if cause.check == check and cause.id in found]
        for cause in failing:
            rows.append(cause.row(found[cause.id], _leading_to(cause.found.__name__, causes, found)))
        if not failing and check in judged:
            rows.append(row(check, "passed", saw=_evidence(check, evidences, seen)))
        elif not failing and check in unseen:
            rows.append(row(check, "skipped", title=unseen[check]))
    blinding = [cause.id for cause in causes if cause.id in found and cause.blinding]
    rows += [_login_row(check, login, _leading_to(login["outcome"], causes, found), blinding) for check, login in logins.items()]
    return rows


def _leading_to(effect: str, causes: Sequence[Cause], found: Mapping[str, str]) -> list[str]:
    """The ids of the causes that were found and that lead to an outcome, or to another cause."""
    return [cause.id for cause in causes if cause.id in found and effect in cause.explains]


def _evidence(check: str, evidences: Sequence[Evidence], seen: Seen) -> str:
    """What a check saw; nothing where a part of it was not seen."""
    for evidence in evidences:
        if evidence.check == check and evidence.setup in ("", seen.setup):
            try:
                return evidence.shown(seen)
            except Unseen:
                return ""
    return ""


def row(check: str, result: str, *, title: str = "", saw: str = "", **more: str) -> Row:
    """A row of the table."""
    return {"check": check, "result": result, "cause": "", "title": title, "saw": saw, "remedy": "", "thread": "", **more}


def _login_row(check: str, login: Mapping[str, Any], ids: Sequence[str], blinding: Sequence[str]) -> Row:
    """The login itself: it worked, or it ended somewhere for the causes that are named, or for one that could not be seen."""
    if login["outcome"] == LOGGED_IN:
        claims = login["claims"]
        who = claims.get("preferred_username") or claims.get("sub", "")
        return row(check, "passed", saw=f"logged in as {who}{_left(login)}")
    title = f"The login ended: {OUTCOMES[login['outcome']]}."
    saw = f"{login['where']}: {login['said']}"
    if not ids and blinding:
        remedy = f"What leads to this cannot be told because of {', '.join(blinding)}: mend that first."
        return row(check, "failed", title=title, saw=saw, cause=blinding[0], remedy=remedy)
    if not ids:
        remedy = "Nothing that is known to lead to this was found. The log of the server that answered says more."
        return row(check, "failed", title=title, saw=saw, cause="login-unexplained", remedy=remedy)
    return row(check, "failed", title=title, saw=saw, cause=ids[0], remedy=mend(ids))


def _left(login: Mapping[str, Any]) -> str:
    """What a first login left in NetBird."""
    if not login.get("user_made"):
        return ""
    return ", and the user that NetBird made was removed again" if login["user_removed"] else ", and NetBird made a user for that"


class ChecksFailed(Failure):
    """Something is wrong; the result has all checks and whatever else was seen."""

    def __init__(self, checks: Sequence[Row], more: Mapping[str, Any]) -> None:
        failed = [check for check in checks if check["result"] == "failed"]
        super().__init__(" ".join(f"{check['title']} ({check['saw']}) {check['remedy']}" for check in failed))
        self._result = {"checks": list(checks), **more}

    def result(self) -> dict[str, Any]:
        return self._result


def passes(checks: Sequence[Row], **more: Any) -> dict[str, Any]:
    """A module's result; raises :class:`ChecksFailed` where a check has failed."""
    if any(check["result"] == "failed" for check in checks):
        raise ChecksFailed(checks, more)
    return {"changed": False, "checks": list(checks), **more}
