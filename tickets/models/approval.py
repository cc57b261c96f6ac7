"""Who must agree before something is done: definitions, requests and answers."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.accounts.models import Team
from omnidesk.core.models import TenantModel, TimestampedModel
from tickets.models.catalog import Status
from tickets.models.ticket import Ticket


class Expiry(models.TextChoices):
    """What silence means once the deadline has passed."""

    REJECT = "reject", _("It is rejected")
    APPROVE = "approve", _("It is approved")


class ApprovalPolicy(TenantModel, TimestampedModel):
    """A way to get a decision. Its steps follow each other by position; equal ones run together."""

    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(
        _("description"), blank=True, help_text=_("Approvers read it above the question.")
    )
    is_active = models.BooleanField(_("active"), default=True)
    deadline_hours = models.PositiveIntegerField(
        _("hours to decide"), default=72, help_text=_("Counted from the question, day and night.")
    )
    remind_hours = models.PositiveIntegerField(
        _("reminder after hours"), null=True, blank=True, help_text=_("Empty: no reminder.")
    )
    on_expiry = models.CharField(
        _("when nobody decides"), max_length=8, choices=Expiry.choices, default=Expiry.REJECT.value
    )
    approved_status = models.ForeignKey(
        Status,
        verbose_name=_("status once approved"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    rejected_status = models.ForeignKey(
        Status,
        verbose_name=_("status once rejected"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "name"], name="tickets_approval_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ApproverKind(models.TextChoices):
    """Who a step asks."""

    PERSON = "person", _("One person")
    TEAM = "team", _("A team")
    LEADS = "leads", _("The leads of the organization")


class ApprovalStep(TenantModel):
    """Whom one step asks, and how many of them must agree."""

    policy = models.ForeignKey(ApprovalPolicy, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(
        _("position"), default=1, help_text=_("Equal positions are asked at the same time.")
    )
    approver_kind = models.CharField(_("asks"), max_length=8, choices=ApproverKind.choices)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    team = models.ForeignKey(
        Team,
        verbose_name=_("team"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    delegate = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("delegate"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Asked instead where nobody else of the step can be."),
    )
    quorum = models.PositiveSmallIntegerField(
        _("how many must agree"), default=1, help_text=_("0: all of them.")
    )

    class Meta:
        verbose_name = _("approval step")
        verbose_name_plural = _("approval steps")
        ordering: ClassVar[list[str]] = ["position", "pk"]

    def __str__(self) -> str:
        return f"{self.position}: {self.get_approver_kind_display()}"


class ApprovalState(models.TextChoices):
    """Where a request stands."""

    WAITING = "waiting", _("Waiting for an answer")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Approval(TenantModel):
    """A question asked on a ticket. Only actions write it, under the ticket's lock."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="approvals")
    policy = models.ForeignKey(ApprovalPolicy, on_delete=models.PROTECT, related_name="requests")
    question = models.TextField(_("question"))
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=ApprovalState.choices,
        default=ApprovalState.WAITING.value,
    )
    position = models.PositiveSmallIntegerField(_("current step"), default=0)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    asked_label = models.CharField(_("asked by"), max_length=150, blank=True)
    reason = models.CharField(_("why it ended so"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("asked"))
    due_at = models.DateTimeField(_("decide by"))
    remind_at = models.DateTimeField(_("remind at"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        verbose_name = _("approval request")
        verbose_name_plural = _("approval requests")
        ordering: ClassVar[list[str]] = ["-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["due_at"],
                name="tickets_approvals_due",
                condition=models.Q(state="waiting"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()}: {self.question[:60]}"


class VoteState(models.TextChoices):
    """What became of one person's part."""

    ASKED = "asked", _("asked")
    APPROVED = "approved", _("agreed")
    REJECTED = "rejected", _("refused")
    VOID = "void", _("no longer needed")


class ApprovalVote(TenantModel):
    """One person asked in one step. `nonce` makes the link in the mail theirs alone."""

    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="votes")
    step = models.ForeignKey(
        ApprovalStep, on_delete=models.SET_NULL, null=True, related_name="votes"
    )
    # Copied, so that a later change of the definition does not change a running request.
    group = models.BigIntegerField(_("step"), editable=False)
    position = models.PositiveSmallIntegerField(_("position"))
    quorum = models.PositiveSmallIntegerField(_("how many must agree"))
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="approval_votes"
    )
    instead_of = models.CharField(_("instead of"), max_length=150, blank=True)
    state = models.CharField(
        _("state"), max_length=8, choices=VoteState.choices, default=VoteState.ASKED.value
    )
    comment = models.TextField(_("comment"), blank=True)
    via = models.CharField(_("answered"), max_length=8, blank=True)
    nonce = models.CharField(max_length=32, editable=False)
    asked_at = models.DateTimeField(_("asked"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    class Meta:
        verbose_name = _("approval answer")
        verbose_name_plural = _("approval answers")
        ordering: ClassVar[list[str]] = ["position", "pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["person", "state"], name="tickets_votes_of_person")
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["approval", "group", "person"], name="tickets_vote_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.get_state_display()}"
