"""/desk/incidents/: the card, the list, one incident; and the link in the question."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from ai.actions.incidents import ask_affected
from ai.incident_words import sign_member
from ai.models import Surge, SurgeMember
from omnidesk.core.tenancy import organization_scope
from tests.ai.test_incidents import declared, surge_of, written
from tests.ai.views.test_panel import signed_in
from tests.cast import Cast
from tickets.actions.children import open_children
from tickets.models import StatusNotice


def url(name: str, surge: Surge, *more: int) -> str:
    return reverse(f"incidents:{name}", args=[surge.pk, *more])


def test_the_card_stands_on_the_desk_until_somebody_decides(cast: Cast) -> None:
    surge, _ = surge_of(cast)
    alice = signed_in(cast.alice)
    card = alice.get(reverse("incidents:strip")).content.decode()
    assert "4 people, 5 tickets, one problem?" in card
    assert "live:surge" in card
    # A page that keeps no room for it has it below everything; one that does, on top.
    assert 'class="strip-late"' in card
    kept = alice.get(reverse("incidents:strip"), {"place": "1"}).content.decode()
    assert 'class="strip-place"' in kept
    assert 'strip/?place=1"' in kept
    # The next page keeps room for it, as long as there is something to say.
    assert b'class="strip-place"' in alice.get("/desk/v/open/").content
    # The first page of another browser keeps room as well, of another desk's people does not.
    for person, told in ((cast.alice, True), (cast.admin, False)):
        first = signed_in(person).get("/desk/v/open/").content
        assert (b'class="strip-place"' in first) == told
    alice.post(url("dismiss", surge))
    assert "one problem?" not in alice.get(reverse("incidents:strip")).content.decode()
    assert b'class="strip-place"' not in alice.get("/desk/v/open/").content


def test_another_organizations_surge_is_not_there(cast: Cast) -> None:
    surge, _ = surge_of(cast)
    charlie = signed_in(cast.charlie)
    assert "one problem?" not in charlie.get(reverse("incidents:strip")).content.decode()
    assert charlie.get(url("page", surge)).status_code == 404
    assert charlie.post(url("declare", surge), {"subject": "x", "text": "y"}).status_code == 404


def test_requesters_do_not_come_in(cast: Cast) -> None:
    surge, _ = surge_of(cast)
    assert signed_in(cast.dana).get(url("page", surge)).status_code == 302
    assert signed_in(cast.dana).post(url("ask", surge)).status_code == 403


def test_one_click_declares_asks_and_leads_to_the_incident(cast: Cast) -> None:
    surge, people = surge_of(cast)
    bob = signed_in(cast.bob)
    html = bob.get(url("page", surge)).content.decode()
    assert "4 people report the same, since" in html
    answer = bob.post(
        url("declare", surge), {"subject": "VPN is down", "text": "Gateway.", "ask": "1"}
    )
    assert answer.status_code == 302
    with organization_scope(cast.nordwerk.pk):
        surge.refresh_from_db()
        assert surge.ticket is not None
        assert len(open_children(surge.ticket)) == 5
        assert len(written(people[0])) == 1
    html = bob.get(url("page", surge)).content.decode()
    assert "Bob Lead asked 4 people" in html
    assert "Send to 4 people" in html


def test_without_a_subject_nothing_happens(cast: Cast) -> None:
    surge, _ = surge_of(cast)
    answer = signed_in(cast.bob).post(url("declare", surge), {"subject": " ", "text": "x"})
    assert answer.status_code == 422
    assert "Enter a subject." in answer.content.decode()
    with organization_scope(cast.nordwerk.pk):
        assert Surge.objects.get().state == Surge.State.PROPOSED


def test_an_update_pressed_twice_is_sent_once(cast: Cast) -> None:
    surge, people = surge_of(cast)
    with organization_scope(cast.nordwerk.pk):
        declared(cast, surge)
    bob = signed_in(cast.bob)
    data = {"text": "We found the cause.", "key": "0123"}
    assert bob.post(url("update", surge), data).status_code == 302
    assert bob.post(url("update", surge), data).status_code == 422
    with organization_scope(cast.nordwerk.pk):
        assert len(written(people[0])) == 1


def test_one_click_shows_it_on_the_status_page_and_an_update_stands_there_too(cast: Cast) -> None:
    surge, people = surge_of(cast)
    with organization_scope(cast.nordwerk.pk):
        declared(cast, surge)
    bob = signed_in(cast.bob)
    assert "Show on the status page" in bob.get(url("page", surge)).content.decode()
    bob.post(url("show", surge))
    bob.post(url("show", surge))
    page = bob.get(url("page", surge)).content.decode()
    assert "On the status page as “VPN is down”" in page
    bob.post(url("update", surge), {"text": "Cause found.", "key": "0123", "stage": "cause"})
    with organization_scope(cast.nordwerk.pk):
        notice = StatusNotice.objects.get()
        assert (notice.stage, notice.ticket) == ("cause", Surge.objects.get().ticket)
        assert [update.text for update in notice.updates.all()] == ["Cause found.", ""]
        assert [len(written(user)) for user in people] == [1, 1, 1, 1]
    assert signed_in(cast.charlie).post(url("show", surge)).status_code == 404


def test_the_page_needs_few_queries(
    cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    surge, _ = surge_of(cast)
    with organization_scope(cast.nordwerk.pk):
        declared(cast, surge)
    bob = signed_in(cast.bob)
    bob.get(url("page", surge))
    # Scope and session 5, person 2, surge 1, members 1, what was done 1, navigation 2.
    with django_assert_max_num_queries(14):
        bob.get(url("page", surge))


def asked_member(cast: Cast) -> SurgeMember:
    surge, people = surge_of(cast)
    with organization_scope(cast.nordwerk.pk):
        declared(cast, surge)
        ask_affected(surge=surge, user=cast.bob)
        return surge.members.get(person=people[2])


@pytest.mark.parametrize("answer", ["same", "other"])
def test_the_link_answers_without_signing_in(cast: Cast, answer: str) -> None:
    member = asked_member(cast)
    page = reverse("assistant:affected", args=[sign_member(member)])
    nobody = Client()
    shown = nobody.get(page)
    assert shown.status_code == 200
    assert "VPN is down" in shown.content.decode()
    with organization_scope(cast.nordwerk.pk):
        member.refresh_from_db()
        assert member.answer == "none"
    assert nobody.post(page, {"answer": answer}).status_code == 200
    with organization_scope(cast.nordwerk.pk):
        member.refresh_from_db()
        assert member.answer == answer


def test_a_forged_link_opens_nothing(cast: Cast) -> None:
    token = sign_member(asked_member(cast))
    page = reverse("assistant:affected", args=[token[:-2] + "xx"])
    assert Client().get(page).status_code == 404
