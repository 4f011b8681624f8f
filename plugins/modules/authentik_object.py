#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_object
short_description: Manage any object in authentik
version_added: 0.2.0
description:
  - Creates, changes and removes one object of any collection of authentik's API, for what has no module of its own. It has the
    same check mode, difference and verification.
  - The object is the one whose fields are those of O(identity). Two of these are an error.
  - A field that the task leaves out is left as it is on the server, and so none can be made null. What authentik does not take is
    an error.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.authentik
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_authentik
options:
  path:
    description: The collection, as the API has it below C(/api/v3/), for example V(policies/reputation/).
    type: str
    required: true
  identity:
    description:
      - Fields that tell the object from all others, with their values. authentik's names count.
    type: dict
    required: true
  fields:
    description:
      - Fields that the object should have, with their values. What refers to another object holds its id, which
        M(zerotrust.netbird_authentik.authentik_info) looks up by name.
    type: dict
    default: {}
  secrets:
    description: The same for fields that authentik does not show. They are hidden in everything that the task shows.
    type: dict
    default: {}
  update_secrets:
    description: When O(secrets) are written to an object that exists and is right otherwise.
    type: str
    choices: [on_create, always]
    default: on_create
  unordered:
    description: Names of fields that hold lists whose order does not count, such as ids of other objects.
    type: list
    elements: str
    default: []
  id:
    description: The field by which the API addresses the object.
    type: str
    default: pk
seealso:
  - module: zerotrust.netbird_authentik.authentik_info
"""

EXAMPLES = r"""
- name: Passwords are good for a quarter
  zerotrust.netbird_authentik.authentik_object:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    path: policies/password_expiry/
    identity:
      name: quarterly
    fields:
      days: 90
      deny_only: false
"""

RETURN = r"""
object:
  description: The object's id and the fields that the task names; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    pk: 76e7163b-44e0-4cf8-979b-f371cd0f5f09
    name: quarterly
    days: 90
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.service import Authentik
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import (
    STATE_ARGUMENT,
    Consent,
    Context,
    Failure,
    Field,
    Operation,
    Resource,
    argument_spec,
    ensure_object,
    run_module,
    text,
)

COLLECTION = re.compile(r"([a-z0-9_-]+/)+")
ARGUMENT_SPEC = argument_spec(
    Authentik,
    {
        "path": {"type": "str", "required": True},
        "identity": {"type": "dict", "required": True},
        "fields": {"type": "dict", "default": {}},
        "secrets": {"type": "dict", "default": {}, "no_log": True},
        "update_secrets": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False},
        "unordered": {"type": "list", "elements": "str", "default": []},
        "id": {"type": "str", "default": "pk"},
        **STATE_ARGUMENT,
    },
)


def run(context: Context) -> dict[str, Any]:
    params = context.params
    resource = resource_of(params)
    options = {**params["secrets"], **params["fields"], **params["identity"], "state": params["state"]}
    always = params["update_secrets"] == "always"
    return ensure_object(
        replace(context, params=options),
        Authentik(context),
        resource,
        returns="object",
        update_secret=always,
    )


def resource_of(params: Mapping[str, Any]) -> Resource:
    """The specification that the task itself gives."""
    refuse_bad(params)
    identity = tuple(params["identity"])
    return Resource(
        kind=params["path"].strip("/"),
        path=params["path"],
        label=identity[0],
        id=params["id"],
        ref=params["id"],
        identity=identity,
        # Where a collection has no such filter, authentik lists all, and they are told apart here.
        filter=identity[0],
        consents=(Consent("", unknown_fields),),
        fields=(
            *(field_of(name, value, params) for name, value in {**params["identity"], **params["fields"]}.items()),
            *(Field(name, secret=True, readable=False, on_create=True, canonical=text) for name in params["secrets"]),
        ),
    )


def field_of(name: str, value: Any, params: Mapping[str, Any]) -> Field:
    kind = "list" if isinstance(value, list) else "raw"
    return Field(name, type=kind, unordered=name in params["unordered"], canonical=text)


def refuse_bad(params: Mapping[str, Any]) -> None:
    """What could only be a mistake, or would be read as something else than a name."""
    if not COLLECTION.fullmatch(params["path"]):
        raise Failure("path has to be a collection of authentik's API such as policies/reputation/. Nothing was changed.")
    if not params["identity"]:
        raise Failure("identity is empty, which would be any object. Nothing was changed.")
    names = [name for option in ("identity", "fields", "secrets") for name in params[option]]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Failure(
            f"{', '.join(twice)}: a field has to be named in one of identity, fields and secrets alone. Nothing was changed."
        )
    empty = [name for option in ("identity", "fields") for name, value in params[option].items() if value is None]
    if empty:
        raise Failure(f"{', '.join(empty)}: null cannot be asked for. Leave a field out, and it stays. Nothing was changed.")
    wrong = [name for name in names if not re.fullmatch(r"\w+", name) or name == "state"]
    if wrong:
        raise Failure(f"{', '.join(map(repr, wrong))}: no such name of a field is possible here. Nothing was changed.")


def unknown_fields(service: Authentik, operation: Operation, _plan: Sequence[Operation]) -> str:
    """authentik takes a field that it does not know without a word, and makes the object without it.

    Of one that is only read, as most ids are, it tells too.
    """
    resource = operation.resource
    names = [*(field.name for field in resource.fields), resource.id]
    unknown = [repr(name) for name in names if service.takes(resource, name) is False]
    return f"{resource.kind} has no {' and no '.join(unknown)} in this version of authentik" if unknown else ""


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
