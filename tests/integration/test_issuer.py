# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies between the servers is broken where it is looked at: names, certificates, clocks, the issuer's documents and keys."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
import requests

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc import client as oidc
from simulators import authentik
from simulators._server import Fault
from support import Servers
from support.breaks import named
from support.broken import Management
from support.modules import call

pytestmark = pytest.mark.once


def discovery(servers: Servers, **fault: Any) -> list[dict[str, Any]]:
    """The checks of the issuer, one request of which goes wrong."""
    if fault:
        servers.authentik.inject(Fault(path="openid-configuration", **fault))
    result = call("oidc_discovery", {"issuer": servers.issuer})
    assert bool(result.get("failed")) is any(row["result"] == "failed" for row in result["checks"])
    return list(result["checks"])


def test_an_issuer_that_is_fine(management: Management) -> None:
    assert {row["result"] for row in discovery(management.servers)} == {"passed"}


def document_of(servers: Servers, **changed: str) -> str:
    """The discovery document, with something else in it."""
    document = requests.get(f"{servers.issuer}.well-known/openid-configuration", timeout=10).json()
    return json.dumps({**document, **changed})


def test_authentik_names_an_issuer_of_another_host(management: Management) -> None:
    body = document_of(management.servers, issuer="http://internal:9000/application/o/netbird/")
    assert named(discovery(management.servers, status=200, body=body)) == {"issuer-of-another-host"}


def test_an_issuer_without_a_key(management: Management) -> None:
    management.provider["signing_key"] = None
    assert named(discovery(management.servers)) == {"keys-missing"}


def test_endpoints_of_another_host(management: Management, unused_port: int) -> None:
    body = document_of(management.servers, token_endpoint=f"{management.servers.netbird.url}/token")
    assert named(discovery(management.servers, status=200, body=body)) == {"endpoints-of-another-host"}
    body = document_of(management.servers, token_endpoint=f"http://127.0.0.1:{unused_port}/token")
    assert named(discovery(management.servers, status=200, body=body)) == {"issuer-unreachable"}


def test_what_is_asked_for_is_not_supported(management: Management) -> None:
    result = call("oidc_discovery", {"issuer": management.servers.issuer, "scopes": ["openid", "x"], "grant_types": ["y"]})
    assert named(result["checks"]) == {"not-supported"}
    assert "without x, y" in result["msg"]


def test_a_host_of_netbirds_that_cannot_reach_authentik(management: Management) -> None:
    seen = call("oidc_discovery", {"issuer": management.servers.issuer})["discovery"]
    management.discoveries = [seen, {**seen, "from": "netbird", "outcome": "unreachable", "said": "no such host", "document": {}}]
    rows = management.verify()
    assert named(rows) == {"issuer-unreachable"}
    assert next(row["saw"] for row in rows if row["cause"]) == f"{management.servers.issuer} from netbird: no such host"


def test_no_discovery_document(management: Management) -> None:
    assert named(discovery(management.servers, status=404, body="Not Found")) == {"discovery-missing"}


def test_an_issuer_that_nobody_serves(unused_port: int) -> None:
    result = call("oidc_discovery", {"issuer": f"http://127.0.0.1:{unused_port}/application/o/netbird/"})
    assert named(result["checks"]) == {"issuer-unreachable"}
    assert "refused" in result["msg"]


def test_a_certificate_of_an_unknown_authority(tls: tuple[str, str]) -> None:
    with authentik.serve(version="2026.5", tls=tls) as server:
        issuer = f"{server.url}/application/o/netbird/"
        assert named(call("oidc_discovery", {"issuer": issuer})["checks"]) == {"certificate-unknown"}
        assert named(call("oidc_discovery", {"issuer": issuer, "ca_path": tls[0]})["checks"]) == {"discovery-missing"}


def test_a_file_of_authorities_that_does_not_exist() -> None:
    result = call("oidc_discovery", {"issuer": "https://authentik.company/application/o/netbird/", "ca_path": "/nowhere.pem"})
    assert result["msg"] == "ca_path names '/nowhere.pem', which does not exist."


def test_a_certificate_that_has_expired(expired_tls: tuple[str, str]) -> None:
    with authentik.serve(version="2026.5", tls=expired_tls) as server:
        issuer = f"{server.url}/application/o/netbird/"
        assert named(call("oidc_discovery", {"issuer": issuer, "ca_path": expired_tls[0]})["checks"]) == {"certificate-expired"}


def test_clocks_that_differ(management: Management, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oidc, "time", lambda: time.time() - 300.5)
    (row,) = (row for row in discovery(management.servers) if row["result"] == "failed")
    assert row["cause"] == "clock-skew"
    assert re.search(r"its clock is (300|299) seconds ahead", row["saw"])


def test_a_clock_that_is_some_seconds_ahead(management: Management, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oidc, "time", lambda: time.time() - 5.5)
    (row,) = (row for row in discovery(management.servers) if row["cause"])
    assert (row["cause"], row["result"]) == ("clock-ahead", "warning")


def test_a_key_that_is_not_rsa(management: Management) -> None:
    seen = call("oidc_discovery", {"issuer": management.servers.issuer})["discovery"]
    seen["document"]["id_token_signing_alg_values_supported"] = ["ES256"]
    management.discoveries = [seen]
    assert named(management.verify()) == {"signing-key-not-rsa"}
