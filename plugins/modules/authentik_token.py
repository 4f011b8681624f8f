#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_token
short_description: Manage an API token in authentik
version_added: 0.2.0
description:
  - Creates, changes and removes one API token of a user, known by its O(identifier).
  - With it a program does what the user may do, such as the tasks of this collection. It is not an app password.
  - authentik makes the key, once. It is read only where O(return_key=true).
  - A token of another kind or of another user is never touched.
  - Only an administrator makes a token for somebody else. Anybody else gets a token of their own, which is an error of the task.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.authentik
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.key_of_token
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_authentik
seealso:
  - module: zerotrust.netbird_authentik.authentik_app_password
  - module: zerotrust.netbird_authentik.netbird_token
"""

EXAMPLES = r"""
- name: A token for automation
  zerotrust.netbird_authentik.authentik_token:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    identifier: playbooks
    user: alice
    expires: 2027-06-30T00:00:00Z
    return_key: true
  register: token
"""

RETURN = r"""
token:
  description:
    - The token's id and settings, without the key, under the names that authentik's API has for them.
    - In check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    pk: b41c5ed1-c63e-455a-be92-82d8d4568e50
    identifier: playbooks
    user: 10
key:
  description: The key. The task's own O(key) is not repeated.
  returned: when O(return_key=true) and the token exists
  type: str
  sample: R2D3jRdwjF1Im262jbWVwBb6waCUoonFTbgtnCZX4xAp3EyX2x1EMrYaRQWs
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.tokens import API_TOKEN, arguments, ensure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module

ARGUMENT_SPEC = arguments(API_TOKEN)


def run(context: Context) -> dict[str, Any]:
    return ensure(context, API_TOKEN, returns="token")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
