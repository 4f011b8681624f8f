# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources that decide who gets in and who has what: policies, bindings and the entitlements they are bound to."""

from __future__ import annotations

from collections.abc import Callable

from . import access
from .apps import check_expression, drop_bindings
from .fields import Field, Invalid, boolean, computed, constant, integer, mapping, ref, stored, target
from .people import GROUPS, USERS, partial_group, partial_user
from .spec import Resource, ServerFailure, View, exact, is_null, reference, switch
from .state import Row


def _entitlement_deleted(view: View, row: Row) -> None:
    # UNRECORDED: the bindings go along (authentik's source)
    drop_bindings(view, "target", row["pbm_uuid"])


def _check_entitlement(view: View, _attrs: Row, _row: Row | None) -> None:
    if not view.superuser and "authentik_core.view_application" not in view.state.permissions_of(view.caller):
        # UNRECORDED: whom authentik does not show the application (measured on a 2026.5)
        raise Invalid({"app": ["User does not have access to application."]})


ENTITLEMENTS = Resource(
    path="core/application_entitlements/",
    table="entitlements",
    model="ApplicationEntitlement",
    permission="authentik_core.{}_applicationentitlement",
    fields=(
        stored("pbm_uuid"),
        Field("name", required=True),
        Field("app", ref("applications"), required=True),
        Field("attributes", mapping, default=lambda _state: {}),
    ),
    key="pbm_uuid",
    lookup="pbm_uuid",
    filters={"app": reference("applications"), "name": exact, "pbm_uuid": exact},
    unique_together=("app", "name"),
    check=_check_entitlement,
    deleted=_entitlement_deleted,
)


def _made(kind: str, **columns: str) -> Callable[[View, Row], None]:
    return lambda _view, row: row.update({"kind": kind, **columns})


def _policy_fields(title: str, titles: str, module: str, *own: Field) -> tuple[Field, ...]:
    """Return the fields of a kind of policy: those of all, and its own."""
    words = title.lower().split()[:-1]
    return (
        stored("pk"),
        Field("name", required=True, unique="Policy with this name already exists."),
        Field("execution_logging", boolean, default=False),
        constant("component", f"ak-policy-{'-'.join(words)}-form"),
        constant("verbose_name", title),
        constant("verbose_name_plural", titles),
        constant("meta_model_name", f"authentik_policies_{module}.{''.join(words)}policy"),
        computed("bound_to", lambda view, row: len(list(view.state.where("bindings", policy=row["pk"])))),
        *own,
    )


def _policy_deleted(view: View, row: Row) -> None:
    drop_bindings(view, "policy", row["pk"])


EXPRESSION_POLICIES = Resource(
    path="policies/expression/",
    table="policies",
    model="ExpressionPolicy",
    permission="authentik_policies_expression.{}_expressionpolicy",
    fields=_policy_fields("Expression Policy", "Expression Policies", "expression", Field("expression", required=True)),
    filters={"name": exact, "execution_logging": switch, "expression": exact},
    check=check_expression,
    made=_made("expression", action=""),
    deleted=_policy_deleted,
    only=lambda row: bool(row["kind"] == "expression"),
)
EXPIRY_POLICIES = Resource(
    path="policies/password_expiry/",
    table="policies",
    model="PasswordExpiryPolicy",
    permission="authentik_policies_expiry.{}_passwordexpirypolicy",
    fields=_policy_fields(
        "Password Expiry Policy",
        "Password Expiry Policies",
        "expiry",
        Field("days", integer, required=True),
        Field("deny_only", boolean, default=False),
    ),
    filters={"name": exact},
    made=_made("password_expiry", action=""),
    deleted=_policy_deleted,
    only=lambda row: bool(row["kind"] == "password_expiry"),
)
_EVENT_MATCHER = Resource(
    path="",
    table="policies",
    model="EventMatcherPolicy",
    permission="",
    fields=_policy_fields(
        "Event Matcher Policy",
        "Event Matcher Policies",
        "event_matcher",
        stored("action"),
        *(constant(name, None) for name in ("client_ip", "app", "model")),
        constant("query", None, since="2026.5"),
    ),
)
_OF_KIND = {"event_matcher": _EVENT_MATCHER, "expression": EXPRESSION_POLICIES, "password_expiry": EXPIRY_POLICIES}


def _policy(view: View, row: Row) -> Row:
    return _OF_KIND[row["kind"]].render(view, row)


class _AllPolicies(Resource):
    """Every policy, each with the fields of its own kind."""

    def render(self, view: View, row: Row) -> Row:
        return _policy(view, row)


POLICIES = _AllPolicies(
    path="policies/all/",
    table="policies",
    model="Policy",
    permission="authentik_policies.{}_policy",
    fields=(),
    methods=("GET", "DELETE"),
    read_only=True,
    deleted=_policy_deleted,
)


def _bound(table: str, column: str) -> Field:
    def read(view: View, row: Row) -> Row | None:
        found = getattr(view.state, table).get(row[column])
        if found is None:
            return None
        if table == "policies":
            return _policy(view, found)
        if view.state.at_least("2026.5"):
            return partial_group(view, found) if table == "groups" else partial_user(view, found)
        return (GROUPS if table == "groups" else USERS).render(view.plain(), found)

    return computed(f"{column}_obj", read)


def _check_binding(view: View, attrs: Row, _row: Row | None) -> None:
    """Count what the request binds; without a target the server fails (measured: facts)."""
    if "target" not in attrs:
        raise ServerFailure("a binding without target")
    entitlement = attrs["target"] in view.state.entitlements
    allowed = ("group", "user") if entitlement else ("group", "policy", "user")
    count = sum(bool(attrs.get(name)) for name in allowed)
    names = ", ".join(f"'{name}'" for name in allowed)
    if count > 1:
        raise Invalid({"non_field_errors": [f"Only one of {names} can be set."]})
    if count < 1:
        raise Invalid({"non_field_errors": [f"One of {names} must be set."]})


BINDINGS = Resource(
    path="policies/bindings/",
    table="bindings",
    model="PolicyBinding",
    permission="authentik_policies.{}_policybinding",
    fields=(
        stored("pk"),
        Field("policy", ref("policies"), null=True),
        Field("group", ref("groups"), null=True),
        Field("user", ref("users"), null=True),
        _bound("policies", "policy"),
        _bound("groups", "group"),
        _bound("users", "user"),
        Field("target", target, required=True),
        Field("negate", boolean, default=False),
        Field("enabled", boolean, default=True),
        Field("order", integer, required=True),
        Field("timeout", integer, default=30),
        Field("failure_result", boolean, default=False),
        constant("expires", None, since="2026.8"),
        constant("expiring", False, since="2026.8"),
    ),
    order=("order", "pk"),
    filters={
        "policy": reference("policies"),
        "policy__isnull": is_null,
        "target": access.target_filter(several=False),
        "target_in": access.target_filter(several=True),
        "enabled": switch,
        "order": exact,
        "timeout": exact,
    },
    search=(),
    check=_check_binding,
)

POLICY_RESOURCES = (ENTITLEMENTS, EXPRESSION_POLICIES, EXPIRY_POLICIES, POLICIES, BINDINGS)
