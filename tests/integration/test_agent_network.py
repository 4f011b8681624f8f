# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent network, beyond what the laws say of every module: what is in use, what is left out, and a document of all of it."""

from __future__ import annotations

from typing import Any

import pytest

from support import Servers
from support.case import SECRET
from support.cases_netbird import AGENT_PROVIDER
from support.modules import call

pytestmark = pytest.mark.once

DOCUMENT: dict[str, list[dict[str, Any]]] = {
    "groups": [{"name": "developers"}],
    "agent_network_providers": [{"name": "models", **AGENT_PROVIDER}],
    "agent_network_guardrails": [{"name": "careful", "model_allowlist": {"models": ["gpt-4o"]}}],
    "agent_network_policies": [
        {
            "name": "developers ask",
            "source_groups": ["developers"],
            "destination_providers": ["models"],
            "guardrails": ["careful"],
            "budget_limit": {"user_cap_usd": 2.5, "window_seconds": 3600},
        }
    ],
    "agent_network_budget_rules": [{"name": "a day", "target_groups": ["developers"]}],
}


def ensure(servers: Servers, kind: str, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    connection = servers.connection_of("netbird")
    servers.netbird.clear()
    return call(f"netbird_{kind}", {**connection, **options}, check_mode=check_mode)


def writes(servers: Servers) -> list[str]:
    return [f"{request.method} {request.path}" for request in servers.netbird.writes]


def test_all_of_it_in_one_document(servers: Servers) -> None:
    predicted = ensure(servers, "config", config=DOCUMENT, check_mode=True)
    assert not writes(servers)
    made = ensure(servers, "config", config=DOCUMENT)
    assert (made["diff"], made["changes"]) == (predicted["diff"], predicted["changes"])
    assert SECRET not in str(made)
    assert len(writes(servers)) == 5
    assert ensure(servers, "config", config=DOCUMENT)["changed"] is False
    exported = ensure(servers, "config", state="exported", sections=[name for name in DOCUMENT if name != "groups"])
    assert exported["config"]["agent_network_policies"][0]["destination_providers"] == ["models"]
    assert "api_key" not in exported["config"]["agent_network_providers"][0]
    assert ensure(servers, "config", config=exported["config"], check_mode=True)["changed"] is False
    removed = ensure(servers, "config", config=DOCUMENT, state="absent")
    assert len(removed["changes"]) == 5, removed


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("agent_network_provider", "models", "provider is in use by 1 policies (developers ask)"),
        ("agent_network_guardrail", "careful", "NetBird would delete it, and leave the policies 'developers ask' without it"),
        ("group", "developers", "group has been linked to agent network policy: developers ask"),
    ],
)
def test_what_a_policy_names_stays(servers: Servers, kind: str, name: str, words: str) -> None:
    ensure(servers, "config", config=DOCUMENT)
    failed = ensure(servers, kind, name=name, state="absent")
    assert words in failed["msg"]


def test_a_key_is_written_again_when_told(servers: Servers) -> None:
    provider = {"name": "models", **AGENT_PROVIDER}
    ensure(servers, "agent_network_provider", **provider)
    assert ensure(servers, "agent_network_provider", **{**provider, "api_key": "sk-new"})["changed"] is False
    (row,) = servers.netbird.state.account.rows("agent-providers").values()
    assert row["api_key"] == SECRET
    written = ensure(servers, "agent_network_provider", **{**provider, "api_key": "sk-new"}, update_secret=True)
    assert written["diff"]["after"] == {"agent network provider 'models'": {"api_key": "(hidden, written)"}}
    assert row["enabled"] is True, "a PUT without it would turn it off"
    (row,) = servers.netbird.state.account.rows("agent-providers").values()
    assert (row["api_key"], row["enabled"]) == ("sk-new", True)


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("provider", {"provider_id": "nope", "upstream_url": "https://x", "api_key": "k"}, "not a known catalog provider"),
        ("provider", {"provider_id": "openai_api", "upstream_url": "https://x"}, "api_key is needed"),
        ("policy", {"source_groups": ["nobody"], "destination_providers": []}, "nobody"),
        ("policy", {"source_groups": ["All"], "destination_providers": ["nowhere"]}, "nowhere"),
        (
            "budget_rule",
            {"token_limit": {"user_cap": 1, "window_seconds": 5}},
            "limits.token_limit.window_seconds must be at least 60",
        ),
    ],
    ids=str,
)
def test_bad_input(servers: Servers, kind: str, options: dict[str, Any], words: str) -> None:
    failed = ensure(servers, f"agent_network_{kind}", name="x", **options)
    assert words in failed["msg"]
    assert not any(servers.netbird.state.account.rows(f"agent-{rows}") for rows in ("providers", "policies", "budget-rules"))
