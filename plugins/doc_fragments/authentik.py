# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """How a task reaches authentik."""

    DOCUMENTATION = r"""
options:
  authentik_url:
    description:
      - URL of authentik, for example V(https://authentik.company).
      - If not set, the value of the environment variable E(AUTHENTIK_URL) is used.
    type: str
    required: true
  authentik_token:
    description:
      - API token of an authentik administrator (in authentik under C(Directory > Tokens and App passwords), intent C(API Token)).
      - If not set, the value of the environment variable E(AUTHENTIK_TOKEN) is used.
    type: str
    required: true
  known_ids:
    description:
      - Ids that an earlier task looked up, by kind and name, so that this task does not ask for them again. What is not in it is
        looked up as usual.
      - RV(zerotrust.netbird_authentik.authentik_info#module:known_ids) is made for this option, best of all in
        C(module_defaults) of a block. The kinds are those that M(zerotrust.netbird_authentik.authentik_info) looks up.
      - If an object was removed or made anew since then, authentik refuses its old id, and the error says which object it is.
    type: dict
    default: {}
  known_objects:
    description:
      - Objects that an earlier task looked up, by kind, as RV(zerotrust.netbird_authentik.authentik_info#module:objects) has
        them. A task that manages one of them compares its options with that, and does not ask for it again. What is not in it is
        looked up as usual.
      - Objects change more often than their ids. So give each task only the object that it manages, as it was read shortly
        before, and none that a task changed since then.
      - The kinds are V(application), V(flow), V(group), V(token) and V(user).
    type: dict
    default: {}
"""
