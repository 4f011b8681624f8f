#!/usr/bin/python
# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_blueprint
short_description: Manage a blueprint in authentik and have it applied
version_added: 0.2.0
description:
  - Creates, changes and removes one blueprint instance of authentik, known by its O(name), and waits until authentik has applied
    it.
  - It is applied when it is new, when something about it changes, and when what was applied last is not what it says now.
  - What a blueprint has made stays when it is removed. Whether that is still as the blueprint says is not looked at.
  - An option that the task leaves out is left as it is on the server. An explicit empty value is written.
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
    description: The blueprint's name. It identifies the blueprint.
    type: str
    required: true
  content:
    description: The blueprint itself, as YAML. White space around it does not count.
    type: str
  path:
    description: In place of O(content) the path of a file that the server has, or an address that begins with C(oci://).
    type: str
  context:
    description: Values for the blueprint's C(!Context) tags.
    type: dict
  enabled:
    description: Whether authentik applies it, now and whenever it looks through its blueprints.
    type: bool
  wait:
    description: For how many seconds to wait until it is applied. With V(0) nobody waits, and nobody sees whether it could be.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: A group that authentik itself keeps as it should be
  zerotrust.netbird_authentik.authentik_blueprint:
    authentik_url: https://authentik.company
    authentik_token: "{{ vault_authentik_token }}"
    name: netbird-groups
    content: |
      version: 1
      metadata:
        name: netbird-groups
      entries:
        - model: authentik_core.group
          identifiers:
            name: netbird-admins
"""

RETURN = r"""
blueprint:
  description: The blueprint's id and settings, under the names that authentik's API has for them; in check mode as they would be.
  returned: when O(state=present)
  type: dict
  sample:
    pk: 3120eb3f-73cb-4149-9d1c-152c026281af
    name: netbird-groups
    enabled: true
"""

import hashlib
import time
from collections.abc import Mapping
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.service import Authentik
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import (
    STATE_ARGUMENT,
    Context,
    Failure,
    Field,
    Resource,
    argument_spec,
    ensure_object,
    run_module,
    sent,
    text,
)

try:
    import yaml
except ImportError:
    yaml = None  # without it, authentik is the first to look

SUCCESSFUL = "successful"
# Seconds between two looks at what the worker has done.
PAUSE = 0.5
BLUEPRINT = Resource(
    kind="blueprint",
    path="managed/blueprints/",
    filter="name",
    fields=(
        Field("name", required=True),
        Field("content", canonical=text),
        Field("path", canonical=text),
        Field("context", type="dict"),
        Field("enabled", type="bool"),
    ),
    alternatives=(("content", "path"),),
    # authentik takes no change that does not say again what it is a change of (measured).
    whole=("name", "content", "path", "context", "enabled"),
)
ARGUMENT_SPEC = argument_spec(
    Authentik,
    {**BLUEPRINT.arguments(), "wait": {"type": "int", "default": 60}, **STATE_ARGUMENT},
    mutually_exclusive=[("content", "path")],
)


def run(context: Context) -> dict[str, Any]:
    """One object, and what no other has: a worker that does something with it when it is told to, and is waited for."""
    refuse_bad(context.params["content"])
    service = Authentik(context)
    result = ensure_object(context, service, BLUEPRINT, returns="blueprint")
    if context.params["state"] == "absent" or result["blueprint"].get("enabled") is False:
        return result
    label = BLUEPRINT.named(context.params["name"])
    if not result["changed"] and applied(service.rows(BLUEPRINT, {"name": context.params["name"]})[0]):
        return result
    if not context.check_mode:
        try:
            apply(service, result["blueprint"], context.params["wait"])
        except Failure as failure:
            failure.done = [f"write {label}"] if result["changed"] else []
            failure.args = (f"Could not apply {label}: {failure} The next run tries again.",)
            raise
    before, after = result["diff"]["before"], result["diff"]["after"]
    if label in before or not result["changed"]:
        before[label] = {**before.get(label, {}), "applied": False}
    after[label] = {**after.get(label, {}), "applied": True}
    return {**result, "changed": True}


def refuse_bad(content: str | None) -> None:
    """authentik answers what is no document of YAML with a failure of its own."""
    if not content or yaml is None:
        return
    try:
        document = yaml.compose(content, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise Failure(f"content is no YAML: {' '.join(str(error).split())}. Nothing was changed.") from None
    if not isinstance(document, yaml.MappingNode):
        raise Failure("content is no blueprint, which has its version and its entries by name. Nothing was changed.")


def applied(row: Mapping[str, Any]) -> bool:
    """Whether what was applied last is what it says now; of a file that the server has, only the server could tell."""
    digest = hashlib.sha512(row["content"].encode()).hexdigest() if row["content"] else row["last_applied_hash"]
    return bool(row["status"] == SUCCESSFUL and row["last_applied_hash"] == digest)


def apply(service: Authentik, blueprint: Mapping[str, Any], wait: int) -> None:
    """Have a worker apply it, and wait until that has written down how it went."""
    before = service.read(BLUEPRINT, blueprint)
    sent(lambda: service.write("POST", f"{BLUEPRINT.path}{blueprint['pk']}/apply/", None))
    end = time.monotonic() + wait
    while wait:
        row = service.read(BLUEPRINT, blueprint)
        if row["last_applied"] != before["last_applied"]:
            if row["status"] != SUCCESSFUL:
                raise Failure(f"authentik says {row['status']}, and why under System, Tasks.")
            return
        if time.monotonic() > end:
            raise Failure(f"no worker of authentik has done it within {wait} seconds.")
        time.sleep(PAUSE)


def main() -> None:
    run_module(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
