# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The course of a login as people read it: what the person does at which server, one line each, and where it broke.

PRIVATE to this collection. It is made of a login's steps (:class:`_oidc.client.Step`), which have neither queries nor bodies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.browser import (
    DEVICE_CODE,
    EXECUTOR,
    IDENTIFICATION,
    PASSWORD,
    SECOND_FACTOR,
)
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.client import origin
from ansible_collections.zerotrust.netbird_authentik.plugins.module_utils._oidc.outcomes import LOGGED_IN, OUTCOMES

CALLBACK = "/oauth2/callback"
# What a person does who asks for a path that ends like this.
DOES = (
    (r"/\.well-known/openid-configuration", "reads what the issuer says of itself"),
    (r"/oauth2/auth(/.*)?", "asks NetBird for a login"),
    (rf"{CALLBACK}", "brings authentik's answer to NetBird"),
    (r"/application/o/authorize/", "asks authentik for a login"),
    (r"/flows/-/default/authentication/", "is led to the flow for logins"),
    (r"/application/o/device/", "gets a code for a device"),
    (r"/device/?", "opens the page for a device's code"),
    (r"/token/?", "gets tokens"),
    (r"/(keys|jwks)/?", "reads the keys that sign tokens"),
    (r"/api/users/current", "asks NetBird's API who that is"),
)
# What a person does who is shown this stage of a flow.
ANSWERS = {
    IDENTIFICATION: "gives the name",
    PASSWORD: "gives the password",
    SECOND_FACTOR: "gives the code of an authenticator app",
    "ak-stage-consent": "consents",
    "ak-stage-user-login": "does not stay logged in",
    DEVICE_CODE: "gives the code of the device",
}


@dataclass
class Line:
    """What a person does at a server: ``netbird``, ``authentik``, or one ``elsewhere``, whose URL is then in the path.

    ``status`` is that of the last of so many ``requests``, 0 where there was no answer; ``asks`` the server that this one asks in
    its turn, unseen from here. ``broke`` says how the login ended, where that was here, and ``said`` are the server's words then.
    """

    does: str
    to: str
    method: str
    path: str
    status: int
    milliseconds: int
    requests: int = 1
    asks: str = ""
    broke: str = ""
    said: str = ""


def course(login: Mapping[str, Any], authentik: str, netbird: str) -> list[dict[str, Any]]:
    """The lines of a login (:class:`_oidc.login.Login` as a dictionary), with the URLs of both services.

    Redirects of a server to the same path, and a request that is made twice, are one line with what came of them.
    """
    lines: list[Line] = []
    steps: Sequence[Mapping[str, Any]] = login.get("steps") or []
    before: Mapping[str, Any] = {}
    for step in steps:
        # A flow's executor redirects to itself for each stage that has nothing to ask.
        same = (step["server"], step["path"]) == (before.get("server"), before.get("path"))
        if same and (300 <= before["status"] < 400 or step["method"] == before["method"]):
            lines[-1].status = step["status"]
            lines[-1].milliseconds += step["milliseconds"]
            lines[-1].requests += 1
        else:
            lines.append(_line(step, before, authentik, netbird))
        before = step
    if lines and login["outcome"] != LOGGED_IN:
        lines[-1].broke, lines[-1].said = OUTCOMES[login["outcome"]], login["said"]
    return [asdict(line) for line in lines]


def _line(step: Mapping[str, Any], before: Mapping[str, Any], authentik: str, netbird: str) -> Line:
    server, path = step["server"], step["path"]
    of_netbird = re.search(r"/oauth2/|/api/users/", path)
    if server == origin(netbird) and (of_netbird or server != origin(authentik)):
        to = "netbird"
    else:
        to = "authentik" if server == origin(authentik) else "elsewhere"
    shown = path if to != "elsewhere" else f"{server}{path}"
    asks = "authentik" if to == "netbird" and path.endswith(CALLBACK) else ""
    return Line(_does(step, before), to, step["method"], shown, step["status"], step["milliseconds"], asks=asks)


def _does(step: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    path = step["path"]
    if EXECUTOR in path:
        if step["method"] == "POST":
            return ANSWERS.get(before.get("component", ""), "answers")
        return f"opens {path.rstrip('/').rpartition('/')[2]}"
    return next((words for ending, words in DOES if re.search(f"{ending}$", path)), "is led on")
