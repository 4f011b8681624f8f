# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All of NetBird's objects as one document: 300 of 13 kinds, that refer to each other."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml

from simulators._server import Fault
from support import ROOT, Servers, role
from support.document import Document, changed, count, document
from support.modules import call

pytestmark = pytest.mark.once

NESTED = ("policies", "networks", "network_resources", "network_routers", "dns_zones", "dns_records")
PRUNED = ["setup_keys", "posture_checks", "routes", "nameserver_groups", *NESTED]


def ensure(servers: Servers, config: Document | None = None, check_mode: bool = False, **more: Any) -> dict[str, Any]:
    connection = servers.connection_of("netbird")
    options = {} if config is None else {"config": config}
    servers.netbird.clear()
    return call("netbird_config", {**connection, **options, **more}, check_mode=check_mode)


def writes(servers: Servers) -> list[str]:
    return [request.path for request in servers.netbird.requests if request.method != "GET"]


def reads(servers: Servers) -> int:
    return sum(request.method == "GET" for request in servers.netbird.requests)


def test_three_hundred_objects(servers: Servers) -> None:
    wanted = document()
    assert count(wanted) == 300
    before = servers.snapshot()
    predicted = ensure(servers, wanted, check_mode=True)
    assert servers.snapshot() == before
    assert not writes(servers)
    assert reads(servers) == 10, "one for each kind; what lies in networks and zones that are not there needs none"
    made = ensure(servers, wanted)
    assert made["changes"] == predicted["changes"]
    assert len(made["changes"]) == 300
    assert made["diff"] == predicted["diff"]
    assert made["diff"]["after"]["policies"]["policy 'policy-0'"]["sources"] == ["team-0", "team-1"]
    again = ensure(servers, wanted)
    assert not again["changed"]
    assert again["diff"] == {"before": {}, "after": {}}
    assert not writes(servers)
    assert reads(servers) == 12, "one for each kind, however many networks and zones there are"

    predicted = ensure(servers, changed(wanted), check_mode=True)
    assert not writes(servers)
    made = ensure(servers, changed(wanted))
    assert len(writes(servers)) == len(made["changes"]) == 10
    assert (made["diff"], made["changes"]) == (predicted["diff"], predicted["changes"])
    assert not ensure(servers, changed(wanted))["changed"]


def test_what_is_not_named_goes_where_that_is_asked_for(servers: Servers) -> None:
    wanted = document(4)
    ensure(servers, wanted)
    few = {section: entries[:1] if section in PRUNED else entries for section, entries in wanted.items()}
    few["dns_zones"] = wanted["dns_zones"][1:]
    predicted = ensure(servers, few, check_mode=True, prune=PRUNED)
    assert not writes(servers)
    made = ensure(servers, few, prune=PRUNED)
    assert (made["diff"], made["changes"]) == (predicted["diff"], predicted["changes"])
    assert all(change.startswith("delete ") for change in made["changes"])
    assert not ensure(servers, few, prune=PRUNED)["changed"]
    left = {kind: len(rows) for kind, rows in servers.netbird.state.account.objects.items()}
    assert left["policies"] == 2, "the Default policy is NetBird's own"
    assert [left[kind] for kind in ("setup-keys", "networks", "resources", "zones")] == [1, 1, 1, 1]
    assert left["groups"] == 1 + len(wanted["groups"])


def test_a_scope_keeps_what_others_made(servers: Servers) -> None:
    policy = {"sources": ["All"], "destinations": ["All"]}
    names = {"ours-1": "by ansible", "ours-2": "by ansible", "ours-3": "by hand", "theirs": "by ansible"}
    ensure(servers, {"policies": [{"name": name, "description": how, **policy} for name, how in names.items()]})
    few = {"policies": [{"name": "ours-1", **policy}]}
    made = ensure(servers, few, prune=["policies"], prune_prefix="ours-", prune_mark="by ansible")
    assert made["changes"] == ["delete policy 'ours-2'"]


def test_groups_that_a_login_made_and_all_are_never_pruned(servers: Servers) -> None:
    servers.netbird.state.account.add_group("of a login", issued="jwt")
    made = ensure(servers, {"groups": [{"name": "a"}]}, prune=["groups"])
    assert made["changes"] == ["create group 'a'"]


def test_what_is_exported_says_the_same(servers: Servers, other_servers: Servers) -> None:
    ensure(servers, document(6))
    exported = ensure(servers, state="exported")["config"]
    assert not writes(servers)
    assert count(exported) == 60 + 1, "the Default policy too"
    checked = ensure(servers, exported, check_mode=True)
    assert not checked["changed"], checked["diff"]
    ensure(other_servers, exported)
    assert ensure(other_servers, state="exported")["config"] == exported


def test_what_a_document_could_not_name_is_left_out_of_an_export(servers: Servers) -> None:
    ensure(servers, {"groups": [{"name": "a"}], "policies": [{"name": "p", "sources": ["a"], "destinations": ["a"]}]})
    state = servers.netbird.state.account
    (policy,) = [row for row in state.rows("policies").values() if row["name"] == "p"]
    state.rows("policies")["another"] = {**policy, "id": "another"}
    zone = {"id": "z", "name": "z", "domain": "z.example", "enabled": True, "enable_search_domain": False}
    state.rows("zones")["z"] = {**zone, "distribution_groups": ["gone"]}
    exported = ensure(servers, state="exported")["config"]
    assert [each["name"] for each in exported["policies"]] == ["Default"], "two are called p"
    assert "dns_zones" not in exported, "its group is not there any more"
    assert ensure(servers, exported, check_mode=True)["changed"] is False


REFUSED: dict[str, tuple[Document, dict[str, Any], str]] = {
    "empty": ({}, {}, "config is empty. Set allow_empty"),
    "an empty section to prune": (
        {"groups": [{"name": "a"}]},
        {"prune": ["policies"]},
        "config has no policies, and prune would",
    ),
    "an unknown section": ({"group": []}, {}, "config has no section group; its sections are groups, "),
    "no list": ({"groups": {"name": "a"}}, {}, "groups has to be a list"),
    "no options": ({"groups": ["a"]}, {}, "groups, entry 1 has to be a mapping"),
    "an unknown option": ({"groups": [{"name": "a", "nmae": "b"}]}, {}, "groups, entry 1: nmae. Supported parameters include"),
    "a missing option": ({"groups": [{}]}, {}, "groups, entry 1: missing required arguments: name"),
    "twice": ({"groups": [{"name": "a"}, {"name": "a"}]}, {}, "config: groups: named more than once: group 'a'"),
    "what lies elsewhere": ({"groups": [{"name": "a", "resources": ["r"]}]}, {}, "resources name their groups themselves"),
    "a name that nothing has": (
        {"groups": [{"name": "a"}], "policies": [{"name": "p", "sources": ["b"], "destinations": ["a"]}]},
        {},
        "NetBird has no group 'b'",
    ),
    "an object that could not be": (
        {"groups": [{"name": "a"}], "policies": [{"name": "p", "sources": ["a"]}]},
        {},
        "policy 'p': it needs destinations",
    ),
    "needed, and to be pruned": (
        {"groups": [{"name": "a"}], "policies": [{"name": "p", "sources": ["there"], "destinations": ["a"]}]},
        {"prune": ["groups"]},
        "prune would remove group 'there', which config has not among its groups, but needs for policy 'p'",
    ),
    "a mark where there are no descriptions": (
        {"groups": [{"name": "a"}]},
        {"prune": ["groups"], "prune_mark": "ours"},
        "prune_mark looks at descriptions, and groups have none",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_before_the_first_write(servers: Servers, what: str) -> None:
    servers.netbird.state.account.add_group("there")
    config, options, message = REFUSED[what]
    before = servers.snapshot()
    result = ensure(servers, config, **options)
    assert result.get("failed") is True, result
    assert message in result["msg"]
    assert "Nothing was changed" in result["msg"]
    assert not writes(servers)
    assert servers.snapshot() == before


def test_a_name_that_two_have_is_refused(servers: Servers) -> None:
    for _ in range(2):
        servers.netbird.state.account.add_group("twin")
    result = ensure(servers, {"policies": [{"name": "p", "sources": ["twin"], "destinations": ["All"]}]})
    assert "2 objects that are group 'twin'" in result["msg"]
    assert not writes(servers)


def test_absent_takes_what_is_named_and_leaves_the_rest(servers: Servers) -> None:
    before = servers.comparable_snapshot()["objects"]
    wanted = document(4)
    ensure(servers, {**wanted, "groups": [*wanted["groups"], {"name": "somebody's"}]})
    named = {section: entries for section, entries in wanted.items() if section not in ("dns_settings", "account_settings")}
    refused = ensure(servers, named, state="absent")
    assert "disabled DNS management groups" in refused["msg"], "NetBird's own settings still name a group"
    ensure(servers, {"dns_settings": {"disabled_management_groups": []}})
    assert not ensure(servers, named, state="absent").get("failed")
    left = servers.comparable_snapshot()["objects"]
    assert len(left["groups"]) == len(before["groups"]) + 1
    assert {kind: rows for kind, rows in left.items() if rows and kind != "groups"} == {
        kind: rows for kind, rows in before.items() if rows and kind != "groups"
    }


def test_keys_are_told_once_and_only_on_request(servers: Servers) -> None:
    wanted = {"setup_keys": [{"name": "k"}]}
    made = ensure(servers, wanted, return_secret=True)
    (row,) = servers.netbird.state.account.rows("setup-keys").values()
    assert made["secrets"] == {"setup_keys": {"k": {"key": row["key"]}}}
    assert ensure(servers, wanted, return_secret=True)["secrets"] == {}
    assert row["key"] not in str(ensure(servers, {"setup_keys": [{"name": "other"}]}))


def test_peers_are_exported_on_request(servers: Servers) -> None:
    account = servers.netbird.state.account
    account.add_peer("web-1", [], ssh_enabled=True)
    for _ in range(2):
        account.add_peer("twin", [])
    assert "peers" not in ensure(servers, state="exported")["config"]
    exported = ensure(servers, state="exported", sections=["peers"])["config"]
    assert [(each["peer"], each["ssh_enabled"]) for each in exported["peers"]] == [("web-1", True)], (
        "twins have no name of their own"
    )
    assert ensure(servers, exported, check_mode=True)["changed"] is False


def test_two_at_once_make_nothing_twice(servers: Servers) -> None:
    """Both have looked before either writes: the first write of all waits until the other has looked too."""
    wanted = {section: document(6)[section] for section in ("groups", "networks", "policies", "dns_zones", "nameserver_groups")}
    wanted["policies"] = [{**each, "protocol": "all"} for each in wanted["policies"] if "destinations" in each]
    for each in wanted["policies"]:
        del each["ports"]
    connection = servers.connection_of("netbird")
    servers.netbird.inject(Fault("slow", method="POST", seconds=0.5, times=8))
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: call("netbird_config", {**connection, "config": wanted}), range(2)))
    assert [result.get("msg") for result in results] == [None, None]
    for kind, rows in servers.netbird.state.account.objects.items():
        names = Counter(row.get("domain") or row["name"] for row in rows.values())
        assert max(names.values(), default=1) == 1, kind
    assert not ensure(servers, wanted)["changed"]


def test_the_role_puts_a_folder_together_and_the_playbook_exports_it(servers: Servers) -> None:
    wanted = document(2)
    folder = servers.folder / "documents"
    folder.mkdir()
    for name, sections in (("10-groups.yml", ["groups"]), ("20-rest.yaml", [each for each in wanted if each != "groups"])):
        (folder / name).write_text(yaml.safe_dump({section: wanted[section] for section in sections}))
    variables = {"netbird_config": {"groups": [{"name": "of the variable"}]}, "netbird_config_dir": str(folder)}
    checked = servers.play(role("netbird"), variables, "--check", "--diff")
    assert (checked.code, checked.writes) == (0, []), checked.output[-2000:]
    done = servers.play(role("netbird"), variables, "--diff")
    assert done.code == 0, done.output[-2000:]
    config = [task for task in (*checked.tasks, *done.tasks) if task.action.endswith("netbird_config")]
    assert config[0].result["diff"] == config[1].result["diff"]
    assert len(config[1].result["changes"]) == count(wanted) + 1
    assert servers.play(role("netbird"), variables).changed == []

    written = servers.folder / "exported.yml"
    exported = servers.play(ROOT / "playbooks/export.yml", {"export_file": str(written)})
    assert exported.code == 0, exported.output[-2000:]
    assert not exported.writes
    assert written.stat().st_mode & 0o777 == 0o600
    assert servers.play(ROOT / "playbooks/export.yml", {"export_file": str(written)}).changed == []
    again = servers.play(ROOT / "playbooks/netbird.yml", {"netbird_config": yaml.safe_load(written.read_text())}, "--check")
    assert (again.code, again.changed) == (0, []), again.output[-2000:]


def test_a_folder_without_documents_is_refused(servers: Servers) -> None:
    played = servers.play(role("netbird"), {"netbird_config_dir": str(servers.folder / "nothing")})
    assert "config is empty" in played.failure
    assert not played.writes
