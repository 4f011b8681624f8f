# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes in one person: what authentik and NetBird have of them, whether they are let in, and where their login stopped.

PRIVATE to this collection. They look at rows as both APIs have them, and at a login (:class:`_oidc.login.Login`).
"""

from __future__ import annotations

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.outcomes import LOGGED_IN
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.cause import Catalogue
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.seen import Seen, Unseen, said_by

cause = Catalogue()


def wanted_groups(seen: Seen) -> list[str]:
    """The groups that the person should be in: those asked for, else the entitlements."""
    return sorted(seen.entitled if seen.expected_groups is None else seen.expected_groups)


# In authentik


@cause(
    check="Person",
    symptom='authentik says "Invalid password", whoever it is.',
    remedy="Correct the username, or make the person.",
    explains=("password_refused", "denied_by_flow"),
)
def person_missing(seen: Seen) -> str:
    """authentik has no such person."""
    return "" if seen.person else f"no user {seen.username}"


@cause(
    check="Person",
    symptom='authentik says "Invalid password", though it is right.',
    remedy="Activate the user in authentik.",
    explains=("password_refused", "denied_by_flow"),
)
def person_inactive(seen: Seen) -> str:
    """The person's account is not active."""
    return f"is_active of {seen.username} is false" if seen.person and not seen.person["is_active"] else ""


@cause(
    check="Person",
    symptom='authentik shows "Permission denied".',
    remedy="Bind the person, or a group that the person is in, to the application, or add the person to a group that is bound.",
    explains=("permission_denied",),
)
def person_not_let_in(seen: Seen) -> str:
    """The application's bindings do not let the person in."""
    return "" if seen.person_access else f"check_access of {seen.slug} says no for {seen.username}"


@cause(
    check="Person",
    warning=True,
    symptom="The login works, and the person is in no group of NetBird; policies that are for groups do not let them "
    "reach anything.",
    remedy="Bind the person, or a group that the person is in, to an entitlement of the application.",
    explains=("groups_differ",),
)
def person_without_entitlement(seen: Seen) -> str:
    """The person has no entitlement of the application."""
    return "" if seen.entitled else f"no entitlement of {seen.slug} is bound to {seen.username}"


@cause(
    check="Person",
    warning=True,
    symptom="Logins work, and NetBird shows the person without an address; invitations and notices do not reach them.",
    remedy="Give the person an e-mail address in authentik.",
)
def person_without_email(seen: Seen) -> str:
    """The person has no e-mail address in authentik."""
    return f"email of {seen.username} is empty" if seen.person and not seen.person["email"] else ""


@cause.evidence("Person")
def person(seen: Seen) -> str:
    """Who it is, and what is bound to them."""
    return f"{seen.username} is let in, with the entitlements {', '.join(sorted(seen.entitled))}"


# In NetBird


@cause(
    check="Approval",
    symptom="The login works, and then NetBird answers 403 user is blocked.",
    remedy="Approve the person in NetBird (Team, Users), or turn user approval off (management_user_approval_required: false).",
    explains=("user_blocked",),
    thread="netbirdio/netbird#5102",
)
def waiting_for_approval(seen: Seen) -> str:
    """The person waits for an administrator of NetBird to approve them."""
    return f"pending_approval of {seen.username} is true" if seen.nb_user and seen.nb_user["pending_approval"] else ""


@cause(
    check="Approval",
    symptom="The login works, and then NetBird answers 403 user is blocked.",
    remedy="Unblock the person in NetBird (Team, Users).",
    explains=("user_blocked",),
)
def person_blocked(seen: Seen) -> str:
    """The person is blocked in NetBird."""
    blocked = seen.nb_user and seen.nb_user["is_blocked"] and not seen.nb_user["pending_approval"]
    return f"is_blocked of {seen.username} is true" if blocked else ""


@cause(
    check="Approval",
    warning=True,
    symptom="Everybody who logs in for the first time gets 403 user is blocked until an administrator approves them.",
    remedy="Leave it if that is meant; or turn user approval off (management_user_approval_required: false).",
    thread="netbirdio/netbird#5102",
)
def new_people_wait(seen: Seen) -> str:
    """New people wait for an administrator of NetBird to approve them."""
    extra = seen.nb_account["settings"].get("extra") or {}
    return "user_approval_required is true" if extra.get("user_approval_required") else ""


@cause.evidence("Approval")
def approval(seen: Seen) -> str:
    """Whether new people wait for it."""
    return "new people are let in at once" if seen.nb_account["settings"].get("extra") is not None else ""


@cause(
    check="NetBird's users",
    warning=True,
    symptom="Logins work, and the person is a new one: without their peers, rights and groups, and perhaps waiting for approval.",
    remedy="Delete the one that is not used any more (Team, Users). People become new ones when the connector is made anew, or "
    "when the provider's subject mode is changed.",
)
def person_twice(seen: Seen) -> str:
    """NetBird has more than one user with the person's address."""
    same = len(seen.nb_same)
    return f"{same} users have the address {seen.nb_same[0]['email']}" if same > 1 else ""


@cause.evidence("NetBird's users")
def once(seen: Seen) -> str:
    """How often the person is there: a login that is taken back leaves none."""
    return f"{len(seen.nb_same)} with the address of {seen.username}"


@cause(
    check="Groups of the person",
    symptom="The person is in other groups than they should be.",
    remedy="What else is named here is the reason; if nothing is, compare the entitlements' bindings with what you expect.",
)
def groups_differ(seen: Seen) -> str:
    """After the login, the person is in other groups of NetBird than they should be."""
    if seen.login["outcome"] != LOGGED_IN or not seen.login["user"]:
        raise Unseen("the person's groups: NetBird did not let them in, or was not asked")
    names = {row["id"]: row["name"] for row in seen.nb_groups}
    held = sorted(names.get(group, group) for group in seen.login["user"].get("auto_groups") or [])
    wanted = wanted_groups(seen)
    return "" if held == wanted else f"in {held}, wanted {wanted}"


@cause.evidence("Groups of the person")
def groups_of_the_person(seen: Seen) -> str:
    """The groups that the login gave."""
    return ", ".join(wanted_groups(seen)) or "none, as it should be"


# What a login itself gives away

STOPPED = {"check": "Test login", "elimination": True}
# authentik says so of the fifth wrong password, of an inactive account and of one that does not exist.
INVALID_PASSWORD = "Invalid password"


@cause(
    **STOPPED,
    symptom='authentik says "Invalid password".',
    remedy="Correct verify_password. authentik blocks an account or an address after some wrong ones, if it has a "
    "policy for that.",
    explains=("password_refused", "denied_by_flow"),
)
def password_wrong(seen: Seen) -> str:
    """The person's password is wrong."""
    if not seen.person:
        return ""
    said = said_by(seen, "denied_by_flow")
    return said if said == INVALID_PASSWORD else said_by(seen, "password_refused")


@cause(
    **STOPPED,
    symptom="authentik shows a page that denies access before it asks for a password, or after it.",
    remedy="Look at the policies that are bound to the flow and to its stages (Flows and Stages, Flows): one of them, such as "
    "a reputation policy after wrong passwords, or one about networks or times, leaves this person or this host out.",
    explains=("denied_by_flow",),
)
def flow_denies(seen: Seen) -> str:
    """authentik's flow, or a policy that is bound to it, denies the person."""
    said = said_by(seen, "denied_by_flow")
    bound = f"; bound to it: {', '.join(seen.login_policies)}" if seen.login_policies else ""
    return f"the flow says: {said}{bound}" if said != INVALID_PASSWORD else ""


@cause(
    **STOPPED,
    symptom="The test login stops at the second factor.",
    remedy="Set verify_totp_secret to the Base32 secret of the person's authenticator app, or use a person without a "
    "second factor.",
    explains=("code_needed", "code_refused"),
)
def second_factor(seen: Seen) -> str:
    """authentik asks for a second factor, or does not take the one that was given."""
    return said_by(seen, "code_needed", "code_refused")


@cause(
    **STOPPED,
    symptom="The test login stops at a stage that only a browser can pass, such as a captcha or a security key.",
    remedy="Use a person whose login consists of name, password, consent and perhaps an authenticator app; or let the "
    "stage's policy leave that "
    "person out.",
    explains=("stage_unknown",),
)
def stage_needs_a_browser(seen: Seen) -> str:
    """The flow asks for something that cannot be answered without a browser."""
    return said_by(seen, "stage_unknown")
