# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""authentik's tokens (C(core/tokens/)): one kind of object for each intent, whose key only an endpoint of its own tells.

PRIVATE to this collection.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.service import Authentik
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import (
    STATE_ARGUMENT,
    Context,
    Endpoint,
    Failure,
    Field,
    Resource,
    argument_spec,
    ensure_object,
    text,
)

KEY_LENGTH = 60


def _moment(value: Any) -> Any:
    """A time of either side in one form."""
    if not isinstance(value, str):
        return value
    try:
        read = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        raise Failure(f"expires: {value!r} is not a time such as 2027-01-31T00:00:00Z. Nothing was changed.") from None
    return (read if read.tzinfo else read.replace(tzinfo=timezone.utc)).astimezone(timezone.utc).isoformat()


def _token_kind(kind: str, intent: str) -> Resource:
    return Resource(
        kind=kind,
        path="core/tokens/",
        label="identifier",
        id="identifier",
        identity=("identifier",),
        filter="identifier",
        # A change that leaves out user and intent hands the token to the caller, as an API token (measured).
        whole=("identifier", "intent", "user", "description", "expires", "expiring"),
        fields=(
            Field("identifier", required=True),
            Field("intent", internal=True, default=intent),
            Field("user", ref="user", needed=True),
            Field("description", canonical=text),
            Field("expiring", type="bool", default=False),
            Field("expires", canonical=_moment),
            Field(
                "key",
                secret=True,
                readable=False,
                in_body=False,
                endpoint=Endpoint("core/tokens/{identifier}/set_key/", "key"),
            ),
        ),
    )


APP_PASSWORD = _token_kind("app password", "app_password")
API_TOKEN = _token_kind("API token", "api")


def arguments(resource: Resource) -> dict[str, Any]:
    """The argument spec of a kind's module."""
    return argument_spec(
        Authentik,
        {
            **resource.arguments(),
            "rotate": {"type": "bool", "default": False},
            "return_key": {"type": "bool", "default": False, "no_log": False},
            **STATE_ARGUMENT,
        },
        mutually_exclusive=[("key", "rotate")],
    )


def ensure(context: Context, resource: Resource, returns: str) -> dict[str, Any]:
    """One token as the task's options say, and its key where it is asked for."""
    params = dict(context.params)
    service = Authentik(context)
    identifier, key = params["identifier"], params["key"]
    current = service.find(resource, "identifier", identifier)
    _refuse_others(resource, params, current)
    if params["expires"] is not None and params["expiring"] is None:
        params["expiring"] = True
    if params["state"] == "present" and current is not None:
        if params["rotate"]:
            params["key"] = "".join(secrets.choice(string.ascii_letters + string.digits) for dummy in range(KEY_LENGTH))
            context.secrets.update([] if params["return_key"] else [params["key"]])
        elif key is not None and key == _key_of(service, identifier):
            params["key"] = None
    context = replace(context, params=params)
    result = ensure_object(context, service, resource, returns=returns, update_secret=True)
    exists = params["state"] == "present" and not (context.check_mode and (current is None or params["key"]))
    return {**result, **({"key": _key_of(service, identifier)} if params["return_key"] and exists and key is None else {})}


def _refuse_others(resource: Resource, params: Mapping[str, Any], current: Mapping[str, Any] | None) -> None:
    if params["key"] is not None and not params["key"].strip():
        raise Failure("key is empty. Leave it out, and authentik makes one. Nothing was changed.")
    _moment(params["expires"])
    if current is None:
        return
    intent = next(field.default for field in resource.fields if field.name == "intent")
    if current["intent"] != intent:
        raise Failure(f"{params['identifier']!r} is a token of another kind ({current['intent']}). Choose another identifier.")
    owner = current["user_obj"]["username"]
    if params["user"] not in (None, owner):
        raise Failure(f"{resource.kind} {params['identifier']!r} belongs to {owner!r}. Remove it, or choose another identifier.")


def _key_of(service: Authentik, identifier: str) -> str:
    """The key, which no other answer holds."""
    return str(service.get(f"core/tokens/{identifier}/view_key/")["key"])
