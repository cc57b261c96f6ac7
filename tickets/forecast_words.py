"""A forecast in words: how likely a clock fails, and what that rests on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tickets.models import SlaClock, SlaForecast
from tickets.sla_clock import Clock

# From here on it is said as a warning; below, as a quiet line.
LIKELY: Final = 0.5
POSSIBLE: Final = 0.2
BUSY, QUIET = 1.25, 0.8


@dataclass(frozen=True, slots=True)
class Likely:
    """How likely a running clock fails, by its forecast; put into words where it is shown."""

    forecast: SlaForecast

    @property
    def risk(self) -> float:
        """The probability, 0 to 1."""
        return self.forecast.risk

    @property
    def percent(self) -> str:
        """The probability in whole percent."""
        return percent(self.risk)

    @property
    def is_shown_in_lists(self) -> bool:
        """Lists carry what needs attention alone."""
        return self.risk >= LIKELY

    @property
    def mood(self) -> str:
        """late, soon or far, as the clocks' colours."""
        if self.risk >= LIKELY:
            return "late"
        return "soon" if self.risk >= POSSIBLE else "far"

    @property
    def words(self) -> str:
        """What is to be expected."""
        text = {
            "late": _("Probably late (%(percent)s)"),
            "soon": _("May be late (%(percent)s)"),
            "far": _("Probably in time (late in %(percent)s of such cases)"),
        }[self.mood]
        return text % {"percent": self.percent}

    @property
    def why(self) -> str:
        """What that rests on: cases alike, and how busy the team is."""
        return " ".join(filter(None, (_alike(self.forecast), _load(self.forecast.load))))


def percent(risk: float) -> str:
    """A probability in whole percent; never 0 or 100, which nobody can know."""
    value = min(max(round(risk * 100), 1), 99)
    return _("%(value)d %%") % {"value": value}


def likely(row: SlaClock, moment: datetime) -> Likely | None:
    """The forecast of a clock that still runs; `forecast` was read with its row."""
    forecast: SlaForecast | None = getattr(row, "forecast", None)
    return Likely(forecast) if forecast is not None and foreseeable(row, moment) else None


def foreseeable(clock: SlaClock | Clock, moment: datetime) -> bool:
    """Whether it is still open how a clock ends: it runs, and its time is not over."""
    stands = clock.paused_at or clock.met_at or clock.stopped_at or clock.breached_at
    return stands is None and clock.due_at > moment


def _alike(forecast: SlaForecast) -> str:
    how = {
        1: _("all tickets"),
        2: _("same priority"),
        3: _("same priority and team"),
        4: _("same priority, team and category"),
        5: _("same priority, team, category and channel"),
    }[min(max(forecast.depth, 1), 5)]
    text = ngettext(
        "Of %(count)d ticket that had waited as long (%(how)s), %(longer)d went over the time.",
        "Of %(count)d tickets that had waited as long (%(how)s), %(longer)d went over the time.",
        forecast.alike,
    )
    return text % {"count": forecast.alike, "longer": forecast.longer, "how": how}


def _load(load: float) -> str:
    times = {"times": formats.number_format(round(load, 1), 1)}
    if load >= BUSY:
        return _("The team has %(times)s times its usual number of open tickets.") % times
    if load <= QUIET:
        return _("The team has fewer open tickets than usual.")
    return ""
