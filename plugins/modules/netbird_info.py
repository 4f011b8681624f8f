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
  - zerotrust.netbird_authentik.attributes.info_module
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
options:
  gather_subset:
    description:
      - What to read, V(all) or some of these. Each costs a request.
      - V(redirect_urls) reads V(account) too, because only a server with the embedded provider has such URLs.
    type: list
    elements: str
    choices: [all, version, setup_required, account, identity_providers, redirect_urls]
    default: [all]
"""

EXAMPLES = r"""
- name: Where does NetBird want logins sent back to
  zerotrust.netbird_authentik.netbird_info:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    gather_subset: [redirect_urls]
  register: netbird
"""

RETURN = r"""
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
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.service import Netbird

SUBSETS = ("version", "setup_required", "account", "identity_providers", "redirect_urls")
ARGUMENT_SPEC = argument_spec(
    Netbird,
    {"gather_subset": {"type": "list", "elements": "str", "choices": ["all", *SUBSETS], "default": ["all"]}},
)


def run(context: Context) -> dict[str, Any]:
    service = Netbird(context)
    asked = context.params["gather_subset"]
    subset = set(SUBSETS if "all" in asked else asked)
    result: dict[str, Any] = {"changed": False}
    if subset & {"account", "redirect_urls"}:
        result["account"] = service.account()
        result["embedded_idp_enabled"] = bool(result["account"]["settings"].get("embedded_idp_enabled"))
    if "redirect_urls" in subset and result["embedded_idp_enabled"]:
        result["redirect_url"], result["logout_redirect_url"] = service.redirect_urls()
    if "version" in subset:
        result["version"] = service.get("instance/version")["management_current_version"]
    if "setup_required" in subset:
        result["setup_required"] = service.get("instance")["setup_required"]
    if "identity_providers" in subset:
        result["identity_providers"] = service.all_rows("identity-providers")
    return result


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
