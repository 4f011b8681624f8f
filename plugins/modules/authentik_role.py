#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_role
short_description: Manage a role in authentik
version_added: 0.1.0
description:
  - Creates, changes and removes one role of authentik, and what it permits everywhere.
  - Permissions on single objects are left alone.
  - Give a role to people with the option O(zerotrust.netbird_authentik.authentik_group#module:roles) of a group.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.authentik
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_authentik
options:
  name:
    description: The role's name. It identifies the role.
    type: str
    required: true
  permissions:
    description:
      - What the role permits, such as V(authentik_core.view_user). The list replaces the one that the role has.
      - Left out, it is left as it is.
    type: list
    elements: str
seealso:
  - module: zerotrust.netbird_authentik.authentik_group
"""

EXAMPLES = r"""
- name: A role that may read who there is, and nothing else
  zerotrust.netbird_authentik.authentik_role:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    name: readers of the directory
    permissions: [authentik_core.view_user]
"""

RETURN = r"""
role:
  description: The role's id, name and permissions; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    pk: 1f0a3c0e-6f0e-4a3e-8a3c-0f6f1f6b2a55
    name: readers of the directory
    permissions: [authentik_core.view_user]
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.service import Authentik
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import (
    STATE_ARGUMENT,
    Consent,
    Context,
    Endpoint,
    Field,
    Operation,
    Resource,
    argument_spec,
    ensure_object,
    run_module,
)

ASSIGNED = "rbac/permissions/assigned_by_roles/{pk}/"


def permissions_of(service: Authentik, role: Mapping[str, Any]) -> list[str]:
    """What a role permits on every object of a kind (C(GET rbac/permissions/?role=)), as C(app.permission)."""
    rows = service.all_rows("rbac/permissions/", {"role": role["pk"]})
    return [f"{row['app_label']}.{row['codename']}" for row in rows]


def unknown_permissions(service: Authentik, operation: Operation, _plan: Sequence[Operation]) -> str:
    """authentik makes the role before it refuses a permission, and answers one that there is not with a failure of its own."""
    held = operation.existing.get("permissions") or []
    new = [each for each in operation.values.get("permissions", []) if each not in held]
    unknown = []
    for permission in new:
        app, _dot, codename = permission.partition(".")
        rows = service.all_rows("rbac/permissions/", {"codename": codename}) if codename else []
        if app not in [row["app_label"] for row in rows if row["codename"] == codename]:
            unknown.append(repr(permission))
    return f"authentik has no permission {' and no '.join(unknown)}" if unknown else ""


ROLE = Resource(
    kind="role",
    path="rbac/roles/",
    # Only a new read shows a role's permissions.
    fresh=True,
    fields=(
        Field("name", required=True),
        Field(
            "permissions",
            type="list",
            elements="str",
            unordered=True,
            in_body=False,
            source=permissions_of,
            endpoint=Endpoint(f"{ASSIGNED}assign/", "permissions"),
            removal=Endpoint(f"{ASSIGNED}unassign/", "permissions", method="PATCH"),
        ),
    ),
    consents=(Consent("", unknown_permissions),),
)
ARGUMENT_SPEC = argument_spec(Authentik, {**ROLE.arguments(), **STATE_ARGUMENT})


def run(context: Context) -> dict[str, Any]:
    return ensure_object(context, Authentik(context), ROLE, returns="role")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
