"""Telling people: a line in their list, and a line in a mail that waits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.events import publish
from omnidesk.core.text import one_line
from tickets.access import audience
from tickets.actions.base import InvalidChange
from tickets.events import NotificationsChanged
from tickets.media import offers_for
from tickets.models import (
    Letter,
    LetterLine,
    LetterState,
    NoticedFact,
    Notification,
    NotificationSettings,
    Ticket,
)
from tickets.notice_selectors import current_zone_of, readable_notifications
from tickets.notices import FOR_REQUESTERS, ON_REQUEST, Digest, Kind, Medium, Wishes

_LETTERS: Final = (Medium.EMAIL, Medium.SMS, Medium.WEBHOOK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something to tell about a ticket.

    `by` is whose act it was (never told of it), `about` what repeats are folded under, `invited`
    says that being told gives the right to know (an approver who may not see the ticket itself).
    """

    kind: Kind
    ticket: Ticket
    people: Iterable[int]
    by: int | None = None
    actor_name: str = ""
    about: str = ""
    message_id: int | None = None
    detail: str = ""
    at: datetime | None = None
    invited: bool = False


def once(organization_id: int, key: str) -> bool:
    """Whether this is the first time that somebody notices the fact `key`.

    Holds the key until the transaction ends: a second worker waits and is told no.
    """
    _row, created = NoticedFact.objects.get_or_create(
        key=key, defaults={"organization_id": organization_id}
    )
    return created


@transaction.atomic
def notify(notice: Notice) -> list[User]:
    """Tell those of `people` who may see the ticket, by the media they want; returns them.

    While a notice of the same kind and subject is unread it is counted up instead of repeated.
    """
    people = _told(notice)
    if not people:
        return []
    wishes = wishes_of(people)
    about = notice.about or f"ticket:{notice.ticket.pk}"
    on_page = [one for one in people if wishes[one.pk].wants(notice.kind, Medium.PAGE)]
    if on_page:
        _enlist(notice, about, on_page)
    for person in people:
        for medium in _LETTERS:
            if wishes[person.pk].wants(notice.kind, medium):
                _write_down(notice, about, person, wishes[person.pk], medium)
    return people


def _told(notice: Notice) -> list[User]:
    wanted = {one for one in notice.people if one != notice.by}
    if not wanted:
        return []
    if notice.invited:
        return list(User.objects.filter(pk__in=wanted, is_active=True))
    return audience(notice.ticket, wanted, desk_only=notice.kind not in FOR_REQUESTERS)


def wishes_of(people: Sequence[User]) -> Mapping[int, Wishes]:
    """Person id -> what they want. Queries: 1."""
    rows = {row.user_id: row for row in NotificationSettings.objects.filter(user__in=people)}
    zones = {one.pk: current_zone_of(one) for one in people}
    return {
        pk: rows[pk].wishes(zone) if pk in rows else Wishes(zone=zone) for pk, zone in zones.items()
    }


def _enlist(notice: Notice, about: str, people: Sequence[User]) -> None:
    # One at a time per kind and subject, so that no repetition is lost between the update and
    # the insert.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"notice:{notice.ticket.organization_id}:{notice.kind}:{about}"],
        )
    fresh: dict[str, Any] = {
        "ticket": notice.ticket,
        "actor_name": one_line(notice.actor_name, 150),
        "detail": one_line(notice.detail, 200),
        "at": notice.at or now(),
    }
    unread = Notification.objects.filter(
        user__in=people, kind=notice.kind, about=about, read_at=None
    )
    unread.update(count=F("count") + 1, **fresh)
    known = set(unread.values_list("user_id", flat=True))
    Notification.objects.bulk_create(
        Notification(
            organization_id=notice.ticket.organization_id,
            user=one,
            kind=notice.kind,
            about=about,
            **fresh,
        )
        for one in people
        if one.pk not in known
    )
    _ring(notice.ticket.organization_id, (one.pk for one in people))


def _ring(organization_id: int, user_ids: Iterable[int]) -> None:
    publish(NotificationsChanged(organization_id=organization_id, user_ids=tuple(sorted(user_ids))))


def _write_down(notice: Notice, about: str, person: User, wishes: Wishes, medium: Medium) -> None:
    moment = now()
    letter = _letter_for(notice, about, person, wishes, medium)
    LetterLine.objects.create(
        organization_id=notice.ticket.organization_id,
        letter=letter,
        kind=notice.kind,
        ticket=notice.ticket,
        message_id=notice.message_id,
        actor_name=one_line(notice.actor_name, 150),
        detail=one_line(notice.detail, 200),
        at=notice.at or moment,
    )


def _letter_for(notice: Notice, about: str, person: User, wishes: Wishes, medium: Medium) -> Letter:
    moment, organization_id = now(), notice.ticket.organization_id
    if medium is Medium.SMS:
        due = wishes.text_due(moment, _last_text(organization_id, person))
        return _open_letter(organization_id, person, medium, "texts", due)
    if medium is Medium.WEBHOOK:
        return _open_letter(organization_id, person, medium, about, wishes.call_due(moment))
    gathered = "digest" if wishes.gathers(notice.kind) else about
    due = wishes.mail_due(notice.kind, moment)
    return _open_letter(organization_id, person, medium, gathered, due)


def _last_text(organization_id: int, person: User) -> datetime | None:
    under_way = [LetterState.CLAIMED, LetterState.HANDING_OVER, LetterState.SENT,
                 LetterState.UNCERTAIN]  # fmt: skip
    rows = Letter.objects.filter(
        organization_id=organization_id, user=person, medium=Medium.SMS, state__in=under_way
    )
    return rows.order_by("-pk").values_list("claimed_at", flat=True).first()


def _open_letter(
    organization_id: int, person: User, medium: Medium, about: str, due: datetime
) -> Letter:
    """The waiting letter under its lock: a sender cannot claim it while a line is added."""
    key: dict[str, Any] = {
        "organization_id": organization_id, "user": person, "medium": medium.value, "about": about,
    }  # fmt: skip
    waiting = Letter.objects.filter(**key, state=LetterState.WAITING, attempts=0)
    while True:
        found = waiting.select_for_update().first()
        if found is not None:
            return found
        Letter.objects.bulk_create([Letter(**key, due_at=due)], ignore_conflicts=True)


@transaction.atomic
def mark_read(*, user: User, ids: Sequence[int] | None = None) -> int:
    """Mark notifications of `user` as read: all, or those with `ids`; returns how many."""
    rows = readable_notifications(user).filter(read_at=None)
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    organizations = set(rows.values_list("organization_id", flat=True))
    changed = Notification.objects.filter(pk__in=rows.values("pk")).update(read_at=now())
    for organization_id in organizations:
        _ring(organization_id, [user.pk])
    return changed


@transaction.atomic
def save_wishes(*, user: User, wishes: Wishes) -> NotificationSettings:
    """Keep what a person wants to be told. Raises `InvalidChange` naming the field."""
    for medium, kinds in wishes.choices.items():
        if medium not in Medium.values or any(kind not in Kind.values for kind in kinds):
            raise InvalidChange(_("There is no such kind of notification."), "choices")
    _check_possible(user, wishes)
    if wishes.digest not in Digest.values:
        raise InvalidChange(_("Choose one of the ways that are offered."), "digest")
    if (wishes.quiet_from is None) != (wishes.quiet_to is None):
        raise InvalidChange(_("Quiet hours need a beginning and an end."), "quiet_from")
    row, _created = NotificationSettings.objects.update_or_create(
        user=user,
        defaults={
            "choices": {medium: dict(kinds) for medium, kinds in wishes.choices.items()},
            "digest": wishes.digest,
            "quiet_from": wishes.quiet_from,
            "quiet_to": wishes.quiet_to,
        },
    )
    return row


def _check_possible(user: User, wishes: Wishes) -> None:
    """Refuse to switch on what cannot reach the person; what was on before may stay."""
    chosen = {medium for medium in ON_REQUEST if any(wishes.choices.get(medium, {}).values())}
    if not chosen:
        return
    before = wishes_of([user])[user.pk]
    offers = offers_for(user)
    for medium in Medium:
        offer = offers.get(medium)
        if medium not in chosen or (offer is not None and offer.possible):
            continue
        known = before.choices.get(medium, {})
        if any(on and not known.get(kind) for kind, on in wishes.choices[medium].items()):
            words = offer.words if offer else _("Your organization has not set this up.")
            raise InvalidChange(f"{medium.label}: {words}", "choices")
