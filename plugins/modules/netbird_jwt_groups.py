#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_jwt_groups
short_description: Have NetBird's groups before anybody has logged in
version_added: 0.1.0
description:
  - NetBird makes a group that comes from tokens when the first person logs in whose token names it. A group that its API made is
    never given to anybody because of a token, so it cannot take that one's place.
  - This module has NetBird make the groups beforehand, so that policies for them can be written in the same play. For that, a
    temporary person is made in authentik, is given the entitlements of the missing groups, logs in once without a browser, and
    is removed again in both services. The groups stay, and people who log in later are put into them.
  - When the groups are there, nobody logs in and nothing is written.
  - What an interrupted run leaves, the next run for the same application finds by the temporary person's mark, and removes.
  - Groups are never removed.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.authentik
  - zerotrust.netbird_authentik.netbird
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_authentik
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
options:
  groups:
    description:
      - Names of the groups. Those that are missing have to be entitlements of O(application).
    type: list
    elements: str
    required: true
  application:
    description: Slug of the application in authentik.
    type: str
    default: netbird
  connector:
    description: Name of NetBird's identity provider. Used where NetBird has its embedded identity provider.
    type: str
    default: authentik
  issuer:
    description:
      - The issuer that NetBird is told. The default is built from O(authentik_url) and O(application).
      - Used where authentik is in place of the embedded identity provider.
    type: str
  redirect_uri:
    description:
      - A redirect of the provider. Nothing has to listen there.
      - Used where authentik is in place of the embedded identity provider.
    type: str
    default: http://localhost:53000
requirements:
  - PyJWT
notes:
  - NetBird's group sync has to be on, and a login has to work, without a second factor. The servers' public URLs have to be
    reachable from where the task runs.
  - Where C(jwt_allow_groups) of NetBird's account leaves the temporary person out, they get one of those entitlements as well.
    Where the bindings of the application do, they are bound to the application too.
seealso:
  - module: zerotrust.netbird_authentik.authentik_application_entitlements
    description: Makes the entitlements.
  - module: zerotrust.netbird_authentik.netbird_account_settings
    description: Turns the group sync on.
  - module: zerotrust.netbird_authentik.netbird_login_check
    description: Says why a login does not work.
"""

EXAMPLES = r"""
- name: The groups that policies will be written for
  zerotrust.netbird_authentik.netbird_jwt_groups:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    application: netbird
    groups: [netbird-developers]
  register: netbird_groups

- name: Their ids by their names
  ansible.builtin.debug:
    msg: "{{ netbird_groups.groups | items2dict(key_name='name', value_name='id') }}"
"""

RETURN = r"""
groups:
  description:
    - The groups that were asked for, in that order, under the names that NetBird's API has for their settings.
    - In check mode a group that is missing has no C(id).
  returned: success
  type: list
  elements: dict
  sample:
    - id: dc2csm5qmd2sqj9u2jm0
      name: netbird-developers
      issued: jwt
"""

from typing import Any

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import (
    Context,
    MissingLibrary,
    argument_spec,
    run_module,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.jwt_groups import Authentik, JwtGroups, Netbird
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.client import JWT_IMPORT_ERROR

ARGUMENT_SPEC = argument_spec(
    [Authentik, Netbird],
    {
        "groups": {"type": "list", "elements": "str", "required": True},
        "application": {"type": "str", "default": "netbird"},
        "connector": {"type": "str", "default": "authentik"},
        "issuer": {"type": "str"},
        "redirect_uri": {"type": "str", "default": "http://localhost:53000"},
    },
)


def run(context: Context) -> dict[str, Any]:
    if JWT_IMPORT_ERROR is not None:
        raise MissingLibrary(missing_required_lib("PyJWT"), JWT_IMPORT_ERROR)
    return JwtGroups(context).ensure()


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
