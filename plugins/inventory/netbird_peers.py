# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: netbird_peers
short_description: NetBird's peers as hosts
version_added: 0.2.0
description:
  - Each peer of the account is a host that Ansible reaches by its address in the network, and each of NetBird's groups that has
    peers is a group. Whoever runs Ansible has to be in the network too, with a policy that lets them in.
  - The configuration is a file whose name ends in C(netbird_peers.yml) or C(netbird_peers.yaml).
  - Each host has the variable C(netbird_peer), which is what NetBird's API tells of the peer (C(GET /api/peers)), for example
    C(netbird_peer.os), C(netbird_peer.version) and C(netbird_peer.connected). Its C(groups) are names, and its C(user) is the
    email address, or the name, of the person whose peer it is, or empty.
  - Two requests are made, however many peers there are.
author:
  - The zerotrust.netbird_authentik contributors (@zerotrust)
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
  - zerotrust.netbird_authentik.connection
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [zerotrust.netbird_authentik.netbird_peers]
  netbird_url:
    description: URL of the NetBird management server, for example V(https://netbird.company). It can be a template.
    type: str
    required: true
    env:
      - name: NETBIRD_URL
  netbird_token:
    description:
      - Personal access token of a service user who may read peers and users; the role C(auditor) is enough.
      - It can be a template.
    type: str
    required: true
    env:
      - name: NETBIRD_TOKEN
  hostname:
    description:
      - What the hosts are called. Of peers with the same V(name) each is called by its C(dns_label), which NetBird keeps unique.
      - So is one whose name means Ansible's own host, such as C(localhost).
      - Characters that would mean something in a pattern of hosts, for example the space, become a hyphen.
    type: str
    choices: [name, dns_label]
    default: name
  ansible_host:
    description: What C(ansible_host) is, the first of these that the peer has.
    type: list
    elements: str
    choices: [ip, ipv6, dns_label]
    default: [ip]
  group_prefix:
    description:
      - What the names of NetBird's groups get in front. Other characters than letters, digits and underscores become underscores.
      - Groups that would be called the same get their id behind it, so no group ever holds the hosts of another.
    type: str
    default: netbird_
  filters:
    description: Which peers are hosts, those that meet all of these.
    type: dict
    default: {}
    suboptions:
      connected:
        description: Whether the peer is connected.
        type: bool
      groups:
        description: Names of NetBird's groups, of which the peer is in at least one.
        type: list
        elements: str
      os:
        description: Parts of the name of the peer's operating system, of which it has at least one, in upper or lower case.
        type: list
        elements: str
      users:
        description: Email addresses, names or ids of people, one of whom the peer belongs to.
        type: list
        elements: str
      version:
        description:
          - Conditions that the version of the peer's client meets, each a version after C(<), C(<=), C(==), C(!=), C(>=) or C(>).
          - A client whose version is no number, such as C(development), meets none.
        type: list
        elements: str
"""

EXAMPLES = r"""
# production.netbird_peers.yml: what is connected, each host by its name.
plugin: zerotrust.netbird_authentik.netbird_peers
netbird_url: https://netbird.company
netbird_token: "{{ lookup('ansible.builtin.env', 'NETBIRD_TOKEN') }}"
filters:
  connected: true
---
# Linux servers whose client is old, with the user of each, and a group for each version.
plugin: zerotrust.netbird_authentik.netbird_peers
netbird_url: https://netbird.company
hostname: dns_label
ansible_host: [ipv6, ip]
filters:
  groups: [servers]
  os: [linux, debian, ubuntu]
  version: [">=0.40", "<0.77"]
compose:
  ansible_user: "'root' if 'infrastructure' in netbird_peer.groups else 'admin'"
keyed_groups:
  - key: netbird_peer.version
    prefix: client
groups:
  people: netbird_peer.user != ''
strict: true
"""

import operator
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ansible import constants
from ansible.errors import AnsibleParserError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.compat.version import LooseVersion
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.module import Context, Failure, Row, execute
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.kinds import KINDS
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.service import Netbird

Condition = Callable[[Row], bool]

NAMES = {"type": "list", "elements": "str"}
FILTERS = {"connected": {"type": "bool"}, "groups": NAMES, "os": NAMES, "users": NAMES, "version": NAMES}
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
NUMBERS = re.compile(r"\d+(\.\d+)*")
# What Ansible itself means by a name.
OWN_HOSTS = {*constants.LOCALHOST, "all", "ungrouped"}
OWN_GROUPS = {"all", "ungrouped"}


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):  # type: ignore[misc]  # ansible-core publishes no types
    """Hosts from one document of rows: what the server answered, or what a cache kept of it."""

    NAME = "zerotrust.netbird_authentik.netbird_peers"

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith(("netbird_peers.yml", "netbird_peers.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        try:
            wanted = wanted_by(self.get_option("filters"))
            peers = described(**self._rows(path, cache))
        except Failure as failure:
            raise AnsibleParserError(str(failure)) from failure
        # What is called how depends on all peers, and not on which are connected just now.
        hosts = host_names(peers, self.get_option("hostname"))
        groups = group_names(peers, self.get_option("group_prefix"))
        for peer in sorted(filter(wanted, peers), key=lambda peer: hosts[peer["id"]]):
            self._add(peer, hosts[peer["id"]], {groups[group["id"]] for group in peer["groups"]})

    def _rows(self, path: str, cache: bool) -> dict[str, list[Row]]:
        """What the server answers, or has answered and the cache has kept."""
        names = ("netbird_url", "netbird_token", "validate_certs", "ca_path", "timeout")
        options = {name: self.templar.template(self.get_option(name)) for name in names}
        keeps, key = self.get_option("cache"), self.get_cache_key(f"{path} {options['netbird_url']}")
        with suppress(KeyError):
            if keeps and cache:
                kept: dict[str, list[Row]] = self._cache[key]
                return kept
        context = Context(options, check_mode=True)
        rows = execute(read, context, {})
        for warning in context.warnings:
            self.display.warning(warning)
        if keeps:
            self._cache[key] = rows
        return rows

    def _add(self, peer: Row, name: str, groups: Iterable[str]) -> None:
        host = self.inventory.add_host(name)
        for group in sorted(groups):
            self.inventory.add_child(self.inventory.add_group(group), host)
        variables = self._variables(peer)
        for variable, value in variables.items():
            self.inventory.set_variable(host, variable, value)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, host, strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host, strict)

    def _variables(self, peer: Row) -> dict[str, Any]:
        variables: dict[str, Any] = {"netbird_peer": {**peer, "groups": sorted(group["name"] for group in peer["groups"])}}
        address = next((peer[name] for name in self.get_option("ansible_host") if peer[name]), None)
        return {**variables, "ansible_host": address} if address else variables


def read(context: Context) -> dict[str, list[Row]]:
    """All peers, and all users, because peers tell their user's id alone."""
    service = Netbird(context)
    return {"peers": list(service.all_rows("peers")), "users": list(service.all_rows("users"))}


def described(peers: Sequence[Row], users: Sequence[Row]) -> list[Row]:
    """The peers, each with the C(user) that it belongs to by the name that the modules know them by."""
    people = {user["id"]: KINDS["user"].reading(user)["user"] for user in users}
    return [{"ipv6": "", **peer, "groups": peer["groups"] or [], "user": people.get(peer["user_id"], "")} for peer in peers]


def wanted_by(filters: Mapping[str, Any]) -> Condition:
    """Whether a peer meets all filters."""
    checked = ArgumentSpecValidator(FILTERS).validate(dict(filters))
    if checked.error_messages:
        raise Failure(f"In filters: {'; '.join(checked.error_messages)}.")
    given = {name: value for name, value in checked.validated_parameters.items() if value is not None}
    conditions = [CONDITIONS[name](value) for name, value in given.items()]
    return lambda peer: all(condition(peer) for condition in conditions)


def connected(wanted: bool) -> Condition:
    return lambda peer: peer["connected"] is wanted


def in_groups(names: Sequence[str]) -> Condition:
    return lambda peer: not {group["name"] for group in peer["groups"]}.isdisjoint(names)


def on_systems(parts: Sequence[str]) -> Condition:
    return lambda peer: any(part.lower() in peer["os"].lower() for part in parts)


def of_users(names: Sequence[str]) -> Condition:
    people = set(filter(None, names))
    return lambda peer: not {peer["user"], peer["user_id"]}.isdisjoint(people)


def of_versions(conditions: Iterable[str]) -> Condition:
    parsed = []
    for condition in conditions:
        sign = next((sign for sign in COMPARISONS if condition.startswith(sign)), "")
        version = condition.removeprefix(sign).strip()
        if not sign or not NUMBERS.fullmatch(version):
            raise Failure(f"In filters, version: {condition!r} is no condition such as '>=0.77'.")
        parsed.append((COMPARISONS[sign], LooseVersion(version)))

    def met(peer: Row) -> bool:
        found = NUMBERS.match(peer["version"])
        return bool(found) and all(compare(LooseVersion(found[0]), wanted) for compare, wanted in parsed)

    return met


CONDITIONS: Mapping[str, Callable[[Any], Condition]] = {
    "connected": connected,
    "groups": in_groups,
    "os": on_systems,
    "users": of_users,
    "version": of_versions,
}


def host_names(peers: Iterable[Row], by: str) -> dict[str, str]:
    """What each peer is called, by its id."""
    names = {peer["id"]: [safe(peer[by]), safe(peer["dns_label"]), safe(f"{peer[by]}-{peer['id']}")] for peer in peers}
    return distinct(names, OWN_HOSTS)


def group_names(peers: Iterable[Row], prefix: str) -> dict[str, str]:
    """What each of NetBird's groups that has peers is called, by its id."""
    groups = {group["id"]: f"{prefix}{group['name']}" for peer in peers for group in peer["groups"]}
    invalid = constants.INVALID_VARIABLE_NAMES
    names = {found: [invalid.sub("_", name), invalid.sub("_", f"{name}_{found}")] for found, name in groups.items()}
    return distinct(names, OWN_GROUPS)


def safe(name: str) -> str:
    """A name without what a pattern of hosts or a range would read as something else."""
    return re.sub(r"[^\w.-]", "-", name)


def distinct(candidates: Mapping[str, Sequence[str]], taken: Iterable[str]) -> dict[str, str]:
    """For each key the first of its names that nothing else could have, or the last, which holds the key itself."""
    counts = Counter(name for names in candidates.values() for name in set(names))
    counts.update(taken)
    return {key: next((name for name in names if counts[name] == 1 and name), names[-1]) for key, names in candidates.items()}
