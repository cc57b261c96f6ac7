"""Ticket types: the standard ones, the workflow of a ticket, who may move it where."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from omnidesk.accounts.roles import Role
from tickets.actions.base import Actor, InvalidChange
from tickets.choices import ActorKind, MessageKind, StatusCategory
from tickets.models import (
    CustomField,
    PendingReason,
    Status,
    Ticket,
    TicketType,
    Transition,
    TypeStatus,
)
from tickets.workflow import (
    CUSTOM,
    Moves,
    Step,
    Workflow,
    field_words,
    gone_fields,
    missing,
    moves,
    problems,
)

AGENT, LEAD = Role.AGENT.value, Role.LEAD.value
STANDARD = ("new", "open", "waiting", "on-hold", "resolved", "closed")


class Kind(NamedTuple):
    """A standard type: its statuses in order (the first is the start) and its steps."""

    key: str
    name: str
    statuses: Sequence[str]
    steps: Sequence[Step] = ()


STANDARD_TYPES = (
    Kind("incident", gettext_noop("Incident"), STANDARD),
    Kind("request", gettext_noop("Request"), STANDARD),
    Kind(
        "problem",
        gettext_noop("Problem"),
        ("new", "investigating", "known-error", "resolved", "closed"),
        (
            Step("new", "investigating", AGENT),
            Step("investigating", "known-error", AGENT, ("category",)),
            Step("known-error", "investigating", AGENT),
            Step("investigating", "resolved", AGENT, ("category",)),
            Step("known-error", "resolved", AGENT, ("category",)),
            Step("resolved", "investigating", AGENT),
            Step("resolved", "closed", AGENT),
            Step("closed", "investigating", LEAD),
        ),
    ),
    Kind(
        "change",
        gettext_noop("Change"),
        ("new", "assessment", "approval", "scheduled", "implementing", "resolved", "closed"),
        (
            Step("new", "assessment", AGENT),
            Step("assessment", "approval", AGENT, ("category", "assignee")),
            Step("approval", "assessment", LEAD),
            Step("approval", "scheduled", LEAD),
            Step("scheduled", "implementing", AGENT),
            Step("implementing", "assessment", AGENT, ("note",)),
            Step("implementing", "resolved", AGENT, ("note",)),
            Step("resolved", "closed", AGENT),
            Step(None, "closed", LEAD, ("note",)),
        ),
    ),
)


@transaction.atomic
def set_up_types(organization_id: int) -> None:
    """Give an organization the standard types; what is there already stays. Queries: 5."""
    statuses = {s.key: s for s in Status.objects.filter(organization_id=organization_id)}
    known = set(
        TicketType.objects.filter(organization_id=organization_id).values_list("key", flat=True)
    )
    kinds = {kind.key: kind for kind in STANDARD_TYPES if kind.key not in known}
    types = TicketType.objects.bulk_create(
        TicketType(
            organization_id=organization_id,
            key=kind.key,
            name=kind.name,
            position=position,
            is_default=position == 0 and not known,
            start=statuses[kind.statuses[0]],
            workflow=_workflow(kind, statuses).as_data(),
        )
        for position, kind in enumerate(kinds.values())
    )
    TypeStatus.objects.bulk_create(
        TypeStatus(organization_id=organization_id, type=row, status=statuses[key])
        for row in types
        for key in kinds[row.key].statuses
    )
    Transition.objects.bulk_create(
        Transition(
            organization_id=organization_id,
            type=row,
            source=statuses[step.source] if step.source else None,
            target=statuses[step.target],
            role=step.role,
            requires=list(step.requires),
        )
        for row in types
        for step in kinds[row.key].steps
    )


def _workflow(kind: Kind, statuses: Mapping[str, Status]) -> Workflow:
    stages = {key: str(statuses[key].category) for key in kind.statuses}
    return Workflow(kind.statuses[0], stages, tuple(kind.steps))


def read_workflow(row: TicketType) -> Workflow:
    """The workflow that a type's rows describe now. Queries: 2."""
    statuses = Status.objects.filter(type_statuses__type=row).order_by("position", "pk")
    steps = row.transitions.select_related("source", "target")
    return Workflow(
        start=row.start.key if row.start else "",
        stages={status.key: status.category for status in statuses},
        steps=tuple(
            Step(t.source.key if t.source else None, t.target.key, t.role, tuple(t.requires))
            for t in steps
        ),
    )


@transaction.atomic
def publish_workflow(row: TicketType) -> None:
    """Put the workflow that a type's rows describe into force.

    Raises `InvalidChange` naming what makes it unusable; the one in force stays then.
    """
    workflow = read_workflow(row)
    names = {s.key: str(s) for s in Status.objects.filter(organization_id=row.organization_id)}
    wrong = problems(workflow, names, custom_keys(row.organization_id))
    if wrong:
        raise InvalidChange(" ".join(problem.words for problem in wrong), "statuses")
    row.workflow = workflow.as_data()
    row.save(update_fields=["workflow"])


@transaction.atomic
def join_free_types(status: Status) -> None:
    """Let a new status join the types that allow every move, so that it can be used at once."""
    for row in TicketType.objects.filter(organization_id=status.organization_id, transitions=None):
        TypeStatus.objects.get_or_create(
            organization_id=status.organization_id, type=row, status=status
        )
        publish_workflow(row)


def custom_keys(organization_id: int) -> set[str]:
    """The keys of the organization's custom fields. Queries: 1."""
    rows = CustomField.objects.filter(organization_id=organization_id)
    return set(rows.values_list("key", flat=True))


def default_type(organization_id: int) -> TicketType | None:
    """What a new ticket is where nobody says; None where an organization keeps no types."""
    rows = TicketType.objects.filter(organization_id=organization_id, is_active=True)
    return rows.order_by("-is_default", "position").first()


def workflow_of(ticket: Ticket) -> Workflow:
    """The workflow in force for a ticket. Queries: 0, or 1 or 2 without a type."""
    kind = ticket.type or default_type(ticket.organization_id)
    if kind is not None and kind.workflow:
        return Workflow.from_data(kind.workflow)
    statuses = Status.objects.filter(organization_id=ticket.organization_id)
    return Workflow(stages={status.key: status.category for status in statuses})


def role_of(actor: Actor, organization_id: int) -> str:
    """The role in which `actor` moves tickets; a machine acts for the administrator."""
    if actor.kind != ActorKind.PERSON or actor.user is None:
        return Role.ADMINISTRATOR.value
    if actor.user.is_superuser:
        return Role.ADMINISTRATOR.value
    return actor.user.roles().get(organization_id, Role.REQUESTER.value)


def allowed_moves(ticket: Ticket, actor: Actor) -> Moves:
    """Where `actor` may move the ticket now. Queries: 0, or 1 or 2 without a type."""
    return moves(workflow_of(ticket), ticket.status.key, role_of(actor, ticket.organization_id))


class MoveRefused(InvalidChange):
    """The workflow does not allow the move; `allowed` are the keys it would allow."""

    def __init__(self, message: str, allowed: Sequence[str]) -> None:
        super().__init__(message, "status")
        self.allowed = allowed


def check_move(
    ticket: Ticket, actor: Actor, status: Status, *,
    reason: PendingReason | None = None, answering: bool = False,
) -> None:  # fmt: skip
    """Refuse a move that the ticket's workflow forbids, or whose required fields are empty.

    `answering` says that a public answer leaves with the move. Raises `MoveRefused`, or
    `InvalidChange` naming the first missing field.
    """
    offered = allowed_moves(ticket, actor)
    step = offered.steps.get(status.key)
    if step is None:
        raise MoveRefused(_refusal(ticket, status, offered.steps), list(offered.steps))
    lacking = missing(step, _present(ticket, step, reason or status.pending_reason, answering))
    if any(name.startswith(CUSTOM) for name in lacking):
        # A field that was removed since cannot be filled in: it must not hold the ticket.
        gone = gone_fields(lacking, custom_keys(ticket.organization_id))
        lacking = [name for name in lacking if name not in gone]
    if lacking:
        words = _("Before the ticket becomes “%(status)s” it needs: %(fields)s.")
        names = ", ".join(field_words(name) for name in lacking)
        raise InvalidChange(words % {"status": status, "fields": names}, lacking[0])


def _refusal(ticket: Ticket, status: Status, offered: Mapping[str, Step]) -> str:
    values = {"old": ticket.status, "new": status}
    rows = Status.objects.filter(organization_id=ticket.organization_id, key__in=list(offered))
    allowed = ", ".join(str(row) for row in rows)
    if not allowed:
        return _("You cannot move this ticket on from “%(old)s”.") % values
    words = _("This ticket cannot go from “%(old)s” to “%(new)s”. Allowed: %(allowed)s.")
    return words % {**values, "allowed": allowed}


def _present(
    ticket: Ticket, step: Step, reason: PendingReason | None, answering: bool
) -> dict[str, bool]:
    """Which of the step's fields the ticket has; asks the database only for what is needed."""
    has: dict[str, Callable[[], bool]] = {
        "category": lambda: ticket.category_id is not None,
        "team": lambda: ticket.team_id is not None,
        "assignee": lambda: ticket.assignee_id is not None,
        "tags": ticket.tags.exists,
        "pending_reason": lambda: reason is not None,
        "answer": lambda: answering or _said(ticket, MessageKind.PUBLIC),
        "note": lambda: _said(ticket, MessageKind.INTERNAL),
    }
    given = ticket.custom_fields
    return {
        name: has[name]() if name in has else given.get(name.removeprefix(CUSTOM)) not in EMPTY
        for name in step.requires
        if name in has or name.startswith(CUSTOM)
    }


EMPTY: tuple[object, ...] = (None, "", [], {})


def _said(ticket: Ticket, kind: MessageKind) -> bool:
    return ticket.messages.filter(kind=kind, from_requester=False).exists()


def stage_status(ticket: Ticket, stage: StatusCategory, actor: Actor) -> Status | None:
    """The status that "solved" (or another stage) means for this ticket and person.

    The first that the workflow lets `actor` move to; else the first of the type, so that a
    refusal names it. None where the type has no status of the stage. Queries: 1.
    """
    workflow = workflow_of(ticket)
    if ticket.status_category == stage:
        return ticket.status
    allowed = moves(workflow, ticket.status.key, role_of(actor, ticket.organization_id)).steps
    rows = Status.objects.filter(
        organization_id=ticket.organization_id, category=stage, key__in=list(workflow.stages)
    ).order_by("-is_default", "position")
    found = list(rows)
    return next((row for row in found if row.key in allowed), found[0] if found else None)
