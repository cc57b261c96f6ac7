"""Automatic assignment: who gets it and why; claims at once; away and back."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnidesk.accounts.actions import add_member, add_to_team
from omnidesk.accounts.models import User
from omnidesk.accounts.roles import Role
from omnidesk.core.clock import now
from omnidesk.core.errors import BadInput
from omnidesk.core.tenancy import organization_scope
from tests.at_once import at_once
from tests.cast import Cast, person
from tests.tickets.rules.making import rule, run
from tickets.actions.assigning import assign_by, candidates, claim_next, set_availability
from tickets.actions.base import Actor
from tickets.actions.intake import Triage
from tickets.actions.triage import assign
from tickets.choices import ActorKind
from tickets.models import AgentProfile, Change, Skill, Ticket
from tickets.workload import Candidate, Strategy, choose

AT = datetime(2026, 3, 1, tzinfo=UTC)
MACHINE = Actor.machine(ActorKind.RULE, "Share out")


@pytest.mark.parametrize(
    ("strategy", "found", "who", "why"),
    [
        (Strategy.LOAD, [Candidate(1, "Ana", open=3), Candidate(2, "Ben", open=1)], 2,
         "least busy of 2 present"),
        (Strategy.LOAD, [Candidate(1, "Ana", 3, 10), Candidate(2, "Ben", 2, 4)], 1,
         "least busy of 2 present"),
        (Strategy.LOAD, [Candidate(1, "Ana", 4, 4), Candidate(2, "Ben", 9)], 2,
         "the only one present"),
        (Strategy.ROUND_ROBIN, [Candidate(1, "Ana", last=AT), Candidate(2, "Ben", open=50)], 2,
         "next in turn of 2 present"),
        (Strategy.SKILL, [Candidate(1, "Ana", open=9, skill=2), Candidate(2, "Ben")], 1,
         "least busy of 2 present, knows VPN"),
        (Strategy.SKILL, [Candidate(1, "Ana", skill=3), Candidate(2, "Ben", skill=2)], 1,
         "least busy of 2 present, knows VPN"),
        (Strategy.SKILL, [Candidate(1, "Ana", solved=2), Candidate(2, "Ben", 5, solved=7)], 2,
         "least busy of 2 present, has solved 7 of VPN"),
        (Strategy.SKILL, [Candidate(1, "Ana", skill=3, away=True), Candidate(2, "Ben")], 2,
         "the only one present"),
        (Strategy.LOAD, [], None, "nobody is in the team"),
        (Strategy.LOAD, [Candidate(1, "Ana", away=True)], None, "everybody is away"),
        (Strategy.LOAD, [Candidate(1, "Ana", 2, 2), Candidate(2, "Ben", away=True)], None,
         "everybody present has as many tickets as they can take"),
    ],
)  # fmt: skip
def test_who_gets_it_and_why(
    strategy: Strategy, found: Sequence[Candidate], who: int | None, why: str
) -> None:
    choice = choose(found, strategy, "VPN")
    assert (choice.candidate.pk if choice.candidate else None, choice.why) == (who, why)


@given(
    st.lists(
        st.builds(
            Candidate,
            pk=st.integers(1, 50), name=st.just("A"), open=st.integers(0, 9),
            capacity=st.integers(0, 9), skill=st.integers(0, 3), solved=st.integers(0, 9),
            away=st.booleans(),
        ),
        unique_by=lambda each: each.pk,
    ),
    st.sampled_from(Strategy),
)  # fmt: skip
def test_nobody_who_is_away_or_full_is_ever_chosen(
    found: list[Candidate], strategy: Strategy
) -> None:
    choice = choose(found, strategy, "VPN")
    assert choice.why
    if choice.candidate is None:
        assert not any(each.is_free for each in found)
    else:
        assert choice.candidate.is_free
        assert choose(found[::-1], strategy, "VPN") == choice


def colleague(cast: Cast, name: str) -> User:
    made = person(f"{name.lower()}@nordwerk.example", name)
    add_member(organization=cast.nordwerk, user=made, role=Role.AGENT)
    add_to_team(team=cast.network, user=made)
    return made


def reasons(ticket: Ticket) -> list[str]:
    rows = Change.objects.filter(ticket=ticket, verb="ticket.assignment_explained").order_by("pk")
    return [row.detail["why"] for row in rows]


def vpn(cast: Cast) -> Ticket:
    return cast.ticket(triage=Triage(category=cast.vpn))


def test_a_team_is_served_in_turn(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ana = colleague(cast, "Ana")
        got = []
        for _ in range(4):
            ticket = vpn(cast)
            assign_by(ticket=ticket, actor=MACHINE, strategy=Strategy.ROUND_ROBIN)
            got.append(Ticket.objects.get(pk=ticket.pk).assignee)
    assert got == [cast.alice, ana, cast.alice, ana]


def test_the_choice_says_why_in_the_log(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ana = colleague(cast, "Ana")
        profile = AgentProfile.objects.create(organization=cast.nordwerk, user=ana)
        Skill.objects.create(organization=cast.nordwerk, profile=profile, category=cast.vpn)
        rule(cast, "Share", None, [{"do": "assign_by", "strategy": "skill"}], triggers=["opened"])
        ticket = vpn(cast)
        run(ticket)
        assert Ticket.objects.get(pk=ticket.pk).assignee == ana
        assert reasons(ticket) == [
            "Assigned to Ana: least busy of 2 present, knows VPN & remote"
        ]  # fmt: skip


def test_skill_is_learnt_from_what_somebody_solved(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ana = colleague(cast, "Ana")
        for _ in range(3):
            solved = vpn(cast)
            Ticket.objects.filter(pk=solved.pk).update(
                assignee=ana, resolved_at=now(), status_category="solved"
            )
        found = {each.name: each.solved for each in candidates(vpn(cast))}
        assert found == {"Alice Agent": 0, "Ana": 3}


def test_nobody_is_given_anything_while_everybody_is_away(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        set_availability(user=cast.alice, organization_id=cast.nordwerk.pk, away=True)
        ticket = vpn(cast)
        assign_by(ticket=ticket, actor=MACHINE, strategy=Strategy.LOAD)
        assert Ticket.objects.get(pk=ticket.pk).assignee is None
        assert reasons(ticket) == ["Not assigned: everybody is away"]
        back = now() - timedelta(minutes=1)
        AgentProfile.objects.update(back_at=back)
        assign_by(ticket=ticket, actor=MACHINE, strategy=Strategy.LOAD)
        assert Ticket.objects.get(pk=ticket.pk).assignee == cast.alice


def test_going_away_hands_the_open_tickets_over(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        home = cast.nordwerk.pk
        mine, done = cast.ticket(), cast.ticket()
        for ticket in (mine, done):
            assign(ticket=ticket, actor=Actor.person(cast.bob), assignee=cast.alice)
        Ticket.objects.filter(pk=done.pk).update(status_category="solved")
        count = set_availability(
            user=cast.alice, organization_id=home, away=True, stand_in=cast.bob
        )
        assert count == 1
        assert Ticket.objects.get(pk=mine.pk).assignee == cast.bob
        assert Ticket.objects.get(pk=done.pk).assignee == cast.alice
        assert reasons(mine) == ["Handed over to Bob Lead: Alice Agent is away"]
        for stand_in in (cast.bob, cast.dana, cast.charlie):
            with pytest.raises(BadInput):
                set_availability(user=cast.bob, organization_id=home, away=True, stand_in=stand_in)
        with pytest.raises(BadInput, match="Alice Agent is away as well"):
            set_availability(user=cast.bob, organization_id=home, away=True, stand_in=cast.alice)
        with pytest.raises(BadInput, match="in the future"):
            set_availability(user=cast.bob, organization_id=home, away=True, back_at=now())
        set_availability(user=cast.alice, organization_id=home, away=False)
        assert not AgentProfile.objects.get(user=cast.alice).is_away(now())


def test_the_next_one_is_the_most_pressing_of_ones_own_teams(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        late = vpn(cast)
        Ticket.objects.filter(pk=late.pk).update(resolution_due=now())
        urgent = cast.ticket(triage=Triage(category=cast.vpn, urgency="critical"))
        plain = vpn(cast)
        nobodys = cast.ticket()
        Ticket.objects.exclude(pk=late.pk).update(resolution_due=None)
        homes = [cast.nordwerk.pk]
        got = [claim_next(user=cast.alice, organizations=homes) for _ in range(5)]
        numbers = [ticket.pk if ticket else None for ticket in got]
        assert numbers == [late.pk, urgent.pk, plain.pk, nobodys.pk, None]
        assert Ticket.objects.get(pk=late.pk).assignee == cast.alice


def test_another_teams_inbox_is_not_claimed_from(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        vpn(cast)
        assert claim_next(user=cast.bob, organizations=[cast.nordwerk.pk]) is None


@pytest.mark.django_db(transaction=True)
def test_two_claims_at_once_never_take_the_same_ticket(live_cast: Cast) -> None:
    home = live_cast.nordwerk.pk
    with organization_scope(home):
        for _ in range(8):
            vpn(live_cast)
    taken: list[int] = []

    def claim() -> None:
        for _ in range(2):
            with organization_scope(home):
                ticket = claim_next(user=live_cast.alice, organizations=[home])
                assert ticket is not None
                taken.append(ticket.pk)

    at_once(claim, 4)
    assert len(taken) == len(set(taken)) == 8
