"""Charts as SVG, drawn on the server: no script, no style attributes, numbers as real text.

The viewBox is the width the chart is shown at, so that text stays 11 pixels. Colours come from
CSS classes. Every chart has a title and a description for screen readers; the page puts the same
figures into a table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import pgettext

LEFT, RIGHT, TOP, BOTTOM = 40, 12, 22, 22
STEPS = (1, 2, 2.5, 5, 10)
GRID_LINES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where a chart's values lie: days from left to right, 0 to `top` from bottom to top."""

    width: int
    height: int
    count: int
    top: float

    @property
    def slot(self) -> float:
        """The width a day has."""
        return (self.width - LEFT - RIGHT) / max(self.count, 1)

    def x(self, index: int) -> float:
        """The middle of a day."""
        return LEFT + self.slot * (index + 0.5)

    def y(self, value: float) -> float:
        """The height of a value."""
        room = self.height - TOP - BOTTOM
        return self.height - BOTTOM - room * (value / self.top if self.top else 0)


def nice_top(highest: float) -> float:
    """The end of an axis from 0 that holds `highest` and divides into even steps."""
    if highest <= 0:
        return GRID_LINES
    step = highest / GRID_LINES
    power = 1.0
    while power * 10 <= step:
        power *= 10
    while power > step:
        power /= 10
    factor = next(nice for nice in STEPS if nice * power >= step)
    # Counts have no halves: below four the axis still ends at four.
    return max(factor * power, 1) * GRID_LINES


def number(value: float) -> str:
    """A coordinate: at most one decimal and always a point, whatever the page's language."""
    return f"{value:.1f}".removesuffix(".0")


def columns_and_line(
    days: Sequence[date],
    columns: Sequence[int],
    line: Sequence[int],
    *,
    title: str,
    description: str,
    last_label: str,
    width: int = 660,
    height: int = 210,
) -> SafeString:
    """Columns for one figure and a line for the other, both from 0 on one axis."""
    highest = max([*columns, *line, 0])
    frame = Frame(width=width, height=height, count=len(days), top=nice_top(highest))
    parts = [
        grid(frame),
        _columns(frame, columns),
        _polyline(frame, list(line)),
        _days(frame, days),
        _label(frame, len(days) - 1, max(columns[-1], line[-1]), last_label),
    ]
    return svg(frame, title, description, parts)


def area(
    days: Sequence[date],
    values: Sequence[int],
    *,
    title: str,
    description: str,
    last_label: str,
    width: int = 460,
    height: int = 210,
) -> SafeString:
    """One figure as a line over a filled area from 0."""
    frame = Frame(width=width, height=height, count=len(days), top=nice_top(max([*values, 0])))
    points = [(frame.x(i), frame.y(value)) for i, value in enumerate(values)]
    ground = frame.y(0)
    shape = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    filled = f"{number(points[0][0])},{number(ground)} {shape} {number(points[-1][0])},{ground}"
    parts = [
        grid(frame),
        format_html('<polygon class="chart__area" points="{}"/>', filled),
        _polyline(frame, list(values)),
        _days(frame, days),
        _dot(frame, len(days) - 1, values[-1]),
        _label(frame, len(days) - 1, values[-1], last_label),
    ]
    return svg(frame, title, description, parts)


def dots(
    days: Sequence[date],
    values: Sequence[float | None],
    *,
    title: str,
    description: str,
    middle: float | None = None,
    middle_label: str = "",
    unit: str = "",
    top: float | None = None,
    width: int = 560,
    height: int = 190,
) -> SafeString:
    """One dot a day; days without a value have none. A dashed line marks the whole range's."""
    known = [value for value in values if value is not None]
    frame = Frame(
        width=width, height=height, count=len(days), top=top or nice_top(max([*known, 0]))
    )
    parts = [grid(frame, unit)]
    if middle is not None:
        parts.append(_middle(frame, middle, middle_label))
    parts += [_dot(frame, i, value) for i, value in enumerate(values) if value is not None]
    parts.append(_days(frame, days))
    return svg(frame, title, description, parts)


def spark(values: Sequence[float], *, width: int = 84, height: int = 24) -> SafeString:
    """A small line beside a figure; decoration only, the figure says it all."""
    if len(values) < 2:
        return SafeString("")
    top = max([*values, 1])
    step = (width - 6) / (len(values) - 1)
    points = [(3 + step * i, height - 3 - (height - 6) * v / top) for i, v in enumerate(values)]
    line = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    return format_html(
        '<svg class="chart spark" viewBox="0 0 {} {}" aria-hidden="true">'
        '<polyline class="chart__line" points="{}"/><circle class="chart__end" cx="{}" cy="{}"'
        ' r="2"/></svg>',
        width, height, line, number(points[-1][0]), number(points[-1][1]),
    )  # fmt: skip


def svg(frame: Frame, title: str, description: str, parts: Sequence[SafeString]) -> SafeString:
    """The whole chart, said in words to who does not see it."""
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img"><title>{}</title><desc>{}</desc>{}'
        "</svg>",
        frame.width, frame.height, title, description,
        format_html_join("", "{}", ((part,) for part in parts)),
    )  # fmt: skip


def grid(frame: Frame, unit: str = "") -> SafeString:
    """Lines with their values, from 0 to the top."""
    values = [frame.top * i / GRID_LINES for i in range(GRID_LINES + 1)]
    return format_html_join(
        "",
        '<line class="chart__{}" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<text x="{}" y="{}" text-anchor="end">{}</text>',
        (
            (
                "grid" if value else "axis",
                LEFT, frame.width - RIGHT, number(frame.y(value)), number(frame.y(value)),
                LEFT - 6, number(frame.y(value) + 4), _axis_value(value, unit),
            )
            for value in values
        ),
    )  # fmt: skip


# From here on the axis counts in thousands: its side has room for four digits.
_LONG = 10_000


def _axis_value(value: float, unit: str) -> str:
    if value >= _LONG:
        value, unit = value / 1000, f"k{unit}"
    text = formats.number_format(round(value, 1), 0 if value == int(value) else 1)
    return f"{text}\u202f{unit}" if unit else text


def _columns(frame: Frame, values: Sequence[int]) -> SafeString:
    wide = min(frame.slot * 0.7, 26)
    last = len(values) - 1
    return format_html_join(
        "",
        '<rect class="chart__bar{}" x="{}" y="{}" width="{}" height="{}" rx="2"/>',
        (
            (
                " chart__bar--strong" if i == last else "",
                number(frame.x(i) - wide / 2), number(frame.y(value)),
                number(wide), number(frame.y(0) - frame.y(value)),
            )
            for i, value in enumerate(values)
            if value
        ),
    )  # fmt: skip


def _middle(frame: Frame, value: float, text: str) -> SafeString:
    """A dashed line across; what it means stands above the plot, where no dot can be."""
    return format_html(
        '<line class="chart__dash" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<text class="chart__strong" x="{}" y="{}" text-anchor="end">{}</text>',
        LEFT, frame.width - RIGHT, number(frame.y(value)), number(frame.y(value)),
        frame.width - RIGHT, TOP - 10, text,
    )  # fmt: skip


def _polyline(frame: Frame, values: Sequence[float]) -> SafeString:
    points = " ".join(
        f"{number(frame.x(i))},{number(frame.y(value))}" for i, value in enumerate(values)
    )
    return format_html('<polyline class="chart__line" points="{}"/>', points)


def _dot(frame: Frame, index: int, value: float) -> SafeString:
    return format_html(
        '<circle class="chart__dot" cx="{}" cy="{}" r="3"/>',
        number(frame.x(index)), number(frame.y(value)),
    )  # fmt: skip


def _days(frame: Frame, days: Sequence[date]) -> SafeString:
    """Every day in a week; in longer ranges the Mondays, at most ten of them."""
    if len(days) <= 7:
        marked = list(enumerate(days))
    else:
        mondays = [(i, day) for i, day in enumerate(days) if day.weekday() == 0]
        marked = mondays[:: max(1, -(-len(mondays) // 10))]
    form = pgettext("date format", "j M")
    return format_html_join(
        "",
        '<text x="{}" y="{}" text-anchor="middle">{}</text>',
        (
            (number(frame.x(i)), frame.height - 5, formats.date_format(day, form))
            for i, day in marked
        ),
    )


def _label(frame: Frame, index: int, value: float, text: str) -> SafeString:
    """The last value in words, above its place and never beyond the edge."""
    return format_html(
        '<text class="chart__strong" x="{}" y="{}" text-anchor="end">{}</text>',
        frame.width - RIGHT, number(max(frame.y(value) - 7, 12)), text,
    )  # fmt: skip
