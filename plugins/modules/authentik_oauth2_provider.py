#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_oauth2_provider
short_description: Manage an OAuth2/OpenID provider in authentik
version_added: 0.1.0
description:
  - Creates, changes and removes one OAuth2/OpenID provider of authentik, known by its O(name).
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
  - Where defaults are named below, they belong to a new provider.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.authentik
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_authentik
options:
  name:
    description: The provider's name. It identifies the provider.
    type: str
    required: true
  client_type:
    description: Whether the client can keep a secret (V(confidential), authentik's default) or not.
    type: str
    choices: [confidential, public]
  client_id:
    description: The client's id. authentik makes one where it is left out.
    type: str
  client_secret:
    description: The client's secret. authentik makes one where it is left out. It must not be empty.
    type: str
  return_secret:
    description:
      - Whether the result has the client's secret, for the tasks that come after.
      - The result of such a task is hidden from output, as with C(no_log), unless the task fails.
    type: bool
    default: false
  authentication_flow:
    description: Slug of the flow that logs a person in. An empty slug means the brand's flow.
    type: str
  authorization_flow:
    description:
      - Slug of the flow that a person passes to authorize the client.
      - The default is V(default-provider-authorization-implicit-consent).
    type: str
  invalidation_flow:
    description:
      - Slug of the flow that a person passes to log out.
      - The default is V(default-provider-invalidation-flow).
    type: str
  redirect_uris:
    description:
      - Where a login may be sent back to. Needed to create the provider; the list replaces the one that it has.
      - Never leave it empty. authentik then takes the first redirect that anybody sends, and keeps it.
    type: list
    elements: dict
    suboptions:
      matching_mode:
        description: Whether O(redirect_uris[].url) has to be equal, or is a regular expression that has to match the whole URL.
        type: str
        choices: [strict, regex]
        default: strict
      url:
        description:
          - The URL, or the regular expression.
          - In a regular expression a dot stands for any character, so escape those of a host name.
        type: str
        required: true
      redirect_uri_type:
        description:
          - What the redirect is for. Servers before authentik 2026.5 know V(authorization) alone, and it is an error to name
            V(logout), unless O(redirect_uri_type_optional=true).
        type: str
        choices: [authorization, logout]
        default: authorization
  redirect_uri_type_optional:
    description:
      - Whether redirects for V(logout) are left out where the server has no types.
      - Whether it has them is read off the provider's redirects, and where there are none yet off what the server says about new
        providers. Where it does not say that, its version decides.
    type: bool
    default: false
  property_mappings:
    description:
      - The scopes that a client may ask for, each by its scope name, its managed id or its mapping's name.
      - A scope name means authentik's own mapping for that scope, also where there are other mappings for it.
      - The default is V(openid), V(profile) and V(email).
    type: list
    elements: str
  signing_key:
    description:
      - Name of the certificate-key pair that signs tokens. An empty name means none, and tokens are then signed with the client's
        secret (HS256), which NetBird refuses.
      - The default is V(authentik Self-signed Certificate).
    type: str
  access_code_validity:
    description: How long an authorization code is valid, such as V(minutes=1).
    type: str
  access_token_validity:
    description: How long an access token is valid, such as V(hours=1).
    type: str
  refresh_token_validity:
    description: How long a refresh token is valid, such as V(days=30).
    type: str
  sub_mode:
    description: What a token's C(sub) is made of.
    type: str
    choices: [hashed_user_id, user_id, user_uuid, user_username, user_email, user_upn]
  issuer_mode:
    description: Whether the issuer is the application's own URL or authentik's.
    type: str
    choices: [per_provider, global]
  include_claims_in_id_token:
    description: Whether the claims of the scopes are in the id_token too, and not only at the userinfo endpoint.
    type: bool
  grant_types:
    description:
      - The grants that the provider allows. authentik has this setting since its release 2026.5. On servers without it every
        grant is allowed, and it is an error to name some, unless O(grant_types_optional=true).
      - Whether the server has the setting is read off the provider, and where it does not exist yet off what the server says
        about new ones. Its version does not matter.
      - A provider made through the API without grants refuses every login. So the default (V(authorization_code) and
        V(refresh_token)) also takes the place of an empty list that the server has. An empty list is refused.
    type: list
    elements: str
    choices:
      - authorization_code
      - implicit
      - hybrid
      - refresh_token
      - client_credentials
      - password
      - urn:ietf:params:oauth:grant-type:device_code
      - urn:ietf:params:oauth:grant-type:token-exchange
  grant_types_optional:
    description: Whether O(grant_types) is left out where the server has no such setting.
    type: bool
    default: false
seealso:
  - module: zerotrust.netbird_authentik.authentik_application
  - module: zerotrust.netbird_authentik.authentik_scope_mapping
"""

EXAMPLES = r"""
- name: A provider for NetBird's embedded identity provider
  zerotrust.netbird_authentik.authentik_oauth2_provider:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    name: NetBird
    redirect_uris:
      - url: https://netbird.company/oauth2/callback
    property_mappings: [openid, profile, email, entitlements]
    include_claims_in_id_token: true

- name: Its client id and secret
  zerotrust.netbird_authentik.authentik_oauth2_provider:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    name: NetBird
    return_secret: true
  register: provider
"""

RETURN = r"""
provider:
  description:
    - The provider's id and settings, without its secret, under the names that authentik's API has for them; in check mode as they
      would be.
  returned: when O(state=present)
  type: dict
  sample:
    pk: 12
    name: NetBird
    client_id: QdrYNnkACtHLyHR4xHetREd66MMcB7ZmGjVq68xx
client_secret:
  description: The client's secret, where authentik has one and tells it. The task's own O(client_secret) is not repeated.
  returned: when O(return_secret=true) and the provider exists
  type: str
  sample: Y4svvOvxrD4NIeDvETWuLESUIXTvyszxYdZXhedR7fn0aZzIfZ7E5ptXgsZJDvTN
"""

from dataclasses import replace
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.applications import (
    OAUTH2_PROVIDER,
    Authentik,
    known_redirects,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import (
    STATE_ARGUMENT,
    Context,
    Failure,
    argument_spec,
    ensure_object,
    run_module,
)

ARGUMENT_SPEC = argument_spec(
    Authentik,
    {
        **OAUTH2_PROVIDER.arguments(),
        "return_secret": {"type": "bool", "default": False, "no_log": False},
        "grant_types_optional": {"type": "bool", "default": False},
        "redirect_uri_type_optional": {"type": "bool", "default": False},
        **STATE_ARGUMENT,
    },
)


def run(context: Context) -> dict[str, Any]:
    if context.params["client_secret"] == "":
        raise Failure("client_secret is empty. Leave it out, and authentik makes one.")
    if context.params["grant_types"] == []:
        raise Failure("grant_types is empty, which authentik refuses. Name the grants, or leave it out.")
    service = Authentik(context)
    if context.params["redirect_uri_type_optional"] and context.params["state"] == "present":
        context = replace(context, params={**context.params, "redirect_uris": known_redirects(service, context.params)})
    if context.params["redirect_uris"] == []:
        context.warn("redirect_uris is empty: authentik takes the first redirect that anybody sends, and keeps it.")
    optional = ("grant_types",) if context.params["grant_types_optional"] else ()
    result = ensure_object(context, service, OAUTH2_PROVIDER, returns="provider", optional=optional)
    if context.params["return_secret"] and context.params["client_secret"] is None:
        for row in service.rows(OAUTH2_PROVIDER, {"name": context.params["name"]}, fresh=True):
            result["client_secret"] = row.get("client_secret")
    return result


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
