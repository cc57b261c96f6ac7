"""Whether an article helped: said by readers, shown to authors."""

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn, htmx
from tests.tickets.views.test_portal import publish_article
from tickets.models import Article, ArticleFeedback


def test_a_reader_says_so_and_the_authors_see_it(cast: Cast, sign_in: SignIn) -> None:
    article = publish_article(cast)
    dana, alice = sign_in(cast.dana), sign_in(cast.alice)
    url = f"/kb/{article.slug}/"
    assert b"Did this help?" in dana.get(url).content
    alice.get(url)
    answer = dana.post(f"{url}feedback/", {"helped": "no"}, headers=htmx("feedback"))
    assert b"What was wrong with it?" in answer.content
    dana.post(f"{url}feedback/", {"helped": "no", "reason": "outdated", "comment": "5.1.9 is out"})
    with organization_scope(cast.nordwerk.pk):
        [row] = ArticleFeedback.objects.all()
        assert (row.helped, row.reason, row.version) == (False, "outdated", 1)
        # Agents who look something up are no readers.
        assert Article.objects.get(pk=article.pk).opened_count == 1
    page = alice.get(f"/desk/kb/{article.slug}/").content
    assert b"0 of 1 readers" in page
    assert b"It is out of date" in page
    assert b"5.1.9 is out" in page
    dana.post(f"{url}feedback/", {"helped": "yes"})
    assert b"helped 1 of 1" in alice.get("/desk/kb/").content


def test_an_article_may_stand_for_a_request(cast: Cast, sign_in: SignIn) -> None:
    article = publish_article(cast)
    dana = sign_in(cast.dana)
    form = dana.get(f"/new/answers/?subject={article.title.split()[0]}").content.decode()
    assert f'action="/kb/{article.slug}/feedback/"' in form
    answer = dana.post(f"/kb/{article.slug}/feedback/", {"helped": "yes", "instead": "on"})
    assert answer.headers["Location"] == "/"
    with organization_scope(cast.nordwerk.pk):
        assert ArticleFeedback.objects.get().helped


def test_what_cannot_be_read_cannot_be_judged(cast: Cast, sign_in: SignIn) -> None:
    draft = publish_article(cast, "Secret plan", state="draft")
    for user in (cast.dana, cast.charlie, cast.alice):
        answer = sign_in(user).post(f"/kb/{draft.slug}/feedback/", {"helped": "yes"})
        assert answer.status_code == 404
    article = publish_article(cast)
    wrong = {"helped": "no", "reason": "because"}
    answer = sign_in(cast.dana).post(f"/kb/{article.slug}/feedback/", wrong, headers=htmx("x"))
    assert b"Choose one of the list." in answer.content
