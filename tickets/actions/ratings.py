"""Asking for a rating, once, and keeping what comes back."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _

from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from omnidesk.core.text import clean_text
from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record
from tickets.actions.notify import Notice, notify
from tickets.choices import ActorKind, StatusCategory
from tickets.models import Rating, RatingSettings, Ticket
from tickets.notices import Kind

SALT = "tickets.rating"
# Whoever solved longer ago is not asked any more: after a break nobody gets a heap of questions.
ASKED_WITHIN = timedelta(days=7)
LINK_LASTS = timedelta(days=60)
MOST_AT_ONCE = 200
MOST_COMMENT = 2000


def sign_rating(rating: Rating) -> str:
    """What stands in the mail's link."""
    return signing.dumps([rating.organization_id, rating.pk], salt=SALT)


def read_token(token: str) -> tuple[int, int] | None:
    """(organization, rating) of a link, or None where it was not ours or is too old."""
    try:
        place, pk = signing.loads(token, salt=SALT, max_age=LINK_LASTS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return int(place), int(pk)


def ask_for_ratings(organization_id: int, *, moment: datetime | None = None) -> int:
    """Ask whoever's ticket a person answered and that was solved a while ago; returns how many.

    The row is written before the question and unique per ticket, both in one transaction: two
    beats ask once. A ticket that was closed without an answer is never asked about.
    """
    moment = moment or now()
    with organization_scope(organization_id):
        settings = RatingSettings.objects.filter(
            organization_id=organization_id, is_on=True
        ).first()
        if settings is None:
            return 0
        tickets = Ticket.objects.alive().filter(
            organization_id=organization_id,
            status_category__in=[StatusCategory.SOLVED, StatusCategory.CLOSED],
            resolved_at__gt=moment - ASKED_WITHIN,
            resolved_at__lte=moment - timedelta(hours=settings.ask_after),
            first_response_at__isnull=False,
            rating=None,
        )
        found = list(tickets.order_by("resolved_at").defer("search")[:MOST_AT_ONCE])
        return sum(_ask(ticket, moment) for ticket in found)


@transaction.atomic
def _ask(ticket: Ticket, moment: datetime) -> bool:
    _rating, created = Rating.objects.get_or_create(
        ticket=ticket, defaults={"organization_id": ticket.organization_id, "asked_at": moment}
    )
    if created:
        notify(
            Notice(
                kind=Kind.RATE,
                ticket=ticket,
                people=[ticket.requester_id],
                about=f"rate:{ticket.pk}",
            )
        )
    return created


@transaction.atomic
def rate(
    *, ticket: Ticket, actor: Actor, score: int | None, reasons: Sequence[str] = (),
    comment: str = "",
) -> Rating:  # fmt: skip
    """Keep the requester's rating; within a week it may be changed. Raises `InvalidChange`."""
    ticket = locked(ticket)
    settings = RatingSettings.objects.filter(
        organization_id=ticket.organization_id, is_on=True
    ).first()
    if settings is None or not ticket.is_settled:
        raise InvalidChange(_("This ticket cannot be rated now."), "score")
    if score not in settings.scores:
        raise InvalidChange(_("Choose how it was."), "score")
    known = {one["value"] for one in settings.reasons}
    if not set(reasons) <= known:
        raise InvalidChange(_("This reason is not on the list any more."), "reasons")
    rating, _created = Rating.objects.get_or_create(
        ticket=ticket, defaults={"organization_id": ticket.organization_id}
    )
    if not rating.is_open:
        raise InvalidChange(_("A rating may be changed for seven days."), "score")
    old = rating.score
    rating.score, rating.reasons = score, [o for o in known if o in reasons]
    rating.comment = clean_text(comment, MOST_COMMENT).strip()
    rating.rated_at = rating.rated_at or now()
    rating.save()
    record(ticket, actor, FieldChange("ticket.rated", "rating", old, score), activity=False)
    return rating


def requester_by_link(ticket: Ticket) -> Actor:
    """Whose hand a signed link is."""
    return Actor(ActorKind.PERSON, ticket.requester, ticket.requester.display_name)
