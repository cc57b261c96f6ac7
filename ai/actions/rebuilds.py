"""The rows of rebuilding the search index: asking for one, its progress, its end."""

from django.db import transaction
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from ai.engine.store import QUANTIZATIONS
from ai.models import IndexEntry, Rebuild
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.tenancy import system_scope
from omnidesk.core.text import clean_text
from tickets.actions.base import InvalidChange

LONGEST_ERROR = 2_000
MOST_ATTEMPTS = 5
KEPT = 20


@transaction.atomic
def start_rebuild(*, user: User | None, quantization: str) -> Rebuild:
    """A rebuild that waits for the ai-worker: the one that is under way, or a new one."""
    if quantization not in QUANTIZATIONS:
        raise InvalidChange(_("Choose one of the values."), "quantization")
    row, created = Rebuild.objects.get_or_create(
        state__in=Rebuild.LIVE,
        defaults={
            "requested_by": user, "quantization": quantization, "state": Rebuild.State.PENDING,
        },
    )  # fmt: skip
    if created:
        # Those that are done stay: the newest of them says which store is in use.
        rows = Rebuild.objects.exclude(state__in=[*Rebuild.LIVE, Rebuild.State.DONE])
        kept = rows.order_by("-pk").values_list("pk", flat=True)[:KEPT]
        rows.filter(is_tidy=True).exclude(pk__in=list(kept)).delete()
    return row


def stop_rebuild(*, rebuild_id: int, user: User | None) -> bool:
    """Give up what is being built; the one in use stays. False where it had ended before."""
    who = user.display_name if user else "manage.py"
    rows = Rebuild.objects.filter(pk=rebuild_id, state__in=Rebuild.LIVE)
    ended = rows.update(
        state=Rebuild.State.FAILED,
        finished_at=now(),
        error=_("Stopped by %(name)s") % {"name": who},
    )
    return ended == 1


def begin(*, base: str) -> Rebuild | None:
    """The rebuild to work on, marked as begun by whoever has this embedding model."""
    row = Rebuild.objects.filter(state__in=Rebuild.LIVE).first()
    if row is None:
        return None
    if row.state == Rebuild.State.PENDING or row.base != base:
        # Begun with another model: what lies in its store cannot be compared with this one's.
        row.state, row.base, row.entry, row.done, row.total = "running", base, 0, 0, points_due()
        waiting = Rebuild.objects.filter(pk=row.pk, state__in=Rebuild.LIVE)
        waiting.update(
            state=row.state, base=base, entry=0, done=0, total=row.total, touched_at=now()
        )
    return row


def points_due() -> int:
    """How many passages the rows that are indexed have. Queries: 2."""
    with system_scope():
        found = IndexEntry.objects.aggregate(points=Coalesce(Sum("chunks"), 0))
    return int(found["points"])


def note_step(row: Rebuild, *, entry: int, done: int) -> bool:
    """One batch is written; False when another process went on from there, or it was stopped."""
    own = Rebuild.objects.filter(pk=row.pk, state=Rebuild.State.RUNNING, entry=row.entry)
    share = min((row.done + done) / max(row.total, 1), 0.99)
    return own.update(
        entry=entry, done=F("done") + done, attempts=0, error="", progress=share, touched_at=now()
    ) == 1  # fmt: skip


def start_again(row: Rebuild) -> None:
    """From the first row on: what had been written is gone."""
    Rebuild.objects.filter(pk=row.pk).update(entry=0, done=0, progress=0.0, touched_at=now())


def note_failure(row: Rebuild, error: str) -> None:
    """Tried again by the sweep, `MOST_ATTEMPTS` times in a row at most."""
    text = clean_text(error, LONGEST_ERROR)
    own = Rebuild.objects.filter(pk=row.pk, state=Rebuild.State.RUNNING)
    own.update(attempts=F("attempts") + 1, error=text, touched_at=now())
    own.filter(attempts__gte=MOST_ATTEMPTS).update(state=Rebuild.State.FAILED, finished_at=now())


def finish(row: Rebuild) -> bool:
    """From now on its store is the one in use; False where it was stopped meanwhile."""
    own = Rebuild.objects.filter(pk=row.pk, state=Rebuild.State.RUNNING)
    return own.update(
        state=Rebuild.State.DONE, finished_at=now(), progress=1.0, error="", total=F("done")
    ) == 1  # fmt: skip


def note_tidy() -> None:
    """What earlier rebuilds left has been removed."""
    Rebuild.objects.exclude(Q(is_tidy=True) | Q(state__in=Rebuild.LIVE)).update(is_tidy=True)
