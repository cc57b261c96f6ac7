"""tickets/{number}/checklist/ and tickets/{number}/time/."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.api.conftest import Client
from tests.cast import Cast
from tickets.actions.base import Actor
from tickets.actions.checklists import add_item
from tickets.actions.timekeeping import add_time
from tickets.models import Change, Ticket, TimeEntry


@pytest.fixture
def bob(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.bob)
    return client


def url(ticket: Ticket, rest: str) -> str:
    return f"/api/v1/tickets/{ticket.number}/{rest}"


class TestChecklist:
    def test_steps_are_listed_added_ticked_and_taken_off(
        self, alice: Client, ticket: Ticket, cast: Cast
    ) -> None:
        made = alice.post(url(ticket, "checklist/"), {"text": "Call back"}, format="json")
        assert made.status_code == 201
        step = url(ticket, f"checklist/{made.json()['id']}/")
        for _ in range(2):
            ticked = alice.patch(step, {"done": True}, format="json").json()
        assert ticked["done_by"]["email"] == "alice@nordwerk.example"
        assert ticked["done_at"]
        assert alice.get(url(ticket, "checklist/")).json() == [ticked]
        assert alice.patch(step, {"done": False}, format="json").json()["done_at"] is None
        with organization_scope(cast.nordwerk.pk):
            verbs = Change.objects.filter(ticket=ticket, verb__startswith="checklist")
            assert list(verbs.order_by("pk").values_list("verb", flat=True)) == [
                "checklist.added", "checklist.ticked", "checklist.unticked",
            ]  # fmt: skip
        assert alice.delete(step).status_code == 204
        alice.problem(alice.patch(step, {"done": True}, format="json"), 404, "not-found")

    def test_only_a_lead_takes_a_required_step_off(
        self, alice: Client, bob: Client, ticket: Ticket
    ) -> None:
        given = {"text": "Back up", "required": True}
        made = alice.post(url(ticket, "checklist/"), given, format="json").json()
        step = url(ticket, f"checklist/{made['id']}/")
        refused = alice.delete(step)
        assert refused.status_code in {400, 422}
        assert "Only a lead" in refused.json()["detail"]
        assert bob.delete(step).status_code == 204

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({}, "text"), ({"text": ""}, "text"), ({"text": 1}, "text"),
            ({"text": "x" * 301}, "text"), ({"text": "x", "required": "perhaps"}, "required"),
            ({"text": "x", "done": True}, "done"),
        ],
    )  # fmt: skip
    def test_nonsense_is_named(
        self, alice: Client, ticket: Ticket, given: object, field: str
    ) -> None:
        answer = alice.post(url(ticket, "checklist/"), given, format="json")
        assert field in alice.problem(answer, 400, "invalid")["errors"]

    def test_a_step_of_another_ticket_is_not_there(
        self, alice: Client, ticket: Ticket, cast: Cast
    ) -> None:
        with organization_scope(cast.nordwerk.pk):
            other = cast.ticket("Other")
            item = add_item(ticket=other, actor=Actor.person(cast.alice), text="x")
        for pk in (item.pk, 10**25):
            step = url(ticket, f"checklist/{pk}/")
            alice.problem(alice.patch(step, {"done": True}, format="json"), 404, "not-found")
            alice.problem(alice.delete(step), 404, "not-found")

    def test_requesters_and_outsiders_are_kept_out(
        self, dana: Client, charlie: Client, client: Client, ticket: Ticket
    ) -> None:
        path = url(ticket, "checklist/")
        dana.problem(dana.get(path), 403, "forbidden")
        dana.problem(dana.post(path, {"text": "x"}, format="json"), 403, "forbidden")
        charlie.problem(charlie.get(path), 404, "not-found")
        client.problem(client.get(path), 401, "not-authenticated")

    def test_a_long_list_costs_the_same(
        self,
        cast: Cast,
        alice: Client,
        ticket: Ticket,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        alice.get(url(ticket, "checklist/"))
        for count in (1, 20):
            with organization_scope(cast.nordwerk.pk):
                for n in range(count):
                    add_item(ticket=ticket, actor=Actor.person(cast.alice), text=f"{count} {n}")
            # The request (5) and its end (2); the ticket, the steps with who ticked them.
            with django_assert_num_queries(9):
                alice.get(url(ticket, "checklist/"))


class TestTime:
    def test_time_is_written_down_summed_and_taken_away(
        self, alice: Client, ticket: Ticket
    ) -> None:
        path = url(ticket, "time/")
        given = {"minutes": 30, "note": "On the phone", "billable": True, "day": "2026-01-05"}
        made = alice.post(path, given, format="json")
        assert made.status_code == 201
        assert made.json()["day"] == "2026-01-05"
        alice.post(path, {"minutes": 5}, format="json")
        shown = alice.get(path).json()
        assert (shown["total"], shown["billable"], len(shown["entries"])) == (35, 30, 2)
        assert shown["entries"][0]["person"]["email"] == "alice@nordwerk.example"
        assert alice.delete(f"{path}{made.json()['id']}/").status_code == 204
        assert alice.get(path).json()["total"] == 5

    def test_only_a_lead_takes_other_people_s_time_away(
        self, alice: Client, bob: Client, ticket: Ticket
    ) -> None:
        path = url(ticket, "time/")
        theirs = bob.post(path, {"minutes": 10}, format="json").json()["id"]
        refused = alice.delete(f"{path}{theirs}/")
        assert refused.status_code in {400, 422}
        assert "Only a lead" in refused.json()["detail"]
        mine = alice.post(path, {"minutes": 10}, format="json").json()["id"]
        assert bob.delete(f"{path}{mine}/").status_code == 204

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({}, "minutes"), ({"minutes": 0}, "minutes"), ({"minutes": 1441}, "minutes"),
            ({"minutes": "x"}, "minutes"), ({"minutes": 2**70}, "minutes"),
            ({"minutes": 5, "day": "2026-13-01"}, "day"),
            ({"minutes": 5, "note": "x" * 301}, "note"),
            ({"minutes": 5, "billable": []}, "billable"),
            ({"minutes": 5, "person": "bob@nordwerk.example"}, "person"),
        ],
    )  # fmt: skip
    def test_nonsense_is_named(
        self, alice: Client, ticket: Ticket, given: object, field: str
    ) -> None:
        answer = alice.post(url(ticket, "time/"), given, format="json")
        assert field in alice.problem(answer, 400, "invalid")["errors"]

    def test_a_day_to_come_is_refused(self, alice: Client, ticket: Ticket, cast: Cast) -> None:
        day = (now() + timedelta(days=5)).date().isoformat()
        refused = alice.post(url(ticket, "time/"), {"minutes": 5, "day": day}, format="json")
        assert "day" in refused.json()["errors"]
        with organization_scope(cast.nordwerk.pk):
            assert not TimeEntry.objects.exists()

    def test_others_are_kept_out_and_entries_of_another_ticket_are_not_there(
        self, alice: Client, dana: Client, charlie: Client, ticket: Ticket, cast: Cast
    ) -> None:
        path = url(ticket, "time/")
        dana.problem(dana.get(path), 403, "forbidden")
        dana.problem(dana.post(path, {"minutes": 5}, format="json"), 403, "forbidden")
        charlie.problem(charlie.get(path), 404, "not-found")
        with organization_scope(cast.nordwerk.pk):
            entry = add_time(ticket=cast.ticket("Other"), person=cast.alice, minutes=5)
        for pk in (entry.pk, 10**25):
            alice.problem(alice.delete(f"{path}{pk}/"), 404, "not-found")

    def test_many_entries_cost_the_same(
        self,
        cast: Cast,
        alice: Client,
        ticket: Ticket,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        alice.get(url(ticket, "time/"))
        for count in (1, 20):
            with organization_scope(cast.nordwerk.pk):
                for _ in range(count):
                    add_time(ticket=ticket, person=cast.alice, minutes=5)
            # The request (5) and its end (2); the ticket, the entries with their people.
            with django_assert_num_queries(9):
                alice.get(url(ticket, "time/"))
