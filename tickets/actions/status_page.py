"""The status page: what is told, its updates, and who follows them."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.events import publish
from omnidesk.core.text import clean_text, one_line
from tickets.actions.base import InvalidChange
from tickets.events import StatusUpdated
from tickets.models import StatusFollower, StatusNotice, StatusUpdate, Ticket

MOST_TEXT = 5000
MOST_AT_ONCE = 200
_TEXTS = ("text", "advice")


@transaction.atomic
def save_notice(
    *, organization_id: int, author: User, values: Mapping[str, Any],
    notice: StatusNotice | None = None, ticket: Ticket | None = None,
) -> StatusNotice:  # fmt: skip
    """Write a notice, or change what one says; `values` are the form's. It is not published yet.

    Raises `InvalidChange` for an empty title, or an end before the beginning.
    """
    row = notice or StatusNotice(organization_id=organization_id, author=author, ticket=ticket)
    for name in ("kind", "article", "starts_at", "ends_at"):
        if name in values:
            setattr(row, name, values[name])
    row.title = one_line(values.get("title", row.title), 200)
    row.affected = one_line(values.get("affected", row.affected), 300)
    for name in _TEXTS:
        setattr(row, name, clean_text(values.get(name, getattr(row, name)), MOST_TEXT).strip())
    row.starts_at = row.starts_at or now()
    if not row.title:
        raise InvalidChange(_("Enter a title."), "title")
    if row.ends_at and row.ends_at < row.starts_at:
        raise InvalidChange(_("The end lies before the beginning."), "ends_at")
    row.save()
    return row


@transaction.atomic
def publish_notice(*, notice: StatusNotice, author: User) -> StatusNotice:
    """Show a notice on the status page; its first update says where it stands. Twice is once."""
    row = _locked(notice)
    if row.published_at is None:
        row.published_at = now()
        row.save(update_fields=["published_at", "updated_at"])
        if row.kind == StatusNotice.Kind.INCIDENT:
            post_update(notice=row, author=author, stage=row.stage, text="")
    return row


@transaction.atomic
def withdraw_notice(*, notice: StatusNotice) -> StatusNotice:
    """Take a notice off the status page; nothing is deleted."""
    row = _locked(notice)
    row.published_at = None
    row.save(update_fields=["published_at", "updated_at"])
    return row


@transaction.atomic
def post_update(
    *, notice: StatusNotice, author: User, stage: str, text: str, told: Collection[int] = ()
) -> StatusUpdate:
    """Say where it stands now; followers are told. Raises `InvalidChange`.

    The stage `over` ends it; another one opens an ended notice again. `told` are ids of people
    who read it elsewhere and need no mail about it.
    """
    row = _locked(notice)
    if stage not in StatusNotice.Stage.values:
        raise InvalidChange(_("Choose one of the list."), "stage")
    text = clean_text(text, MOST_TEXT).strip()
    if not text and row.updates.filter(stage=stage).exists():
        raise InvalidChange(_("Write what is new."), "text")
    over = stage == StatusNotice.Stage.OVER
    row.stage = stage
    if row.kind == StatusNotice.Kind.INCIDENT or over:
        row.ends_at = now() if over else None
    row.save(update_fields=["stage", "ends_at", "updated_at"])
    update = StatusUpdate.objects.create(
        organization_id=row.organization_id, notice=row, stage=stage, text=text,
        author=author, created_at=now(),
    )  # fmt: skip
    row.followers.filter(user__in=told).update(told_update=update.pk)
    if row.published_at is not None:
        publish(StatusUpdated(organization_id=row.organization_id, notice_id=row.pk))
    return update


def _locked(notice: StatusNotice) -> StatusNotice:
    return StatusNotice.objects.select_for_update().get(pk=notice.pk)


@transaction.atomic
def follow_notice(*, notice: StatusNotice, user: User) -> bool:
    """ "This affects me too": count the person and tell them of what comes; twice is once."""
    newest = notice.updates.aggregate(newest=Max("pk"))["newest"] or 0
    _row, created = StatusFollower.objects.get_or_create(
        notice=notice,
        user=user,
        defaults={
            "organization_id": notice.organization_id,
            "told_update": newest,
            "created_at": now(),
        },
    )
    return created


def unfollow_notice(*, notice: StatusNotice, user: User) -> None:
    """Stop telling the person."""
    StatusFollower.objects.filter(notice=notice, user=user).delete()


@transaction.atomic
def claim_followers(notice: StatusNotice, newest: int) -> list[tuple[StatusFollower, int]]:
    """Followers who were not told of the update `newest`, with the one they knew before.

    They count as told from here on: whoever sends the mails gives back those that failed.
    """
    rows = (
        StatusFollower.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(notice=notice, told_update__lt=newest, user__is_active=True)
        .select_related("user")
        .order_by("pk")[:MOST_AT_ONCE]
    )
    claimed = [(row, row.told_update) for row in rows]
    pks = [row.pk for row, _known in claimed]
    StatusFollower.objects.filter(pk__in=pks).update(told_update=newest)
    return claimed


def give_back(follower: StatusFollower, known: int) -> None:
    """A mail did not leave: the next sweep tries again."""
    StatusFollower.objects.filter(pk=follower.pk).update(told_update=known)
