"""Setting up what an organization's tickets are sorted by."""

from django.db import transaction
from django.utils.translation import gettext_noop

from omnidesk.accounts.models import Organization
from omnidesk.core.text import one_line
from tickets.actions.levels import set_up_matrix
from tickets.actions.schedule import set_up_settings
from tickets.actions.sla_setup import set_up_service_levels
from tickets.actions.types import set_up_types, workflow_of
from tickets.choices import StatusCategory
from tickets.models import PendingReason, Status, Tag, Ticket, TicketType

WaitsFor = PendingReason.WaitsFor

# key, name, whom we wait for, whether agreed times stop meanwhile
STANDARD_REASONS = (
    ("requester", gettext_noop("Answer of the requester"), WaitsFor.REQUESTER, True),
    ("supplier", gettext_noop("Answer of a supplier"), WaitsFor.SUPPLIER, True),
    ("team", gettext_noop("Another team"), WaitsFor.DESK, False),
    ("date", gettext_noop("An agreed date"), WaitsFor.DATE, True),
)

# key, name, stage, is the first of its stage
STANDARD_STATUSES = (
    ("new", gettext_noop("New"), StatusCategory.OPEN, True),
    ("open", gettext_noop("Open"), StatusCategory.OPEN, False),
    ("waiting", gettext_noop("Waiting for requester"), StatusCategory.PENDING, True),
    ("on-hold", gettext_noop("On hold"), StatusCategory.PENDING, False),
    ("resolved", gettext_noop("Resolved"), StatusCategory.SOLVED, True),
    ("closed", gettext_noop("Closed"), StatusCategory.CLOSED, True),
    # Problems and changes alone go through these.
    ("investigating", gettext_noop("Investigating"), StatusCategory.OPEN, False),
    ("known-error", gettext_noop("Known error"), StatusCategory.PENDING, False),
    ("assessment", gettext_noop("Being assessed"), StatusCategory.OPEN, False),
    ("approval", gettext_noop("Waiting for approval"), StatusCategory.PENDING, False),
    ("scheduled", gettext_noop("Scheduled"), StatusCategory.PENDING, False),
    ("implementing", gettext_noop("Being carried out"), StatusCategory.OPEN, False),
)
# status key -> key of the reason it means where nobody names one
USUAL_REASON = {"waiting": "requester", "approval": "team", "scheduled": "date"}


@transaction.atomic
def set_up_organization(organization: Organization) -> None:
    """Give an organization its standard statuses, reasons, types, matrix, settings, agreed times.

    What is there already stays as it is.
    """
    PendingReason.objects.bulk_create(
        (
            PendingReason(
                organization=organization,
                key=key,
                name=name,
                waits_for=waits_for.value,
                pauses_sla=pauses,
                position=position,
            )
            for position, (key, name, waits_for, pauses) in enumerate(STANDARD_REASONS)
        ),
        ignore_conflicts=True,
    )
    reasons = {r.key: r for r in PendingReason.objects.filter(organization=organization)}
    Status.objects.bulk_create(
        (
            Status(
                organization=organization,
                key=key,
                name=name,
                category=stage,
                position=position,
                is_default=first,
                pending_reason=reasons.get(USUAL_REASON.get(key, "")),
            )
            for position, (key, name, stage, first) in enumerate(STANDARD_STATUSES)
        ),
        ignore_conflicts=True,
    )
    set_up_types(organization.pk)
    set_up_matrix(organization.pk)
    set_up_settings(organization.pk)
    set_up_service_levels(organization)


def default_status(organization_id: int, stage: StatusCategory) -> Status:
    """The organization's first status of a stage; sets the standard ones up where none is."""
    statuses = Status.objects.filter(organization_id=organization_id, category=stage)
    status = statuses.order_by("-is_default", "position").first()
    if status is not None:
        return status
    set_up_organization(Organization.objects.get(pk=organization_id))
    return statuses.order_by("-is_default", "position")[0]


def first_status(row: TicketType | None, organization_id: int) -> Status:
    """The status that a new ticket of a type begins in."""
    if row is not None and row.start is not None and row.start.category == StatusCategory.OPEN:
        return row.start
    return default_status(organization_id, StatusCategory.OPEN)


def working_status(ticket: Ticket) -> Status:
    """The status of a ticket that somebody has begun: its type's second open one, if any."""
    statuses = Status.objects.filter(
        organization_id=ticket.organization_id, category=StatusCategory.OPEN
    )
    if ticket.type is not None and ticket.type.workflow:
        workflow = workflow_of(ticket)
        statuses = statuses.filter(key__in=list(workflow.stages))
        begun = statuses.exclude(key=workflow.start)
    else:
        begun = statuses.filter(is_default=False)
    return (
        begun.order_by("position").first()
        or statuses.order_by("-is_default", "position").first()
        or default_status(ticket.organization_id, StatusCategory.OPEN)
    )


@transaction.atomic
def get_or_create_tags(organization_id: int, names: list[str]) -> list[Tag]:
    """The tags by name (trimmed, lower case, without repeats), created where missing."""
    wanted = list(dict.fromkeys(one_line(name, 50).lower() for name in names if name.strip()))
    Tag.objects.bulk_create(
        (Tag(organization_id=organization_id, name=name) for name in wanted), ignore_conflicts=True
    )
    return list(Tag.objects.filter(organization_id=organization_id, name__in=wanted))
