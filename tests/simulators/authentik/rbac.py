# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles permit: a permission on every object of a kind, or on one object."""

from __future__ import annotations

import zlib
from typing import Any

from .api import RESOURCES, VERBS, Refused, allowed, lookup, paginated
from .people import PERMISSIONS, ROLES
from .spec import NO_CHOICE, NotBuilt, Resource, ServerFailure, View
from .state import Row

Result = tuple[int, Any]

# The permissions that go with no kind of object's four; a release has hundreds more, which nothing here asks for.
OTHERS = (
    "authentik_core.add_user_to_group",
    "authentik_core.preview_user",
    "authentik_core.remove_user_from_group",
    "authentik_core.reset_user_password",
    "authentik_core.set_token_key",
    "authentik_core.view_token_key",
    "authentik_rbac.assign_role_permissions",
    "authentik_rbac.unassign_role_permissions",
)
CATALOGUE = frozenset(
    [*OTHERS, *(each.permission.format(verb) for each in RESOURCES.values() for verb in VERBS.values() if each.permission)]
)
READER, VIEWING = "authentik Read-only", {name for name in CATALOGUE if ".view_" in name}  # a role that every install has
ROLE_USERS = "2026.5"  # from this release on a role holds users as well as groups


def assigned(view: View) -> list[Row]:
    """Return the permissions that a list is about: all, or those that one role has on every object."""
    role = view.query.get("role", [""])[-1]
    if role and role not in view.state.roles:
        raise Refused(400, {"role": [NO_CHOICE]})
    names = view.state.roles[role]["permissions"] if role else CATALOGUE
    wanted = view.query.get("codename", [""])[-1]
    return [{"name": name} for name in sorted(names) if wanted in ("", name.partition(".")[2])]


def permissions(view: View, _key: str, _data: Any) -> Result:
    """List permissions, to anybody who is logged in (measured: facts)."""
    return 200, paginated(view, assigned(view), PERMISSIONS)


def _kind(model: str) -> Resource | None:
    """Return the kind of objects that a model (``authentik_core.user``) stands for."""
    app, _, name = model.partition(".")
    return next((each for each in RESOURCES.values() if each.permission == f"{app}.{{}}_{name}"), None)


def _named(view: View, key: str, data: Any) -> tuple[Row, list[str], str]:
    """Return a role, the permissions that a request names, and the one object they are for, if it does exist."""
    role = lookup(ROLES, view, key)
    names, model, pk = (data.get(name) for name in ("permissions", "model", "object_pk"))
    if not isinstance(names, list):
        # UNRECORDED: no permissions named (the source of Django REST framework)
        raise Refused(400, {"permissions": ["This field is required."]})
    if bool(model) != bool(pk):
        raise Refused(400, {"non_field_errors": ["The fields model, object_pk must be used together."]})
    if not model and any("." not in name for name in names):
        text = "When assigning global permissions, codename must be given as app_label.codename"
        raise Refused(400, {"permissions": [text]})
    if model and not view.state.at_least(ROLE_USERS):
        names = [name if "." in name else f"{model.partition('.')[0]}.{name}" for name in names]
    if unknown := set(names) - CATALOGUE:
        raise ServerFailure(f"no such permission: {unknown}")
    kind = _kind(model) if model else None
    there = kind is not None and any(str(row[kind.key]) == pk for row in kind.rows(view.state))
    return role, names, str(pk) if there else ""


def assign(view: View, key: str, data: Any) -> Result:
    """Give a role permissions: on one object, or on all where none is named or the one named does not exist (measured: facts)."""
    # UNRECORDED: both (measured on a 2026.5)
    allowed(view, "authentik_rbac.assign_role_permissions", "authentik_rbac.add_role")
    role, names, pk = _named(view, key, data)
    for name in names:
        if pk:
            role["objects"].setdefault(name, []).append(pk)
        elif name not in role["permissions"]:
            role["permissions"].append(name)
    older = not pk and not view.state.at_least(ROLE_USERS)
    numbered = (name if older else f"{role['pk']} {name} {pk}" for name in names)
    return 200, [{"id": str(zlib.crc32(each.encode()))} for each in numbered]


def unassign(view: View, key: str, data: Any) -> Result:
    """Take permissions from a role; one that it does not have is none the less taken.

    UNRECORDED: one on an object that does not exist is taken from all (a guess, by what giving one does).
    """
    # UNRECORDED: both (measured on a 2026.5)
    allowed(view, "authentik_rbac.unassign_role_permissions", "authentik_rbac.change_role")
    role, names, pk = _named(view, key, data)
    for name in names:
        if pk:
            role["objects"][name] = [each for each in role["objects"].get(name, []) if each != pk]
        elif name in role["permissions"]:
            role["permissions"].remove(name)
    return 204, None


def unbuilt(_view: View, _key: str, _data: Any) -> Result:
    """List which roles hold a permission, or which objects one is about."""
    raise NotBuilt("the lists of permissions by role and by object")


def add_user(view: View, key: str, data: Any) -> Result:
    """Give a user a role of their own; older releases know roles of groups alone, and fail."""
    if not view.state.at_least(ROLE_USERS):
        raise ServerFailure("roles have no users")
    allowed(view, ROLES.permission.format("change"))
    role, user = lookup(ROLES, view, key), view.state.users.get(data.get("pk"))
    if user is None:
        raise Refused(404, {"detail": "Not found."})
    if role["pk"] not in user["roles"]:
        user["roles"].append(role["pk"])
    return 204, None
