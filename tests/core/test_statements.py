"""A statement that is written once and asked with other numbers."""

from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from omnidesk.core.statements import Statement
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.models import Ticket


def _of(ticket_id: int, requester_id: int) -> "QuerySet[Ticket, tuple[int, str]]":
    rows = Ticket.objects.filter(pk=ticket_id, requester=requester_id, deleted_at__isnull=True)
    return rows.order_by("pk").values_list("pk", "subject")[:1]


def test_each_number_finds_its_own_row_by_one_query(cast: Cast) -> None:
    statement = Statement(_of)
    with organization_scope(cast.nordwerk.pk):
        first, second = cast.ticket(), cast.ticket(subject="Toner")
        with CaptureQueriesContext(
            connection,
        ) as asked:
            for ticket in (first, second, first):
                found = statement.rows(ticket.pk, ticket.requester_id)
                assert found == [(ticket.pk, ticket.subject)]
        assert len(asked) == 3
        assert statement.rows(first.pk, first.requester_id + 1_000_000) == []
        assert statement.rows(1, first.requester_id) in ([], [(1, first.subject)])


def test_row_security_guards_it_like_any_query(cast: Cast) -> None:
    statement = Statement(_of)
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        assert statement.rows(ticket.pk, ticket.requester_id)
    with organization_scope(cast.lumen.pk):
        assert statement.rows(ticket.pk, ticket.requester_id) == []
