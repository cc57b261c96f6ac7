"""What the AI page and `ai/models/status/` show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Avg, Count, Q, Sum

from ai.examples import MINIMUM_EXAMPLES, Origin, count_corrections, count_examples
from ai.models import Enrichment, IndexEntry, ModelCall, Suggestion, TrainedModel, Training
from omnidesk.accounts.models import Organization, User
from omnidesk.accounts.roles import Role
from omnidesk.core.clock import now
from tickets.models import Category, Ticket

PERIOD = timedelta(days=30)
SHOWN_RUNS = 5
DECIDED = (
    Suggestion.State.ACCEPTED.value,
    Suggestion.State.CORRECTED.value,
    Suggestion.State.REJECTED.value,
)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How the category suggestions of one category fared in the period."""

    name: str
    suggested: int
    decided: int
    right: int
    examples: int


@dataclass(frozen=True, slots=True)
class Learned:
    """One kind of classifier: the model in use, or why there is none yet."""

    kind: str
    name: str
    model: TrainedModel | None
    examples: int
    needed: int
    earlier: int | None = None
    retired: TrainedModel | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What one training brought for one kind; figures are macro-F1 on the same tickets.

    origins: (who says so, how many of the examples), where a person did.
    """

    name: str
    outcome: str
    examples: int
    before: float | None
    after: float | None
    rows: int
    reason: str
    origins: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """One training with its report, or the error that ended it."""

    training: Training
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Desk:
    """One organization's AI."""

    organization: Organization
    learned: Sequence[Learned]
    coverage: Sequence[Coverage]
    runs: Sequence[Run]
    queue: dict[str, int]
    indexed: dict[str, int]
    calls: dict[str, Any]
    may_train: bool
    may_export: bool
    corrections: int
    train_after: int

    @property
    def training(self) -> Training | None:
        """The last run."""
        return self.runs[0].training if self.runs else None


def status_page(user: User) -> list[Desk]:
    """The AI of every organization `user` works in. Queries: 1 + 13 per organization."""
    organizations = Organization.objects.filter(pk__in=user.staffed_organization_ids())
    return [
        Desk(
            organization=organization,
            learned=learned(organization.pk),
            coverage=_coverage(organization.pk),
            runs=[_run(training) for training in _trainings(organization.pk)],
            queue=queue_of([organization.pk]),
            indexed=_indexed(organization.pk),
            calls=_calls(organization.pk),
            may_train=user.has_role(organization.pk, Role.LEAD),
            may_export=user.has_role(organization.pk, Role.ADMINISTRATOR),
            corrections=count_corrections(organization.pk),
            train_after=settings.AI_TRAIN_AFTER,
        )
        for organization in organizations
    ]


def _trainings(organization_id: int) -> list[Training]:
    """The last runs, newest first. Queries: 1."""
    rows = Training.objects.filter(organization_id=organization_id).select_related("requested_by")
    return list(rows[:SHOWN_RUNS])


def _run(training: Training) -> Run:
    names = dict(TrainedModel.Kind.choices)
    lines = []
    for kind, row in training.report.items():
        match, metrics = row.get("match", {}), row.get("metrics", {})
        lines.append(
            Line(
                name=str(names.get(kind, kind)),
                outcome=str(row.get("outcome", "")),
                examples=int(row.get("examples", 0)),
                before=match.get("before"),
                after=match.get("after", metrics.get("macro_f1")),
                rows=int(match.get("rows", metrics.get("rows", 0))),
                reason=str(row.get("reason", "")),
                origins=_origins(row.get("origins", {})),
            )
        )
    return Run(training, lines)


def _origins(counts: dict[str, int]) -> list[tuple[str, int]]:
    """What people said, without what nobody looked at."""
    reviewed = (one for one in Origin if one != Origin.HISTORY)
    return [(str(one.label), counts[one]) for one in reviewed if counts.get(one)]


def learned(organization_id: int) -> list[Learned]:
    """The models in use by kind, and what could be put back. Queries: 1 + 1 per kind."""
    rows = TrainedModel.objects.filter(organization_id=organization_id)
    kept = list(rows.defer("content").select_related("retired_by").order_by("-version"))
    models = {row.kind: row for row in kept if row.is_active}
    return [
        Learned(
            kind=kind.value,
            name=str(kind.label),
            model=models.get(kind.value),
            examples=count_examples(organization_id, kind.value),
            needed=MINIMUM_EXAMPLES,
            earlier=_earlier(kept, models.get(kind.value)),
            retired=next((r for r in kept if r.kind == kind.value and r.retired_at), None),
        )
        for kind in TrainedModel.Kind
    ]


def _earlier(kept: Sequence[TrainedModel], active: TrainedModel | None) -> int | None:
    """Version that would answer again, where one is kept."""
    if active is None:
        return None
    rows = (r for r in kept if r.kind == active.kind and r.version < active.version)
    return next((r.version for r in rows if not r.error and not r.retired_at), None)


def queue_of(organization_ids: Sequence[int]) -> dict[str, int]:
    """How many tickets wait, are being read, failed. Queries: 1."""
    states = Enrichment.State
    recent = now() - PERIOD
    return Enrichment.objects.filter(organization_id__in=organization_ids).aggregate(
        waiting=Count("pk", filter=Q(state=states.PENDING)),
        running=Count("pk", filter=Q(state=states.RUNNING)),
        failed=Count("pk", filter=Q(state=states.FAILED, finished_at__gte=recent)),
        done=Count("pk", filter=Q(state=states.DONE, finished_at__gte=recent)),
    )


def _coverage(organization_id: int) -> list[Coverage]:
    """Per category, how often it was suggested and was right. Queries: 3."""
    suggestions = Suggestion.objects.filter(
        organization_id=organization_id,
        field=Suggestion.Field.CATEGORY,
        created_at__gte=now() - PERIOD,
    )
    counts: dict[int | None, dict[str, Any]] = {
        row["object_id"]: dict(row)
        for row in suggestions.order_by()
        .values("object_id")
        .annotate(
            suggested=Count("ticket", distinct=True),
            decided=Count("pk", filter=Q(state__in=DECIDED)),
            right=Count("pk", filter=Q(state=Suggestion.State.ACCEPTED)),
        )
    }
    examples = dict(
        Ticket.objects.alive()
        .filter(organization_id=organization_id, category__isnull=False)
        .order_by()
        .values_list("category")
        .annotate(Count("pk"))
    )
    none: dict[str, Any] = {"suggested": 0, "decided": 0, "right": 0}
    categories = Category.objects.filter(organization_id=organization_id, is_active=True)
    return [
        Coverage(
            name=category.name,
            **{key: counts.get(category.pk, none)[key] for key in none},
            examples=examples.get(category.pk, 0),
        )
        for category in categories
    ]


def _indexed(organization_id: int) -> dict[str, int]:
    """Rows in the vector store, and how many there are to be. Queries: 2."""
    entries = IndexEntry.objects.filter(organization_id=organization_id)
    found: dict[str, int] = entries.aggregate(
        tickets=Count("pk", filter=Q(kind=IndexEntry.Kind.TICKET)),
        articles=Count("pk", filter=Q(kind=IndexEntry.Kind.ARTICLE)),
    )
    alive = Ticket.objects.alive().filter(organization_id=organization_id)
    return {**found, "all_tickets": alive.count()}


def _calls(organization_id: int) -> dict[str, Any]:
    """Calls to models outside in the period. Queries: 1."""
    calls = ModelCall.objects.filter(organization_id=organization_id, at__gte=now() - PERIOD)
    return calls.aggregate(
        calls=Count("pk"),
        failed=Count("pk", filter=~Q(status=ModelCall.Status.OK)),
        cost=Sum("cost_usd"),
        bytes=Sum("sent_bytes"),
        milliseconds=Avg("milliseconds"),
    )
