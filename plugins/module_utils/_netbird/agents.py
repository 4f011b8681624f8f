# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent network: which models people's agents reach, through which provider, and up to which limits.

PRIVATE to this collection. The API is C(/api/agent-network/...) (measured on 0.77.1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.plan import Operation, rows_after
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.service import Service
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.spec import (
    ALL_KEYS,
    Consent,
    Field,
    Resource,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._netbird.common import (
    Row,
    enabled,
    groups,
    listed,
    netbird_kind,
)

MODEL = {
    "id": {"type": "str", "required": True},
    "input_per_1k": {"type": "float", "default": 0.0},
    "output_per_1k": {"type": "float", "default": 0.0},
}


def _filled(defaults: Mapping[str, Any]) -> Callable[[Any], dict[str, Any]]:
    """An object with what a task leaves out of it as NetBird has it then."""
    return lambda value: {**defaults, **{name: each for name, each in (value or {}).items() if each is not None}}


def _limit(name: str, **caps: str) -> Field:
    """A limit: whether it counts, how much in how many seconds each group and each person has."""
    options = {"enabled": {"type": "bool", "default": True}, **{cap: {"type": kind} for cap, kind in caps.items()}}
    defaults = {"enabled": False, **dict.fromkeys(caps, 0), "window_seconds": 0}
    options["window_seconds"] = {"type": "int"}
    return Field(name, type="dict", suboptions=options, api=f"limits.{name}", canonical=_filled(defaults))


def _sent(body: dict[str, Any]) -> dict[str, Any]:
    """A body without what a task left out within it: NetBird takes no null for a number."""
    return {name: _sent(value) if isinstance(value, dict) else value for name, value in body.items() if value is not None}


def _not_begun(settings: Mapping[str, Any], now: Row | None) -> str:
    begun = now is not None or settings["proxy_address"] or settings["endpoint"]
    return "" if begun else "they have not begun yet: name a proxy_address or an endpoint"


AGENT_NETWORK_SETTINGS = Resource(
    "agent network settings",
    "agent-network/settings",
    (
        Field("proxy_address", fixed=True),
        Field("endpoint", fixed=True),
        Field("enable_log_collection", type="bool"),
        Field("enable_prompt_collection", type="bool"),
        Field("redact_pii", type="bool"),
        Field("access_log_retention_days", type="int"),
    ),
    since="0.74.0",
    label="",
    id="",
    ref="",
    identity=(),
    optional=True,
    # Without it they are what settings would begin as.
    own=lambda row: "created_at" in row,
    whole=ALL_KEYS,
    derived=("created_at", "updated_at", "dedicated"),
    invalid=_not_begun,
    constraints={"mutually_exclusive": [("proxy_address", "endpoint")]},
)
LIMITS = (
    _limit("token_limit", group_cap="int", user_cap="int"),
    _limit("budget_limit", group_cap_usd="float", user_cap_usd="float"),
)
AGENT_NETWORK_PROVIDER = netbird_kind(
    "agent network provider",
    "agent-network/providers",
    Field("name", required=True),
    Field("provider_id", needed=True),
    Field("upstream_url", needed=True),
    Field("api_key", needed=True, secret=True, readable=False),
    enabled(),
    Field("models", type="list", elements="dict", suboptions=MODEL, unordered=True),
    Field("skip_tls_verification", type="bool"),
    Field("metadata_disabled", type="bool", since="0.75.0"),
    Field("identity_header_user_id"),
    Field("identity_header_groups"),
    since="0.74.0",
    derived=("created_at", "updated_at"),
    twins=True,
)


def _named_by_policies(service: Service, operation: Operation, plan: Sequence[Operation]) -> str:
    if operation.action != "delete":
        return ""
    rows = rows_after(plan, AGENT_NETWORK_POLICY, service.rows_everywhere(AGENT_NETWORK_POLICY))
    names = listed(row["name"] for row in rows if operation.existing["id"] in (row["guardrail_ids"] or []))
    return f"NetBird would delete it, and leave the policies {names} without it" if names else ""


AGENT_NETWORK_GUARDRAIL = netbird_kind(
    "agent network guardrail",
    "agent-network/guardrails",
    Field("name", required=True),
    Field("description"),
    Field(
        "model_allowlist",
        type="dict",
        suboptions={"enabled": {"type": "bool", "default": True}, "models": {"type": "list", "elements": "str", "default": []}},
        api="checks.model_allowlist",
        canonical=_filled({"enabled": False, "models": []}),
    ),
    Field(
        "prompt_capture",
        type="dict",
        suboptions={"enabled": {"type": "bool", "default": True}, "redact_pii": {"type": "bool", "default": False}},
        api="checks.prompt_capture",
        canonical=_filled({"enabled": False, "redact_pii": False}),
    ),
    since="0.74.0",
    derived=("created_at", "updated_at"),
    consents=(Consent("", _named_by_policies),),
    twins=True,
)
AGENT_NETWORK_POLICY = netbird_kind(
    "agent network policy",
    "agent-network/policies",
    Field("name", required=True),
    Field("description"),
    enabled(),
    groups("source_groups", needed=True),
    Field(
        "destination_providers",
        type="list",
        elements="str",
        ref="agent_network_provider",
        api="destination_provider_ids",
        unordered=True,
        needed=True,
    ),
    Field("guardrails", type="list", elements="str", ref="agent_network_guardrail", api="guardrail_ids", unordered=True),
    *LIMITS,
    since="0.74.0",
    derived=("created_at", "updated_at"),
    sending=_sent,
    twins=True,
)
AGENT_NETWORK_BUDGET_RULE = netbird_kind(
    "agent network budget rule",
    "agent-network/budget-rules",
    Field("name", required=True),
    enabled(),
    groups("target_groups"),
    Field("target_users", type="list", elements="str", ref="user", unordered=True),
    *LIMITS,
    since="0.74.0",
    derived=("created_at", "updated_at"),
    sending=_sent,
    twins=True,
)
