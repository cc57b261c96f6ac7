"""Bringing many tickets of another system in at once: idempotent, in chunks, without any mail."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.text import slugify

from omnidesk.accounts.models import Organization, Team, User
from omnidesk.core.clock import now
from omnidesk.core.events import publish
from tickets.actions.catalog import default_status
from tickets.actions.clocks import start_clocks
from tickets.actions.levels import priority_for
from tickets.actions.types import default_type
from tickets.choices import (
    ActorKind,
    AiState,
    Impact,
    MessageKind,
    Priority,
    Source,
    StatusCategory,
    Urgency,
)
from tickets.csv_rows import GoodRow
from tickets.events import TicketsImported
from tickets.models import Category, Change, Message, Status, Ticket, TicketType

IMPORT_LABEL = "Import"
# What is assumed of a ticket whose file does not say.
UNKNOWN = (Urgency.MEDIUM.value, Impact.LOW.value)


@dataclass(slots=True)
class Importer:
    """Writes rows for one organization; keeps what it learns between chunks.

    The caller holds the organization's scope around every call. Closed tickets are for the AI
    to learn from: it does not read them one by one (`ai_state` "off").
    """

    organization: Organization
    requester: User
    closed: bool = False
    _kind: TicketType | None = None
    _priority: str = Priority.LOW.value
    _categories: dict[str, Category] = field(default_factory=dict[str, Category])
    _teams: dict[str, Team] = field(default_factory=dict[str, Team])

    @transaction.atomic
    def write(self, rows: Sequence[GoodRow]) -> int:
        """Write those of `rows` that are not there yet; returns how many that were.

        All or nothing: after an interruption the same file goes on where it stopped.
        """
        keyed = {row.fingerprint(self.organization.pk): row for row in rows}
        new = {key: keyed[key] for key in self.unknown(keyed)}
        if not new:
            return 0
        self._learn_names(new.values())
        self._kind = default_type(self.organization.pk)
        self._priority = priority_for(self.organization.pk, *UNKNOWN)
        moment = now()
        status = default_status(
            self.organization.pk, StatusCategory.CLOSED if self.closed else StatusCategory.OPEN
        )
        Ticket.objects.bulk_create(
            (self._ticket(row, key, status, moment) for key, row in new.items()),
            # Somebody else may be importing the same file right now.
            ignore_conflicts=True,
        )
        tickets = self._without_message(list(new))
        Message.objects.bulk_create(self._opening(ticket, moment) for ticket in tickets)
        Change.objects.bulk_create(self._change(ticket, new, moment) for ticket in tickets)
        if not self.closed:
            start_clocks(tickets)
        if tickets:
            publish(TicketsImported(organization_id=self.organization.pk, count=len(tickets)))
        return len(tickets)

    def unknown(self, keys: Iterable[str]) -> list[str]:
        """Those fingerprints that no ticket of the organization carries, in their order."""
        keys = list(keys)
        known = set(
            Ticket.objects.filter(organization=self.organization, import_key__in=keys).values_list(
                "import_key", flat=True
            )
        )
        return [key for key in keys if key not in known]

    def _learn_names(self, rows: Iterable[GoodRow]) -> None:
        """Make sure every category and team that the rows name exists."""
        rows = list(rows)
        for name in dict.fromkeys(row.team for row in rows if row.team):
            if name.casefold() not in self._teams:
                self._teams[name.casefold()] = self._team(name)
        for name in dict.fromkeys(row.category for row in rows if row.category):
            if name.casefold() not in self._categories:
                self._categories[name.casefold()] = self._category(name)

    def _team(self, name: str) -> Team:
        found = Team.objects.filter(organization=self.organization, name__iexact=name).first()
        if found:
            return found
        base = slugify(name)[:70] or "team"
        taken = set(
            Team.objects.filter(organization=self.organization, slug__startswith=base).values_list(
                "slug", flat=True
            )
        )
        slug = next(s for s in _numbered(base) if s not in taken)
        return Team.objects.create(organization=self.organization, name=name, slug=slug)

    def _category(self, name: str) -> Category:
        categories = Category.objects.filter(organization=self.organization)
        return categories.filter(name__iexact=name).first() or Category.objects.create(
            organization=self.organization, name=name
        )

    def _ticket(self, row: GoodRow, key: str, status: Status, moment: datetime) -> Ticket:
        category = self._categories.get(row.category.casefold())
        team = self._teams.get(row.team.casefold())
        settled = moment if self.closed else None
        urgency, impact = UNKNOWN
        return Ticket(
            organization=self.organization,
            type=self._kind,
            subject=row.subject,
            description=row.description,
            status=status,
            status_category=status.category,
            category=category,
            team=team or (category.default_team if category else None),
            urgency=urgency,
            impact=impact,
            priority=self._priority,
            requester=self.requester,
            source=Source.IMPORT.value,
            last_activity_at=moment,
            resolved_at=settled,
            closed_at=settled,
            ai_state=(AiState.OFF if self.closed else AiState.PENDING).value,
            ai_verdict=_given(row),
            import_key=key,
            custom_fields=dict(row.values),
        )

    def _without_message(self, keys: list[str]) -> list[Ticket]:
        """The tickets just written: another import's would have their message already."""
        opening = Message.objects.filter(ticket=OuterRef("pk"), is_opening=True)
        tickets = Ticket.objects.filter(organization=self.organization, import_key__in=keys)
        return list(tickets.filter(~Exists(opening)).with_row_relations())

    def _opening(self, ticket: Ticket, moment: datetime) -> Message:
        return Message(
            organization=self.organization,
            ticket=ticket,
            kind=MessageKind.PUBLIC.value,
            author=self.requester,
            is_opening=True,
            from_requester=True,
            text=ticket.description,
            source=Source.IMPORT.value,
            created_at=moment,
        )

    def _change(self, ticket: Ticket, rows: dict[str, GoodRow], moment: datetime) -> Change:
        return Change(
            organization=self.organization,
            ticket=ticket,
            verb="ticket.imported",
            actor_kind=ActorKind.SYSTEM.value,
            actor_label=IMPORT_LABEL,
            detail={"line": rows[ticket.import_key].line},
            at=moment,
        )


def _given(row: GoodRow) -> dict[str, list[str]]:
    """What the other system knew: the AI suggests nothing over it."""
    given = [name for name in ("category", "team") if getattr(row, name)]
    return {"given": given} if given else {}


def _numbered(base: str) -> Iterable[str]:
    yield base
    number = 2
    while True:
        yield f"{base}-{number}"
        number += 1
