# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role verify shows: the reports of cases that were thought out, and what a page consists of."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import yaml

from support import ANSIBLE_PLAYBOOK, ROOT, environment_of_runs, run_recorded

Case = dict[str, list[dict[str, Any]]]
TEMPLATES = ROOT / "roles/verify/templates"
FORMATS = ("table.txt", "report.xml", "report.html")


def row(check: str, result: str = "passed", **more: str) -> dict[str, str]:
    return {"check": check, "result": result, "cause": "", "title": "", "saw": "", "remedy": "", "thread": "", **more}


def person(username: str, *groups: str, access: bool = True, saw: str = "", name: str = "") -> dict[str, Any]:
    result = "failed" if saw else "passed"
    return {
        "username": username,
        "name": name or username.title(),
        "access": access,
        "groups": list(groups),
        "expected": list(groups),
        "result": result,
        "saw": saw,
    }


ROWS = [
    row("authentik's version", saw="2026.5.2"),
    row("authentik's API"),
    row("NetBird's version", saw="0.77.1"),
    row("Application"),
    row("Client type"),
    row(
        "Signing key",
        "failed",
        cause="signing-key-missing",
        title="The provider has no signing key, so its tokens are HS256.",
        saw="no signing key in the provider NetBird",
        remedy="Select a signing key, an RSA one, in the provider (the roles do), and restart NetBird in the standalone set-up.",
        thread="netbirdio/netbird#1947",
    ),
    row("Grant types"),
    row(
        "Redirects",
        "failed",
        cause="redirect-missing",
        title="The provider does not take a URL that logins are sent back to.",
        saw="not taken: https://netbird.company/oauth2/callback,\ntaken: https://netbird.company/oauth2/callback/",
        remedy="Add exactly the URL that NetBird shows for its connector as a strict redirect (the role does).",
        thread="goauthentik/terraform-provider-authentik#915",
    ),
    row(
        "Redirects",
        "warning",
        cause="redirect-dots",
        title="An unescaped dot in a redirect's pattern takes other hosts too.",
        saw="https://netbird.company/.* takes https://netbirdXcompany/",
        remedy=r"Escape the host's dots: https://netbird\.company/.*",
    ),
    row("Scopes"),
    row("Claims in the id_token"),
    row("Discovery, from the controller", saw="https://authentik.company/application/o/netbird/, 2 keys, RS256"),
    row("Discovery, from netbird.company", saw="https://authentik.company/application/o/netbird/, 2 keys, RS256"),
    row("Clock", saw="2 seconds apart"),
    row("Connector", saw="authentik"),
    row(
        "User approval",
        "warning",
        cause="approval-needed",
        title="NetBird lets new people in only after somebody approves them.",
        saw="user_approval_required is true",
        remedy="Leave it if that is meant; or turn user approval off (management_user_approval_required: false).",
    ),
    row("JWT group sync"),
    row("Device code flow", "skipped", title="the management set-up has none"),
    row("Service account", "skipped", title="the management set-up has none"),
    row(
        "Login",
        "failed",
        cause="signing-key-missing",
        title='The login ended: NetBird shows "Authentication failed".',
        saw="https://netbird.company/oauth2/callback: Authentication failed. Please contact your administrator",
        remedy="This comes from signing-key-missing, redirect-missing: mend that first.",
    ),
]
PEOPLE = [
    person(
        f"{first}.{last}{number}",
        *["nb-developers", "nb-operators", "nb-printers", "nb-visitors"][: number % 5],
        name=f"{first} {last}".title(),
        access=number != 7,
        saw="the token lacks nb-operators" if number in (21, 44) else "",
    )
    for number, first, last in (
        (number, ("alice", "bob", "carol", "dave", "erin")[number % 5], ("archer", "baker", "cooper")[number % 3])
        for number in range(300)
    )
]

HOSTILE = (
    "<script>alert(1)</script>",
    """"><img src=x onerror="alert(1)"> & 'quoted' ]]> -->""",
    "{{ 6 * 7 }} {% set x = 1 %} {# gone #} ${HOME}",
    "controls \x00 \x1b[31mred\x1b[0m \x07 \x85 \ufffe end",
    "a\nb\r\nc\u2028d\te",
    "https://authentik.company/application/o/authorize/?state=" + "x" * 900,
    "مرحبا بالعالم \u202egnp.exe\u202c שלום",
    "密码错误" * 80,
)


def line(does: str, to: str, request: str, status: int, **more: Any) -> dict[str, Any]:
    """A line of a login's course."""
    method, _, path = request.partition(" ")
    answer = {"status": status, "milliseconds": 12, "requests": 1, "asks": "", "broke": "", "said": ""}
    return {"does": does, "to": to, "method": method, "path": path, **answer, **more}


COURSE = [
    line("asks NetBird for a login", "netbird", "GET /oauth2/auth/authentik-dc3m5b3ec9s53p8d42s0", 302),
    line("asks authentik for a login", "authentik", "GET /application/o/authorize/", 302, milliseconds=1234),
    line("gives the password", "authentik", "POST /api/v3/flows/executor/default-authentication-flow/", 200, requests=3),
    line("is led on", "elsewhere", "GET https://proxy.company/", 200),
    line(
        "brings authentik's answer to NetBird",
        "netbird",
        "GET /oauth2/callback",
        0,
        asks="authentik",
        broke="a server gave no answer",
        said="Connection refused",
    ),
]
CASES: dict[str, Case] = {
    "usual": {"rows": ROWS, "people": PEOPLE, "course": COURSE},
    "right": {"rows": [row for row in ROWS if row["result"] == "passed"], "people": [], "course": []},
    "hostile": {
        "course": [
            *(line(text, "elsewhere", f"GET {text}", 302, requests=2) for text in HOSTILE),
            line(HOSTILE[0], "netbird", HOSTILE[1], 500, asks="authentik", broke=HOSTILE[5], said=HOSTILE[6]),
        ],
        "rows": [
            row(text, result, cause="a<b>&\"c'", title=text, saw=text, remedy=text, thread='a/b#1"><b>')
            for text in HOSTILE
            for result in ("failed", "warning", "skipped", "passed")
        ],
        "people": [person(text, text, text, name=text, saw=text if number % 2 else "") for number, text in enumerate(HOSTILE)],
    },
}


def render(cases: dict[str, Case], folder: Path) -> dict[str, dict[str, str]]:
    """The reports of every case, by the template's name, from one run of ansible-playbook.

    The rows come from a file's text, so that Ansible takes them for what they are in the role: words of others, no templates.
    """
    (folder / "cases.json").write_text(json.dumps(cases))
    tasks = [
        {
            "name": name,
            "ansible.builtin.debug": {
                "msg": {each: f"{{{{ lookup('ansible.builtin.template', '{TEMPLATES}/{each}.j2') }}}}" for each in FORMATS}
            },
            "vars": {
                "case": f"{{{{ (lookup('ansible.builtin.file', '{folder}/cases.json') | from_json)['{name}'] }}}}",
                "verify_rows": "{{ case.rows }}",
                "verify_people_rows": "{{ case.people }}",
                "verify_course": "{{ case.course }}",
                "verify_setup": "management",
                "verify_started": "2026-11-24T10:17:48Z",
                "verify_authentik_url": "https://authentik.company",
                "verify_netbird_url": "https://netbird.company",
                "verify_authentik_version": "2026.5.2",
                "verify_netbird_version": "",
            },
        }
        for name in cases
    ]
    (folder / "playbook.yml").write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    played = run_recorded([ANSIBLE_PLAYBOOK, folder / "playbook.yml"], environment_of_runs(folder), folder)
    assert played.code == 0, played.output
    return {task.name: task.result["msg"] for task in played.tasks}


class Page(HTMLParser):
    """What a page consists of: its elements with their attributes, and the text of each section's headings and table rows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag != "meta":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self._open[-1], data))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self, *tags: str) -> list[str]:
        return [text for tag, text in self.texts if tag in tags]
