"""Runbooks: what may be done by a button, what was done, and every step of it."""

from typing import Any, ClassVar

from django.conf import settings as installation
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel, TimestampedModel
from tickets.choices import ActorKind
from tickets.models.approval import Approval, ApprovalPolicy
from tickets.models.ticket import Ticket
from tickets.runbooks.base import InputProblem
from tickets.runbooks.registry import ACTIONS, action_for


class Runbook(TenantModel, TimestampedModel):
    """One thing that can be done to other systems, with its action's settings."""

    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True)
    action = models.CharField(_("action"), max_length=40, choices=[(key, key) for key in ACTIONS])
    settings = models.JSONField(
        _("settings"),
        default=dict,
        blank=True,
        help_text=_("What the action needs; docs/runbooks.md describes each action's settings."),
    )
    policy = models.ForeignKey(
        ApprovalPolicy,
        verbose_name=_("approval"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="runbooks",
        help_text=_("Who must agree before it runs. Empty: an agent's own decision is enough."),
    )
    for_machines = models.BooleanField(
        _("rules and the AI may propose it"),
        default=False,
        help_text=_("A person starts or approves it all the same."),
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("runbook")
        verbose_name_plural = _("runbooks")
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "name"], name="tickets_runbook_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse settings that the action cannot work with, in words."""
        if not isinstance(self.settings, dict):
            raise ValidationError({"settings": _("An object is expected.")})
        if self.action not in ACTIONS:
            return
        try:
            action_for(self.action).inputs(self.settings)
        except InputProblem as problem:
            raise ValidationError({"settings": f"{problem.field}: {problem.message}"}) from problem


class RunState(models.TextChoices):
    """Where a run stands. Each step is committed before the next begins."""

    PROPOSED = "proposed", _("Proposed")
    WAITING = "waiting", _("Waits for approval")
    QUEUED = "queued", _("About to run")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done and checked")
    UNVERIFIED = "unverified", _("Done, but the check failed")
    FAILED = "failed", _("Failed")
    UNCERTAIN = "uncertain", _("Perhaps done")
    REFUSED = "refused", _("Refused")
    UNDO_QUEUED = "undo_queued", _("About to be taken back")
    UNDOING = "undoing", _("Being taken back")
    UNDONE = "undone", _("Taken back")


class RunbookRun(TenantModel):
    """One use of a runbook on a ticket. `key` stays the same over all tries."""

    runbook = models.ForeignKey(Runbook, on_delete=models.PROTECT, related_name="runs")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="runbook_runs")
    values = models.JSONField(_("values"), default=dict)
    # As they were when it was proposed: what was approved is what runs.
    action = models.CharField(_("action"), max_length=40)
    settings = models.JSONField(_("settings"), default=dict)
    state = models.CharField(_("state"), max_length=12, choices=RunState.choices)
    preview = models.CharField(_("what it would do"), max_length=500, blank=True)
    approval = models.OneToOneField(
        Approval, on_delete=models.SET_NULL, null=True, blank=True, related_name="runbook_run"
    )
    proposed_by = models.ForeignKey(
        installation.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    proposed_kind = models.CharField(_("kind"), max_length=8, choices=ActorKind.choices)
    proposed_label = models.CharField(_("proposed by"), max_length=150, blank=True)
    result = models.JSONField(_("result"), default=dict, blank=True)
    error = models.CharField(_("what went wrong"), max_length=300, blank=True)
    key = models.UUIDField(unique=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    next_try_at = models.DateTimeField(_("next try"), null=True, blank=True)
    claimed_at = models.DateTimeField(_("claimed"), null=True, blank=True)
    claimed_by = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(_("proposed"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("runbook run")
        verbose_name_plural = _("runbook runs")
        ordering: ClassVar[list[str]] = ["-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["state", "next_try_at"],
                name="tickets_runs_due",
                condition=models.Q(
                    state__in=["waiting", "queued", "running", "undo_queued", "undoing"]
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.runbook_id}: {self.get_state_display()}"

    @property
    def may_be_undone(self) -> bool:
        """Whether taking it back can be offered."""
        ended: Any = (RunState.DONE, RunState.UNVERIFIED, RunState.UNCERTAIN)
        return self.state in ended and ("undo" in self.settings or self.action != "http")


class RunbookStep(TenantModel):
    """One thing that happened to a run; rows are only added."""

    run = models.ForeignKey(RunbookRun, on_delete=models.CASCADE, related_name="steps")
    what = models.CharField(_("step"), max_length=20)
    ok = models.BooleanField(_("went well"), default=True)
    text = models.CharField(_("in words"), max_length=500, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("runbook step")
        verbose_name_plural = _("runbook steps")
        ordering: ClassVar[list[str]] = ["pk"]

    def __str__(self) -> str:
        return f"{self.what}: {self.text}"
