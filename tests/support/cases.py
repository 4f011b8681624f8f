# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each module is tried with: one case per module, for every kind of test that tries them all."""

from __future__ import annotations

from simulators.netbird import proxies
from support import Servers
from support.case import APPLICATION, PROVIDER, SECRET, Case, made
from support.cases_netbird import CLUSTER, NETBIRD
from support.certificate import pair

GROUPS = [made("authentik_group", name=name) for name in ("developers", "operators")]
CERTIFICATES = [pair(name) for name in ("one", "other")]
BLUEPRINT = """
version: 1
entries:
  - model: authentik_core.group
    identifiers:
      name: by-blueprint
    attrs:
      attributes:
        tier: {}
"""
CASES = [
    Case(
        "authentik_group",
        {"name": "developers"},
        {"attributes": {"a": 1}, "roles": ["readers"]},
        {"is_superuser": True, "attributes": {}, "roles": []},
        before=[made("authentik_role", name="readers")],
    ),
    Case(
        "authentik_scope_mapping",
        {"name": "Ours"},
        {"scope_name": "profile", "expression": "return {}\n", "description": "What it is"},
        {"expression": "  return {'a': 1}", "description": ""},
    ),
    Case(
        "authentik_oauth2_provider",
        {"name": "NetBird"},
        {
            "redirect_uris": [{"url": "https://netbird.company/cb"}, {"url": "https://x/.*", "matching_mode": "regex"}],
            "client_secret": SECRET,
            "property_mappings": ["openid", "goauthentik.io/providers/oauth2/scope-email"],
        },
        {
            "redirect_uris": [{"url": "https://netbird.company/other"}],
            "client_secret": f"{SECRET}-2",
            "client_id": "ours",
            "client_type": "public",
            "signing_key": "",
            "access_code_validity": "minutes=10",
            "sub_mode": "user_id",
            "issuer_mode": "global",
            "include_claims_in_id_token": False,
            "authorization_flow": "default-provider-authorization-explicit-consent",
            "property_mappings": ["openid", "profile", "entitlements"],
        },
    ),
    Case(
        "authentik_application",
        {"slug": "netbird"},
        {
            "name": "NetBird",
            "provider": "NetBird",
            "group": "Network",
            "launch_url": "https://netbird.company",
            "icon": "https://x/i.png",
        },
        {
            "name": "Net Bird",
            "provider": "",
            "group": "",
            "icon": "https://x/j.png",
            "description": "Mesh",
            "publisher": "NetBird",
            "open_in_new_tab": True,
            "policy_engine_mode": "all",
        },
        before=[PROVIDER],
    ),
    Case(
        "authentik_policy_bindings",
        {"application": "netbird", "bindings": [{"group": "developers"}, {"user": "alice", "order": 1}, {"policy": "always"}]},
        {},
        {
            "bindings": [
                {"group": "developers", "order": 4, "enabled": False, "negate": True, "timeout": 5, "failure_result": True},
                {"group": "operators"},
            ],
            "prune": True,
        },
        before=[*GROUPS, PROVIDER, APPLICATION],
    ),
    Case(
        "authentik_application_entitlements",
        {
            "application": "netbird",
            "entitlements": [
                {"name": "nb-developers", "groups": ["developers"]},
                {"name": "nb-operators", "groups": ["operators"], "users": ["alice"], "attributes": {"tier": 1}},
            ],
        },
        {},
        {
            "entitlements": [
                {"name": "nb-operators", "groups": ["operators", "developers"], "users": [], "attributes": {}},
                {"name": "nb-new"},
            ],
            "prune": True,
        },
        before=[*GROUPS, PROVIDER, APPLICATION],
    ),
    Case(
        "authentik_flow",
        {"slug": "device-code"},
        {"name": "Device code", "title": "Device code flow", "designation": "stage_configuration"},
        {"title": "Enter the code", "authentication": "require_authenticated"},
    ),
    Case(
        "authentik_brand",
        {"domain": "login.company"},
        {"branding_title": "Company", "flow_device_code": "default-user-settings-flow"},
        {"branding_title": "The Company", "flow_device_code": "", "flow_authentication": "default-authentication-flow"},
    ),
    Case(
        "authentik_user",
        {"username": "bob"},
        {"name": "Bob", "email": "bob@example.com", "attributes": {"a": 1}},
        {"name": "", "email": "", "is_active": False, "type": "external", "path": "guests", "attributes": {}},
    ),
    Case(
        "authentik_groups",
        # More than are asked for one by one.
        {"groups": [{"name": f"nb-{number}"} for number in range(6)]},
        {
            "groups": [
                {"name": "nb-0", "attributes": {"a": 1}, "roles": ["readers"]},
                *({"name": f"nb-{number}"} for number in range(1, 6)),
            ]
        },
        {
            "groups": [
                {"name": "nb-5", "attributes": {"floor": 3}},
                {"name": "nb-0", "attributes": {}, "roles": []},
                *({"name": f"nb-{number}"} for number in (1, 2)),
            ],
            "prune": True,
            "prune_prefix": "nb-",
        },
        before=[made("authentik_role", name="readers"), made("authentik_group", name="somebody-elses")],
    ),
    Case(
        "authentik_users",
        {"users": [{"username": "bob"}, {"username": "carol"}]},
        {
            "users": [
                {"username": "bob", "name": "Bob", "path": "company"},
                {"username": "carol", "name": "Carol", "path": "company/guests", "attributes": {"a": 1}},
            ]
        },
        {
            "users": [
                {"username": "bob", "name": "Robert", "email": "bob@example.com"},
            ],
            "prune": True,
            "prune_path": "company",
        },
    ),
    Case(
        "authentik_app_password",
        {"identifier": "password-of-carol"},
        {"user": "carol", "description": "What it is for", "key": SECRET},
        {"description": "", "expires": "2027-01-31T00:00:00+01:00", "key": f"{SECRET}-2"},
        before=[made("authentik_user", username="carol", name="Carol")],
    ),
    Case(
        "authentik_token",
        {"identifier": "token-of-carol"},
        {"user": "carol", "description": "What it is for", "key": SECRET},
        {"description": "", "expires": "2027-01-31T00:00:00+01:00", "key": f"{SECRET}-2"},
        before=[made("authentik_user", username="carol", name="Carol")],
    ),
    Case(
        "authentik_group_membership",
        {"group": "developers", "members": ["alice"]},
        {},
        {"exact": True},
        before=[
            *GROUPS,
            made("authentik_user", username="carol", name="Carol"),
            made("authentik_group_membership", group="developers", members=["carol"]),
        ],
    ),
    Case(
        "authentik_policy_expression",
        {"name": "company-address"},
        {"expression": "return True\n", "execution_logging": True},
        {"expression": "  return False", "execution_logging": False},
    ),
    Case(
        "authentik_certificate",
        {"name": "ours"},
        {"certificate": CERTIFICATES[0][0], "key": CERTIFICATES[0][1]},
        {"certificate": CERTIFICATES[1][0], "key": CERTIFICATES[1][1]},
    ),
    Case(
        "authentik_blueprint",
        {"name": "groups"},
        {"content": BLUEPRINT.format(1), "context": {"a": 1}},
        {"content": BLUEPRINT.format(2), "context": {}},
    ),
    Case(
        "authentik_object",
        {"path": "policies/password_expiry/", "identity": {"name": "quarterly"}},
        {"fields": {"days": 90, "deny_only": True}},
        {"fields": {"days": 30, "deny_only": False, "execution_logging": True}},
    ),
    Case(
        "authentik_role",
        {"name": "readers"},
        {"permissions": ["authentik_core.view_user", "authentik_core.view_group"]},
        {"permissions": ["authentik_core.view_user", "authentik_core.delete_user"]},
    ),
    *NETBIRD,
]
INFORMED = [
    made("authentik_info"),
    made(
        "authentik_info",
        lookups=[{"kind": "flow", "names": ["default-provider-invalidation-flow", "nothing"]}, {"kind": "group"}],
    ),
    made("netbird_info"),
]
# Modules that need more than a case can say, and the tests that have them.
ELSEWHERE = {
    "authentik_application_info": "test_export_setup.py",
    "authentik_claims_info": "test_people.py",
    "netbird_config": "test_config.py",
    "netbird_instance": "test_instance.py",
    "netbird_jwt_groups": "test_seed_module.py",
    "netbird_login_check": "test_causes.py",
    "netbird_migration_info": "test_migration.py",
    "netbird_peer": "test_people_of_netbird.py",
    "netbird_reverse_proxy_domain": "test_reverse_proxy.py",
    "netbird_reverse_proxy_token": "test_reverse_proxy.py",
    "netbird_token": "test_people_of_netbird.py",
    "netbird_user_invite": "test_people_of_netbird.py",
    "oidc_discovery": "test_issuer.py",
    "oidc_login": "test_causes.py",
}


def arrange(servers: Servers) -> None:
    """Make what the cases need and no module makes."""
    servers.authentik.state.add_user("alice", "password-of-alice")
    proxies.connect(servers.netbird.state.account, CLUSTER)
    servers.authentik_post("policies/expression/", {"name": "always", "expression": "return True"})
