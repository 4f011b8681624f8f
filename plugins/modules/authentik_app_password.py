#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_app_password
short_description: Manage an app password in authentik
version_added: 0.1.0
description:
  - Creates, changes and removes one app password of a user, known by its O(identifier).
  - With it the user gets tokens by the client credentials grant, as NetBird's management server does. It is not an API token.
  - authentik makes the password, once. It is read only where O(return_key=true).
  - A token of another kind or of another user is never touched.
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
  - module: zerotrust.netbird_authentik.authentik_user
"""

EXAMPLES = r"""
- name: An app password
  zerotrust.netbird_authentik.authentik_app_password:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    identifier: password-of-alice
    user: alice
    return_key: true
  register: app_password
"""

RETURN = r"""
app_password:
  description:
    - The app password's id and settings, without the password, under the names that authentik's API has for them.
    - In check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    pk: b41c5ed1-c63e-455a-be92-82d8d4568e50
    identifier: password-of-alice
    user: 10
key:
  description: The password. The task's own O(key) is not repeated.
  returned: when O(return_key=true) and the app password exists
  type: str
  sample: R2D3jRdwjF1Im262jbWVwBb6waCUoonFTbgtnCZX4xAp3EyX2x1EMrYaRQWs
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.tokens import APP_PASSWORD, arguments, ensure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module

ARGUMENT_SPEC = arguments(APP_PASSWORD)


def run(context: Context) -> dict[str, Any]:
    return ensure(context, APP_PASSWORD, returns="app_password")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
