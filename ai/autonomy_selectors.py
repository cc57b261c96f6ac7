"""What the pages of autonomy and of backtests show."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q
from django.http import Http404

from ai.actions.autonomy import judged_cases
from ai.engine import autonomy as rules
from ai.models import (
    AutomaticAnswer,
    Autonomy,
    AutonomyChange,
    Backtest,
    Level,
    TrainedModel,
)
from omnidesk.accounts.models import Organization, User
from omnidesk.accounts.roles import Role
from tickets.choices import MessageKind
from tickets.models import Category, Message, Ticket

State = AutomaticAnswer.State
SHOWN_CASES = 50
SHOWN_RUNS = 10


@dataclass(frozen=True, slots=True)
class Line:
    """One category: its level, its record, and what the next level asks.

    recorded: new tickets; answered: those that there was an answer for.
    """

    category: Category
    level: str
    row: Autonomy | None
    recorded: int
    answered: int
    standing: rules.Standing
    next_level: str = ""
    nearest: rules.Standing = field(default_factory=rules.Standing)
    bar: rules.Bar | None = None
    may_rise: bool = False

    @property
    def level_words(self) -> str:
        """The level in words."""
        return str(dict(Level.choices)[self.level])

    @property
    def next_words(self) -> str:
        """The next level in words."""
        return str(dict(Level.choices).get(self.next_level, ""))

    @property
    def missing_cases(self) -> int:
        """How many judged answers the next level still asks for."""
        return max(0, self.bar.cases - self.nearest.cases) if self.bar else 0

    @property
    def bar_percent(self) -> int:
        """The lower bound that the next level asks for, in percent."""
        return round(self.bar.bound * 100) if self.bar else 0

    @property
    def reopened_percent(self) -> int:
        """The most that may come back for the next level, in percent."""
        return round(self.bar.reopened * 100) if self.bar else 0


@dataclass(frozen=True, slots=True)
class Desk:
    """One organization's categories."""

    organization: Organization
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Case:
    """An answer beside what people wrote."""

    answer: AutomaticAnswer
    written: str


def led_organizations(user: User) -> list[Organization]:
    """Where `user` leads. Queries: 1."""
    ids = [pk for pk in user.staffed_organization_ids() if user.has_role(pk, Role.LEAD)]
    return list(Organization.objects.filter(pk__in=ids))


def access_category(user: User, category_id: int) -> Category:
    """A category of a desk that `user` leads; anything else is not there. Queries: 1."""
    rows = Category.objects.select_related("organization").filter(pk=category_id)
    category = rows.first()
    if category is None or not user.has_role(category.organization_id, Role.LEAD):
        raise Http404
    return category


def autonomy_desks(user: User) -> list[Desk]:
    """Every category of the desks that `user` leads. Queries: 1 + 3 for each, 1 a category."""
    return [Desk(one, lines_of(one.pk)) for one in led_organizations(user)]


def lines_of(organization_id: int) -> list[Line]:
    """The lines of one organization. Queries: 3, and 1 for each category with answers."""
    own = {"organization_id": organization_id}
    rows = {row.category_id: row for row in Autonomy.objects.filter(**own)}
    counted = AutomaticAnswer.objects.filter(**own).order_by().values("category")
    counts = {
        one["category"]: (one["recorded"], one["answered"])
        for one in counted.annotate(recorded=Count("pk"), answered=Count("pk", filter=~Q(text="")))
    }
    categories = Category.objects.filter(**own, is_active=True)
    return [line_of(one, rows.get(one.pk), counts.get(one.pk, (0, 0))) for one in categories]


def line_of(category: Category, row: Autonomy | None, counts: tuple[int, int]) -> Line:
    """One category's line. Queries: 1 where it has answers."""
    level = row.level if row else Level.SUGGEST.value
    cases = judged_cases(category.pk, row) if counts[1] else []
    wanted = rules.above(level)
    return Line(
        category=category,
        level=level,
        row=row,
        recorded=counts[0],
        answered=counts[1],
        standing=rules.standing(cases),
        next_level=wanted,
        nearest=rules.nearest(cases, wanted) if wanted else rules.Standing(),
        bar=rules.BARS.get(wanted),
        may_rise=bool(wanted) and rules.reached(cases, wanted) is not None,
    )


def category_page(category: Category) -> tuple[Line, list[Case], list[AutonomyChange]]:
    """One category: its line, its newest answers beside what people wrote, its changes.

    Queries: 6.
    """
    own = AutomaticAnswer.objects.filter(category=category)
    counts = own.count(), own.exclude(text="").count()
    line = line_of(category, Autonomy.objects.filter(category=category).first(), counts)
    answers = own.exclude(text="").select_related("ticket", "stopped_by")
    newest = list(answers.defer("ticket__search", "ticket__description")[:SHOWN_CASES])
    written = written_on(one.ticket_id for one in newest)
    changes = AutonomyChange.objects.filter(category=category).select_related("by")
    return line, [Case(one, written.get(one.ticket_id, "")) for one in newest], list(changes[:20])


def written_on(ticket_ids: Iterable[int]) -> dict[int, str]:
    """Ticket id -> the last three public answers of people. Queries: 1."""
    rows = Message.objects.filter(
        ticket__in=list(ticket_ids), kind=MessageKind.PUBLIC, from_requester=False, is_ai=False
    ).exclude(author=None)
    texts: dict[int, list[str]] = defaultdict(list)
    for ticket_id, text in rows.order_by("created_at", "pk").values_list("ticket_id", "text"):
        if text.strip():
            texts[ticket_id].append(text)
    return {pk: "\n\n".join(found[-3:]) for pk, found in texts.items()}


def answer_on(ticket: Ticket) -> AutomaticAnswer | None:
    """What the panel tells of a ticket's automatic answer; None for a mere record. Queries: 1."""
    rows = AutomaticAnswer.objects.select_related("stopped_by", "category__autonomy")
    return rows.filter(ticket=ticket).first()


def is_ready(answer: AutomaticAnswer | None, ticket: Ticket) -> bool:
    """Whether the draft stands in the composer by itself. Queries: 0."""
    row = getattr(answer.category, "autonomy", None) if answer else None
    if answer is None or row is None or row.level == Level.SUGGEST:
        return False
    if ticket.category_id not in {None, answer.category_id} or ticket.is_settled:
        return False
    return ticket.first_response_at is None and answer.state != State.SENT


def backtest_page(user: User) -> list[tuple[Organization, list[Backtest]]]:
    """The last runs of every desk that `user` leads. Queries: 1 + 1 for each."""
    return [
        (one, list(_runs().filter(organization=one)[:SHOWN_RUNS]))
        for one in led_organizations(user)
    ]


def _runs() -> Any:
    return Backtest.objects.select_related("requested_by", "organization").defer("cases")


def kept_models(organization_id: int) -> list[tuple[str, str, list[TrainedModel]]]:
    """(kind, its name, versions that are kept, newest first) of what sorts. Queries: 1."""
    rows = TrainedModel.objects.filter(organization_id=organization_id).defer("content")
    found = list(rows.order_by("-version"))
    return [
        (kind, str(name), [row for row in found if row.kind == kind])
        for kind, name in TrainedModel.Kind.choices
        if kind != TrainedModel.Kind.URGENCY
    ]


def access_backtest(user: User, backtest_id: int) -> Backtest:
    """One run of a desk that `user` leads; anything else is not there. Queries: 1."""
    rows = Backtest.objects.select_related("requested_by", "organization")
    row = rows.filter(pk=backtest_id).first()
    if row is None or not user.has_role(row.organization_id, Role.LEAD):
        raise Http404
    return row


def _is_wrong(row: dict[str, Any]) -> bool:
    return any(one.get("right") is False for one in (row, row.get("tried", {})))


@dataclass(frozen=True, slots=True)
class Replayed:
    """One ticket of a backtest: what would have been answered beside what people wrote."""

    ticket: Ticket
    row: dict[str, Any]
    written: str


def replayed(backtest: Backtest, *, wrong_only: bool = False) -> list[Replayed]:
    """The run's answers, the surest first; tickets that are gone are left out. Queries: 2."""
    rows = [row for row in backtest.cases if not wrong_only or _is_wrong(row)]
    ids = [row["ticket"] for row in rows]
    tickets = Ticket.objects.alive().filter(pk__in=ids, organization_id=backtest.organization_id)
    found = tickets.select_related("category").defer("search", "description").in_bulk()
    written = written_on(found)
    rows.sort(key=lambda row: -float(row["confidence"]))
    return [
        Replayed(found[row["ticket"]], row, written.get(row["ticket"], ""))
        for row in rows
        if row["ticket"] in found
    ]
