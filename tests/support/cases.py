# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each module is tried with: one case per module, for every kind of test that tries them all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from simulators.netbird import proxies
from support import COLLECTION, Servers
from support.certificate import pair

SECRET = "client-secret-of-the-laws"
ISSUER = "{{ authentik_url }}/application/o/netbird/"


@dataclass(frozen=True)
class Case:
    """What a module is asked for: its key alone, to make something, to change it; ``before`` makes what it needs."""

    module: str
    key: dict[str, Any]
    create: dict[str, Any]
    change: dict[str, Any]
    before: list[dict[str, Any]] = field(default_factory=list)
    removable: bool = True

    def task(self, step: str, options: dict[str, Any], check: bool = False) -> dict[str, Any]:
        return {"name": step, f"{COLLECTION}.{self.module}": {**self.key, **options}, "check_mode": check}

    def steps(self) -> list[dict[str, Any]]:
        removal = [
            self.task("check absent", {"state": "absent"}, check=True),
            self.task("absent", {"state": "absent"}),
            self.task("check absent again", {"state": "absent"}, check=True),
            self.task("absent again", {"state": "absent"}),
        ]
        return [
            *self.before,
            self.task("check create", self.create, check=True),
            self.task("create", self.create),
            self.task("create again", self.create),
            self.task("key alone", {}),
            self.task("check change", self.change, check=True),
            self.task("change", self.change),
            self.task("change again", self.change),
            self.task("check change again", self.change, check=True),
            *(removal if self.removable else []),
        ]


def made(module: str, **options: Any) -> dict[str, Any]:
    return {f"{COLLECTION}.{module}": options}


def netbird(kind: str, **options: Any) -> dict[str, Any]:
    return made(f"netbird_{kind}", **options)


GROUPS = [made("authentik_group", name=name) for name in ("developers", "operators")]
PROVIDER = made("authentik_oauth2_provider", name="NetBird", redirect_uris=[{"url": "https://netbird.company/cb"}])
APPLICATION = made("authentik_application", slug="netbird", name="NetBird", provider="NetBird")
CLUSTER = "proxy.example.com"
DEVELOPERS = netbird("group", name="developers")
OFFICE = netbird("network", name="office")
AGENT_PROVIDER = {"provider_id": "openai_api", "upstream_url": "https://api.openai.com", "api_key": SECRET}
PRINTER = netbird("network_resource", network="office", name="printer", address="192.168.7.9")
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
    Case(
        "netbird_identity_provider",
        {"name": "authentik"},
        {"issuer": ISSUER, "client_id": "one", "client_secret": SECRET},
        {"client_id": "two", "client_secret": f"{SECRET}-2"},
        before=[PROVIDER, APPLICATION],
    ),
    Case(
        "netbird_account_settings",
        {},
        {"jwt_groups_enabled": True, "jwt_groups_claim_name": "groups", "jwt_allow_groups": ["a", "b"]},
        {
            "jwt_allow_groups": [],
            "user_approval_required": False,
            "peer_login_expiration": 7200,
            "groups_propagation_enabled": False,
            "ipv6_enabled_groups": [],
            "peer_expose_groups": ["All"],
            "dns_domain": "mesh.company",
        },
        removable=False,
    ),
    Case(
        "netbird_group",
        {"name": "developers"},
        {"resources": ["printer"]},
        {"resources": []},
        before=[OFFICE, PRINTER],
    ),
    Case(
        "netbird_setup_key",
        {"name": "servers"},
        {"type": "one-off", "auto_groups": ["developers"], "usage_limit": 1, "ephemeral": True, "expires_in": 86400},
        {"auto_groups": [], "revoked": True},
        before=[DEVELOPERS],
    ),
    Case(
        "netbird_posture_check",
        {"name": "company devices"},
        {
            "description": "Not too old",
            "nb_version_check": {"min_version": "0.70.0"},
            "os_version_check": {"linux": {"min_kernel_version": "6.1"}, "darwin": {"min_version": "14"}},
            "process_check": {"processes": [{"linux_path": "/usr/bin/guard", "mac_path": "/Applications/Guard"}]},
        },
        {
            "description": "",
            "nb_version_check": {},
            "os_version_check": {"linux": {"min_kernel_version": "6.6"}},
            "peer_network_range_check": {"action": "deny", "ranges": ["192.168.0.0/16"]},
        },
    ),
    Case(
        "netbird_policy",
        {"name": "developers to servers"},
        {
            "description": "What they need",
            "sources": ["developers"],
            "destinations": ["servers"],
            "protocol": "tcp",
            "ports": ["443", "80"],
            "bidirectional": False,
            "source_posture_checks": ["company devices"],
        },
        {
            "description": "",
            "enabled": False,
            "action": "drop",
            "port_ranges": [{"start": 8000, "end": 8080}],
            "destination_resource": "printer",
            "source_posture_checks": [],
        },
        before=[
            DEVELOPERS,
            netbird("group", name="servers"),
            netbird("posture_check", name="company devices", nb_version_check={"min_version": "0.70.0"}),
            OFFICE,
            PRINTER,
        ],
    ),
    Case(
        "netbird_user",
        {"user": "automation"},
        {"is_service_user": True, "role": "admin", "auto_groups": ["developers"]},
        {"role": "user", "auto_groups": [], "is_blocked": True},
        before=[DEVELOPERS],
    ),
    Case("netbird_network", {"name": "office"}, {"description": "Behind the router"}, {"description": ""}),
    Case(
        "netbird_network_resource",
        {"network": "office", "name": "files"},
        {"address": "192.168.7.9", "description": "The files", "groups": ["developers"]},
        {"address": "*.files.company.example", "description": "", "groups": [], "enabled": False},
        before=[DEVELOPERS, OFFICE],
    ),
    Case(
        "netbird_network_router",
        {"network": "office", "peer_groups": ["developers"]},
        {"metric": 100},
        {"masquerade": False, "enabled": False},
        before=[DEVELOPERS, OFFICE],
    ),
    Case(
        "netbird_route",
        {"network_id": "exit", "peer_groups": ["developers"]},
        {"network": "0.0.0.0/0", "groups": ["developers"], "description": "A way out", "skip_auto_apply": True},
        {"domains": ["company.example"], "description": "", "skip_auto_apply": False, "metric": 1, "keep_route": True},
        before=[DEVELOPERS],
    ),
    Case(
        "netbird_nameserver_group",
        {"name": "company"},
        {"nameservers": [{"ip": "192.168.7.53"}], "groups": ["developers"], "domains": ["company.example"]},
        {
            "nameservers": [{"ip": "192.168.7.53", "port": 5353}, {"ip": "192.168.7.54"}],
            "description": "The company's names",
            "search_domains_enabled": True,
            "enabled": False,
        },
        before=[DEVELOPERS],
    ),
    Case(
        "netbird_dns_zone",
        {"domain": "company.example"},
        {"distribution_groups": ["developers"], "enable_search_domain": True},
        {"name": "The company's", "enable_search_domain": False, "enabled": False},
        before=[DEVELOPERS],
    ),
    Case(
        "netbird_dns_record",
        {"zone": "company.example", "name": "wiki.company.example", "type": "A", "content": "192.168.7.8"},
        {},
        {"ttl": 60},
        before=[DEVELOPERS, netbird("dns_zone", domain="company.example", distribution_groups=["developers"])],
    ),
    Case(
        "netbird_agent_network_provider",
        {"name": "llm"},
        {**AGENT_PROVIDER, "models": [{"id": "gpt-4o", "input_per_1k": 0.0025}], "metadata_disabled": True},
        {"upstream_url": "https://models.company.example", "api_key": f"{SECRET}-2", "models": [], "enabled": False},
    ),
    Case(
        "netbird_agent_network_guardrail",
        {"name": "careful"},
        {"description": "One model", "model_allowlist": {"models": ["gpt-4o"]}},
        {"description": "", "model_allowlist": {"enabled": False}, "prompt_capture": {"redact_pii": True}},
    ),
    Case(
        "netbird_agent_network_policy",
        {"name": "developers ask"},
        {
            "description": "What they need",
            "source_groups": ["developers"],
            "destination_providers": ["llm"],
            "guardrails": ["careful"],
            "token_limit": {"group_cap": 1000, "user_cap": 100, "window_seconds": 3600},
        },
        {
            "description": "",
            "enabled": False,
            "guardrails": [],
            "token_limit": {"enabled": False},
            "budget_limit": {"user_cap_usd": 2.5, "window_seconds": 60},
        },
        before=[
            DEVELOPERS,
            netbird("agent_network_provider", name="llm", **AGENT_PROVIDER),
            netbird("agent_network_guardrail", name="careful"),
        ],
    ),
    Case(
        "netbird_agent_network_budget_rule",
        {"name": "daily"},
        {"target_groups": ["developers"], "token_limit": {"group_cap": 1000, "user_cap": 100, "window_seconds": 3600}},
        {"target_groups": [], "enabled": False, "token_limit": {"enabled": False}},
        before=[DEVELOPERS],
    ),
    Case(
        "netbird_reverse_proxy_service",
        {"domain": f"wiki.{CLUSTER}"},
        {
            "name": "wiki",
            "targets": [
                {"resource": "printer", "port": 8080, "request_timeout": "90s", "custom_headers": {"X-Team": "developers"}},
                {"cluster": CLUSTER, "host": "10.0.0.1", "port": 443, "protocol": "https", "path": "/api"},
            ],
            "bearer_auth": {"distribution_groups": ["developers"]},
            "password_auth": True,
            "password": SECRET,
            "access_restrictions": {"allowed_cidrs": ["10.0.0.0/8"], "blocked_countries": ["de"]},
        },
        {
            "name": "The wiki",
            "enabled": False,
            "targets": [{"resource": "printer", "port": 8081, "path_rewrite": "preserve"}],
            "pass_host_header": True,
            "rewrite_redirects": True,
            "private": True,
            "access_groups": ["developers"],
            "bearer_auth": {"enabled": False},
            "password_auth": False,
            "pin_auth": True,
            "pin": f"{SECRET}-2",
            "header_auths": ["X-Key"],
            "header_auth_values": {"X-Key": f"{SECRET}-3"},
            "access_restrictions": {"crowdsec_mode": "observe"},
        },
        before=[DEVELOPERS, OFFICE, PRINTER],
    ),
    Case(
        "netbird_agent_network_settings",
        {},
        {"endpoint": "ai.company.example", "redact_pii": True},
        {"redact_pii": False, "access_log_retention_days": 7, "enable_log_collection": False, "enable_prompt_collection": True},
    ),
    Case(
        "netbird_dns_settings",
        {},
        {"disabled_management_groups": ["developers"]},
        {"disabled_management_groups": []},
        before=[DEVELOPERS],
        removable=False,
    ),
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
