# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook verify.yml on both set-ups: what it finds, what it shows, what it writes, and that it leaves nothing."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from simulators import authentik, netbird
from support import ROOT, Played, Servers, give_owner

PLAYBOOK = ROOT / "playbooks/verify.yml"
PUBLIC = "https://netbird.company"
PASSWORD = "password-of-a-person"
ENTITLEMENTS = [{"name": "nb-developers", "groups": ["developers"]}, {"name": "nb-operators", "groups": ["operators"]}]


def add_people(servers: Servers) -> None:
    state = servers.authentik.state
    state.add_user("alice", PASSWORD, name="Alice", email="alice@example.com", groups=["developers"])
    state.add_user("bob", PASSWORD, name="Bob", email="bob@example.com", groups=["operators"])


@contextmanager
def management_set_up(folder: Path, version: str) -> Iterator[Servers]:
    variables = {
        "management_entitlements": ENTITLEMENTS,
        "management_user_approval_required": False,
        "management_invalidation_flow": "default-invalidation-flow",
    }
    with authentik.serve(version=version) as one, netbird.serve() as other:
        servers = Servers(one, other, folder)
        add_people(servers)
        assert servers.play(ROOT / "playbooks/management.yml", variables).code == 0
        yield servers


@pytest.fixture
def management(made_once: Callable[..., Servers], version: str) -> Iterator[Servers]:
    with made_once(management_set_up, version).whole_again() as servers:
        yield servers


def verify(servers: Servers, variables: dict[str, Any] | None = None, *options: str) -> Played:
    values = {"verify_setup": "management", "verify_user": "alice", "verify_password": PASSWORD}
    return servers.play(PLAYBOOK, {**values, **(variables or {})}, *options)


def table(played: Played) -> list[str]:
    (task,) = (task for task in played.tasks if task.name.endswith("What was found"))
    return [str(line) for line in task.result["msg"]]


def causes(played: Played) -> set[str]:
    """The named causes in the table."""
    return set(re.findall(r"\[([a-z-]+)\]$", "\n".join(table(played)), re.MULTILINE))


def lasting(servers: Servers) -> dict[str, Any]:
    """All that lasts, but for when people were seen, and for the groups that a first login makes."""
    snapshot = servers.snapshot()
    for user in snapshot["authentik"]["users"].values():
        user.pop("last_login")
    for account in snapshot["netbird"]["accounts"]:
        account["objects"] = {**account["objects"], "groups": {}}
    return snapshot


def test_a_setup_that_works(management: Servers, authentik_version: str, tmp_path: Path) -> None:
    report = tmp_path / "report"
    before = lasting(management)
    played = verify(management, {"verify_report": str(report), "verify_expected_groups": ["nb-developers"]}, "-vvvv", "--diff")
    assert played.code == 0, played.output[-3000:]
    assert played.changed == []
    lines = table(played)
    assert not any("FAILED" in line for line in lines)
    assert any("alice" in line and "nb-developers" in line for line in lines)
    assert any("bob" in line and "nb-operators" in line for line in lines)
    assert any("was removed again" in line for line in lines)
    assert lasting(management) == before
    secrets = [PASSWORD, *management.secrets()]
    shown = f"{management.netbird.url}/oauth2/callback (strict)"
    assert any(line.startswith("passed   Redirect URIs: ") and shown in line for line in lines)
    assert [path.name for path in sorted(report.iterdir()) if shown not in path.read_text()] == []
    written = "".join(path.read_text() for path in sorted(report.iterdir()))
    assert [secret for secret in secrets if secret in played.output + written] == []
    suites = ElementTree.parse(report / "report.xml").getroot()
    assert (suites.get("failures"), suites.get("errors")) == ("0", "0")
    assert {path.name for path in report.iterdir()} == {"report.html", "report.xml"}


def test_what_is_wrong_is_named_and_the_play_fails_after_the_report(management: Servers, tmp_path: Path) -> None:
    (provider,) = management.authentik.state.providers.values()
    provider["signing_key"] = None
    management.netbird.state.settings["jwt_groups_claim_name"] = "entitlements"
    report = tmp_path / "report"
    played = verify(management, {"verify_report": str(report)}, "-vvvv")
    assert played.code == 2
    assert causes(played) == {"signing-key-missing", "claim-never-visible"}
    assert "signing-key-missing, claim-never-visible" in played.failure
    page = (report / "report.html").read_text()
    assert "signing-key-missing" in page
    assert [secret for secret in [PASSWORD, *management.secrets()] if secret in played.output + page] == []


@pytest.mark.once
def test_a_person_who_will_get_other_groups_fails_the_play(management: Servers) -> None:
    state = management.authentik.state
    mapping = state.find("mappings", name="NetBird: profile with entitlements as groups")
    assert mapping is not None
    mapping["expression"] = 'return {"name": request.user.name, "groups": ["nb-operators"]}'
    played = verify(management, {"verify_user": "bob"})
    assert played.code == 2
    assert causes(played) == set()
    assert "alice" in played.failure
    assert any("lacks nb-developers" in line for line in table(played))


@pytest.mark.once
def test_services_that_cannot_be_read_are_findings(management: Servers) -> None:
    played = verify(management, {"authentik_token": "wrong", "netbird_token": "wrong"})
    assert played.code == 2
    assert causes(played) == {"authentik-refuses", "netbird-refuses", "people-not-read"}


@pytest.mark.once
def test_without_a_person_no_login_is_tried(management: Servers) -> None:
    played = management.play(PLAYBOOK, {"verify_setup": "management", "verify_people_users": ["bob"]})
    assert played.code == 0, played.output
    lines = table(played)
    assert any("set verify_user and verify_password" in line for line in lines)
    assert any("bob" in line and "nb-operators" in line for line in lines)
    assert not any("alice" in line for line in lines)


@pytest.mark.once
def test_a_group_that_does_not_exist_is_a_finding(management: Servers) -> None:
    played = verify(management, {"verify_people_groups": ["developers", "misspelt"]})
    assert played.code == 2
    assert causes(played) == {"people-not-read"}
    assert "misspelt" in " ".join(table(played))


@pytest.mark.once
def test_empty_redirects_are_not_given_the_first_one_that_comes(management: Servers) -> None:
    (provider,) = management.authentik.state.providers.values()
    provider["redirect_uris"] = []
    played = verify(management)
    assert causes(played) == {"redirect-uris-empty"}
    assert provider["redirect_uris"] == []


@pytest.mark.once
def test_check_mode_logs_nobody_in(management: Servers) -> None:
    played = verify(management, {"verify_people": "none"}, "--check")
    assert played.code == 0, played.output
    assert played.writes == []
    assert not any("groups that people will get" in line for line in table(played))
    assert any("not tried in check mode" in line for line in table(played))


@pytest.mark.once
def test_ordinary_modules_find_the_same(management: Servers) -> None:
    """The connector's secret differs: that is proven by a login at authentik itself, with the secret that authentik holds."""
    (connector,) = management.netbird.state.connectors.values()
    connector["client_secret"] = "not-the-secret"
    here = verify(management)
    there = verify(management, {"netbird_authentik_in_process": False}, "-vvvv")
    assert causes(here) == {"connector-secret-differs"}
    assert table(here) == table(there)
    assert (management.authentik.state.sessions, management.authentik.state.refresh_tokens) == ({}, {})
    assert [secret for secret in [PASSWORD, *management.secrets()] if secret in there.output] == []


@pytest.mark.once
def test_the_user_of_a_first_login_may_stay(management: Servers) -> None:
    played = verify(management, {"verify_cleanup": False})
    assert any("NetBird made a user" in line for line in table(played))
    assert "alice@example.com" in {user["email"] for user in management.netbird.state.users.values()}


@pytest.mark.once
def test_a_misspelt_choice_is_an_error_and_no_finding(management: Servers) -> None:
    played = verify(management, {"verify_setup": "beside"})
    assert played.code == 2
    assert "management, standalone" in played.failure


# Standalone


@contextmanager
def standalone_set_up(folder: Path, version: str) -> Iterator[Servers]:
    """Down to the environment file of a NetBird host, with which NetBird then runs."""
    inventory = folder / "hosts"
    inventory.write_text(f"[netbird]\nhost ansible_connection=local ansible_python_interpreter={sys.executable}\n")
    variables = {
        "netbird_token": "",
        "standalone_netbird_url": PUBLIC,
        "standalone_entitlements": ENTITLEMENTS,
        "standalone_invalidation_flow": "default-invalidation-flow",
        "environment_mode": "env_file",
        "environment_file": str(folder / "netbird.env"),
    }
    with authentik.serve(version=version) as one, netbird.serve() as beside:
        servers = Servers(one, beside, folder)
        add_people(servers)
        played = servers.play(ROOT / "playbooks/standalone.yml", variables, "-i", str(inventory))
        assert played.code == 0, played.output
        values = dict(line.split("=", 1) for line in shlex.split((folder / "netbird.env").read_text(), comments=True))
        oidc = netbird.Oidc(
            discovery=values["NETBIRD_AUTH_OIDC_CONFIGURATION_ENDPOINT"],
            audience=values["NETBIRD_AUTH_AUDIENCE"],
            client_id=values["NETBIRD_IDP_MGMT_CLIENT_ID"],
            username=values["NETBIRD_IDP_MGMT_EXTRA_USERNAME"],
            password=values["NETBIRD_IDP_MGMT_EXTRA_PASSWORD"],
        )
        with netbird.serve(embedded=False, oidc=oidc) as server:
            give_owner(server)
            yield Servers(one, server, folder)


@pytest.fixture
def standalone(made_once: Callable[..., Servers], version: str) -> Iterator[Servers]:
    with made_once(standalone_set_up, version).whole_again() as servers:
        kept = {path: path.read_text() for path in (servers.folder / "hosts", servers.folder / "netbird.env")}
        yield servers
        for path, text in kept.items():
            path.write_text(text)


def verify_standalone(servers: Servers, variables: dict[str, Any] | None = None, *options: str) -> Played:
    values = {
        "verify_setup": "standalone",
        "standalone_netbird_url": PUBLIC,
        "verify_environment_file": str(servers.folder / "netbird.env"),
        "verify_environment_format": "env_file",
    }
    return verify(servers, {**values, **(variables or {})}, "-i", str(servers.folder / "hosts"), *options)


def test_a_standalone_setup_that_works(standalone: Servers, authentik_version: str) -> None:
    before = lasting(standalone)
    played = verify_standalone(standalone, {"verify_expected_groups": ["nb-developers"]}, "-vvvv", "--diff")
    assert played.code == 0, played.output[-3000:]
    assert played.changed == []
    assert not any(line.startswith(("FAILED", "skipped", "warning")) for line in table(played)), table(played)
    secrets = [PASSWORD, *standalone.secrets()]
    assert [secret for secret in secrets if secret in played.output] == []
    after = lasting(standalone)
    # NetBird would delete the person in authentik too: its user stays.
    assert len(after["netbird"]["accounts"][0].pop("users")) == len(before["netbird"]["accounts"][0].pop("users")) + 1
    assert after == before


@pytest.mark.once
def test_what_a_netbird_host_is_told_is_looked_at(standalone: Servers) -> None:
    path = standalone.folder / "netbird.env"
    wrong = path.read_text().replace("NETBIRD_AUTH_AUDIENCE=", "NETBIRD_AUTH_AUDIENCE=x").replace(" entitlements ", " ")
    path.write_text(re.sub(r"(EXTRA_PASSWORD=).*", r"\1not-the-app-password", wrong))
    played = verify_standalone(standalone)
    assert played.code == 2
    assert causes(played) == {"audience-differs", "scopes-not-asked-for", "app-password-wrong", "groups-differ"}
    assert "not-the-app-password" not in played.output


@pytest.mark.once
def test_a_host_that_cannot_look_is_no_reason_to_stop(standalone: Servers) -> None:
    hosts = standalone.folder / "hosts"
    away = "away ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1"
    hosts.write_text(f"{hosts.read_text()}{away}\n")
    played = verify_standalone(standalone)
    assert played.code == 0, played.output[-2000:]
    (line,) = (line for line in table(played) if line.startswith("skipped"))
    assert "Reachability from away" in line


@pytest.mark.once
def test_nobody_becomes_the_owner_by_a_verification(standalone: Servers) -> None:
    with netbird.serve(
        embedded=False, oidc=netbird.Oidc(f"{standalone.issuer}.well-known/openid-configuration", "", "", "", "")
    ) as fresh:
        servers = Servers(standalone.authentik, fresh, standalone.folder)
        played = verify_standalone(servers, {"netbird_token": ""})
        assert played.code == 0, played.output
        assert fresh.state.accounts == {}
        assert fresh.requests == []
