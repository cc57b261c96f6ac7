"""Charts that are no series of days: shares in stacked columns, bars of groups, a heat map."""

from collections.abc import Sequence
from datetime import date

from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import pgettext

from analytics.charts import BOTTOM, RIGHT, Frame, grid, nice_top, number, svg

BAR, GAP, NAMES = 18, 8, 118
CELL_GAP, HEAT_LEFT, HEAT_TOP = 2, 40, 8
SHADES = 4
HOURS_BETWEEN_LABELS = 3


def stacked(
    days: Sequence[date],
    lower: Sequence[int],
    upper: Sequence[int],
    *,
    title: str,
    description: str,
    texts: Sequence[str],
    width: int = 560,
    height: int = 210,
) -> SafeString:
    """A column for each day with two parts, from 0; `texts` stand above the columns."""
    tops = [low + high for low, high in zip(lower, upper, strict=True)]
    frame = Frame(width=width, height=height, count=len(days), top=nice_top(max([*tops, 0])))
    wide = min(frame.slot * 0.6, 26)
    form = pgettext("date format", "j M")
    columns = [
        format_html(
            '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>',
            kind, number(frame.x(i) - wide / 2), number(frame.y(foot + size)), number(wide),
            number(frame.y(foot) - frame.y(foot + size)),
        )
        for i in range(len(days))
        for kind, foot, size in (
            ("chart__bar", 0, lower[i]), ("chart__bar--late", lower[i], upper[i])
        )
        if size
    ]  # fmt: skip
    said = format_html_join(
        "",
        '<text class="chart__strong" x="{}" y="{}" text-anchor="middle">{}</text>'
        '<text x="{}" y="{}" text-anchor="middle">{}</text>',
        (
            (
                number(frame.x(i)), number(frame.y(tops[i]) - 5), texts[i],
                number(frame.x(i)), height - 5,
                formats.date_format(day, form) if (len(days) - 1 - i) % 2 == 0 else "",
            )
            for i, day in enumerate(days)
        ),
    )  # fmt: skip
    return svg(frame, title, description, [grid(frame), *columns, said])


def bars(
    rows: Sequence[tuple[str, float, str, str]],
    *,
    title: str,
    description: str,
    width: int = 560,
) -> SafeString:
    """A bar for each row: name, size, the size in words, and a class of the bar or ""."""
    height = len(rows) * (BAR + GAP) + GAP
    frame = Frame(width=width, height=height, count=len(rows), top=1)
    highest = max([size for _, size, _, _ in rows] + [0]) or 1
    room = width - NAMES - RIGHT - 76
    lines = format_html_join(
        "",
        '<text x="{}" y="{}" text-anchor="end">{}</text>'
        '<rect class="chart__bar {}" x="{}" y="{}" width="{}" height="{}" rx="2"/>'
        '<text class="chart__strong" x="{}" y="{}">{}</text>',
        (
            (
                NAMES - 8, GAP + i * (BAR + GAP) + 13, name,
                kind, NAMES, GAP + i * (BAR + GAP), number(room * size / highest), BAR,
                number(NAMES + room * size / highest + 6), GAP + i * (BAR + GAP) + 13, words,
            )
            for i, (name, size, words, kind) in enumerate(rows)
        ),
    )  # fmt: skip
    return svg(frame, title, description, [lines])


def heat(
    rows: Sequence[tuple[str, Sequence[int]]],
    *,
    title: str,
    description: str,
    width: int = 660,
    height: int = 210,
) -> SafeString:
    """Named rows of equal length as cells: the more, the stronger, in four shades."""
    count = len(rows[0][1])
    frame = Frame(width=width, height=height, count=count, top=1)
    wide = (width - HEAT_LEFT - RIGHT) / count
    high = (height - HEAT_TOP - BOTTOM) / len(rows)
    highest = max(max(values) for _, values in rows) or 1
    cells = format_html_join(
        "",
        '<rect class="chart__cell-{}" x="{}" y="{}" width="{}" height="{}" rx="2"/>',
        (
            (
                shade(value, highest), number(HEAT_LEFT + wide * x), number(HEAT_TOP + high * y),
                number(wide - CELL_GAP), number(high - CELL_GAP),
            )
            for y, (_, values) in enumerate(rows)
            for x, value in enumerate(values)
        ),
    )  # fmt: skip
    names = format_html_join(
        "",
        '<text x="{}" y="{}" text-anchor="end">{}</text>',
        (
            (HEAT_LEFT - 6, number(HEAT_TOP + high * (y + 0.5) + 3), name)
            for y, (name, _) in enumerate(rows)
        ),
    )
    hours = format_html_join(
        "",
        '<text x="{}" y="{}">{}</text>',
        (
            (number(HEAT_LEFT + wide * hour), height - 6, f"{hour:02d}")
            for hour in range(0, count, HOURS_BETWEEN_LABELS)
        ),
    )
    return svg(frame, title, description, [cells, names, hours])


def shade(value: int, highest: int) -> int:
    """0 for nothing, then 1 to 4 by a quarter of the highest each."""
    return -(-value * SHADES // highest) if value else 0
