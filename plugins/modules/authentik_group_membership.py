#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_group_membership
short_description: Manage who is in a group of authentik
version_added: 0.1.0
description:
  - Puts users into one group of authentik and takes them out. Other members stay unless O(exact=true).
  - The group itself is left alone, see M(zerotrust.netbird_authentik.authentik_group).
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.authentik
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_authentik
options:
  group:
    description: The group's name.
    type: str
    required: true
  members:
    description: Usernames of whom the task is about.
    type: list
    elements: str
    required: true
  exact:
    description: Whether everybody else is taken out of the group.
    type: bool
    default: false
  state:
    description: Whether the members should be in the group. V(absent) takes only them out of it.
seealso:
  - module: zerotrust.netbird_authentik.authentik_group
  - module: zerotrust.netbird_authentik.authentik_user
"""

EXAMPLES = r"""
- name: Alice is a developer
  zerotrust.netbird_authentik.authentik_group_membership:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    group: developers
    members: [alice]
"""

RETURN = r"""
members:
  description: Usernames of all who are in the group; in check mode of those who would be.
  returned: success
  type: list
  elements: str
  sample: [alice, bob]
"""

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
    finish,
    plan_object,
    run_module,
)

MEMBERSHIP = Resource(
    kind="group",
    path="core/groups/",
    label="group",
    identity=("name",),
    filter="name",
    fields=(
        Field("group", api="name", required=True),
        Field(
            "members",
            api="users",
            type="list",
            elements="str",
            ref="user",
            required=True,
            unordered=True,
            in_body=False,
            # One by one, so that what others change meanwhile stays; both calls may be repeated (measured).
            endpoint=Endpoint("core/groups/{pk}/add_user/", "pk", each=True),
            removal=Endpoint("core/groups/{pk}/remove_user/", "pk", each=True),
        ),
    ),
)
ARGUMENT_SPEC = argument_spec(
    Authentik,
    {**MEMBERSHIP.arguments(), "exact": {"type": "bool", "default": False}, **STATE_ARGUMENT},
)


def run(context: Context) -> dict[str, Any]:
    group, names, exact = (context.params[option] for option in ("group", "members", "exact"))
    absent = context.params["state"] == "absent"
    if exact and (absent or not names):
        raise Failure("exact needs the members who are to stay: nobody would be left in the group. Nothing was changed.")
    service = Authentik(context)
    current = service.find(MEMBERSHIP, "name", group)
    if current is None and not absent:
        service.id_of("group", group)
    current = current or {"name": group, "users": [], "users_obj": []}
    members = {user["username"]: user["pk"] for user in current["users_obj"]}
    for name, user in members.items():
        service.learn("user", name, user)
    if absent:
        wanted = {name: user for name, user in members.items() if name not in names}
    else:
        service.look_up({"user": names})
        wanted = {**({} if exact else members), **{name: service.id_of("user", name) for name in names}}
    operation = plan_object(MEMBERSHIP, {"group": group, "members": list(wanted.values())}, current)
    return {**finish(context, service, [operation])[0], "members": sorted(wanted)}


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
