"""What left the installation for a model, what it cost, and whether it may."""

from decimal import Decimal
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from ai.engine.manner import LONGEST_GUIDANCE, Manner
from ai.engine.redact import contains_personal_data
from ai.engine.wire import LONGEST, words_of
from omnidesk.core.clock import now
from omnidesk.core.models import TenantModel
from tickets.models import Ticket


class ModelCallQuerySet(models.QuerySet["ModelCall"]):
    """Verbs over the ledger."""

    def about(self, ticket: Ticket) -> "ModelCallQuerySet":
        """Calls for the ticket, alone or together with others of its organization."""
        mine = models.Q(ticket=ticket) | models.Q(tickets__contains=[ticket.pk])
        return self.filter(mine, organization_id=ticket.organization_id)


class ModelCall(TenantModel):
    """One call to a model outside this installation: the bodies of the masked request and of what
    came back, masked as well, byte for byte up to `wire.LONGEST`. Never a header, never a key.

    Rows of an earlier release hold the message and the answer's text alone, tools' rows the
    question: `asked` and `answered` are the words of either.
    """

    class Status(models.TextChoices):
        OK = "ok", _("Answered")
        REFUSED = "refused", _("Refused")
        INVALID = "invalid", _("Unusable answer")
        FAILED = "failed", _("No answer")

    ticket = models.ForeignKey(
        Ticket, on_delete=models.SET_NULL, null=True, blank=True, related_name="model_calls"
    )
    # Of one call for several tickets: all of them, in the order in which they stand in it.
    tickets = ArrayField(
        models.BigIntegerField(), verbose_name=_("tickets"), default=list, blank=True
    )
    operation = models.CharField(_("operation"), max_length=40)
    provider = models.CharField(_("service"), max_length=20, blank=True)
    model = models.CharField(_("model"), max_length=120)
    status = models.CharField(_("outcome"), max_length=8, choices=Status.choices)
    error = models.TextField(_("error"), blank=True)
    tokens_in = models.PositiveIntegerField(_("tokens in"), default=0)
    tokens_out = models.PositiveIntegerField(_("tokens out"), default=0)
    cost_usd = models.DecimalField(_("cost in USD"), max_digits=12, decimal_places=6, default=0)
    milliseconds = models.PositiveIntegerField(_("milliseconds"), default=0)
    sent = models.TextField(_("masked text that left"), blank=True)
    sent_bytes = models.PositiveIntegerField(_("bytes that left"), default=0)
    received = models.TextField(_("masked text that came back"), blank=True)
    received_bytes = models.PositiveIntegerField(_("bytes that came back"), default=0)
    masked_values = models.PositiveIntegerField(_("masked values"), default=0)
    at = models.DateTimeField(_("at"), default=now, db_index=True)

    objects = ModelCallQuerySet.as_manager()

    class Meta:
        verbose_name = _("model call")
        verbose_name_plural = _("model calls")
        ordering: ClassVar[list[str]] = ["-at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organization", "-at"], name="ai_spending"),
            GinIndex(fields=["tickets"], name="ai_calls_of_several"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.model}"

    @property
    def share_usd(self) -> Decimal:
        """What it cost for each of its tickets."""
        return round(Decimal(self.cost_usd) / max(1, len(self.tickets)), 6)

    @property
    def is_cut(self) -> bool:
        """Whether more was said than is kept."""
        return max(len(self.sent), len(self.received)) >= LONGEST

    @property
    def asked(self) -> str:
        """The words of the request."""
        return words_of(self.sent)

    @property
    def answered(self) -> str:
        """The words of the answer."""
        return words_of(self.received)


def says_nothing_personal(words: str) -> None:
    """Refuse words that would have to be masked before they leave."""
    if contains_personal_data(words):
        raise ValidationError(
            _("Leave out addresses, numbers and passwords: these words are sent as they stand.")
        )


class Policy(TenantModel):
    """How an organization uses the AI: when masked tickets may leave for a model outside, what that
    may cost, how drafts are written. Absent: if unsure, without a bound, in the usual manner."""

    class External(models.TextChoices):
        NEVER = "never", _("Never")
        UNSURE = "unsure", _("When the local models are not sure")
        ALWAYS = "always", _("For every ticket")

    class Tone(models.TextChoices):
        FORMAL = "formal", _("Formal")
        PLAIN = "plain", _("Plain")
        FRIENDLY = "friendly", _("Friendly")

    class Address(models.TextChoices):
        FORMAL = "formal", _("Formal (Sie, vous, usted)")
        INFORMAL = "informal", _("Informal (du, tu, tú)")

    class Length(models.TextChoices):
        SHORT = "short", _("Short")
        NORMAL = "normal", _("Normal")
        DETAILED = "detailed", _("Detailed")

    external = models.CharField(
        _("ask models outside"),
        max_length=8,
        choices=External.choices,
        default=External.UNSURE.value,
    )

    # Beyond these, the rest of the organization's day is answered by the local models.
    daily_cost = models.DecimalField(
        _("most US dollars a day"),
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    daily_tokens = models.PositiveBigIntegerField(_("most tokens a day"), null=True, blank=True)

    # Nobody lends or borrows history unasked: they may be different companies.
    lends_history = models.BooleanField(
        _("lend solved tickets to the shared model"),
        default=False,
        help_text=_(
            "Other organizations of this installation learn from them how tickets are sorted: from "
            "words alone that another one uses as well, without personal data, and only for "
            "categories and teams of the same name. They never see a ticket. Switched off, what "
            "was learned from yours is removed."
        ),
    )
    uses_shared = models.BooleanField(
        _("use the shared model"),
        default=False,
        help_text=_(
            "Until this organization has enough tickets of its own. At least two others must lend."
        ),
    )

    tone = models.CharField(
        _("tone"),
        max_length=8,
        choices=Tone.choices,
        default=Tone.PLAIN.value,
        help_text=_("Of drafts, answers and automatic answers: greeting, closing and wording."),
    )
    address = models.CharField(
        _("form of address"),
        max_length=8,
        choices=Address.choices,
        default=Address.FORMAL.value,
        help_text=_(
            "In German, French and Spanish. What is quoted from an article stays as it was written."
        ),
    )
    length = models.CharField(
        _("length"),
        max_length=8,
        choices=Length.choices,
        default=Length.NORMAL.value,
        help_text=_("A list of steps is never cut off."),
    )
    guidance = models.CharField(
        _("own words on style"),
        max_length=LONGEST_GUIDANCE,
        blank=True,
        validators=[says_nothing_personal],
        help_text=_(
            "One sentence for models outside, such as: We say “ticket”, never “case”. It changes "
            "wording alone, never what an answer may claim."
        ),
    )

    class Meta:
        verbose_name = _("AI policy")
        verbose_name_plural = _("AI policies")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization"], name="ai_policy_once")
        ]

    def __str__(self) -> str:
        return str(self.organization)

    @property
    def manner(self) -> Manner:
        """How drafts are written, as the engine takes it."""
        words = "" if contains_personal_data(self.guidance) else self.guidance
        return Manner(self.tone, self.length, self.address == Policy.Address.INFORMAL, words)
