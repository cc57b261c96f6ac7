"""Tables of the domain, one aggregate per file."""

from tickets.models.article import Article
from tickets.models.catalog import Category, Status, Tag
from tickets.models.field import CustomField
from tickets.models.link import Merge, TicketLink
from tickets.models.log import Change
from tickets.models.message import Attachment, Message
from tickets.models.pending import DeskSettings, PendingReason
from tickets.models.ticket import Ticket, TicketQuerySet, TicketTag
from tickets.models.tickettype import PriorityCell, TicketType, Transition, TypeStatus

__all__ = [
    "Article",
    "Attachment",
    "Category",
    "Change",
    "CustomField",
    "DeskSettings",
    "Merge",
    "Message",
    "PendingReason",
    "PriorityCell",
    "Status",
    "Tag",
    "Ticket",
    "TicketLink",
    "TicketQuerySet",
    "TicketTag",
    "TicketType",
    "Transition",
    "TypeStatus",
]
