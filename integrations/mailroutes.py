"""Where a mailbox's mail goes: administrator data, one row for each rule."""

from fnmatch import fnmatchcase
from typing import ClassVar, Final

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.base import InboundMessage
from omnidesk.accounts.models import Team
from omnidesk.core.models import TenantModel
from tickets.models import Category

LONGEST_VALUE: Final = 500


class MailRoute(TenantModel):
    """Mail that matches goes to a team, a category, or another mailbox's organization.

    `header` names a header field; empty means the part behind the + of the address. `pattern`
    is compared without regard to case; * stands for anything. The first rule by position wins.
    """

    channel = models.ForeignKey(
        "integrations.Channel",
        on_delete=models.CASCADE,
        related_name="routes",
        limit_choices_to={"kind": "email"},
        verbose_name=_("mailbox"),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    header = models.CharField(
        _("header field"),
        max_length=60,
        blank=True,
        validators=[RegexValidator(r"^[!-9;-~]+$", _("Enter the name without colon and spaces."))],
        help_text=_("Such as List-Id. Empty: the part behind the + of the address."),
    )
    pattern = models.CharField(
        _("value"), max_length=200, help_text=_("* stands for anything, such as print*.")
    )
    team = models.ForeignKey(
        Team,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("team"),
    )
    category = models.ForeignKey(
        Category,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("category"),
    )
    to_channel = models.ForeignKey(
        "integrations.Channel",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"kind": "email"},
        verbose_name=_("taken in by the mailbox"),
        help_text=_("Of another organization that you administer, too."),
    )

    class Meta:
        verbose_name = _("mail route")
        verbose_name_plural = _("mail routes")
        ordering: ClassVar[list[str]] = ["channel", "position", "pk"]

    def __str__(self) -> str:
        return f"{self.header or '+'}: {self.pattern}"

    def matches(self, mail: InboundMessage, base: str) -> bool:
        """Whether the mail is meant; `base` is the mailbox's own address."""
        wanted = self.pattern.lower()
        return any(fnmatchcase(one.lower(), wanted) for one in self._values(mail, base))

    def _values(self, mail: InboundMessage, base: str) -> list[str]:
        if self.header:
            name = self.header.lower()
            return [value[:LONGEST_VALUE] for key, value in mail.fields if key == name]
        return plus_parts(mail, base)


def plus_parts(mail: InboundMessage, base: str) -> list[str]:
    """What stands behind the + of the mailbox's address, wherever the mail names it."""
    user, _at, domain = base.lower().rpartition("@")
    found: list[str] = []
    boxes = [*mail.delivered_to, *(one.email for one in (*mail.to, *mail.cc))]
    for address in boxes:
        name, _at, host = address.lower().rpartition("@")
        first, plus, part = name.partition("+")
        if plus and (first, host) == (user, domain):
            found.append(part[:LONGEST_VALUE])
    return list(dict.fromkeys(found))
