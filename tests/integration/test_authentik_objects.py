# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""authentik_certificate, authentik_blueprint and authentik_object, beyond what the laws say of every module."""

from __future__ import annotations

from typing import Any

import pytest

from simulators._server import Fault
from support import Servers
from support.cases import BLUEPRINT, CERTIFICATES
from support.modules import call

pytestmark = pytest.mark.once


def ensure(servers: Servers, kind: str, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    connection = servers.connection_of("authentik")
    servers.authentik.clear()
    return call(f"authentik_{kind}", {**connection, **options}, check_mode=check_mode)


def writes(servers: Servers) -> list[str]:
    return [f"{request.method} {request.path.removeprefix('/api/v3/')}" for request in servers.authentik.writes]


def test_a_certificate_is_generated_once(servers: Servers) -> None:
    checked = ensure(servers, "certificate", check_mode=True, name="ours", validity_days=30, key_algorithm="ecdsa")
    assert writes(servers) == []
    made = ensure(servers, "certificate", name="ours", validity_days=30, key_algorithm="ecdsa")
    assert writes(servers) == ["POST crypto/certificatekeypairs/generate/"]
    assert (made["changed"], made["diff"]) == (checked["changed"], checked["diff"])
    (row,) = [row for row in servers.authentik.state.certificates.values() if row["name"] == "ours"]
    assert "BEGIN PRIVATE KEY" in row["key_data"]
    again = ensure(servers, "certificate", name="ours", validity_days=60)
    assert (again["changed"], writes(servers)) == (False, [])
    provider = {"name": "NetBird", "redirect_uris": [{"url": "https://netbird.company/cb"}], "signing_key": "ours"}
    assert ensure(servers, "oauth2_provider", **provider)["provider"]["signing_key"] == row["pk"]


def test_a_certificate_takes_the_place_of_another_under_its_users(servers: Servers) -> None:
    (one, key), (other, _key) = CERTIFICATES
    first = ensure(servers, "certificate", name="ours", certificate=f"A chain:\n{one}{other}", key=key)
    assert ensure(servers, "certificate", name="ours", certificate=one, key=key)["changed"] is False
    second = ensure(servers, "certificate", name="ours", certificate=other)
    assert first["certificate"]["pk"] == second["certificate"]["pk"]
    assert first["certificate"]["fingerprint_sha256"] != second["certificate"]["fingerprint_sha256"]
    assert "key" not in second["diff"]["after"]["certificate 'ours'"]


def test_a_key_is_written_again_only_when_told(servers: Servers) -> None:
    certificate, key = CERTIFICATES[0]
    ensure(servers, "certificate", name="ours", certificate=certificate)
    assert ensure(servers, "certificate", name="ours", certificate=certificate, key=key)["changed"] is False
    written = ensure(servers, "certificate", name="ours", certificate=certificate, key=key, update_key="always")
    assert written["diff"]["after"] == {"certificate 'ours'": {"key": "(hidden, written)"}}
    assert key.strip() not in str(written)
    assert ensure(servers, "info", lookups=[{"kind": "certificate", "names": ["ours"]}])["known_ids"]["certificate"]["ours"]


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("certificate", {"name": "ours", "certificate": "nothing"}, "certificate is no certificate in PEM. Nothing was changed."),
        ("certificate", {"name": "ours", "certificate": CERTIFICATES[0][0], "key": "nothing"}, "Unable to load private key"),
        ("object", {"path": "policies/../core/users/", "identity": {"name": "x"}}, "path has to be a collection"),
        ("object", {"path": "policies/password_expiry/", "identity": {}}, "identity is empty, which would be any object"),
        (
            "object",
            {"path": "policies/password_expiry/", "identity": {"name": "x"}, "fields": {"name": "y"}},
            "name: a field has",
        ),
        (
            "object",
            {"path": "policies/password_expiry/", "identity": {"name": "x"}, "fields": {"days": None}},
            "days: null cannot",
        ),
        ("object", {"path": "policies/password_expiry/", "identity": {"name": "x"}, "fields": {"a b": 1}}, "'a b': no such name"),
        ("object", {"path": "policies/password_expiry/", "identity": {"name": "x"}}, "days: This field is required."),
        ("object", {"path": "policies/nowhere/", "identity": {"name": "x"}}, "policies/nowhere/"),
        ("blueprint", {"name": "x"}, "Either path or content must be set."),
        ("blueprint", {"name": "x", "content": BLUEPRINT.replace("core.group", "core.nothing")}, "App or Model does not exist"),
    ],
    # Not by the certificates, which are others in each of several workers.
    ids=lambda each: each if isinstance(each, str) else None,
)
def test_bad_input(servers: Servers, kind: str, options: dict[str, Any], words: str) -> None:
    before = servers.snapshot()
    failed = ensure(servers, kind, **options)
    assert failed.get("failed") is True
    assert words in failed["msg"]
    assert servers.snapshot() == before


def test_what_authentik_does_not_take_is_an_error(servers: Servers) -> None:
    fields = {"days": 90, "unheard_of": True}
    failed = ensure(servers, "object", path="policies/password_expiry/", identity={"name": "x"}, fields=fields)
    assert "policies/password_expiry has no 'unheard_of' in this version of authentik" in failed["msg"]
    assert writes(servers) == []


def test_an_identity_that_authentik_would_keep_otherwise_is_an_error(servers: Servers) -> None:
    failed = ensure(servers, "object", path="policies/password_expiry/", identity={"name": "x "}, fields={"days": 90})
    assert "name is 'x ', of which authentik would keep 'x'" in failed["msg"]
    assert writes(servers) == []


def test_what_addresses_an_object_is_escaped(servers: Servers) -> None:
    for name in ("a/b?c", "a"):
        options = {"path": "policies/password_expiry/", "identity": {"name": name}, "id": "name"}
        ensure(servers, "object", **options, fields={"days": 90})
        ensure(servers, "object", **options, fields={"days": 30})
        paths = [request.path for request in servers.authentik.requests if request.method == "PATCH"]
        assert paths == [f"/api/v3/policies/password_expiry/{name}/"]


def test_two_objects_of_one_identity_are_an_error(servers: Servers) -> None:
    for name in ("one", "other"):
        ensure(servers, "object", path="policies/password_expiry/", identity={"name": name}, fields={"days": 90})
    failed = ensure(servers, "object", path="policies/password_expiry/", identity={"days": 90}, fields={"deny_only": True})
    assert "authentik has 2 objects that are policies/password_expiry '90'" in failed["msg"]
    assert writes(servers) == []


def test_lists_of_ids_in_any_order(servers: Servers) -> None:
    mappings = list(servers.authentik.state.mappings)[:3]
    ensure(servers, "oauth2_provider", name="NetBird", redirect_uris=[{"url": "https://netbird.company/cb"}])
    (row,) = servers.authentik.state.providers.values()
    row["property_mappings"] = mappings
    options = {"path": "providers/oauth2/", "identity": {"name": "NetBird"}, "unordered": ["property_mappings"]}
    assert ensure(servers, "object", **options, fields={"property_mappings": mappings[::-1]})["changed"] is False
    assert ensure(servers, "object", **options, fields={"property_mappings": mappings[:1]})["changed"] is True


def test_a_secret_of_an_object_is_hidden(servers: Servers) -> None:
    certificate, key = CERTIFICATES[0]
    secrets = {"certificate_data": certificate, "key_data": key}
    options = {"path": "crypto/certificatekeypairs/", "identity": {"name": "ours"}, "secrets": secrets}
    made = ensure(servers, "object", **options)
    assert made["diff"]["after"]["crypto/certificatekeypairs 'ours'"]["key_data"] == "(hidden, written)"
    assert key.strip() not in str(made)
    assert ensure(servers, "object", **options)["changed"] is False
    assert ensure(servers, "object", **options, update_secrets="always")["changed"] is True


def test_a_blueprint_is_applied_until_it_is(servers: Servers) -> None:
    options = {"name": "groups", "content": BLUEPRINT.format(1)}
    servers.authentik.inject(Fault("status", method="POST", path="/apply/", status=200, body="{}"))
    failed = ensure(servers, "blueprint", **options, wait=1)
    assert "Could not apply blueprint 'groups': no worker of authentik has done it within 1 seconds." in failed["msg"]
    assert failed["changes"] == ["write blueprint 'groups'"]
    assert servers.authentik.state.find("groups", name="by-blueprint") is None
    checked = ensure(servers, "blueprint", check_mode=True, **options)
    assert checked["diff"] == {
        "before": {"blueprint 'groups'": {"applied": False}},
        "after": {"blueprint 'groups'": {"applied": True}},
    }
    made = ensure(servers, "blueprint", **options)
    assert (made["changed"], made["diff"]) == (True, checked["diff"])
    group = servers.authentik.state.find("groups", name="by-blueprint")
    assert group is not None
    assert group["attributes"] == {"tier": 1}
    assert ensure(servers, "blueprint", **options)["changed"] is False


def test_a_worker_that_takes_its_time_is_waited_for(servers: Servers) -> None:
    servers.authentik.state.worker_takes = 1.2
    made = ensure(servers, "blueprint", name="groups", content=BLUEPRINT.format(1))
    assert made["changed"] is True, made
    assert servers.authentik.state.find("groups", name="by-blueprint")
    hurried = ensure(servers, "blueprint", name="groups", content=BLUEPRINT.format(2), wait=1)
    assert "no worker of authentik has done it within 1 seconds" in hurried["msg"]


def test_a_blueprint_that_cannot_be_applied(servers: Servers) -> None:
    options = {"name": "groups", "content": BLUEPRINT.format(1)}
    ensure(servers, "blueprint", **options)
    (row,) = servers.authentik.state.blueprints.values()
    # As a worker leaves it that met an error.
    row.update(
        status="error",
        content=row["content"].replace("tier: 1", "tier: 2").replace("attributes:", "is_superuser: perhaps\n      attributes:"),
    )
    failed = ensure(servers, "blueprint", name="groups")
    assert "Could not apply blueprint 'groups': authentik says error, and why under System, Tasks." in failed["msg"]


def test_a_blueprint_that_is_off_is_not_applied(servers: Servers) -> None:
    made = ensure(servers, "blueprint", name="groups", content=BLUEPRINT.format(1), enabled=False)
    assert made["changed"] is True
    assert servers.authentik.state.find("groups", name="by-blueprint") is None
    assert ensure(servers, "blueprint", name="groups", content=BLUEPRINT.format(1))["changed"] is False
    on = ensure(servers, "blueprint", name="groups", enabled=True)
    assert on["diff"]["after"] == {"blueprint 'groups'": {"enabled": True, "applied": True}}
    assert servers.authentik.state.find("groups", name="by-blueprint")
