#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: netbird_posture_check
short_description: Manage a posture check in NetBird
version_added: 0.2.0
description:
  - Creates, changes and removes one posture check of NetBird, known by its O(name).
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
  - >-
    A check that a policy uses is not removed: NetBird refuses it and says which policy it is.
  - A kind of check that the task leaves out stays as it is. An empty one, V({}), is taken away; one kind at least has to be
    left.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - zerotrust.netbird_authentik.netbird
  - zerotrust.netbird_authentik.connection
  - zerotrust.netbird_authentik.state
  - zerotrust.netbird_authentik.attributes
  - zerotrust.netbird_authentik.attributes.actiongroup_netbird
options:
  name:
    description: The check's name. It identifies the check.
    type: str
    required: true
  description:
    description: What it is for.
    type: str
  nb_version_check:
    description: The version of NetBird's client that a peer needs.
    type: dict
    suboptions:
      min_version:
        description: The lowest one, such as V(0.77.0).
        type: str
  os_version_check:
    description: The version of its operating system that a peer needs. A system that is left out passes in any version.
    type: dict
    suboptions:
      android:
        description: Android.
        type: dict
        suboptions:
          min_version:
            description: The lowest version.
            type: str
            required: true
      darwin:
        description: macOS.
        type: dict
        suboptions:
          min_version:
            description: The lowest version.
            type: str
            required: true
      ios:
        description: iOS.
        type: dict
        suboptions:
          min_version:
            description: The lowest version.
            type: str
            required: true
      linux:
        description: Linux.
        type: dict
        suboptions:
          min_kernel_version:
            description: The lowest version of the kernel.
            type: str
            required: true
      windows:
        description: Windows.
        type: dict
        suboptions:
          min_kernel_version:
            description: The lowest version of the kernel.
            type: str
            required: true
  geo_location_check:
    description: Where a peer is. NetBird needs a database of places for it.
    type: dict
    suboptions:
      action:
        description: Whether peers in these places pass, or all others.
        type: str
        choices: [allow, deny]
      locations:
        description: The places.
        type: list
        elements: dict
        suboptions:
          country_code:
            description: The country's two letters (ISO 3166-1), such as V(DE).
            type: str
            required: true
          city_name:
            description: A city in it; without one all of the country.
            type: str
  peer_network_range_check:
    description: In which networks a peer is.
    type: dict
    suboptions:
      action:
        description: Whether peers in these networks pass, or all others.
        type: str
        choices: [allow, deny]
      ranges:
        description: The networks, in CIDR notation.
        type: list
        elements: str
  process_check:
    description: What has to run on a peer.
    type: dict
    suboptions:
      processes:
        description: The programs. On a system whose path is left out nothing has to run.
        type: list
        elements: dict
        suboptions:
          linux_path:
            description: Where the program is on Linux.
            type: str
          mac_path:
            description: Where it is on macOS.
            type: str
          windows_path:
            description: Where it is on Windows.
            type: str
seealso:
  - module: zerotrust.netbird_authentik.netbird_policy
"""

EXAMPLES = r"""
- name: Peers have a client that is not too old, and Linux with a kernel that is maintained
  zerotrust.netbird_authentik.netbird_posture_check:
    netbird_url: https://netbird.company
    netbird_token: "{{ vault_netbird_token }}"
    name: company devices
    nb_version_check:
      min_version: 0.70.0
    os_version_check:
      linux:
        min_kernel_version: "6.1"
"""

RETURN = r"""
posture_check:
  description:
    - The posture check's id and settings, under the names that NetBird's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    id: dc2c1flqmd2v04mad410
    name: company devices
    checks:
      nb_version_check:
        min_version: 0.70.0
"""

from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, run_module
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.ensure import arguments, ensure

ARGUMENT_SPEC = arguments("posture_check")


def run(context: Context) -> dict[str, Any]:
    return ensure(context, "posture_check")


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
