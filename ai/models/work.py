"""Work that waits in its row until a worker takes it: the fields and rules of all its kinds."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from omnidesk.core.clock import now
from omnidesk.core.models import TenantModel


class WorkState(models.TextChoices):
    """How far a piece of work is."""

    PENDING = "pending", _("Waiting")
    RUNNING = "running", _("Under way")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class Retried(models.Model):
    """Work that is begun again where a worker died over it: `MOST_ATTEMPTS` times in all."""

    MOST_ATTEMPTS: ClassVar[int] = 2

    claimed_at = models.DateTimeField(_("taken"), null=True, blank=True)
    claimed_by = models.CharField(_("taken by"), max_length=120, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)

    class Meta:
        abstract = True


class Reported(models.Model):
    """Work that tells how far it is (0..1) and, where it failed, why."""

    progress = models.FloatField(_("progress"), default=0.0)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        abstract = True


class Work(TenantModel):
    """One piece of work. The row is the queue; `ai.actions.work` takes, settles and recovers it.

    LOCK: the first number of the advisory lock that a process holds while it is at it.
    """

    State = WorkState
    LOCK: ClassVar[int]
    MOST_ATTEMPTS: ClassVar[int] = 1
    LIVE: ClassVar[tuple[str, str]] = (WorkState.PENDING.value, WorkState.RUNNING.value)

    state = models.CharField(
        _("state"), max_length=8, choices=WorkState.choices, default=WorkState.PENDING.value
    )
    created_at = models.DateTimeField(_("created"), default=now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_open(self) -> bool:
        """Whether its end is still to come."""
        return self.state in self.LIVE

    @classmethod
    def taking(cls, name: str) -> dict[str, Any]:
        """Columns that `name` writes beside the state when it takes the work."""
        values = cls.signed(name)
        if issubclass(cls, Retried):
            values |= {"claimed_at": now(), "attempts": F("attempts") + 1}
        if issubclass(cls, Reported):
            values |= {"progress": 0.0}
        return values

    @classmethod
    def signed(cls, name: str) -> dict[str, Any]:
        """Columns that tell whose the work is; "" for nobody's."""
        return {"claimed_by": name} if issubclass(cls, Retried) else {}

    @classmethod
    def finishing(cls) -> dict[str, Any]:
        """Columns that say that all of it is done."""
        return {"progress": 1.0} if issubclass(cls, Reported) else {}

    @classmethod
    def failing(cls, error: str) -> dict[str, Any]:
        """Columns that keep what went wrong."""
        return {"error": error} if issubclass(cls, Reported) else {}
