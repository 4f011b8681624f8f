# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""authentik's directory: its groups and users, one or many of them.

PRIVATE to this collection. A set is made of the same objects as the module of one, by the same specification.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.service import Authentik
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.context import Context
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.ensure import (
    SET_ARGUMENTS,
    ensure_object,
    ensure_objects,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.service import Row
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import (
    Endpoint,
    Field,
    Resource,
    text,
)

GROUP = Resource(
    kind="group",
    path="core/groups/",
    filter="name",
    params={"include_users": "false"},
    fields=(
        Field("name", required=True),
        Field("is_superuser", type="bool"),
        Field("attributes", type="dict"),
        Field("roles", type="list", elements="str", ref="role", unordered=True),
    ),
)
# What Django takes for an address, or near enough; authentik adds nothing to it.
EMAIL = re.compile(r"[^@\s]+@([^@\s]+\.[^@\s.]+|localhost)")
LONGEST_USERNAME = 150


def _user_wrong(user: Mapping[str, Any], now: Row | None) -> str:
    """Of several users authentik would make those that are right before it refuses the others."""
    if len(user["username"]) > LONGEST_USERNAME:
        return f"the username is longer than {LONGEST_USERNAME} characters"
    if not all((user["path"] or "users").split("/")) or user["path"] == "":
        return f"the path {user['path']!r} is empty, or has an empty part"
    email = text(user["email"])
    kept = not email or (now is not None and email == now["email"])
    return "" if kept or EMAIL.fullmatch(email) else f"{email!r} is no email address"


USER = Resource(
    kind="user",
    path="core/users/",
    label="username",
    identity=("username",),
    filter="username",
    params={"include_groups": "false"},
    fields=(
        Field("username", required=True),
        Field("name", needed=True, canonical=text),
        Field("email", canonical=text),
        Field("is_active", type="bool"),
        Field("type", choices=("internal", "external", "service_account")),
        Field("path"),
        Field("attributes", type="dict"),
        Field(
            "password",
            secret=True,
            readable=False,
            on_create=True,
            in_body=False,
            endpoint=Endpoint("core/users/{pk}/set_password/", "password"),
        ),
    ),
    invalid=_user_wrong,
)
UPDATE_PASSWORD: dict[str, dict[str, Any]] = {
    "update_password": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False},
}


def set_arguments(option: str, entry: Mapping[str, Any], scopes: Mapping[str, str]) -> dict[str, Any]:
    """The keywords of C(argument_spec) for a set: ``entry`` are the options of one, ``scopes`` those of C(prune), by type."""
    return {
        "arguments": {
            option: {"type": "list", "elements": "dict", "required": True, "options": dict(entry)},
            **{f"prune_{scope}": {"type": kind} for scope, kind in scopes.items()},
            **SET_ARGUMENTS,
        },
        "required_if": [("prune", True, [f"prune_{scope}" for scope in scopes], True)],
    }


def ensure_group(context: Context) -> dict[str, Any]:
    """One group, by the options of C(authentik_group)."""
    return ensure_object(context, Authentik(context), GROUP, returns="group")


def ensure_user(context: Context) -> dict[str, Any]:
    """One user, by the options of C(authentik_user)."""
    _refuse_empty([context.params])
    return ensure_object(context, Authentik(context), USER, returns="user", update_secret=_update_password(context.params))


def ensure_users(context: Context) -> dict[str, Any]:
    """A set of users, by the options of C(authentik_users). None prunes itself, or an account of authentik's outposts."""
    _refuse_empty(context.params["users"])
    in_scope, service = _scope(context, "username"), Authentik(context)

    def may_go(row: Row) -> bool:
        return in_scope(row) and row["type"] != "internal_service_account" and row["pk"] != service.own_user

    return ensure_objects(context, service, USER, "users", in_scope=may_go, update_secret=_update_password)


def ensure_groups(context: Context) -> dict[str, Any]:
    """A set of groups, by the options of C(authentik_groups). A group of administrators is never pruned."""
    in_scope = _scope(context, "name")

    def may_go(row: Row) -> bool:
        return in_scope(row) and not row["is_superuser"]

    return ensure_objects(context, Authentik(context), GROUP, "groups", in_scope=may_go)


def _scope(context: Context, label: str) -> Callable[[Row], bool]:
    """What C(prune) may remove: whatever is in every scope that the task gives. An empty one would be everything."""
    prefix, path, attributes = (context.params.get(f"prune_{name}") for name in ("prefix", "path", "attributes"))
    for name, value in (("prefix", prefix), ("path", path), ("attributes", attributes)):
        if value is not None and not (value.strip("/ ") if isinstance(value, str) else value):
            raise Failure(f"prune_{name} is empty, which would be everything. Nothing was changed.")

    def in_scope(row: Row) -> bool:
        return (
            (prefix is None or row[label].startswith(prefix))
            and (path is None or f"{row['path']}/".startswith(f"{path.strip('/')}/"))
            and all((key, value) in row["attributes"].items() for key, value in (attributes or {}).items())
        )

    return in_scope


def _update_password(options: Mapping[str, Any]) -> bool:
    return bool(options["update_password"] == "always")


def _refuse_empty(entries: Sequence[Mapping[str, Any]]) -> None:
    if any(entry["password"] is not None and not entry["password"].strip() for entry in entries):
        raise Failure("password is empty. Leave it out, and the user has none. Nothing was changed.")
