#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_app_password
short_description: Manage an app password in authentik
version_added: 0.1.0
description:
  - Creates, changes and removes one app password of a user, known by its O(identifier).
  - With it the user gets tokens by the client credentials grant, as NetBird's management server does. It is not an API token.
  - authentik makes the password, once. It is read only where O(return_key=true).
  - A token of another kind or of another user is never touched.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.authentik
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_authentik
options:
  identifier:
    description: The name of the app password, of letters, digits, C(-) and C(_). It identifies it among all tokens of the server.
    type: str
    required: true
  user:
    description: Username of whom it is for. Needed to create the app password.
    type: str
  description:
    description: What it is for.
    type: str
  expiring:
    description: Whether it expires. A new app password does not, unless O(expires) says when.
    type: bool
  expires:
    description:
      - When it expires, in ISO 8601, such as V(2027-01-31T00:00:00Z). Without a time zone it is UTC.
      - authentik chooses a time itself where only O(expiring=true) is asked for.
    type: str
  key:
    description: The password itself. authentik makes one where it is left out.
    type: str
  rotate:
    description: Whether an app password that exists gets a new key. Such a task is always changed.
    type: bool
    default: false
  return_key:
    description:
      - Whether the result has the password, for the tasks that come after.
      - The result of such a task is hidden from output, as with C(no_log), unless the task fails.
    type: bool
    default: false
seealso:
  - module: zerotrust.netbird_authentik.authentik_user
"""

EXAMPLES = r"""
- name: An app password
  zerotrust.netbird_authentik.authentik_app_password:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    identifier: password-of-alice
    user: alice
    return_key: true
  register: app_password
"""

RETURN = r"""
app_password:
  description:
    - The app password's id and settings, without the password, under the names that authentik's API has for them.
    - In check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    pk: b41c5ed1-c63e-455a-be92-82d8d4568e50
    identifier: password-of-alice
    user: 10
key:
  description: The password. The task's own O(key) is not repeated.
  returned: when O(return_key=true) and the app password exists
  type: str
  sample: R2D3jRdwjF1Im262jbWVwBb6waCUoonFTbgtnCZX4xAp3EyX2x1EMrYaRQWs
"""

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
    run_module,
    text,
)

KEY_LENGTH = 60


def moment(value: Any) -> Any:
    """A time of either side in one form."""
    if not isinstance(value, str):
        return value
    try:
        read = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        raise Failure(f"expires: {value!r} is not a time such as 2027-01-31T00:00:00Z. Nothing was changed.") from None
    return (read if read.tzinfo else read.replace(tzinfo=timezone.utc)).astimezone(timezone.utc).isoformat()


APP_PASSWORD = Resource(
    kind="app password",
    path="core/tokens/",
    label="identifier",
    id="identifier",
    identity=("identifier",),
    filter="identifier",
    # A change that leaves out user and intent hands the token to the caller, as an API token (measured).
    whole=("identifier", "intent", "user", "description", "expires", "expiring"),
    fields=(
        Field("identifier", required=True),
        Field("intent", internal=True, default="app_password"),
        Field("user", ref="user", needed=True),
        Field("description", canonical=text),
        Field("expiring", type="bool", default=False),
        Field("expires", canonical=moment),
        Field(
            "key",
            secret=True,
            readable=False,
            in_body=False,
            endpoint=Endpoint("core/tokens/{identifier}/set_key/", "key"),
        ),
    ),
)
ARGUMENT_SPEC = argument_spec(
    Authentik,
    {
        **APP_PASSWORD.arguments(),
        "rotate": {"type": "bool", "default": False},
        "return_key": {"type": "bool", "default": False, "no_log": False},
        **STATE_ARGUMENT,
    },
    mutually_exclusive=[("key", "rotate")],
)


def key_of(service: Authentik, identifier: str) -> str:
    """The password, which no other answer holds."""
    return str(service.get(f"core/tokens/{identifier}/view_key/")["key"])


def refuse_others(params: Mapping[str, Any], current: Mapping[str, Any] | None) -> None:
    if params["key"] is not None and not params["key"].strip():
        raise Failure("key is empty. Leave it out, and authentik makes one. Nothing was changed.")
    moment(params["expires"])
    if current is None:
        return
    if current["intent"] != "app_password":
        raise Failure(f"{params['identifier']!r} is a token of another kind ({current['intent']}). Choose another identifier.")
    owner = current["user_obj"]["username"]
    if params["user"] not in (None, owner):
        raise Failure(f"app password {params['identifier']!r} belongs to {owner!r}. Remove it, or choose another identifier.")


def run(context: Context) -> dict[str, Any]:
    params = dict(context.params)
    service = Authentik(context)
    identifier, key = params["identifier"], params["key"]
    current = service.find(APP_PASSWORD, "identifier", identifier)
    refuse_others(params, current)
    if params["expires"] is not None and params["expiring"] is None:
        params["expiring"] = True
    if params["state"] == "present" and current is not None:
        if params["rotate"]:
            params["key"] = "".join(secrets.choice(string.ascii_letters + string.digits) for dummy in range(KEY_LENGTH))
            context.secrets.update([] if params["return_key"] else [params["key"]])
        elif key is not None and key == key_of(service, identifier):
            params["key"] = None
    context = replace(context, params=params)
    result = ensure_object(context, service, APP_PASSWORD, returns="app_password", update_secret=True)
    exists = params["state"] == "present" and not (context.check_mode and (current is None or params["key"]))
    return {**result, **({"key": key_of(service, identifier)} if params["return_key"] and exists and key is None else {})}


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
