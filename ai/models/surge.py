"""Many people with one problem: what was noticed, who is in it, and the incident made of it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.clock import now
from omnidesk.core.models import TenantModel
from tickets.models import Message, Ticket


class Surge(TenantModel):
    """Tickets of several people that tell the same story within hours.

    Proposed by the machine; a person makes an incident of it (`ticket` is the parent then) or
    says that it is none. Nothing is sent to anybody before that.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        DECLARED = "declared", _("Incident")
        DISMISSED = "dismissed", _("No incident")
        FADED = "faded", _("Faded")

    state = models.CharField(
        _("state"), max_length=9, choices=State.choices, default=State.PROPOSED.value
    )
    # The subject that stands nearest to all others, in the words of who wrote it.
    title = models.CharField(_("title"), max_length=300)
    language = models.CharField(_("language"), max_length=8, blank=True)
    # Words that most of the tickets share, for whoever looks.
    words = models.JSONField(_("shared words"), default=list, blank=True)
    # How many such tickets are usual in the same time, from the four weeks before.
    usual = models.FloatField(_("usual number"), default=0.0)
    first_at = models.DateTimeField(_("first ticket"))
    last_at = models.DateTimeField(_("last ticket"))
    raised_at = models.DateTimeField(_("noticed"), default=now)
    ticket = models.OneToOneField(
        Ticket,
        verbose_name=_("incident"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="surge",
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decided by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    # How many tickets it had when somebody said that it is no incident.
    dismissed_size = models.PositiveIntegerField(_("size when dismissed"), default=0)

    class Meta:
        verbose_name = _("surge")
        verbose_name_plural = _("surges")
        ordering: ClassVar[list[str]] = ["-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organization", "state", "-id"], name="ai_surges_by_state")
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_live(self) -> bool:
        """Whether tickets are still added to it."""
        return self.state in {self.State.PROPOSED, self.State.DECLARED}


class SurgeMember(TenantModel):
    """A ticket of a surge, and what its requester said when asked whether it is the same."""

    class Answer(models.TextChoices):
        NONE = "none", _("Not answered")
        SAME = "same", _("The same problem")
        OTHER = "other", _("Something else")

    surge = models.ForeignKey(Surge, on_delete=models.CASCADE, related_name="members")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="surge_members")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("requester"),
        on_delete=models.CASCADE,
        related_name="+",
    )
    added_at = models.DateTimeField(_("added"), default=now)
    # Part of the incident: linked to the parent. Tickets noticed later wait for somebody.
    is_linked = models.BooleanField(_("linked"), default=False)
    asked_at = models.DateTimeField(_("asked"), null=True, blank=True)
    question = models.ForeignKey(
        Message,
        verbose_name=_("question"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    answer = models.CharField(
        _("answer"), max_length=5, choices=Answer.choices, default=Answer.NONE.value
    )
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    class Meta:
        verbose_name = _("ticket of a surge")
        verbose_name_plural = _("tickets of a surge")
        ordering: ClassVar[list[str]] = ["pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["surge", "ticket"], name="ai_surge_ticket_once"),
            # Whoever wrote three tickets is asked by one mail, whatever happens.
            models.UniqueConstraint(
                fields=["surge", "person"],
                condition=models.Q(asked_at__isnull=False),
                name="ai_surge_asked_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} in {self.surge_id}"
