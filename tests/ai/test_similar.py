"""Who finds what: an organization's rows are found by that organization alone."""

import pytest

from ai import answers, client, tasks
from ai.client import Answer
from ai.models import Enrichment
from ai.pipeline.case import load_case
from ai.pipeline.think import think
from ai.runtime import Runtime
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.intake import Body, open_ticket
from tickets.actions.lifecycle import delete_ticket
from tickets.choices import Source, StatusCategory
from tickets.linking import LinkKind
from tickets.models import Article, ArticleFeedback, Ticket, TicketLink

TEXT = "Since this morning the VPN disconnects every five minutes."


def lumen_ticket(cast: Cast) -> Ticket:
    """The same words as Nordwerk's ticket, in the other organization."""
    with organization_scope(cast.lumen.pk):
        return open_ticket(
            organization_id=cast.lumen.pk,
            requester=cast.charlie,
            subject="VPN drops every few minutes",
            body=Body(text=TEXT),
            source=Source.PORTAL,
            actor=Actor.person(cast.charlie),
        )


@pytest.fixture
def indexed(cast: Cast, models: Runtime) -> tuple[Ticket, Ticket]:
    """One ticket of each organization, word for word the same."""
    with organization_scope(cast.nordwerk.pk):
        own = cast.ticket(text=TEXT)
    foreign = lumen_ticket(cast)
    for ticket in (own, foreign):
        tasks.index_objects(ticket.organization_id, "ticket", [ticket.pk])
    return own, foreign


def found(organizations: list[int]) -> set[int]:
    rows = answers.search(organizations, TEXT, kinds=["ticket"], limit=10, exclude=[])
    return {row["object_id"] for row in rows}


def test_another_organizations_ticket_is_never_found(
    cast: Cast, indexed: tuple[Ticket, Ticket]
) -> None:
    own, foreign = indexed
    assert found([cast.nordwerk.pk]) == {own.pk}
    assert found([cast.lumen.pk]) == {foreign.pk}


def test_an_agent_of_both_finds_both(cast: Cast, indexed: tuple[Ticket, Ticket]) -> None:
    assert found([cast.nordwerk.pk, cast.lumen.pk]) == {ticket.pk for ticket in indexed}


def test_nobodys_organizations_find_nothing(cast: Cast, indexed: tuple[Ticket, Ticket]) -> None:
    assert found([]) == set()
    assert client.search([], TEXT) == Answer(())


def test_a_reading_sees_its_own_organization_only(
    cast: Cast, indexed: tuple[Ticket, Ticket], models: Runtime
) -> None:
    own, foreign = indexed
    with organization_scope(cast.nordwerk.pk):
        row = Enrichment.objects.create(
            organization=cast.nordwerk, ticket=own, message=own.messages.get(), trigger="opened"
        )
        case = load_case(row.pk)
    reading = think(models, case)
    assert reading.details["similar"] == []
    assert str(foreign.number) not in str(reading.sources)


def test_a_ticket_does_not_find_itself(cast: Cast, indexed: tuple[Ticket, Ticket]) -> None:
    own, _ = indexed
    rows = answers.search([cast.nordwerk.pk], TEXT, kinds=["ticket"], limit=5, exclude=[own.pk])
    assert rows == []


def test_the_same_words_are_near_identical(cast: Cast, indexed: tuple[Ticket, Ticket]) -> None:
    text = f"VPN drops every few minutes\n{TEXT}"
    rows = answers.search([cast.nordwerk.pk], text, kinds=["ticket"], limit=5, exclude=[])
    assert rows[0]["level"] == "near_identical"


def test_a_deleted_ticket_is_not_found(cast: Cast, indexed: tuple[Ticket, Ticket]) -> None:
    own, _ = indexed
    with organization_scope(cast.nordwerk.pk):
        delete_ticket(ticket=own, actor=Actor.person(cast.bob))
    tasks.index_objects(cast.nordwerk.pk, "ticket", [own.pk])
    assert found([cast.nordwerk.pk]) == set()


def test_a_solved_twin_stands_for_both_and_what_helped_comes_first(
    cast: Cast, models: Runtime
) -> None:
    with organization_scope(cast.nordwerk.pk):
        first, second = cast.ticket(text=TEXT), cast.ticket(text=TEXT)
        other = cast.ticket(text="The VPN is gone every few minutes when I am at home.")
        Ticket.objects.filter(pk=second.pk).update(status_category=StatusCategory.SOLVED)
        articles = [
            Article.objects.create(
                organization=cast.nordwerk, title="VPN disconnects", slug=slug,
                body="Install the newest client.", state=Article.State.PUBLISHED,
            )
            for slug in ("one", "two")
        ]  # fmt: skip
        ArticleFeedback.objects.create(
            organization=cast.nordwerk, article=articles[1], person=cast.charlie, helped=True,
            version=1, created_at=now(),
        )  # fmt: skip
        TicketLink.objects.create(
            organization=cast.nordwerk, source=other, target=second, kind=LinkKind.DUPLICATE
        )
    ids = [ticket.pk for ticket in (first, second, other)]
    tasks.index_objects(cast.nordwerk.pk, "ticket", ids)
    tasks.index_objects(cast.nordwerk.pk, "article", [article.pk for article in articles])
    assert found([cast.nordwerk.pk]) == {second.pk}
    rows = answers.search([cast.nordwerk.pk], TEXT, kinds=["article"], limit=2, exclude=[])
    assert [row["object_id"] for row in rows] == [articles[1].pk, articles[0].pk]
