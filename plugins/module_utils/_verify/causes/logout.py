# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes of a log-out that does not end as people think it does.

PRIVATE to this collection. They look at the log-out that followed a login (:class:`_logout.LogOut` as a dictionary) and at the
provider in authentik; what each leads to was measured (the recorded flows).
"""

from __future__ import annotations

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.service import release
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.browser import LOGGED_OUT, STRANDED
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.outcomes import OUTCOMES
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.cause import Catalogue
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.causes.authentik import takes
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.seen import Seen

cause = Catalogue()
LOG_OUT = "Log-out"
# The first release of authentik that sends somebody back who logs out.
SENDS_BACK = "2026.5.0-rc1"


def wanted_return(seen: Seen) -> str:
    """The URL that authentik is told to send people back to: NetBird's own, or the dashboard's."""
    return str(seen.log_out_callback) if seen.setup == "management" else f"{seen.netbird_url}/"


def _sends_back(seen: Seen) -> bool:
    """Whether this authentik can; an older one leaves everybody on a page of its own, and there is no more to it."""
    return release(seen.authentik_version) >= release(SENDS_BACK)


@cause(
    check=LOG_OUT,
    symptom="Who logs out of NetBird is left on a page of authentik, and never comes back to NetBird.",
    remedy="Add the URL to the provider as a strict redirect of the type Logout (the roles do).",
)
def logout_redirect_missing(seen: Seen) -> str:
    """The provider has no redirect for log-outs of NetBird, which end at authentik."""
    url = wanted_return(seen)
    entries = seen.provider["redirect_uris"]
    missing = entries and _sends_back(seen) and not any(takes(entry, url, "logout") for entry in entries)
    if missing and "log_out" not in seen:
        return f"no redirect of the type logout is {url}"
    # What the provider has is no proof that somebody comes back: only a log-out is.
    ended = seen.log_out
    stranded = missing and ended["outcome"] == STRANDED
    return f"no redirect of the type logout is {url}, and the log-out ended at {ended['where']}" if stranded else ""


@cause(
    check=LOG_OUT,
    warning=True,
    symptom="After a log-out, whoever is next at the same computer is in NetBird with one click, and with the same name.",
    remedy="Leave it where everybody has a computer of their own: staying logged in to the other applications is what single "
    "sign-on is for. Where computers are shared, set the provider's invalidation flow to default-invalidation-flow (the roles' "
    "management_invalidation_flow, standalone_invalidation_flow): a log-out of NetBird then ends authentik's session, and with "
    "it everything else that the person has open there.",
)
def session_outlives_logout(seen: Seen) -> str:
    """Who logs out of NetBird stays logged in to authentik."""
    ended = seen.log_out
    outlives = ended["outcome"] in (LOGGED_OUT, STRANDED) and ended["session_ended"] is False
    return f"authentik's session was still there after the flow {seen.invalidation_flow}" if outlives else ""


@cause(
    check=LOG_OUT,
    symptom="Who logs out of NetBird gets an error, or ends somewhere else.",
    remedy="The log of the server that answered says more.",
)
def logout_fails(seen: Seen) -> str:
    """The log-out does not lead back to NetBird."""
    ended = seen.log_out
    left = ended["outcome"] == STRANDED and (not _sends_back(seen) or logout_redirect_missing(seen))
    if ended["outcome"] == LOGGED_OUT or left:
        return ""
    how = {**OUTCOMES, STRANDED: "authentik does not send the person back"}[ended["outcome"]]
    return f"{ended['where']}: {how} ({ended['said']})"


@cause.evidence(LOG_OUT)
def logged_out(seen: Seen) -> str:
    """Where the browser was left, and what became of authentik's session."""
    session = {True: "authentik's session is ended", False: "authentik's session stays"}.get(seen.log_out["session_ended"], "")
    return ", ".join(filter(None, (f"ended at {seen.log_out['where']}", session)))
