"""An incident made of a surge: its tickets, one question to each person, updates, answers."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from ai.actions.incidents import (
    answer_membership,
    ask_affected,
    broadcast,
    declare_incident,
    hear_answer,
    link_new_members,
)
from ai.actions.surges import Noticed, dismiss_surge, grow_surge, raise_surge
from ai.models import Surge
from omnidesk.accounts.models import User
from omnidesk.core.tenancy import organization_scope
from tests.ai.test_surging import reporters
from tests.cast import Cast
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.children import open_children, solve_children
from tickets.actions.intake import Body, Triage, open_ticket, receive_message
from tickets.actions.links import link_tickets
from tickets.choices import Source
from tickets.linking import Relation
from tickets.models import Change, Message, Ticket


def opened(cast: Cast, user: User, subject: str, language: str = "en") -> Ticket:
    """A ticket of `user` about the VPN; call inside a scope of Nordwerk."""
    return open_ticket(
        organization_id=cast.nordwerk.pk,
        requester=user,
        subject=subject,
        body=Body(text="The gateway does not answer since eight."),
        source=Source.EMAIL,
        actor=Actor.person(user),
        triage=Triage(category=cast.vpn, language=language),
    )


def surge_of(cast: Cast) -> tuple[Surge, list[User]]:
    """A proposed surge of five tickets by four people, the first of whom wrote two."""
    people = reporters(cast.nordwerk, 4)
    with organization_scope(cast.nordwerk.pk):
        tickets = [opened(cast, user, f"No VPN, gateway {n}") for n, user in enumerate(people)]
        tickets.append(opened(cast, people[0], "VPN still dead", "de"))
        noticed = Noticed(
            ticket_ids=[ticket.pk for ticket in tickets],
            title_of=tickets[0].pk,
            words=["vpn", "gateway"],
            usual=0.2,
        )
        surge = raise_surge(organization_id=cast.nordwerk.pk, noticed=noticed)
        assert surge is not None
    return surge, people


def declared(cast: Cast, surge: Surge) -> Ticket:
    return declare_incident(surge=surge, user=cast.bob, subject="VPN is down", text="Gateway.")


def written(user: User | None = None) -> list[Message]:
    """What the desk wrote in public."""
    rows = Message.objects.filter(from_requester=False, kind="public").order_by("pk")
    return list(rows if user is None else rows.filter(ticket__requester=user))


def test_one_click_makes_a_parent_with_the_tickets_as_children(cast: Cast) -> None:
    surge, _ = surge_of(cast)
    with organization_scope(cast.nordwerk.pk):
        parent = declared(cast, surge)
        assert len(open_children(parent)) == 5
        assert parent.category == cast.vpn
        assert parent.type is not None
        assert parent.type.key == "incident"
        assert parent.impact == "medium"
        assert declared(cast, surge).pk == parent.pk
        assert Change.objects.filter(ticket=parent, verb="ticket.incident_declared").count() == 1
        assert written() == []


def test_each_person_is_asked_by_one_mail(cast: Cast) -> None:
    surge, people = surge_of(cast)
    with organization_scope(cast.nordwerk.pk):
        parent = declared(cast, surge)
        assert ask_affected(surge=surge, user=cast.bob).people == 4
        assert ask_affected(surge=surge, user=cast.bob).people == 0
        assert [len(written(user)) for user in people] == [1, 1, 1, 1]
        [question] = written(people[1])
        assert str(parent.number) in question.text
        assert "/assistant/incident/" in question.text
        assert question.delivery_state == "queued"


def test_a_ticket_keeps_its_place_in_the_queue_when_its_requester_is_asked(cast: Cast) -> None:
    surge, people = surge_of(cast)
    with organization_scope(cast.nordwerk.pk):
        declared(cast, surge)
        ask_affected(surge=surge, user=cast.bob)
        ticket = Ticket.objects.filter(requester=people[1]).get()
        assert ticket.assignee is None
        assert ticket.first_response_at is None


@pytest.mark.slow
def test_four_hands_at_once_ask_each_person_once(live_cast: Cast) -> None:
    surge, people = surge_of(live_cast)
    with organization_scope(live_cast.nordwerk.pk):
        declared(live_cast, surge)

    def ask(_: int) -> int:
        try:
            with organization_scope(live_cast.nordwerk.pk):
                return ask_affected(surge=surge, user=live_cast.bob).people
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(ask, range(4))) == [0, 0, 0, 4]
    with organization_scope(live_cast.nordwerk.pk):
        assert [len(written(user)) for user in people] == [1, 1, 1, 1]


def test_an_update_reaches_everybody_once(cast: Cast) -> None:
    surge, people = surge_of(cast)
    with organization_scope(cast.nordwerk.pk):
        parent = declared(cast, surge)
        text = "A second gateway takes over at ten."
        assert broadcast(surge=surge, user=cast.bob, text=text, key="a1").people == 4
        with pytest.raises(InvalidChange, match="sent already"):
            broadcast(surge=surge, user=cast.bob, text=text, key="a1")
        assert [len(written(user)) for user in people] == [1, 1, 1, 1]
        assert parent.messages.filter(kind="internal", text=text).count() == 1
        assert broadcast(surge=surge, user=cast.bob, text="It works.", key="a2").people == 4


def test_who_says_no_leaves_the_incident_and_hears_nothing_more(cast: Cast) -> None:
    surge, people = surge_of(cast)
    with organization_scope(cast.nordwerk.pk):
        parent = declared(cast, surge)
        ask_affected(surge=surge, user=cast.bob)
        ticket = Ticket.objects.get(requester=people[1])
        message = receive_message(
            ticket=ticket,
            author=people[1],
            body=Body(text="No, mine is the printer."),
            source=Source.EMAIL,
            actor=Actor.person(people[1]),
        )
        assert hear_answer(ticket_id=ticket.pk, message_id=message.pk)
        assert ticket.pk not in {child.pk for child in open_children(parent)}
        assert broadcast(surge=surge, user=cast.bob, text="News", key="k").people == 3
        assert len(written(people[1])) == 1


@pytest.mark.parametrize(
    ("text", "same"),
    [("Yes, exactly", True), ("Ja!", True), ("Oui c'est ça", True), ("Sí", True), ("nein", False)],
)
def test_a_short_answer_in_four_languages_is_understood(cast: Cast, text: str, same: bool) -> None:
    surge, people = surge_of(cast)
    with organization_scope(cast.nordwerk.pk):
        declared(cast, surge)
        ask_affected(surge=surge, user=cast.bob)
        member = surge.members.get(person=people[2])
        message = receive_message(
            ticket=member.ticket,
            author=people[2],
            body=Body(text=text),
            source=Source.EMAIL,
            actor=Actor.person(people[2]),
        )
        hear_answer(ticket_id=member.ticket.pk, message_id=message.pk)
        member.refresh_from_db()
        assert member.answer == ("same" if same else "other")


def test_a_long_answer_is_left_to_a_person(cast: Cast) -> None:
    surge, people = surge_of(cast)
    with organization_scope(cast.nordwerk.pk):
        declared(cast, surge)
        ask_affected(surge=surge, user=cast.bob)
        member = surge.members.get(person=people[2])
        message = receive_message(
            ticket=member.ticket,
            author=people[2],
            body=Body(
                text="No idea, I am in the train and will see it at home this evening, sorry"
            ),
            source=Source.EMAIL,
            actor=Actor.person(people[2]),
        )
        assert not hear_answer(ticket_id=member.ticket.pk, message_id=message.pk)


def test_later_tickets_wait_for_a_click(cast: Cast) -> None:
    surge, people = surge_of(cast)
    with organization_scope(cast.nordwerk.pk):
        parent = declared(cast, surge)
        later = opened(cast, people[3], "VPN gone as well")
        assert grow_surge(surge=surge, ticket_ids=[later.pk]) == 1
        assert later.pk not in {child.pk for child in open_children(parent)}
        assert link_new_members(surge=surge, user=cast.alice) == 1
        assert later.pk in {child.pk for child in open_children(parent)}
        assert link_new_members(surge=surge, user=cast.alice) == 0


def test_a_ticket_of_another_parent_stays_there(cast: Cast) -> None:
    surge, people = surge_of(cast)
    with organization_scope(cast.nordwerk.pk):
        actor = Actor.person(cast.alice)
        move = cast.ticket(subject="Office move")
        child = surge.members.get(person=people[1]).ticket
        link_tickets(ticket=move, actor=actor, other=child, relation=Relation.PARENT_OF)
        parent = declared(cast, surge)
        assert child.pk in {one.pk for one in open_children(move)}
        assert child.pk not in {one.pk for one in open_children(parent)}


def test_solving_the_incident_solves_its_tickets(cast: Cast) -> None:
    surge, _ = surge_of(cast)
    with organization_scope(cast.nordwerk.pk):
        parent = declared(cast, surge)
        done = solve_children(ticket=parent, actor=Actor.person(cast.bob), text="Gateway replaced.")
        assert len(done.numbers) == 5
        assert broadcast(surge=surge, user=cast.bob, text="Over", key="z").people == 0


def test_what_was_dismissed_is_not_declared(cast: Cast) -> None:
    surge, _ = surge_of(cast)
    with organization_scope(cast.nordwerk.pk):
        dismiss_surge(surge=surge, user=cast.bob)
        with pytest.raises(InvalidChange, match="no incident"):
            declared(cast, surge)


def test_the_desk_itself_takes_a_ticket_out_and_back(cast: Cast) -> None:
    surge, people = surge_of(cast)
    with organization_scope(cast.nordwerk.pk):
        parent = declared(cast, surge)
        member = surge.members.get(person=people[1])
        actor = Actor.person(cast.alice)
        assert answer_membership(member=member, same=False, actor=actor)
        assert len(open_children(parent)) == 4
        assert answer_membership(member=member, same=True, actor=actor)
        assert not answer_membership(member=member, same=True, actor=actor)
        assert len(open_children(parent)) == 5
