# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every recorded login is answered by the stand-ins as by the real servers, and a stand-in that answers otherwise is caught."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from conformance._logins import BREAKS, BY_NAME, SETS, STANDALONE, Json, replay
from simulators.netbird import embedded
from support.browser import segment

# What is not replayed as it was recorded, and why; printed by the last test.
REPLAYED_DIFFERENTLY = {
    "application deleted": (
        "the recorded steps name the application up to the consent, so it is deleted before the person comes back "
        "to NetBird, not before the login"
    ),
    "every case": (
        "each has servers of its own, so a person's NetBird user, and the connector, are new each time; "
        "`permissions` of the current user is not compared, the recordings leave it out"
    ),
}


@pytest.mark.parametrize(("version", "name"), BY_NAME)
def test_recorded_login(version: str, name: str) -> None:
    mismatches = replay(version, name)
    assert not mismatches, "\n".join(map(str, mismatches))


# is the comparison strict?


def renamed_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    claims_of = embedded.Embedded.claims_of

    def spoiled(self: embedded.Embedded, login: Json, hashed: str) -> Json:
        claims = claims_of(self, login, hashed)
        claims["roles"] = claims.pop("groups", [])
        return claims

    monkeypatch.setattr(embedded.Embedded, "claims_of", spoiled)


def kinder_about_algorithms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded.Embedded, "verified", staticmethod(lambda row, token, keys: segment(token, 1)))


def another_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    class Sorted(dict[str, str]):
        def items(self) -> Any:
            return [(key, "login" if value == "consent" else value) for key, value in super().items()]

    encode = urlencode
    monkeypatch.setattr(embedded, "urlencode", lambda query: encode(list(Sorted(query).items())))


def another_error_page(monkeypatch: pytest.MonkeyPatch) -> None:
    page = embedded.page
    monkeypatch.setattr(embedded, "page", lambda status, message: page(400 if status == 500 else status, message))


@pytest.mark.parametrize(
    ("name", "spoil", "place"),
    [
        ("works", renamed_claim, "works, access_token_claims: $.groups"),
        ("works", another_prompt, "works, step 0: $.location.query.prompt"),
        ("no signing key", kinder_about_algorithms, "no signing key, step 8: $.status"),
        ("no signing key", another_error_page, "no signing key, step 8: $.status"),
    ],
)
def test_a_wrong_stand_in_is_caught(
    name: str, spoil: Callable[[pytest.MonkeyPatch], None], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch)
    found = [str(each) for each in replay("2026.5", name)]
    assert any(each.startswith(place) for each in found), found


def test_every_recorded_login_is_accounted_for() -> None:
    for version, found in SETS.items():
        names = {case["name"] for case in found["cases"]}
        assert len(names) == 31, version
        assert names == set(BREAKS) | set(STANDALONE), version
    for name, reason in REPLAYED_DIFFERENTLY.items():
        print(f"{name}: {reason}")
