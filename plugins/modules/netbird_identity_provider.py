#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_identity_provider
short_description: Manage an identity provider of NetBird
version_added: 0.1.0
description:
  - Creates, changes and removes one external identity provider (connector) of NetBird's embedded one, known by its O(name).
  - NetBird fetches the issuer's discovery document itself whenever the provider is written, so the issuer has to be reachable
    from there. It waits up to 10 seconds for it.
  - NetBird puts a change of an existing provider into effect at its next restart. The task warns when it makes one.
  - Needs a management server with its embedded identity provider.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.netbird
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
attributes:
  idempotent:
    support: partial
    details:
      - With O(update_secret=true) or O(recreate=true) and another type, the provider is written again.
  check_mode:
    details:
      - With O(type=auto), a new provider is predicted as V(authentik).
options:
  name:
    description: The provider's name. It identifies the provider, so two providers of one name are an error.
    type: str
    required: true
  type:
    description:
      - The provider's type, which NetBird cannot change.
      - V(auto) makes a new provider of the type V(authentik), and where the server refuses that one of the type V(oidc). An
        existing provider of either type stays as it is.
    type: str
    choices: [auto, oidc, authentik, zitadel, entra, google, okta, pocketid, microsoft, adfs, keycloak]
    default: auto
  issuer:
    description: The issuer, to the letter, for authentik C(<authentik>/application/o/<slug>/). Needed to create the provider.
    type: str
  client_id:
    description: The client's id. Needed to create the provider.
    type: str
  client_secret:
    description:
      - The client's secret. Needed to create the provider. It must not be empty.
      - NetBird never tells it, so it is written when the provider is created, when something else about it changes, or when
        O(update_secret=true).
    type: str
  update_secret:
    description: Whether to write the secret although nothing else changes. Such a task is always changed.
    type: bool
    default: false
  recreate:
    description:
      - Whether to remove and create the provider when its type has to change.
      - Its users then are new users to NetBird. The old ones stay, without a way to log in.
    type: bool
    default: false
seealso:
  - module: zerotrust.netbird_authentik.netbird_info
"""

EXAMPLES = r"""
- name: NetBird lets people log in through authentik
  zerotrust.netbird_authentik.netbird_identity_provider:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    name: authentik
    issuer: https://authentik.company/application/o/netbird/
    client_id: "{{ provider.provider.client_id }}"
    client_secret: "{{ provider.client_secret }}"
"""

RETURN = r"""
identity_provider:
  description: The provider as NetBird's API has it; in check mode as it would be. NetBird never tells the secret.
  returned: when O(state=present)
  type: dict
  sample:
    id: authentik-dc2c09tqmd2v04mad1o0
    type: authentik
    name: authentik
    issuer: https://authentik.company/application/o/netbird/
    client_id: QdrYNnkACtHLyHR4xHetREd66MMcB7ZmGjVq68xx
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import (
    STATE_ARGUMENT,
    Context,
    Failure,
    Field,
    Resource,
    argument_spec,
    complete,
    finish,
    plan_object,
    row_after,
    run_module,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.service import Netbird

# What "auto" stands for: the type that says most first, then the one that every server has.
AUTOMATIC_TYPES = ("authentik", "oidc")
# A server's words (measured): any other refusal is about the issuer, and no other type would help.
UNKNOWN_TYPE = "unsupported identity provider type"
TYPES = ("oidc", "authentik", "zitadel", "entra", "google", "okta", "pocketid", "microsoft", "adfs", "keycloak")
IDENTITY_PROVIDER = Resource(
    kind="identity provider",
    path="identity-providers",
    id="id",
    ref="id",
    since=Netbird.references["connector"].since,
    twins=True,
    whole=("type", "name", "issuer", "client_id"),
    fields=(
        Field("name", required=True),
        Field("type", choices=("auto", *TYPES)),
        Field("issuer", needed=True),
        Field("client_id", needed=True),
        Field("client_secret", secret=True, readable=False, needed=True),
    ),
)
ARGUMENT_SPEC = argument_spec(
    Netbird,
    {
        **IDENTITY_PROVIDER.arguments(),
        "type": {"type": "str", "choices": ["auto", *TYPES], "default": "auto"},
        "update_secret": {"type": "bool", "default": False, "no_log": False},
        "recreate": {"type": "bool", "default": False},
        **STATE_ARGUMENT,
    },
)


def run(context: Context) -> dict[str, Any]:
    name = context.params["name"]
    if context.params["client_secret"] == "":
        raise Failure("client_secret is empty. NetBird would keep the one that it has; leave the option out if that is meant.")
    service = Netbird(context)
    current = service.find(IDENTITY_PROVIDER, "name", name)
    if context.params["state"] == "absent":
        return finish(context, service, [plan_object(IDENTITY_PROVIDER, None, current)])[0]

    asked = IDENTITY_PROVIDER.desired(context.params)
    automatic = asked["type"] == "auto"
    if automatic:
        asked["type"] = current["type"] if current and current["type"] in AUTOMATIC_TYPES else AUTOMATIC_TYPES[0]
    removal = None
    if current is not None and current["type"] != asked["type"]:
        if not context.params["recreate"]:
            raise Failure(
                f"identity provider {name!r} has the type {current['type']}, and NetBird cannot make it {asked['type']}. With "
                "recreate it is removed and made anew, and its users become new users. Nothing was changed."
            )
        removal, current = plan_object(IDENTITY_PROVIDER, None, current), None
    wanted = complete(IDENTITY_PROVIDER, asked, current, service.supports)
    operation = plan_object(IDENTITY_PROVIDER, wanted, current, update_secret=context.params["update_secret"])
    if operation is not None and current is not None:
        context.warn(f"identity provider {name!r} changes: NetBird puts that into effect at its next restart.")
    if operation is not None and automatic and current is None:
        operation.fallback, operation.refusal = {"type": AUTOMATIC_TYPES[1]}, UNKNOWN_TYPE
    if operation is not None and removal is not None:
        # NetBird has no two of one name.
        operation.after = [removal]
    result, rows = finish(context, service, [removal, operation])
    return {**result, "identity_provider": row_after(IDENTITY_PROVIDER, operation, current, rows)}


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
