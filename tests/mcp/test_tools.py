"""The tools: what a person's key sees and does by them, and what it must not."""

from datetime import timedelta

import pytest
import redis
from pytest_django import Settings

from integrations.models import McpCall
from omnidesk.accounts.keys import create_key
from omnidesk.accounts.models import ApiKey, User
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.mcp.client import BEFORE, McpClient
from tickets.actions.base import Actor
from tickets.actions.reply import add_note
from tickets.models import Article, Change, Message, Ticket


@pytest.fixture(autouse=True)
def _empty_limits(redis_client: "redis.Redis") -> None:
    """Counters of one test must not refuse the next."""


def program_of(user: User, **options: str) -> McpClient:
    return McpClient(create_key(user=user, name="Assistant")[1], **options)


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        found = cast.ticket()
        add_note(ticket=found, actor=Actor.person(cast.bob), text="The gateway is old.")
    return found


@pytest.fixture
def article(cast: Cast) -> Article:
    with organization_scope(cast.nordwerk.pk):
        return Article.objects.create(
            organization=cast.nordwerk, title="VPN drops", slug="vpn-drops",
            body="Choose the other gateway.", state=Article.State.PUBLISHED,
        )  # fmt: skip


@pytest.mark.parametrize("version", ["2026-07-28", BEFORE])
def test_an_agent_finds_reads_and_answers(cast: Cast, ticket: Ticket, version: str) -> None:
    program = program_of(cast.alice, version=version)
    found = program.call("search_tickets", query="VPN disconnects")
    assert [one["number"] for one in found["tickets"]] == [ticket.number]
    whole = program.call("read_ticket", number=ticket.number)
    assert whole["ticket"]["subject"] == ticket.subject
    assert [one["visibility"] for one in whole["conversation"]] == ["public", "internal"]
    program.call("add_comment", number=ticket.number, text="Noted.", visibility="internal")
    answered = program.call("add_comment", number=ticket.number, text="Try the other gateway.")
    assert answered["number"] == ticket.number
    with organization_scope(cast.nordwerk.pk):
        last = Message.objects.filter(ticket=ticket).latest("pk")
        assert (last.text, last.author_id) == ("Try the other gateway.", cast.alice.pk)
        by = Change.objects.filter(ticket=ticket, verb="ticket.replied").get()
        assert by.actor_id == cast.alice.pk


def test_the_stage_narrows_a_search(cast: Cast, ticket: Ticket) -> None:
    program = program_of(cast.alice)
    assert program.call("search_tickets", query="VPN", status="solved")["tickets"] == []
    found = program.call("search_tickets", query=str(ticket.number), status="open")
    assert [one["number"] for one in found["tickets"]] == [ticket.number]


def test_a_requester_sees_their_own_without_the_notes(cast: Cast, ticket: Ticket) -> None:
    program = program_of(cast.dana)
    found = program.call("search_tickets", query="VPN")
    assert [one["number"] for one in found["tickets"]] == [ticket.number]
    whole = program.call("read_ticket", number=ticket.number)
    assert [one["visibility"] for one in whole["conversation"]] == ["public"]
    refused = program.call("add_comment", number=ticket.number, text="x", visibility="internal")
    assert refused == "Only the service desk can do this."


def test_another_organization_sees_nothing(cast: Cast, ticket: Ticket, article: Article) -> None:
    program = program_of(cast.charlie)
    assert program.call("search_tickets", query="VPN")["tickets"] == []
    assert program.call("search_tickets", query=str(ticket.number))["tickets"] == []
    assert program.call("search_knowledge", query="VPN")["articles"] == []
    nothing = f"There is no ticket {ticket.number} here."
    assert program.call("read_ticket", number=ticket.number) == nothing
    assert program.call("add_comment", number=ticket.number, text="Hello") == nothing
    refused = program.call("create_ticket", subject="x", description="y", organization="nordwerk")
    assert "Not known here" in refused


def test_knowledge_is_found_and_read(cast: Cast, article: Article) -> None:
    program = program_of(cast.dana)
    found = program.call("search_knowledge", query="my VPN drops")
    assert [one["article"] for one in found["articles"]] == ["vpn-drops"]
    assert program.call("read_article", article="vpn-drops")["text"] == article.body


def test_a_ticket_is_opened_as_by_the_api(cast: Cast) -> None:
    program = program_of(cast.alice)
    made = program.call(
        "create_ticket", subject="Toner", description="Empty.",
        requester_email="dana@nordwerk.example", category="Printing", urgency="high",
    )["ticket"]  # fmt: skip
    assert made["requester"]["email"] == "dana@nordwerk.example"
    assert (made["source"], made["category"]) == ("api", "Printing")
    assert made["url"].endswith(f"/desk/t/{made['number']}/")


def test_a_refused_call_leaves_nothing(cast: Cast) -> None:
    program = program_of(cast.dana)
    said = program.call(
        "create_ticket", subject="x", description="y", requester_email="bob@nordwerk.example"
    )
    assert said == "Only the service desk opens tickets for other people."
    said = program.call("create_ticket", subject="x", description="y", category="Nonsense")
    assert said.startswith("category: Not known here")
    with organization_scope(cast.nordwerk.pk):
        assert not Ticket.objects.exists()


def test_keys_that_are_wrong_expired_or_absent_open_nothing(cast: Cast) -> None:
    key = create_key(user=cast.alice, name="Old")[1]
    ApiKey.objects.update(expires_at=now() - timedelta(seconds=1))
    for given in ("", "odk_guess", key):
        client = McpClient(given)
        response = client.post(client.envelope("tools/list", {}))
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_browser_session_is_no_way_in(cast: Cast) -> None:
    client = McpClient("")
    client.http.force_login(cast.alice)
    assert client.post(client.envelope("tools/list", {})).status_code == 401


def test_every_call_is_written_down(cast: Cast, ticket: Ticket) -> None:
    program_of(cast.alice).call("add_comment", number=ticket.number, text="a" * 500)
    program_of(cast.charlie).call("read_ticket", number=ticket.number)
    with organization_scope(cast.nordwerk.pk):
        row = McpCall.objects.get()
    assert (row.user_id, row.tool, row.outcome) == (cast.alice.pk, "add_comment", "done")
    assert (row.ticket_number, row.credential) == (ticket.number, "Assistant")
    assert row.client == "strict-client 3.1"
    assert len(row.arguments["text"]) == 200
    assert row.correlation_id
    with organization_scope(cast.lumen.pk):
        foreign = McpCall.objects.get()
    assert (foreign.user_id, foreign.outcome) == (cast.charlie.pk, "refused")
    assert foreign.words == f"There is no ticket {ticket.number} here."


def test_limits_hold(cast: Cast, settings: Settings) -> None:
    settings.LIMITS = {**settings.LIMITS, "api": 5, "ai": 1}
    program = program_of(cast.alice)
    program.connect()
    program.call("search_tickets", query="vpn")
    assert "too many requests" in program.call("search_tickets", query="vpn")
    assert "no ticket" in program.call("read_ticket", number=1)
    last = program.post(program.envelope("tools/list", {}))
    assert last.status_code == 429
    assert 0 < int(last["Retry-After"]) <= 60
