# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bodies of the modules of NetBird's kinds: each is its row in the table of kinds.

PRIVATE to this collection.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.context import Context
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.ensure import STATE_ARGUMENT, ensure_object
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import argument_spec
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import Resource
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.kinds import KINDS
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.service import Netbird


def arguments(kind: str) -> dict[str, Any]:
    """The keywords of C(AnsibleModule) for the module of one kind. What there is always one of has no state."""
    resource = KINDS[kind]
    returning = {"return_secret": {"type": "bool", "default": False, "no_log": False}} if resource.tells else {}
    state = STATE_ARGUMENT if resource.identity or resource.optional else {}
    return argument_spec(
        Netbird, {**resource.arguments(), **update_secret(resource), **returning, **state}, **(resource.constraints or {})
    )


def update_secret(resource: Resource) -> dict[str, Any]:
    """The option that has a secret written although nothing says that it differs, where there is one."""
    secret = any(field.secret for field in resource.fields)
    return {"update_secret": {"type": "bool", "default": False, "no_log": False}} if secret else {}


def ensure(context: Context, kind: str) -> dict[str, Any]:
    """One object of a kind, as the task's options say."""
    update = bool(context.params.get("update_secret"))
    return ensure_object(context, Netbird(context), KINDS[kind], returns=kind, update_secret=update)
