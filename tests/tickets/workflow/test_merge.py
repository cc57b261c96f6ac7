"""Merging and splitting: nothing is lost, nothing is said twice, all can be undone."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.attach import NewFile
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.intake import Body, Triage, open_ticket, receive_message
from tickets.actions.lifecycle import delete_ticket, set_status
from tickets.actions.links import link_tickets
from tickets.actions.merge import merge_tickets, undo_merge
from tickets.actions.reply import add_note, reply
from tickets.actions.split import split_ticket
from tickets.actions.triage import set_priority
from tickets.actions.watch import follow
from tickets.choices import Source
from tickets.link_selectors import linked_tickets
from tickets.models import Attachment, Merge, Status, Ticket


def texts(ticket: Ticket) -> list[str]:
    return [m.text for m in ticket.messages.all()]


def pair(cast: Cast) -> tuple[Ticket, Ticket]:
    """The winner first; the loser has more to offer."""
    winner = cast.ticket("Mail is slow", "first")
    loser = cast.ticket(
        "Outlook hangs",
        "second",
        triage=Triage(category=cast.vpn, urgency="high", tags=["vip"]),
    )
    reply(ticket=winner, actor=Actor.person(cast.alice), text="third")
    add_note(
        ticket=loser, actor=Actor.person(cast.bob), text="fourth", files=[NewFile("a.txt", b"a")]
    )
    return winner, loser


def test_both_conversations_stand_in_order_on_the_winner(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        winner, loser = pair(cast)
        merge_tickets(loser=loser, winner=winner, actor=Actor.person(cast.alice))
        winner.refresh_from_db()
        loser.refresh_from_db()
        assert texts(winner) == ["first", "second", "third", "fourth"]
        assert [m.is_opening for m in winner.messages.all()] == [True, False, False, False]
        assert (winner.message_count, loser.message_count) == (4, 0)
        assert [a.name for a in winner.attachments.all()] == ["a.txt"]
        assert (loser.merged_into, loser.status.key) == (winner, "closed")
        assert winner.changes.filter(verb="ticket.merged").get().detail["number"] == loser.number
        assert loser.changes.filter(verb="ticket.merged_away").exists()


def test_what_the_winner_lacks_it_takes_and_the_rest_by_choice(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        winner, loser = pair(cast)
        merge_tickets(
            loser=loser,
            winner=winner,
            actor=Actor.person(cast.alice),
            fields={"subject": "loser", "urgency": "winner", "priority": "loser"},
        )
        winner.refresh_from_db()
        assert winner.subject == "Outlook hangs"
        assert winner.category == cast.vpn
        assert (winner.urgency, winner.priority) == ("medium", loser.priority)
        assert [t.name for t in winner.tags.all()] == ["vip"]


def test_later_words_for_the_loser_land_on_the_winner(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        winner, loser = pair(cast)
        alice = Actor.person(cast.alice)
        merge_tickets(loser=loser, winner=winner, actor=alice)
        last = cast.ticket("Last")
        merge_tickets(loser=winner, winner=last, actor=alice)
        message = receive_message(
            ticket=loser, author=cast.dana, body=Body(text="fifth"), source=Source.EMAIL,
            actor=Actor.person(cast.dana),
        )  # fmt: skip
        assert message.ticket == last
        loser.refresh_from_db()
        assert loser.status.key == "closed"


def followers(ticket: Ticket) -> set[User]:
    return {row.user for row in ticket.watches.select_related("user")}


def test_undone_everything_is_as_it_was(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        winner, loser = pair(cast)
        parent, alice = cast.ticket("Parent"), Actor.person(cast.alice)
        link_tickets(ticket=loser, actor=alice, other=parent, relation="child_of")
        link_tickets(ticket=loser, actor=alice, other=winner, relation="duplicate_of")
        merge = merge_tickets(loser=loser, winner=winner, actor=alice, fields={"subject": "loser"})
        assert [r.ticket for r in linked_tickets(winner)] == [parent]
        undo_merge(merge=merge, actor=alice)
        winner.refresh_from_db()
        loser.refresh_from_db()
        assert texts(winner) == ["first", "third"]
        assert texts(loser) == ["second", "fourth"]
        assert loser.messages.get(is_opening=True).text == "second"
        assert (winner.subject, winner.category) == ("Mail is slow", None)
        assert not winner.tags.exists()
        assert (winner.message_count, loser.message_count) == (2, 2)
        assert (loser.merged_into, loser.status.key) == (None, "new")
        assert {(r.relation, r.ticket) for r in linked_tickets(loser)} == {
            ("child_of", parent), ("duplicate_of", winner),
        }  # fmt: skip
        assert Attachment.objects.get().ticket == loser
        with pytest.raises(InvalidChange, match="undone already"):
            undo_merge(merge=merge, actor=alice)
        assert merge_tickets(loser=loser, winner=winner, actor=alice).pk != merge.pk


def test_followers_of_the_loser_follow_the_winner_until_it_is_undone(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        winner, loser = pair(cast)
        alice = Actor.person(cast.alice)
        for ticket, person in ((winner, cast.bob), (loser, cast.bob), (loser, cast.alice)):
            follow(ticket=ticket, actor=alice, user=person)
        merge = merge_tickets(loser=loser, winner=winner, actor=alice)
        assert followers(winner) == {cast.alice, cast.bob}
        undo_merge(merge=merge, actor=alice)
        assert (followers(winner), followers(loser)) == ({cast.bob}, {cast.alice, cast.bob})


def test_a_merge_from_before_followers_were_carried_is_undone(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        winner, loser = pair(cast)
        alice = Actor.person(cast.alice)
        follow(ticket=winner, actor=alice, user=cast.bob)
        merge = merge_tickets(loser=loser, winner=winner, actor=alice)
        del merge.kept["followers"]
        merge.save()
        undo_merge(merge=merge, actor=alice)
        assert followers(winner) == {cast.bob}


def test_what_happened_since_the_merge_is_kept_when_it_is_undone(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        winner, loser = pair(cast)
        alice = Actor.person(cast.alice)
        merge = merge_tickets(loser=loser, winner=winner, actor=alice, fields={"priority": "loser"})
        set_priority(ticket=winner, actor=alice, priority="critical")
        reply(ticket=winner, actor=alice, text="since")
        undo_merge(merge=merge, actor=alice)
        winner.refresh_from_db()
        assert winner.priority == "critical"
        assert texts(winner)[-1] == "since"


@pytest.mark.parametrize("case", ["itself", "foreign", "binned", "merged", "field", "side"])
def test_a_merge_that_makes_no_sense_is_refused(cast: Cast, case: str) -> None:
    with organization_scope([cast.nordwerk.pk, cast.lumen.pk]):
        winner, loser = pair(cast)
        alice, fields = Actor.person(cast.alice), {}
        if case == "itself":
            loser = winner
        elif case == "foreign":
            loser = open_ticket(
                organization_id=cast.lumen.pk, requester=cast.charlie, subject="x",
                body=Body(text="y"), source=Source.API, actor=Actor.person(cast.charlie),
            )  # fmt: skip
        elif case == "binned":
            delete_ticket(ticket=winner, actor=alice)
        elif case == "merged":
            merge_tickets(loser=loser, winner=cast.ticket("Third"), actor=alice)
        elif case == "field":
            fields = {"deleted_at": "loser"}
        else:
            fields = {"subject": "both"}
        before = list(winner.messages.values_list("pk", flat=True))
        with pytest.raises(InvalidChange) as refusal:
            merge_tickets(loser=loser, winner=winner, actor=alice, fields=fields)
        assert str(refusal.value).endswith(".")
        assert list(winner.messages.values_list("pk", flat=True)) == before


def test_a_winner_that_was_merged_on_is_undone_first(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        winner, loser = pair(cast)
        alice = Actor.person(cast.alice)
        first = merge_tickets(loser=loser, winner=winner, actor=alice)
        second = merge_tickets(loser=winner, winner=cast.ticket("Last"), actor=alice)
        with pytest.raises(InvalidChange, match="Undo that first"):
            undo_merge(merge=first, actor=alice)
        undo_merge(merge=second, actor=alice)
        undo_merge(merge=first, actor=alice)
        loser.refresh_from_db()
        assert texts(loser) == ["second", "fourth"]


def test_merged_into_each_other_at_once_one_of_them_wins(live_cast: Cast) -> None:
    with organization_scope(live_cast.nordwerk.pk):
        one, other = live_cast.ticket("One"), live_cast.ticket("Other")
    start = threading.Barrier(2)

    def merge(loser: Ticket, winner: Ticket) -> str:
        start.wait()
        try:
            with organization_scope(live_cast.nordwerk.pk):
                merge_tickets(loser=loser, winner=winner, actor=Actor.person(live_cast.alice))
        except InvalidChange:
            return "refused"
        finally:
            connection.close()
        return "merged"

    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(merge, one, other), pool.submit(merge, other, one)]
    assert sorted(f.result() for f in done) == ["merged", "refused"]
    with organization_scope(live_cast.nordwerk.pk):
        assert Merge.objects.count() == 1
        assert sorted(t.message_count for t in Ticket.objects.all()) == [0, 2]


def test_a_message_and_what_follows_become_a_ticket(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket, alice, dana = cast.ticket(), Actor.person(cast.alice), Actor.person(cast.dana)
        reply(ticket=ticket, actor=alice, text="Restart it")
        asked = receive_message(
            ticket=ticket, author=cast.dana, source=Source.PORTAL, actor=dana,
            body=Body(text="Also the printer", files=[NewFile("p.txt", b"p")]),
            at=now() + timedelta(seconds=1),
        )  # fmt: skip
        reply(ticket=ticket, actor=alice, text="Which one?", at=now() + timedelta(seconds=2))
        fresh = split_ticket(ticket=ticket, actor=alice, message=asked, subject="Printer")
        ticket.refresh_from_db()
        fresh.refresh_from_db()
        assert texts(fresh) == ["Also the printer", "Which one?"]
        assert fresh.messages.get(is_opening=True).pk == asked.pk
        assert (fresh.subject, fresh.description) == ("Printer", "Also the printer")
        assert (fresh.requester, fresh.message_count) == (cast.dana, 2)
        assert fresh.first_response_at is not None
        assert fresh.attachments.count() == 1
        assert (ticket.message_count, ticket.attachments.count()) == (2, 0)
        assert [(r.relation, r.ticket) for r in linked_tickets(ticket)] == [("continued_in", fresh)]
        assert ticket.changes.filter(verb="ticket.split").exists()


def test_one_message_alone_can_go(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket, alice = cast.ticket(), Actor.person(cast.alice)
        answer = reply(ticket=ticket, actor=alice, text="one")
        reply(ticket=ticket, actor=alice, text="two")
        fresh = split_ticket(ticket=ticket, actor=alice, message=answer, following=False)
        assert texts(fresh) == ["one"]
        assert texts(ticket)[1:] == ["two"]
        assert fresh.subject == ticket.subject


def test_openings_notes_and_strange_messages_are_not_split_off(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket, alice = cast.ticket(), Actor.person(cast.alice)
        opening = ticket.messages.get()
        note = add_note(ticket=ticket, actor=alice, text="between us")
        strange = reply(ticket=cast.ticket(), actor=alice, text="elsewhere")
        for message in (opening, note, strange):
            with pytest.raises(InvalidChange):
                split_ticket(ticket=ticket, actor=alice, message=message)
        assert Ticket.objects.count() == 2


def test_a_strict_workflow_does_not_stop_a_merge(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        winner, loser = pair(cast)
        alice = Actor.person(cast.alice)
        set_status(ticket=loser, actor=alice, status=Status.objects.get(key="waiting"))
        merge_tickets(loser=loser, winner=winner, actor=alice)
        loser.refresh_from_db()
        assert (loser.status_category, loser.pending_reason) == ("closed", None)
        assert loser.next_step_at is None
