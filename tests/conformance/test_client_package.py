# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The published client package, made from authentik's own API description, can talk to the stand-in of its release.

Its models are strict about what an answer must hold, so that it is a second judge beside the recordings, also for the
release that none were recorded of.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from importlib import import_module, metadata
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from simulators import authentik
from simulators.authentik import api

VERSION = metadata.version("authentik-client")
RELEASE = ".".join(VERSION.split(".")[:2])


@pytest.fixture(scope="session")
def client() -> Any:
    """The package, imported only where these tests run: that takes five seconds."""
    return import_module("authentik_client")


@pytest.fixture
def server() -> Iterator[authentik.Running]:
    """The stand-in of the client's release."""
    assert RELEASE in authentik.VERSIONS, f"authentik-client {VERSION} belongs to no release that is stood in for"
    with authentik.serve(RELEASE) as running:
        yield running


@pytest.fixture
def connection(client: Any, server: authentik.Running) -> Iterator[Any]:
    """The client, with the administrator's token."""
    configuration = client.Configuration(host=f"{server.url}/api/v3", access_token=server.token)
    with client.ApiClient(configuration) as opened:
        yield opened


# The API, its method and the options of a call.
LISTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "users": ("CoreApi", "core_users_list", {}),
    "groups": ("CoreApi", "core_groups_list", {}),
    "tokens": ("CoreApi", "core_tokens_list", {}),
    "brands": ("CoreApi", "core_brands_list", {}),
    "flows": ("FlowsApi", "flows_instances_list", {"page_size": 100}),
    "certificates": ("CryptoApi", "crypto_certificatekeypairs_list", {"has_key": True}),
    "scope mappings": ("PropertymappingsApi", "propertymappings_provider_scope_list", {}),
    "policies": ("PoliciesApi", "policies_all_list", {}),
    "bindings": ("PoliciesApi", "policies_bindings_list", {}),
    "roles": ("RbacApi", "rbac_roles_list", {}),
}


def test_version(client: Any, connection: Any) -> None:
    """The server says its release, what it can do, and who is asking."""
    assert client.AdminApi(connection).admin_version_retrieve().version_current.startswith(RELEASE)
    assert client.RootApi(connection).root_config_retrieve().capabilities
    assert client.CoreApi(connection).core_users_me_retrieve().user.username == "akadmin"


@pytest.mark.parametrize("what", LISTS)
def test_what_a_fresh_install_has(client: Any, connection: Any, what: str) -> None:
    """Each list of a fresh install is one that the client can read, and none is empty."""
    group, method, options = LISTS[what]
    found = getattr(getattr(client, group)(connection), method)(**options)
    assert found.pagination.count == len(found.results) > 0


def test_a_setup(client: Any, server: authentik.Running, connection: Any) -> None:
    """Provider, application, entitlement, group and binding: made, listed, read, changed and deleted."""
    before = server.state.snapshot(ids=False)
    core, providers, policies = client.CoreApi(connection), client.ProvidersApi(connection), client.PoliciesApi(connection)
    flows = {row.slug: row.pk for row in client.FlowsApi(connection).flows_instances_list(page_size=100).results}
    mappings = client.PropertymappingsApi(connection).propertymappings_provider_scope_list(scope_name="openid").results
    provider = providers.providers_oauth2_create(
        client.OAuth2ProviderRequest(
            name="netbird",
            authorization_flow=UUID(str(flows["default-provider-authorization-implicit-consent"])),
            invalidation_flow=UUID(str(flows["default-provider-invalidation-flow"])),
            redirect_uris=[
                client.RedirectURIRequest(
                    matching_mode=client.MatchingModeEnum.STRICT, url="https://netbird.company/oauth2/callback"
                )
            ],
            property_mappings=[UUID(str(row.pk)) for row in mappings],
        )
    )
    application = core.core_applications_create(client.ApplicationRequest(name="NetBird", slug="netbird", provider=provider.pk))
    entitlement = core.core_application_entitlements_create(
        client.ApplicationEntitlementRequest(name="operators", app=application.pk)
    )
    group = core.core_groups_create(client.GroupRequest(name="operators"))
    binding = policies.policies_bindings_create(client.PolicyBindingRequest(target=entitlement.pbm_uuid, group=group.pk, order=0))

    assert [row.pk for row in providers.providers_oauth2_list(name="netbird").results] == [provider.pk]
    assert providers.providers_oauth2_retrieve(provider.pk).assigned_application_slug == "netbird"
    assert [row.pk for row in core.core_applications_list(slug="netbird").results] == [application.pk]
    used = core.core_applications_retrieve("netbird").provider_obj
    assert used is not None
    assert used.pk == provider.pk
    listed = core.core_application_entitlements_list(app=application.pk).results
    assert [row.name for row in listed] == ["operators"]
    assert core.core_groups_retrieve(group.pk).name == "operators"
    assert [row.pk for row in policies.policies_bindings_list(target=entitlement.pbm_uuid).results] == [binding.pk]
    bound = policies.policies_bindings_retrieve(binding.pk).group_obj
    assert bound is not None
    assert bound.name == "operators"
    changed = core.core_applications_partial_update("netbird", client.PatchedApplicationRequest(group="Network"))
    assert (changed.group, changed.name) == ("Network", "NetBird")

    core.core_applications_destroy("netbird")
    with pytest.raises(client.exceptions.NotFoundException):
        policies.policies_bindings_retrieve(binding.pk)
    with pytest.raises(client.exceptions.NotFoundException):
        core.core_application_entitlements_retrieve(entitlement.pbm_uuid)
    providers.providers_oauth2_destroy(provider.pk)
    core.core_groups_destroy(group.pk)
    assert server.state.snapshot(ids=False) == before


def test_refusals(client: Any, connection: Any) -> None:
    """What the server refuses reaches the caller as the client's own exceptions."""
    core = client.CoreApi(connection)
    with pytest.raises(client.exceptions.NotFoundException):
        core.core_applications_retrieve("missing")
    with pytest.raises(client.exceptions.ApiException) as refused:
        core.core_groups_create(client.GroupRequest(name="authentik Admins"))
    assert refused.value.status == 400


def test_a_missing_field_is_noticed(client: Any, connection: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client does not take anything: an answer that lacks a field is refused."""
    resource = api.RESOURCES["core/groups/"]
    without = tuple(field for field in resource.fields if field.name != "num_pk")
    monkeypatch.setitem(api.RESOURCES, "core/groups/", dataclasses.replace(resource, fields=without))
    with pytest.raises(ValidationError, match="num_pk"):
        client.CoreApi(connection).core_groups_list()
