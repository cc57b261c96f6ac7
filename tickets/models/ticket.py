"""The ticket and its tags."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models.functions import Left
from django.utils.translation import gettext_lazy as _

from omnidesk.accounts.models import Team
from omnidesk.core.models import TenantModel, TimestampedModel
from tickets.choices import AiState, Impact, Priority, Source, StatusCategory, Urgency
from tickets.models.catalog import Category, Status, Tag
from tickets.models.pending import PendingReason
from tickets.models.tickettype import TicketType


class NextNumber(models.Func):
    """The next ticket number of the installation, from its own sequence."""

    template = "nextval('tickets_ticket_number')"
    arity = 0
    output_field = models.BigIntegerField()


class TicketQuerySet(models.QuerySet["Ticket"]):
    """Verbs over tickets."""

    def alive(self) -> "TicketQuerySet":
        """Without what lies in the bin."""
        return self.filter(deleted_at__isnull=True)

    def unresolved(self) -> "TicketQuerySet":
        """Open or pending."""
        return self.filter(status_category__in=[StatusCategory.OPEN, StatusCategory.PENDING])

    def lock(self, pk: int) -> "TicketQuerySet":
        """Hold the row's lock until the transaction ends; chain the query that reads it.

        Two queries on purpose: a joined `SELECT ... FOR UPDATE` that had to wait re-checks the
        join with the joined rows it saw before waiting, and loses a ticket whose status changed
        meanwhile.
        """
        list(self.model._default_manager.filter(pk=pk).select_for_update().values_list("pk"))
        return self

    def with_row_relations(self) -> "TicketQuerySet":
        """Everything a list row shows, in one query; the search vector stays in the database."""
        return self.select_related(
            "type", "status", "pending_reason", "category", "requester", "assignee", "team"
        ).defer("search")


class Ticket(TenantModel, TimestampedModel):
    """One request for help, from whichever channel.

    `description` repeats the opening message's text, so that lists, search and the AI need no
    join; `status_category` repeats the status' stage for the indexes below. Only actions
    write, each raising `version` by one.
    """

    number = models.BigIntegerField(_("number"), unique=True, db_default=NextNumber())
    subject = models.CharField(_("subject"), max_length=300)
    description = models.TextField(_("description"))
    # None (tickets older than types) counts as the organization's usual type.
    type = models.ForeignKey(
        TicketType,
        verbose_name=_("type"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="tickets",
    )
    status = models.ForeignKey(Status, on_delete=models.PROTECT, related_name="tickets")
    status_category = models.CharField(_("stage"), max_length=8, choices=StatusCategory.choices)
    # Set while pending alone; moves set and clear it.
    pending_reason = models.ForeignKey(
        PendingReason,
        verbose_name=_("reason for waiting"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="tickets",
    )
    nudges_sent = models.PositiveSmallIntegerField(_("reminders sent"), default=0)
    # When the sweep reminds, solves or closes next; None: it has nothing to do here.
    next_step_at = models.DateTimeField(_("next step"), null=True, blank=True)
    # Where the conversation goes on after a merge: this ticket's is empty then.
    merged_into = models.ForeignKey(
        "self",
        verbose_name=_("merged into"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="merged_tickets",
    )
    category = models.ForeignKey(
        Category, on_delete=models.SET_NULL, null=True, blank=True, related_name="tickets"
    )
    urgency = models.CharField(
        _("urgency"), max_length=8, choices=Urgency.choices, default=Urgency.MEDIUM.value
    )
    impact = models.CharField(
        _("impact"), max_length=8, choices=Impact.choices, default=Impact.LOW.value
    )
    priority = models.CharField(
        _("priority"), max_length=8, choices=Priority.choices, default=Priority.MEDIUM.value
    )
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="requested_tickets"
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="assigned_tickets",
    )
    team = models.ForeignKey(
        Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="tickets"
    )
    source = models.CharField(_("source"), max_length=20, choices=Source.choices)
    language = models.CharField(_("language"), max_length=8, blank=True)
    tags: "models.ManyToManyField[Tag, Any]" = models.ManyToManyField(
        Tag, through="TicketTag", related_name="tickets", blank=True, verbose_name=_("tags")
    )
    custom_fields = models.JSONField(_("custom fields"), default=dict, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    message_count = models.PositiveIntegerField(_("messages"), default=1)
    last_activity_at = models.DateTimeField(_("last activity"), db_index=True)
    first_response_at = models.DateTimeField(_("first response"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    first_response_due = models.DateTimeField(_("first response due"), null=True, blank=True)
    resolution_due = models.DateTimeField(_("resolution due"), null=True, blank=True)
    # In step with the clocks (`tickets.sla_rules.summary`), for lists, order and the API.
    next_response_due = models.DateTimeField(_("next response due"), null=True, blank=True)
    next_due = models.DateTimeField(_("next due"), null=True, blank=True)
    sla_paused_at = models.DateTimeField(_("agreed times paused"), null=True, blank=True)
    # Out of the lists since then; `snoozed_until` None means until the requester answers.
    snoozed_at = models.DateTimeField(_("snoozed"), null=True, blank=True)
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True, blank=True)
    snoozed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)
    # The AI's latest verdict as shown in lists and the API; `ai` keeps the evidence itself.
    ai_state = models.CharField(
        _("AI state"), max_length=8, choices=AiState.choices, default=AiState.PENDING.value
    )
    ai_verdict = models.JSONField(_("AI verdict"), default=dict, blank=True)
    # Idempotency of bulk import: the row's fingerprint in its file.
    import_key = models.CharField(_("import key"), max_length=64, blank=True)
    search = models.GeneratedField(
        expression=SearchVector("subject", weight="A", config="simple")
        + SearchVector(Left("description", 50_000), weight="B", config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        ordering: ClassVar[list[str]] = ["-last_activity_at", "-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["organization", "status_category", "-last_activity_at"],
                name="tickets_queue",
                condition=models.Q(deleted_at__isnull=True),
            ),
            models.Index(fields=["assignee", "status_category"], name="tickets_mine"),
            models.Index(fields=["team", "status_category"], name="tickets_team"),
            models.Index(fields=["requester", "-created_at"], name="tickets_requester"),
            models.Index(
                fields=["organization", "ai_state"],
                name="tickets_unread_by_ai",
                condition=models.Q(ai_state="pending"),
            ),
            models.Index(
                fields=["next_step_at"],
                name="tickets_next_step",
                condition=models.Q(next_step_at__isnull=False),
            ),
            models.Index(
                fields=["snoozed_until"],
                name="tickets_wake",
                condition=models.Q(snoozed_until__isnull=False),
            ),
            models.Index(
                fields=["organization", "next_due"],
                name="tickets_by_due",
                condition=models.Q(deleted_at__isnull=True, next_due__isnull=False),
            ),
            GinIndex(fields=["search"], name="tickets_search"),
            GinIndex(fields=["custom_fields"], name="tickets_fields", opclasses=["jsonb_path_ops"]),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["organization", "import_key"],
                condition=~models.Q(import_key=""),
                name="tickets_import_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.subject}"

    @property
    def is_settled(self) -> bool:
        """Solved or closed."""
        return self.status_category in {StatusCategory.SOLVED, StatusCategory.CLOSED}


class TicketTag(TenantModel):
    """A tag on a ticket (its own table, so that row-level security covers it)."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="ticket_tags")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="ticket_tags")

    class Meta:
        verbose_name = _("tag on ticket")
        verbose_name_plural = _("tags on tickets")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["ticket", "tag"], name="tickets_tag_once")
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.tag_id}"
