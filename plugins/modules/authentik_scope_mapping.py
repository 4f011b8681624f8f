#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_scope_mapping
short_description: Manage a scope mapping in authentik
version_added: 0.1.0
description:
  - Creates, changes and removes one scope mapping of authentik, known by its O(name).
  - A scope mapping says which claims a token holds when a client asks for a scope.
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
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
    description: The mapping's name. It identifies the mapping.
    type: str
    required: true
  scope_name:
    description: The scope that a client asks for. Needed to create the mapping.
    type: str
  expression:
    description:
      - Python that returns the claims as a dictionary. Needed to create the mapping.
      - White space around it does not count.
    type: str
  description:
    description: What authentik shows to a person who is asked for consent. Nothing is shown where it is empty.
    type: str
"""

EXAMPLES = r"""
- name: NetBird's embedded provider finds the entitlements among the groups
  zerotrust.netbird_authentik.authentik_scope_mapping:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    name: "NetBird: profile with entitlements as groups"
    scope_name: profile
    expression: |
      return {
          "name": request.user.name,
          "preferred_username": request.user.username,
          "groups": [entitlement.name for entitlement in request.user.app_entitlements(provider.application)],
      }
"""

RETURN = r"""
scope_mapping:
  description: The mapping's id and settings, under the names that authentik's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    pk: 86cfd110-710f-4ea2-97d8-53f2d0f76101
    name: "NetBird: profile with entitlements as groups"
    scope_name: profile
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.service import Authentik
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import (
    STATE_ARGUMENT,
    Context,
    Field,
    Resource,
    argument_spec,
    ensure_object,
    run_module,
    text,
)

SCOPE_MAPPING = Resource(
    kind="scope mapping",
    path="propertymappings/provider/scope/",
    filter="name",
    fields=(
        Field("name", required=True),
        Field("scope_name", needed=True),
        Field("expression", needed=True, canonical=text),
        Field("description", canonical=text),
    ),
)
ARGUMENT_SPEC = argument_spec(Authentik, {**SCOPE_MAPPING.arguments(), **STATE_ARGUMENT})


def run(context: Context) -> dict[str, Any]:
    return ensure_object(context, Authentik(context), SCOPE_MAPPING, returns="scope_mapping")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
