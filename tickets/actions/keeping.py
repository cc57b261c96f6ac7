"""Keeping what is written in a form of the portal until it is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.errors import BadInput
from omnidesk.core.text import clean_text
from tickets.actions.base import InvalidChange
from tickets.models import KeptForm

MOST_FIELDS, MOST_CHARACTERS = 100, 250_000
# What a browser sends beside what somebody wrote.
NEVER = frozenset({"csrfmiddlewaretoken", "token", "next", "do", "known", "window"})


@dataclass(frozen=True, slots=True)
class Writer:
    """The window that saves: its own number, and the `saved_at` it knows (None: of nothing)."""

    window: str = ""
    known: datetime | None = None


class FormChanged(BadInput):
    """Another window saved, sent or deleted the form meanwhile; `kept` is what there is now."""

    def __init__(self, kept: KeptForm | None) -> None:
        gone = _("This form was sent or thrown away in another window.")
        super().__init__(_("This form was changed in another window.") if kept else gone)
        self.kept = kept


@transaction.atomic
def keep_form(
    *, person: User, organization_id: int, form: str, values: Mapping[str, Sequence[str]],
    writer: Writer,
) -> KeptForm | None:  # fmt: skip
    """Keep what the form holds; None where nothing is written in it any more.

    Raises `FormChanged` where another window saved since: nobody's words are written over
    unseen. What is older than 30 days is forgotten on this occasion.
    """
    KeptForm.objects.filter(person=person, saved_at__lt=now() - KeptForm.FOR).delete()
    kept = {
        name[:100]: [clean_text(one) for one in given]
        for name, given in list(values.items())[:MOST_FIELDS]
        if name not in NEVER
    }
    if sum(len(one) for given in kept.values() for one in given) > MOST_CHARACTERS:
        raise InvalidChange(_("This is too long to be kept."))
    mine = KeptForm.objects.filter(person=person, organization_id=organization_id, form=form)
    row = mine.select_for_update().first()
    is_empty = not any(one.strip() for given in kept.values() for one in given)
    if is_empty and row is None:
        return None
    if not _may_write(row, writer):
        raise FormChanged(row)
    if is_empty:
        mine.delete()
        return None
    row = row or KeptForm(person=person, organization_id=organization_id, form=form)
    row.values, row.saved_at, row.window = kept, now(), writer.window
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        # Two windows began at the same moment: the second one hears of the first.
        raise FormChanged(mine.first()) from None
    return row


def _may_write(row: KeptForm | None, writer: Writer) -> bool:
    if row is None:
        return writer.known is None
    return row.saved_at == writer.known or bool(writer.window and row.window == writer.window)


def forget_form(*, person: User, organization_id: int, form: str) -> None:
    """It was sent, or its writer begins anew."""
    KeptForm.objects.filter(person=person, organization_id=organization_id, form=form).delete()
