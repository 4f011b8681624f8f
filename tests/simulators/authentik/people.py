# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources of ``core/`` that are about people, and the brand: users, groups, roles, tokens, brands."""

from __future__ import annotations

import re
import zlib
from typing import Any

from .fields import (
    Field,
    Invalid,
    boolean,
    choice,
    computed,
    constant,
    email,
    mapping,
    moment,
    ref,
    refs,
    slug,
    stored,
)
from .spec import (
    Resource,
    View,
    attributes,
    choice_of,
    exact,
    reference,
    references,
    since,
    startswith,
    switch,
)
from .state import Row, State, group_number, stamp, user_columns

AVATAR = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4="
USER_TYPES = ("internal", "external", "service_account", "internal_service_account")
INTENTS = ("verification", "api", "recovery", "app_password")
PEOPLE = "2026.5"  # from this release on groups have several parents, and users show their roles


def named(view: View, table: str, pks: list[Any]) -> list[Row]:
    """Return the short form of related rows."""
    rows = getattr(view.state, table)
    return [{"pk": pk, "name": rows[pk]["name"]} for pk in pks]


def parent_of(view: View, row: Row) -> Row | None:
    """Return a group's parent, of which older releases know one."""
    return view.state.groups[row["parents"][0]] if row["parents"] else None


def partial_group(view: View, row: Row) -> Row:
    """Return a group as it stands inside of a user."""
    older: Row = {}
    if not view.state.at_least(PEOPLE):
        parent = parent_of(view, row)
        older = {"parent": parent and parent["pk"], "parent_name": parent and parent["name"]}
    head = {key: row[key] for key in ("pk", "num_pk", "name", "is_superuser")}
    return {**head, **older, "attributes": row["attributes"]}


def partial_user(view: View, row: Row) -> Row:
    """Return a user as it stands inside of a group."""
    keys = ("pk", "username", "name", "is_active", "last_login", "email", "attributes")
    return {**{key: row[key] for key in keys}, "uid": view.state.uid(row)}


def _groups_obj(view: View, row: Row) -> list[Row] | None:
    if not view.flag("include_groups", True):
        return None
    return [partial_group(view, group) for group in view.state.groups_of(row)]


def _check_user(view: View, attrs: Row, _row: Row | None) -> None:
    # UNRECORDED: these refusals (authentik's source)
    if attrs.get("type") == "internal_service_account":
        raise Invalid({"type": ["Setting a user to internal service account is not allowed."]})
    path = attrs.get("path", "users")
    if path[:1] == "/" or path[-1:] == "/":
        raise Invalid({"path": ["No leading or trailing slashes allowed."]})
    if any(not segment for segment in path.split("/")):
        raise Invalid({"path": ["No empty segments in user path allowed."]})


def _user_made(_view: View, row: Row) -> None:
    row.update(user_columns())
    row.setdefault("roles", [])


def _user_saved(view: View, row: Row) -> None:
    row["last_updated"] = stamp()
    if not row["is_active"]:
        for issued in (view.state.access_tokens, view.state.refresh_tokens):
            _forget(issued, "user", row["pk"])
    wanted = row.pop("groups", None)
    if wanted is not None:
        for group in view.state.groups.values():
            if group["pk"] in wanted and row["pk"] not in group["users"]:
                group["users"].append(row["pk"])
            elif group["pk"] not in wanted and row["pk"] in group["users"]:
                # UNRECORDED: a change that takes a user out of groups (OpenAPI)
                group["users"].remove(row["pk"])


def _user_deleted(view: View, row: Row) -> None:
    state = view.state
    for group in state.groups.values():
        group["users"] = [pk for pk in group["users"] if pk != row["pk"]]
    _forget(state.tokens, "user", row["pk"])
    _forget(state.bindings, "user", row["pk"])
    _forget(state.sessions, "user", row["pk"])
    for issued in (state.access_tokens, state.refresh_tokens, state.codes):
        _forget(issued, "user", row["pk"])


def _forget(table: dict[Any, Any], column: str, pk: Any) -> None:
    for key, row in list(table.items()):
        if (row[column] if isinstance(row, dict) else getattr(row, column)) == pk:
            del table[key]


def member_groups(view: View, row: Row) -> list[Any]:
    """Return the ids of the groups that a user is in."""
    return [group["pk"] for group in view.state.groups_of(row)]


USERS = Resource(
    path="core/users/",
    table="users",
    model="User",
    permission="authentik_core.{}_user",
    fields=(
        stored("pk"),
        Field("username", required=True, max_length=150, unique="This field must be unique."),
        Field("name", required=True, blank=True),
        Field("is_active", boolean, default=True),
        Field("last_login", moment, null=True),
        stored("date_joined"),
        computed("is_superuser", lambda view, row: view.state.is_superuser(row)),
        Field("groups", refs("groups"), default=[], read=member_groups),
        computed("groups_obj", _groups_obj),
        Field("roles", refs("roles"), default=[], since=PEOPLE),
        computed(
            "roles_obj",
            lambda view, row: named(view, "roles", row["roles"]) if view.flag("include_roles", True) else None,
            since=PEOPLE,
        ),
        Field("email", email, blank=True, default="", max_length=254),
        constant("avatar", AVATAR),
        Field("attributes", mapping, default=lambda _state: {}),
        computed("uid", lambda view, row: view.state.uid(row)),
        Field("path", default="users"),
        Field("type", choice, choices=USER_TYPES, default="internal"),
        stored("uuid"),
        stored("password_change_date"),
        stored("last_updated"),
    ),
    order=("username",),
    filters={
        "username": exact,
        "name": exact,
        "email": exact,
        "uuid": exact,
        "path": exact,
        "path_startswith": startswith,
        "is_active": switch,
        # UNRECORDED: this filter (OpenAPI)
        "is_superuser": lambda name, values, view: (
            (lambda view, row: view.state.is_superuser(row) == (values[-1].lower() == "true"))
            if values[-1].lower() in ("true", "false")
            else None
        ),
        "type": choice_of(*USER_TYPES),
        "groups_by_name": references("groups", member_groups, by="name"),
        "groups_by_pk": references("groups", member_groups),
        "attributes": attributes,
    },
    search=("username", "name", "email"),
    check=_check_user,
    made=_user_made,
    saved=_user_saved,
    deleted=_user_deleted,
)


def _group_made(_view: View, row: Row) -> None:
    row["num_pk"] = group_number(row["pk"])
    row.setdefault("parents", [])


def _group_saved(_view: View, row: Row) -> None:
    if "parent" in row:
        parent = row.pop("parent")
        row["parents"] = [parent] if parent else []


def _group_deleted(view: View, row: Row) -> None:
    _forget(view.state.bindings, "group", row["pk"])
    for group in view.state.groups.values():
        group["parents"] = [pk for pk in group["parents"] if pk != row["pk"]]


def _roles_obj(view: View, row: Row) -> list[Row]:
    return named(view, "roles", row["roles"])


GROUPS = Resource(
    path="core/groups/",
    table="groups",
    model="Group",
    permission="authentik_core.{}_group",
    fields=(
        stored("pk"),
        stored("num_pk"),
        Field("name", required=True, unique="Group with this name already exists.", since=PEOPLE),
        Field("name", required=True, unique="This field must be unique.", until=PEOPLE),
        Field("is_superuser", boolean, default=False),
        Field(
            "parent",
            ref("groups"),
            null=True,
            read=lambda view, row: (parent_of(view, row) or {}).get("pk"),
            until=PEOPLE,
        ),
        computed("parent_name", lambda view, row: (parent_of(view, row) or {}).get("name"), until=PEOPLE),
        Field("parents", refs("groups"), default=[], since=PEOPLE),
        computed(
            "parents_obj",
            lambda view, row: (
                [partial_group(view, view.state.groups[pk]) for pk in row["parents"]]
                if view.flag("include_parents", False)
                else None
            ),
            since=PEOPLE,
        ),
        Field("users", refs("users"), default=[]),
        computed(
            "users_obj",
            lambda view, row: (
                [partial_user(view, view.state.users[pk]) for pk in row["users"]] if view.flag("include_users", True) else None
            ),
        ),
        Field("attributes", mapping, default=lambda _state: {}),
        Field("roles", refs("roles"), default=[]),
        computed("roles_obj", _roles_obj),
        computed(
            "inherited_roles_obj",
            lambda view, row: (
                named(view, "roles", [pk for each in view.state.parents(row)[1:] for pk in each["roles"]])
                if view.flag("include_inherited_roles", False)
                else None
            ),
            since=PEOPLE,
        ),
        computed("children", lambda view, row: view.state.children(row)),
        computed(
            "children_obj",
            lambda view, row: (
                [partial_group(view, view.state.groups[pk]) for pk in view.state.children(row)]
                if view.flag("include_children", False)
                else None
            ),
        ),
    ),
    filters={
        "name": exact,
        "is_superuser": switch,
        "members_by_pk": references("users", lambda _view, row: row["users"]),
        "members_by_username": references("users", lambda _view, row: row["users"], by="username"),
        "attributes": attributes,
    },
    made=_group_made,
    saved=_group_saved,
    deleted=_group_deleted,
)


def _holders(view: View, row: Row) -> list[Any]:
    return [user["pk"] for user in view.state.users.values() if row["pk"] in user["roles"]]


def _role_made(_view: View, row: Row) -> None:
    row.update({"permissions": [], "objects": {}})


def _role_deleted(view: View, row: Row) -> None:
    for holder in (*view.state.groups.values(), *view.state.users.values()):
        holder["roles"] = [pk for pk in holder["roles"] if pk != row["pk"]]


ROLES = Resource(
    path="rbac/roles/",
    table="roles",
    model="Role",
    permission="authentik_rbac.{}_role",
    fields=(stored("pk"), Field("name", required=True, unique="Role with this name already exists.", max_length=150)),
    filters={"name": since(PEOPLE, exact), "users": since(PEOPLE, references("users", _holders))},
    made=_role_made,
    deleted=_role_deleted,
)


_VERBOSE = {"oauth2provider": "OAuth2/OpenID Provider", "certificatekeypair": "Certificate-Key Pair"}


def _verbose(row: Row) -> str:
    """Return what a permission's kind of objects is called."""
    kind = str(row["name"].rpartition("_")[2])
    return _VERBOSE.get(kind, re.sub("(?<=.)(entitlement|binding|mapping|policy)$", r" \1", kind).title())


# Made of the names of permissions, app.permission_kind; not a table of its own.
PERMISSIONS = Resource(
    path="rbac/permissions/",
    table="roles",
    model="Permission",
    permission="",
    fields=(
        computed("id", lambda _view, row: zlib.crc32(row["name"].encode())),
        computed("name", lambda _view, row: f"Can {row['name'].partition('.')[2].rpartition('_')[0]} {_verbose(row)}"),
        computed("codename", lambda _view, row: row["name"].partition(".")[2]),
        computed("model", lambda _view, row: row["name"].rpartition("_")[2]),
        computed("app_label", lambda _view, row: row["name"].partition(".")[0]),
        # UNRECORDED: what other apps than the core call themselves (a guess, made of the label)
        computed("app_label_verbose", lambda _view, row: row["name"].partition(".")[0].replace("_core", " Core")),
        computed("model_verbose", lambda _view, row: _verbose(row)),
    ),
)


def _check_token(view: View, attrs: Row, row: Row | None) -> None:
    """Fill in what a request leaves out, of a new token as of an old one (measured: facts, the token's trap)."""
    attrs.setdefault("user", view.caller["pk"])
    if row is None and not view.superuser:
        # UNRECORDED: who is no administrator makes tokens of their own, whatever they ask for (measured on a 2026.5)
        attrs["user"] = view.caller["pk"]
    attrs.setdefault("intent", "api")


def _token_made(view: View, row: Row) -> None:
    row["key"] = view.state.secret(60)


class _Tokens(Resource):
    """Tokens; 2025.10 shows none that is expired (measured: facts)."""

    def rows(self, state: State) -> list[Row]:
        rows = super().rows(state)
        return rows if state.at_least(PEOPLE) else [row for row in rows if not state.expired(row)]


TOKENS = _Tokens(
    path="core/tokens/",
    table="tokens",
    model="Token",
    permission="authentik_core.{}_token",
    fields=(
        stored("pk"),
        Field("managed", null=True),
        Field(
            "identifier",
            slug,
            required=True,
            max_length=255,
            unique="Token with this identifier already exists.",
            plain_quotes=True,
        ),
        Field("intent", choice, choices=INTENTS, default="verification"),
        Field("user", ref("users")),
        computed("user_obj", lambda view, row: USERS.render(view.plain(), view.state.users[row["user"]])),
        Field("description", blank=True, default=""),
        Field("expires", moment, null=True),
        Field("expiring", boolean, default=True),
    ),
    lookup="identifier",
    owner="user",
    order=("identifier",),
    filters={
        "identifier": exact,
        "intent": choice_of(*INTENTS),
        "user__username": lambda _name, values, _view: (
            (lambda view, row: view.state.users[row["user"]]["username"] == values[-1]) if values[-1] else None
        ),
        "description": exact,
        "expiring": switch,
        "managed": exact,
    },
    search=("identifier", "description"),
    check=_check_token,
    made=_token_made,
)


def _check_brand(view: View, attrs: Row, row: Row | None) -> None:
    if attrs.get("default") and any(each is not row for each in view.state.where("brands", default=True)):
        raise Invalid({"default": ["Only a single brand can be set as default."]})


_NEWER_FLOWS = ("lockdown", "request", "user_switch")
_FLOWS = ("authentication", "invalidation", "recovery", "unenrollment", "user_settings", "device_code")
BRANDS = Resource(
    path="core/brands/",
    table="brands",
    model="Brand",
    permission="authentik_brands.{}_brand",
    fields=(
        stored("brand_uuid"),
        Field("domain", required=True),
        Field("default", boolean, default=False),
        Field("branding_title", default="authentik"),
        Field("branding_logo", default="/static/dist/assets/icons/icon_left_brand.svg"),
        Field("branding_favicon", default="/static/dist/assets/icons/icon.png"),
        Field("branding_custom_css", blank=True, default=""),
        Field("branding_default_flow_background", default="/static/dist/assets/images/flow_background.jpg"),
        Field("branding_map_tiles", blank=True, default="", since="2026.8"),
        *(Field(f"flow_{name}", ref("flows"), null=True) for name in _FLOWS),
        *(Field(f"flow_{name}", ref("flows"), null=True, since="2026.8") for name in _NEWER_FLOWS),
        Field("default_application", ref("applications"), null=True),
        Field("web_certificate", ref("certificates"), null=True),
        Field("client_certificates", refs("certificates"), default=[]),
        Field("attributes", mapping, default=lambda _state: {}),
    ),
    key="brand_uuid",
    lookup="brand_uuid",
    order=("domain",),
    filters={
        "domain": exact,
        "brand_uuid": exact,
        "default": switch,
        "branding_title": exact,
        **{f"flow_{name}": reference("flows") for name in _FLOWS},
        "web_certificate": reference("certificates"),
    },
    search=("domain", "branding_title"),
    check=_check_brand,
)

PEOPLE_RESOURCES = (USERS, GROUPS, ROLES, TOKENS, BRANDS)
