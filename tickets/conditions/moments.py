"""Points in time as conditions name them: a date, a day by name, or a distance from now.

2026-11-27   today   yesterday   tomorrow   -7d   -2w   +2h   -30m
"""

import re
from datetime import date, datetime, time, timedelta

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

_DISTANCE = re.compile(r"([+-])(\d{1,4})([mhdw])", re.ASCII)
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def readable(text: str) -> bool:
    """Whether `text` names a point in time."""
    return text in _DAYS or _DISTANCE.fullmatch(text) is not None or _date(text) is not None


def resolve(text: str, moment: datetime) -> datetime:
    """The point in time that a readable `text` names at `moment`.

    Days begin at midnight in the active time zone.
    """
    if found := _DISTANCE.fullmatch(text):
        distance = int(found[2]) * _UNITS[found[3]]
        return moment + distance if found[1] == "+" else moment - distance
    local = timezone.localtime(moment)
    if text in _DAYS:
        day = local.date() + timedelta(days=_DAYS[text])
    else:
        day = _date(text) or local.date()
    return timezone.make_aware(datetime.combine(day, time.min))


def _date(text: str) -> date | None:
    # Only the form that date fields send; years that no clock of ours shows stay out.
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year <= 9000 else None


def moment_words(text: str) -> str:
    """A readable point in time in the reader's language."""
    if found := _DISTANCE.fullmatch(text):
        span = _span(int(found[2]), found[3])
        return (_("in %(span)s") if found[1] == "+" else _("%(span)s ago")) % {"span": span}
    if text in _DAYS:
        return {"yesterday": _("yesterday"), "today": _("today"), "tomorrow": _("tomorrow")}[text]
    day = _date(text)
    return formats.date_format(day, "DATE_FORMAT") if day else text


def _span(count: int, unit: str) -> str:
    words = {
        "m": ngettext("%(count)d minute", "%(count)d minutes", count),
        "h": ngettext("%(count)d hour", "%(count)d hours", count),
        "d": ngettext("%(count)d day", "%(count)d days", count),
        "w": ngettext("%(count)d week", "%(count)d weeks", count),
    }
    return words[unit] % {"count": count}
