"""Monitoring mails: how they are recognised (administrator data), and what is open by them."""

from typing import ClassVar, Final

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.alarm_templates import PART
from omnidesk.core.models import TenantModel
from tickets.models import Ticket

LONGEST: Final = 200  # characters of a template
MOST_NAMES: Final = 5
RECOVERED: Final = "OK, UP, RECOVERY, RESOLVED, NORMAL, CLEARED"
_KNOWN: Final = frozenset({"host", "service", "state", "kind", "*"})


def check_template(text: str) -> None:
    """Validator: only known names, each once, never two side by side."""
    names = PART.findall(text)
    unknown = [name for name in names if name not in _KNOWN]
    if unknown or "{" in PART.sub("", text):
        raise ValidationError(gettext("Use {host}, {service}, {state}, {kind} and {*} only."))
    named = [name for name in names if name != "*"]
    if len(named) != len(set(named)) or len(names) > MOST_NAMES:
        raise ValidationError(gettext("Use each name once, and five at most."))
    if "}{" in text.replace(" ", ""):
        raise ValidationError(gettext("Put some text between two names."))


class AlarmPattern(TenantModel):
    """How the mails of a monitoring system look: templates with {host}, {service}, {state}.

    `line` is one that must stand in the text and may name what the subject leaves out.
    """

    name = models.CharField(_("name"), max_length=80)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)
    sender = models.CharField(
        _("sender"),
        max_length=254,
        blank=True,
        help_text=_("Only mail from this address; * stands for anything. Empty: from anybody."),
    )
    subject = models.CharField(
        _("subject"),
        max_length=LONGEST,
        validators=[check_template],
        help_text=_("Such as [{kind}] {service} on {host} is {state}!; {*} stands for anything."),
    )
    line = models.CharField(
        _("line of the text"),
        max_length=LONGEST,
        blank=True,
        validators=[check_template],
        help_text=_("Such as Host: {host}. It must be there. Empty: the subject is enough."),
    )
    recovered = models.CharField(
        _("words of a recovery"),
        max_length=LONGEST,
        blank=True,
        default=RECOVERED,
        help_text=_("Where {state} or {kind} is one of them, the alarm is over."),
    )
    is_recovery = models.BooleanField(
        _("always a recovery"), default=False, help_text=_("Mail that fits says that it is over.")
    )

    class Meta:
        verbose_name = _("alarm pattern")
        verbose_name_plural = _("alarm patterns")
        ordering: ClassVar[list[str]] = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class Alarm(TenantModel):
    """One host and service that a sender raised an alarm for, and its ticket."""

    key = models.CharField(max_length=64, editable=False)
    sender = models.CharField(_("sender"), max_length=320)
    host = models.CharField(_("host"), max_length=120, blank=True)
    service = models.CharField(_("service"), max_length=120, blank=True)
    state = models.CharField(_("state"), max_length=120, blank=True)
    ticket = models.ForeignKey(
        Ticket, on_delete=models.SET_NULL, null=True, related_name="alarms",
        verbose_name=_("ticket"),
    )  # fmt: skip
    is_open = models.BooleanField(_("open"), default=True)
    in_storm = models.BooleanField(_("on a collective ticket"), default=False)
    count = models.PositiveIntegerField(_("mails"), default=0)
    opened_at = models.DateTimeField(_("since"))
    last_at = models.DateTimeField(_("last"))
    noted_at = models.DateTimeField(_("last note"))

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        ordering: ClassVar[list[str]] = ["-last_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization", "key"], name="integrations_alarm_once")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["organization", "sender", "-opened_at"], name="integrations_alarm_storm"
            )
        ]

    def __str__(self) -> str:
        return " · ".join(one for one in (self.host, self.service) if one) or self.sender


def usual_patterns() -> list[AlarmPattern]:
    """What counts where an organization has entered none: the systems' own default subjects."""
    rows = [
        ("Nagios", "** {kind} Service Alert: {host}/{service} is {state} **", "", False),
        ("Nagios", "** {kind} Host Alert: {host} is {state} **", "", False),
        ("Icinga", "[{kind}] Host {host} is {state}!", "", False),
        ("Icinga", "[{kind}] {service} on {host} is {state}!", "", False),
        ("Icinga", "{kind} - {host} - {service} is {state}", "", False),
        ("Zabbix", "Problem: {service}", "Host: {host}", False),
        ("Zabbix", "Resolved in {*}: {service}", "Host: {host}", True),
        ("Zabbix", "Resolved: {service}", "Host: {host}", True),
        ("Alertmanager", "[FIRING:{*}] {service} ({*})", "", False),
        ("Alertmanager", "[FIRING:{*}] {service}", "", False),
        ("Alertmanager", "[RESOLVED] {service} ({*})", "", True),
        ("Alertmanager", "[RESOLVED] {service}", "", True),
    ]
    return [
        AlarmPattern(name=name, position=n, subject=subject, line=line, is_recovery=over)
        for n, (name, subject, line, over) in enumerate(rows)
    ]
