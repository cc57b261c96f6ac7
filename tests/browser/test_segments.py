"""The page counts text messages as the server does."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.channels.sms.table import CASES

pytestmark = pytest.mark.browser
SOURCE = Path(__file__).resolve().parents[2] / "static" / "js" / "segments.js"
COUNT = "([script, texts]) => texts.map(new Function(script + '; return countSegments;')())"


def test_the_page_counts_like_the_server(browser: Browser) -> None:
    page = browser.new_page()
    page.goto("about:blank")
    script = SOURCE.read_text().replace("export function", "function")
    found = page.evaluate(COUNT, [script, [case[0] for case in CASES]])
    page.close()
    counted = [(one["encoding"], one["units"], one["segments"]) for one in found]
    assert counted == [case[1:] for case in CASES]
