#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_flow
short_description: Manage a flow in authentik
version_added: 0.1.0
description:
  - Creates, changes and removes one flow of authentik, known by its O(slug). Its stages and bindings are left alone.
  - An option that the task leaves out is left as it is on the server.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.authentik
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_authentik
options:
  slug:
    description: The flow's name in URLs. It identifies the flow.
    type: str
    required: true
  name:
    description: The flow's name for administrators. Needed to create the flow.
    type: str
  title:
    description: The heading that people see. Needed to create the flow.
    type: str
  designation:
    description: What the flow is for. Needed to create the flow.
    type: str
    choices: [authentication, authorization, invalidation, enrollment, unenrollment, recovery, stage_configuration]
  authentication:
    description: Who may run the flow. A new flow has authentik's default, V(none).
    type: str
    choices: [none, require_authenticated, require_unauthenticated, require_superuser, require_redirect, require_outpost]
seealso:
  - module: zerotrust.netbird_authentik.authentik_brand
"""

EXAMPLES = r"""
- name: A flow in which people enter the code that a device shows
  zerotrust.netbird_authentik.authentik_flow:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    slug: default-device-code-flow
    name: default-device-code-flow
    title: Device code flow
    designation: stage_configuration
    authentication: require_authenticated
"""

RETURN = r"""
flow:
  description: The flow's id and settings, under the names that authentik's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    pk: 16ca3ecd-d358-42ce-83a2-914afb85714a
    slug: default-device-code-flow
    title: Device code flow
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
)

DESIGNATIONS = (
    "authentication",
    "authorization",
    "invalidation",
    "enrollment",
    "unenrollment",
    "recovery",
    "stage_configuration",
)
REQUIREMENTS = (
    "none",
    "require_authenticated",
    "require_unauthenticated",
    "require_superuser",
    "require_redirect",
    "require_outpost",
)
FLOW = Resource(
    kind="flow",
    path="flows/instances/",
    label="slug",
    id="slug",
    identity=("slug",),
    filter="slug",
    fields=(
        Field("slug", required=True),
        Field("name", needed=True),
        Field("title", needed=True),
        Field("designation", choices=DESIGNATIONS, needed=True),
        Field("authentication", choices=REQUIREMENTS),
    ),
)
ARGUMENT_SPEC = argument_spec(Authentik, {**FLOW.arguments(), **STATE_ARGUMENT})


def run(context: Context) -> dict[str, Any]:
    return ensure_object(context, Authentik(context), FLOW, returns="flow")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
