"""/desk/ai/panel/<number>/: the AI's word on one ticket, and what an agent answers."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from ai.models import Enrichment, ModelCall, Suggestion
from omnidesk.accounts.models import User
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.knowledge import save_article
from tickets.models import Ticket

HTMX = {"HX-Request": "true"}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def alice(cast: Cast) -> Client:
    return signed_in(cast.alice)


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    """A ticket that has been read; suggestions are added by `suggest`."""
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        similar = cast.ticket(subject="VPN breaks off every hour")
        article = save_article(
            organization_id=cast.nordwerk.pk, title="Reset the VPN", body="Restart.", author=None
        )
        Enrichment.objects.create(
            organization=cast.nordwerk,
            ticket=ticket,
            message=ticket.messages.get(),
            trigger="opened",
            state="done",
            verdict={
                "similar": [{"kind": "ticket", "id": similar.pk, "level": "near_identical"}],
                "articles": [{"kind": "article", "id": article.pk, "level": "close"}],
                "no_draft": "too_thin",
                "words": 14,
            },
        )
        Ticket.objects.filter(pk=ticket.pk).update(ai_state="done")
        return ticket


def suggest(cast: Cast, ticket: Ticket, **values: Any) -> Suggestion:
    given: dict[str, Any] = {
        "field": "category",
        "value": cast.vpn.name,
        "object_id": cast.vpn.pk,
        "confidence": 0.95,
        "band": "very_likely",
        "evidence": [
            {"kind": "word", "text": "VPN"},
            {"kind": "neighbours", "text": "9/10", "agree": 9, "of": 10},
        ],
        **values,
    }
    with organization_scope(cast.nordwerk.pk):
        return Suggestion.objects.create(
            organization=cast.nordwerk, ticket=ticket, enrichment=ticket.enrichments.get(), **given
        )


def part(client: Client, ticket: Ticket) -> str:
    response = client.get(reverse("ai:panel", args=[ticket.number]), headers=HTMX)
    assert response.status_code == 200
    return response.content.decode()


def decide(client: Client, name: str, row: Suggestion, number: int, **data: str) -> str:
    url = reverse(f"ai:{name}", args=[number, row.pk])
    response = client.post(url, data, headers=HTMX)
    assert response.status_code == 200, response.content
    return response.content.decode()


def test_it_shows_the_suggestion_with_words_neighbours_and_keys(
    cast: Cast, ticket: Ticket, alice: Client
) -> None:
    suggest(cast, ticket)
    html = part(alice, ticket)
    assert "VPN &amp; remote" in html
    assert "Very likely" in html
    assert "“VPN”" in html
    assert "9 of 10 nearest tickets agree" in html
    for key in ("Y", "C", "W"):
        assert f'data-key="{key}"' in html
    assert "<html" not in html


def test_it_never_shows_a_number_for_how_sure_it_is(
    cast: Cast, ticket: Ticket, alice: Client
) -> None:
    suggest(cast, ticket, confidence=0.8765)
    html = part(alice, ticket)
    assert "0.87" not in html
    assert "0,87" not in html
    assert "%" not in html.split('id="ai-why"')[0]


def test_an_unsure_suggestion_offers_alternatives_and_no_key(
    cast: Cast, ticket: Ticket, alice: Client
) -> None:
    other = {
        "value": "Printing",
        "object_id": cast.printing.pk,
        "confidence": 0.3,
        "band": "unsure",
    }
    suggest(cast, ticket, confidence=0.4, band="unsure", alternatives=[other])
    html = part(alice, ticket)
    assert "Not sure" in html
    assert f'value="{cast.printing.pk}"' in html
    assert 'data-key="Y"' not in html
    assert 'data-key="C"' not in html


def test_the_track_record_appears_once_it_is_one(cast: Cast, ticket: Ticket, alice: Client) -> None:
    with organization_scope(cast.nordwerk.pk):
        for number in range(10):
            old = cast.ticket()
            row = Enrichment.objects.create(
                organization=cast.nordwerk, ticket=old, trigger="opened", state="done"
            )
            Suggestion.objects.create(
                organization=cast.nordwerk,
                ticket=old,
                enrichment=row,
                field="category",
                value=cast.vpn.name,
                confidence=0.9,
                band="very_likely",
                state="accepted" if number else "corrected",
            )
    suggest(cast, ticket)
    assert "Right 9 times of 10." in part(alice, ticket)


def test_similar_tickets_and_articles_are_named_with_how_near_they_are(
    cast: Cast, ticket: Ticket, alice: Client
) -> None:
    html = part(alice, ticket)
    assert "VPN breaks off every hour" in html
    assert "Near-identical" in html
    assert "Reset the VPN" in html


def test_no_draft_is_said_with_its_reason(cast: Cast, ticket: Ticket, alice: Client) -> None:
    assert "No draft: what was found fits too loosely" in part(alice, ticket)


def test_a_draft_shows_its_sources_and_goes_into_the_composer(
    cast: Cast, ticket: Ticket, alice: Client
) -> None:
    row = suggest(
        cast,
        ticket,
        field="draft",
        value="Hello <Dana>,\n\nRestart the **client**. [1]",
        object_id=None,
        evidence=[{"kind": "article", "number": 1, "id": 999, "title": "Reset", "text": "Restart"}],
    )
    html = part(alice, ticket)
    assert '<span class="citation" title="Reset">1</span>' in html
    assert "Hello &lt;Dana&gt;" in html
    assert 'data-use-draft="#ai-draft-text"' in html
    assert "Restart the **client**.</div>" in html
    html = decide(alice, "use", row, ticket.number)
    assert "Draft reply, used" in html


def test_accept_says_by_whom_and_offers_undo(cast: Cast, ticket: Ticket, alice: Client) -> None:
    row = suggest(cast, ticket)
    html = decide(alice, "accept", row, ticket.number)
    assert "Accepted by you" in html
    assert reverse("ai:undo", args=[ticket.number, row.pk]) in html
    assert "Accepted by Alice Agent" in part(signed_in(cast.bob), ticket)
    html = decide(alice, "undo", row, ticket.number)
    assert 'data-key="Y"' in html
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.get(pk=ticket.pk).category_id is None


def test_correct_and_reject(cast: Cast, ticket: Ticket, alice: Client) -> None:
    row = suggest(cast, ticket)
    html = decide(alice, "correct", row, ticket.number, value=str(cast.printing.pk))
    assert "Corrected by you, suggested was VPN &amp; remote" in html
    decide(alice, "undo", row, ticket.number)
    assert "Rejected by you" in decide(alice, "reject", row, ticket.number)


def test_a_value_that_cannot_be_is_told_and_changes_nothing(
    cast: Cast, ticket: Ticket, alice: Client
) -> None:
    row = suggest(cast, ticket)
    url = reverse("ai:correct", args=[ticket.number, row.pk])
    response = alice.post(url, {"value": "abc"}, headers=HTMX)
    assert response.status_code == 200
    assert "Choose one of the list." in response["HX-Trigger"]
    with organization_scope(cast.nordwerk.pk):
        row.refresh_from_db()
    assert row.is_open


def test_without_script_it_is_a_page_and_answers_redirect(
    cast: Cast, ticket: Ticket, alice: Client
) -> None:
    row = suggest(cast, ticket)
    page = alice.get(reverse("ai:panel", args=[ticket.number])).content.decode()
    assert "<html" in page
    assert "VPN &amp; remote" in page
    response = alice.post(reverse("ai:accept", args=[ticket.number, row.pk]))
    assert response.status_code == 302
    assert response["Location"] == reverse("desk:ticket", args=[ticket.number])


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("pending", "Reading the ticket"),
        ("failed", "AI is not reachable. Everything else works."),
        ("off", "Not read"),
    ],
)
def test_a_ticket_without_a_reading_says_how_it_stands(
    cast: Cast, alice: Client, state: str, words: str
) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        Ticket.objects.update(ai_state=state)
    assert words in part(alice, ticket)


def test_what_left_the_house_is_one_click_away(cast: Cast, ticket: Ticket, alice: Client) -> None:
    assert "nothing left this installation" in part(alice, ticket)
    with organization_scope(cast.nordwerk.pk):
        ModelCall.objects.create(
            organization=cast.nordwerk,
            ticket=ticket,
            operation="triage",
            model="claude-haiku-5-5",
            status="ok",
            sent="I am [PERSON_1]",
            received="Hello <b>[PERSON_1]</b>",
            masked_values=1,
        )
    html = part(alice, ticket)
    assert "Model saw 14 words, 1 masked" in html
    assert "I am [PERSON_1]" in html
    assert "Hello &lt;b&gt;[PERSON_1]" in html
    assert reverse("ai:calls", args=[ticket.number]) in html
    assert "1 call, byte for byte" in html


def test_what_other_systems_said_is_shown_as_text_and_what_they_were_sent_too(
    cast: Cast, ticket: Ticket, alice: Client
) -> None:
    told = {"id": 1, "kind": "tool", "server": "Assets", "tool": "search", "title": "<b>Laptop</b>",
            "link": "https://assets.example/17", "detail": "old"}  # fmt: skip
    with organization_scope(cast.nordwerk.pk):
        reading = ticket.enrichments.get()
        reading.verdict |= {"tools": [told], "tool_problems": ["Maps: no time left."]}
        reading.save()
        ModelCall.objects.create(
            organization=cast.nordwerk, ticket=ticket, operation="tool", model="Assets: search",
            status="ok", sent='{"query": "[EMAIL_1]"}', masked_values=1,
        )  # fmt: skip
    html = part(alice, ticket)
    assert "&lt;b&gt;Laptop&lt;/b&gt;" in html
    assert 'href="https://assets.example/17" target="_blank" rel="noopener' in html
    assert "Maps: no time left." in html
    assert "1 question to other systems, 1 value masked" in html
    assert "Sent to Assets: search" in html
    assert "nothing left this installation" not in html
    assert "Model saw" not in html


def test_reading_again_can_be_asked_for(cast: Cast, ticket: Ticket, alice: Client) -> None:
    html = alice.post(reverse("ai:again", args=[ticket.number]), headers=HTMX).content.decode()
    assert "Reading the ticket" in html


@pytest.mark.parametrize("name", ["accept", "reject", "use", "undo"])
def test_another_organizations_agent_finds_nothing(cast: Cast, ticket: Ticket, name: str) -> None:
    row = suggest(cast, ticket)
    charlie = signed_in(cast.charlie)
    assert charlie.get(reverse("ai:panel", args=[ticket.number])).status_code == 404
    assert charlie.post(reverse(f"ai:{name}", args=[ticket.number, row.pk])).status_code == 404


def test_the_requester_does_not_see_it(cast: Cast, ticket: Ticket) -> None:
    dana = signed_in(cast.dana)
    assert dana.get(reverse("ai:panel", args=[ticket.number])).status_code == 302
    assert dana.post(reverse("ai:again", args=[ticket.number])).status_code == 403


def test_a_suggestion_of_another_ticket_is_not_found(
    cast: Cast, ticket: Ticket, alice: Client
) -> None:
    row = suggest(cast, ticket)
    with organization_scope(cast.nordwerk.pk):
        other = cast.ticket()
    assert alice.post(reverse("ai:accept", args=[other.number, row.pk])).status_code == 404


def test_the_panel_costs_few_queries(
    cast: Cast, ticket: Ticket, alice: Client, django_assert_max_num_queries: Any
) -> None:
    suggest(cast, ticket)
    suggest(cast, ticket, field="team", value="Network & VPN", object_id=cast.network.pk)
    part(alice, ticket)
    # Session, person, transaction and scope (5); memberships, ticket (2); reading, suggestions,
    # tickets, articles, categories, teams, record, model call, automatic answer (9);
    # transaction's end (1).
    with django_assert_max_num_queries(19):
        part(alice, ticket)
