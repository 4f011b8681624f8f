# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server has grant types and types of redirects is read off the server itself: its version may lie."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from simulators import authentik
from simulators._server import Fault
from support.modules import call

pytestmark = pytest.mark.once

HAS, LACKS = "2026.8", "2025.10"
# What each calls itself: a back-port, a release candidate and a fork, and the truth.
CALLED = ("2025.10.0", "2026.5.0-rc1", "2026.8.0", "2027.2.0+fork")
DEFAULT = ["authorization_code", "refresh_token"]
DEVICE = ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"]
MESSAGE = "this server's version has no setting grant_types (it came with release 2026.5.0). Leave the option out."
# A server, or a proxy before it, that does not tell what a new provider takes.
SILENT = {
    "refused": Fault("status", method="OPTIONS", status=405, times=None),
    "forbidden": Fault("status", method="OPTIONS", status=403, times=None),
    "a page": Fault("html", method="OPTIONS", times=None),
    "an empty answer": Fault("status", method="OPTIONS", status=200, body="{}", times=None),
}


class Tried:
    """An authentik of a release, whatever it calls itself, and the module on it."""

    def __init__(self, server: authentik.Running, called: str) -> None:
        self.server = server
        server.state.called = called

    def run(self, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        self.server.clear()
        task = {
            "authentik_url": self.server.url,
            "authentik_token": self.server.token,
            "name": "NetBird",
            "redirect_uris": [{"url": "https://netbird.company/oauth2/callback"}],
            **options,
        }
        return call("authentik_oauth2_provider", task, check_mode=check_mode)

    @property
    def writes(self) -> list[str]:
        return [request.method for request in self.server.writes]

    @property
    def redirects(self) -> list[tuple[str, str]]:
        """The redirects as a login meets them."""
        (row,) = self.server.state.providers.values()
        return [(entry["url"], entry.get("redirect_uri_type", "authorization")) for entry in row["redirect_uris"]]

    @property
    def grants(self) -> Any:
        (row,) = self.server.state.providers.values()
        return sorted(row["grant_types"]) if "grant_types" in row else None


@pytest.fixture(params=[(release, called) for release in (HAS, LACKS) for called in CALLED], ids="-called-".join)
def tried(request: pytest.FixtureRequest) -> Iterator[Tried]:
    release, called = request.param
    with authentik.serve(version=release) as server:
        yield Tried(server, called)


def has(tried: Tried) -> bool:
    return tried.server.state.version == HAS


def test_a_new_provider_gets_the_default_where_the_server_has_the_setting(tried: Tried) -> None:
    checked = tried.run(check_mode=True)
    assert tried.writes == []
    made = tried.run()
    assert tried.writes == ["POST"]
    assert [request.method for request in tried.server.requests].count("OPTIONS") == 1
    assert not any("version" in request.path for request in tried.server.requests)
    assert tried.grants == (DEFAULT if has(tried) else None)
    assert checked["diff"] == made["diff"]
    assert ("grant_types" in str(made["diff"])) == has(tried)
    assert checked["provider"].get("grant_types") == made["provider"].get("grant_types") == tried.grants
    again = tried.run()
    assert (again["changed"], tried.writes) == (False, [])
    assert all(request.method == "GET" for request in tried.server.requests)


def test_grants_that_the_task_names(tried: Tried) -> None:
    for optional in (False, True):
        for check_mode in (True, False):
            result = tried.run(check_mode=check_mode, grant_types=DEVICE, grant_types_optional=optional)
            assert result.get("failed", False) == (not has(tried) and not optional), result
            if "failed" in result:
                assert result["msg"].endswith(MESSAGE)
            if check_mode or "failed" in result:
                assert tried.writes == []
    assert tried.grants == (DEVICE if has(tried) else None)
    # Now that the provider is there, it says so itself.
    result = tried.run(grant_types=DEFAULT)
    assert (tried.grants, result.get("changed")) == ((DEFAULT, True) if has(tried) else (None, None))
    assert result.get("msg", MESSAGE).endswith(MESSAGE)
    assert tried.run(grant_types=DEFAULT, grant_types_optional=True)["changed"] is False


def test_no_grants_are_mended_by_the_next_run(tried: Tried) -> None:
    tried.run()
    (row,) = tried.server.state.providers.values()
    if has(tried):
        # As another client makes a provider that names no grants.
        row["grant_types"] = []
    for options in ({}, {"grant_types": DEFAULT, "grant_types_optional": True}):
        assert tried.run(check_mode=True, **options)["changed"] is (has(tried) and row["grant_types"] == [])
        tried.run(**options)
        assert tried.writes == (["PATCH"] if has(tried) and not options else [])
        assert tried.grants == (DEFAULT if has(tried) else None)
    row.update({"grant_types": ["implicit"]} if has(tried) else {})
    assert tried.run()["changed"] is False


@pytest.mark.parametrize("silent", SILENT)
@pytest.mark.parametrize("release", [HAS, LACKS])
def test_a_server_that_does_not_tell_what_a_new_provider_takes(release: str, silent: str) -> None:
    with authentik.serve(version=release) as server:
        server.inject(SILENT[silent])
        tried = Tried(server, "2026.5.0-rc1")
        # The grants are sent, in the one request, and the answer tells.
        assert tried.run()["provider"].get("grant_types") == (DEFAULT if release == HAS else None)
        assert (tried.writes, tried.grants) == (["POST"], DEFAULT if release == HAS else None)
        assert tried.run()["changed"] is False
        assert tried.run(name="Other", grant_types=DEVICE, grant_types_optional=True)["changed"] is True
        result = tried.run(name="Third", grant_types=DEVICE)
        assert result.get("failed", False) == (release == LACKS), result
        assert release == HAS or "the setting grant_types did not take" in result["msg"]


def test_an_empty_list_is_refused_before_the_server_refuses_it(tried: Tried) -> None:
    result = tried.run(grant_types=[])
    assert result["msg"] == "grant_types is empty, which authentik refuses. Name the grants, or leave it out."
    assert tried.server.requests == []


LOGIN = {"url": "https://netbird.company/oauth2/callback"}
LOGOUT = {"url": "https://netbird.company/", "redirect_uri_type": "logout"}
BOTH = [(LOGIN["url"], "authorization"), (LOGOUT["url"], "logout")]


def test_redirects_of_a_log_out(tried: Tried) -> None:
    wanted = BOTH if has(tried) else BOTH[:1]
    optional = {"redirect_uris": [LOGIN, LOGOUT], "redirect_uri_type_optional": True}
    checked = tried.run(check_mode=True, **optional)
    assert tried.writes == []
    made = tried.run(**optional)
    assert (tried.writes, tried.redirects, made["diff"]) == (["POST"], wanted, checked["diff"])
    assert [request.method for request in tried.server.requests].count("OPTIONS") == 1
    # Now that the provider is there, it says so itself.
    again = tried.run(**optional)
    assert again["changed"] is False
    assert all(request.method == "GET" for request in tried.server.requests)
    # Whoever does not say that it is optional is told.
    strict = tried.run(redirect_uris=[LOGIN, LOGOUT])
    assert strict.get("failed", False) == (not has(tried)), strict
    assert has(tried) or "the setting redirect_uris did not take" in strict["msg"]
    tried.run(**optional)
    assert (tried.writes, tried.redirects) == ([] if has(tried) else ["PATCH"], wanted)


def test_redirects_of_a_log_out_for_a_provider_without_redirects(tried: Tried) -> None:
    assert tried.run(redirect_uris=[])["changed"]
    alone = {"redirect_uris": [LOGOUT], "redirect_uri_type_optional": True}
    result = tried.run(**alone)
    assert (result["changed"], tried.redirects) == (has(tried), BOTH[1:] if has(tried) else [])
    assert tried.run(**alone)["changed"] is False
    optional = {"redirect_uris": [LOGIN, LOGOUT], "redirect_uri_type_optional": True}
    assert tried.run(**optional)["changed"] is True
    assert tried.redirects == (BOTH if has(tried) else BOTH[:1])
    assert tried.run(**optional)["changed"] is False
    assert tried.run(state="absent", **optional)["changed"] is True


@pytest.mark.parametrize("silent", SILENT)
@pytest.mark.parametrize(("release", "called"), [(HAS, "2026.5.0-rc1"), (LACKS, "2025.10.3")])
def test_where_a_server_does_not_tell_its_version_decides_about_redirects(release: str, called: str, silent: str) -> None:
    with authentik.serve(version=release) as server:
        server.inject(SILENT[silent])
        tried = Tried(server, called)
        optional = {"redirect_uris": [LOGIN, LOGOUT], "redirect_uri_type_optional": True}
        assert tried.run(**optional)["changed"] is True
        assert tried.redirects == (BOTH if release == HAS else BOTH[:1])
        assert [request.method for request in tried.server.requests].count("OPTIONS") == 1
        assert tried.run(**optional)["changed"] is False
