"""A training that tunes the sentence model too: `manage.py train --fine-tune`."""

from functools import partial
from importlib import import_module

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from ai import learning
from ai.engine import tuned
from ai.engine.tuned import Recipe, TunedClassifier, load_classifier, tuner
from ai.models import Suggestion, TrainedModel, Training
from ai.runtime import Runtime
from omnidesk.core.tenancy import organization_scope
from tests.ai.test_learning import Read, history
from tests.ai.test_learning import train as _train
from tests.cast import Cast


def test_without_a_gpu_it_is_refused_in_one_sentence(
    cast: Cast, models: Runtime, settings: LazySettings
) -> None:
    if import_module("ai.engine._tuning").has_gpu():
        pytest.skip("this machine has one")
    settings.AI_FINE_TUNE = "gpu"
    training = _train(cast, models)
    assert training.state == Training.State.FAILED
    assert training.error.startswith("Fine-tuning needs a GPU and this machine has none")
    with pytest.raises(CommandError):
        call_command("train", "--fine-tune=tpu")


@pytest.mark.slow
def test_a_tuned_model_is_learned_judged_kept_and_answers(
    cast: Cast, models: Runtime, read: Read, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.AI_FINE_TUNE = "cpu"
    monkeypatch.setattr(tuned, "FEWEST", 20)
    short = Recipe(most_steps=1, batch=4)
    monkeypatch.setattr(learning, "tuner", partial(tuner, recipe=short))
    with organization_scope(cast.nordwerk.pk):
        history(cast, 16)
    report = _train(cast, models).report
    assert report["category"]["outcome"] == "promoted"
    with organization_scope(cast.nordwerk.pk):
        row = TrainedModel.objects.get(kind="category", is_active=True)
        ticket = cast.ticket()
    assert isinstance(load_classifier(bytes(row.content)), TunedClassifier)
    ticket = read(ticket)
    assert ticket.ai_verdict["category"]["value"] == "VPN & remote"
    with organization_scope(cast.nordwerk.pk):
        assert Suggestion.objects.get(ticket=ticket, field="category").source == "local 1"
