"""The AI's endpoints while the ai-worker is away: soon, clear, and degraded where that helps."""

import pytest

from omnidesk.core.tenancy import organization_scope
from tests.api.conftest import Client
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.catalog import default_status
from tickets.actions.knowledge import save_article
from tickets.actions.lifecycle import set_status
from tickets.actions.reply import reply
from tickets.choices import StatusCategory

V1 = "/api/v1/"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("ai/classify/", {"description": "The VPN drops."}),
        ("analyze/", {"description": "The VPN drops."}),
        ("ai/embeddings/batch/", {"texts": ["one"]}),
    ],
)
def test_it_answers_503_with_a_clear_sentence(
    alice: Client, path: str, body: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ai.api.texts.EMBED_SECONDS", 0.2)
    response = alice.post(V1 + path, body)
    problem = alice.problem(response, 503, "unavailable")
    assert problem["detail"] == "AI is not reachable. Everything else works."
    assert response["Retry-After"] == "10"


def test_similar_compares_words_instead_and_says_so(cast: Cast, alice: Client) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket, other = cast.ticket(), cast.ticket(subject="VPN breaks off")
        reply(ticket=other, actor=Actor.person(cast.alice), text="Set the MTU to 1400.")
        solved = default_status(cast.nordwerk.pk, StatusCategory.SOLVED)
        set_status(ticket=other, actor=Actor.person(cast.alice), status=solved)
    response = alice.get(f"{V1}tickets/{ticket.number}/similar/")
    assert response["X-AI-Degraded"] == "1"
    (found,) = response.json()
    assert (found["number"], found["subject"]) == (other.number, "VPN breaks off")
    assert found["resolution"] == "Set the MTU to 1400."
    assert found["status_category"] == "solved"


def test_similar_is_the_desks_and_the_organizations_own(
    cast: Cast, dana: Client, charlie: Client
) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
    path = f"{V1}tickets/{ticket.number}/similar/"
    dana.problem(dana.get(path), 403, "forbidden")
    charlie.problem(charlie.get(path), 404, "not-found")
    charlie.problem(charlie.get(f"{V1}tickets/999999999/similar/"), 404, "not-found")


def test_search_is_degraded_and_still_gated(cast: Cast, alice: Client, charlie: Client) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        save_article(
            organization_id=cast.nordwerk.pk, title="VPN client", body="Restart.", author=None
        )
    body = {"query": "VPN disconnects", "limit": 5}
    answer = alice.post(f"{V1}ai/search-similar/", body).json()
    assert answer["degraded"] is True
    assert {(hit["kind"], hit["id"]) for hit in answer["results"]} == {
        ("ticket", str(ticket.number)),
        ("article", "vpn-client"),
    }
    assert charlie.post(f"{V1}ai/search-similar/", body).json()["results"] == []


def test_a_requester_finds_public_articles_only(cast: Cast, dana: Client) -> None:
    with organization_scope(cast.nordwerk.pk):
        cast.ticket()
        save_article(organization_id=cast.nordwerk.pk, title="VPN", body="Restart.", author=None)
        hidden = save_article(
            organization_id=cast.nordwerk.pk, title="VPN gateway", body="Root.", author=None
        )
        hidden.is_public = False
        hidden.save()
    body = {"query": "VPN", "kinds": ["ticket", "article"]}
    answer = dana.post(f"{V1}ai/search-similar/", body).json()
    assert [hit["id"] for hit in answer["results"]] == ["vpn"]


def test_filters_narrow_the_tickets(cast: Cast, alice: Client) -> None:
    with organization_scope(cast.nordwerk.pk):
        cast.ticket()
    body = {"query": "VPN", "filters": {"status_category": ["closed"]}}
    assert alice.post(f"{V1}ai/search-similar/", body).json()["results"] == []
    body = {"query": "VPN", "filters": {"organization": [cast.lumen.pk]}}
    assert alice.post(f"{V1}ai/search-similar/", body).json()["results"] == []


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("ai/classify/", {}, "description"),
        ("ai/classify/", {"description": ""}, "description"),
        ("ai/classify/", {"description": 7}, "description"),
        ("ai/classify/", {"description": "x", "colour": "red"}, "colour"),
        ("ai/classify/", {"description": "x", "organization": "lumen"}, "organization"),
        ("analyze/", {"description": "x", "company_id": "elsewhere"}, "organization"),
        ("ai/search-similar/", {"query": "x", "limit": 0}, "limit"),
        ("ai/search-similar/", {"query": "x", "kinds": ["person"]}, "kinds.0"),
        ("ai/search-similar/", {"query": "x", "filters": {"status": 1}}, "filters.status"),
        ("ai/embeddings/batch/", {"texts": []}, "texts"),
        ("ai/embeddings/batch/", {"texts": ["x"] * 257}, "texts"),
        ("ai/embeddings/batch/", {"texts": [1]}, "texts.0"),
    ],
)
def test_wrong_input_is_named(
    alice: Client, path: str, body: dict[str, object], field: str
) -> None:
    problem = alice.problem(alice.post(V1 + path, body), 400, "invalid")
    assert field in problem["errors"], problem["errors"]


def test_strangers_are_asked_to_sign_in(db: None) -> None:
    client = Client()
    response = client.post(f"{V1}ai/classify/", {"description": "x"})
    assert response.status_code == 401
