# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of authentik on the server that no set-up makes: the laws, a certificate that is generated, a set-up as code."""

from __future__ import annotations

import re

import pytest

from live._laws import assert_lawful, ensure
from live._servers import Live
from support.case import Case
from support.cases import CASES

pytestmark = pytest.mark.usefixtures("nothing_left")

# Names that the cases give to what they make.
NAMES = re.compile(r"\b(company-address|ours|groups(?=\")|quarterly|by-blueprint)\b")
KINDS = [
    case
    for case in CASES
    if case.module in ("authentik_policy_expression", "authentik_certificate", "authentik_blueprint", "authentik_object")
]


@pytest.mark.parametrize("case", KINDS, ids=lambda case: case.module)
def test_laws(live: Live, case: Case) -> None:
    assert_lawful(live, case, NAMES)


def test_a_certificate_is_generated(live: Live) -> None:
    options = {"name": live.name("generated"), "validity_days": 30, "key_algorithm": "ecdsa"}
    made = ensure(live, "authentik_certificate", options)
    assert made["changed"] is True
    assert ensure(live, "authentik_certificate", options)["changed"] is False
    ids = ensure(live, "authentik_info", {"lookups": [{"kind": "certificate", "names": [options["name"]]}]})["known_ids"]
    assert ids["certificate"] == {options["name"]: made["certificate"]["pk"]}
