"""Who is told of what, once, and never what they may not see."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import time, timedelta

import pytest
from django.db import connection

from omnidesk.accounts.actions import add_member, add_to_team
from omnidesk.accounts.models import Membership, User
from omnidesk.accounts.roles import Role
from omnidesk.core.clock import now
from omnidesk.core.events import catalogue
from omnidesk.core.tenancy import organization_scope, system_scope
from tests.cast import Cast, person
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.heed import heed_ticket, lost_tickets, pass_over
from tickets.actions.intake import Body, Triage, receive_message
from tickets.actions.lifecycle import delete_ticket, set_status
from tickets.actions.notify import Notice, mark_read, notify, save_wishes
from tickets.actions.reply import add_note, record_delivery, reply
from tickets.actions.triage import assign, assign_team
from tickets.actions.watch import follow, unfollow
from tickets.choices import DeliveryState, Source
from tickets.models import (
    Change,
    Letter,
    LetterLine,
    NoticedFact,
    Notification,
    Status,
    Ticket,
    Watch,
)
from tickets.notice_selectors import followers, readable_notifications, told, unread_count
from tickets.notices import Digest, Kind, Wishes


def heard(user: User) -> list[tuple[str, int]]:
    """Kind and count of what somebody finds in their list, newest first."""
    return [(row.kind, row.count) for row in readable_notifications(user)]


def heed(*tickets: Ticket) -> None:
    for ticket in tickets:
        heed_ticket(ticket_id=ticket.pk)


def alice(cast: Cast) -> Actor:
    return Actor.person(cast.alice)


def bob(cast: Cast) -> Actor:
    return Actor.person(cast.bob)


def test_new_tickets_that_concern_nobody_are_passed_over_together(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        nobodys = [cast.ticket() for _ in range(3)]
        routed = cast.ticket(triage=Triage(team=cast.network))
        noted = cast.ticket()
        add_note(ticket=noted, actor=bob(cast), text="Look at this")
        ids = [ticket.pk for ticket in (*nobodys, routed, noted)]
        assert pass_over(ticket_ids=ids) == [routed.pk, noted.pk]
        assert pass_over(ticket_ids=ids) == [routed.pk, noted.pk]
        heed(routed, noted)
        assert heard(cast.alice) == [(Kind.TEAM_TICKET, 1)]
        # Routed later, it is told then.
        assign_team(ticket=nobodys[0], actor=bob(cast), team=cast.network)
        heed(*nobodys)
        assert heard(cast.alice) == [(Kind.TEAM_TICKET, 2)]


class TestWhoIsTold:
    def test_an_assignee_is_told_by_whom(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            ticket = cast.ticket()
            assign(ticket=ticket, actor=bob(cast), assignee=cast.alice)
            heed(ticket)
            assert heard(cast.alice) == [("assigned", 1)]
            assert told(readable_notifications(cast.alice)[0]) == "Bob Lead assigned this to you"
            assert heard(cast.bob) == []

    def test_nobody_is_told_of_their_own_act(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            ticket = cast.ticket()
            assign(ticket=ticket, actor=alice(cast), assignee=cast.alice)
            follow(ticket=ticket, actor=alice(cast), user=cast.alice)
            add_note(ticket=ticket, actor=alice(cast), text="@alice look at this")
            heed(ticket)
            assert heard(cast.alice) == []

    def test_a_storm_of_new_tickets_is_one_line(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            triage = Triage(team=cast.network)
            heed(*(cast.ticket(f"Outage {n}", triage=triage) for n in range(14)))
            [row] = readable_notifications(cast.alice)
            assert told(row, row.count) == "14 new tickets in Network & VPN"
            assert row.ticket.subject == "Outage 13"
            mark_read(user=cast.alice)
            heed(cast.ticket("Another", triage=triage))
            assert heard(cast.alice) == [("team_ticket", 1), ("team_ticket", 14)]

    def test_a_ticket_routed_to_my_team_is_new_to_me(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            ticket = cast.ticket()
            assign_team(ticket=ticket, actor=bob(cast), team=cast.network)
            heed(ticket)
            assert heard(cast.alice) == [("team_ticket", 1)]

    def test_the_requester_s_answer_reaches_owner_and_followers(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            ticket = cast.ticket()
            assign(ticket=ticket, actor=alice(cast), assignee=cast.alice)
            follow(ticket=ticket, actor=bob(cast), user=cast.bob)
            for _ in range(2):
                receive_message(
                    ticket=ticket,
                    author=cast.dana,
                    body=Body(text="Still broken"),
                    source=Source.PORTAL,
                    actor=Actor.person(cast.dana),
                )
            heed(ticket)
            assert heard(cast.alice) == heard(cast.bob) == [("replied", 2)]

    def test_a_mention_reaches_a_colleague_who_follows_from_then_on(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            ticket = cast.ticket()
            add_note(ticket=ticket, actor=alice(cast), text="@Bob Lead @charlie @dana look")
            heed(ticket)
            assert heard(cast.bob) == [("mentioned", 1)]
            assert list(followers(ticket)) == [cast.bob]
            assert Notification.objects.count() == 1  # no outsider, no requester
            detail = Change.objects.get(ticket=ticket, verb="ticket.noted").detail
            assert detail["mentioned"] == ["bob@nordwerk.example"]

    def test_the_requester_hears_of_answers_and_stages_but_never_of_notes(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            ticket = cast.ticket()
            add_note(ticket=ticket, actor=alice(cast), text="VIP, careful")
            reply(ticket=ticket, actor=alice(cast), text="Restart it")
            heed(ticket)
            assert heard(cast.dana) == [("answered", 1)]
            solved = Status.objects.get(organization=cast.nordwerk, key="resolved")
            set_status(ticket=ticket, actor=alice(cast), status=solved)
            heed(ticket)
            assert [kind for kind, _ in heard(cast.dana)] == ["status", "answered"]

    def test_a_failed_delivery_is_told_to_its_author_once(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            ticket = cast.ticket()
            message = reply(ticket=ticket, actor=alice(cast), text="Hello")
            record_delivery(message=message, state=DeliveryState.FAILED, detail="mailbox full")
            heed(ticket, ticket)
            [row] = readable_notifications(cast.alice)
            assert told(row) == "Your answer could not be delivered: mailbox full"
            assert row.count == 1


class TestWhoMayNot:
    def test_an_outsider_is_never_told(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            ticket = cast.ticket()
            people = [cast.charlie.pk, cast.dana.pk, cast.alice.pk]
            got = notify(Notice(kind=Kind.MENTIONED, ticket=ticket, people=people))
            assert got == [cast.alice]
            with pytest.raises(InvalidChange, match="not an agent"):
                follow(ticket=ticket, actor=alice(cast), user=cast.charlie)
            with pytest.raises(InvalidChange, match="not an agent"):
                follow(ticket=ticket, actor=alice(cast), user=cast.dana)

    def test_access_that_ended_hides_what_was_told(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            ticket = cast.ticket()
            notify(Notice(kind=Kind.MENTIONED, ticket=ticket, people=[cast.bob.pk]))
            assert unread_count(cast.bob) == 1
            Membership.objects.filter(user=cast.bob).delete()
            assert unread_count(User.objects.get(pk=cast.bob.pk)) == 0

    def test_somebody_who_left_is_told_nothing(self, cast: Cast) -> None:
        User.objects.filter(pk=cast.bob.pk).update(is_active=False)
        with organization_scope(cast.nordwerk.pk):
            ticket = cast.ticket()
            assert notify(Notice(kind=Kind.MENTIONED, ticket=ticket, people=[cast.bob.pk])) == []

    def test_a_ticket_in_the_bin_is_silent(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            ticket = cast.ticket()
            assign(ticket=ticket, actor=bob(cast), assignee=cast.alice)
            heed(ticket)
            ticket = delete_ticket(ticket=ticket, actor=bob(cast))
            assert heard(cast.alice) == []
            assert notify(Notice(kind=Kind.ASSIGNED, ticket=ticket, people=[cast.alice.pk])) == []


class TestFollowing:
    def test_following_twice_is_once_and_is_logged(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            ticket = cast.ticket()
            for _ in range(2):
                follow(ticket=ticket, actor=bob(cast), user=cast.bob)
            assert Watch.objects.count() == 1
            for _ in range(2):
                unfollow(ticket=ticket, actor=bob(cast), user=cast.bob)
            assert not Watch.objects.exists()
            verbs = list(Change.objects.filter(ticket=ticket).values_list("verb", flat=True))
            assert verbs == ["ticket.opened", "ticket.followed", "ticket.unfollowed"]

    def test_followers_hear_of_notes_and_answers(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            ticket = cast.ticket()
            follow(ticket=ticket, actor=bob(cast), user=cast.bob)
            add_note(ticket=ticket, actor=alice(cast), text="Found it")
            reply(ticket=ticket, actor=alice(cast), text="Fixed")
            heed(ticket)
            assert heard(cast.bob) == [("followed", 2)]


class TestMails:
    def test_what_happens_in_one_go_is_one_mail(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            ticket = cast.ticket()
            assign(ticket=ticket, actor=bob(cast), assignee=cast.alice)
            add_note(ticket=ticket, actor=bob(cast), text="@alice please")
            heed(ticket)
            [letter] = Letter.objects.filter(user=cast.alice)
            assert letter.about == f"ticket:{ticket.pk}"
            kinds = list(letter.lines.values_list("kind", flat=True))
            assert kinds == ["assigned", "mentioned"]

    def test_choices_digest_and_quiet_hours_are_kept(self, cast: Cast) -> None:
        save_wishes(
            user=cast.alice,
            wishes=Wishes(
                choices={"page": {"assigned": False}, "email": {"mentioned": False}},
                digest=Digest.DAILY.value,
                quiet_from=time(22),
                quiet_to=time(7),
            ),
        )
        with organization_scope(cast.nordwerk.pk):
            ticket, other = cast.ticket(), cast.ticket("Other")
            for one in (ticket, other):
                assign(ticket=one, actor=bob(cast), assignee=cast.alice)
            add_note(ticket=ticket, actor=bob(cast), text="@alice please")
            heed(ticket, other)
            assert heard(cast.alice) == [("mentioned", 1)]
            [letter] = Letter.objects.filter(user=cast.alice)
            assert (letter.about, letter.lines.count()) == ("digest", 2)
            assert letter.due_at > now() + timedelta(minutes=1)

    @pytest.mark.parametrize(
        ("wishes", "field"),
        [
            (Wishes(choices={"pigeon": {}}), "choices"),
            (Wishes(choices={"page": {"weather": True}}), "choices"),
            (Wishes(digest="yearly"), "digest"),
            (Wishes(quiet_from=time(3)), "quiet_from"),
        ],
    )
    def test_impossible_wishes_are_refused(self, cast: Cast, wishes: Wishes, field: str) -> None:
        with pytest.raises(InvalidChange) as refusal:
            save_wishes(user=cast.alice, wishes=wishes)
        assert refusal.value.field == field


class TestExactlyOnce:
    def test_two_workers_tell_it_once(self, live_cast: Cast) -> None:
        with organization_scope(live_cast.nordwerk.pk):
            ticket = live_cast.ticket(triage=Triage(team=live_cast.network))
            assign(ticket=ticket, actor=bob(live_cast), assignee=live_cast.alice)
            # The worker that was nudged must not come first.
            for model in (NoticedFact, LetterLine, Letter, Notification):
                model.objects.all().delete()
        in_two_threads(live_cast, lambda: heed_ticket(ticket_id=ticket.pk))
        with organization_scope(live_cast.nordwerk.pk):
            assert heard(live_cast.alice) == [("assigned", 1)]
            assert LetterLine.objects.filter(kind="assigned").count() == 1

    def test_two_tickets_at_once_are_both_counted(self, live_cast: Cast) -> None:
        with organization_scope(live_cast.nordwerk.pk):
            tickets = [live_cast.ticket(str(n)) for n in range(2)]
        left = list(tickets)

        def tell() -> None:
            notify(
                Notice(
                    kind=Kind.TEAM_TICKET,
                    ticket=left.pop(),
                    people=[live_cast.alice.pk],
                    about="team:1",
                )
            )

        in_two_threads(live_cast, tell)
        with organization_scope(live_cast.nordwerk.pk):
            assert heard(live_cast.alice) == [("team_ticket", 2)]

    def test_what_nobody_announced_is_found_by_the_sweep(self, cast: Cast) -> None:
        with organization_scope(cast.nordwerk.pk):
            ticket = cast.ticket(triage=Triage(team=cast.network))
            Change.objects.bulk_create(
                [
                    Change(
                        organization=cast.nordwerk,
                        ticket=ticket,
                        verb="ticket.assigned",
                        new="alice@nordwerk.example",
                        actor_kind="rule",
                        actor_label="Rule",
                        at=now() - timedelta(minutes=age),
                    )
                    for age in (5, 5000)
                ]
            )
        with system_scope():
            assert lost_tickets() == [(cast.nordwerk.pk, ticket.pk)]
            heed(ticket)
            assert ("assigned", 1) in heard(cast.alice)
            assert lost_tickets() == []


def in_two_threads(cast: Cast, work: Callable[[], object]) -> None:
    start = threading.Barrier(2)

    def run() -> None:
        start.wait()
        try:
            with organization_scope(cast.nordwerk.pk):
                work()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(run) for _ in range(2)]:
            done.result()


def test_the_bell_hears_of_every_notice() -> None:
    assert catalogue()["NotificationsChanged"] == ["tickets.handlers.ring_the_bell"]
    assert "tickets.handlers.notice_the_change" in catalogue()["TicketChanged"]


def test_a_team_of_many_costs_no_more_queries(
    cast: Cast, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    with organization_scope(cast.nordwerk.pk):
        for n in range(20):
            agent = person(f"agent{n}@nordwerk.example", f"Agent {n}")
            add_member(organization=cast.nordwerk, user=agent, role=Role.AGENT)
            add_to_team(team=cast.network, user=agent)
        ticket = cast.ticket(triage=Triage(team=cast.network))
        # Savepoints aside: ticket, changes, key (look, insert), team, audience, wishes, lock,
        # update, known, insert; failures.
        with django_assert_max_num_queries(22):  # type: ignore[attr-defined]
            heed(ticket)
        assert Notification.objects.count() == 21
