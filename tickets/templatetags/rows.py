"""A ticket's row in the list pane, drawn once for as long as it looks the same.

Fifty rows were half of a list's time, and most of them look as they did a moment ago. So a row is
reduced to the words it shows, and what was drawn for the same words is shown again: nothing has to
be thrown away when a ticket, a name or a minute changes, because then the words differ.
"""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django import template
from django.conf import settings
from django.template import Context
from django.template.loader import get_template
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from omnidesk.core.templatetags.omnidesk_ui import reltime
from tickets.choices import StatusCategory
from tickets.models import Ticket
from tickets.templatetags.desk import (
    clock,
    glyph,
    priority_name,
    source_name,
    status_name,
    suggested,
)

register = template.Library()
# A row is about 1.5 KB: some 6 MB for each process.
MOST_KEPT: Final = 4_000
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Due:
    """What the SLA pill takes; seconds in whole minutes, which are what it shows."""

    state: str
    seconds: int
    due: dt.datetime | str
    text: str


@dataclass(frozen=True, slots=True)
class Risk:
    """What the risk chip takes."""

    words: str
    why: str
    percent: str
    is_shown_in_lists: bool = True


@dataclass(frozen=True, slots=True)
class Face:
    """All that a row shows of a ticket, in plain values."""

    number: int
    version: int
    subject: str
    language: str
    is_unread: bool
    glyph: str
    status: str
    source: str
    source_name: str
    requester: str
    category: str
    category_state: str
    steps: int
    steps_done: int
    is_snoozed: bool
    has_draft: bool
    priority: str
    priority_name: str
    assignee: str
    assignee_id: int | None
    due: Due
    activity: str
    risk: Risk | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where the row stands: in which view, with which query, beside which open ticket."""

    view: str
    query: str
    layout: str
    is_current: bool


@register.simple_tag(takes_context=True)
def ticket_row(context: Context, row: Ticket) -> SafeString:
    """`desk/_row.html` for a ticket with row relations and `our_turn`. Queries: 0."""
    view, opened = context.get("view") or None, context.get("ticket") or None
    place = Place(
        view=view.key if view else "",
        query=context.get("query") or "",
        layout=context.get("layout") or "",
        is_current=opened is not None and opened.number == row.number,
    )
    draw = _drawn if settings.DEBUG else _kept
    # "Monday 09:00" says another moment in another week or zone.
    day = f"{timezone.localdate()} {timezone.get_current_timezone_name()}"
    return draw(get_language() or "", day, _face(row), place)


def _face(row: Ticket) -> Face:
    due = clock(row)
    is_open = row.status_category == StatusCategory.OPEN
    category = row.category.name if row.category else suggested(row, "category")
    return Face(
        number=row.number,
        version=row.version,
        subject=row.subject,
        language=row.language,
        is_unread=bool(getattr(row, "our_turn", False)) and is_open,
        glyph=str(glyph(row.status)),
        status=str(status_name(row.status)),
        source=row.source,
        source_name=str(source_name(row.source)),
        requester=row.requester.display_name,
        category=category,
        category_state="confirmed" if row.category else "suggested",
        steps=getattr(row, "steps", 0) or 0,
        steps_done=getattr(row, "steps_done", 0) or 0,
        is_snoozed=row.snoozed_at is not None,
        has_draft=bool(getattr(row, "has_draft", False)),
        priority=row.priority,
        priority_name=str(priority_name(row.priority)),
        assignee=row.assignee.display_name if row.assignee else "",
        assignee_id=row.assignee_id,
        due=Due(due["state"], int(due["seconds"] / _MINUTE) * _MINUTE, due["due"], due["text"]),
        activity=reltime(row.last_activity_at) if due["state"] == "none" else "",
        risk=_risk(row),
    )


def _risk(row: Ticket) -> Risk | None:
    likely: Any = getattr(row, "likely", None)
    if likely is None or not likely.is_shown_in_lists:
        return None
    return Risk(str(likely.words), str(likely.why), str(likely.percent))


def _drawn(_language: str, _day: str, row: Face, place: Place) -> SafeString:
    drawn = get_template("desk/_row.html").render({"row": row, "place": place})
    return mark_safe(drawn)  # noqa: S308 - a template's output


_kept = lru_cache(maxsize=MOST_KEPT)(_drawn)
