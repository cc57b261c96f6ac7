"""The rows of learning: starting a run, ending it, putting a model into use."""

from dataclasses import dataclass, field
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from ai.alive import lost
from ai.models import TrainedModel, Training
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.text import clean_text
from tickets.actions.base import InvalidChange

logger = structlog.get_logger(__name__)

KEPT_VERSIONS = 5


@dataclass(frozen=True, slots=True)
class NewModel:
    """A trained classifier before it has a row; `refusal` says why it is not to be used."""

    kind: str
    content: bytes
    classes: list[str]
    trained_on: int
    metrics: dict[str, Any] = field(default_factory=dict)
    refusal: str = ""


@transaction.atomic
def start_training(*, organization_id: int, user: User | None) -> Training:
    """A run that waits for a worker: the one that is there, or a new one."""
    fail_lost(organization_id)
    live = [Training.State.PENDING, Training.State.RUNNING]
    row, _created = Training.objects.get_or_create(
        organization_id=organization_id,
        state__in=live,
        defaults={
            "organization_id": organization_id,
            "requested_by": user,
            "state": Training.State.PENDING,
        },
    )
    return row


def fail_lost(organization_id: int) -> None:
    """Close the runs whose process has ended, so that the next one need not wait for them."""
    mine = Training.objects.filter(organization_id=organization_id, state=Training.State.RUNNING)
    running = set(mine.values_list("pk", flat=True))
    if running and (gone := lost(running)):
        mine.filter(pk__in=gone).update(
            state=Training.State.FAILED,
            finished_at=now(),
            error="The process that ran it ended before it was done.",
        )


@dataclass(frozen=True, slots=True)
class PutBack:
    """A kind whose earlier model answers again: version that left, version that is in use now."""

    kind: str
    left: int
    now: int


@transaction.atomic
def roll_back(*, organization_id: int, user: User | None, kind: str = "") -> list[PutBack]:
    """Put the models that answered before the present ones back, of one kind or of all.

    The one that left keeps who took it out and when. Raises `InvalidChange` where no earlier
    model is kept.
    """
    rows = TrainedModel.objects.filter(organization_id=organization_id).defer("content")
    if kind:
        rows = rows.filter(kind=kind)
    done = []
    for active in rows.filter(is_active=True).select_for_update(of=("self",)):
        earlier = rows.filter(kind=active.kind, version__lt=active.version)
        before = earlier.filter(error="", retired_at=None).order_by("-version").first()
        if before is None:
            continue
        TrainedModel.objects.filter(pk=active.pk).update(
            is_active=False, retired_at=now(), retired_by=user
        )
        TrainedModel.objects.filter(pk=before.pk).update(is_active=True)
        done.append(PutBack(active.kind, active.version, before.version))
    if not done:
        raise InvalidChange(_("No earlier model is kept."))
    logger.info("models_rolled_back", organization_id=organization_id, kinds=[p.kind for p in done])
    return done


def claim_training(training_id: int) -> bool:
    """Take a waiting run; False when somebody else was faster."""
    waiting = Training.objects.filter(pk=training_id, state=Training.State.PENDING)
    return waiting.update(state=Training.State.RUNNING, started_at=now(), progress=0) == 1


def note_progress(training_id: int, progress: float) -> None:
    """How far the run is, 0..1."""
    Training.objects.filter(pk=training_id).update(progress=round(progress, 3))


@transaction.atomic
def finish_training(*, training_id: int, models: list[NewModel], report: dict[str, Any]) -> None:
    """Keep the models, put those without a refusal into use, close the run."""
    training = Training.objects.select_for_update(of=("self",)).get(pk=training_id)
    if training.state != Training.State.RUNNING:
        return
    for model in models:
        _keep(training, model)
    training.state, training.progress = Training.State.DONE, 1.0
    training.finished_at, training.report = now(), report
    training.save()


@transaction.atomic
def fail_training(*, training_id: int, error: str) -> None:
    """Close the run with what went wrong."""
    Training.objects.filter(pk=training_id).update(
        state=Training.State.FAILED, finished_at=now(), error=clean_text(error, 2_000)
    )


def _keep(training: Training, model: NewModel) -> None:
    rows = TrainedModel.objects.filter(organization_id=training.organization_id, kind=model.kind)
    last = rows.aggregate(last=Max("version"))["last"] or 0
    is_active = not model.refusal
    if is_active:
        rows.filter(is_active=True).update(is_active=False)
    TrainedModel.objects.create(
        organization_id=training.organization_id,
        training=training,
        kind=model.kind,
        version=last + 1,
        content=model.content,
        classes=model.classes,
        metrics=model.metrics,
        trained_on=model.trained_on,
        is_active=is_active,
        error=model.refusal,
    )
    rows.filter(is_active=False, version__lte=last + 1 - KEPT_VERSIONS).delete()
