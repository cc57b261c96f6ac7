"""Claude's second opinion, against a loopback server that speaks its contract strictly."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from werkzeug import Response

from ai.models import ModelCall, Policy, Suggestion
from ai.templatetags.ai_ui import reason_words
from omnidesk.core.tenancy import organization_scope
from tests.ai.claude_service import KEY, Service
from tests.cast import Cast
from tickets.models import Ticket

Read = Callable[[Ticket], Ticket]
# The local models cannot place this one: nothing of it stands in any description.
ODD = (
    "Good day, this is Dana Requester. My badge does not open the door of hall 4 since "
    "Monday. Call me on +49 40 5550 1234 or write to dana.private@mail.example."
)


def odd_ticket(cast: Cast) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        return cast.ticket(subject="Question", text=ODD)


def call_of(ticket: Ticket) -> ModelCall:
    with organization_scope(ticket.organization_id):
        return ModelCall.objects.get(ticket=ticket)


def test_an_unsure_ticket_is_asked_about_and_the_answer_counts(
    cast: Cast, read: Read, service: Service
) -> None:
    ticket = read(odd_ticket(cast))
    assert ticket.ai_state == "done"
    assert ticket.ai_verdict["category"]["value"] == "Printing"
    with organization_scope(cast.nordwerk.pk):
        row = Suggestion.objects.get(ticket=ticket, field="category")
    assert row.source.endswith("claude-haiku-5-5")
    # What Claude says of its own certainty is not calibrated here.
    assert row.band in {"likely", "unsure"}
    reason = next(item["text"] for item in row.evidence if item["kind"] == "model")
    assert "Dana Requester" in reason, "the masked name is put back for the desk"


def test_nothing_personal_leaves_and_the_ledger_has_the_exact_words(
    cast: Cast, read: Read, service: Service
) -> None:
    ticket = read(odd_ticket(cast))
    sent = json.dumps(service.requests[0])
    for secret in ("Dana", "Requester", "5550", "dana.private"):
        assert secret not in sent
    call = call_of(ticket)
    # The request as it went over the wire, and the answer as it came: no header, no key.
    assert json.loads(call.sent) == service.requests[0]
    assert KEY not in call.sent
    assert call.asked == service.requests[0]["messages"][0]["content"]
    assert json.loads(call.answered)["category"] == "Printing"
    assert json.loads(call.received)["usage"]["output_tokens"] == 60
    assert call.received_bytes == len(call.received.encode())
    assert call.sent_bytes == len(call.sent.encode())
    assert (call.status, call.tokens_in, call.tokens_out) == ("ok", 1000, 60)
    assert call.masked_values == 3
    assert call.cost_usd > 0


def test_a_sure_ticket_does_not_leave(cast: Cast, read: Read, service: Service) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
    read(ticket)
    assert service.requests == []


def test_a_policy_of_never_is_kept(cast: Cast, read: Read, service: Service) -> None:
    with organization_scope(cast.nordwerk.pk):
        Policy.objects.create(organization=cast.nordwerk, external="never")
    read(odd_ticket(cast))
    assert service.requests == []


def test_a_policy_of_always_asks_and_a_sure_local_value_stays(
    cast: Cast, read: Read, service: Service
) -> None:
    with organization_scope(cast.nordwerk.pk):
        Policy.objects.create(organization=cast.nordwerk, external="always")
        ticket = cast.ticket()
    ticket = read(ticket)
    assert len(service.requests) == 1
    assert ticket.ai_verdict["category"]["value"] == "VPN & remote"
    with organization_scope(cast.nordwerk.pk):
        row = Suggestion.objects.get(ticket=ticket, field="category")
    other = next(item for item in row.evidence if item["kind"] == "disagreement")
    assert (other["model"], other["value"]) == ("claude-haiku-5-5", "Printing")
    assert "claude-haiku-5-5 says “Printing”: The badge" in reason_words(other)
    assert "Printing" in [one["value"] for one in row.alternatives]


def test_without_a_key_nothing_is_sent(
    cast: Cast, read: Read, service: Service, settings: LazySettings
) -> None:
    settings.ANTHROPIC_API_KEY = ""
    assert read(odd_ticket(cast)).ai_state == "done"
    assert service.requests == []


def refusal(service: Service) -> Response:
    return service.message("", "refusal")


def cut_off(service: Service) -> Response:
    return service.message('{"category": "Prin', "max_tokens")


def invented_category(service: Service) -> Response:
    return service.sort(service.requests[-1], category="Badges")


def no_json(service: Service) -> Response:
    return service.message("I would say it is about badges.")


def overloaded(service: Service) -> Response:
    return service.error(529, "overloaded_error")


def wrong_key(service: Service) -> Response:
    return service.error(401, "authentication_error")


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (refusal, "refused", "declined"),
        (cut_off, "refused", "cut off"),
        (invented_category, "invalid", "does not exist"),
        (no_json, "invalid", "no JSON"),
        (overloaded, "failed", "overloaded"),
        (wrong_key, "failed", "key"),
    ],
)
def test_a_failed_call_is_recorded_and_the_local_verdict_stands(
    cast: Cast,
    read: Read,
    service: Service,
    answer: Callable[[Service], Response],
    status: str,
    words: str,
) -> None:
    service.reply = lambda body: answer(service)
    ticket = read(odd_ticket(cast))
    call = call_of(ticket)
    assert (call.status, ticket.ai_state) == (status, "done")
    assert words in call.error
    assert json.loads(call.sent) == service.requests[-1]
    assert json.loads(call.received)["type"] in {"message", "error"}, "what came back is kept too"
    with organization_scope(cast.nordwerk.pk):
        sources = set(Suggestion.objects.filter(ticket=ticket).values_list("source", flat=True))
    assert not any("claude" in source for source in sources)


def test_a_service_that_does_not_answer_in_time_is_left_alone(
    cast: Cast,
    read: Read,
    service: Service,
    settings: LazySettings,
) -> None:
    settings.AI_CALL_TIMEOUT = 0.3

    def slow(body: dict[str, Any]) -> Response:
        time.sleep(0.8)
        return service.sort(body)

    service.reply = slow
    ticket = read(odd_ticket(cast))
    assert call_of(ticket).error == "Claude did not answer in time."
    assert ticket.ai_state == "done"


def test_a_service_that_keeps_failing_is_not_asked_for_a_while(
    cast: Cast, read: Read, service: Service
) -> None:
    service.reply = lambda body: service.error(529, "overloaded_error")
    for _ in range(7):
        assert read(odd_ticket(cast)).ai_state == "done"
    assert len(service.requests) == 5
