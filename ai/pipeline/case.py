"""A ticket as the models see it: plain values, read in one short scope."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Window
from django.db.models.functions import RowNumber

from ai.autonomy_gates import NEW_FOR
from ai.engine.manner import USUAL, Manner
from ai.engine.retrieve import ticket_text
from ai.models import Enrichment, Policy, ToolServer, TrainedModel
from ai.trials import NOTHING, Trial
from omnidesk.accounts.models import Team
from omnidesk.core.clock import now
from tickets.kept import Kept
from tickets.models import Attachment, Category, Message, Ticket

# What a conversation is about stands at its beginning and at its end.
LAST_MESSAGES = 3


@dataclass(frozen=True, slots=True)
class Option:
    """A category or team that may be proposed."""

    pk: int
    name: str
    description: str = ""
    team_id: int | None = None

    @property
    def label(self) -> str:
        """How models call it: by key, because names change."""
        return str(self.pk)

    @property
    def words(self) -> str:
        """Name and description, as a new desk's only teaching."""
        return f"{self.name}. {self.description}".strip()


@dataclass(frozen=True, slots=True)
class Options:
    """What an organization's tickets are sorted into, by what, when Claude may be asked, and how
    answers are written.

    models: (kind, primary key, version) of the trained classifiers in use. shared: primary keys of
    those that learned from other organizations too. has_tools: whether another system may be asked
    while a ticket is read.
    """

    categories: tuple[Option, ...] = ()
    teams: tuple[Option, ...] = ()
    policy: str = Policy.External.UNSURE.value
    models: tuple[tuple[str, int, int], ...] = ()
    manner: Manner = USUAL
    shared: frozenset[int] = frozenset()
    has_tools: bool = True

    def model(self, kind: str) -> tuple[int, int] | None:
        """(primary key, version) of the trained classifier of a kind."""
        return next(((pk, version) for name, pk, version in self.models if name == kind), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One ticket to read. `text` is subject and opening message, `later` what came after;
    `files` counts attachments.

    is_new: a first reading of a ticket that just came, which may be answered automatically.
    barred_articles, came_at: of a past ticket, what is no source for it: articles written from it,
    and what was solved after it came. trial: what a backtest tries on it.
    """

    organization_id: int
    ticket_id: int = 0
    text: str
    later: tuple[str, ...] = ()
    language: str = ""
    requester_name: str = ""
    requester_email: str = ""
    impact: str = ""
    category_id: int | None = None
    given: frozenset[str] = frozenset()
    is_settled: bool = False
    files: int = 0
    is_new: bool = False
    barred_articles: frozenset[int] = frozenset()
    came_at: datetime | None = None
    trial: Trial = NOTHING
    options: Options

    @property
    def question(self) -> str:
        """What an answer has to answer: the newest words, and what they are about."""
        return "\n".join([self.text, *self.later])


def load_case(enrichment_id: int) -> Case:
    """The ticket of an enrichment with all it may be sorted into.

    Queries: 7; 9 after a change of the desk's setup.
    """
    return load_cases([enrichment_id])[enrichment_id]


def load_cases(enrichment_ids: Sequence[int]) -> dict[int, Case]:
    """The same for several rows of one organization, by their ids; one that is gone is left out.

    Queries: as for one.
    """
    rows = list(
        Enrichment.objects.filter(pk__in=enrichment_ids)
        .select_related("ticket__requester", "ticket__organization")
        .defer("ticket__search")
    )
    if not rows:
        return {}
    tickets = [row.ticket for row in rows]
    later, files = _later(tickets), _files(tickets)
    home = tickets[0].organization
    options = options_of(home.pk, home.configuration)
    return {row.pk: _case(row, options, later, files) for row in rows}


def _case(
    row: Enrichment, options: Options, later: Mapping[int, Sequence[str]], files: Mapping[int, int]
) -> Case:
    ticket = row.ticket
    return Case(
        organization_id=ticket.organization_id,
        ticket_id=ticket.pk,
        text=ticket_text(ticket.subject, ticket.description),
        later=tuple(later.get(ticket.pk, ())),
        language=ticket.language or ticket.requester.language or ticket.organization.language,
        requester_name=ticket.requester.name,
        requester_email=ticket.requester.email,
        impact=ticket.impact,
        category_id=ticket.category_id,
        is_settled=ticket.is_settled,
        files=files.get(ticket.pk, 0),
        is_new=row.trigger == Enrichment.Trigger.OPENED and now() - ticket.created_at <= NEW_FOR,
        given=frozenset(ticket.ai_verdict.get("given", ())),
        options=options,
    )


def case_of_text(organization_id: int, subject: str, description: str) -> Case:
    """A text that is no ticket, read as if it were. Queries: 5."""
    text = ticket_text(subject, description)
    return Case(organization_id=organization_id, text=text, options=options_of(organization_id))


def options_of(organization_id: int, configuration: UUID | None = None) -> Options:
    """The values of each field, the models and the policy.

    configuration: the organization's, where it was just read. Queries: 3, one more without it;
    2 more after a change of the desk's setup.
    """
    own = {"organization_id": organization_id}
    policy = Policy.objects.filter(**own).first()
    categories, teams = _kept_choices.of(organization_id, configuration)
    active = TrainedModel.objects.filter(**own, is_active=True)
    if policy is None or not policy.uses_shared:
        active = active.filter(is_shared=False)
    in_use = list(active.values_list("kind", "pk", "version", "is_shared"))
    return Options(
        categories=categories,
        teams=teams,
        policy=policy.external if policy else Policy.External.UNSURE.value,
        models=tuple(row[:3] for row in in_use),
        shared=frozenset(row[1] for row in in_use if row[3]),
        manner=policy.manner if policy else USUAL,
        has_tools=ToolServer.objects.filter(**own, is_active=True, for_readings=True).exists(),
    )


def _choices(organization_id: int) -> tuple[tuple[Option, ...], tuple[Option, ...]]:
    """Categories and teams. Queries: 2."""
    here = {"organization_id": organization_id, "is_active": True}
    categories, teams = Category.objects.filter(**here), Team.objects.filter(**here)
    return (
        tuple(Option(r.pk, r.name, r.description, r.default_team_id) for r in categories),
        tuple(Option(r.pk, r.name, r.description) for r in teams),
    )


_kept_choices = Kept(_choices)


def _later(tickets: Sequence[Ticket]) -> dict[int, list[str]]:
    """What requesters wrote last after the opening, oldest first. Queries: 1."""
    rows = Message.objects.filter(ticket__in=tickets, from_requester=True, is_opening=False)
    newest = Window(RowNumber(), partition_by="ticket", order_by=["-created_at", "-pk"])
    found: dict[int, list[str]] = {}
    last = rows.annotate(place=newest).filter(place__lte=LAST_MESSAGES).order_by("-place")
    for ticket_id, text in last.values_list("ticket", "text"):
        if text.strip():
            found.setdefault(ticket_id, []).append(text)
    return found


def _files(tickets: Sequence[Ticket]) -> dict[int, int]:
    """How many files came with each. Queries: 1."""
    rows = Attachment.objects.filter(ticket__in=tickets).order_by()
    return dict(rows.values_list("ticket").annotate(count=Count("pk")))
