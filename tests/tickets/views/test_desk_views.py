"""Saved views and the filter builder, as an agent meets them without script."""

import json
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from omnidesk.accounts.models import Team
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn, htmx
from tickets.actions.base import Actor
from tickets.actions.triage import Edit, edit_ticket, set_priority
from tickets.desk_lists import PAGE_SIZE
from tickets.models import SavedView, Ticket

URGENT = {"all": [{"field": "priority", "op": "one_of", "value": ["critical"]}]}


def where(data: object) -> str:
    return "where=" + quote(json.dumps(data))


def rows(client: Client, url: str) -> int:
    answer = client.get(url, headers=htmx("rows"))
    assert answer.status_code == 200, url
    return answer.content.count(b"data-row ")


@pytest.fixture
def urgent(cast: Cast) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        cast.ticket("Toner")
        ticket = cast.ticket("The gateway is down")
        set_priority(ticket=ticket, actor=Actor.person(cast.alice), priority="critical")
        return ticket


def saved(cast: Cast) -> SavedView:
    with organization_scope(cast.nordwerk.pk):
        return SavedView.objects.get()


def test_a_filter_is_saved_as_a_view_of_ones_own(
    cast: Cast, sign_in: SignIn, urgent: Ticket
) -> None:
    client = sign_in(cast.alice)
    page = client.get(f"/desk/v/open/?{where(URGENT)}&sort=due")
    assert b"Save as view" in page.content
    answer = client.post(
        f"/desk/v/open/save/?{where(URGENT)}&sort=due&columns=number,subject,team",
        {"name": "On fire", "whose": "me", "layout": "table", "position": 5},
    )
    view = saved(cast)
    assert answer.headers["Location"] == f"/desk/v/view-{view.pk}/"
    assert (view.owner, view.sort, view.position) == (cast.alice, "due", 5)
    assert view.columns == ["number", "subject", "team"]
    page = client.get(f"/desk/v/view-{view.pk}/")
    assert b"The gateway is down" in page.content
    assert b"Toner" not in page.content
    assert page.content.count(b'<th scope="col"') == 4  # three and the tick
    assert b"On fire" in client.get("/desk/v/open/").content
    assert b"On fire" not in sign_in(cast.bob).get("/desk/v/open/").content
    assert sign_in(cast.bob).get(f"/desk/v/view-{view.pk}/").status_code == 404


def test_only_a_lead_shares_and_the_team_sees_it(cast: Cast, sign_in: SignIn) -> None:
    form = {"name": "Ours", "whose": f"team:{cast.network.pk}", "layout": "split", "position": 1}
    assert sign_in(cast.alice).post("/desk/v/open/save/", form).status_code == 422
    assert sign_in(cast.bob).post("/desk/v/open/save/", form).status_code == 302
    view = saved(cast)
    assert (view.owner_id, view.team_id) == (None, cast.network.pk)
    alice = sign_in(cast.alice)
    assert b"Ours" in alice.get("/desk/v/open/").content
    for path in ("", "update/", "delete/"):
        assert alice.post(f"/desk/views/{view.pk}/{path}", form).status_code == 403, path
    with organization_scope(cast.nordwerk.pk):
        Team.objects.get(pk=cast.network.pk).team_memberships.all().delete()
    assert b"Ours" not in sign_in(cast.alice).get("/desk/v/open/").content


def test_a_saved_view_is_changed_in_place_and_deleted(
    cast: Cast, sign_in: SignIn, urgent: Ticket
) -> None:
    client = sign_in(cast.alice)
    form = {"name": "Mine too", "whose": "me", "layout": "table", "position": 5}
    client.post(f"/desk/v/all/save/?{where(URGENT)}", form)
    view = saved(cast)
    url = f"/desk/v/view-{view.pk}/"
    assert rows(client, url) == 1
    # An empty filter in the address replaces the view's own.
    assert rows(client, f"{url}?where=") == 2
    assert b"Unsaved changes" in client.get(f"{url}?where=").content
    client.post(f"/desk/views/{view.pk}/update/?where=&sort=number")
    assert (saved(cast).condition, saved(cast).sort) == ({"all": []}, "number")
    client.post(f"/desk/views/{view.pk}/", {**form, "name": "Renamed"})
    assert saved(cast).name == "Renamed"
    client.post(f"/desk/views/{view.pk}/delete/")
    assert client.get(url).status_code == 404


def test_another_organization_never_sees_a_view(cast: Cast, sign_in: SignIn) -> None:
    form = {
        "name": "Secret", "whose": f"desk:{cast.nordwerk.pk}", "layout": "table", "position": 1,
    }  # fmt: skip
    sign_in(cast.bob).post("/desk/v/open/save/", form)
    charlie = sign_in(cast.charlie)
    assert b"Secret" not in charlie.get("/desk/v/open/").content
    assert charlie.get(f"/desk/v/view-{saved(cast).pk}/").status_code == 404


def test_views_cost_the_page_no_query_of_their_own(
    cast: Cast, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = sign_in(cast.alice)
    with organization_scope(cast.nordwerk.pk):
        cast.ticket()
    for name in ("One", "Two", "Three"):
        form = {"name": name, "whose": "me", "layout": "table", "position": 1}
        client.post(f"/desk/v/open/save/?{where(URGENT)}", form)
    client.get("/desk/v/open/?layout=table")
    # As a list without saved views (test_desk_list).
    with django_assert_num_queries(10):
        page = client.get("/desk/v/open/?layout=table&columns=number,subject,tags,organization")
    assert page.content.count(b'class="nav__label truncate">T') >= 2


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "7", '{"all": 1}', '{"field": "nonsense", "op": "is"}', "x" * 9000,
     '{"field": "text", "op": "is", "value": "x"}', "[" * 5000,
     '{"field": "created", "op": "less", "value": "0000-99-99"}',
     '{"field": "subject", "op": "is", "value": "a\\u0000b"}',
     '{"field": "custom.gone", "op": "is", "value": "x"}'],
)  # fmt: skip
def test_a_filter_that_cannot_be_asked_is_a_sentence(
    cast: Cast, sign_in: SignIn, urgent: Ticket, text: str
) -> None:
    client = sign_in(cast.alice)
    page = client.get("/desk/v/open/", {"where": text})
    assert page.status_code == 200
    assert b"strip--warn" in page.content
    assert b"data-row " not in page.content
    assert client.get("/desk/v/open/filter/", {"where": text}).status_code == 200


def test_a_team_that_is_gone_is_said_and_finds_nothing(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        cast.ticket()
    gone = {"all": [{"field": "team", "op": "one_of", "value": [10**9]}]}
    page = sign_in(cast.alice).get(f"/desk/v/open/?{where(gone)}")
    assert "names something that is not there any more" in page.content.decode()
    assert b"data-row " not in page.content


def test_the_builder_works_step_by_step_as_a_plain_form(
    cast: Cast, sign_in: SignIn, urgent: Ticket
) -> None:
    client = sign_in(cast.alice)
    url = "/desk/v/open/filter/"
    assert b'name="f0"' in client.get(url).content
    form = {"m": "all", "g0": "0", "f0": "priority", "o0": "one_of", "v0": ["critical", "high"]}
    page = client.get(url, {**form, "act": "group"})
    assert b'name="f1"' in page.content
    assert b"Not complete yet" in page.content
    assert b">1 ticket</output>" in client.get(url, {**form, "act": "refresh"}).content
    form |= {"g1": "1", "f1": "text", "o1": "contains", "v1": "gateway"}
    form |= {"g2": "1", "f2": "assignee", "o2": "one_of", "v2": "me"}
    answer = client.get(url, {**form, "act": "apply"})
    assert answer.status_code == 302
    target = urlsplit(answer.headers["Location"])
    assert json.loads(parse_qs(target.query)["where"][0]) == {
        "all": [
            {"field": "priority", "op": "one_of", "value": ["critical", "high"]},
            {"any": [
                {"field": "text", "op": "contains", "value": "gateway"},
                {"field": "assignee", "op": "one_of", "value": ["me"]},
            ]},
        ]
    }  # fmt: skip
    assert rows(client, answer.headers["Location"]) == 1
    page = client.get(url, {**form, "act": "drop-1"})
    assert b"gateway" not in page.content
    again = client.get(f"{url}?{target.query}")
    assert again.content.count(b'name="f') == 3


def test_what_is_missing_is_said_beside_its_row(cast: Cast, sign_in: SignIn) -> None:
    form = {"m": "all", "g0": "0", "f0": "created", "o0": "less", "v0": "whenever", "act": "apply"}
    page = sign_in(cast.alice).get("/desk/v/open/filter/", form)
    assert page.status_code == 422
    assert b'value="whenever"' in page.content
    assert b'aria-describedby="filter-e0"' in page.content


def test_pages_follow_each_other_by_place(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        for number in range(PAGE_SIZE * 2 + 5):
            ticket = cast.ticket(f"Ticket {number:03}")
            if number % 3:
                edit_ticket(
                    ticket=ticket, actor=Actor.person(cast.alice), edit=Edit(category=cast.vpn)
                )
    client = sign_in(cast.alice)
    for sort in ("subject", "-subject", "category", "-category", "-activity", "-priority", "due"):
        seen = walk(client, f"/desk/v/open/?layout=table&sort={sort}")
        assert [len(page) for page in seen] == [PAGE_SIZE, PAGE_SIZE, 5], sort
        assert len({number for page in seen for number in page}) == PAGE_SIZE * 2 + 5, sort


def walk(client: Client, url: str) -> list[list[str]]:
    """The rows of each page to the last; on the way each page's way back is tried."""
    seen: list[list[str]] = []
    step = ""
    while True:
        page = client.get(url + step)
        seen.append([part.split('"')[0] for part in page.content.decode().split('id="row-')[1:]])
        if len(seen) > 1:
            back = page.context["page"].previous
            earlier = client.get(f"{url}&before={back}").content.decode()
            assert [p.split('"')[0] for p in earlier.split('id="row-')[1:]] == seen[-2]
        following = page.context["page"].following
        if not following:
            return seen
        step = f"&after={following}"


@pytest.mark.parametrize("place", ["x", "AAAA", "W10", "bnVsbA", "WzEsLTJd", "a" * 2000])
def test_a_broken_place_is_the_first_page(cast: Cast, sign_in: SignIn, place: str) -> None:
    with organization_scope(cast.nordwerk.pk):
        cast.ticket()
    client = sign_in(cast.alice)
    for sort in ("activity", "subject", "due", "priority"):
        assert rows(client, f"/desk/v/open/?sort={sort}&after={place}") == 1
