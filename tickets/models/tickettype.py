"""Kinds of tickets, each with its statuses and the moves between them."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from omnidesk.accounts.roles import Role
from omnidesk.core.models import TenantModel
from tickets.choices import Impact, Priority, Urgency
from tickets.models.catalog import Status


class TicketType(TenantModel):
    """Incident, request, problem, change, or what an organization adds.

    `workflow` repeats `statuses`, `start` and `steps` in the form that `tickets.workflow` reads:
    written when an administrator saves a sound workflow, so that a ticket needs no joins.
    """

    key = models.SlugField(_("key"), max_length=40)
    name = models.CharField(_("name"), max_length=60)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_default = models.BooleanField(
        _("usual type"), default=False, help_text=_("What a new ticket is where nobody says.")
    )
    is_active = models.BooleanField(_("active"), default=True)
    start = models.ForeignKey(
        Status,
        verbose_name=_("first status"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text=_("The open status that a new ticket of this type starts in."),
    )
    statuses: "models.ManyToManyField[Status, Any]" = models.ManyToManyField(
        Status, through="TypeStatus", related_name="types", verbose_name=_("statuses")
    )
    workflow = models.JSONField(_("workflow"), default=dict, editable=False)

    class Meta:
        verbose_name = _("ticket type")
        verbose_name_plural = _("ticket types")
        ordering: ClassVar[list[str]] = ["position", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization", "key"], name="tickets_type_key_once"),
            models.UniqueConstraint(
                fields=["organization"],
                condition=models.Q(is_default=True),
                name="tickets_type_one_default",
            ),
        ]

    def __str__(self) -> str:
        """The standard ones in the reader's language, own ones as they are."""
        return gettext(self.name)


class TypeStatus(TenantModel):
    """A status of a type (its own table, so that row-level security covers it)."""

    type = models.ForeignKey(TicketType, on_delete=models.CASCADE, related_name="type_statuses")
    status = models.ForeignKey(Status, on_delete=models.PROTECT, related_name="type_statuses")

    class Meta:
        verbose_name = _("status of a type")
        verbose_name_plural = _("statuses of types")
        ordering: ClassVar[list[str]] = ["status__position", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["type", "status"], name="tickets_type_status_once")
        ]

    def __str__(self) -> str:
        return f"{self.type_id} {self.status_id}"


class Transition(TenantModel):
    """A move that a type allows, who may make it, and what it needs."""

    type = models.ForeignKey(TicketType, on_delete=models.CASCADE, related_name="transitions")
    source = models.ForeignKey(
        Status,
        verbose_name=_("from"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Empty: from any status."),
    )
    target = models.ForeignKey(
        Status, verbose_name=_("to"), on_delete=models.PROTECT, related_name="+"
    )
    role = models.CharField(
        _("at least"), max_length=14, choices=Role.choices, default=Role.AGENT.value
    )
    requires = models.JSONField(_("needs"), default=list, blank=True)

    class Meta:
        verbose_name = _("allowed move")
        verbose_name_plural = _("allowed moves")
        ordering: ClassVar[list[str]] = ["pk"]

    def __str__(self) -> str:
        return f"{self.source_id or '*'} → {self.target_id}"


class PriorityCell(TenantModel):
    """One cell of an organization's matrix; without a row the standard matrix counts."""

    urgency = models.CharField(_("urgency"), max_length=8, choices=Urgency.choices)
    impact = models.CharField(_("impact"), max_length=8, choices=Impact.choices)
    priority = models.CharField(_("priority"), max_length=8, choices=Priority.choices)

    class Meta:
        verbose_name = _("priority by urgency and impact")
        verbose_name_plural = _("priorities by urgency and impact")
        ordering: ClassVar[list[str]] = ["organization", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "urgency", "impact"], name="tickets_matrix_cell_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.urgency} {self.impact}: {self.priority}"
