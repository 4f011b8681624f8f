# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: both services as stand-ins, each set-up's playbook twice, people's logins, and at the end what verify.yml says of it.

``make demo`` runs it.
"""

from __future__ import annotations

import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / ".build")]

from simulators import authentik, netbird  # noqa: E402 (the path has to be set first)
from support import COLLECTION, Servers  # noqa: E402
from support.browser import log_in, tokens_of  # noqa: E402

PASSWORD = "a password for the demo"
PEOPLE = {"alice": ["developers", "operators"], "bob": ["guests"]}
EXPECTED = {name: sorted(f"netbird-{group}" for group in groups) for name, groups in PEOPLE.items()}
GROUPS = ("developers", "operators", "guests")
BINDINGS = [{"group": group} for group in GROUPS]
ENTITLEMENTS = [{"name": f"netbird-{group}", "groups": [group]} for group in GROUPS]
MANAGEMENT = {
    "management_group": "Network",
    "management_description": "A mesh network for everybody",
    "management_user_approval_required": False,
    "management_seed_groups": True,
    "management_bindings": BINDINGS,
    "management_entitlements": ENTITLEMENTS,
}
STANDALONE = {
    "netbird_token": "",
    "ansible_python_interpreter": sys.executable,
    "standalone_netbird_url": "https://netbird.company",
    "standalone_bindings": BINDINGS,
    "standalone_entitlements": ENTITLEMENTS,
    "environment_mode": "env_file",
}


def run_twice(servers: Servers, playbook: str, variables: dict[str, Any], *options: str) -> None:
    for title in ("first run", "second run"):
        print(f"\n== playbooks/{playbook}.yml, {title}", flush=True)
        played = servers.play(ROOT / f"playbooks/{playbook}.yml", variables, *options)
        for task in played.tasks:
            if task.status != "skipped":
                print(f"   {'changed' if task.changed else task.status:8} {task.name.rpartition(' : ')[2]}")
        print(played.output[played.output.find("PLAY RECAP") :].strip())
        print(f"requests: {played.requests}, of them writes: {len(played.writes)}")
        if played.code or bool(played.changed) is not (title == "first run"):
            sys.exit(f"The {title} should have ended otherwise:\n{played.output}")


def set_up(ak: authentik.Running) -> dict[str, Any]:
    """Show what there is in authentik; the provider."""
    (application,), (provider,) = ak.state.applications.values(), ak.state.providers.values()
    bindings = len(list(ak.state.where("bindings", target=application["pk"])))
    print("\n== what was set up")
    print(f"   application   {application['name']} ({application['slug']}), {bindings} bindings")
    print(f"   provider      {provider['name']}, {provider['client_type']}, redirects to")
    for each in provider["redirect_uris"]:
        print(f"                 {each['url']} ({each['matching_mode']}, {each['redirect_uri_type']})")
    print(f"   entitlements  {', '.join(sorted(row['name'] for row in ak.state.entitlements.values()))}")
    return provider


def people(ak: authentik.Running) -> None:
    for name, groups in PEOPLE.items():
        ak.state.add_user(name, PASSWORD, name=name.title(), email=f"{name}@company.example", groups=groups)


def management(folder: Path) -> list[str]:
    """authentik beside NetBird's embedded identity provider; what the verification says of it."""
    with authentik.serve(version="2026.8") as ak, netbird.serve() as nb:
        print(f"authentik (stand-in, {ak.state.version}) at {ak.url}, NetBird (stand-in, {nb.state.version}) at {nb.url}")
        people(ak)
        run_twice(Servers(ak, nb, folder), "management", MANAGEMENT)
        set_up(ak)
        (connector,) = nb.state.connectors.values()
        print(f"   connector     {connector['name']}, issuer {connector['issuer']}")
        print(f"   group sync    claim {nb.state.settings['jwt_groups_claim_name']!r}")

        print("\n== people log in to NetBird through authentik")
        for name, groups in PEOPLE.items():
            login = log_in(nb.url, ak.url, next(iter(nb.state.connectors)), name, PASSWORD)
            assigned = sorted(nb.state.groups[group]["name"] for group in login.groups)
            print(f"   {name}: status {login.status}, groups of NetBird: {', '.join(assigned)}")
            if login.status != 200 or assigned != EXPECTED[name]:
                sys.exit(f"{name} should be in the groups of {groups}: {login}")

        return verify(Servers(ak, nb, folder), "management", {})


def verify(servers: Servers, setup: str, variables: dict[str, Any], *options: str) -> list[str]:
    """The table that the verification ends with; nothing in it may have failed."""
    print("\n== playbooks/verify.yml: alice logs in without a browser, and everything is looked at", flush=True)
    report = ROOT / ".build/demo" / setup
    values = {
        "verify_setup": setup,
        "verify_report": str(report),
        "verify_user": "alice",
        "verify_password": PASSWORD,
        "verify_expected_groups": EXPECTED["alice"],
        **variables,
    }
    played = servers.play(ROOT / "playbooks/verify.yml", values, *options)
    if played.code:
        sys.exit(played.output)
    (table,) = (task.result["msg"] for task in played.tasks if task.name.endswith("What was found"))
    print(f"   {table[-1]}\nrequests: {played.requests}; the reports are in {report}")
    return table


def standalone(folder: Path) -> list[str]:
    """authentik in place of NetBird's embedded identity provider, down to the file that NetBird's containers read.

    What the verification says of it is returned.
    """
    inventory, environment = folder / "hosts.ini", folder / "netbird.env"
    inventory.write_text("[netbird]\nhost ansible_connection=local\n")
    with authentik.serve(version="2026.8") as ak, netbird.serve(embedded=False) as nb:
        people(ak)
        variables = {**STANDALONE, "environment_file": str(environment)}
        run_twice(Servers(ak, nb, folder), "standalone", variables, "-i", str(inventory))
        provider = set_up(ak)
        values = dict(line.split("=", 1) for line in shlex.split(environment.read_text(), comments=True))
        print(f"   environment   {len(values)} variables in a file of mode {environment.stat().st_mode & 0o777:o}")

    print("\n== NetBird's management server starts with that environment, and people log in")
    with authentik.serve(version="2026.8", port=ak.port, state=ak.state) as ak:
        oidc = netbird.Oidc(
            discovery=values["NETBIRD_AUTH_OIDC_CONFIGURATION_ENDPOINT"],
            audience=values["NETBIRD_AUTH_AUDIENCE"],
            client_id=values["NETBIRD_IDP_MGMT_CLIENT_ID"],
            username=values["NETBIRD_IDP_MGMT_EXTRA_USERNAME"],
            password=values["NETBIRD_IDP_MGMT_EXTRA_PASSWORD"],
        )
        with netbird.serve(embedded=False, oidc=oidc) as nb:
            for number, name in enumerate(PEOPLE):
                tokens = tokens_of(ak.url, provider["client_id"], "https://netbird.company/auth", name, PASSWORD)
                headers = {"Authorization": f"Bearer {tokens['access_token']}"}
                answer = requests.get(f"{nb.url}/api/users/current", headers=headers, timeout=10)
                if number == 0:
                    # The first person is the owner, whose token opens NetBird's API.
                    owner = tokens["access_token"]
                    settings(Servers(ak, nb, folder), owner)
                    answer = requests.get(f"{nb.url}/api/users/current", headers=headers, timeout=10)
                assigned = sorted(nb.state.groups[group]["name"] for group in answer.json().get("auto_groups", []))
                role = answer.json().get("role")
                print(f"   {name}: status {answer.status_code}, role {role}, groups of NetBird: {', '.join(assigned)}")
                if answer.status_code != 200 or assigned != EXPECTED[name]:
                    sys.exit(f"{name} should be in the groups of {PEOPLE[name]}: {answer.text}")

            return verify(
                Servers(ak, nb, folder),
                "standalone",
                {
                    "ansible_python_interpreter": sys.executable,
                    "netbird_token": owner,
                    "standalone_netbird_url": STANDALONE["standalone_netbird_url"],
                    "verify_environment_file": str(environment),
                    "verify_environment_format": "env_file",
                },
                "-i",
                str(inventory),
            )


def settings(servers: Servers, token: str) -> None:
    """Let NetBird read people's groups from authentik's own token."""
    wanted = {"jwt_groups_enabled": True, "jwt_groups_claim_name": "entitlements", "user_approval_required": False}
    played = servers.play([{f"{COLLECTION}.netbird_account_settings": wanted}], {"netbird_token": token})
    if played.code:
        sys.exit(played.output)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        tables = {"management": management(Path(folder)), "standalone": standalone(Path(folder))}
    for setup, table in tables.items():
        print(f"\n== what playbooks/verify.yml says of the {setup} set-up")
        print("\n".join(f"   {line}".rstrip() for line in table))


if __name__ == "__main__":
    main()
