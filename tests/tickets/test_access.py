"""The gate: who reaches which ticket."""

import pytest
from django.core.exceptions import PermissionDenied

from omnidesk.accounts.actions import add_member
from omnidesk.accounts.models import Membership, User
from omnidesk.accounts.roles import Role
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast, person
from tickets.access import (
    TicketNotFound,
    access_ticket,
    home_organization,
    readable_articles,
    readable_messages,
    visible_tickets,
)
from tickets.actions.base import Actor
from tickets.actions.knowledge import save_article
from tickets.actions.lifecycle import delete_ticket, restore_ticket
from tickets.actions.reply import add_note


def test_requester_and_agents_reach_the_ticket(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        number = cast.ticket().number
        for user in (cast.dana, cast.alice, cast.bob, cast.admin):
            assert access_ticket(user, number).number == number


def test_an_outsider_gets_the_same_answer_as_for_no_ticket(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        number = cast.ticket().number
    # Even with both organizations in scope the gate itself says no.
    with organization_scope([cast.nordwerk.pk, cast.lumen.pk]):
        with pytest.raises(TicketNotFound) as foreign:
            access_ticket(cast.charlie, number)
        with pytest.raises(TicketNotFound) as missing:
            access_ticket(cast.charlie, number + 1000)
    assert str(foreign.value).replace(str(number), "N") == str(missing.value).replace(
        str(number + 1000), "N"
    )


def test_a_colleague_does_not_read_somebody_elses_ticket(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        number = cast.ticket().number
        erin = person("erin@nordwerk.example", "Erin")
        with pytest.raises(TicketNotFound):
            access_ticket(erin, number)


def test_who_may_read_everybodys_tickets_reads_and_no_more(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        add_note(ticket=ticket, actor=Actor.person(cast.bob), text="For the desk alone.")
        erin = person("erin@nordwerk.example", "Erin")
        add_member(organization=cast.nordwerk, user=erin, role=Role.REQUESTER)
        Membership.objects.filter(user=erin).update(reads_all=True)
    with organization_scope([cast.nordwerk.pk, cast.lumen.pk], user_id=erin.pk):
        assert access_ticket(erin, ticket.number) == ticket
        assert [m.is_opening for m in readable_messages(erin, ticket)] == [True]
        for need in ("write", "work", "manage"):
            with pytest.raises(PermissionDenied):
                access_ticket(erin, ticket.number, need=need)
        Membership.objects.filter(user=erin).update(organization=cast.lumen)
        with pytest.raises(TicketNotFound):
            access_ticket(User.objects.get(pk=erin.pk), ticket.number)


@pytest.mark.parametrize("number", ["0", "-1", "abc", "", "9" * 40, "1.5", "٣x", 2**63])
def test_a_number_that_cannot_exist_is_not_found(cast: Cast, number: str | int) -> None:
    with organization_scope(cast.nordwerk.pk), pytest.raises(TicketNotFound):
        access_ticket(cast.alice, number)


def test_work_is_for_agents_and_deletion_for_administrators(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        number = cast.ticket().number
        with pytest.raises(PermissionDenied):
            access_ticket(cast.dana, number, need="work")
        with pytest.raises(PermissionDenied):
            access_ticket(cast.bob, number, need="manage")
        assert access_ticket(cast.admin, number, need="manage").number == number


def test_a_deleted_ticket_is_gone_until_it_is_restored(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        actor = Actor.person(cast.admin)
        delete_ticket(ticket=ticket, actor=actor)
        with pytest.raises(TicketNotFound):
            access_ticket(cast.dana, ticket.number)
        assert not visible_tickets(cast.alice).exists()
        binned = access_ticket(cast.admin, ticket.number, need="manage", deleted=True)
        restore_ticket(ticket=binned, actor=actor)
        assert access_ticket(cast.dana, ticket.number).number == ticket.number


def test_drafts_are_for_the_desk(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        for state in ("draft", "published"):
            save_article(
                organization_id=cast.nordwerk.pk,
                title=f"Article {state}",
                body="Text",
                author=cast.alice,
                state=state,
            )
        assert [a.state for a in readable_articles(cast.dana)] == ["published"]
        assert readable_articles(cast.alice).count() == 2
        assert readable_articles(cast.charlie).count() == 0


def test_somebody_without_an_organization_is_told_so(cast: Cast) -> None:
    with organization_scope(()):
        stranger = User.objects.create_user("s@else.example")
        with pytest.raises(PermissionDenied, match="organization"):
            home_organization(stranger)
