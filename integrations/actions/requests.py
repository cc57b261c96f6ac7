"""What becomes of another helpdesk's request: a ticket, opened once, kept up with its status."""

from collections.abc import Iterable
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.utils.translation import gettext as _

from integrations.actions.conversation import belongs
from integrations.actions.receipts import Verdict, write_verdict
from integrations.base import InboundRequest, TransportError
from integrations.models import Channel, ExternalLink, Receipt, ReceiptState, RemoteRequest
from integrations.registry import kind_of
from omnidesk.accounts.actions import find_or_create_requester
from omnidesk.accounts.models import Membership, User
from omnidesk.core.clock import now
from omnidesk.core.text import clean_text, detect_language, one_line
from tickets.actions.base import Actor
from tickets.actions.catalog import default_status
from tickets.actions.intake import (
    LONGEST_TEXT,
    Body,
    Opening,
    Triage,
    open_tickets,
    receive_message,
)
from tickets.actions.lifecycle import set_status
from tickets.actions.reply import add_note
from tickets.choices import ActorKind, Source, StatusCategory, Urgency
from tickets.models import Message, Ticket

# Names are per customer: these are the defaults, other names change nothing.
STAGES: Final = {
    "open": StatusCategory.OPEN, "in progress": StatusCategory.OPEN,
    "assigned": StatusCategory.OPEN, "onhold": StatusCategory.PENDING,
    "on hold": StatusCategory.PENDING, "pending": StatusCategory.PENDING,
    "resolved": StatusCategory.SOLVED, "closed": StatusCategory.CLOSED,
    "cancelled": StatusCategory.CLOSED, "canceled": StatusCategory.CLOSED,
}  # fmt: skip
UNSETTLED: Final = frozenset({StatusCategory.OPEN.value, StatusCategory.PENDING.value})
URGENCIES: Final = {
    "low": Urgency.LOW, "normal": Urgency.MEDIUM, "medium": Urgency.MEDIUM,
    "high": Urgency.HIGH, "urgent": Urgency.CRITICAL, "critical": Urgency.CRITICAL,
}  # fmt: skip


@transaction.atomic
def accept_request(
    receipt: Receipt, request: InboundRequest, *, speaks: bool = False
) -> RemoteRequest | None:
    """Settle the receipt with the request's ticket; None where no row of it is kept.

    The same request twice is one ticket, older news changes nothing. `speaks`: its text is a
    message for the ticket. The caller holds the scope.
    """
    channel = receipt.channel
    lock_requests(channel, [request.remote_id])
    locked = Receipt.objects.select_for_update(of=("self",)).get(pk=receipt.pk)
    if locked.state != ReceiptState.WAITING:
        return None
    known = _known(channel, request)
    if known is not None and not speaks:
        write_verdict(locked, _follow(channel, known, request))
        return known
    person, refused = _person(channel, request)
    if person is None:
        write_verdict(locked, Verdict(ReceiptState.QUARANTINED, refused))
        return None
    if known is not None:
        write_verdict(locked, _speak(channel, known, person, request))
        return known
    opening = _open(channel, person, request)
    write_verdict(locked, Verdict(ReceiptState.ACCEPTED, message=opening))
    return _remember(channel, opening.ticket, request) if request.remote_id else None


@transaction.atomic
def follow_link(receipt: Receipt, request: InboundRequest) -> RemoteRequest | None:
    """Settle the receipt of a request whose ticket the federation keeps in step.

    Raises TransportError while that ticket is not here yet: the receipt waits.
    """
    channel = receipt.channel
    locked = Receipt.objects.select_for_update(of=("self",)).get(pk=receipt.pk)
    if locked.state != ReceiptState.WAITING:
        return None
    link = ExternalLink.objects.filter(channel=channel, remote_id=request.remote_id).first()
    if link is None:
        words = _("Only tickets that were passed on from here are taken in.")
        write_verdict(locked, Verdict(ReceiptState.IGNORED, words))
        return None
    if link.ticket is None:
        raise TransportError(link.error or _("The request was not taken in yet."))
    opening = link.ticket.messages.get(is_opening=True)
    write_verdict(locked, Verdict(ReceiptState.ACCEPTED, message=opening))
    return _known(channel, request) or _remember(channel, link.ticket, request)


def lock_requests(channel: Channel, remote_ids: Iterable[str]) -> None:
    """Two calls about one new request at once: the second waits and finds the first's ticket.

    In one order, so that two takers do not wait for each other. Queries: 1.
    """
    names = [f"request:{channel.pk}:{remote_id}" for remote_id in remote_ids]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(key) FROM (SELECT DISTINCT hashtextextended(name, 0)"
            " AS key FROM unnest(%s::text[]) AS name ORDER BY 1) AS keys",
            [names],
        )


def _known(channel: Channel, request: InboundRequest) -> RemoteRequest | None:
    if not request.remote_id:
        return None
    rows = RemoteRequest.objects.filter(channel=channel, remote_id=request.remote_id)
    return rows.exclude(ticket__deleted_at__isnull=False).select_related("ticket").first()


def _remember(channel: Channel, ticket: Ticket, request: InboundRequest) -> RemoteRequest:
    # A ticket in the bin makes room for a new one of the same request.
    RemoteRequest.objects.filter(channel=channel, remote_id=request.remote_id).delete()
    row = row_by(channel, ticket, request)
    row.save(force_insert=True)
    return row


def row_by(channel: Channel, ticket: Ticket, request: InboundRequest) -> RemoteRequest:
    """What the same request is known by from now on, not saved."""
    enriches = bool(channel.settings.get("enrich", False))
    return RemoteRequest(
        organization_id=channel.organization_id,
        channel=channel,
        remote_id=request.remote_id,
        display_id=request.display_id,
        remote_version=request.version,
        ticket=ticket,
        stage=RemoteRequest.Stage.WAITING if enriches else RemoteRequest.Stage.DONE,
        next_try_at=now(),
    )


def _speak(channel: Channel, row: RemoteRequest, person: User, request: InboundRequest) -> Verdict:
    message = receive_message(
        ticket=row.ticket,
        author=person,
        body=Body(text=request.text),
        source=source_of(channel),
        actor=actor_of(channel),
        reopen=not request.solved,
    )
    if request.solved and message.ticket.status_category in {
        StatusCategory.OPEN,
        StatusCategory.PENDING,
    }:
        _move(channel, message.ticket, StatusCategory.SOLVED, request)
    return Verdict(ReceiptState.ACCEPTED, message=message)


def source_of(channel: Channel) -> Source:
    """What the channel's tickets say that they came by."""
    return Source(channel.kind) if channel.kind in Source.values else Source.API


def _person(channel: Channel, request: InboundRequest) -> tuple[User | None, str]:
    address = address_of(channel, request)
    if not is_usable(address):
        return None, _("The requester's address cannot be used.")
    known = User.objects.filter(email=address).first()
    member = (
        known is not None
        and Membership.objects.filter(user=known, organization_id=channel.organization_id).exists()
    )
    if known is not None and not known.is_active:
        return None, _("The sender's account is closed.")
    trusted = not request.email or member or belongs(channel.organization, address)
    if not (trusted or channel.accepts_strangers):
        return None, _("The sender is not known here.")
    person = find_or_create_requester(
        organization_id=channel.organization_id,
        email=address,
        name=name_of(channel, request),
    )
    return person, ""


def address_of(channel: Channel, request: InboundRequest) -> str:
    """The requester's; where the call names none, the far side itself stands for the person."""
    return request.email or f"{channel.slug}@helpdesk.invalid"


def name_of(channel: Channel, request: InboundRequest) -> str:
    """The requester's."""
    return request.name or ("" if request.email else channel.name)


def is_usable(address: str) -> bool:
    """Whether somebody can be known by it."""
    try:
        validate_email(address)
    except ValidationError:
        return False
    return True


def _open(channel: Channel, person: User, request: InboundRequest) -> Message:
    messages = open_tickets(
        organization_id=channel.organization_id,
        openings=[opening_by(channel, person, request)],
        source=source_of(channel),
        actor=actor_of(channel),
    )
    return messages[0]


def opening_by(channel: Channel, person: User, request: InboundRequest) -> Opening:
    """The ticket that the request becomes."""
    text = clean_text(request.text, LONGEST_TEXT).strip() or request.subject
    return Opening(
        requester=person,
        subject=one_line(request.subject) or _("Request %(id)s") % {"id": _number(request)},
        body=Body(text=text or _("(No description)")),
        triage=Triage(
            category=channel.default_category,
            team=channel.default_team,
            urgency=str(URGENCIES.get(request.priority.lower(), "")),
            language=detect_language(text, channel.organization.language),
        ),
    )


def _follow(channel: Channel, row: RemoteRequest, request: InboundRequest) -> Verdict:
    opening = Message.objects.get(ticket=row.ticket, is_opening=True)
    if request.version and request.version <= row.remote_version:
        return Verdict(ReceiptState.IGNORED, _("Older than what is known."), opening)
    row.remote_version = max(row.remote_version, request.version)
    row.save(update_fields=["remote_version", "updated_at"])
    stage = STAGES.get(request.status.lower())
    if stage is not None and stage != row.ticket.status_category:
        _move(channel, row.ticket, stage, request)
    return Verdict(ReceiptState.ACCEPTED, message=opening)


def _move(channel: Channel, ticket: Ticket, stage: StatusCategory, request: InboundRequest) -> None:
    actor = actor_of(channel)
    words: dict[str, Any] = {
        "system": kind_of(channel.kind).label, "id": _number(request), "status": request.status,
    }  # fmt: skip
    set_status(ticket=ticket, actor=actor, status=default_status(ticket.organization_id, stage))
    add_note(
        ticket=ticket,
        actor=actor,
        text=_("%(system)s: request %(id)s is now “%(status)s”.") % words,
    )


def _number(request: InboundRequest) -> str:
    return request.display_id or request.remote_id


def actor_of(channel: Channel) -> Actor:
    """In whose name the far side opens and changes tickets."""
    return Actor.machine(ActorKind.CHANNEL, channel.name)
