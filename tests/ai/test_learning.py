"""Learning from closed tickets: what is learned, measured, promoted, refused."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from ai import learning, sweeping
from ai.actions.training import NewModel, finish_training, start_training
from ai.actions.work import claim, fail
from ai.alive import at_work
from ai.engine.embed import Vectors
from ai.engine.retrieve import ticket_points
from ai.examples import load_examples
from ai.models import IndexEntry, TrainedModel, Training
from ai.runtime import Runtime
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.catalog import default_status
from tickets.choices import StatusCategory
from tickets.models import Ticket

Read = Callable[[Ticket], Ticket]
VPN = (
    "VPN tunnel drops in the home office",
    "Remote access fails with error 809",
    "NordConnect cannot reach the gateway",
    "Two-factor prompt of the VPN never arrives",
)
PRINT = (
    "Toner is empty on the second floor",
    "Paper jam in the label printer",
    "The plotter prints blank pages",
    "Print queue is stuck since lunch",
)


def history(cast: Cast, count: int = 24) -> None:
    """Closed tickets of two kinds, `count` of each."""
    closed = default_status(cast.nordwerk.pk, StatusCategory.CLOSED)
    for number in range(count):
        for category, texts in ((cast.vpn, VPN), (cast.printing, PRINT)):
            ticket = cast.ticket(
                subject=texts[number % len(texts)],
                text=f"{texts[(number + 1) % len(texts)]}, room {number}, since this morning.",
            )
            Ticket.objects.filter(pk=ticket.pk).update(
                category=category, status=closed, status_category="closed", ai_state="off"
            )


def train(cast: Cast, models: Runtime) -> Training:
    with organization_scope(cast.nordwerk.pk):
        training = start_training(organization_id=cast.nordwerk.pk, user=cast.bob)
    learning.run(cast.nordwerk.pk, training.pk, encoder=models.batcher)
    with organization_scope(cast.nordwerk.pk):
        training.refresh_from_db()
    return training


class Counting:
    """The real encoder, and the texts it was asked for."""

    def __init__(self, models: Runtime) -> None:
        self.dimension = models.batcher.dimension
        self.asked: list[str] = []
        self._models = models

    def encode(self, texts: list[str]) -> Vectors:
        self.asked += texts
        return self._models.batcher.encode(texts)


def test_what_the_index_holds_is_not_embedded_again(cast: Cast, models: Runtime) -> None:
    with organization_scope(cast.nordwerk.pk):
        history(cast, 3)
        examples = load_examples(cast.nordwerk.pk, "category")
        team = [replace(example, label="7") for example in examples]
    for example in examples[:4]:
        # Of the fourth another text is indexed: it was edited since.
        text = example.text if example is not examples[3] else "Something else altogether"
        models.store.upsert(
            ticket_points(
                models.batcher,
                cast.nordwerk.pk,
                example.ticket_id,
                subject="",
                description=text,
            )
        )
    encoder = Counting(models)
    library = learning.Library(encoder, models.store)
    vectors = library.vectors(examples, lambda share: None)
    assert encoder.asked == [example.text for example in examples[3:]]
    expected = models.batcher.encode([example.text for example in examples])
    np.testing.assert_allclose(vectors, expected, atol=1e-5)
    # The next kind learns from the same tickets.
    np.testing.assert_array_equal(library.vectors(team, lambda share: None), vectors)
    assert len(encoder.asked) == len(examples) - 3


def test_a_desk_learns_from_its_closed_tickets(cast: Cast, models: Runtime, read: Read) -> None:
    with organization_scope(cast.nordwerk.pk):
        history(cast)
    training = train(cast, models)
    assert (training.state, training.error) == ("done", "")
    report = training.report["category"]
    assert (report["outcome"], report["examples"], report["classes"]) == ("promoted", 48, 2)
    assert report["metrics"]["rows"] > 0
    assert report["metrics"]["accuracy"] > 0.9
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket(subject="Toner low", text="The printer wants new toner again.")
    ticket = read(ticket)
    assert ticket.ai_verdict["category"]["value"] == "Printing"
    assert ticket.ai_verdict["category"]["band"] == "very_likely"


def test_too_little_history_is_said_and_nothing_is_put_into_use(
    cast: Cast, models: Runtime
) -> None:
    with organization_scope(cast.nordwerk.pk):
        history(cast, count=3)
    training = train(cast, models)
    assert training.state == "done"
    assert training.report["category"]["outcome"] == "too_little"
    with organization_scope(cast.nordwerk.pk):
        assert not TrainedModel.objects.exists()


def test_a_worse_model_is_kept_but_not_used(cast: Cast, models: Runtime) -> None:
    with organization_scope(cast.nordwerk.pk):
        history(cast)
    train(cast, models)
    with organization_scope(cast.nordwerk.pk):
        first = TrainedModel.objects.get(kind="category")
        # As if the one in use had been perfect on the same held-out tickets.
        TrainedModel.objects.update(metrics={"macro_f1": 1.0})
        # And as if somebody had since sorted at random.
        for number, ticket in enumerate(Ticket.objects.order_by("pk")):
            wrong = cast.vpn if number % 3 else cast.printing
            Ticket.objects.filter(pk=ticket.pk).update(category=wrong)
    training = train(cast, models)
    assert training.report["category"]["outcome"] == "kept_old"
    with organization_scope(cast.nordwerk.pk):
        second = TrainedModel.objects.get(kind="category", version=2)
        first.refresh_from_db()
    assert (first.is_active, second.is_active) == (True, False)
    assert "macro-F1" in second.error


def test_an_error_is_kept_with_the_run(
    cast: Cast, models: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with organization_scope(cast.nordwerk.pk):
        history(cast)

    class Broken:
        dimension = 384

        def encode(self, texts: list[str]) -> None:
            raise MemoryError("no room for the texts")

    with organization_scope(cast.nordwerk.pk):
        training = start_training(organization_id=cast.nordwerk.pk, user=None)
    assert not learning.run(cast.nordwerk.pk, training.pk, encoder=Broken())  # type: ignore[arg-type]
    with organization_scope(cast.nordwerk.pk):
        training.refresh_from_db()
    assert training.state == "failed"
    assert "no room for the texts" in training.error


def test_one_run_at_a_time(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        first = start_training(organization_id=cast.nordwerk.pk, user=cast.bob)
        assert start_training(organization_id=cast.nordwerk.pk, user=None).pk == first.pk


def test_a_run_whose_process_has_gone_does_not_hold_up_the_next(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        first = start_training(organization_id=cast.nordwerk.pk, user=None)
        with at_work(first.pk, Training.LOCK):
            assert claim(Training, first.pk)
            assert start_training(organization_id=cast.nordwerk.pk, user=None).pk == first.pk
        # The connection is gone, as it is after a kill -9.
        second = start_training(organization_id=cast.nordwerk.pk, user=None)
        first.refresh_from_db()
        assert (first.state, second.state) == ("failed", "pending")
        assert "ended before it was done" in first.error


def test_old_versions_are_cleared_away_and_the_one_in_use_never(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        for number in range(9):
            training = start_training(organization_id=cast.nordwerk.pk, user=None)
            taken = claim(Training, training.pk)
            assert taken is not None
            model = NewModel(
                kind="category",
                content=b"x",
                classes=[],
                trained_on=1,
                refusal="" if number == 0 else "worse",
            )
            finish_training(taken, models=[model], report={})
        versions = sorted(TrainedModel.objects.values_list("version", flat=True))
        assert versions == [1, 5, 6, 7, 8, 9]
        assert TrainedModel.objects.get(is_active=True).version == 1


def test_a_desk_with_enough_history_is_due(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        assert sweeping.trainings_due() == []
        history(cast, count=15)
    due = sweeping.trainings_due()
    assert [organization for organization, _ in due] == [cast.nordwerk.pk]
    with organization_scope(cast.nordwerk.pk):
        Training.objects.update(state="done")
    assert sweeping.trainings_due() == [], "not again for a while"


def test_a_large_import_is_indexed_before_it_is_learned_from(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "LARGE_BACKLOG", 20)
    with organization_scope(cast.nordwerk.pk):
        history(cast, count=15)
        entry = IndexEntry.objects.create(
            organization=cast.nordwerk, kind="ticket", object_id=1, indexed_at=now()
        )
    assert sweeping.trainings_due() == []
    with organization_scope(cast.nordwerk.pk):
        IndexEntry.objects.filter(pk=entry.pk).update(indexed_at=now() - timedelta(minutes=6))
    assert len(sweeping.trainings_due()) == 1, "an index that stands still is not waited for"


def test_a_ticket_of_unknown_words_is_sorted_with_doubt(
    cast: Cast, models: Runtime, read: Read
) -> None:
    with organization_scope(cast.nordwerk.pk):
        history(cast)
    train(cast, models)
    with organization_scope(cast.nordwerk.pk):
        strange = cast.ticket(subject="Nikad više", text="Na štriku se suši šosić.")
        usual = cast.ticket(subject="Toner is empty", text="Paper jam in the label printer again.")
    for ticket, sure in ((strange, False), (usual, True)):
        verdict = read(ticket).ai_verdict.get("category")
        assert (verdict is not None and verdict["band"] != "unsure") is sure


def test_the_command_prints_what_was_learned(
    cast: Cast, models: Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    with organization_scope(cast.nordwerk.pk):
        history(cast, count=16)
    call_command("train", organization="nordwerk")
    shown = capsys.readouterr().out
    assert "category" in shown
    assert "in use" in shown


def test_the_command_follows_a_run_that_another_process_began(
    cast: Cast, models: Runtime, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with organization_scope(cast.nordwerk.pk):
        training = start_training(organization_id=cast.nordwerk.pk, user=None)
        taken = claim(Training, training.pk)
    assert taken is not None

    def elsewhere(seconds: float) -> None:
        with organization_scope(cast.nordwerk.pk):
            fail(taken, "The disk is full.")

    # The other process does its work while this one sleeps.
    monkeypatch.setattr(time, "sleep", elsewhere)
    with (
        at_work(training.pk, Training.LOCK),
        pytest.raises(CommandError, match="Training failed for nordwerk"),
    ):
        call_command("train", organization="nordwerk")
    shown = capsys.readouterr().out
    assert "running already" in shown
    assert "The disk is full." in shown


def test_the_command_names_an_unknown_organization(cast: Cast) -> None:
    with pytest.raises(CommandError, match="no organization 'nowhere'"):
        call_command("train", organization="nowhere")
