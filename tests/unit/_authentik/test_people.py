# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is in which group, and what a claim says, without a server."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._authentik.people import Groups, names_in

OLDER = [{"pk": "all", "parent": None}, {"pk": "staff", "parent": "all"}, {"pk": "developers", "parent": "staff"}]
NEWER = [
    {"pk": "all", "parents": []},
    {"pk": "guests", "parents": []},
    {"pk": "staff", "parents": ["all"]},
    {"pk": "developers", "parents": ["staff", "guests"]},
]


def test_one_parent_until_2025() -> None:
    assert Groups(OLDER).of({"groups": ["developers"]}) == {"developers", "staff", "all"}


def test_several_parents_from_2026_on() -> None:
    groups = Groups(NEWER)
    assert groups.of({"groups": ["developers"]}) == {"developers", "staff", "guests", "all"}
    assert groups.of({"groups": ["all", "guests"]}) == {"all", "guests"}
    assert groups.of({"groups": []}) == set()


def test_groups_in_a_circle_come_to_an_end() -> None:
    circle = Groups([{"pk": "one", "parents": ["other"]}, {"pk": "other", "parents": ["one"]}])
    assert circle.of({"groups": ["one"]}) == {"one", "other"}


def test_a_group_that_the_token_may_not_see_counts() -> None:
    assert Groups([]).of({"groups": ["hidden"]}) == {"hidden"}


@pytest.mark.parametrize(
    ("claims", "names"),
    [
        ({"groups": ["b", "a", "b"]}, ["a", "b"]),
        ({"groups": ["a", 1, None, {"name": "b"}]}, ["a"]),
        ({"groups": "a"}, []),
        ({"groups": None}, []),
        ({"entitlements": ["a"]}, []),
    ],
)
def test_what_a_claim_names(claims: dict[str, Any], names: list[str]) -> None:
    assert names_in(claims, "groups") == names
