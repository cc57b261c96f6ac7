"""Links between tickets: kinds, circles, other organizations, and solving what hangs on one."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.children import open_children, solve_children
from tickets.actions.intake import Body, Triage, open_ticket
from tickets.actions.links import link_tickets, unlink_tickets
from tickets.choices import Source
from tickets.link_selectors import candidates, linked_tickets
from tickets.linking import STORED, LinkFlaw, LinkKind, Relation, flaw_of, inverse, relation_of
from tickets.models import Ticket, TicketLink, TicketType


@pytest.mark.parametrize("relation", Relation.values)
def test_both_ends_see_the_link_and_log_it(cast: Cast, relation: str) -> None:
    with organization_scope(cast.nordwerk.pk):
        one, other = cast.ticket("One"), cast.ticket("Other")
        link = link_tickets(
            ticket=one, actor=Actor.person(cast.alice), other=other, relation=relation
        )
        assert [(r.relation, r.ticket) for r in linked_tickets(one)] == [(relation, other)]
        assert [(r.relation, r.ticket) for r in linked_tickets(other)] == [(inverse(relation), one)]
        for ticket in (one, other):
            ticket.refresh_from_db()
            assert ticket.version == 2
            assert ticket.changes.filter(verb="ticket.linked").count() == 1
        again = link_tickets(
            ticket=one, actor=Actor.person(cast.alice), other=other, relation=relation
        )
        assert again == link
        unlink_tickets(ticket=other, actor=Actor.person(cast.alice), link=link)
        assert linked_tickets(one) == []
        with pytest.raises(InvalidChange, match="not there any more"):
            unlink_tickets(ticket=other, actor=Actor.person(cast.alice), link=link)


def test_nothing_is_linked_to_itself_or_out_of_its_organization(cast: Cast) -> None:
    with organization_scope([cast.nordwerk.pk, cast.lumen.pk]):
        ticket, alice = cast.ticket(), Actor.person(cast.alice)
        foreign = open_ticket(
            organization_id=cast.lumen.pk, requester=cast.charlie, subject="x",
            body=Body(text="y"), source=Source.API, actor=Actor.person(cast.charlie),
        )  # fmt: skip
        for other in (ticket, foreign):
            with pytest.raises(InvalidChange):
                link_tickets(ticket=ticket, actor=alice, other=other, relation="related")
        with pytest.raises(InvalidChange, match="Choose how"):
            link_tickets(ticket=ticket, actor=alice, other=foreign, relation="friend")
        assert not TicketLink.objects.exists()


def test_a_circle_is_refused_however_long(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        alice = Actor.person(cast.alice)
        row = [cast.ticket(f"T{i}") for i in range(4)]
        for upper, lower in pairwise(row):
            link_tickets(ticket=upper, actor=alice, other=lower, relation="parent_of")
        for lower in row[1:]:
            with pytest.raises(InvalidChange, match="hang on itself"):
                link_tickets(ticket=lower, actor=alice, other=row[0], relation="parent_of")
        link_tickets(ticket=row[3], actor=alice, other=row[0], relation="related")


def test_a_ticket_is_part_of_one_other_at_most(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        alice = Actor.person(cast.alice)
        child, first, second = cast.ticket(), cast.ticket(), cast.ticket()
        link_tickets(ticket=child, actor=alice, other=first, relation="child_of")
        with pytest.raises(InvalidChange, match="part of another ticket already"):
            link_tickets(ticket=child, actor=alice, other=second, relation="child_of")
        for problem in (first, second):
            link_tickets(ticket=child, actor=alice, other=problem, relation="caused_by_problem")


def test_two_links_at_once_close_no_circle(live_cast: Cast) -> None:
    with organization_scope(live_cast.nordwerk.pk):
        one, other = live_cast.ticket("One"), live_cast.ticket("Other")
    start = threading.Barrier(2)

    def link(ticket: Ticket, below: Ticket) -> str:
        start.wait()
        try:
            with organization_scope(live_cast.nordwerk.pk):
                link_tickets(
                    ticket=ticket, actor=Actor.person(live_cast.alice), other=below,
                    relation="parent_of",
                )  # fmt: skip
        except InvalidChange:
            return "refused"
        finally:
            connection.close()
        return "linked"

    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(link, one, other), pool.submit(link, other, one)]
    assert sorted(f.result() for f in done) == ["linked", "refused"]


def test_solving_a_problem_solves_its_incidents_and_answers_everybody(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        alice = Actor.person(cast.alice)
        problem = cast.ticket("Router", triage=Triage(type=TicketType.objects.get(key="problem")))
        incidents = [cast.ticket(f"I{i}") for i in range(2)]
        strict = cast.ticket("Change", triage=Triage(type=TicketType.objects.get(key="change")))
        for child in (*incidents, strict):
            link_tickets(ticket=problem, actor=alice, other=child, relation="problem_of")
        loose = cast.ticket("Loose")
        link_tickets(ticket=problem, actor=alice, other=loose, relation="related")
        assert [t.number for t in open_children(problem)] == [
            *(t.number for t in incidents), strict.number,
        ]  # fmt: skip
        done = solve_children(ticket=problem, actor=alice, text="The router was replaced.")
        assert done.numbers == [t.number for t in incidents]
        assert list(done.refused) == [strict.number]
        for child in incidents:
            child.refresh_from_db()
            assert child.status.key == "resolved"
            assert child.messages.latest("pk").text == "The router was replaced."
        strict.refresh_from_db()
        loose.refresh_from_db()
        assert (strict.status.key, strict.message_count) == ("new", 1)
        assert loose.status.key == "new"
        again = solve_children(ticket=problem, actor=alice)
        assert again.numbers == []


def test_candidates_are_the_desk_s_own_and_not_linked_yet(cast: Cast) -> None:
    with organization_scope([cast.nordwerk.pk, cast.lumen.pk]):
        ticket, same, linked = cast.ticket("VPN"), cast.ticket("VPN again"), cast.ticket("Other")
        link_tickets(
            ticket=ticket, actor=Actor.person(cast.alice), other=linked, relation="related"
        )
        ticket.ai_verdict = {"sources": [{"kind": "ticket", "number": same.number}, "x", {}]}
        assert candidates(cast.alice, ticket, "") == [same]
        assert candidates(cast.alice, ticket, str(linked.number)) == [linked]
        assert candidates(cast.charlie, ticket, "VPN") == []
        ticket.ai_verdict = {"sources": {"number": True}}
        assert candidates(cast.alice, ticket, "") == [same]


@given(st.sampled_from(Relation.values))
def test_seen_twice_from_the_other_end_it_is_itself(relation: str) -> None:
    assert inverse(inverse(relation)) == relation
    kind, forward = STORED[relation]
    assert relation_of(kind, forward=forward) == relation


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=25),
    st.sampled_from([k.value for k in LinkKind if k != LinkKind.RELATED]),
)
def test_what_is_let_through_never_makes_a_circle(pairs: list[tuple[int, int]], kind: str) -> None:
    edges: set[tuple[int, int]] = set()

    def onward(ids: set[int]) -> list[int]:
        return [target for source, target in edges if source in ids]

    for source, target in pairs:
        parents = [s for s, t in edges if t == target]
        if flaw_of(kind, source, target, onward=onward, parents=parents) is None:
            edges.add((source, target))
    for start in range(7):
        frontier = set(onward({start}))
        for _ in range(8):
            assert start not in frontier
            frontier |= set(onward(frontier))


def test_a_pair_of_equals_is_a_circle_of_one() -> None:
    flaw = flaw_of("parent", 1, 1, onward=lambda ids: [], parents=[])
    assert flaw is LinkFlaw.CYCLE
