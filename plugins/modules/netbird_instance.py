#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_instance
short_description: Set up a new NetBird server
version_added: 0.2.0
description:
  - Makes the owner of a new server that has its embedded identity provider, and a service user with a personal access token for
    all that comes after. On a server that is set up it makes sure of the service user and the token.
  - The owner logs in for that by the form that people see, because the token that NetBird's set-up itself can give
    (C(create_pat)) comes with an account without a domain, in which everybody who logs in later by another provider gets an
    account of their own.
  - NetBird tells a token once, in its answer to the creation. Set O(return_secret) to get it, and keep it.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
attributes:
  check_mode:
    details:
      - On a server that is set up the owner logs in, unless O(netbird_token) is given. NetBird notes that as their last login.
requirements:
  - PyJWT
options:
  netbird_url:
    description:
      - URL of the NetBird management server, as people's browsers reach it, for example V(https://netbird.company).
      - If not set, the value of the environment variable E(NETBIRD_URL) is used.
    type: str
    required: true
  netbird_token:
    description:
      - A token of an administrator. On a server that is set up it takes the place of the owner's login.
      - If not set, the value of the environment variable E(NETBIRD_TOKEN) is used.
    type: str
  email:
    description: The owner's e-mail address, by which they log in.
    type: str
    required: true
  password:
    description: The owner's password, of at least eight characters. It is not changed on a server that is set up.
    type: str
    required: true
  name:
    description: The owner's name. It is not changed on a server that is set up.
    type: str
    default: Owner
  service_user:
    description: Name of the service user.
    type: str
    default: ansible
  role:
    description: The service user's role.
    type: str
    choices: [admin, user, auditor, network_admin, billing_admin]
    default: admin
  token_name:
    description: Name of the service user's token.
    type: str
    default: ansible
  token_expires_in:
    description: Days for which a new token is valid, V(1) to V(365).
    type: int
    default: 180
  renew_before:
    description:
      - Days before its end at which a new token takes the place of the one there is. Without it a token stays.
      - A number larger than O(token_expires_in) makes a new one at once, for a token that was lost.
    type: int
  return_secret:
    description:
      - Whether to return the token of the service user, under RV(plain_token). Keep the result out of logs with C(no_log).
    type: bool
    default: false
seealso:
  - module: zerotrust.netbird_authentik.netbird_token
  - module: zerotrust.netbird_authentik.netbird_user
"""

EXAMPLES = r"""
- name: The server has its owner, and a token for the tasks below
  zerotrust.netbird_authentik.netbird_instance:
    netbird_url: https://netbird.company
    email: admin@netbird.company
    password: "{{ vault_password_of_admin }}"
    return_secret: true
  register: instance
  no_log: true

- name: What is there
  zerotrust.netbird_authentik.netbird_info:
    netbird_url: https://netbird.company
    netbird_token: "{{ instance.plain_token | default(vault_netbird_token) }}"
"""

RETURN = r"""
changes:
  description:
    - What was done, one sentence each; in check mode what would be done.
    - Where the task has failed, what it had done by then.
  returned: always
  type: list
  elements: str
  sample: ["create owner 'admin@netbird.company'", "create user 'ansible'", "create token 'ansible' of 'ansible'"]
plain_token:
  description: The token of the service user.
  returned: with O(return_secret), when it was created
  type: str
"""

from typing import Any

from ansible.module_utils.basic import env_fallback

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import (
    CONNECTION_ARGUMENTS,
    Context,
    run_module,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.instance import SERVICE_ROLES, ensure_instance

ARGUMENT_SPEC = {
    "argument_spec": {
        "netbird_url": {"type": "str", "required": True, "fallback": (env_fallback, ["NETBIRD_URL"])},
        "netbird_token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["NETBIRD_TOKEN"])},
        **CONNECTION_ARGUMENTS,
        "email": {"type": "str", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
        "name": {"type": "str", "default": "Owner"},
        "service_user": {"type": "str", "default": "ansible"},
        "role": {"type": "str", "choices": list(SERVICE_ROLES), "default": "admin"},
        "token_name": {"type": "str", "default": "ansible", "no_log": False},
        "token_expires_in": {"type": "int", "default": 180, "no_log": False},
        "renew_before": {"type": "int"},
        "return_secret": {"type": "bool", "default": False, "no_log": False},
    }
}


def run(context: Context) -> dict[str, Any]:
    return ensure_instance(context)


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
