"""Summaries and translations by a loopback model: masked, in the ledger, honest about failure."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from werkzeug import Response

from ai import answers, client
from ai.models import KeptText, ModelCall, Policy
from ai.writing import asked_summary, asked_translation, conversation_lines
from omnidesk.core.tenancy import organization_scope
from tests.ai.claude_service import Service
from tests.ai.views.test_panel import signed_in
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.reply import add_note, reply
from tickets.models import Ticket

TEXT = "The VPN drops. Call Dana on +49 40 123 45 67 or write to dana@nordwerk.example."


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        found = cast.ticket(text=TEXT)
        reply(ticket=found, actor=Actor.person(cast.alice), text="Which client is it?")
        add_note(ticket=found, actor=Actor.person(cast.bob), text="The gateway was restarted.")
        Ticket.objects.filter(pk=found.pk).update(language="de")
        found.refresh_from_db()
        return found


def asked(cast: Cast, ticket: Ticket, task: str = "summary") -> dict[str, Any]:
    with organization_scope(cast.nordwerk.pk):
        if task == "summary":
            lines = conversation_lines(cast.alice, ticket)
            return asked_summary(cast.alice, ticket, lines, "en")
        return asked_translation(ticket, ticket.messages.get(is_opening=True), "en")


def answering(service: Service, **record: Any) -> None:
    service.reply = lambda _body: service.message(json.dumps(record))


def sent(service: Service) -> str:
    return str(service.requests[-1]["messages"][0]["content"])


def test_a_translation_leaves_masked_and_comes_back_whole(
    cast: Cast, ticket: Ticket, service: Service
) -> None:
    answering(service, text="Das VPN bricht ab. Rufen Sie [PERSON_1] unter [PHONE_1] an.")
    found = answers.write(asked(cast, ticket, "translation"))
    assert "dana@nordwerk.example" not in sent(service)
    assert "123 45 67" not in sent(service)
    assert "Dana" not in sent(service)
    assert "+49 40 123 45 67" in found["text"]
    with organization_scope(cast.nordwerk.pk):
        call = ModelCall.objects.get()
    assert (call.operation, call.status, call.ticket_id) == ("translation", "ok", ticket.pk)
    assert call.asked == sent(service)
    assert call.masked_values >= 3


def test_a_summary_has_points_questions_and_a_step(
    cast: Cast, ticket: Ticket, service: Service
) -> None:
    answering(
        service,
        points=["The VPN drops.", "The gateway was restarted."],
        open_questions=["Which client is it?"],
        next_step="Wait for the client's version.",
        mood="impatient",
    )
    found = answers.write(asked(cast, ticket))
    assert found["points"] == ["The VPN drops.", "The gateway was restarted."]
    assert found["questions"] == ["Which client is it?"]
    assert found["step"] == "Wait for the client's version."
    assert found["mood"] == "impatient"
    assert "note:" in sent(service)


@pytest.mark.parametrize(
    "record",
    [
        {"text": ""},
        {"text": 7},
        {"text": "Click https://evil.example/reset now."},
        {"text": "word " * 900},
        {},
    ],
)
def test_what_is_no_translation_is_refused(
    cast: Cast, ticket: Ticket, service: Service, record: dict[str, Any]
) -> None:
    answering(service, **record)
    assert answers.write(asked(cast, ticket, "translation")) == {"reason": "failed"}


def test_a_summary_that_a_ticket_steers_carries_no_link(
    cast: Cast, ticket: Ticket, service: Service
) -> None:
    answering(
        service,
        points=["Log in at https://evil.example/ <b>now</b>"],
        open_questions=[],
        next_step="javascript:alert(1)",
        mood="obedient",
    )
    found = answers.write(asked(cast, ticket))
    assert "evil.example" not in json.dumps(found)
    assert "javascript" not in json.dumps(found)


@pytest.mark.parametrize(
    "reply_with",
    [
        lambda service: service.error(429, "rate_limit_error"),
        lambda service: service.error(529, "overloaded_error"),
        lambda service: service.error(500, "api_error"),
        lambda service: service.message("no json"),
    ],
)
def test_a_service_that_fails_is_told_plainly(
    cast: Cast, ticket: Ticket, service: Service, reply_with: Callable[[Service], Response]
) -> None:
    service.reply = lambda _body: reply_with(service)
    assert answers.write(asked(cast, ticket)) == {"reason": "failed"}


def test_the_policy_and_the_missing_service_are_reasons(
    cast: Cast, ticket: Ticket, service: Service, settings: LazySettings
) -> None:
    with organization_scope(cast.nordwerk.pk):
        Policy.objects.create(organization=cast.nordwerk, external=Policy.External.NEVER)
    assert answers.write(asked(cast, ticket)) == {"reason": "policy"}
    settings.ANTHROPIC_API_KEY = ""
    assert answers.write(asked(cast, ticket)) == {"reason": "no_service"}
    assert service.requests == []


def summary_page(browser: Client, ticket: Ticket) -> str:
    return browser.get(reverse("ai:summary", args=[ticket.number])).content.decode()


def test_the_summary_is_there_without_any_model(cast: Cast, ticket: Ticket) -> None:
    html = summary_page(signed_in(cast.alice), ticket)
    assert "The VPN drops." in html
    assert "Which client is it?" in html
    assert "the requester was asked and has not answered" in html
    assert "Have a model sum it up" not in html


def test_strangers_and_requesters_get_no_summary(cast: Cast, ticket: Ticket) -> None:
    url = reverse("ai:summary", args=[ticket.number])
    assert signed_in(cast.charlie).get(url).status_code == 404
    assert signed_in(cast.dana).get(url).status_code == 302


def test_without_a_worker_the_page_says_so_and_still_sums_up(
    cast: Cast, ticket: Ticket, service: Service, settings: LazySettings
) -> None:
    settings.AI_ANSWER_TIMEOUT = 0.2
    alice = signed_in(cast.alice)
    html = alice.post(reverse("ai:summary", args=[ticket.number])).content.decode()
    assert "AI is not reachable. Everything else works." in html
    assert "The VPN drops." in html


def test_a_message_in_another_language_offers_its_translation(cast: Cast, ticket: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        message = ticket.messages.get(is_opening=True)
    url = reverse("ai:translation", args=[ticket.number, message.pk])
    html = signed_in(cast.alice).get(reverse("desk:ticket", args=[ticket.number])).content.decode()
    assert url in html
    with organization_scope(cast.nordwerk.pk):
        Ticket.objects.filter(pk=ticket.pk).update(language="en")
    html = signed_in(cast.alice).get(reverse("desk:ticket", args=[ticket.number])).content.decode()
    assert url not in html


def rewritten(browser: Client, ticket: Ticket, **data: str) -> str:
    answer = browser.post(reverse("ai:rewriting", args=[ticket.number]), data)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ai-worker's side answers in this process, without a queue between."""
    monkeypatch.setattr(client, "write", answers.write)


@pytest.mark.usefixtures("in_process")
def test_a_summary_is_paid_once_until_the_ticket_says_something_else(
    cast: Cast, ticket: Ticket, service: Service
) -> None:
    answering(service, points=["The VPN drops."], open_questions=[], next_step="Wait.")
    alice, bob = signed_in(cast.alice), signed_in(cast.bob)
    url = reverse("ai:summary", args=[ticket.number])
    for browser in (alice, bob):
        assert "Written by claude" in browser.post(url).content.decode()
    html = bob.get(url).content.decode()
    assert "Written by claude" in html
    assert "Sum it up again" not in html
    assert len(service.requests) == 1
    with organization_scope(cast.nordwerk.pk):
        ticket.refresh_from_db()
        add_note(ticket=ticket, actor=Actor.person(cast.bob), text="It is the router.")
    html = alice.get(url).content.decode()
    assert "Older than the last message" in html
    assert "Sum it up again" in html
    assert "The VPN drops." in html
    alice.post(url)
    assert len(service.requests) == 2
    assert "Older than the last message" not in alice.get(url).content.decode()
    german = alice.get(url, headers={"accept-language": "de"}).content.decode()
    assert "claude" not in german, "another language is another text"


@pytest.mark.usefixtures("in_process")
def test_a_translation_is_paid_once(cast: Cast, ticket: Ticket, service: Service) -> None:
    answering(service, text="Das VPN bricht ab.")
    with organization_scope(cast.nordwerk.pk):
        message = ticket.messages.get(is_opening=True)
    url = reverse("ai:translation", args=[ticket.number, message.pk])
    for user in (cast.alice, cast.bob, cast.alice):
        assert "Das VPN bricht ab." in signed_in(user).post(url).content.decode()
    assert len(service.requests) == 1


@pytest.mark.usefixtures("in_process")
def test_what_failed_is_not_kept(cast: Cast, ticket: Ticket, service: Service) -> None:
    service.reply = lambda _body: service.message("no json")
    url = reverse("ai:summary", args=[ticket.number])
    signed_in(cast.alice).post(url)
    signed_in(cast.alice).post(url)
    assert len(service.requests) == 2
    with organization_scope(cast.nordwerk.pk):
        assert not KeptText.objects.exists()


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("style", ["shorter", "friendlier", "clearer", "translate"])
def test_what_stands_in_the_composer_is_written_anew_and_shown_first(
    cast: Cast, ticket: Ticket, service: Service, style: str
) -> None:
    answering(service, text="Rufen Sie [PHONE_1] an.")
    text = "Please call us on +49 40 123 45 67 about the password: Tr0ub4dor&3"
    html = rewritten(signed_in(cast.alice), ticket, text=text, style=style, suggestion="7")
    assert "Rufen Sie +49 40 123 45 67 an." in html
    assert "Back to mine" in html
    assert 'data-suggestion="7"' in html
    assert "Tr0ub4dor" not in sent(service)
    assert ("Translate into: German" in sent(service)) == (style == "translate")
    with organization_scope(cast.nordwerk.pk):
        assert not ticket.messages.filter(text__contains="Rufen").exists()


@pytest.mark.usefixtures("in_process")
def test_without_a_model_the_composer_says_so(cast: Cast, ticket: Ticket) -> None:
    html = rewritten(signed_in(cast.alice), ticket, text="Hello there", style="shorter")
    assert "No model is set up here." in html
    assert "Take it" not in html


def test_nothing_and_too_much_are_not_sent(cast: Cast, ticket: Ticket, service: Service) -> None:
    alice = signed_in(cast.alice)
    assert "Write something first." in rewritten(alice, ticket, text=" ", style="shorter")
    assert "too long" in rewritten(alice, ticket, text="x" * 9_000, style="shorter")
    assert service.requests == []


def test_a_made_up_style_and_strangers_are_refused(cast: Cast, ticket: Ticket) -> None:
    url = reverse("ai:rewriting", args=[ticket.number])
    assert signed_in(cast.alice).post(url, {"text": "x", "style": "rude"}).status_code == 404
    assert signed_in(cast.charlie).post(url, {"text": "x", "style": "shorter"}).status_code == 404
    assert signed_in(cast.dana).post(url, {"text": "x", "style": "shorter"}).status_code == 403


def test_another_tickets_message_is_not_translated(cast: Cast, ticket: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        other = cast.ticket().messages.get()
    url = reverse("ai:translation", args=[ticket.number, other.pk])
    assert signed_in(cast.alice).post(url).status_code == 404
