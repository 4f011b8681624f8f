#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_user
short_description: Manage a user in authentik
version_added: 0.1.0
description:
  - Creates, changes and removes one person or service account of authentik, known by its O(username).
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
  - Groups are left alone, see M(zerotrust.netbird_authentik.authentik_group_membership).
  - A new service account has no password of any kind. Make one with M(zerotrust.netbird_authentik.authentik_app_password).
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.authentik
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_authentik
options:
  username:
    description: The name that the user logs in with. It identifies the user.
    type: str
    required: true
  name:
    description: The user's name for people. Needed to create the user.
    type: str
  email:
    description: The user's e-mail address.
    type: str
  is_active:
    description: Whether the user may log in. A new user may.
    type: bool
  type:
    description: What kind of user it is. A new user is V(internal).
    type: str
    choices: [internal, external, service_account]
  path:
    description:
      - The folder that authentik's interface shows the user in. A new user is in V(users).
      - authentik's interface puts service accounts into V(goauthentik.io/service-accounts).
    type: str
  attributes:
    description: Attributes of the user. They replace all that it has.
    type: dict
  password:
    description:
      - The password of a person. authentik tells nobody whether a password is the one that a user has, see O(update_password).
    type: str
  update_password:
    description:
      - When to write O(password). With V(on_create) only for a new user.
      - With V(always) each time, and the task is always changed. Use it once where a task was interrupted after it had made the
        user and before it had written the password.
    type: str
    choices: [on_create, always]
    default: on_create
  state:
    description: Whether the user should exist. Removing a user removes its tokens and memberships too.
seealso:
  - module: zerotrust.netbird_authentik.authentik_app_password
  - module: zerotrust.netbird_authentik.authentik_group_membership
"""

EXAMPLES = r"""
- name: A service account
  zerotrust.netbird_authentik.authentik_user:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    username: NetBird
    name: NetBird
    type: service_account
    path: goauthentik.io/service-accounts
"""

RETURN = r"""
user:
  description: The user's id and settings, under the names that authentik's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    pk: 10
    username: NetBird
    type: service_account
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.directory import (
    UPDATE_PASSWORD,
    USER,
    Authentik,
    ensure_user,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import (
    STATE_ARGUMENT,
    Context,
    argument_spec,
    run_module,
)

ARGUMENT_SPEC = argument_spec(Authentik, {**USER.arguments(), **UPDATE_PASSWORD, **STATE_ARGUMENT})


def run(context: Context) -> dict[str, Any]:
    return ensure_user(context)


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
