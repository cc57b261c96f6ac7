"""Checklists: on tickets, attached by category and form, and what they hold up."""

import pytest

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.test_request_forms import build
from tests.tickets.views.conftest import SignIn, htmx, sign_in
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.catalog import default_status
from tickets.actions.checklists import (
    MOST_ITEMS,
    add_item,
    attach_template,
    move_item,
    remove_item,
    tick_item,
)
from tickets.actions.intake import Triage
from tickets.actions.lifecycle import set_status
from tickets.actions.triage import set_category
from tickets.choices import StatusCategory
from tickets.models import ChecklistItem, ChecklistStep, ChecklistTemplate, Ticket

__all__ = ["sign_in"]


def template(cast: Cast, name: str = "VPN", **more: object) -> ChecklistTemplate:
    row = ChecklistTemplate.objects.create(organization=cast.nordwerk, name=name, **more)
    for position, (text, required) in enumerate((("Ask for the log", False), ("Test", True))):
        ChecklistStep.objects.create(
            organization=cast.nordwerk, template=row, text=text, is_required=required,
            position=position,
        )  # fmt: skip
    return row


def texts(ticket: Ticket) -> list[str]:
    return [item.text for item in ticket.checklist.all()]


def test_a_category_brings_its_list_once(cast: Cast) -> None:
    alice = Actor.person(cast.alice)
    with organization_scope(cast.nordwerk.pk):
        template(cast, category=cast.vpn)
        opened = cast.ticket(triage=Triage(category=cast.vpn))
        assert texts(opened) == ["Ask for the log", "Test"]
        sorted_later = cast.ticket()
        assert texts(sorted_later) == []
        for category in (cast.vpn, cast.printing, cast.vpn):
            set_category(ticket=sorted_later, actor=alice, category=category)
        assert texts(sorted_later) == ["Ask for the log", "Test"]
        assert sorted_later.changes.filter(verb="checklist.attached").count() == 1


def test_a_form_brings_its_list(cast: Cast, sign_in: SignIn) -> None:
    form = build(cast)
    with organization_scope(cast.nordwerk.pk):
        template(cast, name="Joiner", form=form)
    sign_in(cast.dana).post("/new/colleague/", {"f_new_name": "Kim"})
    with organization_scope(cast.nordwerk.pk):
        assert texts(Ticket.objects.get()) == ["Ask for the log", "Test"]


def test_steps_are_ticked_moved_and_taken_off_with_a_trace(cast: Cast) -> None:
    alice = Actor.person(cast.alice)
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        first, second = (add_item(ticket=ticket, actor=alice, text=t) for t in ("One", "Two"))
        move_item(ticket=ticket, actor=alice, item_id=second.pk, by=-1)
        move_item(ticket=ticket, actor=alice, item_id=second.pk, by=-1)
        assert texts(ticket) == ["Two", "One"]
        tick_item(ticket=ticket, actor=alice, item_id=first.pk, done=True)
        again = tick_item(ticket=ticket, actor=Actor.person(cast.bob), item_id=first.pk, done=True)
        assert again.done_by == cast.alice
        tick_item(ticket=ticket, actor=alice, item_id=first.pk, done=False)
        remove_item(ticket=ticket, actor=alice, item_id=first.pk)
        assert texts(ticket) == ["Two"]
        log = list(ticket.changes.filter(field="checklist").values_list("verb", flat=True))
    assert log == [
        "checklist.added", "checklist.added", "checklist.moved", "checklist.ticked",
        "checklist.unticked", "checklist.removed",
    ]  # fmt: skip


def test_a_required_step_holds_the_desk_up_but_never_the_requester(cast: Cast) -> None:
    alice, dana = Actor.person(cast.alice), Actor.person(cast.dana)
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        item = add_item(ticket=ticket, actor=alice, text="Test the VPN", required=True)
        solved = default_status(cast.nordwerk.pk, StatusCategory.SOLVED)
        with pytest.raises(InvalidChange, match="1 required step is open: Test the VPN"):
            set_status(ticket=ticket, actor=alice, status=solved)
        with pytest.raises(InvalidChange, match="Only a lead"):
            remove_item(ticket=ticket, actor=alice, item_id=item.pk)
        other = cast.ticket()
        add_item(ticket=other, actor=alice, text="x", required=True)
        assert set_status(ticket=other, actor=dana, status=solved).is_settled
        tick_item(ticket=ticket, actor=alice, item_id=item.pk, done=True)
        assert set_status(ticket=ticket, actor=alice, status=solved).is_settled


def test_hostile_steps_are_refused(cast: Cast) -> None:
    alice = Actor.person(cast.alice)
    with organization_scope([cast.nordwerk.pk, cast.lumen.pk]):
        ticket, other = cast.ticket(), cast.ticket()
        foreign = ChecklistTemplate.objects.create(organization=cast.lumen, name="Foreign")
        with pytest.raises(InvalidChange):
            attach_template(ticket=ticket, actor=alice, template=foreign)
        with pytest.raises(InvalidChange):
            add_item(ticket=ticket, actor=alice, text=" \n ")
        long = add_item(ticket=ticket, actor=alice, text="x" * 5000)
        assert len(long.text) == 300
        with pytest.raises(InvalidChange):
            tick_item(ticket=other, actor=alice, item_id=long.pk, done=True)
        ChecklistItem.objects.bulk_create(
            ChecklistItem(organization=cast.nordwerk, ticket=ticket, text=str(n), position=n)
            for n in range(MOST_ITEMS - 1)
        )
        with pytest.raises(InvalidChange, match="at most 100"):
            add_item(ticket=ticket, actor=alice, text="One more")


def test_the_page_works_with_and_without_script(cast: Cast, sign_in: SignIn) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket, row = cast.ticket(), template(cast)
    alice = sign_in(cast.alice)
    url = f"/desk/t/{ticket.number}/checklist/"
    added = alice.post(url, {"do": "add", "text": "Call <b>Dana</b>"}, headers=htmx())
    assert b"Call &lt;b&gt;Dana" in added.content
    assert alice.post(url, {"do": f"attach:{row.pk}"}).status_code == 302
    with organization_scope(cast.nordwerk.pk):
        first = ticket.checklist.all()[0]
    ticked = alice.post(url, {"do": f"tick:{first.pk}"}, headers=htmx()).content.decode()
    assert 'aria-checked="true"' in ticked
    assert "1/3" in ticked
    assert b"1/3" in alice.get("/desk/v/open/").content
    refused = alice.post(url, {"do": "add", "text": ""}, headers=htmx())
    assert (refused.status_code, b"Say what is to be done." in refused.content) == (422, True)
    for wrong in ("tick:0", "tick:99999999999999999999", "tick:x", "up:"):
        assert alice.post(url, {"do": wrong}).status_code == 422
    for wrong in ("", "eat:1", "attach:1x", f"attach:{10**30}"):
        assert alice.post(url, {"do": wrong}).status_code == 404
    assert sign_in(cast.dana).post(url, {"do": "add", "text": "x"}).status_code == 403
    assert sign_in(cast.charlie).post(url, {"do": "add", "text": "x"}).status_code == 404
