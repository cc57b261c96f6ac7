"""Help with writing: who is offered what at the caret, and a preview that is what is sent."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from omnidesk.accounts.actions import add_member
from omnidesk.accounts.roles import Role
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast, person
from tests.tickets.views.conftest import SignIn
from tickets.actions.base import Actor
from tickets.actions.knowledge import save_article
from tickets.actions.reply import add_note, reply
from tickets.insert_selectors import insertions
from tickets.mentions import Mentionable, mentioned
from tickets.models import Article, Macro, Ticket
from tickets.setup_selectors import agents_of


@pytest.fixture
def ticket(cast: Cast) -> Iterator[Ticket]:
    with organization_scope(cast.nordwerk.pk):
        yield cast.ticket()


def labels(
    cast: Cast, ticket: Ticket, kind: str, words: str, *, internal: bool = False
) -> list[str]:
    return [r.label for r in insertions(cast.alice, ticket, kind, words, internal=internal)]


def test_a_macro_comes_filled_in_and_one_without_text_does_not(cast: Cast, ticket: Ticket) -> None:
    here = {"organization": cast.nordwerk}
    Macro.objects.create(**here, name="Greeting", text="Hello {first_name},\n\nthank you.")
    Macro.objects.create(**here, name="Greet later", actions=[])
    Macro.objects.create(**here, name="Greeting of Bob", text="Hi", owner=cast.bob)
    found = insertions(cast.alice, ticket, "snippet", "greet", internal=False)
    assert [row.text for row in found] == ["Hello Dana,\n\nthank you."]


def test_a_requester_is_only_sent_to_what_a_requester_may_read(cast: Cast, ticket: Ticket) -> None:
    here: dict[str, Any] = {
        "organization_id": cast.nordwerk.pk,
        "author": cast.alice,
        "body": "Text",
    }
    save_article(**here, title="VPN [client]")
    save_article(**here, title="VPN draft", state=Article.State.DRAFT.value)
    inside = save_article(**here, title="VPN inside")
    Article.objects.filter(pk=inside.pk).update(is_public=False)
    assert labels(cast, ticket, "article", "vp") == ["VPN [client]"]
    # Without words: what fits the ticket, whose subject speaks of VPN.
    assert labels(cast, ticket, "article", "") == ["VPN [client]"]
    assert len(labels(cast, ticket, "article", "vpn", internal=True)) == 3
    (row,) = insertions(cast.alice, ticket, "article", "client", internal=False)
    assert row.text.startswith("[VPN \\[client\\]](http")
    assert row.text.endswith("/kb/vpn-client/)")
    sent = reply(ticket=ticket, actor=Actor.person(cast.alice), text=row.text)
    assert ">VPN [client]</a>" in sent.html


def test_a_mention_names_one_person_even_where_two_have_a_name(cast: Cast, ticket: Ticket) -> None:
    twin = person("alice.two@nordwerk.example", "Alice Agent")
    add_member(organization=cast.nordwerk, user=twin, role=Role.AGENT)
    found = insertions(cast.bob, ticket, "person", "alice", internal=True)
    texts = {row.text for row in found}
    assert texts == {"@alice ", "@alice.two "}
    known = [Mentionable(u.pk, u.name, u.email) for u in agents_of(cast.nordwerk.pk)]
    for row in found:
        assert row.person is not None
        assert mentioned(f"Look, {row.text}again.", known) == [row.person.pk]
        add_note(ticket=ticket, actor=Actor.person(cast.bob), text=f"{row.text}please")


def test_in_an_answer_the_requester_has_a_name_too(cast: Cast, ticket: Ticket) -> None:
    assert labels(cast, ticket, "person", "dana") == ["Dana Requester"]
    assert labels(cast, ticket, "person", "dana", internal=True) == []
    (row,) = insertions(cast.alice, ticket, "person", "dana", internal=False)
    assert row.text == "Dana Requester "


def test_the_preview_is_what_is_sent(cast: Cast, ticket: Ticket, sign_in: SignIn) -> None:
    text = "**Bold** <script>alert(1)</script> [x](javascript:alert(1))\n\n- one\n- two"
    page = sign_in(cast.alice).post(f"/desk/t/{ticket.number}/preview/", {"text": text})
    shown = page.content.decode()
    assert "So Dana Requester will see it" in shown
    sent = reply(ticket=ticket, actor=Actor.person(cast.alice), text=text)
    assert sent.html in shown
    assert "<script" not in shown
    picture = {"text": "![p](https://far.example/p.png)", "kind": "internal"}
    shown = sign_in(cast.alice).post(f"/desk/t/{ticket.number}/preview/", picture).content.decode()
    assert "far.example" not in shown
    assert "So your colleagues will see it" in shown


def test_only_the_desk_is_helped(cast: Cast, ticket: Ticket, sign_in: SignIn) -> None:
    url = f"/desk/t/{ticket.number}/inserts/person/"
    assert sign_in(cast.charlie).get(url).status_code == 404
    assert sign_in(cast.dana).get(url).status_code == 302
    assert sign_in(cast.alice).get(url.replace("person", "secret")).status_code == 404
    assert Client().get(url).status_code == 302
    page = sign_in(cast.alice).get(url, {"q": "bob", "mode": "note"})
    assert 'data-insert="@Bob Lead "' in page.content.decode()
