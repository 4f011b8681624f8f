# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of causes: what people get wrong is in it, and the troubleshooting guide says what it says."""

from __future__ import annotations

import importlib.util

import pytest

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.catalogue import CAUSES, UNSEEABLE
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._verify.seen import Seen
from support import ROOT

# What people often get wrong, by the causes that are named for it, or the entry that says why none can be.
MISTAKES = {
    "durations": "codes-expire-at-once tokens-expire-at-once device-codes-expire-early",
    "sub_mode": "subject-mode-not-user-id",
    "sub_mode, management": "A subject mode that was changed in the management set-up",
    "JWE": "tokens-encrypted",
    "flows with extra stages": "second-factor stage-needs-a-browser",
    "a person without e-mail": "person-without-email",
    "e-mail not verified": "A person whose e-mail address is not verified",
    "a brand without authentication flow": "brand-without-login-flow",
    "certificates that expired": "certificate-expired signing-certificate-expired",
    "policies bound to flows": "flow-denies",
    "reputation": "flow-denies",
    "captcha": "stage-needs-a-browser",
    "passwordless flows": "stage-needs-a-browser",
    "user_approval_required": "new-people-wait",
    "a blocked user": "person-blocked",
    "a pending user": "waiting-for-approval",
    "a second account": "account-split person-twice",
    "NETBIRD_AUTH_AUDIENCE": "audience-differs",
    "clocks": "clock-skew clock-ahead",
    "a proxy that strips Authorization": "authorization-stripped",
    "a proxy without HTTP/2": "A proxy that does not pass HTTP/2 (gRPC) on to NetBird",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_people_get_wrong_has_a_cause_or_a_reason_for_having_none(mistake: str) -> None:
    named = MISTAKES[mistake]
    assert named in UNSEEABLE or set(named.split()) <= {cause.id for cause in CAUSES}


@pytest.mark.parametrize(("version", "saw"), [("0.99.1", "version 0.99.1"), ("0.77.9", ""), ("development", ""), ("", "")])
def test_a_netbird_that_was_built_from_its_source_is_not_newer(version: str, saw: str) -> None:
    (cause,) = [cause for cause in CAUSES if cause.id == "netbird-newer"]
    assert cause.found(Seen({"netbird_version": version})) == saw


@pytest.mark.parametrize("name", ["troubleshooting", "versions"])
def test_the_page_is_written_from_the_specifications(name: str) -> None:
    spec = importlib.util.spec_from_file_location(name, ROOT / f"tests/tools/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text() == module.page(), "run make docs"
