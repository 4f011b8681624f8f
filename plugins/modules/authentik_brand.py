#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_brand
short_description: Manage a brand of authentik
version_added: 0.1.0
description:
  - Changes the default brand of authentik, or creates, changes and removes the brand of one O(domain).
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
  - A brand that the module creates is never the default one.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.authentik
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_authentik
options:
  domain:
    description: The domain that the brand is for. It identifies the brand. The default brand is meant where it is left out.
    type: str
  branding_title:
    description: The title of authentik's pages.
    type: str
  flow_authentication:
    description: Slug of the flow that logs a person in. An empty slug means none, here and below.
    type: str
  flow_invalidation:
    description: Slug of the flow that logs a person out.
    type: str
  flow_recovery:
    description: Slug of the flow in which a person gets a new password.
    type: str
  flow_unenrollment:
    description: Slug of the flow in which a person leaves.
    type: str
  flow_user_settings:
    description: Slug of the flow in which people change their own settings.
    type: str
  flow_device_code:
    description:
      - Slug of the flow in which people enter the code that a device shows.
      - Without it a device gets a code all the same, and the person who wants to enter it gets nowhere.
    type: str
  state:
    description: Whether the brand should exist. V(absent) needs a O(domain).
seealso:
  - module: zerotrust.netbird_authentik.authentik_flow
"""

EXAMPLES = r"""
- name: People change their settings in authentik's own flow
  zerotrust.netbird_authentik.authentik_brand:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    flow_user_settings: default-user-settings-flow

- name: A brand for one domain
  zerotrust.netbird_authentik.authentik_brand:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    domain: login.company
    branding_title: Company
"""

RETURN = r"""
brand:
  description: The brand's id and settings, under the names that authentik's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    brand_uuid: 698ce4fe-1952-462c-a833-a60dd3f0a87b
    domain: authentik-default
    flow_device_code: 16ca3ecd-d358-42ce-83a2-914afb85714a
"""

from dataclasses import replace
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.service import Authentik
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import (
    STATE_ARGUMENT,
    Context,
    Failure,
    Field,
    Resource,
    argument_spec,
    ensure_object,
    run_module,
)

FLOWS = ("authentication", "invalidation", "recovery", "unenrollment", "user_settings", "device_code")
BRAND = Resource(
    kind="brand",
    path="core/brands/",
    label="domain",
    id="brand_uuid",
    ref="brand_uuid",
    identity=("domain",),
    twins=True,
    fields=(
        Field("domain"),
        Field("branding_title"),
        *(Field(f"flow_{name}", ref="flow") for name in FLOWS),
    ),
)
ARGUMENT_SPEC = argument_spec(
    Authentik,
    {**BRAND.arguments(), **STATE_ARGUMENT},
    required_if=[("state", "absent", ["domain"])],
)


def run(context: Context) -> dict[str, Any]:
    service = Authentik(context)
    if context.params["domain"] is None:
        default = service.find(BRAND, "default", True)
        if default is None:
            raise Failure("authentik has no default brand. Name a domain. Nothing was changed.")
        context = replace(context, params={**context.params, "domain": default["domain"]})
    return ensure_object(context, service, BRAND, returns="brand")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
