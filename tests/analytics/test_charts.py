"""Charts are valid SVG, safe, and the same numbers in every language."""

from datetime import date, timedelta
from xml.etree import ElementTree as ET

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from analytics.charts import area, columns_and_line, dots, nice_top, spark

DAYS = [date(2026, 11, 1) + timedelta(days=n) for n in range(30)]
SVG = "{http://www.w3.org/2000/svg}"


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own output


def test_large_numbers_keep_to_the_axis_s_side() -> None:
    chart = parsed(area(DAYS, [99_779] * 30, title="T", description="D", last_label=""))
    said = [text.text for text in chart.findall("text")]
    assert "100\u202fk" in said
    assert all(len(text or "") <= 6 for text in said[:5])


def test_columns_stand_on_the_axis_and_keep_their_proportions() -> None:
    values = [0, 5, 10, *[0] * 27]
    chart = parsed(
        columns_and_line(DAYS, values, values, title="T", description="D", last_label="0 today")
    )
    bars = chart.findall("rect")
    assert len(bars) == 2
    low, high = (float(bar.attrib["height"]) for bar in bars)
    assert high == pytest.approx(2 * low, abs=0.2)
    feet = {round(float(b.attrib["y"]) + float(b.attrib["height"])) for b in bars}
    assert len(feet) == 1


def test_a_chart_names_and_describes_itself() -> None:
    chart = parsed(area(DAYS, [3] * 30, title="Backlog", description="3 left", last_label="3"))
    assert chart.attrib["role"] == "img"
    assert [chart.findtext("title"), chart.findtext("desc")] == ["Backlog", "3 left"]


def test_words_cannot_break_out() -> None:
    evil = "<script>alert(1)</script>"
    svg = area(DAYS, [1] * 30, title=evil, description=evil, last_label=evil)
    assert "<script>" not in svg
    assert parsed(svg).findtext("title") == evil


def test_nothing_that_the_content_policy_forbids() -> None:
    for svg in (
        columns_and_line(DAYS, [1] * 30, [2] * 30, title="T", description="D", last_label="1"),
        dots(DAYS, [1.5] * 30, title="T", description="D", middle=1.5, middle_label="M"),
        spark([1, 2, 3]),
    ):
        assert "style=" not in svg
        assert "onclick" not in svg


def test_coordinates_have_a_point_in_every_language() -> None:
    def drawn() -> str:
        return dots(DAYS, [n / 7 for n in range(30)], title="T", description="D")

    english = parsed(drawn())
    with translation.override("de"):
        german = parsed(drawn())
    places = [circle.attrib["cx"] for circle in german.findall("circle")]
    assert places == [circle.attrib["cx"] for circle in english.findall("circle")]
    assert not any("," in place for place in places)


def test_days_without_a_value_have_no_dot() -> None:
    chart = parsed(dots(DAYS, [None] * 29 + [2.0], title="T", description="D"))
    assert len(chart.findall("circle")) == 1


def test_a_week_names_every_day_and_two_months_the_mondays() -> None:
    week = parsed(area(DAYS[:7], [1] * 7, title="T", description="D", last_label="1"))
    days = [text for text in week.findall("text") if text.attrib["text-anchor"] == "middle"]
    assert len(days) == 7
    long_range = [DAYS[0] + timedelta(days=n) for n in range(60)]
    chart = parsed(area(long_range, [1] * 60, title="T", description="D", last_label="1"))
    days = [text for text in chart.findall("text") if text.attrib["text-anchor"] == "middle"]
    assert 8 <= len(days) <= 10


@given(st.floats(min_value=0, max_value=1e9))
def test_the_axis_holds_the_highest_value_and_is_not_far_above(highest: float) -> None:
    top = nice_top(highest)
    assert top >= highest * 0.999999
    assert top <= max(4, highest * 2.6)
