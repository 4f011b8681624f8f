# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory plugin makes of files, in a process of its own: Ansible looks for plugins in its own way once, for good.

As a program it takes `cached` or `fresh` and files, and prints for each its hosts with their variables and its groups, or the
error.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Inventory:
    """Hosts with their variables, and groups with the names of theirs; or what the plugin said instead."""

    hosts: dict[str, dict[str, Any]]
    groups: dict[str, list[str]]
    error: str = ""


def read(files: Sequence[Path], fresh: bool = False) -> list[Inventory]:
    """Read each file."""
    command = [sys.executable, __file__, "fresh" if fresh else "cached", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [Inventory(**each) for each in json.loads(done.stdout)]


def main(caching: str, *files: str) -> None:
    from ansible.errors import AnsibleError
    from ansible.inventory.data import InventoryData
    from ansible.parsing.dataloader import DataLoader
    from ansible.plugins.loader import init_plugin_loader, inventory_loader

    def parsed(file: str) -> dict[str, Any]:
        inventory = InventoryData()
        plugin = inventory_loader.get("zerotrust.netbird_authentik.netbird_peers")
        try:
            assert plugin.verify_file(file)
            plugin.parse(inventory, DataLoader(), file, caching == "cached")
        except AnsibleError as error:
            return {"hosts": {}, "groups": {}, "error": str(error)}
        # As Ansible does, which looks for no other sign of a cache.
        with suppress(AttributeError):
            plugin.update_cache_if_changed()
        inventory.reconcile_inventory()
        groups = {name: group for name, group in inventory.groups.items() if name not in ("all", "ungrouped")}
        return {
            "hosts": {name: host.get_vars() for name, host in inventory.hosts.items()},
            "groups": {name: sorted(host.name for host in group.get_hosts()) for name, group in groups.items()},
        }

    init_plugin_loader([])
    print(json.dumps([parsed(file) for file in files], default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])
