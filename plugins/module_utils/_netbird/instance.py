# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new NetBird server's first time: its owner, and a service user with a token for whatever comes after.

PRIVATE to this collection. C(POST /api/setup) makes the owner, and the owner's first login the account. The token that
C(create_pat) would give at once comes with an account without a domain, which parts everybody who logs in later from the others
(measured on 0.77.1), so the owner logs in by the form, as a person does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.client import Client
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.context import Context
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import ApiError, Failure, NoAnswerError
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.plan import Row
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import HIDDEN_WRITTEN
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.config import ensure_config
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.people import ROLES
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.service import Netbird
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.browser import Person, Stopped
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.client import Tls
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.login import LOCAL, access_token, dashboard
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.outcomes import OUTCOMES

SHORTEST_PASSWORD = 8
SERVICE_ROLES = ROLES[1:]


class NewNetbird(Netbird):
    """A server just after its set-up, as a check sees it beforehand: nothing that a document names is there."""

    def pages(self, path: str, params: Mapping[str, Any]) -> Iterator[tuple[list[Row], int]]:
        yield [], 0


def ensure_instance(context: Context) -> dict[str, Any]:
    """A server that is set up, and its service user with a token."""
    params = context.params
    _refuse_bad(params)
    client = Client(params["netbird_url"], "", service=Netbird.name, option=Netbird.option, **context.connection)
    owner = f"owner {params['email']!r}"
    if not _setup_required(client):
        return _by_token(context, params["netbird_token"]) if params["netbird_token"] else _by_owner(context)
    if context.check_mode:
        own = _for_document(context, "of nobody yet")
        found = _result(own, NewNetbird(own))
    else:
        _set_up(client, params)
        try:
            found = _by_owner(context)
        except Failure as failure:
            failure.done = (f"create {owner}", *failure.done)
            raise
    diff = found["diff"]
    made = {"name": params["name"], "password": HIDDEN_WRITTEN}
    return {
        **found,
        "changed": True,
        "changes": [f"create {owner}", *found["changes"]],
        "diff": {
            "before": {"instance": {"setup_required": True}, **diff["before"]},
            "after": {"instance": {"setup_required": False}, owner: made, **diff["after"]},
        },
    }


def _refuse_bad(params: Mapping[str, Any]) -> None:
    """What NetBird would refuse, before anything is asked of it; the token's days it would refuse when the owner is there."""
    for option in ("service_user", "token_name"):
        if not params[option].strip():
            raise Failure(f"{option} is empty. Nothing was changed.")
    if len(params["password"]) < SHORTEST_PASSWORD:
        raise Failure(f"password has fewer than {SHORTEST_PASSWORD} characters, which NetBird refuses. Nothing was changed.")
    if not 1 <= params["token_expires_in"] <= 365:
        raise Failure("token_expires_in has to be between 1 and 365 days. Nothing was changed.")


def _setup_required(client: Client) -> bool:
    """Whether the server waits for its owner (C(GET /api/instance), which needs no token)."""
    found = client.request("GET", "/api/instance")
    if not isinstance(found, Mapping) or "setup_required" not in found:
        raise Failure(f"{client.url} does not answer as NetBird does. Check netbird_url.")
    return bool(found["setup_required"])


def _set_up(client: Client, params: Mapping[str, Any]) -> None:
    """Make the owner. Where the answer was lost, it is seen when they log in whether that is who this task names."""
    try:
        client.request("POST", "/api/setup", body={name: params[name] for name in ("email", "password", "name")})
    except (ApiError, NoAnswerError) as error:
        refused = isinstance(error, ApiError) and error.status < 500
        if refused or _setup_required(client):
            raise


def _by_owner(context: Context) -> dict[str, Any]:
    """The service user and the token, made by the owner who logs in for it."""
    params = context.params
    client = replace(dashboard(params["netbird_url"], LOCAL), log_out="")
    person = Person(params["email"], params["password"])
    try:
        with access_token(Tls(**context.connection), client, person) as token:
            context.secrets.add(token)
            return _by_token(context, token)
    except Stopped as stopped:
        raise Failure(
            f"NetBird is set up, and the login of {params['email']} ended: {OUTCOMES[stopped.outcome]} "
            f"({stopped.where}: {stopped.said}). Give the email and the password of its owner."
        ) from None


def _by_token(context: Context, token: str) -> dict[str, Any]:
    """The service user and the token, made by somebody who has a token already."""
    own = _for_document(context, token)
    return _result(own, Netbird(own))


def _result(context: Context, service: Netbird) -> dict[str, Any]:
    """What was made of the document, with the token where it is asked for and new."""
    found = ensure_config(context, service)
    told = found.pop("secrets", {}).get("tokens", {}).values()
    return {**found, **{name: secret for each in told for name, secret in each.items()}}


def _for_document(context: Context, token: str) -> Context:
    """The same task with the owner's token and a document, as netbird_config takes them."""
    params = context.params
    user, name = params["service_user"], params["token_name"]
    token_of_user = {"user": user, "name": name, "expires_in": params["token_expires_in"], "renew_before": params["renew_before"]}
    document = {
        "users": [{"user": user, "role": params["role"], "is_service_user": True}],
        "tokens": [token_of_user],
    }
    given: dict[str, Any] = {"config": document, "state": "present", "prune": [], "prune_mark": None, "allow_empty": False}
    return replace(context, params={**params, **given, "netbird_token": token})
