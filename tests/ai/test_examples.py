"""What teaches: whose word stands behind each example, and which words begin a training."""

from datetime import timedelta
from functools import partial

from django.conf import LazySettings

from ai import sweeping
from ai.actions.decide import (
    accept_suggestion,
    correct_suggestion,
    reject_suggestion,
    undo_decision,
)
from ai.examples import TRUST, Origin, count_corrections, load_examples
from ai.models import Enrichment, Suggestion, Training
from omnidesk.accounts.models import Team
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.ai.test_learning import history
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.triage import Edit, edit_ticket
from tickets.choices import StatusCategory
from tickets.models import Change, Ticket


def test_corrections_teach_before_a_ticket_is_closed(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        assert load_examples(cast.nordwerk.pk, "category") == []
        Ticket.objects.filter(pk=ticket.pk).update(
            category=cast.printing, ai_verdict={"category": {"state": "corrected"}}
        )
        found = load_examples(cast.nordwerk.pk, "category")
    assert [(e.ticket_id, e.label) for e in found] == [(ticket.pk, str(cast.printing.pk))]


def log(
    cast: Cast,
    ticket: Ticket,
    verb: str,
    *,
    old: str | None = None,
    new: str | None = None,
    field: str = "category",
) -> None:
    """A word of Alice's in the change log."""
    Change.objects.create(
        organization=cast.nordwerk, ticket=ticket, verb=f"ticket.{verb}", field=field, old=old,
        new=new, actor=cast.alice, actor_kind="person", at=now(),
    )  # fmt: skip


def test_each_example_says_who_settled_it(cast: Cast) -> None:
    say = partial(log, cast)
    with organization_scope(cast.nordwerk.pk):
        names = ("nobody", "no", "fixed", "undone", "again", "moved", "back", "stays", "fresh")
        rows = {name: cast.ticket() for name in names}
        Ticket.objects.update(
            category=cast.printing, team=cast.network, status_category=StatusCategory.CLOSED
        )
        still = [rows[name].pk for name in ("moved", "back", "stays", "fresh")]
        Ticket.objects.filter(pk__in=still).update(status_category=StatusCategory.OPEN)
        say(rows["no"], "suggestion_rejected")
        say(rows["fixed"], "categorised")
        say(rows["fixed"], "suggestion_corrected")
        say(rows["undone"], "suggestion_accepted")
        say(rows["undone"], "suggestion_reopened")
        say(rows["again"], "reopened", field="status")
        say(rows["again"], "routed", field="team")
        say(rows["moved"], "routed", old="Service desk", field="team")
        say(rows["back"], "status_changed", old="closed", new="open", field="status")
        say(rows["stays"], "suggestion_rejected")
        say(rows["fresh"], "status_changed", old="open", new="pending", field="status")
        say(rows["stays"], "urgency_changed", old="medium", field="urgency")
        found = {
            kind: {e.ticket_id: e.origin for e in load_examples(cast.nordwerk.pk, kind)}
            for kind in ("category", "team", "urgency")
        }
    assert {name: found["category"].get(row.pk) for name, row in rows.items()} == {
        "nobody": Origin.HISTORY, "no": Origin.REJECTED, "fixed": Origin.CORRECTED,
        "undone": Origin.HISTORY, "again": Origin.REOPENED, "moved": None,
        "back": Origin.REOPENED, "stays": Origin.REJECTED, "fresh": None,
    }  # fmt: skip
    assert found["urgency"] == {rows["stays"].pk: Origin.CHOSEN}
    assert found["team"][rows["again"].pk] == Origin.REOPENED, "its category brought the first team"
    assert found["team"][rows["moved"].pk] == Origin.CHOSEN, "although it is open"
    assert TRUST[Origin.CORRECTED] > TRUST[Origin.HISTORY] > TRUST[Origin.REOPENED]


def test_enough_corrections_begin_a_training(cast: Cast, settings: LazySettings) -> None:
    settings.AI_TRAIN_AFTER = 1
    with organization_scope(cast.nordwerk.pk):
        history(cast, count=15)
        Training.objects.create(organization=cast.nordwerk, state="done")
        Training.objects.update(created_at=now() - timedelta(hours=1))
    assert sweeping.trainings_due() == []
    with organization_scope(cast.nordwerk.pk):
        row = proposed(cast)
        correct_suggestion(suggestion=row, user=cast.alice, value=str(cast.printing.pk))
        assert count_corrections(cast.nordwerk.pk) == 1
    assert len(sweeping.trainings_due()) == 1


def proposed(cast: Cast) -> Suggestion:
    """A new ticket for which VPN was suggested."""
    ticket = cast.ticket()
    reading = Enrichment.objects.create(organization=cast.nordwerk, ticket=ticket, trigger="opened")
    return Suggestion.objects.create(
        organization=cast.nordwerk, ticket=ticket, enrichment=reading, field="category",
        value=cast.vpn.name, object_id=cast.vpn.pk, confidence=0.8, band="likely",
    )  # fmt: skip


def test_every_word_against_a_value_counts_once(cast: Cast) -> None:
    """Rejected, rerouted and reopened count as a correction does; accepted and undone do not."""
    alice = Actor.person(cast.alice)
    with organization_scope(cast.nordwerk.pk):
        count = partial(count_corrections, cast.nordwerk.pk)
        accepted, undone, rejected = proposed(cast), proposed(cast), proposed(cast)
        accept_suggestion(suggestion=accepted, user=cast.alice)
        assert count() == 0, "a first value and the team that came with it"
        reject_suggestion(suggestion=rejected, user=cast.alice)
        assert count() == 1
        undo_decision(
            suggestion=reject_suggestion(suggestion=undone, user=cast.alice), user=cast.alice
        )
        assert count() == 1
        desk = Team.objects.create(organization=cast.nordwerk, name="Desk", slug="desk")
        for team in (desk, cast.network, desk):
            edit_ticket(ticket=accepted.ticket, actor=alice, edit=Edit(team=team))
        assert count() == 2, "rerouted three times, one value"
        edit_ticket(ticket=accepted.ticket, actor=alice, edit=Edit(category=cast.printing))
        assert count() == 3
        log(cast, undone.ticket, "reopened", field="status")
        log(cast, undone.ticket, "status_changed", old="solved", new="open", field="status")
        assert count() == 4, "came back twice, one ticket"
        Training.objects.create(organization=cast.nordwerk, state="done")
        assert count() == 0, "that has been learned"
