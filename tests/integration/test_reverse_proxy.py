# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reverse proxy, beyond what the laws say of every module: what is there before what, secrets, and what leads nowhere.

netbird_reverse_proxy_domain and netbird_reverse_proxy_token have nothing that could change, so all of them is here.
"""

from __future__ import annotations

from typing import Any

import pytest

from simulators.netbird import proxies
from support import Servers
from support.cases_netbird import CLUSTER
from support.modules import call

pytestmark = pytest.mark.once

SECRETS = {"password": "password-of-the-wiki", "pin": "123456", "header_auth_values": {"X-Key": "value-of-the-key"}}
WIKI: dict[str, Any] = {"domain": f"wiki.{CLUSTER}", "name": "wiki", "targets": [{"peer": "web-1", "port": 8080}]}
GUARDED = {**WIKI, "password_auth": True, "pin_auth": True, "header_auths": ["X-Key"], **SECRETS}
DOCUMENT: dict[str, list[dict[str, Any]]] = {
    "groups": [{"name": "developers"}],
    "networks": [{"name": "office"}],
    "network_resources": [
        {"network": "office", "name": "printer", "address": "192.168.7.9"},
        {"network": "office", "name": "all of it", "address": "192.168.7.0/24"},
    ],
    "reverse_proxy_domains": [{"domain": "apps.company.example", "target_cluster": CLUSTER}],
    "reverse_proxy_services": [
        {
            "domain": "printer.apps.company.example",
            "name": "printer",
            "targets": [
                {"resource": "printer", "port": 80, "request_timeout": "1m30s"},
                {"resource": "all of it", "host": "192.168.7.20", "port": 443, "protocol": "https", "path": "/other"},
            ],
            "bearer_auth": {"distribution_groups": ["developers"]},
        },
        {
            "domain": f"db.{CLUSTER}",
            "name": "printer",
            "mode": "tcp",
            "listen_port": 15432,
            "targets": [{"peer": "web-1", "port": 5432, "protocol": "tcp"}],
        },
    ],
}


@pytest.fixture
def servers(servers: Servers) -> Servers:
    """A NetBird with a proxy and a peer."""
    account = servers.netbird.state.account
    proxies.connect(account, CLUSTER)
    account.add_peer("web-1", [])
    return servers


def ensure(servers: Servers, kind: str, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    connection = servers.connection_of("netbird")
    servers.netbird.clear()
    result = call(f"netbird_{kind}", {**connection, **options}, check_mode=check_mode)
    assert not any(secret in str(result) for secret in ("password-of-the-wiki", "123456", "value-of-the-key"))
    return result


def writes(servers: Servers) -> list[str]:
    return [f"{request.method} {request.path}" for request in servers.netbird.writes]


def service(servers: Servers) -> dict[str, Any]:
    (row,) = servers.netbird.state.account.rows("services").values()
    return row


def test_all_of_it_in_one_document(servers: Servers) -> None:
    """A service on a domain of the same document waits for it, though it does not name it; removal goes the other way."""
    predicted = ensure(servers, "config", config=DOCUMENT, check_mode=True)
    assert not writes(servers)
    made = ensure(servers, "config", config=DOCUMENT)
    assert (made["diff"], made["changes"]) == (predicted["diff"], predicted["changes"])
    again = ensure(servers, "config", config=DOCUMENT)
    assert again["changed"] is False, again["diff"]
    exported = ensure(servers, "config", state="exported")["config"]
    assert {name: exported[name] for name in DOCUMENT if "proxy" in name}.keys() == {
        "reverse_proxy_domains",
        "reverse_proxy_services",
    }
    assert [each["name"] for each in exported["reverse_proxy_services"]] == ["printer", "printer"]
    same = ensure(servers, "config", config=exported, check_mode=True)
    assert same.get("changed") is False, same
    removed = ensure(servers, "config", config=DOCUMENT, state="absent")
    assert len(removed["changes"]) == 7, removed


def test_secrets_stay_where_a_task_leaves_them_out(servers: Servers) -> None:
    made = ensure(servers, "reverse_proxy_service", **GUARDED)
    assert made["diff"]["after"][f"reverse proxy service '{WIKI['domain']}'"]["password"] == "(hidden, written)"
    auth = service(servers)["auth"]
    assert ensure(servers, "reverse_proxy_service", **GUARDED)["changed"] is False
    changed = ensure(servers, "reverse_proxy_service", domain=WIKI["domain"], pass_host_header=True)
    assert changed["changed"] is True
    assert service(servers)["auth"] == auth
    assert ensure(servers, "reverse_proxy_service", **GUARDED, update_secret=True)["changed"] is True
    exported = ensure(servers, "config", state="exported", sections=["reverse_proxy_services"])
    assert exported["config"]["reverse_proxy_services"][0]["password_auth"] is True
    assert ensure(servers, "config", **{"config": exported["config"]})["changed"] is False
    kept = servers.netbird.state.account.rows("services").popitem()
    failed = ensure(servers, "config", **{"config": exported["config"]})
    assert "password_auth needs a password, which NetBird does not have yet" in failed["msg"], "nobody gets in by an export"
    servers.netbird.state.account.rows("services").update([kept])
    without = ensure(servers, "reverse_proxy_service", domain=WIKI["domain"], password_auth=False, header_auths=[])
    assert without["reverse_proxy_service"]["pin_auth"] is True
    assert set(service(servers)["auth"]) == {"pin_auth"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"password_auth": True}, "password_auth needs a password, which NetBird does not have yet"),
        ({"pin_auth": True, "pin": ""}, "pin_auth needs a pin"),
        ({"header_auths": ["X-Key"]}, "header_auths need header_auth_values of X-Key"),
        ({"targets": []}, "it needs targets"),
        ({"targets": [{"port": 1}]}, "target 1: it has to name one of peer, resource, cluster"),
        ({"targets": [{"peer": "web-1", "cluster": CLUSTER, "port": 1}]}, "target 1: it has to name one of"),
        ({"targets": [{"peer": "web-1", "host": "10.0.0.1", "port": 1}]}, "that peer has an address of its own"),
        ({"targets": [{"peer": "nobody", "port": 1}]}, "NetBird has no peer 'nobody'"),
        ({"targets": [{"resource": "nothing", "port": 1}]}, "NetBird has no network resource 'nothing'"),
        ({"targets": [{"cluster": "nowhere", "port": 1}]}, "NetBird has no reverse proxy cluster 'nowhere'"),
        ({"targets": [{"peer": "web-1", "port": 1, "protocol": "tcp"}]}, "its protocol has to be http or https"),
        ({"targets": [{"peer": "web-1", "port": 1}], "mode": "tcp"}, "its protocol has to be tcp"),
        ({"targets": [{"peer": "web-1", "port": 70000}]}, "target 1: 70000 is no port"),
        ({"listen_port": 70000}, "listen_port is 70000, which is no port"),
        ({"listen_port": 99}, "of the mode http it has no listen_port"),
        ({"mode": "tls", "targets": [{"peer": "web-1", "port": 1, "protocol": "tcp"}]}, "of the mode tls it needs a listen_port"),
        ({"private": True}, "a private one needs access_groups"),
        ({"bearer_auth": {"distribution_groups": ["nobody"]}}, "NetBird has no group 'nobody'"),
        ({"domain": "wiki.other.example"}, "domain wiki.other.example does not match any available proxy cluster"),
        ({"access_restrictions": {"allowed_cidrs": ["10.1.0.0/8"]}}, "has host bits set"),
        ({"targets": [{"peer": "web-1", "port": 1, "request_timeout": "soon"}]}, 'invalid duration "soon"'),
    ],
    ids=str,
)
def test_what_could_not_be(servers: Servers, options: dict[str, Any], words: str) -> None:
    failed = ensure(servers, "reverse_proxy_service", **{**WIKI, **options})
    assert words in failed["msg"], failed
    assert not servers.netbird.state.account.rows("services")


def test_what_does_not_change(servers: Servers) -> None:
    ensure(servers, "reverse_proxy_service", **WIKI)
    failed = ensure(servers, "reverse_proxy_service", domain=WIKI["domain"], mode="tcp")
    assert "has the mode 'http', which cannot become 'tcp'" in failed["msg"]
    assert not writes(servers)


def test_times_and_hosts_are_compared_as_netbird_has_them(servers: Servers) -> None:
    targets = [{"peer": "web-1", "port": 1, "request_timeout": "90s"}, {"cluster": CLUSTER, "host": "10.0.0.1", "port": 2}]
    ensure(servers, "reverse_proxy_service", **{**WIKI, "targets": targets})
    assert [target["options"] for target in service(servers)["targets"]] == [
        {"request_timeout": "1m30s"},
        {"direct_upstream": True},
    ]
    other = [targets[1], {**targets[0], "request_timeout": "1m30s"}]
    assert ensure(servers, "reverse_proxy_service", **{**WIKI, "targets": other})["changed"] is False


def test_a_domain_leads_to_a_cluster_that_is_there(servers: Servers) -> None:
    domain = {"domain": "apps.company.example"}
    assert "target_cluster is needed" in ensure(servers, "reverse_proxy_domain", **domain)["msg"]
    failed = ensure(servers, "reverse_proxy_domain", **domain, target_cluster="nowhere")
    assert "NetBird has no reverse proxy cluster 'nowhere' (in /api/reverse-proxies/clusters)" in failed["msg"]
    failed = ensure(servers, "reverse_proxy_domain", domain=CLUSTER, target_cluster=CLUSTER)
    assert "it is the cluster's own domain" in failed["msg"]
    assert ensure(servers, "reverse_proxy_domain", domain=CLUSTER, state="absent")["changed"] is False
    guess = ensure(servers, "reverse_proxy_domain", **domain, target_cluster=CLUSTER, check_mode=True)
    made = ensure(servers, "reverse_proxy_domain", **domain, target_cluster=CLUSTER)
    assert made["diff"] == guess["diff"]
    assert ensure(servers, "reverse_proxy_domain", **domain, target_cluster=CLUSTER)["changed"] is False
    proxies.connect(servers.netbird.state.account, "other.example")
    failed = ensure(servers, "reverse_proxy_domain", **domain, target_cluster="other.example")
    assert f"has the target_cluster '{CLUSTER}', which cannot become 'other.example'" in failed["msg"]
    assert ensure(servers, "reverse_proxy_domain", **domain, state="absent")["changed"] is True
    assert ensure(servers, "reverse_proxy_domain", **domain, state="absent")["changed"] is False


def test_a_token_is_told_once_and_revoked(servers: Servers) -> None:
    made = ensure(servers, "reverse_proxy_token", name="edge", expires_in=86400, return_secret=True)
    (row,) = servers.netbird.state.account.rows("proxy-tokens").values()
    assert made["plain_token"] == row["plain_token"]
    again = ensure(servers, "reverse_proxy_token", name="edge", return_secret=True)
    assert (again["changed"], "plain_token" in again) == (False, False)
    renewed = ensure(servers, "reverse_proxy_token", name="edge", expires_in=86400, renew_before=2, return_secret=True)
    assert writes(servers) == ["POST /api/reverse-proxies/proxy-tokens", f"DELETE /api/reverse-proxies/proxy-tokens/{row['id']}"]
    assert renewed["plain_token"] != row["plain_token"]
    assert ensure(servers, "reverse_proxy_token", name="edge", state="absent")["changed"] is True
    assert ensure(servers, "reverse_proxy_token", name="edge", state="absent")["changed"] is False
    assert all(each["revoked"] for each in servers.netbird.state.account.rows("proxy-tokens").values())
    assert ensure(servers, "reverse_proxy_token", name="edge")["changed"] is True, "a revoked one is no token"


def test_a_server_without_it_is_exported_all_the_same(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers.netbird.state, "version", "0.64.6")
    assert "policies" in ensure(servers, "config", state="exported")["config"]
    failed = ensure(servers, "config", state="exported", sections=["reverse_proxy_services"])
    assert "came with release 0.65.0" in failed["msg"]
    failed = ensure(servers, "reverse_proxy_token", name="edge")
    assert "came with release 0.71.0" in failed["msg"], failed


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("peer", {"peer": "web-1"}, f"the services 'db.{CLUSTER}' lead to it, and NetBird would refuse that"),
        (
            "network",
            {"name": "office"},
            "NetBird would delete its resources too, and leave the services 'printer.apps.company.example' with one that is not",
        ),
        (
            "network_resource",
            {"network": "office", "name": "printer"},
            "the services 'printer.apps.company.example' lead to it, and NetBird would refuse that",
        ),
        ("group", {"name": "developers"}, "group has been linked to reverse proxy service: printer.apps.company.example"),
    ],
    ids=str,
)
def test_what_a_service_leads_to_stays(servers: Servers, kind: str, options: dict[str, Any], words: str) -> None:
    ensure(servers, "config", config=DOCUMENT)
    failed = ensure(servers, kind, **options, state="absent")
    assert words in failed["msg"], failed
    assert len(writes(servers)) == (kind == "group"), "NetBird itself looks at what groups are linked to"
