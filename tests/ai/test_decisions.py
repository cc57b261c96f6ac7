"""What people make of suggestions: accept, correct, reject, use, undo, or set the field by hand."""

from collections.abc import Callable

import pytest

from ai.actions.decide import (
    accept_suggestion,
    correct_suggestion,
    reject_suggestion,
    undo_decision,
    use_draft,
)
from ai.models import Enrichment, Suggestion
from omnidesk.accounts.models import Team
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.triage import set_category, set_urgency
from tickets.models import Category, Change, Ticket

OnCommit = Callable[..., "object"]


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    """A ticket that the AI has read: VPN, high urgency, the network team, a draft."""
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        row = Enrichment.objects.create(
            organization=cast.nordwerk,
            ticket=ticket,
            message=ticket.messages.get(),
            trigger="opened",
            state="done",
        )
        values = (
            ("category", cast.vpn.name, cast.vpn.pk),
            ("urgency", "high", None),
            ("team", cast.network.name, cast.network.pk),
            ("draft", "Set the MTU to 1400. [1]", None),
        )
        for field, value, object_id in values:
            Suggestion.objects.create(
                organization=cast.nordwerk,
                ticket=ticket,
                enrichment=row,
                field=field,
                value=value,
                object_id=object_id,
                confidence=0.95,
                band="very_likely",
            )
        ticket.ai_state = "done"
        ticket.ai_verdict = {
            **{
                field: {"value": value, "confidence": 0.95, "state": "proposed"}
                for field, value, _ in values[:3]
            },
            "draft": True,
        }
        ticket.save()
        return ticket


def suggestion(ticket: Ticket, field: str) -> Suggestion:
    return Suggestion.objects.get(ticket=ticket, field=field)


def verbs(ticket: Ticket) -> list[str]:
    rows = Change.objects.filter(ticket=ticket, verb__startswith="ticket.suggestion_")
    return [f"{row.verb} {row.field} {row.old}>{row.new}" for row in rows.order_by("pk")]


def test_accepting_sets_the_field_in_the_persons_name(cast: Cast, ticket: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        row = accept_suggestion(suggestion=suggestion(ticket, "category"), user=cast.alice)
        ticket.refresh_from_db()
        assert ticket.category_id == cast.vpn.pk
        assert (row.state, row.decided_by) == ("accepted", cast.alice)
        assert ticket.ai_verdict["category"]["state"] == "accepted"
        change = Change.objects.get(ticket=ticket, verb="ticket.categorised")
        assert change.actor_id == cast.alice.pk
        assert verbs(ticket)[0] == "ticket.suggestion_accepted category None>VPN & remote"


def test_the_team_that_a_category_brings_answers_the_team_suggestion(
    cast: Cast, ticket: Ticket
) -> None:
    with organization_scope(cast.nordwerk.pk):
        accept_suggestion(suggestion=suggestion(ticket, "category"), user=cast.alice)
        assert suggestion(ticket, "team").state == "accepted"


def test_accepting_twice_changes_nothing(cast: Cast, ticket: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        row = suggestion(ticket, "urgency")
        accept_suggestion(suggestion=row, user=cast.alice)
        accept_suggestion(suggestion=row, user=cast.bob)
        assert suggestion(ticket, "urgency").decided_by == cast.alice
        assert len(verbs(ticket)) == 1


def test_correcting_keeps_both_values(cast: Cast, ticket: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        row = correct_suggestion(
            suggestion=suggestion(ticket, "category"),
            user=cast.alice,
            value=str(cast.printing.pk),
        )
        ticket.refresh_from_db()
        assert ticket.category_id == cast.printing.pk
        assert (row.state, row.value, row.corrected_value) == (
            "corrected",
            "VPN & remote",
            "Printing",
        )
        assert verbs(ticket) == ["ticket.suggestion_corrected category VPN & remote>Printing"]


def test_correcting_to_the_same_value_is_accepting(cast: Cast, ticket: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        row = correct_suggestion(
            suggestion=suggestion(ticket, "urgency"), user=cast.alice, value="high"
        )
        assert row.state == "accepted"


@pytest.mark.parametrize("value", ["", "none", "999999", "-1", "9" * 30])
def test_a_value_that_does_not_exist_is_refused(cast: Cast, ticket: Ticket, value: str) -> None:
    with organization_scope(cast.nordwerk.pk), pytest.raises(InvalidChange):
        correct_suggestion(suggestion=suggestion(ticket, "category"), user=cast.alice, value=value)


def test_another_organizations_category_is_refused(cast: Cast, ticket: Ticket) -> None:
    with organization_scope([cast.nordwerk.pk, cast.lumen.pk]):
        foreign = Category.objects.create(organization=cast.lumen, name="Plotters")
        with pytest.raises(InvalidChange):
            correct_suggestion(
                suggestion=suggestion(ticket, "category"), user=cast.alice, value=str(foreign.pk)
            )


def test_a_retired_team_cannot_be_accepted(cast: Cast, ticket: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        Team.objects.filter(pk=cast.network.pk).update(is_active=False)
        with pytest.raises(InvalidChange, match="does not exist any more"):
            accept_suggestion(suggestion=suggestion(ticket, "team"), user=cast.alice)


def test_rejecting_leaves_the_field_alone(cast: Cast, ticket: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        reject_suggestion(suggestion=suggestion(ticket, "category"), user=cast.alice)
        ticket.refresh_from_db()
        assert ticket.category_id is None
        assert ticket.ai_verdict["category"]["state"] == "rejected"
        with pytest.raises(InvalidChange, match="no longer open"):
            accept_suggestion(suggestion=suggestion(ticket, "category"), user=cast.alice)


def test_using_a_draft_is_noted_without_sending_anything(cast: Cast, ticket: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        row = use_draft(suggestion=suggestion(ticket, "draft"), user=cast.alice)
        ticket.refresh_from_db()
        assert row.state == "accepted"
        assert ticket.messages.count() == 1
        assert ticket.ai_verdict["draft"] is False


def test_undo_puts_back_what_the_decision_changed(cast: Cast, ticket: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        row = accept_suggestion(suggestion=suggestion(ticket, "category"), user=cast.alice)
        row = undo_decision(suggestion=row, user=cast.alice)
        ticket.refresh_from_db()
        assert (ticket.category_id, ticket.team_id) == (None, None)
        assert row.state == "proposed"
        assert ticket.ai_verdict["category"]["state"] == "proposed"


def test_undo_keeps_what_somebody_changed_since(cast: Cast, ticket: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        row = accept_suggestion(suggestion=suggestion(ticket, "category"), user=cast.alice)
        set_category(ticket=ticket, actor=Actor.person(cast.bob), category=cast.printing)
        undo_decision(suggestion=row, user=cast.alice)
        ticket.refresh_from_db()
        assert ticket.category_id == cast.printing.pk


def test_setting_the_field_by_hand_to_the_same_value_accepts(
    cast: Cast, ticket: Ticket, django_capture_on_commit_callbacks: OnCommit
) -> None:
    with (
        django_capture_on_commit_callbacks(execute=True),  # type: ignore[attr-defined]
        organization_scope(cast.nordwerk.pk),
    ):
        set_urgency(ticket=ticket, actor=Actor.person(cast.bob), urgency="high")
    with organization_scope(cast.nordwerk.pk):
        row = suggestion(ticket, "urgency")
        assert (row.state, row.decided_by) == ("accepted", cast.bob)


def test_setting_the_field_by_hand_to_another_value_corrects(
    cast: Cast, ticket: Ticket, django_capture_on_commit_callbacks: OnCommit
) -> None:
    with (
        django_capture_on_commit_callbacks(execute=True),  # type: ignore[attr-defined]
        organization_scope(cast.nordwerk.pk),
    ):
        set_category(ticket=ticket, actor=Actor.person(cast.bob), category=cast.printing)
    with organization_scope(cast.nordwerk.pk):
        row = suggestion(ticket, "category")
        assert (row.state, row.corrected_value) == ("corrected", "Printing")
        assert row.corrected_object_id == cast.printing.pk


def test_a_decision_in_the_panel_is_not_settled_a_second_time(
    cast: Cast, ticket: Ticket, django_capture_on_commit_callbacks: OnCommit
) -> None:
    with (
        django_capture_on_commit_callbacks(execute=True),  # type: ignore[attr-defined]
        organization_scope(cast.nordwerk.pk),
    ):
        row = accept_suggestion(suggestion=suggestion(ticket, "urgency"), user=cast.alice)
        undo_decision(suggestion=row, user=cast.alice)
    with organization_scope(cast.nordwerk.pk):
        assert suggestion(ticket, "urgency").state == "proposed"
        assert [v.split()[0] for v in verbs(ticket)] == [
            "ticket.suggestion_accepted",
            "ticket.suggestion_reopened",
        ]
