"""Rules and macros as an administrator configures them, and the queue of what rules look at."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.accounts.models import Team
from omnidesk.core.models import TenantModel, TimestampedModel
from tickets.models.ticket import Ticket

A_YEAR_OF_HOURS = 24 * 366


class Rule(TenantModel, TimestampedModel):
    """What happens by itself, and when.

    An event rule is asked whenever something happens to a ticket; a time rule is asked every
    minute about every open ticket. `condition` is read by `tickets.conditions`, `actions` by
    `tickets.automation`. Saved through `tickets.actions.rules`, which keeps every version.
    """

    class Kind(models.TextChoices):
        EVENT = "event", _("When something happens")
        TIME = "time", _("When time passes")

    class Trigger(models.TextChoices):
        OPENED = "opened", _("A ticket comes in")
        MESSAGE = "message", _("The requester writes again")
        REPLIED = "replied", _("The desk answers")
        NOTED = "noted", _("A note is written")
        CHANGED = "changed", _("A field changes")
        AI_READ = "ai_read", _("The AI has read the ticket")
        SLA_NEAR = "sla_near", _("An agreed time comes near")
        SLA_LATE = "sla_late", _("An agreed time has passed")
        SLA_STEP = "sla_step", _("An agreed time leads to an escalation step")

    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True)
    kind = models.CharField(
        _("asked"), max_length=5, choices=Kind.choices, default=Kind.EVENT.value
    )
    triggers = ArrayField(
        models.CharField(max_length=10, choices=Trigger.choices),
        verbose_name=_("when"),
        default=list,
        blank=True,
        help_text=_("Nothing chosen: at each of them."),
    )
    condition = models.JSONField(_("condition"), default=dict, blank=True)
    actions = models.JSONField(_("actions"), default=list, blank=True)
    position = models.PositiveSmallIntegerField(
        _("position"), default=100, help_text=_("Rules are asked in this order, lowest first.")
    )
    stops = models.BooleanField(
        _("last one"),
        default=False,
        help_text=_("When this rule acts, the rules after it are not asked."),
    )
    repeat_hours = models.PositiveSmallIntegerField(
        _("again after hours"),
        default=0,
        validators=[MaxValueValidator(A_YEAR_OF_HOURS)],
        help_text=_(
            "For rules of time: act again while the condition still holds; 0 acts once until "
            "the condition was false in between."
        ),
    )
    is_active = models.BooleanField(_("on"), default=False)
    version = models.PositiveIntegerField(_("version"), default=1)
    # Why it cannot run at present, in words; empty while all is well.
    problem = models.CharField(_("problem"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        ordering: ClassVar[list[str]] = ["position", "pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["organization", "kind", "position"],
                name="tickets_rules_on",
                condition=models.Q(is_active=True),
            )
        ]

    def __str__(self) -> str:
        return self.name


class RuleVersion(TenantModel):
    """A rule as it was saved once; restoring makes it the newest again."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField(_("version"))
    content = models.JSONField(_("content"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("saved"))

    class Meta:
        verbose_name = _("version of a rule")
        verbose_name_plural = _("versions of rules")
        ordering: ClassVar[list[str]] = ["-version"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["rule", "version"], name="tickets_rule_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} v{self.version}"


class RuleEvent(TenantModel):
    """One thing that happened to a ticket and that event rules have not been asked about yet.

    Written in the transaction of the change itself; gone in the transaction that acted on it.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="rule_events")
    # What it was, the main thing first: an answer may change the status as well.
    triggers = ArrayField(models.CharField(max_length=10), verbose_name=_("what"))
    changes = ArrayField(models.BigIntegerField(), verbose_name=_("log rows"), default=list)
    # The rules whose acting led to this, first one first; empty when nobody's did.
    chain = ArrayField(models.BigIntegerField(), verbose_name=_("led to by"), default=list)
    created_at = models.DateTimeField(_("created"))
    available_at = models.DateTimeField(_("not before"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("error"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("event for rules")
        verbose_name_plural = _("events for rules")
        ordering: ClassVar[list[str]] = ["pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["available_at"], name="tickets_rule_events_due"),
        ]

    def __str__(self) -> str:
        return f"{self.triggers} on {self.ticket_id}"


class RuleMark(TenantModel):
    """A time rule has acted on a ticket: it does not act again before its time."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="marks")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="rule_marks")
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("mark of a rule")
        verbose_name_plural = _("marks of rules")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["rule", "ticket"], name="tickets_rule_mark_once")
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} on {self.ticket_id}"


class Macro(TenantModel, TimestampedModel):
    """A prepared answer with what else is done: for everybody, one team or one person."""

    name = models.CharField(_("name"), max_length=120)
    text = models.TextField(
        _("answer"), blank=True, help_text=_("Markdown; names in braces are filled in.")
    )
    actions = models.JSONField(_("actions"), default=list, blank=True)
    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, null=True, blank=True, related_name="macros",
        verbose_name=_("team"), help_text=_("Offered to this team alone."),
    )  # fmt: skip
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True,
        related_name="macros", verbose_name=_("person"),
        help_text=_("Offered to this person alone."),
    )  # fmt: skip
    language = models.CharField(_("language"), max_length=8, blank=True)
    is_active = models.BooleanField(_("on"), default=True)
    used_count = models.PositiveIntegerField(_("used"), default=0)

    class Meta:
        verbose_name = _("macro")
        verbose_name_plural = _("macros")
        ordering: ClassVar[list[str]] = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class MacroUse(TenantModel):
    """A macro was applied to a ticket: what it changed, so that it can be taken back."""

    macro = models.ForeignKey(Macro, on_delete=models.SET_NULL, null=True, related_name="uses")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="macro_uses")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)
    created_at = models.DateTimeField(_("used"))
    undone_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    class Meta:
        verbose_name = _("use of a macro")
        verbose_name_plural = _("uses of macros")
        ordering: ClassVar[list[str]] = ["-pk"]

    def __str__(self) -> str:
        return f"{self.macro_id} on {self.ticket_id}"


class AgentProfile(TenantModel, TimestampedModel):
    """How an agent takes part in automatic assignment, in one organization."""

    class State(models.TextChoices):
        PRESENT = "present", _("Available")
        AWAY = "away", _("Away")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="agent_profiles",
        verbose_name=_("person"),
    )  # fmt: skip
    state = models.CharField(
        _("state"), max_length=8, choices=State.choices, default=State.PRESENT.value
    )
    back_at = models.DateTimeField(_("back"), null=True, blank=True)
    stand_in = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True,
        related_name="+", verbose_name=_("stand-in"),
        help_text=_("Takes over the open tickets while this person is away."),
    )  # fmt: skip
    capacity = models.PositiveSmallIntegerField(
        _("at most"),
        default=0,
        validators=[MaxValueValidator(1000)],
        help_text=_("Open tickets at once by automatic assignment; 0 sets no limit."),
    )
    last_given_at = models.DateTimeField(_("last given one"), null=True, blank=True)

    class Meta:
        verbose_name = _("agent at work")
        verbose_name_plural = _("agents at work")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "user"], name="tickets_agent_profile_once"
            )
        ]

    def __str__(self) -> str:
        return str(self.user)

    def is_away(self, moment: Any) -> bool:
        """Whether nobody should give this person a ticket at `moment`."""
        return self.state == self.State.AWAY and (self.back_at is None or self.back_at > moment)


class Skill(TenantModel):
    """A kind of problem that an agent has been declared to know."""

    profile = models.ForeignKey(AgentProfile, on_delete=models.CASCADE, related_name="skills")
    category = models.ForeignKey(
        "tickets.Category", on_delete=models.CASCADE, related_name="skills",
        verbose_name=_("category"),
    )  # fmt: skip
    level = models.PositiveSmallIntegerField(
        _("level"), default=2, validators=[MinValueValidator(1), MaxValueValidator(3)],
        help_text=_("1 knows a little, 2 knows it, 3 is the one to ask."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("skill")
        verbose_name_plural = _("skills")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["profile", "category"], name="tickets_skill_once")
        ]

    def __str__(self) -> str:
        return f"{self.profile_id} {self.category_id}"
