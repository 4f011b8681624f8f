# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for authentik's API answers as the servers that were recorded, and does what they were measured to do."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest

from conformance._exchanges import of_authentik, of_objects
from conformance._stage import AuthentikApi
from simulators import authentik
from simulators.authentik import api, fields
from support.recordings import VERSIONS


@pytest.fixture(params=["2025.10", "2026.5", "2026.8"])
def server(request: pytest.FixtureRequest) -> Iterator[authentik.Running]:
    """Every release, fresh."""
    with authentik.serve(request.param) as running:
        yield running


@pytest.fixture
def newest() -> Iterator[authentik.Running]:
    """The newest release, fresh."""
    with authentik.serve("2026.8") as running:
        yield running


@pytest.mark.parametrize("version", VERSIONS)
def test_answers_as_recorded(version: str) -> None:
    """Each of the recorded exchanges is answered alike: status, headers, shape, types and values."""
    assert [str(mismatch) for mismatch in of_authentik(version)] == []


def test_answers_about_policies_certificates_and_blueprints_as_recorded() -> None:
    """So is each of those."""
    assert [str(mismatch) for mismatch in of_objects()] == []


def _changed_field(monkeypatch: pytest.MonkeyPatch, path: str, field: str, **change: Any) -> None:
    resource = api.RESOURCES[path]
    altered = tuple(dataclasses.replace(each, **change) if each.name == field else each for each in resource.fields)
    monkeypatch.setitem(api.RESOURCES, path, dataclasses.replace(resource, fields=altered))


def test_a_renamed_field_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The replay is no formality: a field under another name fails it."""
    _changed_field(monkeypatch, "core/application_entitlements/", "attributes", name="attribute")
    assert any(mismatch.path.endswith("attributes") for mismatch in of_authentik("2026.5"))


def test_a_changed_default_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """So does another default."""
    _changed_field(monkeypatch, "policies/bindings/", "timeout", default=60)
    assert any(mismatch.path.endswith("timeout") and mismatch.got == 60 for mismatch in of_authentik("2026.5"))


def test_a_changed_status_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """So does another status."""
    monkeypatch.setattr(api, "failed", lambda _method: api.page(500, "Server Error"))
    found = [mismatch for mismatch in of_authentik("2025.10") if mismatch.path == "status"]
    assert [(mismatch.exchange, mismatch.expected, mismatch.got) for mismatch in found] == [("binding update", 405, 500)]


def test_a_changed_text_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """So does another message."""
    monkeypatch.setattr(api, "REQUIRED", "Required.")
    assert {mismatch.exchange for mismatch in of_authentik("2026.5")} == {
        "provider create, no redirect_uris",
        "entitlement create, no app",
    }
    assert fields.REQUIRED == "This field is required."


# Facts that no recorded exchange shows


def test_pages(server: authentik.Running) -> None:
    """2026.5 cuts a page at 100 rows without a word, 2025.10 does not."""
    for number in range(130):
        server.state.add_user(f"u{number:03}")
    call = AuthentikApi(server)
    whole = call("GET", "core/users/", page_size=1000)
    older = server.state.version == "2025.10"
    assert len(whole["results"]) == (132 if older else 100)
    assert whole["pagination"]["next"] == (0 if older else 2)
    default = call("GET", "core/users/")
    assert (len(default["results"]), default["pagination"]["total_pages"]) == (20, 7)
    names = [row["username"] for page in (1, 2) for row in call("GET", "core/users/", page_size=100, page=page)["results"]]
    assert names == sorted(names)
    assert len(set(names)) == 132


def test_unknown_filters_and_fields_are_ignored(server: authentik.Running) -> None:
    """A mistyped filter returns everything, an unknown field looks like success."""
    call = AuthentikApi(server)
    assert call("GET", "flows/instances/", slugg="x")["pagination"]["count"] == 14
    group = call("POST", "core/groups/", {"name": "g", "colour": "red"})
    assert "colour" not in group
    assert "colour" not in server.state.groups[group["pk"]]
    assert call("GET", "core/groups/", name="G")["results"] == []


def test_a_failing_server_answers_405(server: authentik.Running) -> None:
    """A binding changed without its target, and a POST without the last slash, are told 405 without JSON."""
    call = AuthentikApi(server)
    group = call("POST", "core/groups/", {"name": "g"})["pk"]
    target = call("POST", "core/applications/", {"name": "a", "slug": "a"})["pk"]
    binding = call("POST", "policies/bindings/", {"target": target, "group": group, "order": 0})
    for method, path in (("PATCH", f"policies/bindings/{binding['pk']}/"), ("POST", "core/groups")):
        answer = call.send(method, path, {"enabled": False, "name": "h"})
        assert (answer.status_code, answer.headers["content-type"]) == (405, "text/html; charset=utf-8")
    changed = call("PATCH", f"policies/bindings/{binding['pk']}/", {"target": target, "group": group, "enabled": False})
    assert changed["enabled"] is False
    put = {"target": target, "group": group, "order": 3, "enabled": True}
    assert call("PUT", f"policies/bindings/{binding['pk']}/", put)["order"] == 3
    assert call.send("GET", "core/groups").history[0].status_code == 301


def test_bindings_by_several_targets(server: authentik.Running) -> None:
    """Targets are repeated; one unknown refuses all; the parameter with two underscores is no filter."""
    call = AuthentikApi(server)
    group = call("POST", "core/groups/", {"name": "g"})["pk"]
    targets = [call("POST", "core/applications/", {"name": slug, "slug": slug})["pk"] for slug in ("a", "b", "c")]
    for target in targets:
        call("POST", "policies/bindings/", {"target": target, "group": group, "order": 0})
    found = call("GET", "policies/bindings/", target_in=targets[:2])["results"]
    assert {row["target"] for row in found} == set(targets[:2])
    unknown = "00000000-0000-4000-8000-000000000000"
    assert call.send("GET", "policies/bindings/", target_in=[targets[0], unknown]).status_code == 400
    everything = call("GET", "policies/bindings/")["pagination"]["count"]
    assert call("GET", "policies/bindings/", target__in=targets[0])["pagination"]["count"] == everything > 3


def test_the_token_trap(server: authentik.Running) -> None:
    """A change that names neither user nor intent hands an app password to the caller as an API token."""
    call = AuthentikApi(server)
    account = call("POST", "core/users/", {"username": "nb", "name": "nb", "type": "service_account"})
    body = {"identifier": "nb", "intent": "app_password", "user": account["pk"], "expiring": False}
    call("POST", "core/tokens/", body)
    key = call("GET", "core/tokens/nb/view_key/")["key"]
    call("PATCH", "core/tokens/nb/", {"description": "x", "user": account["pk"], "intent": "app_password"})
    assert AuthentikApi(server, key).send("GET", "core/users/me/").status_code == 403
    changed = call("PATCH", "core/tokens/nb/", {"description": "y"})
    assert (changed["intent"], changed["user_obj"]["username"]) == ("api", "akadmin")
    assert AuthentikApi(server, key)("GET", "core/users/me/")["user"]["username"] == "akadmin"
    call("DELETE", f"core/users/{account['pk']}/")
    assert call("GET", "core/tokens/", identifier="nb")["pagination"]["count"] == 1  # it is the administrator's now


def test_deleting_takes_along_what_belongs(server: authentik.Running) -> None:
    """An application takes its entitlements and bindings, not its provider; a user their tokens."""
    call = AuthentikApi(server)
    before = server.state.snapshot(ids=False)
    provider = call.provider()
    app = call("GET", "core/applications/netbird/")["pk"]
    group = call("POST", "core/groups/", {"name": "g"})["pk"]
    entitlement = call("POST", "core/application_entitlements/", {"name": "e", "app": app})["pbm_uuid"]
    for target in (app, entitlement):
        call("POST", "policies/bindings/", {"target": target, "group": group, "order": 0})
    assert server.state.snapshot(ids=False)["entitlements"]["netbird/e"] == {"name": "e", "app": "netbird", "attributes": {}}
    call("DELETE", "core/applications/netbird/")
    assert call("GET", f"providers/oauth2/{provider['pk']}/")["assigned_application_slug"] is None
    call("DELETE", f"providers/oauth2/{provider['pk']}/")
    call("DELETE", f"core/groups/{group}/")
    assert server.state.snapshot(ids=False) == before


def test_put_keeps_what_it_leaves_out(server: authentik.Running) -> None:
    """A PUT needs the required fields; others stay as they are."""
    call = AuthentikApi(server)
    call("POST", "core/applications/", {"name": "a", "slug": "a", "group": "x"})
    assert call.send("PUT", "core/applications/a/", {"name": "b"}).json() == {"slug": ["This field is required."]}
    assert call("PUT", "core/applications/a/", {"name": "b", "slug": "a"})["group"] == "x"


def test_grant_types_are_new_in_2026_8(server: authentik.Running) -> None:
    """Older releases ignore the field; the newest takes known values and starts with none."""
    call = AuthentikApi(server)
    provider = call.provider(grant_types=["authorization_code"])
    if server.state.version != "2026.8":
        assert "grant_types" not in provider
        return
    assert provider["grant_types"] == ["authorization_code"]
    bad = call.send("PATCH", f"providers/oauth2/{provider['pk']}/", {"grant_types": ["authorization_code", "magic"]})
    assert (bad.status_code, bad.json()) == (400, {"grant_types": {"1": ['"magic" is not a valid choice.']}})
    none = call.send("PATCH", f"providers/oauth2/{provider['pk']}/", {"grant_types": []})
    assert (none.status_code, none.json()) == (400, {"grant_types": ["This list may not be empty."]})
    assert call.provider("other")["grant_types"] == []


def test_service_accounts(server: authentik.Running) -> None:
    """The one call makes an app password that nobody asked for, the other does not."""
    call = AuthentikApi(server)
    made = call("POST", "core/users/service_account/", {"name": "one", "create_group": True})
    assert call("GET", "core/tokens/", user__username="one")["pagination"]["count"] == 1
    assert call("GET", f"core/groups/{made['group_pk']}/")["users"] == [made["user_pk"]]
    body = {"username": "two", "name": "two", "type": "service_account", "path": "goauthentik.io/service-accounts"}
    call("POST", "core/users/", body)
    assert call("GET", "core/tokens/", user__username="two")["pagination"]["count"] == 0
    call("DELETE", f"core/users/{made['user_pk']}/")
    assert call("GET", "core/tokens/", user__username="one")["pagination"]["count"] == 0


def test_applications_are_listed_for_the_caller(newest: authentik.Running) -> None:
    """Without the switch an administrator sees only the applications that they may use."""
    call = AuthentikApi(newest)
    app = call("POST", "core/applications/", {"name": "a", "slug": "a"})["pk"]
    group = call("POST", "core/groups/", {"name": "g"})["pk"]
    call("POST", "policies/bindings/", {"target": app, "group": group, "order": 0})
    assert call("GET", "core/applications/", slug="a")["results"] == []
    assert len(call("GET", "core/applications/", slug="a", superuser_full_list="true")["results"]) == 1


def test_a_transaction_is_all_or_nothing(newest: authentik.Running) -> None:
    """A refused application leaves no provider behind."""
    call = AuthentikApi(newest)
    flows = {
        "authorization_flow": call.flow("default-provider-authorization-implicit-consent"),
        "invalidation_flow": call.flow("default-provider-invalidation-flow"),
    }
    body = {
        "app": {"name": "a", "slug": "not a slug"},
        "provider_model": "authentik_providers_oauth2.oauth2provider",
        "provider": {"name": "p", "redirect_uris": [], **flows},
    }
    before = json.dumps(newest.state.snapshot())
    assert call.send("PUT", "core/transactional/applications/", body).status_code == 400
    assert json.dumps(newest.state.snapshot()) == before


def test_a_transaction_with_bindings(newest: authentik.Running) -> None:
    """The bindings of a transaction are the application's."""
    call = AuthentikApi(newest)
    group = call("POST", "core/groups/", {"name": "g"})["pk"]
    body = {
        "app": {"name": "a", "slug": "a"},
        "provider_model": "authentik_providers_oauth2.oauth2provider",
        "provider": {
            "name": "p",
            "redirect_uris": [],
            "authorization_flow": call.flow("default-provider-authorization-implicit-consent"),
            "invalidation_flow": call.flow("default-provider-invalidation-flow"),
        },
        "policy_bindings": [{"group": group, "order": 0}],
    }
    call("PUT", "core/transactional/applications/", body)
    app = call("GET", "core/applications/a/")["pk"]
    assert [row["group"] for row in call("GET", "policies/bindings/", target=app)["results"]] == [group]


@pytest.mark.parametrize("version", [version for version in authentik.VERSIONS if version != "2024.10"])
def test_snapshots_without_ids_can_be_compared(version: str) -> None:
    """Two servers on which the same was done are alike, whatever they made up; a difference is seen."""
    seen = []
    for secret in ("one", "one", "two"):
        with authentik.serve(version) as running:
            call = AuthentikApi(running)
            call.provider(client_secret=secret)
            app = call("GET", "core/applications/netbird/")["pk"]
            group = call("POST", "core/groups/", {"name": "g"})["pk"]
            call("POST", "policies/bindings/", {"target": app, "group": group, "order": 0})
            seen.append(running.state.snapshot(ids=False))
            assert json.loads(json.dumps(running.state.snapshot())) == running.state.snapshot()
    assert seen[0] == seen[1]
    assert seen[0] != seen[2]
    assert seen[0]["providers"]["netbird"]["signing_key"] == "authentik Self-signed Certificate"
