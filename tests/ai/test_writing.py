"""Summaries and translations by a loopback model: masked, in the ledger, honest about failure."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from werkzeug import Response

from ai import answers
from ai.models import ModelCall, Policy
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
    assert call.sent == sent(service)
    assert call.masked_values >= 3


def test_a_summary_has_points_questions_and_a_step(
    cast: Cast, ticket: Ticket, service: Service
) -> None:
    answering(
        service,
        points=["The VPN drops.", "The gateway was restarted."],
        open_questions=["Which client is it?"],
        next_step="Wait for the client's version.",
    )
    found = answers.write(asked(cast, ticket))
    assert found["points"] == ["The VPN drops.", "The gateway was restarted."]
    assert found["questions"] == ["Which client is it?"]
    assert found["step"] == "Wait for the client's version."
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


def test_another_tickets_message_is_not_translated(cast: Cast, ticket: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        other = cast.ticket().messages.get()
    url = reverse("ai:translation", args=[ticket.number, other.pk])
    assert signed_in(cast.alice).post(url).status_code == 404
