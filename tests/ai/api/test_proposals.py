"""proposals/: what the AI would write, read, edited and decided by a program."""

from ai.models import ArticleProposal
from omnidesk.core.tenancy import organization_scope
from tests.ai.views.test_proposals import decided, proposal_of
from tests.api.conftest import Client
from tests.cast import Cast
from tickets.models import Article

V1 = "/api/v1/proposals/"


def test_a_proposal_is_listed_read_edited_and_published(cast: Cast, alice: Client) -> None:
    found = proposal_of(cast)
    [row] = alice.get(f"{V1}?state=proposed").json()["results"]
    assert (row["id"], row["cause"], row["article"]) == (found.pk, "gap", None)
    assert "body" not in row
    whole = alice.get(f"{V1}{found.pk}/").json()
    assert [one["quote"] for one in whole["tickets"]] == ["Enter the port 8443."]
    change = {"title": "VPN on port 8443", "category": cast.printing.pk}
    edited = alice.patch(f"{V1}{found.pk}/", change).json()
    assert (edited["title"], edited["category"]) == ("VPN on port 8443", cast.printing.pk)
    assert edited["body"] == whole["body"]
    done = alice.post(f"{V1}{found.pk}/publish/", {"visibility": "requesters"}).json()
    assert (done["state"], done["decided_by"]) == ("published", cast.alice.display_name)
    with organization_scope(cast.nordwerk.pk):
        article = Article.objects.get(slug=done["article"])
    assert (article.title, article.is_public, article.is_open) == ("VPN on port 8443", True, False)
    again = alice.post(f"{V1}{found.pk}/publish/")
    assert "decided already" in alice.problem(again, 400, "invalid")["detail"]


def test_a_rejection_needs_its_reason(cast: Cast, alice: Client) -> None:
    found = proposal_of(cast)
    problem = alice.problem(alice.post(f"{V1}{found.pk}/reject/", {}), 400, "invalid")
    assert "reason" in problem["errors"]
    done = alice.post(f"{V1}{found.pk}/reject/", {"reason": "It is not ours."}).json()
    assert (done["state"], done["rejection"]) == ("rejected", "It is not ours.")
    assert alice.get(f"{V1}?state=proposed").json()["results"] == []


def test_handed_to_review_it_is_no_article_yet(cast: Cast, alice: Client) -> None:
    found = proposal_of(cast)
    alice.post(f"{V1}{found.pk}/publish/", {"review": True})
    article = decided(cast, found).article
    assert article is not None
    assert article.state == Article.State.REVIEW


def test_bad_values_are_named(cast: Cast, alice: Client) -> None:
    found = proposal_of(cast)
    for method, path, body, field in (
        (alice.patch, "", {"category": 10**9}, "category"),
        (alice.patch, "", {"title": "  "}, "title"),
        (alice.patch, "", {"state": "published"}, "state"),
        (alice.post, "publish/", {"visibility": "everybody"}, "visibility"),
    ):
        problem = alice.problem(method(f"{V1}{found.pk}/{path}", body), 400, "invalid")
        assert field in problem["errors"]
    alice.problem(alice.get(f"{V1}?state=new"), 400, "invalid")


def test_it_is_the_desks_of_that_organization_alone(
    cast: Cast, dana: Client, charlie: Client
) -> None:
    found = proposal_of(cast)
    dana.problem(dana.get(V1), 403, "forbidden")
    dana.problem(dana.post(f"{V1}{found.pk}/reject/", {"reason": "x"}), 403, "forbidden")
    assert charlie.get(V1).json()["results"] == []
    charlie.problem(charlie.get(f"{V1}{found.pk}/"), 404, "not-found")
    charlie.problem(charlie.patch(f"{V1}{found.pk}/", {"title": "x"}), 404, "not-found")
    charlie.problem(charlie.post(f"{V1}{found.pk}/reject/", {"reason": "x"}), 404, "not-found")
    assert decided(cast, found).state == ArticleProposal.State.PROPOSED
