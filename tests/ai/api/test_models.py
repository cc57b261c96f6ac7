"""ai/models/status/ and ai/train/."""

from ai.models import TrainedModel, Training
from omnidesk.core.tenancy import organization_scope
from tests.api.conftest import Client
from tests.cast import Cast

V1 = "/api/v1/"


def test_status_names_every_model_with_its_measured_quality(cast: Cast, alice: Client) -> None:
    with organization_scope(cast.nordwerk.pk):
        TrainedModel.objects.create(
            organization=cast.nordwerk,
            kind="category",
            version=3,
            content=b"x",
            trained_on=221,
            is_active=True,
            metrics={"macro_f1": 0.854},
        )
    answer = alice.get(f"{V1}ai/models/status/").json()
    assert answer["reachable"] is False
    assert answer["queue_length"] == 0
    embedding, model = answer["models"]
    assert (embedding["kind"], embedding["loaded"], embedding["device"]) == (
        "embedding", False, None,
    )  # fmt: skip
    assert model["loaded"] is False, "nobody holds it while the worker is away"
    assert answer["services"] == []
    assert (model["kind"], model["version"], model["organization"]) == ("category", "3", "nordwerk")
    assert model["quality"] == {"macro_f1": 0.854}


def test_status_is_the_desks_and_shows_ones_own_models(
    cast: Cast, dana: Client, charlie: Client
) -> None:
    with organization_scope(cast.nordwerk.pk):
        TrainedModel.objects.create(
            organization=cast.nordwerk, kind="team", version=1, content=b"", trained_on=1,
            is_active=True,
        )  # fmt: skip
    dana.problem(dana.get(f"{V1}ai/models/status/"), 403, "forbidden")
    [only] = charlie.get(f"{V1}ai/models/status/").json()["models"]
    assert only["kind"] == "embedding"


def test_a_lead_starts_a_training_and_follows_it(cast: Cast, bob: Client) -> None:
    response = bob.post(f"{V1}ai/train/", {})
    assert response.status_code == 202
    started = response.json()
    assert (started["state"], started["organization"]) == ("pending", cast.nordwerk.pk)
    again = bob.post(f"{V1}ai/train/", {}).json()
    assert again["id"] == started["id"], "one run at a time"
    with organization_scope(cast.nordwerk.pk):
        Training.objects.update(state="failed", error="no room for the texts")
    shown = bob.get(f"{V1}ai/train/{started['id']}/").json()
    assert (shown["state"], shown["error"]) == ("failed", "no room for the texts")


def test_only_leads_start_and_only_the_desk_follows(
    cast: Cast, alice: Client, bob: Client, charlie: Client, dana: Client
) -> None:
    alice.problem(alice.post(f"{V1}ai/train/", {}), 403, "forbidden")
    started = bob.post(f"{V1}ai/train/", {}).json()
    path = f"{V1}ai/train/{started['id']}/"
    assert alice.get(path).status_code == 200
    charlie.problem(charlie.get(path), 404, "not-found")
    dana.problem(dana.get(path), 404, "not-found")
    bob.problem(bob.get(f"{V1}ai/train/{2**62}/"), 404, "not-found")
