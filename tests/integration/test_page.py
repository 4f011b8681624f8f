# Copyright (c) 2026, the zerotrust.netbird_authentik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the role verify as a browser shows it, with the pictures of logins that work and that break."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest

from support import ROOT
from support.broken import Management, set_up
from support.frozen import Frozen
from support.report import CASES, Page, render

pytestmark = pytest.mark.once
SCREENSHOTS = ROOT / ".build/report"  # for people to look at


def work(_: Management) -> None:
    """Leave the set-up as it is."""


def wrong_redirect(it: Management) -> None:
    for entry in it.provider["redirect_uris"]:
        if entry["redirect_uri_type"] == "authorization":
            entry["url"] += "/"


def no_signing_key(it: Management) -> None:
    it.provider["signing_key"] = None


def blocked(it: Management) -> None:
    assert it.log_in()["outcome"] == "logged_in"
    for user in it.nb.users.values():
        user["is_blocked"] = user["email"] == "alice@example.com"


# Logins: what is done before, the step at which each breaks, and how.
LOGINS: dict[str, tuple[Callable[[Management], None], tuple[str, int, str]]] = {
    "login that works": (work, ("", 0, "")),
    "login that authentik refuses": (
        wrong_redirect,
        ("asks authentik for a login", 400, 'authentik shows "Redirect URI Error"'),
    ),
    "login that NetBird refuses": (
        no_signing_key,
        ("brings authentik's answer to NetBird", 500, 'NetBird shows "Authentication failed"'),
    ),
    "login of a blocked person": (
        blocked,
        ("asks NetBird's API who that is", 403, "NetBird answers 403 to the person's token"),
    ),
}


@pytest.fixture(scope="module")
def logins(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What was found after each of the logins."""
    found = {}
    for servers in set_up(tmp_path_factory.mktemp("logins"), "management", {"management_user_approval_required": False}):
        for name, (change, _) in LOGINS.items():
            frozen = [Frozen(server.state) for server in servers.both]
            it = Management(servers, "management")
            change(it)
            found[name] = it.look()
            for each in frozen:
                each.restore()
    return found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, logins: dict[str, dict[str, Any]]) -> dict[str, str]:
    """The page of every case, and of every login."""
    seen = {name: {"rows": found["checks"], "people": [], "course": found["course"]} for name, found in logins.items()}
    reports = render({**CASES, **seen}, tmp_path_factory.mktemp("reports"))
    return {name: report["report.html"] for name, report in reports.items()}


@pytest.mark.parametrize("name", LOGINS)
def test_the_picture_of_a_login(logins: dict[str, dict[str, Any]], pages: dict[str, str], name: str) -> None:
    course, html = logins[name]["course"], pages[name]
    page, (_, (does, status, broke)) = Page(html), LOGINS[name]
    assert [(each["does"], each["status"], each["broke"]) for each in course if each["broke"]] == (
        [(does, status, broke)] if broke else []
    )
    assert "gives the password" in {each["does"] for each in course} or name == "login that authentik refuses"

    (picture,) = (attributes for attributes in page.all("svg") if attributes.get("role") == "img")
    assert picture["aria-labelledby"].split() == [page.all("title")[1]["id"], *(each["id"] for each in page.all("desc"))]
    assert page_lines(html) == ["went"] * (len(course) - 1) + ["failed" if broke else "went"]
    (said,) = page.text("desc")
    assert said.endswith(f" It broke at the last one: {broke}." if broke else " All went well.")
    # The list has in words what the picture shows, and neither has a query.
    items = [" ".join(unescape(re.sub("<[^>]*>", "", item)).split()) for item in re.findall("(?s)<li><span dir.*?</li>", html)]
    items = items[-len(course) :]
    for item, each in zip(items, course, strict=True):
        assert item.startswith(f"The person {each['does']}: {each['method']} {each['path']}, ")
        assert str(each["status"]) in item
        assert (f"{each['requests']} requests" in item) is (each["requests"] > 1)
        assert item.endswith(f"It broke here: {each['broke']}.") is bool(each["broke"])
    assert "?" not in "".join(each["path"] for each in course)
    assert not re.search("[?&](state|code|nonce|client_id)=", html)


# Each frame is a screen of its own: the width of its media queries is the frame's, and the colour scheme that of the element.
SCREENS = [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")]
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
    // What ends in an ellipsis is meant to be longer than its place.
    const longer = element.scrollWidth > element.clientWidth + 1 && style(element).textOverflow != "ellipsis";
    if (box.left < 0 || box.right > window.innerWidth || longer && element.clientWidth)
      beyond.push(element.outerHTML.slice(0, 200));
    if ([...element.childNodes].some(node => node.nodeType == 3 && node.data.trim())) {
      const [dark, light] = [style(element).color, ground(element)].map(luminance).sort((a, b) => a - b);
      contrasts[style(element).color + " on " + ground(element)] = (light + 0.05) / (dark + 0.05);
    }
  }
  return {
    width: window.innerWidth, scrollWidth: window.document.documentElement.scrollWidth, beyond, contrasts,
    arrows: Array.from(window.document.querySelectorAll("line.arrow:not(.unseen)"), line =>
      [line.parentElement.classList[0], style(line).stroke, line.getBoundingClientRect().width]),
    dark: window.matchMedia("(prefers-color-scheme: dark)").matches,
    requests: window.performance.getEntriesByType("resource").map(each => each.name),
  };
}
onload = () => document.title = JSON.stringify(Array.from(frames).map(measure));
</script>
"""


def look_at(html: str, name: str, profile: Path, height: int) -> list[dict[str, Any]]:
    """The measures of a page on every screen, by one start of Chromium that takes a screenshot of all of them.

    ``height`` is how much of the page that shows, in pixels.
    """
    browser = shutil.which("chromium")
    assert browser, "The page is tested in Chromium: install your system's package chromium."
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    frames = "".join(
        f'<iframe width="{width}" height="{height}" style="color-scheme: {scheme}" srcdoc="{escape(html)}"></iframe>'
        for width, scheme in SCREENS
    )
    (SCREENSHOTS / f"{name}.html").write_text(WRAPPER.replace("FRAMES", frames))
    size = f"{sum(width for width, _ in SCREENS)},{height}"
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


def page_lines(html: str) -> list[str]:
    """What the picture of a page draws, by whether it failed."""
    return [attributes["class"] for tag, attributes in Page(html).elements if tag == "g"]


@pytest.mark.parametrize("name", [*CASES, *LOGINS])
def test_the_page_in_a_browser(pages: dict[str, str], name: str, tmp_path: Path) -> None:
    height = 900 if name in CASES else 2400
    measured = look_at(pages[name], name, tmp_path, height)
    assert [(screen["width"], screen["dark"]) for screen in measured] == [(width, scheme == "dark") for width, scheme in SCREENS]
    for screen in measured:
        assert screen["beyond"] == []
        assert screen["scrollWidth"] == screen["width"]
        assert screen["requests"] == []
        assert len(screen["contrasts"]) >= 3
        assert {pair: contrast for pair, contrast in screen["contrasts"].items() if contrast < 4.5} == {}
        # The arrows are drawn, and where it broke in another colour than the rest.
        assert len(screen["arrows"]) == len(page_lines(pages[name]))
        assert all(width > screen["width"] / 6 for _, _, width in screen["arrows"])
        colours = {kind: stroke for kind, stroke, _ in screen["arrows"]}
        assert len(set(colours.values())) == len(colours)
    image = (SCREENSHOTS / f"{name}.png").read_bytes()
    assert struct.unpack(">II", image[16:24]) == (3340, height)
    assert len(image) > 100_000  # a blank one has some 10 kB
