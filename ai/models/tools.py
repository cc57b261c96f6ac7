"""Programs outside whose tools the AI may use (Model Context Protocol), and which of them."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnidesk.core.models import TenantModel, TimestampedModel
from omnidesk.core.vault import seal, unseal

MOST_TOOLS = 8
# What a server may be asked for: `for_...` fields.
USES = ("context", "readings", "tasks")
# What a template of an argument may hold; everything but the address is masked.
WORDS = ("subject", "text", "email", "language")


def check_tools(value: Any) -> None:
    """Refuse what is no list of tools: name -> arguments, each a text, number or yes/no."""
    if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
        raise ValidationError(_('Write {"search": {"query": "{subject}"}}.'))
    if len(value) > MOST_TOOLS:
        raise ValidationError(_("At most %(count)d tools."), params={"count": MOST_TOOLS})
    for arguments in value.values():
        for given in arguments.values():
            if not isinstance(given, str | int | float | bool):
                raise ValidationError(_("An argument is a text, a number, or yes or no."))


def check_headers(value: Any) -> None:
    """Refuse headers that are no names with texts, or that the protocol itself sets."""
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise ValidationError(_('Write {"X-Name": "value"}.'))
    for name, text in value.items():
        set_by_us = name.lower().startswith("mcp-") or name.lower() in _OURS
        if set_by_us or not name.isascii() or not text.isprintable():
            raise ValidationError(_("“%(name)s” cannot be set here."), params={"name": name[:60]})


_OURS = frozenset({"accept", "authorization", "content-length", "content-type", "host"})


class ToolServer(TenantModel, TimestampedModel):
    """One server of tools. Only tools that are named here are ever called."""

    name = models.CharField(_("name"), max_length=80)
    url = models.CharField(
        _("address"), max_length=500, validators=[URLValidator(schemes=["https", "http"])]
    )
    sealed_token = models.TextField(editable=False, blank=True)
    headers = models.JSONField(
        _("further headers"), default=dict, blank=True, validators=[check_headers]
    )
    tools = models.JSONField(
        _("tools that may be called"),
        default=dict,
        validators=[check_tools],
        help_text=_(
            'Such as {"search": {"query": "{subject}"}}. {subject}, {text}, {language} stand for'
            " the ticket's, personal data masked; {email} for the requester's address. Without"
            " arguments the subject is the question."
        ),
    )
    seconds = models.PositiveSmallIntegerField(
        _("most seconds"),
        default=4,
        validators=[MinValueValidator(1), MaxValueValidator(15)],
    )
    may_write = models.BooleanField(
        _("may change things"),
        default=False,
        help_text=_(
            "Without this, only those of the named tools are called that the server itself calls"
            " read-only."
        ),
    )
    for_context = models.BooleanField(
        _("for requests of other helpdesks"),
        default=True,
        help_text=_("Asked while context is gathered."),
    )
    for_readings = models.BooleanField(
        _("for the reading of tickets"),
        default=False,
        help_text=_(
            "Asked with every ticket that the AI reads: agents see what was said, and a model"
            " outside that is asked about the ticket is told it, masked."
        ),
    )
    for_tasks = models.BooleanField(
        _("for tasks"),
        default=False,
        help_text=_("Asked for tasks of agents and programs that want tools."),
    )
    may_be_quoted = models.BooleanField(
        _("drafts may quote it"),
        default=False,
        help_text=_("Only where everything it says may be told to requesters."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    # Which manner of the protocol it spoke last: saves a question at the next call.
    spoken = models.CharField(_("protocol"), max_length=20, blank=True, editable=False)
    offered = models.JSONField(_("tools it offers"), default=list, blank=True, editable=False)
    last_success_at = models.DateTimeField(_("last success"), null=True, blank=True, editable=False)
    last_error = models.CharField(_("last error"), max_length=300, blank=True, editable=False)

    class Meta:
        verbose_name = _("tool server")
        verbose_name_plural = _("tool servers")
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization", "name"], name="ai_tool_server_once")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def token(self) -> str:
        """The token in the clear, '' where there is none. Raises UnreadableSecret."""
        return unseal(self.sealed_token)

    def set_token(self, token: str) -> None:
        """Seal a token; '' forgets it. The caller saves."""
        self.sealed_token = seal(token)
