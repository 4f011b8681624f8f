#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_info
short_description: Read authentik's version, and look up objects by name
version_added: 0.1.0
description:
  - Reads the version of an authentik server, and on request objects by kind and name.
  - What it looks up it asks authentik for, also where O(known_ids) or O(known_objects) has it.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.authentik
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.attributes.info_module
  - zerotrust.netbird_authentik.attributes.actiongroup_authentik
options:
  gather_subset:
    description:
      - What to read, V(all) or some of the version and the objects of O(lookups).
      - The version costs a request.
    type: list
    elements: str
    choices: [all, version, objects]
    default: [all]
  lookups:
    description: The objects to look up.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: The kind of objects.
        type: str
        required: true
        choices: [application, brand, certificate, flow, group, policy, provider, role, scope_mapping, token, user]
      names:
        description:
          - Applications and flows are named by their slug, users by their username, brands by their domain, tokens by their
            identifier, scope mappings by their managed id, name or scope name, the others by their name.
          - All objects of the kind where it is left out, and O(lookups[].optional) too.
        type: list
        elements: str
      optional:
        description: Names of objects that need not exist, whatever O(required) says.
        type: list
        elements: str
        default: []
  required:
    description:
      - Whether it is an error that an object does not exist. One error then names all that are missing.
      - In check mode it is a warning, because an earlier task may create the object.
    type: bool
    default: false
  return_secrets:
    description:
      - Whether the objects have their secrets, for the tasks that come after.
      - The result of such a task is hidden from output, as with C(no_log), unless the task fails.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Which version is it
  zerotrust.netbird_authentik.authentik_info:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
  register: authentik

- name: Stop before anything is changed if something is missing
  zerotrust.netbird_authentik.authentik_info:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    lookups:
      - kind: flow
        names: [default-provider-authorization-implicit-consent]
      - kind: group
        names: [developers, operators]
    required: true
  register: authentik

- name: What was looked up is not asked for again
  module_defaults:
    group/zerotrust.netbird_authentik.authentik:
      authentik_url: https://authentik.company
      authentik_token: "{{ vault_authentik_token }}"
      known_ids: "{{ authentik.known_ids }}"
  block:
    - name: Who may use the application
      zerotrust.netbird_authentik.authentik_policy_bindings:
        application: netbird
        bindings:
          - group: developers
          - group: operators
"""

RETURN = r"""
version:
  description: The server's version.
  returned: when O(gather_subset) includes it
  type: str
  sample: 2026.5.0
objects:
  description:
    - The objects that exist, by kind, as authentik's API has them, without their secrets unless O(return_secrets=true).
  returned: success
  type: dict
  sample:
    group:
      - pk: 222293b3-9297-4ebe-a28a-3420b533739e
        name: developers
known_ids:
  description: The ids of the objects that were looked up by name, by kind and name, for the option O(known_ids) of later tasks.
  returned: success
  type: dict
  sample:
    group:
      developers: 222293b3-9297-4ebe-a28a-3420b533739e
"""

from dataclasses import replace
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.service import (
    REFERENCES,
    Authentik,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, argument_spec, run_module

SECRETS = ("client_secret",)
ARGUMENT_SPEC = argument_spec(
    Authentik,
    {
        "gather_subset": {"type": "list", "elements": "str", "choices": ["all", "version", "objects"], "default": ["all"]},
        "lookups": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "kind": {"type": "str", "required": True, "choices": sorted(REFERENCES)},
                "names": {"type": "list", "elements": "str"},
                "optional": {"type": "list", "elements": "str", "default": []},
            },
        },
        "required": {"type": "bool", "default": False},
        "return_secrets": {"type": "bool", "default": False, "no_log": False},
    },
)


def run(context: Context) -> dict[str, Any]:
    service = Authentik(replace(context, params={**context.params, "known_objects": {}}))
    subset = context.params["gather_subset"]
    version = {"version": service.version} if {"all", "version"} & set(subset) else {}
    lookups = context.params["lookups"] if {"all", "objects"} & set(subset) else []
    names = {lookup["kind"]: lookup["names"] for lookup in lookups}
    optional = {lookup["kind"]: lookup["optional"] for lookup in lookups}
    named = service.named_rows({kind: names[kind] or [] for kind in names}, required=context.params["required"])
    for kind, found in service.named_rows(optional, required=False).items():
        named[kind].update(found)
    all_of = [kind for kind in names if names[kind] is None and not optional[kind]]
    rows = {kind: service.rows_of_kind(kind) if kind in all_of else list(named[kind].values()) for kind in names}
    hidden = () if context.params["return_secrets"] else SECRETS
    return {
        "changed": False,
        **version,
        "objects": {
            kind: [{key: value for key, value in row.items() if key not in hidden} for row in rows[kind]] for kind in names
        },
        "known_ids": {kind: {name: row[REFERENCES[kind].ref] for name, row in named[kind].items()} for kind in names},
    }


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
