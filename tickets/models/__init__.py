"""Tables of the domain, one aggregate per file."""

from tickets.models.article import Article
from tickets.models.catalog import Category, Status, Tag
from tickets.models.log import Change
from tickets.models.message import Attachment, Message
from tickets.models.pending import PendingReason
from tickets.models.sla import (
    BusinessCalendar,
    CalendarDay,
    CalendarVersion,
    SlaClock,
    SlaFired,
    SlaPolicy,
    SlaReplan,
    SlaStep,
    SlaTarget,
    WorkingSpan,
)
from tickets.models.ticket import Ticket, TicketQuerySet, TicketTag

__all__ = [
    "Article",
    "Attachment",
    "BusinessCalendar",
    "CalendarDay",
    "CalendarVersion",
    "Category",
    "Change",
    "Message",
    "PendingReason",
    "SlaClock",
    "SlaFired",
    "SlaPolicy",
    "SlaReplan",
    "SlaStep",
    "SlaTarget",
    "Status",
    "Tag",
    "Ticket",
    "TicketQuerySet",
    "TicketTag",
    "WorkingSpan",
]
