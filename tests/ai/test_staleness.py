"""A draft that no longer stands on its sources: marked, renewed by a key, never sent unseen."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from ai.models import Conversation, Document, Suggestion, Turn
from ai.staleness import doubts_of, drafts_citing
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.ai.views.test_panel import HTMX, signed_in, suggest, ticket
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.intake import Body, receive_message
from tickets.actions.knowledge import save_article
from tickets.choices import Source
from tickets.models import Article, Message, Ticket

__all__ = ["ticket"]


def draft_of(cast: Cast, ticket: Ticket, **cited: Any) -> Suggestion:
    """A draft that quotes one source, written an hour after the source."""
    cited.setdefault("title", "Reset the VPN")
    row = suggest(
        cast,
        ticket,
        field="draft",
        value="Restart the client. [1]",
        object_id=None,
        evidence=[{"number": 1, **cited}],
    )
    Suggestion.objects.filter(pk=row.pk).update(created_at=now() + timedelta(seconds=1))
    row.refresh_from_db()
    return row


@pytest.fixture
def article(cast: Cast, ticket: Ticket) -> Article:
    with organization_scope(cast.nordwerk.pk):
        return Article.objects.get()


def edited(cast: Cast, article: Article, state: str = "published") -> None:
    """The article as somebody changes it after the draft was written."""
    save_article(
        organization_id=cast.nordwerk.pk,
        title=article.title,
        body="Do not restart it any more.",
        author=None,
        state=state,
        article=article,
    )
    Article.objects.filter(pk=article.pk).update(updated_at=now() + timedelta(minutes=1))


def test_a_fresh_draft_raises_no_doubt(cast: Cast, ticket: Ticket, article: Article) -> None:
    with organization_scope(cast.nordwerk.pk):
        draft = draft_of(cast, ticket, kind="article", id=article.pk)
        assert doubts_of(draft) == []


@pytest.mark.parametrize(
    ("state", "words"),
    [("published", "was changed since"), ("draft", "is not valid any more")],
)
def test_an_article_that_changed_or_went_is_named(
    cast: Cast, ticket: Ticket, article: Article, state: str, words: str
) -> None:
    with organization_scope(cast.nordwerk.pk):
        draft = draft_of(cast, ticket, kind="article", id=article.pk)
        edited(cast, article, state)
        [doubt] = doubts_of(draft)
        assert words in doubt.words
        assert "Reset the VPN" in doubt.words
        assert [one.pk for one in drafts_citing("article", article.pk)] == [draft.pk]


def test_a_solution_whose_ticket_was_reopened_is_not_valid(cast: Cast, ticket: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        other = Ticket.objects.exclude(pk=ticket.pk).get()
        draft = draft_of(cast, ticket, kind="response", id=other.pk)
        assert [doubt.code for doubt in doubts_of(draft)] == ["gone"]
        Ticket.objects.filter(pk=other.pk).update(status_category="solved")
        Message.objects.create(
            organization=cast.nordwerk, ticket=other, kind="public", text="Restart.",
            source="agent", created_at=now() - timedelta(hours=1),
        )  # fmt: skip
        assert doubts_of(draft) == []


def test_a_new_message_makes_it_old(cast: Cast, ticket: Ticket, article: Article) -> None:
    with organization_scope(cast.nordwerk.pk):
        draft = draft_of(cast, ticket, kind="article", id=article.pk)
        receive_message(
            ticket=ticket,
            author=cast.dana,
            body=Body(text="It is the printer after all."),
            source=Source.PORTAL,
            actor=Actor.person(cast.dana),
            at=now() + timedelta(minutes=1),
        )
        assert [doubt.code for doubt in doubts_of(draft)] == ["message"]


def test_the_panel_marks_it_and_one_key_writes_it_again(
    cast: Cast, ticket: Ticket, article: Article
) -> None:
    with organization_scope(cast.nordwerk.pk):
        draft_of(cast, ticket, kind="article", id=article.pk)
        edited(cast, article)
    alice = signed_in(cast.alice)
    html = alice.get(reverse("ai:panel", args=[ticket.number]), headers=HTMX).content.decode()
    assert "“Reset the VPN” was changed since" in html
    assert 'data-key="Shift+W"' in html


def send(browser: Client, ticket: Ticket, origin: int, **more: str) -> Any:
    data = {"kind": "public", "text": "Restart the client.", "suggestion": str(origin), **more}
    return browser.post(reverse("desk:message", args=[ticket.number]), data, headers=HTMX)


def test_it_is_not_sent_before_somebody_saw_why(
    cast: Cast, ticket: Ticket, article: Article
) -> None:
    with organization_scope(cast.nordwerk.pk):
        draft = draft_of(cast, ticket, kind="article", id=article.pk)
        edited(cast, article)
    alice = signed_in(cast.alice)
    html = send(alice, ticket, draft.pk).content.decode()
    assert "The draft is out of date. Your text is not sent." in html
    assert "“Reset the VPN” was changed since" in html
    assert "Send it as it is" in html
    with organization_scope(cast.nordwerk.pk):
        assert not Message.objects.filter(ticket=ticket, from_requester=False).exists()
    send(alice, ticket, draft.pk, anyway="on")
    with organization_scope(cast.nordwerk.pk):
        assert Message.objects.filter(ticket=ticket, from_requester=False).count() == 1


def test_a_text_of_ones_own_is_sent_without_a_question(
    cast: Cast, ticket: Ticket, article: Article
) -> None:
    with organization_scope(cast.nordwerk.pk):
        draft_of(cast, ticket, kind="article", id=article.pk)
        edited(cast, article)
    alice = signed_in(cast.alice)
    data = {"kind": "public", "text": "Mine.", "suggestion": ""}
    alice.post(reverse("desk:message", args=[ticket.number]), data, headers=HTMX)
    with organization_scope(cast.nordwerk.pk):
        assert Message.objects.filter(ticket=ticket, from_requester=False).count() == 1


@pytest.mark.parametrize("origin", ["999999", "x", "9" * 19, "-1"])
def test_a_made_up_origin_changes_nothing(cast: Cast, ticket: Ticket, origin: str) -> None:
    alice = signed_in(cast.alice)
    data = {"kind": "public", "text": "Mine.", "suggestion": origin}
    alice.post(reverse("desk:message", args=[ticket.number]), data, headers=HTMX)
    with organization_scope(cast.nordwerk.pk):
        assert Message.objects.filter(ticket=ticket, from_requester=False).count() == 1


def test_the_assistants_answer_says_that_its_source_changed(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        paper = Document.objects.create(
            organization=cast.nordwerk, title="Manual", name="manual.txt", size=1,
            sha256="0" * 64, content_type="text/plain", state="ready", is_public=True,
        )  # fmt: skip
        talk = Conversation.objects.create(
            organization=cast.nordwerk, person=cast.dana, place="portal"
        )
        turn = Turn.objects.create(
            organization=cast.nordwerk, conversation=talk, question="How?", state="done",
            finished_at=now() - timedelta(days=1),
            answer={
                "answerable": True, "language": "en", "model": "extractive",
                "sentences": [{"text": "So.", "citations": [1], "step": 0}],
                "citations": [{"number": 1, "kind": "document", "id": paper.pk, "title": "Manual",
                               "place": "", "text": "So."}],
            },
        )  # fmt: skip
    page = signed_in(cast.dana).get(reverse("assistant:turn", args=[turn.pk]))
    assert "“Manual” was changed since" in page.content.decode()
