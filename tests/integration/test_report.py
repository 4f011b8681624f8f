# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role verify shows people and CI systems: the table, JUnit's XML, and the page, as text."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from support.report import CASES, FORMATS, HOSTILE, ROWS, Page, render

# What the reports show in the place of characters that XML forbids, terminals obey, or turn the direction of text.
CLEANED = re.compile("[\x00\x07\x1b\x85\ufffe\u202c\u202e]")
REPLACEMENT = "\ufffd"


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    return render(CASES, tmp_path_factory.mktemp("reports"))


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
    assert targets == ["#failed", "#warning", "#login", "#passed", "#skipped", "#people"]
    links = [link["href"] for link in page.all("a")]
    assert sorted(links[:6]) == sorted(targets)
    assert links[6:] == [
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
