"""What the AI's panel and page show, each with a known number of queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse

from ai.autonomy_selectors import answer_on, is_ready
from ai.ledger_selectors import OwnPart, part_in
from ai.models import AutomaticAnswer, Enrichment, ModelCall, Suggestion
from ai.staleness import Doubt, doubts_of
from ai.toolwords import TOOL
from omnidesk.accounts.models import Team, User
from tickets.access import desk_tickets, readable_articles
from tickets.choices import Urgency
from tickets.models import Article, Category, Ticket

State = Suggestion.State
FIELDS = (Suggestion.Field.CATEGORY, Suggestion.Field.URGENCY, Suggestion.Field.TEAM)
# A track record of fewer decisions would be an anecdote.
SHORTEST_RECORD = 10
LONGEST_RECORD = 100
# The newest calls of a ticket that are looked at: a model's, and those of a few tools.
MOST_CALLS = 20
METERS = {"near_identical": 4, "close": 3, "related": 2}


@dataclass(frozen=True, slots=True)
class Option:
    """A value that a suggestion may be corrected to."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Record:
    """How often this very value was right when people decided: `right` times of `total`."""

    right: int
    total: int


@dataclass(frozen=True, slots=True)
class Item:
    """One suggestion with what its box needs."""

    suggestion: Suggestion
    words: list[str]
    reasons: list[dict[str, Any]]
    options: list[Option]
    alternatives: list[Option]
    record: Record | None = None
    takes_key: bool = False

    @property
    def shown(self) -> str:
        """The value in words."""
        return _shown(self.suggestion.field, self.suggestion.value)

    @property
    def shown_correction(self) -> str:
        """The corrected value in words."""
        return _shown(self.suggestion.field, self.suggestion.corrected_value)


@dataclass(frozen=True, slots=True)
class Related:
    """A similar ticket or a fitting article, as near as the meter shows."""

    row: Ticket | Article
    level: str
    meter: int


@dataclass(frozen=True, slots=True)
class Source:
    """A numbered source of the draft; `url` opens it, "" where it is gone."""

    number: int
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Panel:
    """Everything on the panel of one ticket."""

    ticket: Ticket
    state: str
    items: list[Item] = field(default_factory=list)
    draft: Suggestion | None = None
    draft_sources: list[Source] = field(default_factory=list)
    no_draft: str = ""
    similar: list[Related] = field(default_factory=list)
    articles: list[Related] = field(default_factory=list)
    reading: Enrichment | None = None
    # The newest call of a model, and how many calls there were in all (some of the newest).
    call: ModelCall | None = None
    own: OwnPart | None = None
    calls: int = 0
    draft_doubts: list[Doubt] = field(default_factory=list)
    automatic: AutomaticAnswer | None = None
    # Whether the draft stands in the composer by itself: its category has earned that.
    is_ready: bool = False
    # What tools of other systems said while the ticket was read, and what they were sent.
    tools: list[dict[str, Any]] = field(default_factory=list)
    tool_problems: list[str] = field(default_factory=list)
    tool_calls: list[ModelCall] = field(default_factory=list)

    @property
    def masked_for_tools(self) -> int:
        """How many values were masked in what the tools were sent."""
        return sum(call.masked_values for call in self.tool_calls)

    @property
    def first_open(self) -> Item | None:
        """The suggestion that the keys Y and C are about."""
        return next((item for item in self.items if item.takes_key), None)


def panel_of(user: User, ticket: Ticket) -> Panel:
    """The panel as `user` may see it.

    Queries: 9 (reading, suggestions, tickets, articles, categories and teams, record, model calls,
    automatic answer), one more where a model was asked and one where tools were,
    and up to 4 for a draft's age (messages, changes, its articles, its tickets).
    """
    done = Enrichment.objects.filter(ticket=ticket, state=Enrichment.State.DONE)
    reading = done.filter(verdict__overtaken__isnull=True).first()
    if reading is None:
        return Panel(ticket, ticket.ai_state)
    latest = _latest_suggestions(ticket)
    draft = latest.get(Suggestion.Field.DRAFT)
    draft = draft if draft and draft.state in {State.PROPOSED, State.ACCEPTED} else None
    cited = draft.evidence if draft else []
    verdict, answer = reading.verdict, answer_on(ticket)
    doubts = doubts_of(draft) if draft else []
    tickets = _tickets(user, ticket, [*verdict.get("similar", []), *cited])
    articles = _articles(user, [*verdict.get("articles", []), *cited])
    calls, call, tool_calls = _calls(ticket)
    return Panel(
        ticket=ticket,
        state=ticket.ai_state,
        items=_items(ticket, latest),
        draft=draft,
        draft_sources=[_source(entry, tickets, articles) for entry in cited],
        no_draft="" if draft else str(verdict.get("no_draft", "")),
        similar=_related(tickets, verdict.get("similar", [])),
        articles=_related(articles, verdict.get("articles", [])),
        reading=reading,
        call=call,
        own=part_in(call, ticket) if call else None,
        calls=calls,
        tools=list(verdict.get("tools", [])),
        tool_problems=list(verdict.get("tool_problems", [])),
        tool_calls=tool_calls,
        draft_doubts=doubts,
        automatic=answer,
        is_ready=bool(draft and draft.is_open and not doubts) and is_ready(answer, ticket),
    )


def _calls(ticket: Ticket) -> tuple[int, ModelCall | None, list[ModelCall]]:
    """How many newest calls there are, a model's newest, those of tools. Queries: 1-3.

    A call's whole request is large: only what is shown is read.
    """
    rows = ModelCall.objects.all().about(ticket)
    known = list(rows.values_list("pk", "operation")[:MOST_CALLS])
    models = [pk for pk, operation in known if operation != TOOL]
    tools = [pk for pk, operation in known if operation == TOOL]
    newest = rows.filter(pk=models[0]).first() if models else None
    return len(known), newest, list(rows.filter(pk__in=tools)) if tools else []


def _latest_suggestions(ticket: Ticket) -> dict[str, Suggestion]:
    rows = (
        Suggestion.objects.filter(ticket=ticket)
        .exclude(state=State.STALE)
        .select_related("decided_by")
        .order_by("field", "-pk")
        .distinct("field")
    )
    return {row.field: row for row in rows}


def _items(ticket: Ticket, latest: dict[str, Suggestion]) -> list[Item]:
    rows = [latest[name] for name in FIELDS if name in latest]
    if not rows:
        return []
    options = _options(ticket.organization_id)
    records = _records(ticket.organization_id, rows)
    found: list[Item] = []
    for row in rows:
        is_first = not any(item.takes_key for item in found)
        found.append(
            Item(
                suggestion=row,
                words=[e["text"] for e in row.evidence if e.get("kind") == "word"],
                reasons=[e for e in row.evidence if e.get("kind") != "word"],
                options=options[row.field],
                alternatives=_alternatives(row),
                record=records.get((row.field, row.value)),
                takes_key=is_first and row.is_open and row.is_sure,
            )
        )
    return found


def _alternatives(row: Suggestion) -> list[Option]:
    choices = [
        {"value": row.value, "object_id": row.object_id},
        *(choice for choice in row.alternatives),
    ]
    return [
        Option(str(choice["object_id"] or choice["value"]), _shown(row.field, choice["value"]))
        for choice in choices[:3]
    ]


def _options(organization_id: int) -> dict[str, list[Option]]:
    """Every value of each field. Queries: 2."""
    active = {"organization_id": organization_id, "is_active": True}
    return {
        Suggestion.Field.CATEGORY: [
            Option(str(row.pk), row.name) for row in Category.objects.filter(**active)
        ],
        Suggestion.Field.TEAM: [
            Option(str(row.pk), row.name) for row in Team.objects.filter(**active)
        ],
        Suggestion.Field.URGENCY: [Option(value, str(label)) for value, label in Urgency.choices],
    }


def _records(organization_id: int, rows: Sequence[Suggestion]) -> dict[tuple[str, str], Record]:
    """How often each proposed value was right here, over its last decisions. Queries: 1."""
    wanted = Q()
    for row in rows:
        wanted |= Q(field=row.field, value=row.value)
    decided = Suggestion.objects.filter(
        wanted,
        organization_id=organization_id,
        state__in=[State.ACCEPTED, State.CORRECTED, State.REJECTED],
    )
    counts = (
        decided.order_by()
        .values("field", "value")
        .annotate(right=Count("pk", filter=Q(state=State.ACCEPTED)), total=Count("pk"))
    )
    return {
        (row["field"], row["value"]): Record(row["right"], row["total"])
        for row in counts
        if row["total"] >= SHORTEST_RECORD
    }


def _tickets(user: User, ticket: Ticket, entries: list[dict[str, Any]]) -> dict[int, Ticket]:
    ids = [entry["id"] for entry in entries if entry.get("kind") in {"ticket", "response"}]
    rows = desk_tickets(user).filter(pk__in=ids, organization_id=ticket.organization_id)
    return {row.pk: row for row in rows.select_related("status")}


def _articles(user: User, entries: list[dict[str, Any]]) -> dict[int, Article]:
    ids = [entry["id"] for entry in entries if entry.get("kind") == "article"]
    return {row.pk: row for row in readable_articles(user).filter(pk__in=ids)}


def _related(rows: Mapping[int, Ticket | Article], entries: list[dict[str, Any]]) -> list[Related]:
    found = []
    for entry in entries:
        row, level = rows.get(entry["id"]), str(entry.get("level", ""))
        # Below the lowest level there is nothing to say.
        if row is not None and level in METERS:
            found.append(Related(row, level, METERS[level]))
    return found


def _source(
    entry: dict[str, Any], tickets: Mapping[int, Ticket], articles: Mapping[int, Article]
) -> Source:
    url = ""
    if entry.get("kind") == "article" and entry["id"] in articles:
        url = reverse("desk:kb_article", args=[articles[entry["id"]].slug])
    elif entry.get("kind") == TOOL:
        url = str(entry.get("link", ""))
    elif entry["id"] in tickets:
        url = reverse("desk:ticket", args=[tickets[entry["id"]].number])
    return Source(int(entry["number"]), str(entry.get("title", "")), url)


def _shown(name: str, value: str) -> str:
    if name == Suggestion.Field.URGENCY and value in Urgency.values:
        return str(Urgency(value).label)
    return value
