"""Tools of other systems for a ticket's context: named ones only, masked, recorded, degradable."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from ai import toolbox
from ai.models import ModelCall, ToolServer
from ai.models.tools import check_headers, check_tools
from omnidesk.accounts.models import Membership, User
from omnidesk.core.http import reset_breakers
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.mcp import TOKEN, McpFake, failed, text
from tickets.context import Asked, NotAvailable, Outcome, gather, registered


@pytest.fixture(params=["modern", "handshake"])
def fake(request: pytest.FixtureRequest, settings: Settings) -> Iterator[McpFake]:
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    reset_breakers()
    found = McpFake(modern=request.param == "modern")
    found.server.start()
    yield found
    found.server.stop()
    assert found.violations == []


def add(cast: Cast, fake: McpFake, **given: Any) -> ToolServer:
    """A server of Nordwerk's with these tools allowed."""
    with organization_scope(cast.nordwerk.pk):
        row = ToolServer(organization=cast.nordwerk, **{"name": "Assets", "url": fake.url, **given})
        row.set_token(TOKEN)
        row.save()
    return row


def about(cast: Cast, subject: str = "Laptop does not start", words: str = "Help.") -> Asked:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket(subject=subject, text=words)
    return Asked(
        organization_id=cast.nordwerk.pk, ticket_id=ticket.pk, requester_id=cast.dana.pk,
        subject=subject, text=words, email=cast.dana.email,
    )  # fmt: skip


def ledger(cast: Cast) -> list[ModelCall]:
    with organization_scope(cast.nordwerk.pk):
        return list(ModelCall.objects.order_by("pk"))


def test_what_a_tool_finds_becomes_lines(cast: Cast, fake: McpFake) -> None:
    rows = [{"title": "Laptop 17", "url": "https://assets.example/17", "status": "old"}, {"x": 1}]
    fake.offer("search", lambda _given: {**text("x"), "structuredContent": {"result": rows}},
               query="string")  # fmt: skip
    fake.offer("secret_sql", lambda _given: text("never"), sql="string")
    server = add(cast, fake, tools={"search": {}})
    [line] = toolbox.ask_tools(about(cast))
    assert (line.text, line.link, line.detail) == ("Laptop 17", "https://assets.example/17", "old")
    assert fake.calls == [("search", {"query": "Laptop does not start"})]
    with organization_scope(cast.nordwerk.pk):
        server.refresh_from_db()
    assert server.offered == ["search", "secret_sql"]
    assert server.last_success_at is not None
    assert fake.modern or fake.ended == 1


def test_the_second_visit_knows_the_manner(cast: Cast, fake: McpFake) -> None:
    fake.offer("search", lambda _given: text("found"), query="string")
    add(cast, fake, tools={"search": {}})
    asked = about(cast)
    toolbox.ask_tools(asked)
    first = len(fake.asked)
    toolbox.ask_tools(asked)
    assert len(fake.asked) - first == (2 if fake.modern else first - 1)


def test_texts_that_hold_json_are_read(cast: Cast, fake: McpFake) -> None:
    fake.offer("search", lambda _given: text('[{"name": "A"}, {"name": "B"}]', "plain words"),
               query="string")  # fmt: skip
    add(cast, fake, tools={"search": {}})
    assert [line.text for line in toolbox.ask_tools(about(cast))] == ["A", "B", "plain words"]


def test_only_masked_words_leave_and_each_call_is_in_the_ledger(cast: Cast, fake: McpFake) -> None:
    fake.offer(
        "search", lambda given: text(f"about {given['query']}"), query="string", who="string"
    )
    template = {"query": "{subject}: {text}", "who": "{email}"}
    add(cast, fake, tools={"search": template})
    asked = about(cast, "Mail to jo@elsewhere.example fails", "Password: hunter2secret")
    [line] = toolbox.ask_tools(asked)
    [(_name, given)] = fake.calls
    assert "jo@elsewhere" not in given["query"]
    assert "hunter2" not in given["query"]
    assert given["who"] == "dana@nordwerk.example"  # an administrator wrote {email} there
    assert "jo@elsewhere.example" in line.text  # comes back in the house only
    [row] = ledger(cast)
    assert (row.operation, row.provider, row.model) == ("tool", "mcp", "Assets: search")
    assert (row.status, row.ticket_id) == ("ok", asked.ticket_id)
    assert "dana@nordwerk.example" in row.sent
    assert row.sent_bytes == len(row.sent.encode())
    assert row.masked_values >= 2


def test_an_argument_that_nobody_fills_is_not_guessed(cast: Cast, fake: McpFake) -> None:
    fake.offer("order", lambda _given: text("done"), query="string", budget="integer")
    add(cast, fake, tools={"order": {}})
    with pytest.raises(NotAvailable, match="“order” wants “budget”"):
        toolbox.ask_tools(about(cast))
    assert (fake.calls, ledger(cast)) == ([], [])


def test_what_a_ticket_says_names_no_sign_of_a_template(cast: Cast, fake: McpFake) -> None:
    fake.offer("search", lambda _given: text("x"), query="string")
    add(cast, fake, tools={"search": {"query": "{subject}: {text} {other}"}})
    toolbox.ask_tools(about(cast, "{email} {text}", "{email} {subject}"))
    assert fake.calls == [("search", {"query": "{email} {text}: {email} {subject} {other}"})]


def test_a_tool_that_may_change_things_is_called_where_an_administrator_allowed_it(
    cast: Cast, fake: McpFake
) -> None:
    fake.offer("order", lambda _given: text("ordered"), query="string")
    fake.silent = {"order"}
    server = add(cast, fake, tools={"order": {}})
    with pytest.raises(NotAvailable, match="“order” is not said to be read-only"):
        toolbox.ask_tools(about(cast))
    assert (fake.calls, ledger(cast)) == ([], [])
    with organization_scope(cast.nordwerk.pk):
        ToolServer.objects.filter(pk=server.pk).update(may_write=True)
    assert [line.text for line in toolbox.ask_tools(about(cast))] == ["ordered"]


def test_a_requesters_name_stays_here(cast: Cast, fake: McpFake) -> None:
    fake.offer("search", lambda given: text(f"about {given['query']}"), query="string")
    add(cast, fake, tools={"search": {}})
    asked = replace(about(cast, "Dana Requester wants a key"), names=(cast.dana.name,))
    [line] = toolbox.ask_tools(asked)
    assert fake.calls == [("search", {"query": "[PERSON_1] wants a key"})]
    assert line.text == "about Dana Requester wants a key"


def test_a_tool_that_fails_costs_its_own_lines_only(cast: Cast, fake: McpFake) -> None:
    fake.offer("broken", lambda _given: failed("no licence"), query="string")
    fake.offer("search", lambda _given: text("found"), query="string")
    server = add(cast, fake, tools={"broken": {}, "gone": {}, "search": {}})
    lines = [line.text for line in toolbox.ask_tools(about(cast))]
    assert lines == [
        "found", "Assets: “broken” refused: no licence",
        "Assets: There is no tool “gone” any more.",
    ]  # fmt: skip
    assert [row.status for row in ledger(cast)] == ["failed", "ok"]
    with organization_scope(cast.nordwerk.pk):
        server.refresh_from_db()
    assert "gone" in server.last_error


def test_a_server_that_is_down_is_told_and_hurts_nobody(live_cast: Cast, fake: McpFake) -> None:
    fake.down = True
    add(live_cast, fake, tools={"search": {}})
    mine = [one for one in registered() if one.key in {"tools", "history"}]
    found = {one.key: one for one in gather(about(live_cast), mine)}
    assert found["tools"].outcome is Outcome.FAILED
    assert "503" in found["tools"].words
    assert found["history"].outcome is not Outcome.FAILED


def test_addresses_inside_our_network_are_refused(
    cast: Cast, fake: McpFake, settings: Settings
) -> None:
    settings.OUTBOUND_ALLOW = []
    add(cast, fake, tools={"search": {}})
    with pytest.raises(NotAvailable, match="inside our own network"):
        toolbox.ask_tools(about(cast))
    assert fake.asked == []


def test_without_servers_or_for_another_organization_nothing_is_asked(
    cast: Cast, fake: McpFake
) -> None:
    asked = about(cast)
    assert toolbox.ask_tools(asked) == []
    add(cast, fake, tools={"search": {}}, is_active=False)
    assert toolbox.ask_tools(asked) == []
    add(cast, fake, name="Other", tools={"search": {}})
    foreign = Asked(
        organization_id=cast.lumen.pk, ticket_id=asked.ticket_id, requester_id=1,
        subject="x", text="y",
    )  # fmt: skip
    assert toolbox.ask_tools(foreign) == []
    assert fake.asked == []


@pytest.mark.parametrize("given", [[], {"a": 1}, {"a": {"b": {}}}, {str(i): {} for i in range(9)}])
def test_nonsense_is_no_list_of_tools(given: Any) -> None:
    with pytest.raises(ValidationError):
        check_tools(given)


@pytest.mark.parametrize(
    "given", [[], {"a": 1}, {"Authorization": "x"}, {"Mcp-Session-Id": "x"}, {"X": "a\nb"}]
)
def test_some_headers_are_not_for_the_administrator(given: Any) -> None:
    with pytest.raises(ValidationError):
        check_headers(given)


def test_the_token_goes_in_and_never_comes_out(cast: Cast, client: Client) -> None:
    with organization_scope(cast.nordwerk.pk):
        Membership.objects.filter(user=cast.bob).update(role="administrator")
    User.objects.filter(pk=cast.bob.pk).update(is_staff=True)
    client.force_login(cast.bob)
    form = {
        "organization": cast.nordwerk.pk, "name": "Assets", "url": "https://tools.example/mcp",
        "is_active": "on", "for_readings": "on", "token": "s3cret-token", "headers": "{}",
        "seconds": "4", "tools": '{"search": {"query": "{subject}"}}',
    }  # fmt: skip
    page = client.post(reverse("admin:ai_toolserver_add"), form)
    assert page.status_code == 302, page.content
    with organization_scope(cast.nordwerk.pk):
        row = ToolServer.objects.get()
        assert row.token == "s3cret-token"
        assert (row.for_readings, row.for_tasks, row.may_write) == (True, False, False)
        assert "s3cret" not in row.sealed_token
    shown = client.get(reverse("admin:ai_toolserver_change", args=[row.pk]))
    assert b"s3cret" not in shown.content
    kept = client.post(
        reverse("admin:ai_toolserver_change", args=[row.pk]), {**form, "token": "", "name": "B"}
    )
    assert kept.status_code == 302
    with organization_scope(cast.nordwerk.pk):
        row.refresh_from_db()
        assert (row.name, row.token) == ("B", "s3cret-token")
