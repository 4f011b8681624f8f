# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole server as one document: its objects by kind, each with the options of its kind's module.

PRIVATE to this collection. Everything is read once, a request for each kind; there is one plan, whose order follows from what
refers to what; and the difference and the writes are made from that plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.context import Context
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.ensure import (
    Planned,
    finish_set,
    options_of,
    plan_each,
    refuse_duplicates,
    refuse_unasked,
    told,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import ApiError, Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import validate
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.plan import (
    Operation,
    Row,
    difference,
    plan_object,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import (
    Resource,
    Unknown,
    get_path,
    view,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.kinds import KINDS
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.service import Netbird

# The sections of a document, in the order of a plan, and the kind of what each holds.
SECTIONS = {
    "groups": "group",
    "peers": "peer",
    "users": "user",
    "user_invites": "user_invite",
    "tokens": "token",
    "setup_keys": "setup_key",
    "posture_checks": "posture_check",
    "networks": "network",
    "network_resources": "network_resource",
    "network_routers": "network_router",
    "routes": "route",
    "policies": "policy",
    "nameserver_groups": "nameserver_group",
    "dns_zones": "dns_zone",
    "dns_records": "dns_record",
    "reverse_proxy_tokens": "reverse_proxy_token",
    "reverse_proxy_domains": "reverse_proxy_domain",
    "reverse_proxy_services": "reverse_proxy_service",
    "agent_network_settings": "agent_network_settings",
    "agent_network_providers": "agent_network_provider",
    "agent_network_guardrails": "agent_network_guardrail",
    "agent_network_policies": "agent_network_policy",
    "agent_network_budget_rules": "agent_network_budget_rule",
    "dns_settings": "dns_settings",
    "account_settings": "account_settings",
}
# Who is there is for people to say: these are never pruned, and exported only where that is asked for.
PEOPLE = ("peers", "users", "user_invites", "tokens")
# Of people's tokens NetBird tells each person only their own.
READABLE = tuple(section for section in SECTIONS if section != "tokens")
PRUNABLE = tuple(section for section, kind in SECTIONS.items() if KINDS[kind].identity and section not in PEOPLE)
EXPORTED = tuple(section for section in SECTIONS if section not in PEOPLE)
# What NetBird, or a login, makes.
BUILT_IN: Mapping[str, Callable[[Row], bool]] = {
    "groups": lambda row: row["name"] == "All" or row["issued"] != "api",
    "policies": lambda row: bool(row["name"] == "Default"),
}
# What a document says elsewhere: a group's resources name their groups themselves.
ELSEWHERE = {"groups": ("resources",)}
# What the server makes up of another setting.
MADE_UP: Mapping[str, Callable[[Row], tuple[str, ...]]] = {
    "agent_network_settings": lambda row: ("proxy_address" if row["dedicated"] else "endpoint",)
}
# What is not exported: what a document could not make, and what is of no use any more.
LEFT_OUT: Mapping[str, Callable[[Row], bool]] = {"groups": BUILT_IN["groups"], "setup_keys": lambda row: not row["valid"]}


def ensure_config(context: Context, service: Netbird) -> dict[str, Any]:
    """What the document says, and with C(prune) nothing else in the scopes that it names."""
    params = context.params
    document = _validated(params["config"])
    _refuse_loss(params, document)
    plans: dict[str, list[Planned]] = {}
    for section, entries in document.items():
        resource = KINDS[SECTIONS[section]]
        plans[section] = plan_each(service, resource, entries, state=params["state"])
        if params["state"] == "present":
            _learn(service, SECTIONS[section], plans[section])
    if params["state"] == "present":
        for section in params["prune"]:
            plans.setdefault(section, []).extend(_others(service, section, plans.get(section, []), document, params))
    ordered = {section: plans[section] for section in SECTIONS if section in plans}
    refuse_unasked(service, [planned for each in ordered.values() for planned in each])
    _order(ordered)
    operations = {section: [one for planned in each for one in planned.operations] for section, each in ordered.items()}
    # Before the writes, after which operations hold ids in place of names.
    diff = _by_section(operations, service)
    result, made = finish_set(context, service, [one for each in operations.values() for one in each])
    result["diff"] = diff
    if params["return_secret"]:
        result["secrets"] = _told(ordered, made)
    return result


def export_config(context: Context, service: Netbird) -> dict[str, Any]:
    """What a server has, as a document that says the same of another one."""
    document: dict[str, Any] = {}
    asked = context.params["sections"]
    for section in asked or EXPORTED:
        resource = KINDS[SECTIONS[section]]
        try:
            rows = service.rows_everywhere(resource)
        except ApiError as error:
            # Servers before the reverse proxy and the agent network have no such lists.
            if asked or error.status != 404:
                raise
            continue
        kept = [row for row in rows if section not in LEFT_OUT or not LEFT_OUT[section](row)]
        entries = [_exported(context, service, section, row) for row in kept]
        found = [entry for entry in entries if entry is not None]
        twice = {name for name, times in Counter(map(resource.titled, found)).items() if times > 1}
        for name in sorted(twice):
            context.warn(f"{service.name} has {name} more than once. It is left out: a document could not tell which is meant.")
        listed = sorted((entry for entry in found if resource.titled(entry) not in twice), key=resource.titled)
        if listed:
            document[section] = listed if resource.identity else listed[0]
    return {"changed": False, "config": {section: document[section] for section in SECTIONS if section in document}}


def objects_of(service: Netbird, sections: Sequence[str], *, names: bool) -> dict[str, list[dict[str, Any]]]:
    """The objects of some sections as they are, with their ids, and with names for the ids of others if asked for."""
    objects = {}
    for section in sections:
        resource = KINDS[SECTIONS[section]]
        rows = service.rows_everywhere(resource)
        ids = [{resource.id: row[resource.id]} if resource.id else {} for row in rows]
        shown = [options_of(service, resource, row) if names else view(resource, row) for row in rows]
        objects[section] = [{**own, **row} for own, row in zip(ids, shown, strict=True)]
    return objects


def _validated(config: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The document's entries as their modules would take them, by section in the order of a plan."""
    unknown = [str(section) for section in config if section not in SECTIONS]
    if unknown:
        raise Failure(f"config has no section {', '.join(unknown)}; its sections are {', '.join(SECTIONS)}. Nothing was changed.")
    document: dict[str, list[dict[str, Any]]] = {}
    for section, kind in SECTIONS.items():
        given = config.get(section)
        if given is None:
            continue
        resource = KINDS[kind]
        entries = given if resource.identity else [given]
        if not isinstance(entries, list):
            raise Failure(f"config: {section} has to be a list. Nothing was changed.")
        document[section] = [_validated_entry(section, resource, number, entry) for number, entry in enumerate(entries, 1)]
        refuse_duplicates(f"config: {section}", [resource.titled(entry) for entry in document[section]])
    return document


def _validated_entry(section: str, resource: Resource, number: int, entry: Any) -> dict[str, Any]:
    where = f"config: {section}, entry {number}"
    if not isinstance(entry, Mapping):
        raise Failure(f"{where} has to be a mapping of options. Nothing was changed.")
    arguments = {name: each for name, each in resource.arguments().items() if name not in ELSEWHERE.get(section, ())}
    elsewhere = [name for name in ELSEWHERE.get(section, ()) if entry.get(name) is not None]
    if elsewhere:
        raise Failure(f"{where}: {', '.join(elsewhere)} name their {section} themselves. Nothing was changed.")
    # Left empty is left out, for what excludes each other too.
    given = {name: value for name, value in entry.items() if value is not None}
    try:
        found = validate({"argument_spec": arguments, **(resource.constraints or {})}, given)
    except Failure as failure:
        raise Failure(f"{where}: {failure} Nothing was changed.") from None
    if found.error_messages:
        raise Failure(f"{where}: {'; '.join(found.error_messages)}. Nothing was changed.")
    return dict(found.validated_parameters)


def _refuse_loss(params: Mapping[str, Any], document: Mapping[str, Sequence[Any]]) -> None:
    """Nothing named is a mistake far more often than a wish."""
    if not any(document.values()) and not params["allow_empty"]:
        raise Failure("config is empty. Set allow_empty if this is meant. Nothing was changed.")
    empty = [section for section in params["prune"] if not document.get(section)]
    if empty and not params["allow_empty"]:
        raise Failure(
            f"config has no {', '.join(empty)}, and prune would remove all that there are. "
            "Set allow_empty if this is meant. Nothing was changed."
        )
    markless = [each for each in params["prune"] if "description" not in KINDS[SECTIONS[each]].arguments()]
    if params["prune_mark"] and markless:
        raise Failure(f"prune_mark looks at descriptions, and {', '.join(markless)} have none. Nothing was changed.")


def _learn(service: Netbird, kind: str, plans: Sequence[Planned]) -> None:
    """What the plan makes can be named by what comes later in it."""
    reference = service.references[kind]
    for planned in plans:
        operation = planned.operation
        if operation is not None and operation.action == "create":
            names = [operation.values[field.name] for field in operation.fields if field.path == reference.by[0]]
            for name in names:
                service.learn(kind, name, Unknown(operation.label, operation, reference.ref, name))


def _order(plans: Mapping[str, Sequence[Planned]]) -> None:
    """Have what is new wait for new objects that it stands on without naming them."""
    new = {SECTIONS[section]: [each.operation for each in planned if each.operation] for section, planned in plans.items()}
    for operation in (one for each in new.values() for one in each if one.action == "create"):
        before = [one for kind in operation.resource.follows for one in new.get(kind, []) if one.action == "create"]
        operation.after = [*operation.after, *before]


def _others(
    service: Netbird,
    section: str,
    plans: Sequence[Planned],
    document: Mapping[str, Sequence[Mapping[str, Any]]],
    params: Mapping[str, Any],
) -> list[Planned]:
    """The removals of what the document does not name, as far as the scope of C(prune) reaches."""
    kind = SECTIONS[section]
    resource = KINDS[kind]
    rows_named = [planned.row for planned in plans] + [one.current for planned in plans for one in planned.operations]
    ids = {row[resource.id] for row in rows_named if row is not None}
    others = [row for row in service.rows_everywhere(resource) if row[resource.id] not in ids]
    others = [row for row in others if section not in BUILT_IN or not BUILT_IN[section](row)]
    needed = _names_needed(document, kind) if others else {}
    removals = []
    for row in others:
        options = options_of(service, resource, row)
        if not _in_scope(resource, options, params):
            continue
        label = resource.titled(options)
        by = [user for key in resource.by for user in needed.get(get_path(row, key), [])]
        if by:
            raise Failure(
                f"prune would remove {label}, which config has not among its {section}, but needs for {by[0]}. "
                "Add it, or take it out there. Nothing was changed."
            )
        removals.append(Planned({}, row, plan_object(resource, None, row, label=label)))
    return removals


def _names_needed(document: Mapping[str, Sequence[Mapping[str, Any]]], kind: str) -> dict[str, list[str]]:
    """For each name of a kind that the document refers to, the objects that do."""
    needed: dict[str, list[str]] = {}
    for section, entries in document.items():
        resource = KINDS[SECTIONS[section]]
        for entry in entries:
            for other, name in (one for field in resource.fields for one in field.references(entry.get(field.name))):
                if other == kind:
                    needed.setdefault(name, []).append(resource.titled(entry))
    return needed


def _in_scope(resource: Resource, options: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    name, description = str(options.get(resource.label) or ""), options.get("description") or ""
    return name.startswith(params["prune_prefix"] or "") and (params["prune_mark"] or "") in description


def _exported(context: Context, service: Netbird, section: str, row: Row) -> dict[str, Any] | None:
    """An object as an entry of a section; None where the entry could not say what it is."""
    resource = KINDS[SECTIONS[section]]
    options = options_of(service, resource, row)
    label = resource.titled(options)
    for field in resource.fields:
        for kind, one in field.references(get_path(row, field.path)):
            name = service.name_of(kind, one)
            times = service.times(kind, name)
            if times != 1:
                why = f"is one of several called {name!r}" if times else "is not there any more"
                context.warn(f"{label} is left out: a {service.references[kind].kind} that its {field.name} names {why}.")
                return None
    made_up = MADE_UP[section](row) if section in MADE_UP else ()
    left_out = {
        *ELSEWHERE.get(section, ()),
        *made_up,
        *(field.name for field in resource.fields if field.path in resource.derived),
    }
    return {name: value for name, value in options.items() if name not in left_out and value not in ("", [], {})}


def _by_section(operations: Mapping[str, Sequence[Operation]], service: Netbird) -> dict[str, dict[str, Any]]:
    """The difference, with that of each section of the document under its name."""
    parts = {section: difference(plan, service.name_of) for section, plan in operations.items() if plan}
    return {side: {section: part[side] for section, part in parts.items()} for side in ("before", "after")}


def _told(plans: Mapping[str, Sequence[Planned]], made: Mapping[Operation, Row]) -> dict[str, dict[str, dict[str, Any]]]:
    """What the server tells once of what it has made, by section and by what the document calls the object."""
    secrets: dict[str, dict[str, dict[str, Any]]] = {}
    for section, each in plans.items():
        resource = KINDS[SECTIONS[section]]
        for planned in each:
            operation = planned.operation
            found = told(operation, made[operation]) if operation is not None and operation in made else {}
            if found:
                name = " of ".join(str(planned.entry[option]) for option in (resource.label, *resource.parents))
                secrets.setdefault(section, {})[name] = found
    return secrets
