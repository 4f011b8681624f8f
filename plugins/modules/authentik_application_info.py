#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_application_info
short_description: Read an application of authentik with all that belongs to it
version_added: 0.2.0
description:
  - Reads an application, its OAuth2/OpenID provider, its bindings and its entitlements, under the names of the options of their
    modules, with names in place of ids. So they can be handed to these modules, or kept as code.
  - What is empty is left out, and so is what a binding has unless somebody says otherwise. Secrets are not among it.
  - The playbook C(zerotrust.netbird_authentik.export_setup) makes of it the variables of the roles.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.authentik
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.attributes.info_module
  - zerotrust.netbird_authentik.attributes.actiongroup_authentik
options:
  slug:
    description: The application's slug.
    type: str
    required: true
seealso:
  - module: zerotrust.netbird_authentik.authentik_application
  - module: zerotrust.netbird_authentik.authentik_oauth2_provider
  - module: zerotrust.netbird_authentik.authentik_policy_bindings
  - module: zerotrust.netbird_authentik.authentik_application_entitlements
"""

EXAMPLES = r"""
- name: Who is in which group of NetBird
  zerotrust.netbird_authentik.authentik_application_info:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    slug: netbird
  register: netbird
"""

RETURN = r"""
application:
  description: The application, by the options of M(zerotrust.netbird_authentik.authentik_application).
  returned: success
  type: dict
  sample:
    slug: netbird
    name: NetBird
    provider: NetBird
provider:
  description: Its provider, by the options of M(zerotrust.netbird_authentik.authentik_oauth2_provider). Empty where it has none.
  returned: success
  type: dict
  sample:
    name: NetBird
    client_type: confidential
bindings:
  description: Its bindings, as in M(zerotrust.netbird_authentik.authentik_policy_bindings).
  returned: success
  type: list
  elements: dict
  sample:
    - group: developers
entitlements:
  description: Its entitlements, as in M(zerotrust.netbird_authentik.authentik_application_entitlements).
  returned: success
  type: list
  elements: dict
  sample:
    - name: netbird-developers
      groups: [developers]
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.applications import (
    Authentik,
    application_by_name,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, argument_spec, run_module

ARGUMENT_SPEC = argument_spec(Authentik, {"slug": {"type": "str", "required": True}})


def run(context: Context) -> dict[str, Any]:
    return {"changed": False, **application_by_name(Authentik(context), context.params["slug"])}


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
