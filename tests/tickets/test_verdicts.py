"""The AI's word on several tickets is recorded as it is on one."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.sla.test_following import TEN
from tickets.actions.base import Actor, locked_many
from tickets.actions.intake import Triage
from tickets.actions.triage import Verdict, record_verdict, record_verdicts
from tickets.choices import ActorKind
from tickets.models import Change, SlaClock, SlaPolicy, SlaTarget, Ticket

AI = Actor.machine(ActorKind.AI, "local")
SHOWN = {"category": {"value": "VPN & remote", "confidence": 0.9}}
# What two tickets that were treated alike have of their own.
OWN = {"id", "number", "search", "_state"}


@pytest.fixture
def desk(cast: Cast) -> Iterator[Cast]:
    """A desk whose German tickets have another policy; time stands still."""
    with organization_scope(cast.nordwerk.pk), time_machine.travel(TEN, tick=False):
        standard = SlaPolicy.objects.get(organization=cast.nordwerk)
        SlaPolicy.objects.filter(pk=standard.pk).update(position=9)
        german = SlaPolicy.objects.create(
            organization=cast.nordwerk, name="German", calendar=standard.calendar, position=1,
            conditions={"field": "language", "op": "is", "value": "de"},
        )  # fmt: skip
        SlaTarget.objects.create(
            organization=cast.nordwerk, policy=german, priority="medium", first_response=60,
            resolution=180,
        )  # fmt: skip
        yield cast


def told(ticket: Ticket) -> tuple[dict[str, Any], list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """A ticket's fields, its log and its clocks, without what says which ticket it is."""
    row = Ticket.objects.get(pk=ticket.pk)
    fields = {name: value for name, value in vars(row).items() if name not in OWN}
    log = Change.objects.filter(ticket=ticket).order_by("pk")
    clocks = SlaClock.objects.filter(ticket=ticket).order_by("metric", "pk")
    return (
        fields,
        list(log.values_list("verb", "field", "old", "new", "actor_kind", "actor_label", "at")),
        list(clocks.values_list("metric", "due_at", "policy", "counted_to", "next_check_at")),
    )


@pytest.mark.parametrize("language", ["", "de", "en"])
def test_many_as_one(desk: Cast, language: str) -> None:
    tickets = [desk.ticket(triage=Triage(urgency="medium")) for _ in range(4)]
    for ticket in tickets[:2]:
        record_verdict(ticket=ticket, state="done", verdict=SHOWN, language=language, actor=AI)
    verdict = Verdict(state="done", shown=SHOWN, language=language)
    rows = locked_many(ticket.pk for ticket in tickets[2:])
    record_verdicts([(row, verdict) for row in rows.values()], actor=AI)
    alone, together = told(tickets[0]), told(tickets[2])
    assert together == alone
    assert told(tickets[3]) == told(tickets[1])
    assert alone[0]["ai_verdict"]["given"] == ["urgency"]
    assert ("ticket.sla_changed" in {line[0] for line in alone[1]}) == (language == "de")


def test_the_pages_that_show_them_are_told(
    desk: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    tickets = [desk.ticket() for _ in range(2)]
    rows = locked_many(ticket.pk for ticket in tickets)
    with django_capture_on_commit_callbacks() as alone:
        record_verdict(ticket=tickets[0], state="done", verdict=SHOWN, actor=AI)
    with django_capture_on_commit_callbacks() as together:
        verdict = Verdict(state="done", shown=SHOWN)
        record_verdicts([(row, verdict) for row in rows.values()], actor=AI)
    assert len(together) == 2 * len(alone)
    assert len(alone) == 1


def test_nothing_to_record_is_nothing(desk: Cast) -> None:
    record_verdicts([], actor=AI)
    assert locked_many([]) == {}
    assert locked_many([10**9]) == {}
