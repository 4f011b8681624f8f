#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_policy_expression
short_description: Manage an expression policy in authentik
version_added: 0.2.0
description:
  - Creates, changes and removes one expression policy of authentik, known by its O(name).
  - An expression policy decides in Python whether somebody gets in where it is bound, for example by
    M(zerotrust.netbird_authentik.authentik_policy_bindings).
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
    description: The policy's name. It identifies the policy.
    type: str
    required: true
  expression:
    description:
      - Python that returns whether the policy passes. Needed to create the policy.
      - White space around it does not count.
    type: str
  execution_logging:
    description: Whether every execution is logged, and not only those that fail.
    type: bool
seealso:
  - module: zerotrust.netbird_authentik.authentik_policy_bindings
"""

EXAMPLES = r"""
- name: Only people with an address of the company pass
  zerotrust.netbird_authentik.authentik_policy_expression:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    name: company-address
    expression: return request.user.email.endswith("@company.example")
"""

RETURN = r"""
policy_expression:
  description: The policy's id and settings, under the names that authentik's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    pk: b4c14926-3b6f-4a40-8ad6-fa7341072fbf
    name: company-address
    expression: return request.user.email.endswith("@company.example")
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

POLICY_EXPRESSION = Resource(
    kind="expression policy",
    path="policies/expression/",
    filter="name",
    fields=(
        Field("name", required=True),
        Field("expression", needed=True, canonical=text),
        Field("execution_logging", type="bool"),
    ),
)
ARGUMENT_SPEC = argument_spec(Authentik, {**POLICY_EXPRESSION.arguments(), **STATE_ARGUMENT})


def run(context: Context) -> dict[str, Any]:
    return ensure_object(context, Authentik(context), POLICY_EXPRESSION, returns="policy_expression")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
