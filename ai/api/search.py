"""tickets/{number}/similar/ and ai/search-similar/."""

from collections.abc import Mapping, Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ai import client
from ai.access import audience_of, readable_documents
from ai.api.common import AiView
from ai.api.serializers import SearchInput, SearchSchema, SimilarSchema
from ai.engine.retrieve import ticket_text
from omnidesk.accounts.api.authentication import caller
from omnidesk.accounts.models import User
from tickets.access import access_ticket, desk_tickets, readable_articles
from tickets.models import TicketQuerySet
from tickets.selectors import TicketFilter, filter_tickets, last_answers

SIMILAR = 10
# Rows that the gate or a filter takes away are made up for by asking for more.
OVERSAMPLING = 3
DEGRADED = "X-AI-Degraded"


class SimilarView(AiView):
    """GET tickets/{number}/similar/."""

    @extend_schema(
        operation_id="tickets_similar", tags=["ai"], responses={200: SimilarSchema(many=True)}
    )
    def get(self, request: Request, number: str) -> Response:
        """Tickets of the same organization that tell the same story; for the desk."""
        user = caller(request)
        ticket = access_ticket(user, number, need="work")
        answer = client.search(
            [ticket.organization_id],
            ticket_text(ticket.subject, ticket.description),
            limit=SIMILAR,
            exclude=[ticket.pk],
        )
        tickets = desk_tickets(user).filter(organization_id=ticket.organization_id)
        rows = tickets.in_bulk([hit.object_id for hit in answer.hits])
        answers = last_answers([row.pk for row in rows.values() if row.is_settled])
        found = [
            {
                "number": rows[hit.object_id].number,
                "subject": rows[hit.object_id].subject,
                "score": hit.score,
                "level": hit.level,
                "status_category": rows[hit.object_id].status_category,
                "resolution": answers[hit.object_id].text if hit.object_id in answers else None,
            }
            for hit in answer.hits
            if hit.object_id in rows
        ]
        return Response(found, headers={DEGRADED: "1"} if answer.degraded else None)


class SearchView(AiView):
    """POST ai/search-similar/."""

    @extend_schema(
        operation_id="ai_search_similar",
        tags=["ai"],
        request=SearchInput,
        responses={200: SearchSchema},
    )
    def post(self, request: Request) -> Response:
        """Tickets and articles by meaning and words, as far as the caller may read them."""
        given = self.read(SearchInput)
        user = caller(request)
        filters: dict[str, Any] = dict(given.get("filters") or {})
        kinds = given.get("kinds") or _kinds_for(user)
        audience = audience_of(user).only(filters.get("organization"))
        answer = client.search(
            audience.staffed,
            given["query"],
            kinds=kinds,
            limit=given["limit"] * OVERSAMPLING,
            public=audience.public,
        )
        results = _readable(user, answer.hits, filters)[: given["limit"]]
        return Response({"degraded": answer.degraded, "results": results})


def _kinds_for(user: User) -> list[str]:
    return ["ticket", "article", "document"] if user.is_agent else ["article", "document"]


def _readable(
    user: User, hits: Sequence[client.Found], filters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The hits that the gate lets through, with titles. Queries: 3."""
    by_ticket = [hit.object_id for hit in hits if hit.kind in {"ticket", "response"}]
    by_article = [hit.object_id for hit in hits if hit.kind == "article"]
    tickets = _filtered(desk_tickets(user), filters).in_bulk(by_ticket) if by_ticket else {}
    articles = readable_articles(user).in_bulk(by_article) if by_article else {}
    by_document = [hit.object_id for hit in hits if hit.kind == "document"]
    papers = readable_documents(user).in_bulk(by_document) if by_document else {}
    found = []
    for hit in hits:
        if hit.kind == "document" and hit.object_id in papers:
            key, title = str(hit.object_id), papers[hit.object_id].title
        elif hit.kind == "article" and hit.object_id in articles:
            key, title = articles[hit.object_id].slug, articles[hit.object_id].title
        elif hit.kind in {"ticket", "response"} and hit.object_id in tickets:
            ticket = tickets[hit.object_id]
            key, title = str(ticket.number), ticket.subject
        else:
            continue
        entry = {"kind": hit.kind, "id": key, "title": title, "score": hit.score}
        found.append({**entry, "level": hit.level})
    return found


def _filtered(tickets: TicketQuerySet, filters: Mapping[str, Any]) -> TicketQuerySet:
    names = ("status_category", "category", "team")
    return filter_tickets(
        tickets, TicketFilter(**{name: filters[name] for name in names if name in filters})
    )
