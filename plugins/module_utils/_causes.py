# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Named causes: what can be wrong, how it is seen, and what to do about it.

PRIVATE to this collection. Each cause is a function that looks at what was seen and returns what gives the cause away, or
nothing. Its name is the cause's id, its docstring says what is wrong; symptom, remedy and thread are written beside it. Beside
the causes of a check is its evidence: what was seen where it passed. The checks and the troubleshooting page are made from the
same catalogue, which is in C(_causes_*.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._errors import Failure

Row = dict[str, str]
LOGGED_IN = "logged_in"
LOGIN = "Login"
# What was tried, and the check that it is.
LOGINS = {"login": LOGIN, "device_login": "Login of a device"}


class Unseen(Exception):
    """A cause cannot be judged; the message says what was not seen, and why."""


class Seen:
    """Everything that was looked at, by name; what was not raises :class:`Unseen` when a cause asks for it."""

    def __init__(self, things: Mapping[str, Any], reasons: Mapping[str, str] | None = None) -> None:
        self._things = things
        self._reasons = reasons or {}

    def __getattr__(self, name: str) -> Any:
        if name not in self._things:
            raise Unseen(self._reasons.get(name, f"{name.replace('_', ' ')}: not looked at"))
        return self._things[name]

    def __contains__(self, name: str) -> bool:
        return name in self._things


@dataclass(frozen=True)
class Cause:
    """One named cause.

    ``found`` says what gives it away, and nothing where it is not there. ``check`` is the check that fails because of it,
    ``setup`` the one set-up that it belongs to (both when empty), ``explains`` are the outcomes of a login, and other causes,
    that it leads to. A cause by ``elimination`` is looked for only in a login that nothing else explains, one that is
    ``blinding`` keeps others from being seen.
    """

    id: str
    title: str
    check: str
    symptom: str
    remedy: str
    found: Callable[[Seen], str]
    setup: str = ""
    explains: Sequence[str] = ()
    elimination: bool = False
    blinding: bool = False
    warning: bool = False
    thread: str = ""

    def row(self, saw: str, reasons: Sequence[str] = ()) -> Row:
        """This cause as a row of the table; ``reasons`` are the ids of other causes that lead to it."""
        return {
            "check": self.check,
            "result": "warning" if self.warning else "failed",
            "cause": self.id,
            "title": self.title,
            "saw": saw,
            "remedy": mend(reasons) if reasons else self.remedy,
            "thread": self.thread,
        }


Found = Callable[[Seen], str]


@dataclass(frozen=True)
class Evidence:
    """What a check saw where it has passed; never a secret. ``setup`` as for a cause."""

    check: str
    shown: Found
    setup: str = ""


class Catalogue:
    """A decorator that makes functions into causes, and keeps them in the order of the file, with the checks' evidence."""

    def __init__(self) -> None:
        self.causes: list[Cause] = []
        self.evidences: list[Evidence] = []

    def evidence(self, check: str, setup: str = "") -> Callable[[Found], Found]:
        """A decorator that makes a function into the evidence of a check."""

        def keep(shown: Found) -> Found:
            self.evidences.append(Evidence(check, shown, setup))
            return shown

        return keep

    def __call__(self, **about: Any) -> Callable[[Found], Found]:
        def keep(found: Found) -> Found:
            self.causes.append(Cause(id=found.__name__.replace("_", "-"), title=str(found.__doc__), found=found, **about))
            return found

        return keep


def row(check: str, result: str, *, title: str = "", saw: str = "", **more: str) -> Row:
    """A row of the table."""
    return {"check": check, "result": result, "cause": "", "title": title, "saw": saw, "remedy": "", "thread": "", **more}


def mend(ids: Sequence[str]) -> str:
    """What to do about something that has causes of its own."""
    return f"This comes from {', '.join(ids)}: mend that first."


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


def past(moment: str) -> bool:
    """Whether a moment, as authentik's API writes it, has gone by."""
    return datetime.fromisoformat(moment.replace("Z", "+00:00")) < datetime.now(timezone.utc)


def said_by(seen: Seen, *outcomes: str) -> str:
    """The words of the server that ended a login, a device's included, in one of these ways."""
    logins = [getattr(seen, name) for name in LOGINS if name in seen]
    return next((str(login["said"]) for login in logins if login["outcome"] in outcomes), "")


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


# How a login can end, for people. The names are those of a login's ``outcome``.
OUTCOMES = {
    "unreachable": "a server gave no answer",
    "certificate_expired": "a server's certificate has expired",
    "certificate_unknown": "a server's certificate cannot be verified",
    "no_document": "the issuer has no discovery document",
    "client_id_refused": 'authentik shows "Client ID Error"',
    "redirect_refused": 'authentik shows "Redirect URI Error"',
    "permission_denied": 'authentik shows "Permission denied"',
    "authorization_refused": "authentik sends the person back with an error",
    "password_refused": "authentik does not take the password",
    "denied_by_flow": "authentik's flow denies access",
    "code_needed": "authentik asks for a second factor",
    "code_refused": "authentik does not take the second factor",
    "stage_unknown": "authentik's flow asks for something that needs a browser",
    "flow_failed": "authentik's flow does not answer as a flow",
    "endless": "the redirects do not end",
    "connector_failed": 'NetBird shows "Connector failed to initialize"',
    "callback_failed": 'NetBird shows "Authentication failed"',
    "netbird_redirect_refused": "NetBird does not know the dashboard's URL",
    "server_failed": "a server answers with an error of its own",
    "page_failed": "a server shows a page that does not belong to a login",
    "device_page_missing": "authentik has no page for a device's code",
    "state_differs": "the answer belongs to another request",
    "token_refused": "no token is given for the code",
    "token_wrong": "the id_token is not right",
    "token_invalid": "NetBird answers 401 to the person's token",
    "user_blocked": "NetBird answers 403 to the person's token",
    "api_failed": "NetBird's API fails",
}
