"""Automatic assignment: by strategy, claim-next, away and back with hand-over.

Every choice says why, in the log of the ticket. Choices of one organization are made one after
the other (its row of a team, or the ticket, is locked), so two at once never count the same
person's load twice and never take the same ticket.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, Count, F, IntegerField, Q, Value, When
from django.utils.translation import gettext as _

from omnidesk.accounts.models import Team, User
from omnidesk.accounts.roles import STAFF_ROLES
from omnidesk.core.clock import now
from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record
from tickets.actions.triage import Edit, edit_ticket
from tickets.choices import ActorKind, StatusCategory
from tickets.models import AgentProfile, Skill, Ticket, TicketQuerySet
from tickets.workload import Candidate, Choice, Strategy, choose

LEARNT_WITHIN = timedelta(days=365)
OPEN = (StatusCategory.OPEN, StatusCategory.PENDING)
_RANKS = {"critical": 0, "high": 1, "medium": 2, "low": 3}


@transaction.atomic
def assign_by(*, ticket: Ticket, actor: Actor, strategy: Strategy) -> Choice:
    """Give the ticket to the best of its team, or of the desk where it has none.

    Leaves it as it is where nobody is free; the log says why either way.
    """
    ticket = locked(ticket)
    _take_turns(ticket)
    found = candidates(ticket)
    choice = choose(found, strategy, str(ticket.category or ""))
    if choice.candidate is None:
        why = _("Not assigned: %(why)s") % {"why": choice.why}
        record(ticket, actor, FieldChange("ticket.assignment_explained", detail={"why": why}))
        return choice
    person = User.objects.get(pk=choice.candidate.pk)
    edit_ticket(ticket=ticket, actor=actor, edit=Edit(assignee=person))
    AgentProfile.objects.update_or_create(
        organization_id=ticket.organization_id, user=person, defaults={"last_given_at": now()}
    )
    why = _("Assigned to %(name)s: %(why)s") % {"name": person.display_name, "why": choice.why}
    explained = FieldChange("ticket.assignment_explained", detail={"why": why})
    record(locked(ticket), actor, explained, activity=False)
    return choice


def _take_turns(ticket: Ticket) -> None:
    """One choice at a time: the team's row, or that of the whole organization's teams."""
    teams = Team.objects.filter(organization_id=ticket.organization_id)
    if ticket.team_id:
        teams = teams.filter(pk=ticket.team_id)
    list(teams.order_by("pk").select_for_update(of=("self",)).values_list("pk"))


def candidates(ticket: Ticket) -> list[Candidate]:
    """Who could get the ticket, with what they have and know (queries: 5)."""
    home = ticket.organization_id
    people = User.objects.filter(
        is_active=True, memberships__organization_id=home, memberships__role__in=STAFF_ROLES
    )
    if ticket.team_id:
        people = people.filter(team_memberships__team_id=ticket.team_id)
    people = people.distinct().order_by("pk")
    ids = [person.pk for person in people]
    moment = now()
    profiles = {
        profile.user_id: profile
        for profile in AgentProfile.objects.filter(organization_id=home, user__in=ids)
    }
    own = Ticket.objects.alive().filter(organization_id=home, assignee__in=ids)
    held = _counted(own.filter(status_category__in=OPEN))
    solved = _counted(
        own.filter(category=ticket.category_id, resolved_at__gte=moment - LEARNT_WITHIN)
    )
    skills = dict(
        Skill.objects.filter(
            profile__organization_id=home, category=ticket.category_id
        ).values_list("profile__user_id", "level")
    )
    return [
        Candidate(
            pk=person.pk,
            name=person.display_name,
            open=held.get(person.pk, 0),
            capacity=profiles[person.pk].capacity if person.pk in profiles else 0,
            skill=skills.get(person.pk, 0),
            solved=solved.get(person.pk, 0) if ticket.category_id else 0,
            last=profiles[person.pk].last_given_at if person.pk in profiles else None,
            away=person.pk in profiles and profiles[person.pk].is_away(moment),
        )
        for person in people
    ]


def _counted(tickets: TicketQuerySet) -> dict[int, int]:
    rows = tickets.order_by().values("assignee_id").annotate(count=Count("pk"))
    return {row["assignee_id"]: row["count"] for row in rows}


@transaction.atomic
def claim_next(*, user: User, organizations: Collection[int]) -> Ticket | None:
    """Take the most pressing free ticket of `user`'s teams, else of their organizations.

    First what is due first, then by priority, then the oldest. Whoever claims at the same
    moment gets the next one: a locked row is skipped. None where nothing is free.
    """
    teams = Team.objects.filter(team_memberships__user=user).values("pk")
    free = (
        Ticket.objects.alive()
        .filter(
            organization_id__in=organizations, assignee=None, status_category=StatusCategory.OPEN
        )
        .annotate(
            mine=Case(When(team__in=teams, then=Value(0)), default=Value(1)),
            rank=Case(
                *(When(priority=key, then=Value(rank)) for key, rank in _RANKS.items()),
                default=Value(4),
                output_field=IntegerField(),
            ),
        )
        .filter(Q(team=None) | Q(team__in=teams))
        .order_by("mine", F("resolution_due").asc(nulls_last=True), "rank", "created_at", "pk")
        .select_for_update(skip_locked=True, of=("self",))
    )
    pk = free.values_list("pk", flat=True).first()
    if pk is None:
        return None
    ticket = Ticket.objects.with_row_relations().get(pk=pk)
    return edit_ticket(ticket=ticket, actor=Actor.person(user), edit=Edit(assignee=user))


@transaction.atomic
def set_availability(
    *,
    user: User,
    organization_id: int,
    away: bool,
    back_at: datetime | None = None,
    stand_in: User | None = None,
) -> int:
    """Go away or come back. With a stand-in the open tickets are handed over; returns how many.

    Raises `InvalidChange` where the stand-in is nobody of the desk, away themselves, or the
    return lies in the past.
    """
    moment = now()
    if away and back_at is not None and back_at <= moment:
        raise InvalidChange(_("Choose a time in the future."), "back_at")
    if away and stand_in is not None:
        _check_stand_in(user, organization_id, stand_in, moment)
    state = AgentProfile.State.AWAY if away else AgentProfile.State.PRESENT
    AgentProfile.objects.update_or_create(
        organization_id=organization_id,
        user=user,
        defaults={
            "state": state,
            "back_at": back_at if away else None,
            "stand_in": stand_in if away else None,
        },
    )
    return _hand_over(user, organization_id, stand_in) if away and stand_in else 0


def _check_stand_in(user: User, organization_id: int, stand_in: User, moment: datetime) -> None:
    staff = stand_in.memberships.filter(organization_id=organization_id, role__in=STAFF_ROLES)
    if stand_in.pk == user.pk or not staff.exists():
        raise InvalidChange(_("Choose another agent of this organization."), "stand_in")
    profile = AgentProfile.objects.filter(organization_id=organization_id, user=stand_in).first()
    if profile is not None and profile.is_away(moment):
        words = _("%(name)s is away as well.") % {"name": stand_in.display_name}
        raise InvalidChange(words, "stand_in")


def _hand_over(user: User, organization_id: int, stand_in: User) -> int:
    actor = Actor.machine(ActorKind.SYSTEM, "assignment")
    own = Ticket.objects.alive().filter(
        organization_id=organization_id, assignee=user, status_category__in=OPEN
    )
    rows = list(own.with_row_relations().order_by("pk"))
    why = _("Handed over to %(stand_in)s: %(name)s is away") % {
        "stand_in": stand_in.display_name,
        "name": user.display_name,
    }
    for ticket in rows:
        edit_ticket(ticket=ticket, actor=actor, edit=Edit(assignee=stand_in))
        explained = FieldChange("ticket.assignment_explained", detail={"why": why})
        record(locked(ticket), actor, explained, activity=False)
    return len(rows)
