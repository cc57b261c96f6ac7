"""/desk/proposals/: what waits, one side by side, editing, publishing, rejecting."""

from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from ai.actions.proposals import NewProposal, propose
from ai.models import ArticleProposal
from ai.waiting import count_again
from omnidesk.core.tenancy import organization_scope
from tests.ai.views.test_panel import signed_in
from tests.cast import Cast
from tickets.actions.knowledge import propose_version, save_article
from tickets.actions.notify import save_wishes
from tickets.models import Article, DeskSettings, Notification
from tickets.notices import Wishes

BODY = "## Solution\n\n1. Open the VPN client.\n2. Enter the port 8443."


def proposal_of(cast: Cast, article: Article | None = None, **values: Any) -> ArticleProposal:
    """A proposal that cites one ticket."""
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        given: dict[str, Any] = {
            "cause": "contradicted" if article else "gap",
            "title": "VPN does not connect",
            "body": BODY,
            "language": "en",
            "quotes": {ticket.pk: "Enter the port 8443."},
            "category_id": cast.vpn.pk,
            "article_id": article.pk if article else None,
            "base_version": article.version if article else 0,
        }
        found = propose(organization_id=cast.nordwerk.pk, found=NewProposal(**{**given, **values}))
        assert found is not None
        return found


@pytest.fixture
def article(cast: Cast) -> Article:
    with organization_scope(cast.nordwerk.pk):
        return save_article(
            organization_id=cast.nordwerk.pk, title="VPN does not connect",
            body=BODY.replace("8443", "443"), author=cast.bob,
        )  # fmt: skip


def url(name: str, proposal: ArticleProposal) -> str:
    return reverse(f"proposals:{name}", args=[proposal.pk])


def decided(cast: Cast, proposal: ArticleProposal) -> ArticleProposal:
    with organization_scope(cast.nordwerk.pk):
        return ArticleProposal.objects.select_related("article", "decided_by").get(pk=proposal.pk)


def test_the_list_shows_what_waits_and_the_page_what_would_change(
    cast: Cast, article: Article, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    change, new = proposal_of(cast, article), proposal_of(cast, title="Bike cellar")
    alice = signed_in(cast.alice)
    with django_assert_max_num_queries(25):
        html = alice.get(reverse("proposals:index")).content.decode()
    assert url("page", change) in html
    assert url("page", new) in html
    assert "Bike cellar" in html
    html = alice.get(url("page", change)).content.decode()
    assert "<del>443</del>" in html
    assert "<ins>8443</ins>" in html
    assert "Enter the port 8443." in html
    assert reverse("proposals:index") in alice.get(reverse("desk:kb")).content.decode()


def test_it_is_the_desks_of_that_organization_alone(cast: Cast) -> None:
    found = proposal_of(cast)
    charlie, dana = signed_in(cast.charlie), signed_in(cast.dana)
    assert "VPN does not connect" not in charlie.get(reverse("proposals:index")).content.decode()
    assert charlie.get(url("page", found)).status_code == 404
    assert charlie.post(url("decide", found), {"do": "publish"}).status_code == 404
    assert dana.get(url("page", found)).status_code == 302
    assert dana.post(url("decide", found), {"do": "publish"}).status_code == 403
    assert decided(cast, found).is_open


def test_published_it_is_the_articles_next_version(cast: Cast, article: Article) -> None:
    found = proposal_of(cast, article)
    answer = signed_in(cast.alice).post(url("decide", found), {"do": "publish"})
    assert answer.status_code == 302
    with organization_scope(cast.nordwerk.pk):
        article.refresh_from_db()
        version = article.versions.get(number=2)
    assert (article.body, article.version, article.state) == (BODY, 2, "published")
    assert version.summary.startswith("From tickets ")
    row = decided(cast, found)
    assert (row.state, row.decided_by) == ("published", cast.alice)
    again = signed_in(cast.bob).post(url("decide", found), {"do": "publish"})
    assert again.status_code == 422
    assert "decided already" in again.content.decode()


def test_a_new_article_is_for_the_desk_unless_somebody_says_otherwise(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        save_article(organization_id=cast.nordwerk.pk, title="VPN does not connect", body="x",
                     author=None)  # fmt: skip
    found = proposal_of(cast)
    signed_in(cast.bob).post(url("decide", found), {"do": "publish"})
    made = decided(cast, found).article
    assert made is not None
    assert (made.visibility, made.category_id) == ("agents", cast.vpn.pk)
    assert made.slug == f"vpn-does-not-connect-{found.pk}", "its short name was taken"
    other = proposal_of(cast, title="Something else")
    signed_in(cast.bob).post(url("decide", other), {"do": "publish", "visibility": "requesters"})
    shown = decided(cast, other).article
    assert shown is not None
    assert shown.visibility == "requesters"


def test_edited_first_it_is_published_as_edited(cast: Cast) -> None:
    found = proposal_of(cast)
    alice = signed_in(cast.alice)
    words = {"title": "VPN port", "body": "Use 8443.", "language": "en", "category": ""}
    assert alice.post(url("edit", found), {**words, "title": ""}).status_code == 422
    assert alice.post(url("edit", found), words).status_code == 302
    assert "Edited by Alice Agent" in alice.get(url("page", found)).content.decode()
    alice.post(url("decide", found), {"do": "publish"})
    made = decided(cast, found).article
    assert made is not None
    assert (made.title, made.body, made.author) == ("VPN port", "Use 8443.", cast.alice)
    assert alice.get(url("edit", found)).status_code == 404


def test_where_articles_are_reviewed_nobody_publishes_their_own_words(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        DeskSettings.objects.update_or_create(
            organization=cast.nordwerk, defaults={"reviews_articles": True}
        )
    plain, edited = proposal_of(cast), proposal_of(cast, title="Another")
    alice, bob = signed_in(cast.alice), signed_in(cast.bob)
    assert alice.post(url("decide", plain), {"do": "publish"}).status_code == 302
    words = {"title": "Another", "body": "Use 8443.", "language": "en", "category": ""}
    alice.post(url("edit", edited), words)
    refused = alice.post(url("decide", edited), {"do": "publish"})
    assert refused.status_code == 422
    assert "A colleague publishes what you write." in refused.content.decode()
    assert bob.post(url("decide", edited), {"do": "publish"}).status_code == 302
    made = decided(cast, edited).article
    assert made is not None
    assert (made.state, made.author) == ("published", cast.alice)


def test_sent_to_review_it_waits_beside_the_published_text(cast: Cast, article: Article) -> None:
    found = proposal_of(cast, article)
    signed_in(cast.alice).post(url("decide", found), {"do": "review"})
    with organization_scope(cast.nordwerk.pk):
        article.refresh_from_db()
        waiting = article.versions.get(number=2)
    assert (article.version, waiting.state, waiting.body) == (1, "review", BODY)
    assert decided(cast, found).state == "published"


def test_rejected_it_says_why_and_needs_a_reason(cast: Cast) -> None:
    found = proposal_of(cast)
    alice = signed_in(cast.alice)
    assert alice.post(url("decide", found), {"do": "reject", "reason": " "}).status_code == 422
    alice.post(url("decide", found), {"do": "reject", "reason": "Only for one person."})
    row = decided(cast, found)
    assert (row.state, row.rejection, row.decided_by) == (
        "rejected", "Only for one person.", cast.alice,
    )  # fmt: skip
    html = alice.get(reverse("proposals:index")).content.decode()
    assert "Only for one person." in html


def test_an_article_that_moved_on_or_is_in_work_is_not_overwritten(
    cast: Cast, article: Article
) -> None:
    found = proposal_of(cast, article)
    with organization_scope(cast.nordwerk.pk):
        propose_version(article=article, title="x", body="y", author=cast.bob, state="draft")
    alice = signed_in(cast.alice)
    refused = alice.post(url("decide", found), {"do": "publish"})
    assert "A version of this article waits already." in refused.content.decode()
    with organization_scope(cast.nordwerk.pk):
        save_article(organization_id=cast.nordwerk.pk, title="x", body="z", author=cast.bob,
                     article=article)  # fmt: skip
    assert "The article was changed since." in alice.get(url("page", found)).content.decode()
    refused = alice.post(url("decide", found), {"do": "publish"})
    assert (refused.status_code, decided(cast, found).is_open) == (422, True)
    with organization_scope(cast.nordwerk.pk):
        article.refresh_from_db()
    assert article.body == "z"


@pytest.mark.parametrize("data", [{}, {"do": "delete"}, {"do": "publish", "visibility": "all"}])
def test_made_up_wishes_are_not_there(cast: Cast, data: dict[str, str]) -> None:
    found = proposal_of(cast)
    assert signed_in(cast.alice).post(url("decide", found), data).status_code == 404


def test_only_leads_have_the_worker_look(cast: Cast) -> None:
    assert signed_in(cast.alice).post(reverse("proposals:look")).status_code == 403
    assert signed_in(cast.bob).post(reverse("proposals:look")).status_code == 302


def test_leads_hear_of_it_once_and_the_navigation_counts_it(cast: Cast) -> None:
    proposal_of(cast)
    proposal_of(cast, title="Bike cellar")
    with organization_scope(cast.nordwerk.pk):
        [row] = Notification.objects.filter(kind="proposal")
        assert (row.user, row.count, row.detail) == (cast.bob, 2, "Bike cellar")
    count_again(cast.nordwerk.pk)
    bob = signed_in(cast.bob)
    link = reverse("portal:notification", args=[row.pk])
    assert bob.get(link)["Location"] == reverse("proposals:index")
    html = bob.get(reverse("desk:nav")).content.decode()
    assert '<span class="nav__count">2<span class="visually-hidden"> waiting' in html
    assert "waiting" not in signed_in(cast.charlie).get(reverse("desk:nav")).content.decode()


def test_who_wrote_the_article_hears_of_a_change_unless_they_do_not_want_to(
    cast: Cast, article: Article
) -> None:
    with organization_scope(cast.nordwerk.pk):
        Article.objects.filter(pk=article.pk).update(author=cast.alice)
    save_wishes(user=cast.bob, wishes=Wishes(choices={"page": {"proposal": False}}))
    proposal_of(cast, article)
    with organization_scope(cast.nordwerk.pk):
        told = Notification.objects.filter(kind="proposal").values_list("user", flat=True)
        assert list(told) == [cast.alice.pk]
