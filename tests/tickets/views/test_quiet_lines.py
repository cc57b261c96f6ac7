"""What stands back on the desk: rows close together, quotes, runs of changes."""

from lxml import html

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn
from tickets.actions.base import Actor
from tickets.actions.intake import Body, receive_message
from tickets.actions.triage import assign, set_category, set_priority
from tickets.choices import Priority, Source


def test_the_table_is_comfortable_or_compact(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        cast.ticket()
    alice = sign_in(cast.alice)
    for wish, compact in (("", False), ("&density=dense", True), ("&density=else", False)):
        page = html.fromstring(alice.get(f"/desk/v/open/?layout=table{wish}").content.decode())
        (table,) = page.xpath("//table")
        assert ("table--dense" in table.get("class").split()) == compact


def test_quoted_text_and_runs_of_changes_are_folded(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        bob = Actor.person(cast.bob)
        assign(ticket=ticket, actor=bob, assignee=cast.alice)
        set_category(ticket=ticket, actor=bob, category=cast.vpn)
        set_priority(ticket=ticket, actor=bob, priority=Priority.HIGH)
        receive_message(
            ticket=ticket, author=cast.dana, actor=Actor.person(cast.dana), source=Source.EMAIL,
            body=Body(text="It is back.", quoted="> Is it still there?\n--\nAlice, Service desk"),
        )  # fmt: skip
    page = html.fromstring(sign_in(cast.alice).get(f"/desk/t/{ticket.number}/").content.decode())
    (quote,) = page.xpath("//details[contains(@class, 'quoted')][not(@open)]")
    assert "Alice, Service desk" in quote.text_content()
    (run, *_) = page.xpath("//details[@class='events'][not(@open)]")
    assert run.xpath("summary")[0].text_content().strip().endswith("changes")
    assert "It is back." not in quote.text_content() + run.text_content()
