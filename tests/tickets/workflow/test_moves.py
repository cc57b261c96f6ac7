"""Moving tickets of every type: by page, API and in bulk, through the same action."""

from collections.abc import Callable

import pytest
from django.test import Client

from omnidesk.accounts.models import Membership
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.intake import Body, Triage, receive_message
from tickets.actions.levels import priority_for
from tickets.actions.lifecycle import set_status
from tickets.actions.reply import add_note, reply
from tickets.actions.triage import Edit, edit_ticket, set_category, set_urgency
from tickets.actions.types import MoveRefused
from tickets.choices import ActorKind, Source
from tickets.models import CustomField, PriorityCell, Status, Ticket, TicketType


def status(key: str) -> Status:
    return Status.objects.get(key=key)


def kind(key: str) -> TicketType:
    return TicketType.objects.get(key=key)


@pytest.fixture
def change(cast: Cast) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        return cast.ticket("New firewall", triage=Triage(type=kind("change")))


@pytest.fixture
def alice(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.alice)
    return client


def test_a_new_ticket_is_an_incident_and_may_go_anywhere(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        assert ticket.type is not None
        assert ticket.type.key == "incident"
        for key in ("on-hold", "closed", "new", "resolved", "open", "waiting"):
            moved = set_status(ticket=ticket, actor=Actor.person(cast.alice), status=status(key))
            assert moved.status.key == key


def test_a_status_of_another_type_is_refused(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        with pytest.raises(MoveRefused) as refusal:
            set_status(
                ticket=cast.ticket(), actor=Actor.person(cast.alice), status=status("scheduled")
            )
        assert "scheduled" not in refusal.value.allowed


def test_a_step_that_is_not_there_is_refused_naming_those_that_are(
    cast: Cast, change: Ticket
) -> None:
    with organization_scope(cast.nordwerk.pk):
        with pytest.raises(MoveRefused, match="Allowed: Being assessed") as refusal:
            set_status(ticket=change, actor=Actor.person(cast.alice), status=status("resolved"))
        assert refusal.value.allowed == ["assessment"]
        change.refresh_from_db()
        assert (change.status.key, change.version) == ("new", 1)


def test_a_required_field_is_named(cast: Cast, change: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        alice = Actor.person(cast.alice)
        set_status(ticket=change, actor=alice, status=status("assessment"))
        with pytest.raises(InvalidChange, match=r"needs: category, assignee\.") as refusal:
            set_status(ticket=change, actor=alice, status=status("approval"))
        assert refusal.value.field == "category"
        edit_ticket(ticket=change, actor=alice, edit=Edit(category=cast.vpn, assignee=cast.alice))
        moved = set_status(ticket=change, actor=alice, status=status("approval"))
        assert moved.pending_reason is not None
        assert moved.pending_reason.key == "team"


def test_a_step_asks_for_its_role(cast: Cast, change: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        Ticket.objects.filter(pk=change.pk).update(
            status=status("approval"), status_category="pending"
        )
        with pytest.raises(InvalidChange, match="cannot move this ticket on"):
            set_status(ticket=change, actor=Actor.person(cast.alice), status=status("scheduled"))
        moved = set_status(ticket=change, actor=Actor.person(cast.bob), status=status("scheduled"))
        assert moved.status.key == "scheduled"


def test_a_machine_follows_the_steps_too(cast: Cast, change: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        rule = Actor.machine(ActorKind.RULE, "Tidy up")
        with pytest.raises(InvalidChange):
            set_status(ticket=change, actor=rule, status=status("resolved"))
        with pytest.raises(InvalidChange, match="internal note"):
            set_status(ticket=change, actor=rule, status=status("closed"))
        add_note(ticket=change, actor=Actor.person(cast.bob), text="Nobody wants it any more")
        assert set_status(ticket=change, actor=rule, status=status("closed")).status.key == "closed"


def test_an_answer_that_would_break_the_workflow_is_not_sent(cast: Cast, change: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        with pytest.raises(InvalidChange):
            reply(
                ticket=change, actor=Actor.person(cast.alice), text="Done",
                status_after=status("resolved"),
            )  # fmt: skip
        assert change.messages.count() == 1


def test_the_first_answer_begins_a_change(cast: Cast, change: Ticket) -> None:
    with organization_scope(cast.nordwerk.pk):
        reply(ticket=change, actor=Actor.person(cast.alice), text="We look at it")
        change.refresh_from_db()
        assert change.status.key == "assessment"


def test_words_of_a_requester_open_a_closed_change_whatever_the_steps_say(
    cast: Cast, change: Ticket
) -> None:
    with organization_scope(cast.nordwerk.pk):
        Ticket.objects.filter(pk=change.pk).update(
            status=status("closed"), status_category="closed"
        )
        receive_message(
            ticket=change, author=cast.dana, body=Body(text="It broke"), source=Source.PORTAL,
            actor=Actor.person(cast.dana),
        )  # fmt: skip
        change.refresh_from_db()
        assert change.status.key == "assessment"


def test_another_type_keeps_the_stage(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket, alice = cast.ticket(), Actor.person(cast.alice)
        set_status(ticket=ticket, actor=alice, status=status("waiting"))
        moved = edit_ticket(ticket=ticket, actor=alice, edit=Edit(type=kind("problem")))
        assert (moved.status.key, moved.status_category) == ("known-error", "pending")
        verbs = list(moved.changes.values_list("verb", flat=True))
        assert "ticket.type_changed" in verbs
        assert moved.pending_reason is None


def test_another_organization_s_type_is_refused(cast: Cast) -> None:
    with organization_scope([cast.nordwerk.pk, cast.lumen.pk]):
        foreign = TicketType.objects.filter(organization=cast.lumen)[0]
        with pytest.raises(InvalidChange, match="another organization"):
            cast.ticket(triage=Triage(type=foreign))
        with pytest.raises(InvalidChange, match="another organization"):
            edit_ticket(
                ticket=cast.ticket(), actor=Actor.person(cast.alice), edit=Edit(type=foreign)
            )


def test_a_ticket_in_a_status_its_type_lost_is_offered_every_way_out(
    cast: Cast, change: Ticket, alice: Client
) -> None:
    with organization_scope(cast.nordwerk.pk):
        Ticket.objects.filter(pk=change.pk).update(status=status("on-hold"))
    page = alice.get(f"/desk/t/{change.number}/").content.decode()
    assert "The workflow has no step from here" in page
    with organization_scope(cast.nordwerk.pk):
        moved = set_status(
            ticket=change, actor=Actor.person(cast.alice), status=status("implementing")
        )
        assert moved.status.key == "implementing"


def test_the_page_offers_only_allowed_moves(cast: Cast, change: Ticket, alice: Client) -> None:
    page = alice.get(f"/desk/t/{change.number}/part/head/").content.decode()
    menu = page.split('set/status/"')[2].split("</form>")[0]
    assert "Being assessed" in menu
    assert "Resolved" not in menu
    with organization_scope(cast.nordwerk.pk):
        set_status(ticket=change, actor=Actor.person(cast.alice), status=status("assessment"))
    page = alice.get(f"/desk/t/{change.number}/part/head/").content.decode()
    assert "needs category, assignee" in page


def test_a_field_that_was_removed_holds_no_ticket_and_the_page_says_so(
    cast: Cast, alice: Client
) -> None:
    """It could never be filled in: the step asks for the rest."""
    with organization_scope(cast.nordwerk.pk):
        shelf = CustomField.objects.create(
            organization=cast.nordwerk, key="shelf", kind="text", label={"en": "Shelf no."}
        )
        incident, ticket = kind("incident"), cast.ticket()
        incident.workflow = {
            "start": "new", "stages": [["new", "open"], ["closed", "closed"]],
            "steps": [["new", "closed", "agent", ["custom:shelf", "note"]]],
        }  # fmt: skip
        incident.save()
    head = f"/desk/t/{ticket.number}/part/head/"
    assert "needs Shelf no., internal note" in alice.get(head).content.decode()
    person = Actor.person(cast.alice)
    with organization_scope(cast.nordwerk.pk):
        with pytest.raises(InvalidChange, match="needs: shelf, internal note"):
            set_status(ticket=ticket, actor=person, status=status("closed"))
        shelf.delete()
        with pytest.raises(InvalidChange, match=r"needs: internal note\."):
            set_status(ticket=ticket, actor=person, status=status("closed"))
    page = alice.get(head).content.decode()
    assert "asks for a custom field that was removed (shelf); it is left out" in page
    with organization_scope(cast.nordwerk.pk):
        add_note(ticket=ticket, actor=person, text="Scrapped")
        ticket.refresh_from_db()
        assert set_status(ticket=ticket, actor=person, status=status("closed")).is_settled


def test_the_page_says_why_and_changes_nothing(change: Ticket, alice: Client, cast: Cast) -> None:
    answer = alice.post(
        f"/desk/t/{change.number}/set/status/", {"value": "solved"}, HTTP_HX_REQUEST="true"
    )
    assert answer.status_code == 200
    assert "cannot go from" in answer["HX-Trigger"].encode().decode("unicode_escape")
    with organization_scope(cast.nordwerk.pk):
        change.refresh_from_db()
        assert change.version == 1


def test_in_bulk_each_refusal_is_named(cast: Cast, change: Ticket, alice: Client) -> None:
    with organization_scope(cast.nordwerk.pk):
        easy = cast.ticket()
    alice.post("/desk/bulk/", {"do": "status:solved", "number": [change.number, easy.number]})
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.get(pk=easy.pk).status.key == "resolved"
        assert Ticket.objects.get(pk=change.pk).status.key == "new"
    told = alice.get("/desk/v/open/").content.decode()
    assert "1 ticket changed · " in told
    assert f" ({change.number})" in told


def test_a_requester_settles_incidents_and_no_changes(cast: Cast, change: Ticket) -> None:
    dana = Client()
    dana.force_login(cast.dana)
    with organization_scope(cast.nordwerk.pk):
        incident = cast.ticket()
    for ticket in (incident, change):
        dana.post(f"/tickets/{ticket.number}/solved/")
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.get(pk=incident.pk).status_category == "solved"
        assert Ticket.objects.get(pk=change.pk).status_category == "open"


def test_the_menu_of_types_and_reasons_can_be_undone(
    cast: Cast, alice: Client, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        set_status(ticket=ticket, actor=Actor.person(cast.alice), status=status("waiting"))
        supplier = status("waiting").pending_reason
        assert supplier is not None
        other = type(supplier).objects.get(organization=cast.nordwerk, key="supplier")
        problem = kind("problem")
    base = f"/desk/t/{ticket.number}/set"
    answer = alice.post(f"{base}/waits/", {"value": other.pk}, HTTP_HX_REQUEST="true")
    assert f"waits/?value={supplier.pk}" in answer["HX-Trigger"]
    assert "Answer of a supplier" in answer.content.decode()
    alice.post(f"{base}/type/", {"value": problem.pk}, HTTP_HX_REQUEST="true")
    with organization_scope(cast.nordwerk.pk):
        assert Ticket.objects.get(pk=ticket.pk).type == problem
    refused = alice.post(f"{base}/type/", {"value": "99999"}, HTTP_HX_REQUEST="true")
    assert "not there any more" in refused["HX-Trigger"]


def test_the_matrix_is_the_organization_s_own(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        cells = PriorityCell.objects.filter(urgency="high", impact="low")
        assert cells.update(priority="critical") == 1
        moved = set_urgency(ticket=cast.ticket(), actor=Actor.person(cast.alice), urgency="high")
        assert moved.priority == "critical"
        cells.delete()
        assert priority_for(cast.nordwerk.pk, "high", "low") == "high"
    with organization_scope(cast.lumen.pk):
        assert priority_for(cast.lumen.pk, "high", "low") == "high"


def test_a_ticket_without_a_type_counts_as_the_usual_one(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        Ticket.objects.filter(pk=ticket.pk).update(type=None)
        alice = Actor.person(cast.alice)
        assert set_status(ticket=ticket, actor=alice, status=status("closed")).closed_at
        with pytest.raises(MoveRefused):
            set_status(ticket=ticket, actor=alice, status=status("scheduled"))
        assert set_category(ticket=ticket, actor=alice, category=cast.vpn).category == cast.vpn


def test_roles_are_those_of_the_ticket_s_organization(cast: Cast, change: Ticket) -> None:
    with organization_scope([cast.nordwerk.pk, cast.lumen.pk]):
        Membership.objects.create(user=cast.alice, organization=cast.lumen, role="lead")
        Ticket.objects.filter(pk=change.pk).update(
            status=Status.objects.get(organization=cast.nordwerk, key="approval"),
            status_category="pending",
        )
        target = Status.objects.get(organization=cast.nordwerk, key="scheduled")
        with pytest.raises(InvalidChange):
            set_status(ticket=change, actor=Actor.person(cast.alice), status=target)
