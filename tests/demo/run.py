# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: both services as stand-ins, the playbook twice, and a person's login. ``make demo`` runs it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / ".build")]

from simulators import authentik, netbird  # noqa: E402 (the path has to be set first)
from support import Played, Servers  # noqa: E402
from support.browser import log_in  # noqa: E402

PASSWORD = "a password for the demo"
PEOPLE = {"alice": ["developers", "operators"], "bob": ["guests"]}
VARIABLES = {
    "management_group": "Network",
    "management_description": "A mesh network for everybody",
    "management_user_approval_required": False,
    "management_bindings": [{"group": group} for group in ("developers", "operators", "guests")],
    "management_entitlements": [
        {"name": f"netbird-{group}", "groups": [group]} for group in ("developers", "operators", "guests")
    ],
}


def run(servers: Servers, title: str, changes: int) -> Played:
    print(f"\n== playbooks/management.yml, {title}", flush=True)
    played = servers.play(ROOT / "playbooks/management.yml", VARIABLES)
    print(
        "\n".join(
            f"   {task.status:8} {'changed' if task.changed else '':8} {task.name.rpartition(' : ')[2]}" for task in played.tasks
        )
    )
    print(played.output[played.output.index("PLAY RECAP") :].strip())
    print(f"requests: {played.requests}, of them writes: {len(played.writes)}")
    if played.code or played.recap("changed") != changes:
        sys.exit(f"The {title} should end with changed={changes}:\n{played.output}")
    return played


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, authentik.serve(version="2026.8") as ak, netbird.serve() as nb:
        servers = Servers(ak, nb, Path(folder))
        print(f"authentik (stand-in, {ak.state.version}) at {ak.url}, NetBird (stand-in, {nb.state.version}) at {nb.url}")
        for name, groups in PEOPLE.items():
            ak.state.add_user(name, PASSWORD, name=name.title(), email=f"{name}@company.example", groups=groups)
        run(servers, "first run", changes=7)
        run(servers, "second run", changes=0)

        print("\n== what was set up")
        (application,), (provider,) = ak.state.applications.values(), ak.state.providers.values()
        (connector,) = nb.state.connectors.values()
        bindings = len(list(ak.state.where("bindings", target=application["pk"])))
        print(f"   application   {application['name']} ({application['slug']}), {bindings} bindings")
        print(f"   provider      {provider['name']}, redirects to {provider['redirect_uris'][0]['url']}")
        print(f"   entitlements  {', '.join(sorted(row['name'] for row in ak.state.entitlements.values()))}")
        print(f"   connector     {connector['name']}, issuer {connector['issuer']}")
        print(f"   group sync    claim {nb.state.settings['jwt_groups_claim_name']!r}")

        print("\n== people log in to NetBird through authentik")
        for name, groups in PEOPLE.items():
            login = log_in(nb.url, ak.url, next(iter(nb.state.connectors)), name, PASSWORD)
            assigned = sorted(nb.state.groups[group]["name"] for group in login.groups)
            print(f"   {name}: status {login.status}, groups of NetBird: {', '.join(assigned)}")
            if login.status != 200 or assigned != sorted(f"netbird-{group}" for group in groups):
                sys.exit(f"{name} should be in the groups of {groups}: {login}")


if __name__ == "__main__":
    main()
