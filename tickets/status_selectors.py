"""Reads of the status page, each with its number of queries."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from tickets.linking import CARRIES_SOLUTION
from tickets.models import StatusFollower, StatusNotice, StatusUpdate, Ticket
from tickets.portal_selectors import MOST_WORDS, WORD
from tickets.status_history import DAYS, History, Span, history_of

SHOWN_AFTER = timedelta(days=14)
MOST = 50


def shown_notices(user: User) -> QuerySet[StatusNotice]:
    """What the status page shows a person. Queries: 1 when read."""
    return StatusNotice.objects.filter(
        organization_id__in=user.visible_organization_ids(), published_at__isnull=False
    )


def desk_notices(user: User) -> QuerySet[StatusNotice]:
    """All notices of the organizations that a person works for, open ones first."""
    rows = StatusNotice.objects.filter(organization_id__in=user.staffed_organization_ids())
    return rows.select_related("ticket").annotate(affected_count=Count("followers"))


def status_page(user: User) -> dict[str, Any]:
    """Open problems, planned work, what is over since two weeks, and the last days. Queries: 4."""
    mine = StatusFollower.objects.filter(notice=OuterRef("pk"), user=user)
    updates = Prefetch("updates", StatusUpdate.objects.order_by("-created_at", "-pk"))
    rows = (
        shown_notices(user)
        .select_related("article")
        .annotate(affected_count=Count("followers"), follows=Exists(mine))
        .prefetch_related(updates)
    )
    since = now() - SHOWN_AFTER
    found = [row for row in rows[:MOST] if row.is_open or (row.ends_at and row.ends_at > since)]
    incidents = StatusNotice.Kind.INCIDENT
    return {
        "problems": [row for row in found if row.is_open and row.kind == incidents],
        "planned": [row for row in found if row.is_open and row.kind != incidents],
        "over": [row for row in found if not row.is_open],
        "history": status_history(user),
    }


def status_history(user: User) -> History:
    """How many problems each of the last days had, in the person's time. Queries: 1."""
    moment, zone = now(), timezone.get_current_timezone()
    rows = shown_notices(user).filter(
        Q(ends_at=None) | Q(ends_at__gt=moment - timedelta(days=DAYS + 1)),
        kind=StatusNotice.Kind.INCIDENT,
        starts_at__lte=moment,
    )
    spans = [
        Span(title, begins, min(ends or moment, moment))
        for title, begins, ends in rows.values_list("title", "starts_at", "ends_at")
    ]
    return history_of(spans, timezone.localdate(moment), zone)


def open_notice(ticket: Ticket) -> StatusNotice | None:
    """The notice that tells of a ticket and goes on. Queries: 1."""
    rows = StatusNotice.objects.filter(ticket=ticket).exclude(stage=StatusNotice.Stage.OVER)
    return rows.order_by("-pk").first()


def problem_behind(ticket: Ticket) -> StatusNotice | None:
    """The published problem that an open ticket is part of. Queries: 1, 0 for a settled one."""
    if ticket.is_settled:
        return None
    links = {"ticket__links_out__target": ticket, "ticket__links_out__kind__in": CARRIES_SOLUTION}
    rows = StatusNotice.objects.filter(published_at__isnull=False, **links)
    return rows.exclude(stage=StatusNotice.Stage.OVER).order_by("-pk").first()


def people_behind(notice: StatusNotice) -> int:
    """People with an open ticket that is part of the incident. Queries: 1, 0 without a ticket."""
    if notice.ticket is None:
        return 0
    rows = Ticket.objects.alive().unresolved()
    parts = rows.filter(links_in__source=notice.ticket, links_in__kind__in=CARRIES_SOLUTION)
    return parts.aggregate(people=Count("requester", distinct=True))["people"] or 0


def known_problems(user: User, words: str) -> list[StatusNotice]:
    """Open problems that share words with a description. Queries: 0 or 1."""
    found = WORD.findall(words)[:MOST_WORDS]
    if not found:
        return []
    query = SearchQuery(" or ".join(found), config="simple", search_type="websearch")
    vector = SearchVector("title", "text", "affected", config="simple")
    mine = StatusFollower.objects.filter(notice=OuterRef("pk"), user=user)
    rows = open_problems(user).annotate(
        words=vector, affected_count=Count("followers"), follows=Exists(mine)
    )
    return list(rows.filter(words=query)[:2])


def open_problems(user: User) -> QuerySet[StatusNotice]:
    """Problems that go on. Queries: 1 when read."""
    rows = shown_notices(user).exclude(stage=StatusNotice.Stage.OVER)
    return rows.filter(kind=StatusNotice.Kind.INCIDENT)


def access_notice(user: User, pk: int, *, work: bool = False) -> StatusNotice:
    """One notice that a person may read (or `work` on), or 404. Queries: 1."""
    rows: Iterable[StatusNotice] = (desk_notices(user) if work else shown_notices(user)).filter(
        pk=pk
    )
    for row in rows:
        return row
    raise Http404


def untold() -> list[tuple[int, int]]:
    """(organization, notice) whose newest update somebody was not told of. Needs a scope."""
    newer = StatusUpdate.objects.filter(
        notice=OuterRef("notice"),
        pk__gt=OuterRef("told_update"),
        notice__published_at__isnull=False,
    )
    rows = StatusFollower.objects.filter(Exists(newer), user__is_active=True)
    return list(rows.values_list("organization_id", "notice_id").distinct()[:MOST])
