"""axe-core's WCAG 2.0 and 2.1 A and AA rules, in light and dark, wide and on a phone."""

import os
from collections.abc import Mapping
from itertools import product
from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, ViewportSize

from tests.browser.conftest import visit

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"],
    "resultTypes": ["violations"],
}
# Those that a colour can break. In our own pages the scheme changes colours and nothing else
# (test_styles.py holds it): what the other rules read is the same as in the light look before.
OF_COLOURS = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
    "resultTypes": ["violations"],
}
# Of what passes, nothing is sent: that took three quarters of the time.
MEASURE = """options => axe.run(document, options).then(({violations}) => violations.flatMap(rule =>
    rule.nodes.map(node => `${rule.id}: ${node.target} ${node.failureSummary.slice(0, 300)}`)))"""
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PHONE: ViewportSize = {"width": 390, "height": 844}


DARK = "dark => document.documentElement.classList.toggle('dark', dark)"
# How many pixels a page is wider than its window, as it is written and mirrored.
SIDEWAYS = """() => {
  const root = document.documentElement, was = root.dir;
  const found = ["ltr", "rtl"].map((dir) => {
    root.dir = dir;
    return root.scrollWidth - root.clientWidth;
  });
  root.dir = was;
  return found;
}"""


def sideways(page: Page) -> list[str]:
    """Whether the page scrolls sideways, left to right or right to left."""
    found: list[int] = page.evaluate(SIDEWAYS)
    return [
        f"{page.url} is {wider} px too wide, {way}"
        for way, wider in zip(("ltr", "rtl"), found, strict=True)
        if wider > 0
    ]


def violations(page: Page, rules: Mapping[str, object] = RULES) -> list[str]:
    """What breaks a rule on the page as it is."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(MEASURE, rules)
    return [f"{page.url} {line}" for line in found]


def in_four_looks(page: Page, *sizes: ViewportSize) -> list[str]:
    """What breaks a rule on the page as it is, in light and dark, at each size (both).

    At each size it may not scroll sideways either, mirrored to right-to-left included.
    """
    found: list[str] = []
    before = page.viewport_size or DESKTOP
    for size, scheme in product(sizes or (DESKTOP, PHONE), SCHEMES):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        rules = OF_COLOURS if scheme == "dark" else RULES
        if "/admin/" in page.url:
            # Unfold asks for the scheme when a page is loaded, and again only if it is switched.
            # It shows other pictures in the dark.
            page.evaluate(DARK, scheme == "dark")
            rules = RULES
        found += [f"{scheme} {size['width']} {line}" for line in violations(page, rules)]
        if scheme == "dark":
            found += sideways(page)
        _keep_picture(page, f"{size['width']}-{scheme}")
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size(before)
    return found


def _keep_picture(page: Page, look: str) -> None:
    """For people: LOOK=folder keeps what was measured."""
    if folder := os.environ.get("LOOK"):
        name = page.url.partition("://")[2].partition("/")[2].strip("/").replace("/", "_")[:40]
        page.screenshot(path=f"{folder}/{name or 'home'}-{look}.png")


def walk(page: Page, *paths: str) -> list[str]:
    """What breaks a rule on these pages in the four looks; each is loaded once."""
    found: list[str] = []
    for path in paths:
        visit(page, path)
        found += in_four_looks(page)
    return found
