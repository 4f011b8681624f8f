# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles ask the servers: nothing twice, and not more for more entitlements than their lists have pages."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.service import REFERENCES
from simulators import authentik, netbird
from simulators._server import READING
from support import COLLECTION, ROOT, Played, Servers, give_owner
from support.modules import call

pytestmark = pytest.mark.once

NUMBER = 100
ENTITLEMENTS = [{"name": f"nb-{index}", "groups": [f"team-{index}"]} for index in range(NUMBER)]
API = "/api/v3/"
# What a run asks authentik for that finds all in order. There are more than a hundred groups, which makes two pages of them, and
# a request holds 80 targets of bindings: the application's are one request, those of a hundred entitlements are two.
COMMON = {
    "flows/instances/": 1,
    "crypto/certificatekeypairs/": 1,
    "propertymappings/provider/scope/": 1,
    "core/groups/": 2,
    "providers/oauth2/": 1,
    "core/applications/": 1,
    "core/application_entitlements/": 1,
    "policies/bindings/": 3,
}
# What a set-up looks at besides: in management its own mapping and the client secret, in standalone the brand, the account and
# its password, which the check reads for the tasks too.
MORE = {
    "management": {"propertymappings/provider/scope/": 1, "providers/oauth2/": 1},
    "standalone": {"core/brands/": 1, "core/users/": 1, "core/tokens/": 1},
}
AUTHENTIK = {setup: dict(Counter(COMMON) + Counter(more)) for setup, more in MORE.items()}
NETBIRD = {
    "management": {"/api/accounts": 2, "/oauth2/.well-known/openid-configuration": 1, "/api/identity-providers": 1},
    "standalone": {"/api/accounts": 2},
}
LIMITS = {"management": (13, 5), "standalone": (14, 5)}
SETUPS = ("management", "standalone")


@pytest.fixture(params=SETUPS)
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def pair(setup: str, tmp_path: Path) -> Iterator[Servers]:
    """Servers that suit a set-up, with people's groups."""
    with authentik.serve() as one, netbird.serve(embedded=setup == "management") as other:
        if setup == "standalone":
            give_owner(other, claim="")
        for index in range(NUMBER):
            one.state.add_group(f"team-{index}")
        yield Servers(one, other, tmp_path)


def play(servers: Servers, setup: str, variables: dict[str, Any] | None = None, *options: str) -> Played:
    """Run a role with variables that are named without its name."""
    given = {
        "bindings": [{"group": "team-0"}],
        "entitlements": ENTITLEMENTS[:2],
        **({"netbird_url": "https://netbird.company"} if setup == "standalone" else {}),
        **(variables or {}),
    }
    role = {"ansible.builtin.import_role": {"name": f"{COLLECTION}.{setup}"}}
    return servers.play([role], {f"{setup}_{name}": value for name, value in given.items()}, *options)


def asked(played: Played) -> tuple[dict[str, int], dict[str, int]]:
    """How often each path was read, in authentik and in NetBird."""
    counts = Counter(each["path"] for task in played.tasks for each in task.requests if each["method"] in READING)
    of_authentik = {path.removeprefix(API): times for path, times in counts.items() if path.startswith(API)}
    return of_authentik, {path: times for path, times in counts.items() if not path.startswith(API)}


def table(counts: dict[str, int], expected: dict[str, int]) -> str:
    """Both counts of each path, one below the other."""
    lines = [f"{counts.get(path, 0):4} {expected.get(path, 0):4}  {path}" for path in sorted({*counts, *expected})]
    return "\n".join(["", " got want", *lines])


def assert_asks_only_what_it_needs(played: Played, setup: str, more: Mapping[str, int] | None = None) -> None:
    """What an unchanged run asks, and what a change asks of authentik beside."""
    usual = {path: count + (more or {}).get(path, 0) for path, count in AUTHENTIK[setup].items()}
    for counts, expected, limit in zip(asked(played), (usual, NETBIRD[setup]), LIMITS[setup], strict=True):
        assert counts == expected, table(counts, expected)
        assert sum(counts.values()) <= limit + sum((more or {}).values())


def test_a_hundred_entitlements(pair: Servers, setup: str) -> None:
    variables: dict[str, Any] = {"entitlements": ENTITLEMENTS, "prune": True}
    first = play(pair, setup, variables)
    assert first.code == 0, first.output[-2000:]
    second = play(pair, setup, variables)
    assert second.code == 0, second.output[-2000:]
    assert second.changed == []
    assert second.writes == []
    assert_asks_only_what_it_needs(second, setup)

    last = ENTITLEMENTS[-1]["name"]
    moved = play(pair, setup, {**variables, "entitlements": [*ENTITLEMENTS[:-1], {"name": last, "groups": ["team-7"]}]}, "--diff")
    assert moved.code == 0, moved.output[-2000:]
    bindings = f"{API}policies/bindings/"
    assert [write.split(bindings)[0] for write in moved.writes] == ["POST ", "DELETE "]
    # Whether somebody else has made the same binding meanwhile.
    assert_asks_only_what_it_needs(moved, setup, {"policies/bindings/": 1})
    assert [task.touched["after"] for task in moved.tasks if task.changed] == [
        {f"binding of group 'team-7' to entitlement {last!r}": ["group", "order"]}
    ]


@pytest.mark.parametrize("setup", ["standalone"], indirect=True)
def test_what_others_change_is_put_right(pair: Servers, setup: str) -> None:
    """What the check reads for the tasks that follow is what the server has, not what the role made."""
    assert play(pair, setup).code == 0
    state = pair.authentik.state
    (account,) = state.where("users", username="NetBird")
    (token,) = state.where("tokens", identifier="netbird-app-password")
    (flow,) = state.where("flows", slug="default-device-code-flow")
    (admins,) = state.where("groups", name="authentik Admins")
    account["is_active"], token["description"], flow["title"] = False, "", "Changed"
    admins["users"].remove(account["pk"])
    checked = play(pair, setup, {}, "--check")
    assert checked.writes == []
    mended = play(pair, setup)
    assert mended.code == 0, mended.output[-2000:]
    assert mended.changed == checked.changed
    assert [name.rpartition(" : ")[2] for name in mended.changed] == [
        "The flow in which people enter a device's code",
        "The service account",
        "Its app password",
        "The service account may read users",
    ]
    assert (account["is_active"], token["description"]) == (True, "NetBird's management server")
    assert flow["title"] == "Device code flow"
    assert account["pk"] in admins["users"]
    assert play(pair, setup).changed == []


# What somebody else removes or makes anew while a role is at work, after its check.


def meanwhile(servers: Servers, *requests: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    """A variable of the role management that sends requests to authentik when its first task that writes is begun."""
    expression = yaml.safe_load((ROOT / "roles/management/vars/main.yml").read_text())["management_profile_expression"]
    script = servers.folder / "meanwhile.py"
    script.write_text(
        "import requests\n"
        f"for method, path, body in {list(requests)!r}:\n"
        f"    headers = {{'Authorization': 'Bearer {servers.authentik.token}'}}\n"
        f"    url = '{servers.authentik.url}{API}' + path\n"
        "    requests.request(method, url, json=body, headers=headers, timeout=10).raise_for_status()\n"
        f"print({expression!r})\n"
    )
    return {"profile_expression": f"{{{{ lookup('ansible.builtin.pipe', '{sys.executable} {script}') }}}}"}


@pytest.fixture
def group(servers: Servers) -> dict[str, Any]:
    servers.authentik.state.add_group("team-0")
    return servers.authentik.state.add_group("team-1")


def test_a_group_that_is_made_anew_meanwhile(servers: Servers, group: dict[str, Any]) -> None:
    assert play(servers, "management").code == 0
    anew = meanwhile(servers, ("DELETE", f"core/groups/{group['pk']}/", {}), ("POST", "core/groups/", {"name": "team-1"}))
    played = play(servers, "management", anew)
    assert "Could not create binding of group 'team-1' to entitlement 'nb-1': authentik said: group: " in played.failure
    assert "An earlier task looked up group 'team-1': if that was removed or made anew since then, run again" in played.failure
    assert "Traceback" not in played.output
    healed = play(servers, "management")
    assert healed.code == 0, healed.output[-2000:]
    assert healed.writes == [f"POST {API}policies/bindings/"]
    assert play(servers, "management").changed == []


def test_a_group_that_is_removed_meanwhile(servers: Servers, group: dict[str, Any]) -> None:
    assert play(servers, "management").code == 0
    played = play(servers, "management", meanwhile(servers, ("DELETE", f"core/groups/{group['pk']}/", {})))
    assert "An earlier task looked up group 'team-1'" in played.failure
    again = play(servers, "management")
    assert "authentik has no group 'team-1'" in again.failure
    assert again.writes == []


def test_the_same_role_again_in_one_play(servers: Servers, group: dict[str, Any]) -> None:
    """What a run of the role looked up and made is not taken for what is there when it runs again."""
    assert play(servers, "management").code == 0
    state = {"management_entitlements": ENTITLEMENTS[:2], "management_bindings": [{"group": "team-0"}]}
    tasks = [
        {"ansible.builtin.include_role": {"name": f"{COLLECTION}.management"}, "vars": {"management_state": each}}
        for each in ("present", "absent", "present")
    ]
    played = servers.play(tasks, state)
    assert played.code == 0, played.output[-2000:]
    assert len(played.changed) == 5 + 7
    assert play(servers, "management").changed == []


def test_the_standalone_role_again_in_one_play(tmp_path: Path) -> None:
    with authentik.serve() as one, netbird.serve(embedded=False) as other:
        servers = Servers(one, other, tmp_path)
        tasks = [
            {"ansible.builtin.include_role": {"name": f"{COLLECTION}.standalone"}, "vars": {"standalone_state": each}}
            for each in ("present", "absent", "present")
        ]
        variables = {"netbird_token": "", "standalone_netbird_url": "https://netbird.company"}
        for access in ("administrator", "least"):
            given = {**variables, "standalone_service_account_access": access}
            played = servers.play(tasks, given)
            assert played.code == 0, played.output[-2000:]
            again = servers.play(tasks[:1], given)
            assert again.code == 0, again.output[-2000:]
            assert again.changed == []


# Ids of nothing, as they are refused: the module and its options, and what was looked up.
NOTHING = "00000000-0000-4000-8000-000000000000"
REDIRECTS = [{"url": "https://netbird.company/cb"}]
STALE: list[tuple[str, dict[str, Any], str, Any]] = [
    ("authentik_oauth2_provider", {"name": "New", "redirect_uris": REDIRECTS, "invalidation_flow": "old"}, "flow", NOTHING),
    ("authentik_oauth2_provider", {"name": "New", "redirect_uris": REDIRECTS, "signing_key": "old"}, "certificate", NOTHING),
    (
        "authentik_oauth2_provider",
        {"name": "New", "redirect_uris": REDIRECTS, "property_mappings": ["openid", "old"]},
        "scope_mapping",
        NOTHING,
    ),
    ("authentik_application", {"slug": "new", "name": "New", "provider": "old"}, "provider", 4711),
    ("authentik_policy_bindings", {"application": "netbird", "bindings": [{"group": "old"}]}, "group", NOTHING),
    ("authentik_policy_bindings", {"application": "netbird", "bindings": [{"user": "old"}]}, "user", 4711),
    ("authentik_policy_bindings", {"application": "netbird", "bindings": [{"policy": "old"}]}, "policy", NOTHING),
    ("authentik_policy_bindings", {"application": "old", "bindings": [{"group": "team-0"}]}, "application", NOTHING),
    ("authentik_application_entitlements", {"application": "old", "entitlements": [{"name": "x"}]}, "application", NOTHING),
    ("authentik_group", {"name": "new", "roles": ["old"]}, "role", NOTHING),
    ("authentik_app_password", {"identifier": "new", "user": "old"}, "user", 4711),
    ("authentik_group_membership", {"group": "team-0", "members": ["old"]}, "user", 4711),
]


def test_an_id_of_nothing_is_refused_by_name(servers: Servers, group: dict[str, Any]) -> None:
    connection = servers.connection_of("authentik")
    servers.authentik_post("core/applications/", {"name": "NetBird", "slug": "netbird"})
    mappings = call("authentik_info", {**connection, "lookups": [{"kind": "scope_mapping", "names": ["openid"]}]})["known_ids"]
    before = servers.snapshot()
    for module, options, kind, value in STALE:
        known = {**mappings, kind: {**mappings.get(kind, {}), "old": value}}
        result = call(module, {**connection, **options, "known_ids": known})
        label = f"{REFERENCES[kind].kind} 'old'"
        assert result.get("failed"), (module, kind)
        assert f"An earlier task looked up {label}: if that was removed or made anew since then" in result["msg"], result["msg"]
    assert servers.snapshot() == before


@pytest.mark.parametrize(
    ("known_ids", "message"),
    [
        ({"flows": {}}, "known_ids: there is no kind flows. The kinds are application, brand, "),
        ({"group": [NOTHING]}, "known_ids: group has to map names to ids"),
        ({"group": {"team-0": None}}, "known_ids: group has to map names to ids"),
    ],
)
def test_known_ids_that_cannot_be(servers: Servers, known_ids: dict[str, Any], message: str) -> None:
    task = {f"{COLLECTION}.authentik_group": {"name": "new", "known_ids": known_ids}}
    played = servers.play([task])
    assert message in played.failure
    assert played.requests == 0


@pytest.mark.parametrize(
    ("known_objects", "message"),
    [
        ({"provider": []}, "known_objects: there is no kind provider. The kinds are application, flow, group, token, user."),
        ({"user": {"alice": 7}}, "known_objects: user has to be a list of objects as authentik_info returns them."),
        ({"user": [{"pk": 7}]}, "known_objects: user has to be a list of objects as authentik_info returns them."),
        ({"flow": ["alice"]}, "known_objects: flow has to be a list of objects as authentik_info returns them."),
    ],
)
def test_known_objects_that_cannot_be(servers: Servers, known_objects: dict[str, Any], message: str) -> None:
    task = {f"{COLLECTION}.authentik_group": {"name": "new", "known_objects": known_objects}}
    played = servers.play([task])
    assert message in played.failure
    assert played.requests == 0


# What may be handed on: the module, its options, what they change, and where the object is kept and looked up.
OBJECTS: list[tuple[str, str, dict[str, Any], dict[str, Any], str]] = [
    ("user", "authentik_user", {"username": "alice", "name": "Alice"}, {"name": "Alice B."}, "core/users/"),
    ("group", "authentik_group", {"name": "team-1", "attributes": {}}, {"attributes": {"a": 1}}, "core/groups/"),
    (
        "token",
        "authentik_app_password",
        {"identifier": "word", "user": "alice", "description": "old"},
        {"description": "new"},
        "core/tokens/",
    ),
    (
        "flow",
        "authentik_flow",
        {"slug": "in", "name": "In", "title": "In", "designation": "authentication"},
        {"title": "Inside"},
        "flows/instances/",
    ),
    ("application", "authentik_application", {"slug": "netbird", "name": "NetBird"}, {"name": "Other"}, "core/applications/"),
]


@pytest.mark.parametrize(("kind", "module", "options", "change", "path"), OBJECTS, ids=[each[0] for each in OBJECTS])
def test_objects_are_handed_on(
    servers: Servers, group: dict[str, Any], kind: str, module: str, options: dict[str, Any], change: dict[str, Any], path: str
) -> None:
    """What the task manages is not asked for where it is known; one that is gone by then is named."""
    server = servers.authentik
    connection = servers.connection_of("authentik")
    call("authentik_user", {**connection, "username": "alice", "name": "Alice"})
    name = next(iter(options.values()))

    def looked() -> dict[str, Any]:
        result = call("authentik_info", {**connection, "lookups": [{"kind": kind, "optional": [name]}], "required": True})
        server.clear()
        return {"known_objects": result["objects"]}

    def asked_of(result: dict[str, Any]) -> list[str]:
        assert not result.get("failed"), result
        methods = [request.method for request in server.requests if request.path == f"{API}{path}"]
        server.clear()
        return methods

    known = looked()
    if kind not in ("user", "group"):
        # Nothing was found, so nothing is known.
        assert known == {"known_objects": {kind: []}}
        assert asked_of(call(module, {**connection, **options, **known})) == ["GET", "POST"]
        known = looked()
    same = call(module, {**connection, **options, **known}, check_mode=True)
    assert (same["changed"], asked_of(same)) == (False, [])
    changed = call(module, {**connection, **options, **change, **known})
    # What is written as a whole is read before that, so that nothing of others is lost.
    assert (changed["changed"], asked_of(changed)) == (True, ["GET"] if kind == "token" else [])
    again = call(module, {**connection, **options, **change})
    assert (again["changed"], asked_of(again)) == (False, ["GET"])

    known = looked()
    assert call(module, {**connection, next(iter(options)): name, "state": "absent"})["changed"]
    refused = call(module, {**connection, **options, **known})
    assert f"An earlier task looked up {REFERENCES[kind].kind} {name!r}: if that was removed or made anew" in refused["msg"]
    # Whoever looks does look.
    assert call("authentik_info", {**connection, "lookups": [{"kind": kind, "names": [name]}], **known})["objects"] == {kind: []}


def test_a_known_object_is_read_anew_after_a_write() -> None:
    """In the older version an icon has an address of its own, so that only a new read shows it."""
    with authentik.serve(version="2025.10") as server:
        connection = {"authentik_url": server.url, "authentik_token": server.token}
        options = {**connection, "slug": "netbird", "name": "NetBird"}
        call("authentik_application", options)
        known = call("authentik_info", {**connection, "lookups": [{"kind": "application", "names": ["netbird"]}]})["objects"]
        server.clear()
        icon = "https://netbird.company/icon.svg"
        result = call("authentik_application", {**options, "icon": icon, "known_objects": known})
        assert result["application"]["meta_icon"] == icon
        assert [request.method for request in server.requests] == ["PATCH", "POST", "GET"]


def test_every_module_of_the_action_group_takes_what_is_known() -> None:
    names = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"]["authentik"]
    modules = [import_module(f"ansible_collections.{COLLECTION}.plugins.modules.{name}") for name in names]
    for name in ("known_ids", "known_objects"):
        assert all(module.ARGUMENT_SPEC["argument_spec"][name] == {"type": "dict", "default": {}} for module in modules)


def test_ids_are_handed_on(servers: Servers, group: dict[str, Any]) -> None:
    """What was looked up is not asked for again; what was not there is looked up as usual."""
    connection = servers.connection_of("authentik")
    servers.authentik_post("core/applications/", {"name": "NetBird", "slug": "netbird"})
    lookups = [{"kind": "application", "names": ["netbird"]}, {"kind": "group", "names": ["team-1", "nobody"]}, {"kind": "brand"}]
    looked = call("authentik_info", {**connection, "lookups": lookups})
    assert looked["known_ids"]["group"] == {"team-1": group["pk"]}
    assert looked["known_ids"]["brand"] == {}
    bindings = [{"group": "team-1"}, {"group": "team-0"}]
    servers.authentik.clear()
    options = {**connection, "application": "netbird", "bindings": bindings, "known_ids": looked["known_ids"]}
    assert call("authentik_policy_bindings", options)["changed"]
    reads = [request for request in servers.authentik.requests if request.method in READING]
    # At the end it is looked whether somebody else has made the same bindings meanwhile.
    paths = ("policies/bindings/", "core/groups/", "policies/bindings/")
    assert [request.path for request in reads] == [f"{API}{path}" for path in paths]
    assert "name=team-0" in reads[1].query
    # What is known does not keep authentik_info from looking.
    known = {"group": {"nobody": NOTHING, "team-1": NOTHING}}
    assert call("authentik_info", {**connection, "lookups": lookups, "known_ids": known})["known_ids"] == looked["known_ids"]


SUBSETS: list[tuple[str, list[str], set[str], list[str]]] = [
    ("authentik_info", ["version"], {"version", "objects", "known_ids"}, [f"{API}admin/version/"]),
    ("authentik_info", ["objects"], {"objects", "known_ids"}, [f"{API}core/groups/"]),
    ("netbird_info", ["version"], {"version"}, ["/api/instance/version"]),
    ("netbird_info", ["setup_required"], {"setup_required"}, ["/api/instance"]),
    ("netbird_info", ["account"], {"account", "embedded_idp_enabled"}, ["/api/accounts"]),
    ("netbird_info", ["identity_providers"], {"identity_providers"}, ["/api/identity-providers"]),
    (
        "netbird_info",
        ["redirect_urls"],
        {"account", "embedded_idp_enabled", "redirect_url", "logout_redirect_url"},
        ["/api/accounts", "/oauth2/.well-known/openid-configuration"],
    ),
]


def test_information_in_parts(servers: Servers) -> None:
    for module, subset, keys, paths in SUBSETS:
        service = module.partition("_")[0]
        options = servers.connection_of(service)
        lookups = {"lookups": [{"kind": "group", "names": ["authentik Admins"]}]} if service == "authentik" else {}
        for server in servers.both:
            server.clear()
        result = call(module, {**options, **lookups, "gather_subset": subset})
        assert set(result) == {"changed", *keys}, module
        assert [request.path for server in servers.both for request in server.requests] == paths, module
