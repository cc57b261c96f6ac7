"""/desk/ai/: what was learned, how good it is, what waits."""

import pytest
import redis
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from ai import client
from ai.models import TrainedModel, Training
from omnidesk.core.tenancy import organization_scope
from tests.ai.views.test_panel import signed_in
from tests.cast import Cast


@pytest.fixture(autouse=True)
def _nobody_there(redis_client: "redis.Redis", settings: LazySettings) -> None:
    settings.AI_REQUEST_TIMEOUT = 0.2
    client._rest.end()


def page(browser: Client) -> str:
    response = browser.get(reverse("ai:status"))
    assert response.status_code == 200
    return response.content.decode()


def test_it_says_when_the_worker_is_away(cast: Cast) -> None:
    assert "AI is not reachable. Everything else works" in page(signed_in(cast.alice))


def test_it_says_how_much_is_missing_for_learning(cast: Cast) -> None:
    assert "Needs 30 decided tickets, has 0" in page(signed_in(cast.alice))


def test_it_shows_measured_quality_and_each_category(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        TrainedModel.objects.create(
            organization=cast.nordwerk,
            kind="category",
            version=3,
            content=b"x",
            trained_on=221,
            is_active=True,
            metrics={"rows": 45, "accuracy": 0.867, "macro_f1": 0.854, "sure_accuracy": 1.0},
        )
    html = page(signed_in(cast.alice))
    assert "0.867" in html
    assert "221" in html
    assert "Printing" in html


def test_it_shows_who_settled_what_was_learned_from(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        origins = {"history": 40, "corrected": 7, "accepted": 0}
        report = {"category": {"outcome": "promoted", "examples": 47, "origins": origins}}
        Training.objects.create(organization=cast.nordwerk, state="done", report=report)
    html = page(signed_in(cast.alice))
    assert "corrected 7" in html
    assert "accepted 0" not in html
    assert "0; a training begins at 50" in html


def test_agents_see_their_own_organizations_only(cast: Cast) -> None:
    html = page(signed_in(cast.charlie))
    assert "Atelier Lumen" in html
    assert "Nordwerk" not in html


def test_a_lead_starts_a_training_and_an_agent_may_not(cast: Cast) -> None:
    url, data = reverse("ai:train"), {"organization": str(cast.nordwerk.pk)}
    assert signed_in(cast.alice).post(url, data).status_code == 403
    assert signed_in(cast.charlie).post(url, data).status_code == 403
    assert signed_in(cast.bob).post(url, data).status_code == 302
    with organization_scope(cast.nordwerk.pk):
        training = Training.objects.get()
    assert (training.state, training.requested_by) == ("pending", cast.bob)


@pytest.mark.parametrize("value", ["", "x", "0", "9" * 30])
def test_an_organization_that_does_not_exist_is_refused(cast: Cast, value: str) -> None:
    response = signed_in(cast.bob).post(reverse("ai:train"), {"organization": value})
    assert response.status_code == 403
