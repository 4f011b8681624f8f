#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_application
short_description: Manage an application in authentik
version_added: 0.1.0
description:
  - Creates, changes and removes one application of authentik, known by its O(slug).
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
  - Removing an application removes its entitlements and bindings too, but not its provider.
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
    description: The application's name in URLs. It identifies the application.
    type: str
    required: true
  name:
    description: The application's name for people. Needed to create it.
    type: str
  provider:
    description: Name of the OAuth2/OpenID provider that the application uses. An empty name means none.
    type: str
  group:
    description: Heading under which authentik lists the application.
    type: str
  policy_engine_mode:
    description: Whether one of the application's bindings has to let a person in, or all of them.
    type: str
    choices: [any, all]
  launch_url:
    description: Where the application's tile leads to.
    type: str
  icon:
    description:
      - URL of the application's icon.
      - authentik 2025.10 and older can set it, but not clear it.
    type: str
  description:
    description: What the application is for.
    type: str
  publisher:
    description: Who makes the application.
    type: str
  open_in_new_tab:
    description: Whether the application's tile opens a new tab.
    type: bool
seealso:
  - module: zerotrust.netbird_authentik.authentik_oauth2_provider
  - module: zerotrust.netbird_authentik.authentik_application_entitlements
  - module: zerotrust.netbird_authentik.authentik_policy_bindings
"""

EXAMPLES = r"""
- name: NetBird is an application of authentik
  zerotrust.netbird_authentik.authentik_application:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    slug: netbird
    name: NetBird
    provider: NetBird
    group: Network
    launch_url: https://netbird.company

- name: There is no such application any more
  zerotrust.netbird_authentik.authentik_application:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    slug: old-netbird
    state: absent
"""

RETURN = r"""
application:
  description:
    - The application's id and settings, under the names that authentik's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    pk: 72a9fa7b-14e5-4a27-90c0-8f65509c196b
    name: NetBird
    slug: netbird
    provider: 12
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.applications import APPLICATION, Authentik
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import (
    STATE_ARGUMENT,
    Context,
    argument_spec,
    ensure_object,
    run_module,
)

ARGUMENT_SPEC = argument_spec(Authentik, {**APPLICATION.arguments(), **STATE_ARGUMENT})


def run(context: Context) -> dict[str, Any]:
    return ensure_object(context, Authentik(context), APPLICATION, returns="application")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
