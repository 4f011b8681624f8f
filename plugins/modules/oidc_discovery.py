#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: oidc_discovery
short_description: Look at an OpenID issuer from where the task runs
version_added: 0.1.0
description:
  - Reads the discovery document and the keys of an issuer, and checks what a client needs of them, that is a document that
    names the issuer to the letter, a certificate that is trusted, a clock that agrees, and a published key that signs.
  - Run it where the clients are. NetBird's server has to reach the issuer too, not only people's browsers, so run it with
    C(delegate_to) on NetBird's host as well.
  - It needs no token and changes nothing.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.attributes.info_module
options:
  issuer:
    description: The issuer as the client is told it, to the letter, such as V(https://authentik.company/application/o/netbird/).
    type: str
    required: true
  scopes:
    description: Scopes that the issuer has to offer.
    type: list
    elements: str
    default: []
  grant_types:
    description: Grants that the issuer has to offer, such as V(authorization_code).
    type: list
    elements: str
    default: []
seealso:
  - module: zerotrust.netbird_authentik.oidc_login
"""

EXAMPLES = r"""
- name: The issuer is reached from here
  zerotrust.netbird_authentik.oidc_discovery:
    issuer: https://authentik.company/application/o/netbird/
    scopes: [openid, profile, email]
"""

RETURN = r"""
discovery:
  description: What was seen.
  returned: always, except when an option is wrong
  type: dict
  contains:
    from:
      description: The host that looked.
      type: str
    issuer:
      description: The issuer that was asked for.
      type: str
    outcome:
      description: V(ok), V(unreachable), V(certificate_expired), V(certificate_unknown) or V(no_document).
      type: str
    said:
      description: What the network or the server said, unless the outcome is V(ok).
      type: str
    document:
      description: The discovery document.
      type: dict
    signing_keys:
      description: The published keys, each with C(kid), C(kty) and C(alg).
      type: list
      elements: dict
    skew:
      description: How many seconds the issuer's clock is ahead of the host's.
      type: int
checks:
  description: The checks, each with C(check), C(result), C(cause), C(title), C(saw), C(remedy) and C(thread).
  returned: always, except when an option is wrong
  type: list
  elements: dict
"""

import platform
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import (
    CONNECTION_ARGUMENTS,
    Context,
    run_module,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.client import Http, Tls, discover
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.causes.network import cause
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.diagnose import diagnose, passes
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.seen import Seen

ARGUMENT_SPEC = {
    "argument_spec": {
        **CONNECTION_ARGUMENTS,
        "issuer": {"type": "str", "required": True},
        "scopes": {"type": "list", "elements": "str", "default": []},
        "grant_types": {"type": "list", "elements": "str", "default": []},
    }
}


def run(context: Context) -> dict[str, Any]:
    seen = discover(Http(Tls(**context.connection)), context.params["issuer"])
    discovery = {"from": platform.node(), **seen}
    wanted = {"wanted_scopes": context.params["scopes"], "wanted_grants": context.params["grant_types"]}
    checks = diagnose(cause.causes, cause.evidences, Seen({"setup": "", "discoveries": [discovery], **wanted}))
    return passes(checks, discovery=discovery)


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
