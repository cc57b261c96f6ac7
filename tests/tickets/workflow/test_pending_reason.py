"""What a pending ticket waits for: set and cleared by moves, never left behind."""

import pytest
from django.core.exceptions import ValidationError

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.intake import Body, receive_message
from tickets.actions.lifecycle import set_pending_reason, set_status
from tickets.choices import Source
from tickets.models import Change, PendingReason, Status, Ticket


def status(key: str) -> Status:
    return Status.objects.get(key=key)


def reason(key: str) -> PendingReason:
    return PendingReason.objects.get(key=key)


@pytest.fixture
def waiting(cast: Cast) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        return set_status(
            ticket=cast.ticket(), actor=Actor.person(cast.alice), status=status("waiting")
        )


def test_a_move_to_waiting_takes_the_status_own_reason(cast: Cast, waiting: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        waiting.refresh_from_db()
        assert waiting.pending_reason == reason("requester")
        assert waiting.pending_reason.pauses_sla
        logged = Change.objects.get(ticket=waiting, verb="ticket.pending_reason_changed")
        assert (logged.old, logged.new) == (None, "requester")


def test_a_named_reason_comes_before_the_status_own(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        moved = set_status(
            ticket=cast.ticket(),
            actor=Actor.person(cast.alice),
            status=status("waiting"),
            reason=reason("team"),
        )
        assert moved.pending_reason is not None
        assert not moved.pending_reason.pauses_sla


def test_the_reason_can_change_while_the_status_stays(cast: Cast, waiting: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        alice = Actor.person(cast.alice)
        set_pending_reason(ticket=waiting, actor=alice, reason=reason("supplier"))
        set_pending_reason(ticket=waiting, actor=alice, reason=reason("supplier"))
        waiting.refresh_from_db()
        assert waiting.pending_reason == reason("supplier")
        assert waiting.status.key == "waiting"
        assert waiting.changes.filter(verb="ticket.pending_reason_changed").count() == 2


@pytest.mark.parametrize("key", ["open", "resolved", "closed"])
def test_every_other_stage_clears_it(cast: Cast, waiting: Ticket, key: str) -> None:
    with organization_scope(cast.nordwerk.pk):
        set_status(ticket=waiting, actor=Actor.person(cast.alice), status=status(key))
        waiting.refresh_from_db()
        assert waiting.pending_reason is None


def test_an_answer_clears_it_with_the_reopening(cast: Cast, waiting: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        receive_message(
            ticket=waiting, author=cast.dana, body=Body(text="Here"), source=Source.PORTAL,
            actor=Actor.person(cast.dana),
        )  # fmt: skip
        waiting.refresh_from_db()
        assert (waiting.status.key, waiting.pending_reason) == ("open", None)


def test_an_open_ticket_waits_for_nothing(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket, alice = cast.ticket(), Actor.person(cast.alice)
        with pytest.raises(InvalidChange, match="Only a pending ticket"):
            set_pending_reason(ticket=ticket, actor=alice, reason=reason("team"))
        with pytest.raises(InvalidChange, match="Only a pending ticket"):
            set_status(ticket=ticket, actor=alice, status=status("resolved"), reason=reason("team"))


def test_another_organization_s_reason_is_refused(cast: Cast, waiting: Ticket) -> None:
    with organization_scope([cast.nordwerk.pk, cast.lumen.pk]):
        foreign = PendingReason.objects.filter(organization=cast.lumen)[0]
        with pytest.raises(InvalidChange, match="another organization"):
            set_pending_reason(ticket=waiting, actor=Actor.person(cast.alice), reason=foreign)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"nudge_times": 2}, "nudge_text"),
        ({"solves": True, "solve_text": "Bye"}, "solves"),
        ({"nudge_times": 1, "nudge_text": "Hello?", "solves": True}, "solve_text"),
    ],
)
def test_reminders_without_words_are_refused(given: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        PendingReason(key="x", name="X", **given).clean()
    assert field in refusal.value.message_dict
