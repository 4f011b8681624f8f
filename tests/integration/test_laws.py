# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws that every module obeys, run as a user would: ansible-playbook against the stand-ins.

A check predicts what the run then does and writes nothing; a second run has nothing to do; what a task leaves out stays; what
is taken away stays away; inside of ansible-playbook and as an ordinary module the results are the same; nothing shows a secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml

from support import COLLECTION, ROOT, Played, Servers

SECRET = "client-secret-of-the-laws"
ISSUER = "{{ authentik_url }}/application/o/netbird/"


@dataclass(frozen=True)
class Case:
    """What a module is asked for: its key alone, to make something, to change it; ``before`` makes what it needs."""

    module: str
    key: dict[str, Any]
    create: dict[str, Any]
    change: dict[str, Any]
    before: list[dict[str, Any]] = field(default_factory=list)
    removable: bool = True

    def task(self, step: str, options: dict[str, Any], check: bool = False) -> dict[str, Any]:
        return {"name": step, f"{COLLECTION}.{self.module}": {**self.key, **options}, "check_mode": check}

    def steps(self) -> list[dict[str, Any]]:
        removal = [
            self.task("check absent", {"state": "absent"}, check=True),
            self.task("absent", {"state": "absent"}),
            self.task("check absent again", {"state": "absent"}, check=True),
            self.task("absent again", {"state": "absent"}),
        ]
        return [
            *self.before,
            self.task("check create", self.create, check=True),
            self.task("create", self.create),
            self.task("create again", self.create),
            self.task("key alone", {}),
            self.task("check change", self.change, check=True),
            self.task("change", self.change),
            self.task("change again", self.change),
            self.task("check change again", self.change, check=True),
            *(removal if self.removable else []),
        ]


def made(module: str, **options: Any) -> dict[str, Any]:
    return {f"{COLLECTION}.{module}": options}


GROUPS = [made("authentik_group", name=name) for name in ("developers", "operators")]
PROVIDER = made("authentik_oauth2_provider", name="NetBird", redirect_uris=[{"url": "https://netbird.company/cb"}])
APPLICATION = made("authentik_application", slug="netbird", name="NetBird", provider="NetBird")
CASES = [
    Case("authentik_group", {"name": "developers"}, {"attributes": {"a": 1}}, {"is_superuser": True, "attributes": {}}),
    Case(
        "authentik_scope_mapping",
        {"name": "Ours"},
        {"scope_name": "profile", "expression": "return {}\n", "description": "What it is"},
        {"expression": "  return {'a': 1}", "description": ""},
    ),
    Case(
        "authentik_oauth2_provider",
        {"name": "NetBird"},
        {
            "redirect_uris": [{"url": "https://netbird.company/cb"}, {"url": "https://x/.*", "matching_mode": "regex"}],
            "client_secret": SECRET,
            "property_mappings": ["openid", "goauthentik.io/providers/oauth2/scope-email"],
        },
        {
            "redirect_uris": [{"url": "https://netbird.company/other"}],
            "client_secret": f"{SECRET}-2",
            "client_id": "ours",
            "client_type": "public",
            "signing_key": "",
            "access_code_validity": "minutes=10",
            "sub_mode": "user_id",
            "issuer_mode": "global",
            "include_claims_in_id_token": False,
            "authorization_flow": "default-provider-authorization-explicit-consent",
            "property_mappings": ["openid", "profile", "entitlements"],
        },
    ),
    Case(
        "authentik_application",
        {"slug": "netbird"},
        {
            "name": "NetBird",
            "provider": "NetBird",
            "group": "Network",
            "launch_url": "https://netbird.company",
            "icon": "https://x/i.png",
        },
        {
            "name": "Net Bird",
            "provider": "",
            "group": "",
            "icon": "https://x/j.png",
            "description": "Mesh",
            "publisher": "NetBird",
            "open_in_new_tab": True,
            "policy_engine_mode": "all",
        },
        before=[PROVIDER],
    ),
    Case(
        "authentik_policy_bindings",
        {"application": "netbird", "bindings": [{"group": "developers"}, {"user": "alice", "order": 1}, {"policy": "always"}]},
        {},
        {
            "bindings": [
                {"group": "developers", "order": 4, "enabled": False, "negate": True, "timeout": 5, "failure_result": True},
                {"group": "operators"},
            ],
            "prune": True,
        },
        before=[*GROUPS, APPLICATION],
    ),
    Case(
        "authentik_application_entitlements",
        {
            "application": "netbird",
            "entitlements": [
                {"name": "nb-developers", "groups": ["developers"]},
                {"name": "nb-operators", "groups": ["operators"], "users": ["alice"], "attributes": {"tier": 1}},
            ],
        },
        {},
        {
            "entitlements": [
                {"name": "nb-operators", "groups": ["operators", "developers"], "users": [], "attributes": {}},
                {"name": "nb-new"},
            ],
            "prune": True,
        },
        before=[*GROUPS, APPLICATION],
    ),
    Case(
        "netbird_identity_provider",
        {"name": "authentik"},
        {"issuer": ISSUER, "client_id": "one", "client_secret": SECRET},
        {"client_id": "two", "client_secret": f"{SECRET}-2"},
        before=[PROVIDER, APPLICATION],
    ),
    Case(
        "netbird_account_settings",
        {},
        {"jwt_groups_enabled": True, "jwt_groups_claim_name": "groups", "jwt_allow_groups": ["a", "b"]},
        {
            "jwt_allow_groups": [],
            "user_approval_required": False,
            "peer_login_expiration": 7200,
            "groups_propagation_enabled": False,
            "ipv6_enabled_groups": [],
            "peer_expose_groups": ["All"],
            "dns_domain": "mesh.company",
        },
        removable=False,
    ),
]
INFORMED = [
    made("authentik_info"),
    made(
        "authentik_info",
        lookups=[{"kind": "flow", "names": ["default-provider-invalidation-flow", "nothing"]}, {"kind": "group"}],
    ),
    made("netbird_info"),
]


def arrange(servers: Servers) -> None:
    servers.authentik.state.add_user("alice", "password-of-alice")
    servers.authentik_post("policies/expression/", {"name": "always", "expression": "return True"})


def play(servers: Servers, case: Case, in_process: bool = True) -> Played:
    arrange(servers)
    # The key alone names no application when it has been removed: its last removal would need it.
    before = [*case.before, PROVIDER] if case.module != "authentik_oauth2_provider" else case.before
    tasks = Case(case.module, case.key, case.create, case.change, before, case.removable).steps()
    variables = {"netbird_authentik_in_process": in_process}
    played = servers.play([*before_once(before), *tasks[len(before) :]], variables, "--diff", "-vvvv")
    assert played.code == 0, played.output[-3000:]
    for secret in (SECRET, *servers.secrets()):
        assert secret not in played.output
    return played


def before_once(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each preparation once, the provider before the application that uses it."""
    unique = [task for index, task in enumerate(tasks) if task not in tasks[:index]]
    return sorted(unique, key=lambda task: f"{COLLECTION}.authentik_application" in task)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.module)
def test_laws(servers: Servers, authentik_version: str, case: Case) -> None:
    played = play(servers, case)
    steps = {task.name: task for task in played.tasks}
    for name, task in steps.items():
        if name.startswith("check"):
            assert not task.writes, name
        if name.endswith("again") or name == "key alone":
            assert not task.changed, (name, task.result)
            assert not task.writes, name
            assert task.result["diff"] == {"before": {}, "after": {}}, name
    for name in ("create", "change", *(["absent"] if case.removable else [])):
        real, predicted = steps[name].result, steps[f"check {name}"].result
        assert real["changed"] is True
        assert predicted["changed"] is True
        assert predicted["diff"] == real["diff"], name
        assert real["diff"]["before"] != real["diff"]["after"]
        assert steps[name].writes, name
    assert predicted_part(steps["check change"].result) == predicted_part(steps["change"].result)


def predicted_part(result: dict[str, Any]) -> dict[str, Any]:
    """What a check can know: everything but what the server makes itself."""
    return {key: value for key, value in result.items() if key not in ("warnings", "deprecations", "invocation")}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.module)
def test_both_ways_of_execution_do_the_same(servers: Servers, other_servers: Servers, case: Case) -> None:
    here, there = play(servers, case), play(other_servers, case, in_process=False)
    assert [task.name for task in here.tasks] == [task.name for task in there.tasks]
    for one, other in zip(here.tasks, there.tasks, strict=True):
        assert comparable(one.result) == comparable(other.result), one.name
        assert comparable(one.writes) == comparable(other.writes), one.name


def test_information(servers: Servers, other_servers: Servers) -> None:
    results = []
    for where, in_process in ((servers, True), (other_servers, False)):
        played = where.play(INFORMED, {"netbird_authentik_in_process": in_process}, "-vvvv")
        assert played.code == 0, played.output[-3000:]
        assert not played.writes
        assert not played.changed
        results.append([comparable(task.result) for task in played.tasks])
        version, lookups, netbird = (task.result for task in played.tasks)
        assert version["version"] == "2026.8.0"
        assert [row["slug"] for row in lookups["objects"]["flow"]] == ["default-provider-invalidation-flow"]
        assert netbird["redirect_url"] == f"{where.netbird.url}/oauth2/callback"
        assert netbird["embedded_idp_enabled"] is True
    assert results[0] == results[1]


# What two servers make up differently, and what only ordinary modules report.
OWN = {"num_pk", "created_by", "uid", "network_range", "network_range_v6", "ipv6_enabled_groups"}
REPORTED = {"invocation", "deprecations", "exception"}
MADE_UP = {
    r"[0-9a-f]{8}-[0-9a-f-]{27}": "<uuid>",
    r"127\.0\.0\.1:\d+": "<server>",
    r"\b(authentik-)?[0-9a-v]{20}\b": "<xid>",
    r"\d{4}-\d\d-\d\dT[0-9:.]+Z": "<time>",
    r"^[A-Za-z0-9]{40}$": "<generated>",
}


def comparable(value: Any) -> Any:
    """A result without what is different in any two of them."""
    if isinstance(value, dict):
        kept = {key: inner for key, inner in value.items() if key not in REPORTED and not key.startswith("_ansible")}
        return {comparable(key): "<own>" if key in OWN else comparable(inner) for key, inner in kept.items()}
    if isinstance(value, list):
        return [comparable(inner) for inner in value]
    if isinstance(value, str):
        for pattern, name in MADE_UP.items():
            value = re.sub(pattern, name, value)
    return value


def test_every_module_has_its_case() -> None:
    modules = {path.stem for path in (ROOT / "plugins/modules").glob("*.py")}
    tested = {case.module for case in CASES} | {name.rpartition(".")[2] for task in INFORMED for name in task}
    assert modules == tested


def test_every_module_is_in_its_group_and_runs_in_process() -> None:
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())
    for path in (ROOT / "plugins/modules").glob("*.py"):
        service = path.stem.partition("_")[0]
        assert path.stem in runtime["action_groups"][service]
        assert runtime["plugin_routing"]["action"][path.stem]["redirect"] == f"{COLLECTION}.{service}"
