#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_reverse_proxy_service
short_description: Manage a service of the reverse proxy in NetBird
version_added: 0.2.0
description:
  - Creates, changes and removes one service that NetBird's reverse proxy publishes, known by its O(domain). The names of
    services may be double in NetBird, domains may not.
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
  - The domain has to be a cluster's own, or lie below it or below a domain that leads to one.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.netbird
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
options:
  domain:
    description: Where the service is published.
    type: str
    required: true
  name:
    description: What people call it. Needed to create it.
    type: str
  enabled:
    description: Whether it is published. A new one is, unless the task says otherwise.
    type: bool
  mode:
    description: What is published. A new service is V(http), unless the task says otherwise. It does not change later.
    type: str
    choices: [http, tcp, tls, udp]
  listen_port:
    description: The port at which the proxy listens. V(tls) needs one. For V(tcp) and V(udp) NetBird chooses one.
    type: int
  targets:
    description:
      - Where it leads, at least to one target. Each names one of O(targets[].peer), O(targets[].resource) and
        O(targets[].cluster). Needed to create it. The list replaces the one that it has.
    type: list
    elements: dict
    suboptions:
      peer:
        description: A peer, by its name, id or address.
        type: str
      resource:
        description: A resource of a network, by its name.
        type: str
      cluster:
        description: A cluster of proxies, by its address, to reach O(targets[].host) from the proxies themselves.
        type: str
      host:
        description: The address or name within a resource that is a range, or as the cluster's proxies reach it.
        type: str
      port:
        description: The port. V(0) stands for that of V(http) or V(https).
        type: int
        required: true
      protocol:
        description: How the proxy speaks to it, V(tcp) for services of the modes V(tcp) and V(tls).
        type: str
        choices: [http, https, tcp, udp]
        default: http
      path:
        description: The path below which requests go to this target.
        type: str
      enabled:
        description: Whether requests go to it.
        type: bool
        default: true
      skip_tls_verify:
        description: Whether its certificate may be any.
        type: bool
      direct_upstream:
        description: Whether the proxy goes there without NetBird's tunnel. To a cluster's it always does.
        type: bool
      proxy_protocol:
        description: Whether it is told who asks by the PROXY protocol. For V(tcp) and V(tls).
        type: bool
      request_timeout:
        description: How long an answer may take, such as V(30s).
        type: str
      session_idle_timeout:
        description: After which time without traffic a session of V(udp) ends, such as V(2m).
        type: str
      path_rewrite:
        description: With V(preserve) the target gets the whole path. Without it O(targets[].path) is cut off.
        type: str
        choices: [preserve]
      custom_headers:
        description: Headers that the target gets.
        type: dict
  pass_host_header:
    description: Whether targets get the name that was asked for as C(Host).
    type: bool
  rewrite_redirects:
    description: Whether redirects of targets lead to the O(domain).
    type: bool
  private:
    description: Whether it is for peers of O(access_groups) alone.
    type: bool
  access_groups:
    description: Names of the groups whose peers reach it, if it is private.
    type: list
    elements: str
  password_auth:
    description: Whether a password is asked for.
    type: bool
  password:
    description:
      - The password.
      - NetBird does not tell it, so it is written when O(password_auth) is new or something else changes, or with
        O(update_secret).
    type: str
  pin_auth:
    description: Whether a PIN is asked for.
    type: bool
  pin:
    description: The PIN. It is written as O(password) is.
    type: str
  header_auths:
    description: Names of headers by which clients are let in. They replace all that it has.
    type: list
    elements: str
  header_auth_values:
    description: The value of each of O(header_auths), by its name. They are written as O(password) is.
    type: dict
  update_secret:
    description: Whether O(password), O(pin) and O(header_auth_values) are written although nothing else differs.
    type: bool
    default: false
  bearer_auth:
    description: Whether people log in by NetBird's identity provider.
    type: dict
    suboptions:
      enabled:
        description: Whether they do.
        type: bool
        default: true
      distribution_groups:
        description: Names of the groups whose people are let in. None lets all in.
        type: list
        elements: str
        default: []
  access_restrictions:
    description: From where it is reached. What is left out is empty.
    type: dict
    suboptions:
      allowed_cidrs:
        description: Networks, the only ones if there are any.
        type: list
        elements: str
      blocked_cidrs:
        description: Networks that are kept out.
        type: list
        elements: str
      allowed_countries:
        description: Countries by their two letters, the only ones if there are any.
        type: list
        elements: str
      blocked_countries:
        description: Countries that are kept out.
        type: list
        elements: str
      crowdsec_mode:
        description: What becomes of addresses that CrowdSec knows. Without it V(off).
        type: str
        choices: ["off", observe, enforce]
seealso:
  - module: zerotrust.netbird_authentik.netbird_reverse_proxy_domain
  - module: zerotrust.netbird_authentik.netbird_network_resource
"""

EXAMPLES = r"""
- name: The wiki, for whoever logs in and is a developer
  zerotrust.netbird_authentik.netbird_reverse_proxy_service:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    domain: wiki.proxy.example.com
    name: wiki
    targets:
      - resource: wiki
        port: 8080
    bearer_auth:
      distribution_groups: [developers]

- name: A page behind a password
  zerotrust.netbird_authentik.netbird_reverse_proxy_service:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    domain: status.proxy.example.com
    name: status
    targets:
      - resource: wiki
        port: 8081
        path: /status
    password_auth: true
    password: "{{ vault_status_password }}"
"""

RETURN = r"""
reverse_proxy_service:
  description:
    - The service's id and settings, as its options are, with ids in place of names; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    id: dc31l85qmd2s4f795bjg
    name: wiki
    domain: wiki.proxy.example.com
    enabled: true
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("reverse_proxy_service")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "reverse_proxy_service")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
