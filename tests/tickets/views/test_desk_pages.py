"""The desk's other pages: new ticket, search, knowledge, more."""

from pytest_django import DjangoAssertNumQueries

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn, htmx
from tickets.models import Article, Ticket


def test_an_agent_opens_a_ticket_for_a_caller(cast: Cast, sign_in: SignIn) -> None:
    form = {
        "organization": cast.nordwerk.pk,
        "requester": "Dana@Nordwerk.example",
        "subject": "Called about the badge reader",
        "text": "Door 3 stays shut.",
        "category": "",
        "urgency": "high",
        "source": "phone",
    }
    answer = sign_in(cast.alice).post("/desk/new/", form)
    with organization_scope(cast.nordwerk.pk):
        ticket = Ticket.objects.get(subject=form["subject"])
        assert (ticket.requester_id, ticket.source) == (cast.dana.pk, "phone")
    assert answer.headers["Location"] == f"/desk/t/{ticket.number}/"


def test_a_wrong_address_is_said_at_its_field(cast: Cast, sign_in: SignIn) -> None:
    form = {"organization": cast.nordwerk.pk, "requester": "dana@", "subject": "x", "text": "y"}
    answer = sign_in(cast.alice).post("/desk/new/", form | {"source": "phone"})
    assert answer.status_code == 422
    assert b"Enter a full e-mail address" in answer.content


def test_another_organization_cannot_be_named(cast: Cast, sign_in: SignIn) -> None:
    form = {"organization": cast.lumen.pk, "requester": "d@lumen.example", "subject": "x"}
    answer = sign_in(cast.alice).post("/desk/new/", form | {"text": "y", "source": "phone"})
    assert answer.status_code == 422


def test_search_finds_words_and_numbers(
    cast: Cast, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket("Badge reader at door 3", "It stays red.")
        cast.ticket("Something else", "Nothing to do with it.")
    client = sign_in(cast.alice)
    client.get("/desk/search/")
    # Frame (7): person, memberships, and the scope's settings around its savepoint.
    # Words, tickets, messages that hold the words, articles; navigation: counts.
    with django_assert_num_queries(12):
        page = client.get("/desk/search/?q=badge")
    assert f"row-{ticket.number}".encode() in page.content
    assert b"Something else" not in page.content
    by_number = client.get(f"/desk/search/?q={ticket.number}", headers=htmx("palette-results"))
    assert b"Badge reader" in by_number.content
    assert b"<html" not in by_number.content


def test_search_never_crosses_organizations(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        cast.ticket("Badge reader at door 3", "It stays red.")
    assert b"Badge" not in sign_in(cast.charlie).get("/desk/search/?q=badge").content


def test_an_article_is_written_and_revised(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.alice)
    form = {"title": "Reset the badge", "body": "Hold it to the reader.", "language": "en"}
    made = client.post("/desk/kb/new/", form | {"state": "published", "category": ""})
    assert made.headers["Location"] == "/desk/kb/reset-the-badge/"
    changed = form | {"body": "Hold it **twice**.", "state": "published", "category": ""}
    client.post("/desk/kb/reset-the-badge/edit/", changed)
    page = client.get("/desk/kb/reset-the-badge/")
    assert b"<strong>twice</strong>" in page.content
    assert b"Version 2" in page.content


def test_an_article_without_a_title_is_refused(cast: Cast, sign_in: SignIn) -> None:
    form = {"title": " ", "body": "x", "language": "en", "state": "draft"}
    answer = sign_in(cast.alice).post("/desk/kb/new/", form)
    assert (answer.status_code, b"Enter a title." in answer.content) == (422, True)
    with organization_scope(cast.nordwerk.pk):
        assert not Article.objects.exists()


def test_a_requester_cannot_write_articles(cast: Cast, sign_in: SignIn) -> None:
    assert sign_in(cast.dana).post("/desk/kb/new/", {"title": "x"}).status_code == 403


def test_more_lists_every_place(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.alice).get("/desk/more/")
    assert b"/desk/kb/" in page.content
    assert b"Sign out" in page.content


def test_the_navigation_is_refetched_alone(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.alice).get("/desk/nav/?at=open", headers=htmx("nav-scroll"))
    assert b'aria-current="page"' in page.content
    assert b"<html" not in page.content


def test_the_component_page_exists_only_in_debug(cast: Cast, sign_in: SignIn) -> None:
    assert sign_in(cast.alice).get("/desk/_components/").status_code == 404
