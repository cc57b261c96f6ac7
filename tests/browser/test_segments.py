"""The page counts text messages as the server does."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.channels.sms.table import CASES

pytestmark = pytest.mark.browser
SOURCE = Path(__file__).resolve().parents[2] / "static" / "js" / "segments.js"


def test_the_page_counts_like_the_server(page: Page) -> None:
    page.goto("about:blank")
    script = SOURCE.read_text().replace("export function", "function")
    found = page.evaluate(
        "([script, texts]) => new Function(script + '; return countSegments;')()"
        " && texts.map(new Function(script + '; return countSegments;')())",
        [script, [case[0] for case in CASES]],
    )
    assert [(one["encoding"], one["units"], one["segments"]) for one in found] == [
        case[1:] for case in CASES
    ]
