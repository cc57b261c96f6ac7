"""Keeping what is written in a form of the portal until it is sent."""

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.text import clean_text
from tickets.actions.base import InvalidChange
from tickets.models import KeptForm

MOST_FIELDS, MOST_CHARACTERS = 100, 250_000
# What a browser sends beside what somebody wrote.
NEVER = frozenset({"csrfmiddlewaretoken", "token", "next", "do"})


@transaction.atomic
def keep_form(
    *, person: User, organization_id: int, form: str, values: Mapping[str, Sequence[str]]
) -> KeptForm | None:
    """Keep what the form holds; None where nothing is written in it any more.

    The last save counts: the same form in two windows is one form. What is older than 30 days is
    forgotten on this occasion.
    """
    KeptForm.objects.filter(person=person, saved_at__lt=now() - KeptForm.FOR).delete()
    kept = {
        name[:100]: [clean_text(one) for one in given]
        for name, given in list(values.items())[:MOST_FIELDS]
        if name not in NEVER
    }
    if sum(len(one) for given in kept.values() for one in given) > MOST_CHARACTERS:
        raise InvalidChange(_("This is too long to be kept."))
    if not any(one.strip() for given in kept.values() for one in given):
        forget_form(person=person, organization_id=organization_id, form=form)
        return None
    row, _created = KeptForm.objects.update_or_create(
        person=person, organization_id=organization_id, form=form,
        defaults={"values": kept, "saved_at": now()},
    )  # fmt: skip
    return row


def forget_form(*, person: User, organization_id: int, form: str) -> None:
    """It was sent, or its writer begins anew."""
    KeptForm.objects.filter(person=person, organization_id=organization_id, form=form).delete()
