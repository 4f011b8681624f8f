#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_login_check
short_description: Say which setting keeps people from logging in to NetBird through authentik
version_added: 0.1.0
description:
  - Looks at everything that NetBird and authentik have to agree on, and names what is wrong, on which side, and what to do
    about it.
  - Does what NetBird's management server does at its start, that is asks for a token for the service account, and for the
    users with it (only with O(setup=standalone), and not in check mode). The token is revoked again.
  - Changes nothing, in neither service. Every cause is looked for, whatever else is wrong.
  - Fails when a check fails. RV(checks) is returned in any case.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.authentik
  - zerotrust.netbird_authentik.netbird
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.attributes.info_module
  - zerotrust.netbird_authentik.attributes.actiongroup_authentik
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
requirements:
  - PyJWT
options:
  setup:
    description: Whether authentik is beside NetBird's embedded identity provider, or in place of it.
    type: str
    choices: [management, standalone]
    required: true
  application:
    description: Slug of the application in authentik.
    type: str
    default: netbird
  issuer:
    description: The issuer that NetBird is told. The default is built from O(authentik_url) and O(application).
    type: str
  connector:
    description: Name of NetBird's identity provider (O(setup=management)).
    type: str
    default: authentik
  netbird_token:
    description:
      - Personal access token of a NetBird administrator. Without it NetBird itself is not looked at.
      - If not set, the value of the environment variable E(NETBIRD_TOKEN) is used.
    type: str
    required: false
  netbird_public_url:
    description: URL of NetBird as people's browsers reach it. The default is O(netbird_url).
    type: str
  username:
    description: The person whose access is looked at.
    type: str
  expected_groups:
    description: The groups of NetBird that the person should be in. The default are the person's entitlements.
    type: list
    elements: str
  service_account:
    description: Username of NetBird's service account in authentik (O(setup=standalone)).
    type: str
    default: NetBird
  app_password:
    description:
      - The app password that NetBird has (O(setup=standalone)).
      - The default is what authentik has for the service account, so that a wrong one in NetBird is not noticed.
    type: str
  audience:
    description: The audience that NetBird expects in tokens. The default is taken from O(environment).
    type: str
  environment:
    description:
      - The C(NETBIRD_*) variables of NetBird's containers, without secrets.
      - M(zerotrust.netbird_authentik.environment_info) reads them.
    type: dict
  login:
    description: A login that was tried, as M(zerotrust.netbird_authentik.oidc_login) returns it.
    type: dict
  login_at_authentik:
    description:
      - A login that was tried at authentik itself, with what authentik holds, because O(login) ended with NetBird's page
        "Authentication failed" (O(setup=management)).
      - It proves whether the secret of NetBird's connector is what keeps people out. Without it nothing is said about that.
    type: dict
  device_login:
    description:
      - A login of a device, with O(zerotrust.netbird_authentik.oidc_login#module:grant=device_code), that was tried
        (O(setup=standalone)).
    type: dict
  discoveries:
    description: What hosts saw of the issuer, as M(zerotrust.netbird_authentik.oidc_discovery) returns it.
    type: list
    elements: dict
"""

EXAMPLES = r"""
- name: Which connectors are there
  zerotrust.netbird_authentik.netbird_info:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
  register: netbird

- name: Alice tries to log in
  zerotrust.netbird_authentik.oidc_login:
    via: netbird
    netbird_url: https://netbird.company
    connector: "{{ netbird.identity_providers[0].id }}"
    username: alice
    password: "{{ vault_password_of_alice }}"
  register: alice
  ignore_errors: true

- name: Why does it not work
  zerotrust.netbird_authentik.netbird_login_check:
    setup: management
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    username: alice
    login: "{{ alice.login }}"
"""

RETURN = r"""
checks:
  description:
    - One row per check that passed or was skipped, and one per cause that was found.
    - Each has C(check), C(result) (V(passed), V(failed), V(warning) or V(skipped)), C(cause), C(title), C(saw), C(remedy) and
      C(thread), a public thread where people met it. C(saw) is what gives the cause away, or what a check saw that passed.
  returned: always, except when an option is wrong
  type: list
  elements: dict
  sample:
    - check: Signing key
      result: failed
      cause: signing-key-missing
      title: The provider has no signing key, so its tokens are HS256.
      saw: no signing key in the provider NetBird
      remedy: Select a signing key, an RSA one, in the provider.
      thread: netbirdio/netbird#1947
course:
  description:
    - The login O(login) as people read it, one line for each thing that the person did, up to where it broke.
    - Redirects of a server to the same path, and a request that is made twice, are one line.
  returned: when O(login) is given
  type: list
  elements: dict
  contains:
    does:
      description: What the person does.
      type: str
    to:
      description: At which server, V(netbird), V(authentik) or V(elsewhere).
      type: str
    method:
      description: The method of the request.
      type: str
    path:
      description: Its path, without the query. With RV(course[].to=elsewhere) it begins with the server's URL.
      type: str
    status:
      description: The status of the last answer; V(0) where there was none.
      type: int
    milliseconds:
      description: How long all of it took.
      type: int
    requests:
      description: How many requests it was.
      type: int
    asks:
      description: The server that is asked by this one in its turn, which is not seen from here.
      type: str
    broke:
      description: How the login ended, in the line where it broke. Empty in all others.
      type: str
    said:
      description: The server's words in that line.
      type: str
authentik_version:
  description: The version of authentik.
  returned: when it could be read
  type: str
netbird_version:
  description: The version of NetBird.
  returned: when it could be read
  type: str
"""

from typing import Any

from ansible.module_utils.basic import env_fallback

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, argument_spec, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.catalogue import CAUSES, EVIDENCES
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.causes.logout import LOG_OUT
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.course import course
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.diagnose import diagnose, passes, row
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.observe import Authentik, Netbird, observe
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.seen import LOGIN

ARGUMENT_SPEC = argument_spec(
    [Authentik, Netbird],
    {
        "setup": {"type": "str", "choices": ["management", "standalone"], "required": True},
        "application": {"type": "str", "default": "netbird"},
        "issuer": {"type": "str"},
        "connector": {"type": "str", "default": "authentik"},
        "netbird_token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["NETBIRD_TOKEN"])},
        "netbird_public_url": {"type": "str"},
        "username": {"type": "str"},
        "expected_groups": {"type": "list", "elements": "str"},
        "service_account": {"type": "str", "default": "NetBird"},
        "app_password": {"type": "str", "no_log": True},
        "audience": {"type": "str"},
        "environment": {"type": "dict"},
        "login": {"type": "dict"},
        "login_at_authentik": {"type": "dict"},
        "device_login": {"type": "dict"},
        "discoveries": {"type": "list", "elements": "dict"},
    },
)


def run(context: Context) -> dict[str, Any]:
    seen = observe(context)
    checks = diagnose(CAUSES, EVIDENCES, seen)
    if "login" not in seen:
        checks.append(row(LOGIN, "skipped", title="no login was tried"))
    # It comes after the login.
    checks.sort(key=lambda check: check["check"] == LOG_OUT)
    versions = {name: getattr(seen, name) for name in ("authentik_version", "netbird_version") if name in seen}
    lines = {"course": course(seen.login, seen.issuer, context.params["netbird_url"])} if "login" in seen else {}
    return passes(checks, **versions, **lines)


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
