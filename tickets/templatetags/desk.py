"""The navigation around every desk and portal page, and words for a ticket's state."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import template
from django.http import HttpRequest
from django.template import Context
from django.urls import NoReverseMatch, reverse
from django.utils import formats, timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from omnidesk.accounts.models import Organization, User
from omnidesk.core.clock import now
from omnidesk.core.text import render_markdown
from tickets.choices import Priority, Source, StatusCategory
from tickets.filters.reading import WHERE, as_text
from tickets.forecast_words import percent
from tickets.letter import IMAGE, is_letter, letter_html, remote_pictures
from tickets.models import Change, Message, Status, Ticket
from tickets.places import place_counts
from tickets.portal_selectors import HELD
from tickets.search_selectors import START, STOP
from tickets.setup_selectors import desk_setups
from tickets.sla_selectors import NO_TIME, SOON, TimeLeft
from tickets.strips import strip_places
from tickets.timeline import Names, describe
from tickets.view_selectors import Label, view_counts, view_labels

register = template.Library()

# Where the G key leads inside the desk.
GO_KEYS = {"mine": "g m", "open": "g o", "unassigned": "g u", "breaching": "g d"}
LEADS_ONLY = frozenset({"channels", "risk", "simulator"})
# Django's get_..._display makes the whole list of choices hashable again at every call, which was
# a tenth of a list's time.
PRIORITIES = dict(Priority.choices)
SOURCES = dict(Source.choices)


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the Desk group in the navigation."""

    key: str
    name: str
    icon: str
    url: str
    keys: str = ""


@dataclass(frozen=True, slots=True)
class Rail:
    """Views that stand together in the navigation."""

    key: str
    name: str
    views: list[Label]


def nav_context(user: User, nav_key: str) -> dict[str, Any]:
    """What the navigation shows. Queries: 1 (counts), 0 where they are kept."""
    views = view_labels(user)
    organizations = sorted(desk_setups(user), key=lambda setup: setup.name)
    return {
        "counts": view_counts(user),
        "groups": [
            group
            for group in (
                Rail("top", "", [v for v in views if v.group == "top"]),
                Rail("views", _("Views"), [v for v in views if v.group == "views"]),
                Rail("own", _("My views"), [v for v in views if v.group == "own"]),
                Rail("teams", _("Teams"), [v for v in views if v.group == "teams"]),
            )
            if group.views
        ],
        "shortcuts": GO_KEYS,
        "waiting": place_counts(user),
        "places": list(_places(user)),
        "organization_name": organizations[0].name if len(organizations) == 1 else "OmniDesk",
        "live": " ".join(f"org:{organization.organization_id}" for organization in organizations),
        "nav_key": nav_key,
        "user": user,
    }


@register.simple_tag
def guests_place() -> Organization | None:
    """Whose desk takes requests of guests; None where several do: who they are is no stranger's.

    Queries: 1.
    """
    found = list(Organization.objects.filter(is_active=True, allows_guest_intake=True)[:2])
    return found[0] if len(found) == 1 else None


def _places(user: User) -> list[Place]:
    found = []
    for key, name, icon, target, keys in (
        ("incidents", _("Incidents"), "alert", "incidents:index", ""),
        ("notices", _("Status page"), "globe", "desk:notices", ""),
        ("kb", _("Knowledge"), "book", "desk:kb", "g k"),
        ("risk", _("At risk"), "flag", "desk:at_risk", "g r"),
        ("insights", _("Insights"), "chart", "analytics:insights", "g i"),
        ("simulator", _("Simulator"), "sliders", "analytics:simulations", ""),
        ("ai", _("AI"), "flask", "ai:status", ""),
        ("channels", _("Channels"), "plug", "integrations:channels", ""),
    ):
        if key in LEADS_ONLY and not user.is_lead:
            continue
        try:
            found.append(Place(key, name, icon, reverse(target), keys))
        except NoReverseMatch:
            # A part that is not mounted has no place in the navigation.
            continue
    return found


def _request(context: Context) -> HttpRequest:
    request: HttpRequest = context["request"]
    return request


@register.inclusion_tag("desk/_nav.html", takes_context=True)
def desk_nav(context: Context) -> dict[str, Any]:
    """The left navigation; a page marks its place by `nav_key` in its context."""
    request = _request(context)
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - the desk's views are for signed-in people
    return {
        **nav_context(user, str(context.get("nav_key", ""))),
        "request": request,
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("desk/_tabbar.html", takes_context=True)
def desk_tabbar(context: Context) -> dict[str, Any]:
    """The phone's tab bar."""
    return {"nav_key": context.get("nav_key", "")}


@register.simple_tag(takes_context=True, name="strip_places")
def places(context: Context) -> list[str]:
    """The strips that this desk's pages keep room for."""
    return strip_places(context["request"])


@register.simple_tag(takes_context=True)
def portal_name(context: Context) -> str:
    """The name the portal carries: the person's organization where there is exactly one.

    Queries: 0. Who administers the installation belongs to none.
    """
    request = _request(context)
    known = getattr(request, "portal_name", "")
    if not known:
        known = _portal_name(request)
        request.portal_name = known  # type: ignore[attr-defined]
    return str(known)


def _portal_name(request: HttpRequest) -> str:
    user = request.user
    if not isinstance(user, User):
        return "OmniDesk"
    names = list(user.organization_names().values())
    return _("%(name)s Help") % {"name": names[0]} if len(names) == 1 else "OmniDesk"


@register.filter
def glyph(status: Status) -> str:
    """Which status drawing fits an organization's own status."""
    if status.category == StatusCategory.OPEN:
        return "new" if status.is_default else "open"
    if status.category == StatusCategory.PENDING:
        return "hold" if status.key in HELD else "pending"
    return status.category


@register.filter
def status_name(status: Status) -> str:
    """A status' name: the standard ones in the reader's language, own ones as they are."""
    return _(status.name)


@register.filter
def priority_name(level: str) -> str:
    """A priority in the reader's language."""
    return str(PRIORITIES.get(level, level))


@register.filter
def percent_words(risk: float) -> str:
    """A probability in whole percent."""
    return percent(risk)


@register.filter
def source_name(source: str) -> str:
    """Where something came from, in the reader's language."""
    return str(SOURCES.get(source, source))


@register.filter
def portal_state(ticket: Ticket) -> dict[str, str]:
    """A ticket's state in the requester's words, never the desk's internal status."""
    if ticket.status_category == StatusCategory.OPEN:
        return {"text": _("We are working on it"), "kind": "blue"}
    if ticket.status_category == StatusCategory.PENDING:
        if ticket.status.key in HELD:
            return {"text": _("On hold"), "kind": "plain"}
        return {"text": _("Waiting for you"), "kind": "warn"}
    return {"text": _("Solved"), "kind": "ok"}


@register.filter
def body_html(message: Message) -> SafeString:
    """A message's sanitised HTML with its own inline pictures; remote pictures stay out."""
    return letter_html(message)


@register.filter
def in_frame(message: Message) -> bool:
    """Whether the message's HTML is shown in a frame of its own."""
    return is_letter(message)


@register.filter
def pictures_elsewhere(message: Message) -> int:
    """How many pictures it would fetch from elsewhere."""
    return remote_pictures(message)


@register.filter
def markdown(text: str) -> SafeString:
    """What an agent wrote in Markdown, made safe, without pictures."""
    return without_pictures(render_markdown(text))


@register.filter
def without_pictures(html: str) -> SafeString:
    """Sanitised HTML that is no message yet, with its pictures left out as a message's are."""
    chip = format_html('<span class="chip">{}</span>', _("Picture left out"))
    return SafeString(IMAGE.sub(lambda _found: chip, html))


@register.filter
def suggested(ticket: Ticket, field: str) -> str:
    """What the AI proposes for a field that nobody decided yet, or ""."""
    verdict = ticket.ai_verdict.get(field) or {}
    if verdict.get("state") != "proposed" or verdict.get("band") == "unsure":
        return ""
    return str(verdict.get("value") or "")


@register.filter
def clock(ticket: Ticket) -> dict[str, Any]:
    """The ticket's next due time as the SLA pill takes it: state, seconds, due, text.

    Business time where the list read the clocks (`put_time_left`).
    """
    left = getattr(ticket, "time_left", None)
    return pill(left or _wall_time_left(ticket))


def _wall_time_left(ticket: Ticket) -> TimeLeft:
    if ticket.is_settled:
        return NO_TIME
    if ticket.sla_paused_at is not None:
        return TimeLeft("paused")
    if ticket.next_due is None:
        return NO_TIME
    seconds = (ticket.next_due - now()).total_seconds()
    state = "late" if seconds < 0 else "soon" if seconds < SOON else "far"
    return TimeLeft(state, seconds, ticket.next_due, ticks=True)


@register.simple_tag
def work_time(seconds: float) -> str:
    """Business time in hours and minutes; never in days, of which a desk's are shorter."""
    minutes = int(abs(seconds) // 60)
    if minutes < 60:
        return _("%(minutes)dm") % {"minutes": minutes}
    hours, minutes = divmod(minutes, 60)
    if hours >= 100 or not minutes:
        return _("%(hours)dh") % {"hours": hours}
    return _("%(hours)dh %(minutes)02dm") % {"hours": hours, "minutes": minutes}


@register.filter
def pill(left: TimeLeft) -> dict[str, Any]:
    """What the SLA pill takes. Only what runs beside the wall clock may count down by itself;
    a far due time with closed hours before it is said as the moment it is due.
    """
    shown: dict[str, Any] = {"state": left.state, "seconds": left.seconds, "text": ""}
    shown["due"] = left.due if left.ticks else ""
    if left.state == "late" and not left.ticks:
        shown["text"] = work_time(left.seconds)
    if left.state == "far" and not left.ticks and left.due is not None:
        local = timezone.localtime(left.due)
        days = (local.date() - timezone.localdate()).days
        style = "H:i" if days == 0 else "D H:i" if days < 7 else "j M"
        shown["text"] = formats.date_format(local, style)
    return shown


@register.filter
def tickets_of(person: User) -> str:
    """The address of all tickets that a person requested: the query of a list."""
    data = {"all": [{"field": "requester", "op": "is", "value": person.email}]}
    return urlencode({WHERE: as_text(data)})


@register.filter
def marked(text: str) -> SafeString:
    """Text with the searched words in <mark>; everything else is escaped."""
    escaped = conditional_escape(text or "")
    return SafeString(escaped.replace(START, "<mark>").replace(STOP, "</mark>"))


@register.filter
def event_words(change: Change) -> str:
    """A line of the log in words, or "" where it has none."""
    line = describe(change, Names({}, {}))
    return line.text if line else ""
