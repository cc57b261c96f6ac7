"""Reading links: on one ticket, per channel, and those that want a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from integrations.federation.kinds import KINDS
from integrations.links import FieldConflict, Verdict
from integrations.models import Channel, ExternalLink
from omnidesk.accounts.models import User
from tickets.access import LARGEST_NUMBER
from tickets.choices import Impact, Priority, Urgency
from tickets.models import Status, Ticket

PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class ConflictLine:
    """An open conflict in words."""

    pk: int
    name: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class LinkLine:
    """A link with its open conflicts."""

    link: ExternalLink
    conflicts: list[ConflictLine]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A ticket's life in other systems: its links, and the channels it may be passed on to."""

    links: list[LinkLine]
    offers: list[Channel]


def ticket_links(ticket: Ticket) -> Elsewhere:
    """Links with their open conflicts, values in words. Queries: 4 (channels, links, conflicts,
    statuses); 1 where no other system is connected."""
    channels = list(Channel.objects.filter(organization_id=ticket.organization_id, kind__in=KINDS))
    if not channels:
        return Elsewhere([], [])
    rows = ExternalLink.objects.filter(ticket=ticket).select_related("channel").order_by("pk")
    open_ones = FieldConflict.objects.filter(link__ticket=ticket, verdict=Verdict.OPEN)
    shown = _in_words(list(open_ones.order_by("field")), ticket.organization_id)
    links = [LinkLine(row, shown.get(row.pk, [])) for row in rows]
    known = {line.link.channel_id for line in links}
    return Elsewhere(links, [one for one in channels if one.is_active and one.pk not in known])


def _in_words(
    conflicts: list[FieldConflict], organization_id: int
) -> dict[int, list[ConflictLine]]:
    if not conflicts:
        return {}
    statuses = {row.key: str(row) for row in Status.objects.filter(organization=organization_id)}
    words: Mapping[str, Mapping[str, object]] = {
        "status": statuses,
        "urgency": dict(Urgency.choices),
        "impact": dict(Impact.choices),
        "priority": dict(Priority.choices),
    }
    names = {
        "subject": _("Subject"), "status": _("Status"), "urgency": _("Urgency"),
        "impact": _("Impact"), "priority": _("Priority"), "type": _("Type"),
    }  # fmt: skip
    lines: dict[int, list[ConflictLine]] = {}
    for one in conflicts:
        table = words.get(one.field, {})
        theirs = one.theirs_shown or one.theirs
        lines.setdefault(one.link_id, []).append(
            ConflictLine(
                one.pk,
                names.get(one.field, one.field),
                str(table.get(one.ours, one.ours)),
                str(table.get(theirs, theirs)),
            )
        )
    return lines


@dataclass(frozen=True, slots=True)
class Balance:
    """One channel's links by state; `share` is how much of them was taken in, in percent."""

    channel: Channel
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All links."""
        return sum(self.counts.values())

    @property
    def share(self) -> int:
        """Percent that is no longer waiting for its first look."""
        done = self.total - self.counts.get("waiting", 0)
        return 100 * done // self.total if self.total else 100


def balances(user: User) -> list[Balance]:
    """How the federated channels of a person's organizations are. Queries: 2."""
    channels = list(
        Channel.objects.filter(organization__in=user.staffed_organization_ids(), kind__in=KINDS)
        .select_related("organization")
        .order_by("organization__name", "name")
    )
    counts: dict[int, dict[str, int]] = {}
    rows = ExternalLink.objects.filter(channel__in=channels).order_by()
    for channel, state, count in rows.values_list("channel", "state").annotate(Count("pk")):
        counts.setdefault(channel, {})[state] = count
    return [Balance(one, counts.get(one.pk, {})) for one in channels]


def link_page(user: User, *, state: str, text: str, number: str | None) -> Page[ExternalLink]:
    """Links that a person may see, those that want attention first. Queries: 2.

    `text` is part of their number, of the subject, or our number.
    """
    rows: QuerySet[ExternalLink] = ExternalLink.objects.filter(
        channel__organization__in=user.staffed_organization_ids()
    ).select_related("channel", "ticket")
    if state:
        rows = rows.filter(state=state)
    if text:
        wanted = Q(display_id__icontains=text) | Q(ticket__subject__icontains=text)
        if text.isdigit() and int(text) <= LARGEST_NUMBER:
            wanted |= Q(ticket__number=int(text))
        rows = rows.filter(wanted)
    return Paginator(rows.order_by("-updated_at", "-pk"), PAGE).get_page(number)
