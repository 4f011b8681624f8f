# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent network: its settings, providers of models, guardrails, policies and budget rules."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Mapping
from typing import Any

from .endpoints import Call, Endpoint
from .objects import Show, decode, refuse_if, strings, without
from .state import Account, Refused, Row, now

CATALOGUE = (
    *(f"{name}_api" for name in ("openai", "anthropic", "azure_openai", "bedrock", "vertex_ai", "mistral", "kimi")),
    *("litellm_proxy", "portkey", "bifrost", "cloudflare_ai_gateway", "vercel_ai_gateway", "openrouter", "vllm", "custom"),
)
SETTINGS: Mapping[str, Any] = {
    "access_log_retention_days": 0,
    "enable_log_collection": False,
    "enable_prompt_collection": False,
    "redact_pii": False,
}
# What they are before and at their beginning.
FRESH = {**SETTINGS, "access_log_retention_days": 30, "enable_log_collection": True}
# Where a proxy serves more than the agent network, the endpoint below it is made up.
WORDS = (("savvy", "quiet", "brave"), ("kiwi", "otter", "heron"))
LIMITS: Mapping[str, Mapping[str, Any]] = {
    "budget_limit": {"enabled": False, "group_cap_usd": 0, "user_cap_usd": 0, "window_seconds": 0},
    "token_limit": {"enabled": False, "group_cap": 0, "user_cap": 0, "window_seconds": 0},
}
CHECKS: Mapping[str, Mapping[str, Any]] = {
    "model_allowlist": {"enabled": False, "models": []},
    "prompt_capture": {"enabled": False, "redact_pii": False},
}
RATES = ("input_per_1k", "output_per_1k")
SHORTEST_WINDOW = 60


def parts(fields: Mapping[str, Mapping[str, Any]], value: Any) -> Row:
    """Read an object of objects; where there is money in one, a number may be a fraction."""
    found = {}
    for name, inner in fields.items():
        given = (value or {}).get(name) or {}
        money = {key: each for key, each in given.items() if key in inner and key.endswith("_usd")}
        if not all(type(each) in (int, float) for each in money.values()):
            raise Refused(400, "couldn't parse JSON request", verbatim=True)
        found[name] = decode(inner, {key: each for key, each in given.items() if key not in money}) | money
    return found


def build(prefix: str) -> Any:
    """Return what fills in the times of a row, and the id of a new one, which says what it is of."""

    def built(account: Account, row: Row, body: Row, old: Row | None) -> None:
        row["updated_at"] = now()
        row["created_at"] = old["created_at"] if old else row["updated_at"]
        if old is None:
            row["id"] = f"{prefix}{row['id']}"
        elif "api_key" in row:
            row["api_key"] = row["api_key"] or old["api_key"]

    return built


def check_provider(account: Account, row: Row, old: Row | None) -> None:
    """Refuse a provider that could not be reached, or is none that the server knows of."""
    refuse_if(not row["provider_id"], "provider_id is required")
    refuse_if(row["provider_id"] not in CATALOGUE, f'provider_id "{row["provider_id"]}" is not a known catalog provider')
    refuse_if(not row["name"], "name is required")
    refuse_if(not row["upstream_url"], "upstream_url is required")
    refuse_if(not row["upstream_url"].startswith(("http://", "https://")), "upstream_url must be a full http(s) url")
    refuse_if(old is None and not row["api_key"], "api_key is required")
    for number, model in enumerate(row["models"]):
        for rate in RATES:
            wrong = model.get(rate, 0) < 0
            refuse_if(wrong, f"models[{number}] ({model['id']}): {rate} must be a finite, non-negative usd rate")


def free_provider(account: Account, row: Row) -> None:
    """Refuse to delete a provider that policies name."""
    users = [each["name"] for each in account.rows("agent-policies").values() if row["id"] in each["destination_provider_ids"]]
    # UNRECORDED: how one alone is counted (a guess)
    refuse_if(users, f"provider is in use by {len(users)} policies ({', '.join(users)}); detach it before deleting")


def check_guardrail(account: Account, row: Row, old: Row | None) -> None:
    """Refuse a guardrail without a name; checks that are left out are off."""
    refuse_if(not row["name"], "name is required")
    row["checks"] = parts(CHECKS, row["checks"])


def check_limits(row: Row) -> None:
    """Refuse limits that could not be counted; those that are left out are off."""
    row["limits"] = parts(LIMITS, row["limits"])
    for name, limit in row["limits"].items():
        for cap in (each for each in limit if each.endswith(("_cap", "_cap_usd"))):
            refuse_if(limit[cap] < 0, f"limits.{name}.{cap} must not be negative")
        too_short = limit["enabled"] and limit["window_seconds"] < SHORTEST_WINDOW
        refuse_if(too_short, f"limits.{name}.window_seconds must be at least {SHORTEST_WINDOW} (one minute) when enabled")


def check_policy(account: Account, row: Row, old: Row | None) -> None:
    """Refuse a policy of nobody or for nothing; groups and guardrails are not looked for (measured)."""
    refuse_if(not row["name"], "name is required")
    refuse_if(not row["source_groups"], "source_groups must contain at least one group id")
    refuse_if(not row["destination_provider_ids"], "destination_provider_ids must contain at least one provider id")
    for provider in strings(row["destination_provider_ids"]):
        refuse_if(
            provider not in account.rows("agent-providers"), f"destination_provider_ids: provider {provider} does not exist"
        )
    check_limits(row)
    on_unless_said(row, old)


def check_budget_rule(account: Account, row: Row, old: Row | None) -> None:
    """Refuse a rule without a name; whom it is for is not looked for (measured)."""
    refuse_if(not row["name"], "name is required")
    check_limits(row)
    on_unless_said(row, old)


def on_unless_said(row: Row, old: Row | None) -> None:
    """Left out, `enabled` is true of what is new, and false of what is replaced (measured)."""
    row["enabled"] = old is None if row["enabled"] is None else row["enabled"]


def show(*hidden: str) -> Show:
    """Show a row, without its secrets."""
    return without(*hidden) if hidden else lambda account, row, how: copy.deepcopy(row)


# settings, which begin with where agents find the network; that stays until they are deleted


def settings(call: Call) -> Row:
    """Show the settings, or what they would begin as."""
    row = call.account.rows("agent-settings").get("")
    return dict(row or {**FRESH, "dedicated": False, "endpoint": "", "proxy_address": ""})


def begun(call: Call, otherwise: str) -> Row:
    """Return the settings that have begun."""
    row = call.account.rows("agent-settings").get("")
    if row is None:
        raise Refused(404, f"agent network settings have not been bootstrapped yet; {otherwise}")
    return row


def begin(call: Call) -> Row:
    """Begin with the address of a proxy, or with an endpoint, which is a proxy's of its own then."""
    body = decode({"endpoint": "", "proxy_address": ""}, call.body)
    # UNRECORDED: the other settings, which it takes too (OpenAPI)
    given = decode({name: type(value) for name, value in SETTINGS.items()}, call.body)
    refuse_if(bool(body["endpoint"]) == bool(body["proxy_address"]), "exactly one of proxy_address and endpoint is required")
    account = call.account
    rows = account.rows("agent-settings")
    refuse_if(rows, f"agent network settings already bootstrapped for account {account.id}", 409)
    proxy = body["proxy_address"] or body["endpoint"]
    endpoint = body["endpoint"] or f"{'-'.join(map(secrets.choice, WORDS))}.{proxy}"
    own = {name: value for name, value in given.items() if value is not None}
    row = {**FRESH, **own, "dedicated": bool(body["endpoint"]), "endpoint": endpoint, "proxy_address": proxy}
    rows[""] = row | dict.fromkeys(("created_at", "updated_at"), now())
    return dict(rows[""])


def change(call: Call) -> Row:
    """Replace the settings, but for where agents find the network."""
    row = begun(call, "post /api/agent-network/settings to bootstrap them")
    body = decode({"endpoint": "", "proxy_address": "", **SETTINGS}, call.body)
    for name in ("endpoint", "proxy_address"):
        words = f'it must match the assigned {name.replace("_", " ")} "{row[name]}"; delete the settings to release it'
        refuse_if(body[name] != row[name], f"{name} is immutable: {words} and bootstrap again")
    row.update(body, updated_at=now())
    return dict(row)


def end(call: Call) -> Row:
    """Delete the settings, if there are no providers left."""
    begun(call, "there is nothing to delete")
    left = len(call.account.rows("agent-providers"))
    words = f"agent network settings cannot be deleted while {left} provider(s) exist; delete the providers first"
    refuse_if(left, words, 412)
    call.account.rows("agent-settings").clear()
    return {}


RIGHT = "agent_network.settings"
ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "agent-network/settings", settings, RIGHT),
    Endpoint("POST", "agent-network/settings", begin, RIGHT),
    Endpoint("PUT", "agent-network/settings", change, RIGHT),
    Endpoint("DELETE", "agent-network/settings", end, RIGHT),
)
