"""The tools that OmniDesk offers: what each takes, and the action of the domain that it is.

Descriptions are read by models and are English like the names; what a person may see and do is
decided where it always is: by the gate, the roles and the row security.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request

from integrations.mcp.schemas import schema_of
from omnidesk.accounts.api.authentication import caller
from omnidesk.accounts.models import User
from omnidesk.core.api.serializers import StrictSerializer, Text
from tickets.access import access_ticket, readable_messages, visible_tickets, works_on
from tickets.api.conversation import write_given
from tickets.api.inputs import NewTicketInput, ResponseInput
from tickets.api.serializers import TicketSerializer
from tickets.api.tickets import open_given
from tickets.choices import MessageKind, Source, StatusCategory
from tickets.models import Article, Message, Ticket
from tickets.portal_selectors import readable_article
from tickets.search_selectors import search_desk, search_knowledge
from tickets.selectors import TicketFilter, filter_tickets, whole_ticket

EXCERPT: Final = 300  # characters
LONGEST_MESSAGE: Final = 6_000
LONGEST_ARTICLE: Final = 20_000
LARGEST_NUMBER: Final = 2**63 - 1

Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. `writes`: it changes something; `thinks`: it makes the models work."""

    name: str
    title: str
    description: str
    takes: type[StrictSerializer]
    call: Callable[[Request, Arguments], dict[str, Any]]
    writes: bool = False
    thinks: bool = False

    def listed(self) -> dict[str, Any]:
        """The tool as `tools/list` shows it."""
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": schema_of(self.takes),
            "annotations": {
                "title": self.title,
                "readOnlyHint": not self.writes,
                "destructiveHint": False,
                "idempotentHint": not self.writes,
                "openWorldHint": False,
            },
        }


class SearchTicketsInput(StrictSerializer):
    """What to look for among tickets."""

    query = Text(max_length=500, help_text="Words, a sentence, or a ticket number.")
    status = serializers.ChoiceField(
        choices=StatusCategory.choices, required=False, help_text="Only tickets at this stage."
    )
    limit = serializers.IntegerField(required=False, default=10, min_value=1, max_value=25)


class SearchKnowledgeInput(StrictSerializer):
    """What to look for among articles."""

    query = Text(max_length=500, help_text="Words or a sentence.")
    limit = serializers.IntegerField(required=False, default=5, min_value=1, max_value=10)


class ReadTicketInput(StrictSerializer):
    """Which ticket."""

    number = serializers.IntegerField(min_value=1, max_value=LARGEST_NUMBER)
    messages = serializers.IntegerField(
        required=False, default=20, min_value=0, max_value=100,
        help_text="How many of the newest messages.",
    )  # fmt: skip


class ReadArticleInput(StrictSerializer):
    """Which article."""

    article = Text(max_length=120, help_text="The id that search_knowledge shows.")


class CreateTicketInput(NewTicketInput):
    """A new ticket; where it came from is not the caller's to say."""

    source = None  # type: ignore[assignment]


class CommentInput(ResponseInput):
    """A message and the ticket it belongs to."""

    number = serializers.IntegerField(min_value=1, max_value=LARGEST_NUMBER)
    attachments = None  # type: ignore[assignment]


def _search_tickets(request: Request, given: Arguments) -> dict[str, Any]:
    user, words = caller(request), given["query"]
    hits = search_desk(user, words) if user.is_agent else None
    found = list(hits.tickets) if hits else []
    # A requester finds by words among what they may read: their own tickets.
    own = visible_tickets(user).exclude(organization_id__in=user.staffed_organization_ids())
    own = filter_tickets(own, TicketFilter(q=words)).with_row_relations().order_by("-pk")
    found += list(own[: given["limit"]])
    stage = given.get("status")
    wanted = [one for one in found if stage in (None, one.status_category)]
    return {
        "tickets": [_short(one, user) for one in wanted[: given["limit"]]],
        "by_meaning": bool(hits and hits.by_meaning),
    }


def _short(ticket: Ticket, user: User) -> dict[str, Any]:
    return {
        "number": ticket.number,
        "subject": ticket.subject,
        "status": ticket.status.key,
        "status_category": ticket.status_category,
        "priority": ticket.priority,
        "category": ticket.category.name if ticket.category else None,
        "requester": ticket.requester.display_name,
        "assignee": ticket.assignee.display_name if ticket.assignee else None,
        "created_at": ticket.created_at,
        "last_activity_at": ticket.last_activity_at,
        "url": _address(ticket, user),
    }


def _address(ticket: Ticket, user: User) -> str:
    name = "desk:ticket" if works_on(user, ticket) else "portal:ticket"
    return settings.BASE_URL.rstrip("/") + reverse(name, args=[ticket.number])


def _search_knowledge(request: Request, given: Arguments) -> dict[str, Any]:
    hits = search_knowledge(caller(request), given["query"], given["limit"])
    shown = [{**_title(one), "excerpt": one.body[:EXCERPT]} for one in hits.articles]
    return {"articles": shown, "by_meaning": hits.by_meaning}


def _title(article: Article) -> dict[str, Any]:
    return {
        "article": article.slug,
        "title": article.title,
        "language": article.language,
        "state": article.state,
        "updated_at": article.updated_at,
    }


def _read_article(request: Request, given: Arguments) -> dict[str, Any]:
    article = readable_article(caller(request), given["article"])
    return {**_title(article), "text": article.body[:LONGEST_ARTICLE]}


def _read_ticket(request: Request, given: Arguments) -> dict[str, Any]:
    user = caller(request)
    ticket = access_ticket(user, given["number"])
    return {
        "ticket": _whole(request, ticket),
        "conversation": _conversation(user, ticket, given["messages"]),
    }


def _whole(request: Request, ticket: Ticket) -> dict[str, Any]:
    shown = TicketSerializer(whole_ticket(ticket), context={"request": request}).data
    return {**shown, "url": _address(ticket, caller(request))}


def _conversation(user: User, ticket: Ticket, count: int) -> list[dict[str, Any]]:
    newest = readable_messages(user, ticket).order_by("-created_at", "-pk")[:count]
    return [_said(one) for one in reversed(newest)]


def _said(message: Message) -> dict[str, Any]:
    return {
        "author": message.author.display_name if message.author else None,
        "from_requester": message.from_requester,
        "visibility": "internal" if message.kind == MessageKind.INTERNAL else "public",
        "text": message.text[:LONGEST_MESSAGE],
        "files": [one.name for one in message.attachments.all()],
        "created_at": message.created_at,
    }


def _create_ticket(request: Request, given: Arguments) -> dict[str, Any]:
    ticket = open_given(caller(request), {**given, "source": Source.API.value})
    return {"ticket": _whole(request, ticket)}


def _add_comment(request: Request, given: Arguments) -> dict[str, Any]:
    message = write_given(caller(request), given["number"], {**given, "attachments": []})
    # A merged ticket's answer lands on another ticket, a late one opens a new one.
    return {"number": message.ticket.number, "comment": _said(message)}


TOOLS: Final[Mapping[str, Tool]] = {
    tool.name: tool
    for tool in (
        Tool(
            "search_tickets", "Search tickets",
            "Find tickets by words and by meaning, best first: for the service desk all tickets "
            "of its organizations, for other people their own.",
            SearchTicketsInput, _search_tickets, thinks=True,
        ),
        Tool(
            "search_knowledge", "Search knowledge",
            "Find articles of the knowledge base by words and by meaning; read one whole with "
            "read_article.",
            SearchKnowledgeInput, _search_knowledge, thinks=True,
        ),
        Tool(
            "read_ticket", "Read a ticket",
            "One ticket with its fields, its agreed times and the newest messages.",
            ReadTicketInput, _read_ticket,
        ),
        Tool(
            "read_article", "Read an article",
            "The whole text of one knowledge article, as Markdown.",
            ReadArticleInput, _read_article,
        ),
        Tool(
            "create_ticket", "Create a ticket",
            "Open a new ticket. Search for a running ticket about the same matter first.",
            CreateTicketInput, _create_ticket, writes=True,
        ),
        Tool(
            "add_comment", "Comment on a ticket",
            "Write on a ticket: in public, which its requester is sent, or as an internal note "
            "of the service desk.",
            CommentInput, _add_comment, writes=True,
        ),
    )
}  # fmt: skip
