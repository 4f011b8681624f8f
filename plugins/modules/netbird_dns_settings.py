#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_dns_settings
short_description: Manage the DNS settings of NetBird's account
version_added: 0.2.0
description:
  - Changes the DNS settings of the account that the token belongs to.
  - A setting that the task leaves out is left as it is.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.netbird
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
options:
  disabled_management_groups:
    description: Names of the groups on whose peers NetBird leaves DNS alone. They replace all that there are.
    type: list
    elements: str
seealso:
  - module: zerotrust.netbird_authentik.netbird_nameserver_group
"""

EXAMPLES = r"""
- name: Servers keep their own DNS
  zerotrust.netbird_authentik.netbird_dns_settings:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    disabled_management_groups:
      - servers
"""

RETURN = r"""
dns_settings:
  description: The settings as NetBird's API has them; in check mode as they would be.
  returned: success
  type: dict
  sample:
    disabled_management_groups:
      - dc2c1flqmd2v04mad3v0
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("dns_settings")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "dns_settings")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
