# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role verify shows people and CI systems: the table, JUnit's XML, and the page, as a browser renders it."""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
import sys
from html import escape, unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from support import ROOT

TEMPLATES = ROOT / "roles/verify/templates"
FORMATS = ("table.txt", "report.xml", "report.html")
SCREENSHOTS = ROOT / ".build/report"  # for people to look at


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
CASES: dict[str, dict[str, list[dict[str, Any]]]] = {
    "usual": {"rows": ROWS, "people": PEOPLE},
    "right": {"rows": [row for row in ROWS if row["result"] == "passed"], "people": []},
    "hostile": {
        "rows": [
            row(text, result, cause="a<b>&\"c'", title=text, saw=text, remedy=text, thread='a/b#1"><b>')
            for text in HOSTILE
            for result in ("failed", "warning", "skipped", "passed")
        ],
        "people": [person(text, text, text, name=text, saw=text if number % 2 else "") for number, text in enumerate(HOSTILE)],
    },
}


# What the reports show in the place of characters that XML forbids, terminals obey, or turn the direction of text.
CLEANED = re.compile("[\x00\x07\x1b\x85\ufffe\u202c\u202e]")
REPLACEMENT = "\ufffd"


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """The reports of every case, by the template's name, from one run of ansible-playbook.

    The rows come from a file's text, so that Ansible takes them for what they are in the role: words of others, no templates.
    """
    folder = tmp_path_factory.mktemp("reports")
    (folder / "cases.json").write_text(json.dumps(CASES))
    tasks = [
        {
            "name": name,
            "ansible.builtin.debug": {
                "msg": {each: f"{{{{ lookup('ansible.builtin.template', '{TEMPLATES}/{each}.j2') }}}}" for each in FORMATS}
            },
            "vars": {
                "case": f"{{{{ (lookup('ansible.builtin.file', '{folder}/cases.json') | from_json).{name} }}}}",
                "verify_rows": "{{ case.rows }}",
                "verify_people_rows": "{{ case.people }}",
                "verify_setup": "management",
                "verify_started": "2026-11-24T10:17:48Z",
                "verify_authentik_url": "https://authentik.company",
                "verify_netbird_url": "https://netbird.company",
                "verify_authentik_version": "2026.5.2",
                "verify_netbird_version": "",
            },
        }
        for name in CASES
    ]
    (folder / "playbook.yml").write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/support/callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "record",
        "RECORD_FILE": str(folder / "record.jsonl"),
        "RECORD_URLS": "",
    }
    command = [Path(sys.executable).parent / "ansible-playbook", folder / "playbook.yml"]
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = map(json.loads, (folder / "record.jsonl").read_text().splitlines())
    return {line["task"]: line["result"]["msg"] for line in lines}


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


def test_the_table(reports: dict[str, dict[str, str]]) -> None:
    lines = reports["usual"]["table.txt"].splitlines()
    assert lines[4:15] == [
        "passed   Client type",
        "FAILED   Signing key",
        "         The provider has no signing key, so its tokens are HS256. [signing-key-missing]",
        "         saw  no signing key in the provider NetBird",
        "         do   Select a signing key, an RSA one, in the provider (the roles do), and restart NetBird in the",
        "              standalone set-up.",
        "         see  https://github.com/netbirdio/netbird/issues/1947",
        "passed   Grant types",
        "FAILED   Redirects",
        "         The provider does not take a URL that logins are sent back to. [redirect-missing]",
        "         saw  not taken: https://netbird.company/oauth2/callback, taken:",
    ]
    assert "skipped  Device code flow: the management set-up has none" in lines
    people = lines.index("The NetBird groups that people will get:")
    assert lines[people + 1 : people + 6] == [
        "FAILED   bob.archer21     nb-developers",
        "                          the token lacks nb-operators",
        "FAILED   erin.cooper44    nb-developers, nb-operators, nb-printers, nb-visitors",
        "                          the token lacks nb-operators",
        "passed   alice.archer0    no groups",
    ]
    assert "passed   carol.baker7     no access; nb-developers, nb-operators" in lines
    assert lines[-1] == "Checks: 3 failed, 2 with a warning, 13 passed, 2 skipped. People: 2 of 300 differ."
    assert reports["right"]["table.txt"].splitlines()[-2:] == [
        "",
        "Checks: 0 failed, 0 with a warning, 13 passed, 0 skipped.",
    ]
    for report in reports.values():
        assert max(map(len, report["table.txt"].splitlines())) <= 108


def test_junit(reports: dict[str, dict[str, str]]) -> None:
    root = ElementTree.fromstring(reports["usual"]["report.xml"].encode())
    assert root.attrib == {"name": "verify", "tests": "320", "failures": "5", "errors": "0", "skipped": "2"}
    checks, people = root
    counts = {"timestamp": "2026-11-24T10:17:48", "errors": "0"}
    assert checks.attrib == {"name": "management", "tests": "20", "failures": "3", "skipped": "2", **counts}
    assert people.attrib == {"name": "people", "tests": "300", "failures": "2", "skipped": "0", **counts}
    assert {each.get("name"): each.get("value") for each in checks.iter("property")} == {
        "authentik_url": "https://authentik.company",
        "authentik_version": "2026.5.2",
        "netbird_url": "https://netbird.company",
        "netbird_version": "",
    }

    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert len(cases) == 320
    assert {case.get("classname") for case in checks.iter("testcase")} == {"verify.management"}
    (failure, seen) = cases["Signing key"]
    assert failure.attrib == {
        "type": "signing-key-missing",
        "message": "The provider has no signing key, so its tokens are HS256.",
    }
    assert (failure.text or "").splitlines() == [
        "saw: no signing key in the provider NetBird",
        f"do: {ROWS[5]['remedy']}",
        "see: https://github.com/netbirdio/netbird/issues/1947",
    ]
    assert (seen.tag, seen.text) == ("system-out", "no signing key in the provider NetBird")
    # Two rows of one check.
    assert [each.tag for each in cases["Redirects"]] == ["failure", "system-out"]
    (warning,) = cases["Redirects: redirect-dots"]
    assert warning.tag == "system-out"
    assert str(warning.text).startswith(
        "warning: An unescaped dot in a redirect's pattern takes other hosts too. [redirect-dots]\n"
    )
    (skipped,) = cases["Device code flow"]
    assert (skipped.tag, skipped.attrib) == ("skipped", {"message": "the management set-up has none"})
    assert [each.text for each in cases["Clock"]] == ["2 seconds apart"]
    assert len(cases["Application"]) == 0
    (failure, groups) = cases["bob.archer21"]
    assert failure.attrib == {"type": "groups", "message": "the token lacks nb-operators"}
    assert groups.text == "nb-developers"

    right = ElementTree.fromstring(reports["right"]["report.xml"].encode())
    assert [suite.get("name") for suite in right] == ["management"]
    assert len(list(right.iter("failure"))) == 0


def test_servers_words_are_words_in_every_report(reports: dict[str, dict[str, str]]) -> None:
    words = [CLEANED.sub(REPLACEMENT, text) for text in HOSTILE]
    table, xml, html = (reports["hostile"][each] for each in FORMATS)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]", table)
    lines = [f"skipped  {CLEANED.sub(REPLACEMENT, ' '.join(text.split()))}: " for text in HOSTILE[:5]]
    assert [line for line in lines if line not in table] == []

    root = ElementTree.fromstring(xml.encode())
    # XML's attributes have no line breaks, its text has one kind of them.
    assert [each.get("message") for each in root.iter("skipped")] == [re.sub("\r\n|[\n\t]", " ", text) for text in words]
    seen = [case.findtext("system-out") for case in root[0].iter("testcase") if case.find("failure") is not None]
    assert seen == [text.replace("\r\n", "\n") for text in words]
    assert {each.get("type") for each in root[0].iter("failure")} == {"a<b>&\"c'"}

    page, usual = Page(html), Page(reports["usual"]["report.html"])
    assert {tag for tag, _ in page.elements} == {tag for tag, _ in usual.elements}
    assert {name for _, attributes in page.elements for name in attributes} == {
        name for _, attributes in usual.elements for name in attributes
    }
    assert page.text("h3") == words * 2
    assert [link["href"] for link in page.all("a") if link["href"][0] != "#"] == ['https://github.com/a/b/issues/1"><b>'] * 16


def test_the_page_needs_nothing_else_and_is_in_order(reports: dict[str, dict[str, str]]) -> None:
    page = Page(reports["usual"]["report.html"])
    assert reports["usual"]["report.html"].startswith("<!doctype html>\n")
    assert page.all("html") == [{"lang": "en"}]
    assert not {tag for tag, _ in page.elements} & {"script", "link", "img", "iframe", "object", "base", "form"}
    (policy,) = (meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy.split("; ")[0] == "default-src 'none'"
    assert not re.search(r"url\(|@import", reports["usual"]["report.html"])
    targets = [f"#{attributes['id']}" for tag, attributes in page.elements if tag == "section"]
    assert targets == ["#failed", "#warning", "#passed", "#skipped", "#people"]
    links = [link["href"] for link in page.all("a")]
    assert links[:5] == targets
    assert links[5:] == [
        "https://github.com/netbirdio/netbird/issues/1947",
        "https://github.com/goauthentik/terraform-provider-authentik/issues/915",
    ]

    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))
    assert page.text("h1") == ["3 of 20 checks failed, and 2 of 300 people would get the wrong groups."]
    assert [each["scope"] for each in page.all("th")] == ["col", "col", *["row"] * 300]
    # Those who differ come first.
    names = [text for tag, text in page.texts if tag == "bdi"]
    assert names.index("erin.cooper44") < names.index("alice.archer0")
    assert Page(reports["right"]["report.html"]).text("h1") == ["Everything is as it should be."]


# Each frame is a screen of its own: the width of its media queries is the frame's, and the colour scheme that of the element.
SCREENS = [(390, 844, "light"), (390, 844, "dark"), (1280, 900, "light"), (1280, 900, "dark")]
WRAPPER = r"""
<!doctype html><meta charset="utf-8"><title></title>
<style>body { margin: 0; display: flex } iframe { border: 0; flex: none }</style>
FRAMES
<script>
const channels = color => color.match(/[\d.]+/g).map(Number);
const luminance = color => channels(color).slice(0, 3).map(each => each / 255)
  .map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
  .reduce((sum, each, index) => sum + each * [0.2126, 0.7152, 0.0722][index], 0);
function measure(window) {
  const style = element => window.getComputedStyle(element);
  const ground = element => (channels(style(element).backgroundColor)[3] ?? 1) ? style(element).backgroundColor
    : ground(element.parentElement);
  const contrasts = {}, beyond = [];
  for (const element of window.document.body.querySelectorAll("*")) {
    const box = element.getBoundingClientRect();
    if (box.left < 0 || box.right > window.innerWidth || element.scrollWidth > element.clientWidth + 1 && element.clientWidth)
      beyond.push(element.outerHTML.slice(0, 200));
    if ([...element.childNodes].some(node => node.nodeType == 3 && node.data.trim())) {
      const [dark, light] = [style(element).color, ground(element)].map(luminance).sort((a, b) => a - b);
      contrasts[style(element).color + " on " + ground(element)] = (light + 0.05) / (dark + 0.05);
    }
  }
  return {
    width: window.innerWidth, scrollWidth: window.document.documentElement.scrollWidth, beyond, contrasts,
    dark: window.matchMedia("(prefers-color-scheme: dark)").matches,
    requests: window.performance.getEntriesByType("resource").map(each => each.name),
  };
}
onload = () => document.title = JSON.stringify(Array.from(frames).map(measure));
</script>
"""


def look_at(html: str, name: str, profile: Path) -> list[dict[str, Any]]:
    """The measures of a page on every screen, by one start of Chromium that takes a screenshot of all of them."""
    browser = shutil.which("chromium")
    assert browser, "The page is tested in Chromium: install your system's package chromium."
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    frames = "".join(
        f'<iframe width="{width}" height="{height}" style="color-scheme: {scheme}" srcdoc="{escape(html)}"></iframe>'
        for width, height, scheme in SCREENS
    )
    (SCREENSHOTS / f"{name}.html").write_text(WRAPPER.replace("FRAMES", frames))
    size = f"{sum(width for width, _, _ in SCREENS)},{max(height for _, height, _ in SCREENS)}"
    command = [
        browser,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={profile}",
        f"--window-size={size}",
        f"--screenshot={SCREENSHOTS / f'{name}.png'}",
        "--dump-dom",
        (SCREENSHOTS / f"{name}.html").as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    found = re.search("<title>(.+?)</title>", done.stdout)
    assert found, done.stdout[-2000:] + done.stderr
    measured: list[dict[str, Any]] = json.loads(unescape(found[1]))
    return measured


@pytest.mark.once
@pytest.mark.parametrize("name", CASES)
def test_the_page_in_a_browser(reports: dict[str, dict[str, str]], name: str, tmp_path: Path) -> None:
    measured = look_at(reports[name]["report.html"], name, tmp_path)
    assert [(screen["width"], screen["dark"]) for screen in measured] == [
        (width, scheme == "dark") for width, _, scheme in SCREENS
    ]
    for screen in measured:
        assert screen["beyond"] == []
        assert screen["scrollWidth"] == screen["width"]
        assert screen["requests"] == []
        assert len(screen["contrasts"]) >= 3
        assert {pair: contrast for pair, contrast in screen["contrasts"].items() if contrast < 4.5} == {}
    image = (SCREENSHOTS / f"{name}.png").read_bytes()
    assert struct.unpack(">II", image[16:24]) == (3340, 900)
    assert len(image) > 100_000  # a blank one has some 10 kB
