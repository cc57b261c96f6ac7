"""From one person's click until another person sees it, in two browsers on the same machine."""

import json
from collections.abc import Callable
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from tests.benchmarks.desk import AGENT, LEAD, PASSWORD, REQUESTER, Installation
from tests.benchmarks.figures import WARM_UP, Figures, Sample
from tests.browser.conftest import FLAGS, chromium

pytestmark = pytest.mark.bench
TIMES = 20
# Longer than the page keeps back what stands beside: each change meets a quiet page.
PAUSE = 1_000
# Both browsers read the same clock, and the click itself counts, not the program that asks for it.
CLICKS = """() => addEventListener("click", () => {
  window.clicked = performance.timeOrigin + performance.now();
}, true)"""
# Until the frame in which it is drawn.
SEEN = """() => {
  const shown = () => %s;
  window.seen = new Promise((found) => {
    const look = () => {
      if (!shown()) return;
      watch.disconnect();
      requestAnimationFrame(() => found(performance.timeOrigin + performance.now()));
    };
    const watch = new MutationObserver(look);
    watch.observe(document.body, { childList: true, subtree: true });
  });
}"""
# Own styles and scripts of a page as they were sent (htmx is not ours), in bytes.
SENT = """() => performance.getEntriesByType("resource")
  .filter(({ name }) => /\\/static\\/(css|js)\\//.test(name))
  .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)"""
SHIFTS = """
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
  }).observe({ type: "layout-shift", buffered: true });"""
# Until what a page fetches a second after it has come.
LATE = 2_500
# What to click, and the script's words for "it is shown".
Change = Callable[[int], tuple[Locator, str]]


def test_two_browsers(full_desk: Installation, figures: Figures) -> None:
    with closing(full_desk.program(LEAD)) as program:
        words = {"subject": "Scanner is slow", "description": "Since noon."}
        number = int(program.post("/api/v1/tickets/", json=words).json()["number"])
    full_desk.quiet()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        here = enter(browser, full_desk, LEAD, f"/desk/t/{number}/")
        there = enter(browser, full_desk, AGENT, f"/desk/t/{number}/")
        notes = until_seen(here, there, lambda turn: note(here, turn))
        there.goto("/desk/v/open/?layout=table", wait_until="networkidle")
        rows = until_seen(here, there, lambda _turn: priority(here, there, number))
        browser.close()
    figures.group("Live, two browsers")
    figures.calls("a note: from the click to another's screen", notes)
    figures.calls("a priority: from the click to another's list", rows)


def test_first_visits(full_desk: Installation, figures: Figures) -> None:
    """What a browser that was never here loads of ours, and how far things move meanwhile."""
    with closing(full_desk.program(LEAD)) as program:
        number = program.get("/api/v1/tickets/").json()["results"][0]["number"]
    full_desk.quiet()
    figures.group("First visits in a browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for name, who, path in (
            ("agents' list", LEAD, "/desk/v/open/"),
            ("ticket", LEAD, f"/desk/t/{number}/"),
            ("portal home", REQUESTER, "/"),
        ):
            sent, shifted = first_visit(browser, full_desk, who, path)
            figures.fact(name, f"{sent / 1000:.1f} KB of CSS and JS, layout shift {shifted:.3f}")
        browser.close()


def first_visit(browser: Browser, desk: Installation, who: str, path: str) -> tuple[int, float]:
    """Bytes and layout shift (sum) of a page that is the first of its session and its browser."""
    with closing(desk.signed_in(who)) as reader:
        session = reader.cookies["sessionid"]
    context = browser.new_context(base_url=desk.url, locale="en-GB")
    context.add_cookies([{"name": "sessionid", "value": session, "url": desk.url}])
    page = context.new_page()
    page.add_init_script(SHIFTS)
    page.goto(path, wait_until="networkidle")
    page.wait_for_timeout(LATE)
    page.wait_for_load_state("networkidle")
    found = page.evaluate(SENT), page.evaluate("window.shifted")
    context.close()
    return found


def enter(browser: Browser, desk: Installation, email: str, path: str) -> Page:
    """A window of somebody who is signed in and stands at `path`."""
    page = browser.new_context(base_url=desk.url, locale="en-GB").new_page()
    page.goto("/account/sign-in/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/account/" not in url)
    page.goto(path, wait_until="networkidle")
    page.evaluate(CLICKS)
    return page


def until_seen(here: Page, there: Page, change: Change) -> Sample:
    """Seconds from a click `here` until it is drawn over `there`."""
    found = []
    for turn in range(TIMES + WARM_UP):
        for page in (here, there):
            page.wait_for_timeout(PAUSE / 2)
            page.wait_for_load_state("networkidle")
        button, shown = change(turn)
        there.evaluate(SEEN % shown)
        button.click()
        seen = there.evaluate("window.seen")
        found.append((seen - here.evaluate("window.clicked")) / 1000)
    return Sample(tuple(found[WARM_UP:]))


def note(here: Page, turn: int) -> tuple[Locator, str]:
    """A note that waits for its button (people of the demo speak four languages)."""
    composer = here.locator(".composer")
    composer.locator("[data-mode-tab=note]").click()
    text = f"Looked again, try {turn} of many."
    composer.locator("textarea[name=text]").fill(text)
    shown = f"document.getElementById('conversation').textContent.includes({json.dumps(text)})"
    return composer.locator("[data-send][data-only=note]"), shown


def priority(here: Page, there: Page, number: int) -> tuple[Locator, str]:
    """The priority that the ticket does not have, in its open menu."""
    version = there.locator(f"#row-{number}").get_attribute("data-version")
    here.locator("summary[data-key=p]").click()
    other = here.locator("#ticket-head details[open] .picker__row:not([aria-current])").first
    return other, f"document.getElementById('row-{number}').dataset.version !== '{version}'"
