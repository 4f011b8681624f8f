#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_info
short_description: Read what a NetBird management server is
version_added: 0.1.0
description:
  - Reads the version, the account and its settings, and, where the server has its embedded identity provider, the URL that an
    external provider has to send logins back to.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.netbird
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.sections
  - zerotrust.netbird_authentik.attributes.info_module
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
options:
  gather_subset:
    description:
      - What to read of the server, V(all), some of these, or nothing. Each costs a request.
      - V(redirect_urls) reads V(account) too, because only a server with the embedded provider has such URLs.
    type: list
    elements: str
    choices: [all, version, setup_required, account, identity_providers, redirect_urls, users]
    default: [all]
  sections:
    description:
      - The kinds of objects to read into RV(objects), as the sections of M(zerotrust.netbird_authentik.netbird_config). Each
        costs a request.
    version_added: 0.2.0
  use_names:
    description:
      - Whether RV(objects) has names in place of the ids of other objects, under the names of the options of the modules, so that
        it can be handed to these.
    type: bool
    default: false
    version_added: 0.2.0
"""

EXAMPLES = r"""
- name: Where does NetBird want logins sent back to
  zerotrust.netbird_authentik.netbird_info:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    gather_subset: [redirect_urls]
  register: netbird

- name: Who is in which group
  zerotrust.netbird_authentik.netbird_info:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    gather_subset: []
    sections: [groups, peers]
    use_names: true
  register: netbird_groups
"""

RETURN = r"""
objects:
  description:
    - The objects of O(sections), each with its id. Under the names that NetBird's API has for the settings, or with O(use_names)
      under those of the modules' options.
  returned: when O(sections) names any
  type: dict
  sample:
    groups:
      - id: dc2c1flqmd2v04mad3v0
        name: servers
        peers: [web-1, web-2]
version:
  description: The management server's version.
  returned: when O(gather_subset) includes it
  type: str
  sample: 0.77.1
setup_required:
  description: Whether the server still waits for its first user.
  returned: when O(gather_subset) includes it
  type: bool
account:
  description: The account that the token belongs to, with all its settings, as NetBird's API has it.
  returned: when O(gather_subset) includes it
  type: dict
embedded_idp_enabled:
  description: Whether the server has its embedded identity provider (management set-up) or not (standalone set-up).
  returned: with RV(account)
  type: bool
identity_providers:
  description: The external identity providers that the server has, as NetBird's API has them.
  returned: when O(gather_subset) includes them
  type: list
  elements: dict
users:
  description: People and service users, as NetBird's API has them. C(idp_id) is where they log in, C(local) for NetBird itself.
  returned: when O(gather_subset) includes them
  type: list
  elements: dict
  version_added: 0.2.0
redirect_url:
  description:
    - The redirect URL for a provider that is connected to the embedded identity provider.
    - NetBird has no endpoint for it; it is the embedded provider's issuer and C(/callback).
  returned: when O(gather_subset) includes it, and RV(embedded_idp_enabled) is true
  type: str
  sample: https://netbird.company/oauth2/callback
logout_redirect_url:
  description: Where such a provider has to send people back to who log out.
  returned: with RV(redirect_url)
  type: str
  sample: https://netbird.company/oauth2/logout/callback
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, argument_spec, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.config import READABLE, Netbird, objects_of

SUBSETS = ("version", "setup_required", "account", "identity_providers", "redirect_urls", "users")
ARGUMENT_SPEC = argument_spec(
    Netbird,
    {
        "gather_subset": {"type": "list", "elements": "str", "choices": ["all", *SUBSETS], "default": ["all"]},
        "sections": {"type": "list", "elements": "str", "choices": list(READABLE), "default": []},
        "use_names": {"type": "bool", "default": False},
    },
)


def run(context: Context) -> dict[str, Any]:
    service = Netbird(context)
    asked = context.params["gather_subset"]
    subset = set(SUBSETS if "all" in asked else asked)
    result: dict[str, Any] = {"changed": False}
    if subset & {"account", "redirect_urls"}:
        result["account"] = service.account()
        result["embedded_idp_enabled"] = bool(service.embedded)
    if "redirect_urls" in subset and result["embedded_idp_enabled"]:
        result["redirect_url"], result["logout_redirect_url"] = service.redirect_urls()
    if "version" in subset:
        result["version"] = service.version
    if "setup_required" in subset:
        result["setup_required"] = service.get("instance")["setup_required"]
    if "identity_providers" in subset:
        result["identity_providers"] = service.rows_of_kind("connector")
    if "users" in subset:
        result["users"] = service.all_rows("users")
    if context.params["sections"]:
        result["objects"] = objects_of(service, context.params["sections"], names=context.params["use_names"])
    return result


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
