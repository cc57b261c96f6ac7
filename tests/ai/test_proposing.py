"""The look for articles that are missing or wrong, with the real model and vector store."""

import json
from datetime import timedelta
from typing import Any

import pytest

from ai import proposing, tasks
from ai.actions.proposals import NewProposal, propose, reject_proposal
from ai.models import ArticleProposal, ModelCall, Policy
from ai.runtime import Runtime
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.ai.claude_service import Service
from tests.ai.engine.solved_cases import STORIES
from tests.ai.test_surging import reporters
from tests.cast import Cast
from tickets.actions.article_feedback import say_whether_it_helped
from tickets.actions.base import Actor
from tickets.actions.catalog import default_status
from tickets.actions.intake import Body, open_ticket
from tickets.actions.knowledge import save_article
from tickets.actions.lifecycle import set_status
from tickets.actions.reply import reply
from tickets.choices import Source, StatusCategory
from tickets.models import Article, Ticket

BADGE = STORIES["badge"]
PORT = "Open the VPN client and enter the port 8443 in the VPN client."


def solved(cast: Cast, subject: str, text: str, answer: str, by: User | None = None) -> Ticket:
    """A ticket that Alice's answer solved, in the index; call outside a scope."""
    with organization_scope(cast.nordwerk.pk):
        ticket = open_ticket(
            organization_id=cast.nordwerk.pk,
            requester=by or cast.dana,
            subject=subject,
            body=Body(text=text),
            source=Source.EMAIL,
            actor=Actor.person(by or cast.dana),
        )
        reply(ticket=ticket, actor=Actor.person(cast.alice), text=answer)
        ticket.refresh_from_db()
        done = default_status(cast.nordwerk.pk, StatusCategory.SOLVED)
        set_status(ticket=ticket, actor=Actor.person(cast.alice), status=done)
        Ticket.objects.filter(pk=ticket.pk).update(language="en")
    tasks.index_objects(cast.nordwerk.pk, "ticket", [ticket.pk])
    return ticket


def badges(cast: Cast) -> list[Ticket]:
    """Two tickets of one story, personal data in their answers."""
    more = "\n\nCall me on +49 40 123 45 67 if it stays closed, or write to alice@nordwerk.example."
    return [solved(cast, *told[1:3], told[3] + more) for told in BADGE]


def article_of(cast: Cast, title: str, body: str) -> Article:
    """A published article, in the index."""
    with organization_scope(cast.nordwerk.pk):
        row = save_article(organization_id=cast.nordwerk.pk, title=title, body=body, author=None)
        Article.objects.filter(pk=row.pk).update(updated_at=now() - timedelta(days=1))
        row.refresh_from_db()
    tasks.index_objects(cast.nordwerk.pk, "article", [row.pk])
    return row


def look(models: Runtime, cast: Cast) -> list[ArticleProposal]:
    """What one look proposes."""
    made = proposing.look(models, cast.nordwerk.pk)
    with organization_scope(cast.nordwerk.pk):
        return list(ArticleProposal.objects.filter(pk__in=made))


def test_alike_solved_tickets_become_one_masked_article_once(cast: Cast, models: Runtime) -> None:
    tickets = badges(cast)
    solved(cast, "Chair squeaks", "My chair squeaks loudly.", "Maintenance has oiled the chair.")
    [found] = look(models, cast)
    with organization_scope(cast.nordwerk.pk):
        assert {one.ticket_id for one in found.cited.all()} == {ticket.pk for ticket in tickets}
    assert (found.cause, found.article_id, found.source) == ("gap", None, "extractive")
    assert "Hold it to the reader" in found.body
    assert "123 45 67" not in found.body
    assert "alice@" not in found.body
    assert found.masked_values >= 2
    assert look(models, cast) == []


def test_what_an_article_answers_is_no_gap(cast: Cast, models: Runtime) -> None:
    article_of(
        cast,
        "Badge does not open the bike cellar",
        "My badge opens the front door but not the cellar for bicycles: hold the badge to the"
        " reader at the front door once, then it opens the bike cellar.",
    )
    badges(cast)
    assert look(models, cast) == []


def test_a_rejected_proposal_does_not_return_for_the_same_tickets(
    cast: Cast, models: Runtime
) -> None:
    badges(cast)
    [found] = look(models, cast)
    with organization_scope(cast.nordwerk.pk):
        reject_proposal(proposal=found, by=cast.bob, reason="The gate is replaced next week.")
    assert look(models, cast) == []
    for name in ("Bike cellar closed for me", "Cannot open the bicycle cellar"):
        solved(cast, name, BADGE[0][2], BADGE[0][3])
    assert look(models, cast) == [], "not more tickets than were rejected"
    solved(cast, "The bicycle cellar does not open", BADGE[1][2], BADGE[1][3])
    [again] = look(models, cast)
    with organization_scope(cast.nordwerk.pk):
        assert again.cited.count() == 3


def test_a_later_ticket_joins_the_open_proposal(cast: Cast, models: Runtime) -> None:
    badges(cast)
    [found] = look(models, cast)
    solved(cast, "Bike cellar closed for me", BADGE[0][2], BADGE[0][3])
    assert look(models, cast) == []
    with organization_scope(cast.nordwerk.pk):
        assert found.cited.count() == 3


def test_fixes_that_contradict_an_article_change_its_sentence(cast: Cast, models: Runtime) -> None:
    body = "1. Open the VPN client.\n2. Enter the port 443 in the VPN client."
    article = article_of(cast, "VPN client does not connect", body)
    for number in (1, 2):
        solved(
            cast, f"VPN client does not connect ({number})",
            "The VPN client does not connect since Monday.", PORT,
        )  # fmt: skip
    [found] = look(models, cast)
    assert (found.cause, found.article_id) == ("contradicted", article.pk)
    assert found.body == body.replace("443", "8443")
    assert found.base_version == article.version
    with organization_scope(cast.nordwerk.pk):
        assert found.cited.count() == 2
        save_article(
            organization_id=cast.nordwerk.pk, title=article.title, body=f"{body}\n3. Wait.",
            author=None, article=article,
        )  # fmt: skip
    look(models, cast)
    with organization_scope(cast.nordwerk.pk):
        found.refresh_from_db()
    assert found.state == "outdated"


def test_an_article_that_readers_call_no_help_is_completed_from_their_tickets(
    cast: Cast, models: Runtime
) -> None:
    body = "Restart the computer and try the search again."
    article = article_of(cast, "Outlook search finds nothing", body)
    readers = reporters(cast.nordwerk, 3)
    with organization_scope(cast.nordwerk.pk):
        for reader in readers:
            say_whether_it_helped(article=article, person=reader, helped=False, reason="failed")
    _, subject, text, answer = STORIES["outlook"][0]
    ticket = solved(cast, subject, text, answer, by=readers[0])
    [found] = look(models, cast)
    assert (found.cause, found.article_id, found.unhelpful) == ("flagged", article.pk, 3)
    assert found.body.startswith(body)
    assert "rename the file ending in .ost" in found.body
    with organization_scope(cast.nordwerk.pk):
        assert [one.ticket_id for one in found.cited.all()] == [ticket.pk]


def answer_with(service: Service, **record: Any) -> None:
    service.reply = lambda _body: service.message(json.dumps(record))


def test_a_model_writes_from_masked_tickets_and_is_held_to_them(
    cast: Cast, models: Runtime, service: Service
) -> None:
    badges(cast)
    told = "Hold the badge to the reader at the front door once, then the bike cellar opens."
    made_up = "The cellar closes at midnight and a guard checks every visitor."
    answer_with(service, worth=True, title="Badge and bike cellar",
                body=f"## Solution\n\n{told}\n\n{made_up}")  # fmt: skip
    [found] = look(models, cast)
    sent = str(service.requests[-1]["messages"][0]["content"])
    assert "123 45 67" not in sent
    assert "Dana" not in sent
    assert (found.title, found.source) == ("Badge and bike cellar", "claude-sonnet-5-5")
    assert told in found.body
    assert made_up not in found.body
    with organization_scope(cast.nordwerk.pk):
        call = ModelCall.objects.get()
    assert (call.operation, call.status, call.asked) == ("knowledge", "ok", sent)


@pytest.mark.parametrize(
    "record",
    [
        {"worth": False, "title": "", "body": ""},
        {"worth": True, "title": "Badge", "body": "See https://evil.example/badge for the steps."},
        {"worth": True, "title": "Badge", "body": "Ask the guard for the golden key at midnight."},
        {"title": 7},
    ],
)
def test_what_a_model_makes_up_is_replaced_by_the_tickets_words(
    cast: Cast, models: Runtime, service: Service, record: dict[str, Any]
) -> None:
    badges(cast)
    answer_with(service, **record)
    [found] = look(models, cast)
    assert found.source == "extractive"
    assert "evil.example" not in found.body
    assert "Hold it to the reader" in found.body


def test_the_policy_keeps_tickets_here(cast: Cast, models: Runtime, service: Service) -> None:
    with organization_scope(cast.nordwerk.pk):
        Policy.objects.create(organization=cast.nordwerk, external=Policy.External.NEVER)
    badges(cast)
    [found] = look(models, cast)
    assert found.source == "extractive"
    assert service.requests == []


def test_two_looks_write_one_proposal(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        found = NewProposal(
            cause="gap", title="VPN", body="Restart it.", language="en", quotes={ticket.pk: "x"}
        )
        assert propose(organization_id=cast.nordwerk.pk, found=found) is not None
        assert propose(organization_id=cast.nordwerk.pk, found=found) is None
        assert ArticleProposal.objects.count() == 1
