# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which permissions a request takes: authentik refuses without saying which one it missed.

PRIVATE to this collection. authentik names permissions by app, verb and model (C(GET /rbac/permissions/)), and those of its own
for some calls about one object.
"""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import ApiError

# What authentik says of a permission that is missing; of two of them it only hides what they are about.
REFUSED = "You do not have permission to perform this action."
HIDDEN = {
    "app: User does not have access to application.": "It takes authentik_core.view_application.",
    "for_user: User not found": "There is no such user, or it takes authentik_core.preview_user.",
}
VERBS = {"GET": "view", "OPTIONS": "view", "POST": "add", "PUT": "change", "PATCH": "change", "DELETE": "delete"}
MODELS = {
    "core/applications/": ("authentik_core", "application"),
    "core/application_entitlements/": ("authentik_core", "applicationentitlement"),
    "core/brands/": ("authentik_brands", "brand"),
    "core/groups/": ("authentik_core", "group"),
    "core/tokens/": ("authentik_core", "token"),
    "core/users/": ("authentik_core", "user"),
    "crypto/certificatekeypairs/": ("authentik_crypto", "certificatekeypair"),
    "events/events/": ("authentik_events", "event"),
    "flows/bindings/": ("authentik_flows", "flowstagebinding"),
    "flows/instances/": ("authentik_flows", "flow"),
    "managed/blueprints/": ("authentik_blueprints", "blueprintinstance"),
    "policies/all/": ("authentik_policies", "policy"),
    "policies/bindings/": ("authentik_policies", "policybinding"),
    "policies/expression/": ("authentik_policies_expression", "expressionpolicy"),
    "propertymappings/provider/scope/": ("authentik_providers_oauth2", "scopemapping"),
    "providers/oauth2/": ("authentik_providers_oauth2", "oauth2provider"),
    "rbac/roles/": ("authentik_rbac", "role"),
}
# What calls take, by the last word of their path (measured on 2026.5).
CALLS = {
    "add_user": ("authentik_core.add_user_to_group", "authentik_core.view_user"),
    "remove_user": ("authentik_core.remove_user_from_group", "authentik_core.view_user"),
    "set_password": ("authentik_core.reset_user_password", "authentik_core.view_user"),
    "set_key": ("authentik_core.set_token_key", "authentik_core.add_token"),
    "view_key": ("authentik_core.view_token_key",),
    "assign": ("authentik_rbac.assign_role_permissions", "authentik_rbac.add_role"),
    "unassign": ("authentik_rbac.unassign_role_permissions", "authentik_rbac.change_role"),
    "generate": ("authentik_crypto.add_certificatekeypair",),
}


def hint(error: ApiError) -> str:
    """What a request takes that was refused for want of a permission, as a sentence; nothing where that is not known."""
    if error.status == 403 and error.detail == REFUSED:
        taken = _taken(error.method, error.path)
        return f"It takes {' and '.join(taken)}." if taken else ""
    said = [f"{field}: {text}" for field, texts in error.fields.items() for text in texts]
    return next((HIDDEN[words] for words in said if words in HIDDEN), "")


def _taken(method: str, url: str) -> Sequence[str]:
    """What is about one object takes the permission to view it as well (measured on 2026.5)."""
    path = url.removeprefix("/api/v3/")
    call = path.rstrip("/").rpartition("/")[2]
    if call in CALLS:
        return CALLS[call]
    collection = next((each for each in MODELS if path.startswith(each)), "")
    if not collection:
        return ()
    app, model = MODELS[collection]
    verbs = ["view", VERBS[method]] if path != collection else [VERBS[method]]
    return [f"{app}.{verb}_{model}" for verb in dict.fromkeys(verbs)]
