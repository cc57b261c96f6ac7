"""Articles: versions and differences, review, publishing, restoring, languages, solutions."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponseBase
from django.test import Client

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn
from tests.tickets.views.test_portal import publish_article
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.knowledge import (
    pending_version,
    propose_version,
    publish_version,
    restore_version,
    save_article,
)
from tickets.actions.reply import add_note, reply
from tickets.article_diff import changes, compare
from tickets.models import Article, ArticleFile, ArticleVersion, DeskSettings

FORM = {
    "title": "VPN client disconnects",
    "body": "1. Install **5.1.8**\n2. Connect again",
    "language": "en",
    "category": "",
    "visibility": "requesters",
    "summary": "",
}


def test_a_draft_beside_a_published_text_changes_nothing_for_readers(
    cast: Cast, sign_in: SignIn
) -> None:
    article = publish_article(cast)
    alice, dana = sign_in(cast.alice), sign_in(cast.dana)
    url = f"/desk/kb/{article.slug}/"
    alice.post(f"{url}edit/", FORM | {"state": "review", "summary": "Newer client"})
    assert b"Connect again" not in dana.get(f"/kb/{article.slug}/").content
    page = alice.get(url).content
    assert b"Version 2 waits for a review." in page
    # Who goes on writing finds the text that waits, not the published one.
    assert b"Connect again" in alice.get(f"{url}edit/").content
    compared = alice.get(f"{url}compare/1/2/").content
    assert b"<ins>" in compared
    assert b"Publish version 2" in compared
    alice.post(f"{url}act/", {"do": "publish"})
    assert b"Connect again" in dana.get(f"/kb/{article.slug}/").content
    with organization_scope(cast.nordwerk.pk):
        row = Article.objects.get(pk=article.pk)
        assert (row.version, row.state) == (2, "published")
        assert [v.number for v in row.versions.all()] == [2, 1]
        assert row.versions.get(number=2).summary == "Newer client"


def test_an_earlier_version_comes_back_as_the_next_one(cast: Cast, sign_in: SignIn) -> None:
    article = publish_article(cast)
    client = sign_in(cast.alice)
    url = f"/desk/kb/{article.slug}/"
    client.post(f"{url}edit/", FORM | {"state": "published"})
    history = client.get(f"{url}history/").content
    assert history.count(b'name="do" value="restore"') == 1
    client.post(f"{url}act/", {"do": "restore", "number": "1"})
    with organization_scope(cast.nordwerk.pk):
        row = Article.objects.get(pk=article.pk)
        assert (row.version, row.body) == (3, article.body)
        with pytest.raises(InvalidChange):
            restore_version(article=row, number=9, by=cast.alice)
    for path in ("compare/1/9/", "compare/9/1/"):
        assert client.get(url + path).status_code == 404
    assert client.post(f"{url}act/", {"do": "restore", "number": "²"}).status_code == 404


def test_a_dropped_draft_leaves_the_published_text(cast: Cast, sign_in: SignIn) -> None:
    article = publish_article(cast)
    url = f"/desk/kb/{article.slug}/"
    client = sign_in(cast.alice)
    client.post(f"{url}edit/", FORM | {"state": "draft"})
    client.post(f"{url}act/", {"do": "drop"})
    with organization_scope(cast.nordwerk.pk):
        assert pending_version(Article.objects.get(pk=article.pk)) is None
        with pytest.raises(InvalidChange):
            publish_version(article=article, by=cast.alice)


def test_where_articles_are_reviewed_nobody_publishes_their_own(
    cast: Cast, sign_in: SignIn
) -> None:
    article = publish_article(cast)
    with organization_scope(cast.nordwerk.pk):
        DeskSettings.objects.update_or_create(
            organization=cast.nordwerk, defaults={"reviews_articles": True}
        )
        propose_version(article=article, title="VPN", body="New", author=cast.alice, state="review")
        with pytest.raises(InvalidChange):
            publish_version(article=article, by=cast.alice)
        assert publish_version(article=article, by=cast.bob).body == "New"
    refused = sign_in(cast.alice).post("/desk/kb/new/", FORM | {"state": "published"})
    assert b"A colleague publishes what you write." in refused.content


def test_a_translation_falls_behind_and_readers_get_their_language(
    cast: Cast, sign_in: SignIn
) -> None:
    article = publish_article(cast)
    client = sign_in(cast.alice)
    german = FORM | {"title": "VPN trennt sich", "language": "de", "state": "published"}
    client.post(f"/desk/kb/new/?from={article.slug}&to=de", german)
    again = client.post(f"/desk/kb/new/?from={article.slug}&to=de", german | {"title": "Noch"})
    assert b"This article has a text in this language already." in again.content
    assert b"(behind)" not in client.get(f"/desk/kb/{article.slug}/").content
    client.post(f"/desk/kb/{article.slug}/edit/", FORM | {"state": "published"})
    assert b"(behind)" in client.get(f"/desk/kb/{article.slug}/").content
    dana = sign_in(cast.dana)
    english = dana.get("/kb/").content
    assert b"VPN client disconnects" in english
    assert b"VPN trennt sich" not in english
    in_german = dana.get("/kb/", headers={"Accept-Language": "de"}).content
    assert b"VPN trennt sich" in in_german
    assert b"VPN client disconnects" not in in_german
    assert b'hreflang="de"' in dana.get(f"/kb/{article.slug}/").content


def test_a_solution_becomes_an_article_without_notes(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket("Badge reader red")
        reply(ticket=ticket, actor=Actor.person(cast.alice), text="Hold it for five seconds.")
        add_note(ticket=ticket, actor=Actor.person(cast.bob), text="He never listens.")
    client = sign_in(cast.alice)
    page = client.get(f"/desk/kb/new/?ticket={ticket.number}").content
    assert b"Hold it for five seconds." in page
    assert b"never listens" not in page
    client.post(f"/desk/kb/new/?ticket={ticket.number}", FORM | {"state": "draft"})
    with organization_scope(cast.nordwerk.pk):
        assert Article.objects.get().source == ticket
    assert sign_in(cast.charlie).get(f"/desk/kb/new/?ticket={ticket.number}").status_code == 404


def test_who_may_read_it_is_chosen(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.alice)
    for title, visibility in (("For all", "public"), ("For us", "agents")):
        client.post(
            "/desk/kb/new/", FORM | {"title": title, "visibility": visibility, "state": "published"}
        )
    assert sign_in(cast.dana).get("/kb/for-us/").status_code == 404
    assert sign_in(cast.dana).get("/help/nordwerk/kb/for-all/").status_code == 200


def opened(client: Client, url: str) -> HttpResponseBase:
    """What a file is answered with; the file is closed again."""
    answer: HttpResponseBase = client.get(url)
    b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    return answer


def test_files_go_with_an_article_to_whoever_may_read_it(cast: Cast, sign_in: SignIn) -> None:
    article = publish_article(cast)
    alice, dana, charlie = (sign_in(user) for user in (cast.alice, cast.dana, cast.charlie))
    url = f"/desk/kb/{article.slug}/files/"
    files = [SimpleUploadedFile("form.pdf", b"%PDF-1.7 x"), SimpleUploadedFile("a.html", b"<b>x")]
    alice.post(url, {"files": files})
    with organization_scope(cast.nordwerk.pk):
        page, form = ArticleFile.objects.order_by("name")
    assert b"form.pdf" in dana.get(f"/kb/{article.slug}/").content
    got = opened(dana, f"/kb/files/{page.pk}/")
    # A stranger's page is never run: it is saved, in a sandbox.
    assert (got.status_code, got["Content-Type"]) == (200, "application/octet-stream")
    assert "sandbox" in got["Content-Security-Policy"]
    assert opened(dana, f"/kb/files/{form.pk}/?view")["Content-Type"] == "application/pdf"
    assert charlie.get(f"/kb/files/{form.pk}/").status_code == 404
    assert Client().get(f"/help/nordwerk/kb/{article.slug}/{form.pk}/").status_code == 404
    assert dana.post(url, {"drop": form.pk}).status_code == 403
    assert charlie.post(url, {"drop": form.pk}).status_code == 404
    with organization_scope(cast.nordwerk.pk):
        Article.objects.update(is_open=True)
    assert opened(Client(), f"/help/nordwerk/kb/{article.slug}/{form.pk}/").status_code == 200
    with organization_scope(cast.nordwerk.pk):
        Article.objects.update(is_public=False, is_open=False)
    assert dana.get(f"/kb/files/{form.pk}/").status_code == 404
    alice.post(url, {"drop": form.pk})
    alice.post(url, {"files": SimpleUploadedFile("empty.txt", b"")})
    with organization_scope(cast.nordwerk.pk):
        assert [row.name for row in ArticleFile.objects.all()] == ["a.html"]


def test_history_is_the_desks_alone(cast: Cast, sign_in: SignIn) -> None:
    article = publish_article(cast)
    url = f"/desk/kb/{article.slug}/history/"
    assert sign_in(cast.charlie).get(url).status_code == 404
    assert sign_in(cast.dana).get(url).status_code == 302
    assert (
        sign_in(cast.dana).post(f"/desk/kb/{article.slug}/act/", {"do": "publish"}).status_code
        == 403
    )


def test_articles_older_than_their_history_keep_their_first_text(cast: Cast) -> None:
    article = publish_article(cast)
    with organization_scope(cast.nordwerk.pk):
        ArticleVersion.objects.all().delete()
        row = save_article(
            organization_id=cast.nordwerk.pk, title="Other", body="Other", author=cast.bob,
            article=Article.objects.get(pk=article.pk),
        )  # fmt: skip
        assert list(row.versions.values_list("number", "body")) == [(2, "Other"), (1, article.body)]


def test_the_difference_is_told_by_words_inside_a_line() -> None:
    rows = compare(
        "# Title\n\nOpen the old client.\nGone.",
        "# Title\n\nOpen the new client.\nAdded 1\nAdded 2",
    )
    assert [row.changed for row in rows[:2]] == [False, False]
    changed = rows[2]
    assert changed.left is not None
    assert changed.right is not None
    assert [p.text for p in changed.left if p.changed] == ["old"]
    assert [p.text for p in changed.right if p.changed] == ["new"]
    left = "\n".join("".join(p.text for p in row.left) for row in rows if row.left is not None)
    assert left == "# Title\n\nOpen the old client.\nGone."
    assert changes(rows) == 1
    assert changes(compare("same", "same")) == 0
