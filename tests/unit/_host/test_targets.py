# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no value of a variable may hold, by where configure.sh puts it."""

from __future__ import annotations

from itertools import product

import pytest

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._core.errors import Failure
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._host.targets import TARGETS, check
from support.host import HOSTILE, refusal


@pytest.mark.once
def test_what_is_refused_is_named_and_not_shown() -> None:
    for (name, value), variable in product(HOSTILE.items(), [*TARGETS, "NETBIRD_IDP_MGMT_EXTRA_X", "OTHER"]):
        refused = refusal({variable: value}, "shell")
        if refused:
            assert refused.startswith(f"{variable} ")
            assert value not in refused
            assert "\n" not in refused
        else:
            assert name not in ("line feed", "CRLF", "control")
    check({"OTHER": HOSTILE["dollar"]}, "shell")
    with pytest.raises(Failure, match=r"NETBIRD_AUTH_CLIENT_ID must not hold a dollar sign \(\$\)"):
        check({"NETBIRD_AUTH_CLIENT_ID": "a$b"}, "shell")
    with pytest.raises(Failure, match="NETBIRD_MGMT_API_PORT has to be a port number"):
        check({"NETBIRD_MGMT_API_PORT": "https"}, "shell")
    with pytest.raises(Failure, match="a line break"):
        check({"X": "a\nb"}, "env_file")
    check({"NETBIRD_AUTH_CLIENT_ID": "a$b", "NETBIRD_MGMT_API_PORT": "https"}, "env_file")
