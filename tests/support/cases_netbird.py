# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each of NetBird's modules is tried with."""

from __future__ import annotations

from support.case import APPLICATION, ISSUER, PROVIDER, SECRET, Case, netbird

CLUSTER = "proxy.example.com"
DEVELOPERS = netbird("group", name="developers")
OFFICE = netbird("network", name="office")
AGENT_PROVIDER = {"provider_id": "openai_api", "upstream_url": "https://api.openai.com", "api_key": SECRET}
PRINTER = netbird("network_resource", network="office", name="printer", address="192.168.7.9")
NETBIRD = [
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
