# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input and bad surroundings: one clear sentence, no write, no traceback, no secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simulators import authentik, netbird
from support import COLLECTION, ROOT, Played, Servers
from support.refusals import assert_all_refused, assert_role_refuses

pytestmark = pytest.mark.once

PLAYBOOK = ROOT / "playbooks/management.yml"
GROUPS = ["developers"]
GOOD: dict[str, Any] = {
    "management_entitlements": [{"name": "nb-developers", "groups": GROUPS}],
    "management_client_secret": "chosen-secret",
}
# What is wrong with the role's input, and what the message has to say.
INPUT: dict[str, tuple[dict[str, Any], str]] = {
    "unknown flow": ({"management_authorization_flow": "nothing"}, "authentik has no flow 'nothing'"),
    "unknown key": ({"management_signing_key": "nothing"}, "authentik has no certificate-key pair 'nothing'"),
    "unknown group": ({"management_entitlements": [{"name": "x", "groups": ["nobody"]}]}, "authentik has no group 'nobody'"),
    "unknown user": ({"management_bindings": [{"user": "nobody"}]}, "authentik has no user 'nobody'"),
    "unknown policy": ({"management_bindings": [{"policy": "nothing"}]}, "authentik has no policy 'nothing'"),
    "two things at once": (
        {"management_signing_key": "no key", "management_bindings": [{"group": "no group"}]},
        "no certificate-key pair 'no key' (in /api/v3/crypto/certificatekeypairs/) and no group 'no group'",
    ),
    "entitlement twice": ({"management_entitlements": [{"name": "x"}, {"name": "x"}]}, "names an entitlement more than once"),
    "binding twice": ({"management_bindings": [{"group": "developers"}] * 2}, "none may come twice"),
    "binding to nothing": ({"management_bindings": [{"order": 1}]}, "exactly one policy, group or user"),
    "empty secret": ({"management_client_secret": ""}, "management_client_secret is empty"),
    "bad choice": ({"management_policy_engine_mode": "some"}, "must be one of: any, all"),
    "entitlement without name": ({"management_entitlements": [{"groups": GROUPS}]}, "missing required arguments: name"),
    "wrong token of authentik": ({"authentik_token": "wrong-token"}, "Check that authentik_token is valid"),
    "wrong token of NetBird": ({"netbird_token": "wrong-token"}, "Check that netbird_token is valid"),
    "no token": ({"authentik_token": ""}, "authentik_token is empty"),
    "no URL": ({"authentik_url": "authentik.company"}, "authentik_url must start with http:// or https://"),
    "a CA file that does not exist": ({"ca_path": "/nowhere/ca.pem"}, "ca_path names '/nowhere/ca.pem'"),
}


def assert_refused(servers: Servers, played: Played, message: str) -> None:
    assert played.code != 0
    assert message in played.failure, played.failure
    assert played.writes == []
    assert "Traceback" not in played.output
    for secret in (*servers.secrets(), "wrong-token", "chosen-secret"):
        assert secret not in played.output


def test_bad_input(servers: Servers) -> None:
    servers.authentik.state.add_group("developers")
    assert_role_refuses(servers, "management", GOOD, INPUT)


def test_the_wrong_server(servers: Servers) -> None:
    servers.authentik.state.add_group("developers")
    swapped = {"authentik_url": servers.netbird.url}
    assert_refused(
        servers, servers.play(PLAYBOOK, {**GOOD, **swapped}), "Check that authentik_url is the URL of authentik itself"
    )
    swapped = {"netbird_url": servers.authentik.url}
    assert_refused(servers, servers.play(PLAYBOOK, {**GOOD, **swapped}), "Check that netbird_url is the URL of NetBird itself")


def test_nobody_there(servers: Servers, unused_port: int) -> None:
    played = servers.play(PLAYBOOK, {**GOOD, "netbird_url": f"http://127.0.0.1:{unused_port}"})
    assert_refused(servers, played, "Connection refused. Check that netbird_url is right")


def test_netbird_without_its_embedded_provider(tmp_path: Path) -> None:
    with authentik.serve() as one, netbird.serve(embedded=False) as other:
        servers = Servers(one, other, tmp_path)
        one.state.add_group("developers")
        assert_refused(servers, servers.play(PLAYBOOK, GOOD), "has no embedded identity provider")


def test_a_certificate_of_an_unknown_authority(tmp_path: Path, tls: tuple[str, str]) -> None:
    with authentik.serve(tls=tls) as one, netbird.serve() as other:
        servers = Servers(one, other, tmp_path)
        one.state.add_group("developers")
        task = {f"{COLLECTION}.authentik_info": {}}
        refused = servers.play([task], record=False)
        assert "has a certificate that cannot be verified" in refused.output
        assert "Set ca_path" in refused.output
        assert refused.code != 0
        assert servers.play([{f"{COLLECTION}.authentik_info": {"ca_path": tls[0]}}], record=False).code == 0
        assert servers.play([{f"{COLLECTION}.authentik_info": {"validate_certs": False}}], record=False).code == 0


def test_authentik_that_netbird_cannot_reach(servers: Servers, unused_port: int) -> None:
    servers.authentik.state.add_group("developers")
    played = servers.play(PLAYBOOK, {**GOOD, "management_issuer": f"http://127.0.0.1:{unused_port}/application/o/netbird/"})
    assert played.code != 0
    assert "identity provider issuer is unreachable" in played.failure
    assert "connection refused" in played.failure
    assert servers.netbird.state.connectors == {}


def task(module: str, **options: Any) -> dict[str, Any]:
    return {f"{COLLECTION}.{module}": options}


# What is wrong with a module's input; a provider, an application and two connectors of one name are there.
MODULES: dict[str, tuple[dict[str, Any], str]] = {
    "unknown mapping": (
        task("authentik_oauth2_provider", name="New", redirect_uris=[{"url": "https://x"}], property_mappings=["nothing"]),
        "authentik has no scope mapping 'nothing'",
    ),
    "no redirects": (task("authentik_oauth2_provider", name="New"), "to create it, redirect_uris is needed"),
    "no key": (
        task("authentik_oauth2_provider", name="New", redirect_uris=[{"url": "https://x"}], signing_key="nothing"),
        "authentik has no certificate-key pair 'nothing'",
    ),
    "empty secret": (task("authentik_oauth2_provider", name="NetBird", client_secret=""), "client_secret is empty"),
    "unknown provider": (
        task("authentik_application", slug="new", name="New", provider="nothing"),
        "OAuth2/OpenID provider 'nothing'",
    ),
    "unknown application": (
        task("authentik_application_entitlements", application="nothing", entitlements=[]),
        "authentik has no application 'nothing'",
    ),
    "pruning everything": (
        task("authentik_application_entitlements", application="netbird", entitlements=[], prune=True),
        "Set allow_empty if this is meant",
    ),
    "pruning every binding": (
        task("authentik_policy_bindings", application="netbird", bindings=[], prune=True),
        "Set allow_empty if this is meant",
    ),
    "group twice": (
        task("authentik_application_entitlements", application="netbird", entitlements=[{"name": "x", "groups": ["a", "a"]}]),
        "named more than once: a",
    ),
    "two things bound": (
        task("authentik_policy_bindings", application="netbird", bindings=[{"group": "a", "user": "b"}]),
        "mutually exclusive: policy|group|user",
    ),
    "empty name": (task("authentik_policy_bindings", application="netbird", bindings=[{"group": ""}]), "has an empty name"),
    "two connectors of one name": (
        task("netbird_identity_provider", name="twin", issuer="https://x", client_id="x", client_secret="connector-secret"),
        "NetBird has 2 objects that are identity provider 'twin'",
    ),
    "another type": (task("netbird_identity_provider", name="one", type="zitadel"), "NetBird cannot make it zitadel"),
    "no issuer": (task("netbird_identity_provider", name="new"), "to create it, issuer is needed"),
    "unknown group of NetBird": (
        task("netbird_account_settings", peer_expose_groups=["nothing"]),
        "NetBird has no group 'nothing'",
    ),
}


@pytest.mark.once
@pytest.mark.parametrize("in_process", [True, False], ids=["in-process", "ordinary"])
def test_bad_input_of_a_module(servers: Servers, in_process: bool) -> None:
    provider = task("authentik_oauth2_provider", name="NetBird", redirect_uris=[{"url": "https://netbird.company/cb"}])
    application = task("authentik_application", slug="netbird", name="NetBird", provider="NetBird")
    issuer = f"{servers.authentik.url}/application/o/netbird/"
    connectors = [
        task("netbird_identity_provider", name=name, issuer=issuer, client_id="x", client_secret="connector-secret")
        for name in ("one", "first", "second")
    ]
    assert servers.play([provider, application, *connectors]).code == 0
    for row in servers.netbird.state.connectors.values():
        row["name"] = "one" if row["name"] == "one" else "twin"
    assert_all_refused(servers, MODULES, in_process)


def test_a_setting_that_the_version_lacks(servers: Servers, authentik_version: str) -> None:
    options = {"name": "New", "redirect_uris": [{"url": "https://x"}], "grant_types": ["authorization_code"]}
    played = servers.play([task("authentik_oauth2_provider", **options)])
    if authentik_version == "2026.8":
        assert played.code == 0
    else:
        assert_refused(servers, played, "this server's version has no setting grant_types (it came with release 2026.5.0)")


def test_changing_the_type_when_it_is_meant(servers: Servers) -> None:
    application = task("authentik_application", slug="netbird", name="NetBird", provider="NetBird")
    provider = task("authentik_oauth2_provider", name="NetBird", redirect_uris=[{"url": "https://netbird.company/cb"}])
    issuer = f"{servers.authentik.url}/application/o/netbird/"
    options = {"name": "authentik", "issuer": issuer, "client_id": "x", "client_secret": "connector-secret"}
    assert servers.play([provider, application, task("netbird_identity_provider", **options)]).code == 0
    played = servers.play([task("netbird_identity_provider", **options, type="oidc", recreate=True)])
    assert played.code == 0, played.output
    assert [write.split()[0] for write in played.writes] == ["DELETE", "POST"]
    (connector,) = servers.netbird.state.connectors
    assert not connector.startswith("authentik-")
