"""The rows of learning: starting a run, ending it, putting a model into use."""

from dataclasses import dataclass, field
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from ai.actions.work import Claim, finish, recover
from ai.models import TrainedModel, Training
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from tickets.actions.base import InvalidChange

logger = structlog.get_logger(__name__)

KEPT_VERSIONS = 5


@dataclass(frozen=True, slots=True)
class NewModel:
    """A trained classifier before it has a row; `refusal` says why it is not to be used.

    is_shared: learned from what other organizations lend as well.
    """

    kind: str
    content: bytes
    classes: list[str]
    trained_on: int
    metrics: dict[str, Any] = field(default_factory=dict)
    refusal: str = ""
    is_shared: bool = False


@transaction.atomic
def start_training(*, organization_id: int, user: User | None) -> Training:
    """A run that waits for a worker: the one that is there, or a new one."""
    recover(Training, organization_id)
    row, _created = Training.objects.get_or_create(
        organization_id=organization_id,
        state__in=Training.LIVE,
        defaults={
            "organization_id": organization_id,
            "requested_by": user,
            "state": Training.State.PENDING,
        },
    )
    return row


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


@transaction.atomic
def finish_training(
    claim: Claim[Training], *, models: list[NewModel], report: dict[str, Any]
) -> None:
    """Keep the models, put those without a refusal into use, close the run."""
    training = claim.rows().select_for_update(of=("self",)).first()
    if training is None:
        return
    for model in models:
        _keep(training, model)
    finish(claim, report=report)


@transaction.atomic
def forget_shared(*, organization_id: int, kind: str = "") -> int:
    """Remove every shared model of an organization, or those of a kind, used or not.

    Removed and not put aside: whoever withdrew their history must not come back by a rollback.
    """
    rows = TrainedModel.objects.filter(organization_id=organization_id, is_shared=True)
    removed, _by_model = (rows.filter(kind=kind) if kind else rows).delete()
    return removed


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
        is_shared=model.is_shared,
    )
    rows.filter(is_active=False, version__lte=last + 1 - KEPT_VERSIONS).delete()
