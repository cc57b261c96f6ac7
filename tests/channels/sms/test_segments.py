"""How many messages a text is billed as, and where a long one is cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.texting.segments import LIMIT, count, split
from tests.channels.sms.table import CASES


@pytest.mark.parametrize(("text", "encoding", "units", "segments"), CASES)
def test_it_counts_like_the_provider(text: str, encoding: str, units: int, segments: int) -> None:
    found = count(text)
    assert (found.encoding, found.units, found.segments) == (encoding, units, segments)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400), st.integers(min_value=4, max_value=50))
def test_cutting_loses_no_word_and_keeps_the_limit(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert all(len(part.encode("utf-16-le", "surrogatepass")) // 2 <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_it_cuts_between_words() -> None:
    text = "word " * 400
    first, second = split(text)
    assert len(first) <= LIMIT
    assert first.endswith("word")
    assert second.startswith("word")
