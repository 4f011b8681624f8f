# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What authentik's API says of a collection (OPTIONS), which tells what the server knows: as the recorded servers say it."""

from __future__ import annotations

from typing import Any

import pytest

from conformance._exchanges import OPTIONS, options

# What the servers take and nobody here sets: the stand-in has them for reading.
NEVER_SET = ("jwt_federation_sources", "children")


def settings(body: Any) -> dict[str, bool]:
    """Return what a new object may be given, and whether it has to be."""
    described = body["actions"]["POST"].items()
    return {name: each["required"] for name, each in described if not each["read_only"] and name not in NEVER_SET}


def redirects(body: Any) -> dict[str, bool]:
    """Return the keys of a provider's redirects, and whether each is required."""
    described = body["actions"]["POST"].get("redirect_uris", {"child": {"children": {}}})
    return {name: each["required"] for name, each in described["child"]["children"].items()}


@pytest.mark.parametrize(("version", "case"), OPTIONS, ids=lambda each: each if isinstance(each, str) else each["name"])
def test_a_collection_says_of_itself_what_was_recorded(version: str, case: Any) -> None:
    (step,) = case["steps"]
    found = options(version, step)
    assert (found.status_code, found.headers["allow"]) == (step["status"], step["headers"]["allow"])
    if "actions" in step["body"]:
        assert settings(found.json()) == settings(step["body"])
        assert redirects(found.json()) == redirects(step["body"])
        assert found.json().keys() == step["body"].keys()
    else:
        assert found.json() == step["body"]
