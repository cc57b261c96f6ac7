"""Putting the models that answered before back: who did it is kept, and it answers at once."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse

from ai.actions.training import roll_back
from ai.learning import Match
from ai.models import TrainedModel, Training
from omnidesk.core.tenancy import organization_scope
from tests.ai.views.test_panel import signed_in
from tests.cast import Cast
from tickets.actions.base import InvalidChange


def kept(cast: Cast, *versions: tuple[int, bool, str], kind: str = "category") -> None:
    """Models of one kind: (version, in use, why not)."""
    for version, is_active, error in versions:
        TrainedModel.objects.create(
            organization=cast.nordwerk, kind=kind, version=version, content=b"x",
            is_active=is_active, error=error, trained_on=40,
            metrics={"rows": 9, "accuracy": 0.8, "macro_f1": 0.8, "sure_accuracy": 0.9},
        )  # fmt: skip


def in_use(cast: Cast, kind: str = "category") -> int:
    return TrainedModel.objects.get(organization=cast.nordwerk, kind=kind, is_active=True).version


def test_the_version_before_answers_again_and_who_did_it_is_kept(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        kept(cast, (1, False, ""), (2, False, "worse"), (3, True, ""))
        [done] = roll_back(organization_id=cast.nordwerk.pk, user=cast.bob)
        assert (done.left, done.now, in_use(cast)) == (3, 1, 1)
        left = TrainedModel.objects.get(version=3)
        assert left.retired_by == cast.bob
        assert left.retired_at is not None


def test_what_was_taken_back_is_never_put_back(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        kept(cast, (1, False, ""), (2, True, ""))
        roll_back(organization_id=cast.nordwerk.pk, user=cast.bob)
        kept(cast, (3, False, ""))
        TrainedModel.objects.filter(version=1).update(is_active=False)
        TrainedModel.objects.filter(version=3).update(is_active=True)
        roll_back(organization_id=cast.nordwerk.pk, user=cast.bob)
        assert in_use(cast) == 1


def test_without_an_earlier_one_it_says_so(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        kept(cast, (1, True, ""))
        with pytest.raises(InvalidChange, match="No earlier model"):
            roll_back(organization_id=cast.nordwerk.pk, user=cast.bob)
        assert in_use(cast) == 1


def test_one_kind_alone(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        kept(cast, (1, False, ""), (2, True, ""))
        kept(cast, (1, False, ""), (2, True, ""), kind="team")
        roll_back(organization_id=cast.nordwerk.pk, user=cast.bob, kind="team")
        assert (in_use(cast), in_use(cast, "team")) == (2, 1)


def test_a_lead_presses_the_button_and_an_agent_may_not(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        kept(cast, (1, False, ""), (2, True, ""))
    url = reverse("ai:rollback")
    data = {"organization": str(cast.nordwerk.pk), "kind": "category"}
    assert signed_in(cast.alice).post(url, data).status_code == 403
    assert signed_in(cast.charlie).post(url, data).status_code == 403
    bob = signed_in(cast.bob)
    assert "Put 1 back" in bob.get(reverse("ai:status")).content.decode()
    assert bob.post(url, data).status_code == 302
    html = bob.get(reverse("ai:status")).content.decode()
    assert "2 taken back by Bob Lead" in html
    with organization_scope(cast.nordwerk.pk):
        assert in_use(cast) == 1


def test_the_command_puts_back_and_says_which(
    cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    with organization_scope(cast.nordwerk.pk):
        kept(cast, (4, False, ""), (5, True, ""))
    call_command("train", "--rollback", "--organization", "nordwerk", stdout=StringIO())
    assert "category 5 -> 4" in capsys.readouterr().out
    with pytest.raises(CommandError, match="Nothing was put back"):
        call_command("train", "--rollback", "--organization", "nordwerk")


def test_the_page_shows_each_training_with_before_and_after(cast: Cast) -> None:
    match = Match(version=3, before=0.81, after=0.77, rows=41, on="fresh")
    with organization_scope(cast.nordwerk.pk):
        Training.objects.create(
            organization=cast.nordwerk, state="done", requested_by=cast.bob,
            report={"category": {"outcome": "kept_old", "examples": 210, "classes": 2,
                                 "reason": match.refusal, "match": match.as_json()}},
        )  # fmt: skip
        Training.objects.create(
            organization=cast.nordwerk, state="failed", error="The worker went away."
        )
    html = signed_in(cast.bob).get(reverse("ai:status")).content.decode()
    assert "0.810" in html
    assert "0.770" in html
    assert "macro-F1 0.770 against 0.810 on 41 held-out tickets" in html
    assert "The worker went away." in html


def test_a_candidate_is_refused_only_where_it_is_worse_than_noise() -> None:
    assert Match(1, 0.80, 0.795, 30, "fresh").refusal == ""
    assert "0.700 against 0.800" in Match(1, 0.80, 0.70, 30, "fresh").refusal
    assert Match().refusal == ""
    assert Match().as_json() == {}
