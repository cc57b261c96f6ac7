"""How much a category's answers may do by themselves, and every answer that counts for it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ai.models.suggestion import Suggestion
from ai.models.work import Reported, Work
from omnidesk.core.clock import now
from omnidesk.core.models import TenantModel
from tickets.models import Category, Message, Ticket


class Level(models.TextChoices):
    """What becomes of an answer that the AI has for a ticket."""

    SUGGEST = "suggest", _("Suggests")
    DRAFT = "draft", _("Drafts")
    SEND = "send", _("Sends")


class Autonomy(TenantModel):
    """The level of one category; absent: it suggests.

    `floor` is the confidence from which answers may be sent, as the evidence showed it. Answers
    older than `counted_from` are no evidence any more: after a fall it begins anew.
    """

    category = models.OneToOneField(
        Category, verbose_name=_("category"), on_delete=models.CASCADE, related_name="autonomy"
    )
    level = models.CharField(
        _("level"),
        max_length=7,
        choices=Level.choices,
        default=Level.SUGGEST.value,
        help_text=_("Leads raise and lower it on the desk, where the evidence stands."),
    )
    floor = models.FloatField(
        _("sends from confidence"),
        default=1.0,
        help_text=_("From here on its judged answers were good enough when a lead approved it."),
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("approved by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    # `ai.engine.autonomy.Standing.as_json` at the time of the approval.
    evidence = models.JSONField(_("evidence"), default=dict, blank=True)
    counted_from = models.DateTimeField(
        _("evidence counts from"),
        null=True,
        blank=True,
        help_text=_("After a fall only newer answers count; empty: all of them."),
    )

    class Meta:
        verbose_name = _("autonomy of a category")
        verbose_name_plural = _("autonomy of categories")
        ordering: ClassVar[list[str]] = ["category__name"]

    def __str__(self) -> str:
        return f"{self.category_id} {self.level}"


class AutonomyChange(TenantModel):
    """One rise or fall: by whom (nobody: by itself), why, on which evidence."""

    category = models.ForeignKey(
        Category, verbose_name=_("category"), on_delete=models.CASCADE, related_name="+"
    )
    old = models.CharField(_("before"), max_length=7, choices=Level.choices)
    new = models.CharField(_("after"), max_length=7, choices=Level.choices)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    # "evidence", "reopened", "rejected", or "" with a person's own words.
    reason = models.CharField(_("reason"), max_length=12, blank=True)
    words = models.CharField(_("in words"), max_length=300, blank=True)
    evidence = models.JSONField(_("evidence"), default=dict, blank=True)
    at = models.DateTimeField(_("at"), default=now)

    class Meta:
        verbose_name = _("change of autonomy")
        verbose_name_plural = _("changes of autonomy")
        ordering: ClassVar[list[str]] = ["-pk"]

    def __str__(self) -> str:
        return f"{self.category_id}: {self.old} -> {self.new}"


class AutomaticAnswer(TenantModel):
    """What would be, or was, answered to a new ticket without a person. One for a ticket, ever.

    The row is the record of shadow mode and the queue of what waits to be sent. `text` has no
    greeting; "" where there was no answer, and `reason` says why. Each step from `held` on is
    taken under the row's lock, together with what it does.
    """

    class State(models.TextChoices):
        SHADOW = "shadow", _("Recorded only")
        HELD = "held", _("Waits to be sent")
        ASKED = "asked", _("Waits for a code")
        SENT = "sent", _("Sent")
        STOPPED = "stopped", _("Stopped")

    class Outcome(models.TextChoices):
        WAITING = "", _("Not known yet")
        AS_IS = "as_is", _("Used as it was")
        EDITED = "edited", _("Used, edited")
        SAME = "same", _("Said the same")
        HELPED = "helped", _("Solved by it alone")
        OTHER = "other", _("Written otherwise")
        REJECTED = "rejected", _("Rejected")
        PERSON = "person", _("Asked for a person")
        MISSORTED = "missorted", _("Another category")
        UNKNOWN = "unknown", _("Nothing to compare with")

    ticket = models.OneToOneField(
        Ticket, verbose_name=_("ticket"), on_delete=models.CASCADE, related_name="automatic_answer"
    )
    category = models.ForeignKey(
        Category, verbose_name=_("category"), on_delete=models.CASCADE, related_name="+"
    )
    # 1.0 where somebody decided it.
    category_confidence = models.FloatField(_("how sure of the category"), default=1.0)
    # The draft beside the ticket, where it says the same.
    suggestion = models.ForeignKey(
        Suggestion, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    level = models.CharField(_("level then"), max_length=7, choices=Level.choices)
    state = models.CharField(
        _("state"), max_length=7, choices=State.choices, default=State.SHADOW.value
    )
    reason = models.CharField(_("reason"), max_length=16, blank=True)
    text = models.TextField(_("text"), blank=True)
    # [{"number", "kind", "id", "title", "text"}]
    sources = models.JSONField(_("sources"), default=list, blank=True)
    confidence = models.FloatField(_("confidence"), default=0.0)
    language = models.CharField(_("language"), max_length=8, blank=True)
    created_at = models.DateTimeField(_("created"), default=now)
    send_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("stopped by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    message = models.OneToOneField(
        Message, on_delete=models.SET_NULL, null=True, blank=True, related_name="automatic_answer"
    )
    # The code that proves whose mailbox it is: only its hash is kept.
    code_hash = models.CharField(max_length=64, blank=True, editable=False)
    code_mailed_at = models.DateTimeField(_("code mailed"), null=True, blank=True)
    code_tries = models.PositiveSmallIntegerField(_("wrong codes"), default=0)
    verified_at = models.DateTimeField(_("address proved"), null=True, blank=True)
    person_asked_at = models.DateTimeField(_("asked for a person"), null=True, blank=True)
    helped_at = models.DateTimeField(_("said that it helped"), null=True, blank=True)
    outcome = models.CharField(
        _("outcome"), max_length=9, choices=Outcome.choices, default=Outcome.WAITING.value,
        blank=True,
    )  # fmt: skip
    is_right = models.BooleanField(
        _("right"),
        null=True,
        blank=True,
        help_text=_("Empty while it is not known, and where nobody wrote in public."),
    )
    likeness = models.FloatField(
        _("likeness"),
        null=True,
        blank=True,
        help_text=_("Cosine with what people wrote; 1 where they used its words."),
    )
    reopened_at = models.DateTimeField(_("ticket came back"), null=True, blank=True)
    judged_at = models.DateTimeField(_("judged"), null=True, blank=True)

    class Meta:
        verbose_name = _("automatic answer")
        verbose_name_plural = _("automatic answers")
        ordering: ClassVar[list[str]] = ["-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["category", "-id"], name="ai_answers_of_category"),
            models.Index(
                fields=["send_at"],
                name="ai_answers_waiting",
                condition=models.Q(state__in=["held", "asked"]),
            ),
            models.Index(
                fields=["created_at"],
                name="ai_answers_to_judge",
                condition=models.Q(judged_at=None) & ~models.Q(text=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.ticket_id}"

    @property
    def is_waiting(self) -> bool:
        """Whether it may still be stopped."""
        return self.state in {self.State.HELD, self.State.ASKED}


class AutomaticSwitch(models.Model):
    """The one switch of the installation: while `stopped_at` is set, nothing is sent by itself."""

    stopped_at = models.DateTimeField(_("stopped"), null=True, blank=True)
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("stopped by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("switch of automatic answers")
        verbose_name_plural = _("switch of automatic answers")

    def __str__(self) -> str:
        return str(_("Stopped") if self.stopped_at else _("On"))


class Backtest(Reported, Work):
    """The present answers replayed over past tickets; the row keeps the report."""

    LOCK = 7202

    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    most = models.PositiveIntegerField(_("most tickets"), default=200)
    # What is tried beside the present answers: `ai.trials.Trial`; empty: nothing.
    trial = models.JSONField(_("tried beside"), default=dict, blank=True)
    # `ai.backtesting.report_of`: figures for all and by category.
    report = models.JSONField(_("report"), default=dict, blank=True)
    # [{"ticket", "category", "text", "confidence", "sources", "outcome", "right", "likeness"}]:
    # what people wrote is read from the ticket itself.
    cases = models.JSONField(_("answers"), default=list, blank=True)

    class Meta:
        verbose_name = _("backtest")
        verbose_name_plural = _("backtests")
        ordering: ClassVar[list[str]] = ["-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization"],
                condition=models.Q(state__in=["pending", "running"]),
                name="ai_one_backtest",
            )
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"
