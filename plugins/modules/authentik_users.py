#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_users
short_description: Manage a set of users in authentik
version_added: 0.1.0
description:
  - Creates, changes and removes people and service accounts of authentik, each known by its username.
  - The whole set is one task. The number of requests grows with what changes, not with what there is.
  - An option that an entry leaves out is left as it is on the server. An explicit empty value is written.
  - Groups are left alone, see M(zerotrust.netbird_authentik.authentik_group_membership).
  - The user whose token the task has, and the accounts of authentik's outposts, are never pruned.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.authentik
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.set
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_authentik
options:
  users:
    description: The users, each named once, with the options of M(zerotrust.netbird_authentik.authentik_user).
    type: list
    elements: dict
    required: true
    suboptions:
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
          - The password of a person. authentik tells nobody whether a password is the one that a user has, see
            O(users[].update_password).
        type: str
      update_password:
        description:
          - When to write O(users[].password). With V(on_create) only for a new user.
          - With V(always) each time, and the task is always changed. Use it once where a task was interrupted after it had made
            the user and before it had written the password.
        type: str
        choices: [on_create, always]
        default: on_create
  prune:
    description: Whether to remove the users that the task does not name and that are in every scope that it gives.
    type: bool
    default: false
  prune_prefix:
    description: The scope of O(prune) is what has a name that begins like this.
    type: str
  prune_path:
    description: The scope of O(prune) is who is in this folder, or in one below it.
    type: str
  prune_attributes:
    description: The scope of O(prune) is what has all of these attributes, with these values.
    type: dict
  allow_empty:
    description: Whether O(prune=true) may remove every user of its scope, because O(users) is empty.
    type: bool
    default: false
  state:
    description: Whether the named users should exist. With V(absent) only their names count.
seealso:
  - module: zerotrust.netbird_authentik.authentik_user
"""

EXAMPLES = r"""
- name: The people of the company, and nobody else in their folder
  zerotrust.netbird_authentik.authentik_users:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    users:
      - username: alice
        name: Alice
        email: alice@company.example
        path: company
      - username: bob
        name: Bob
        path: company
        is_active: false
    prune: true
    prune_path: company
"""

RETURN = r"""
users:
  description:
    - The users' ids and settings, in the order of the task, under the names that authentik's API has for them; in check mode as
      they would be.
  returned: when O(state=present)
  type: list
  elements: dict
  sample:
    - pk: 10
      username: alice
      type: internal
changes:
  description:
    - What was done, one sentence each; in check mode what would be done.
    - Where the task has failed, what it had done by then.
  returned: success
  type: list
  elements: str
  sample: ["create user 'alice'"]
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.directory import (
    UPDATE_PASSWORD,
    USER,
    Authentik,
    ensure_users,
    set_arguments,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, argument_spec, run_module

ARGUMENT_SPEC = argument_spec(
    Authentik,
    **set_arguments("users", {**USER.arguments(), **UPDATE_PASSWORD}, {"prefix": "str", "path": "str", "attributes": "dict"}),
)


def run(context: Context) -> dict[str, Any]:
    return ensure_users(context)


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
