# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin: which peers are hosts, what they are called, and what is asked of the server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import textwrap
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulators.netbird.state import user_row
from support import COLLECTION, ROOT, Servers
from support.inventory import Inventory, read

NAME = f"{COLLECTION}.netbird_peers"
GUIDE = (ROOT / "docs/docsite/rst/guide_inventory.rst").read_text(encoding="utf-8")


def configured(servers: Servers, name: str = "test", **options: Any) -> Path:
    file = servers.folder / f"{name}.netbird_peers.yml"
    connection = servers.connection_of("netbird")
    file.write_text(yaml.safe_dump({"plugin": NAME, **connection, **options}, sort_keys=False))
    return file


def parsed(servers: Servers, fresh: bool = False, **options: Any) -> Inventory:
    """What the plugin makes of the server's peers."""
    servers.netbird.clear()
    (inventory,) = read([configured(servers, **options)], fresh)
    return inventory


def asked(servers: Servers) -> list[str]:
    return [f"{request.method} {request.path}" for request in servers.netbird.requests]


def of_the_guide(servers: Servers) -> None:
    """Two web servers, and the laptop of a person."""
    account = servers.netbird.state.account
    person = user_row("ada", email="ada@company", name="Ada")
    account.users[person["id"]] = person
    web = account.add_group("web servers")["id"]
    account.add_peer("web-2", [web], version="0.60.2", connected=False, os="FreeBSD 14")
    account.add_peer("web-1", [web], version="0.77.1", connected=True, os="Debian GNU/Linux 12")
    account.add_peer("laptop", [], version="0.77.1", user_id=person["id"], connected=True, os="Darwin 24.1")


def test_the_guide(servers: Servers) -> None:
    of_the_guide(servers)
    file = servers.folder / "production.netbird_peers.yml"
    shown = re.search(r"\n\n((?:  .*\n)+?)\nThe token", GUIDE)
    assert shown
    file.write_text(textwrap.dedent(shown[1]).replace("https://netbird.company", servers.netbird.url))
    done = subprocess.run(
        ["ansible-inventory", "-i", file, "--graph"],
        env={**os.environ, "NETBIRD_TOKEN": servers.netbird.token},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    expected = re.search(r"--graph\n((?:  .*\n)+)", GUIDE)
    assert expected
    assert done.stdout == textwrap.dedent(expected[1])


def test_the_examples(servers: Servers) -> None:
    of_the_guide(servers)
    group = servers.netbird.state.account.add_group("servers")["id"]
    servers.netbird.state.account.add_peer("db-1", [group], version="0.50.0", os="Ubuntu 24.04")
    examples = import_module(f"ansible_collections.{COLLECTION}.plugins.inventory.netbird_peers").EXAMPLES
    own = {"netbird_url": servers.netbird.url, "netbird_token": servers.netbird.token}
    plain, picky = [configured(servers, str(at), **{**each, **own}) for at, each in enumerate(yaml.safe_load_all(examples))]
    connected, old = read([plain, picky])
    assert (connected.error, old.error) == ("", "")
    assert set(connected.hosts) == {"laptop", "web-1"}
    assert set(old.hosts) == {"db-1.netbird.selfhosted"}
    assert old.hosts["db-1.netbird.selfhosted"]["ansible_user"] == "admin"
    assert old.groups == {"netbird_All": list(old.hosts), "netbird_servers": list(old.hosts), "client_0_50_0": list(old.hosts)}


def test_what_a_host_has(servers: Servers) -> None:
    of_the_guide(servers)
    inventory = parsed(servers)
    assert asked(servers) == ["GET /api/peers", "GET /api/users"]
    variables = inventory.hosts["laptop"]
    (peer,) = (row for row in servers.netbird.state.account.rows("peers").values() if row["name"] == "laptop")
    expected = {
        "id": peer["id"],
        "ip": peer["ip"],
        "groups": ["All"],
        "user": "ada@company",
        "connected": True,
        "os": "Darwin 24.1",
    }
    assert {name: variables["netbird_peer"][name] for name in expected} == expected
    assert variables["ansible_host"] == peer["ip"]
    assert inventory.hosts["web-1"]["netbird_peer"]["groups"] == ["All", "web servers"]


@pytest.mark.parametrize(
    ("order", "found"), [(["ip"], "ip"), (["ipv6", "ip"], "ipv6"), (["dns_label"], "dns_label")], ids=["ip", "ipv6", "dns"]
)
def test_addresses(servers: Servers, order: list[str], found: str) -> None:
    account = servers.netbird.state.account
    account.add_peer("both", [])
    old = account.add_peer("old", [], ipv6="")
    hosts = parsed(servers, ansible_host=order).hosts
    shown = hosts["both"]
    assert shown["ansible_host"] == shown["netbird_peer"][found] != ""
    if found == "ipv6":
        assert hosts["old"]["ansible_host"] == old["ip"]


def test_no_host_stands_for_two_peers(servers: Servers) -> None:
    account = servers.netbird.state.account
    rows = [account.add_peer(name, []) for name in ("web", "web", "localhost", "Ada's laptop, old", "all", "äpfel")]
    # One that has the name that another has in DNS.
    rows.append(account.add_peer(f"{rows[1]['dns_name']}.netbird.selfhosted", []))
    hosts = parsed(servers).hosts
    by_id = {variables["netbird_peer"]["id"]: name for name, variables in hosts.items()}
    names = [by_id[row["id"]] for row in rows]
    assert names[0] == "web.netbird.selfhosted"
    assert names[1] == f"web-{rows[1]['id']}"
    assert names[2] == "localhost.netbird.selfhosted"
    assert names[3:6] == ["Ada-s-laptop--old", "all.netbird.selfhosted", "äpfel"]
    assert len(set(names)) == len(rows) == len(hosts)
    assert set(parsed(servers, hostname="dns_label").hosts) >= {"web.netbird.selfhosted", "localhost.netbird.selfhosted"}


def test_names_do_not_depend_on_filters(servers: Servers) -> None:
    account = servers.netbird.state.account
    account.add_peer("web", [account.add_group("a b")["id"]], connected=True)
    account.add_peer("web", [account.add_group("a-b")["id"]], connected=False)
    everything, some = parsed(servers), parsed(servers, filters={"connected": True})
    assert len(everything.hosts) == 2
    (name,) = some.hosts
    assert some.groups == {group: [name] for group, hosts in everything.groups.items() if name in hosts}


def test_no_group_holds_the_hosts_of_another(servers: Servers) -> None:
    account = servers.netbird.state.account
    groups = [account.add_group(name) for name in ("web servers", "web-servers", "all", "1st")]
    for number, group in enumerate(groups):
        account.add_peer(f"peer-{number}", [group["id"]])
    found = parsed(servers).groups
    ids = [group["id"] for group in groups]
    assert found.pop("netbird_All") == [f"peer-{number}" for number in range(4)]
    assert found == {
        f"netbird_web_servers_{ids[0]}": ["peer-0"],
        f"netbird_web_servers_{ids[1]}": ["peer-1"],
        "netbird_all": ["peer-2"],
        "netbird_1st": ["peer-3"],
    }
    bare = parsed(servers, group_prefix="").groups
    assert (bare[f"all_{ids[2]}"], bare["_st"]) == (["peer-2"], ["peer-3"])


# Filters, and the hosts that they leave.
FILTERED: tuple[tuple[dict[str, Any], set[str]], ...] = (
    ({}, {"laptop", "web-1", "web-2"}),
    ({"connected": True}, {"laptop", "web-1"}),
    ({"connected": False}, {"web-2"}),
    ({"groups": ["web servers", "nowhere"]}, {"web-1", "web-2"}),
    ({"groups": []}, set()),
    ({"os": ["linux"]}, {"web-1"}),
    ({"os": ["windows", "DARWIN"]}, {"laptop"}),
    ({"users": ["ada@company"]}, {"laptop"}),
    ({"users": ["", "nobody"]}, set()),
    ({"version": [">=0.77"]}, {"laptop", "web-1"}),
    ({"version": ["<0.77.1", "!=0.60"]}, {"web-2"}),
    ({"version": ["< 0.100"], "connected": True, "os": ["linux"]}, {"web-1"}),
)


def test_filters(servers: Servers) -> None:
    of_the_guide(servers)
    files = [configured(servers, str(number), filters=filters) for number, (filters, _hosts) in enumerate(FILTERED)]
    for (filters, hosts), inventory in zip(FILTERED, read(files), strict=True):
        assert (filters, set(inventory.hosts), inventory.error) == (filters, hosts, "")


def test_a_version_that_is_no_number_meets_no_condition(servers: Servers) -> None:
    servers.netbird.state.account.add_peer("built", [], version="development")
    assert not parsed(servers, filters={"version": ["!=0.1"]}).hosts


# Options, and words of the error.
WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"filters": {"conected": True}}, "conected"),
    ({"filters": {"connected": "perhaps"}}, "'perhaps' is not a valid boolean"),
    ({"filters": {"version": ["0.77"]}}, "'0.77' is no condition such as '>=0.77'"),
    ({"filters": {"version": [">=new"]}}, "'>=new' is no condition"),
    ({"netbird_token": "wrong"}, "token invalid"),
    ({"netbird_token": ""}, "netbird_token is empty"),
    ({"netbird_url": "netbird.company"}, "netbird_url must start with http"),
    ({"hostname": "serial"}, "serial"),
    ({"compose": {"x": "nowhere.at_all"}, "strict": True}, "Could not set x for host laptop"),
)


def test_errors(servers: Servers) -> None:
    of_the_guide(servers)
    files = [configured(servers, str(number), **options) for number, (options, _words) in enumerate(WRONG)]
    for (_options, words), inventory in zip(WRONG, read(files), strict=True):
        assert words in inventory.error
        assert servers.netbird.token not in inventory.error


def test_what_is_constructed(servers: Servers) -> None:
    of_the_guide(servers)
    inventory = parsed(
        servers,
        compose={"ansible_user": "'root' if 'web servers' in netbird_peer.groups else 'ada'", "wrong": "nowhere.at_all"},
        groups={"macs": "netbird_peer.os.startswith('Darwin')"},
        keyed_groups=[{"key": "netbird_peer.user", "prefix": "of"}, {"key": "ansible_user", "prefix": "as"}],
    )
    found = inventory.groups
    assert {name: found[name] for name in ("macs", "of_ada_company", "as_root")} == {
        "macs": ["laptop"],
        "of_ada_company": ["laptop"],
        "as_root": ["web-1", "web-2"],
    }
    assert "wrong" not in inventory.hosts["laptop"]


def test_what_a_peer_calls_itself_is_no_template(servers: Servers) -> None:
    hostile = "{{ lookup('ansible.builtin.pipe', 'touch ' ~ playbook_dir ~ '/hostile') }}"
    servers.netbird.state.account.add_peer("web", [servers.netbird.state.account.add_group(hostile)["id"]], os=hostile)
    playbook = servers.folder / "site.yml"
    playbook.write_text(
        json.dumps([{"hosts": "web", "gather_facts": False, "tasks": [{"ansible.builtin.debug": {"var": "netbird_peer.os"}}]}])
    )
    file = configured(servers, keyed_groups=[{"key": "netbird_peer.os"}])
    done = subprocess.run(["ansible-playbook", "-i", file, playbook], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "touch" in done.stdout
    assert not (servers.folder / "hostile").exists()


def test_the_cache(servers: Servers) -> None:
    of_the_guide(servers)
    kept = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(servers.folder / "cache")}
    first = parsed(servers, **kept)
    assert len(asked(servers)) == 2
    again = parsed(servers, **kept)
    assert asked(servers) == []
    assert again == first
    servers.netbird.state.account.add_peer("new", [])
    assert "new" in parsed(servers, fresh=True, **kept).hosts
    assert "new" in parsed(servers, **kept).hosts
    assert not asked(servers)
    assert servers.netbird.token not in "".join(file.read_text() for file in (servers.folder / "cache").iterdir())


def test_requests_do_not_grow(servers: Servers) -> None:
    account = servers.netbird.state.account
    group = account.add_group("many")["id"]
    for number in range(5000):
        account.add_peer(f"peer-{number}", [group] if number % 2 else [])
    inventory = parsed(servers)
    assert len(asked(servers)) == 2
    assert len(inventory.hosts) == 5000
    assert len(inventory.groups["netbird_many"]) == 2500
