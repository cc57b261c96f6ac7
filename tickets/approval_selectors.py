"""Reads around approvals: who decides, what waits for whom, and the link in a mail."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.core import signing
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from omnidesk.accounts.models import Membership, User
from omnidesk.accounts.roles import Role
from omnidesk.core.clock import now
from tickets.models import (
    AgentProfile,
    Approval,
    ApprovalPolicy,
    ApprovalState,
    ApprovalStep,
    ApprovalVote,
    Ticket,
    VoteState,
)
from tickets.models.approval import ApproverKind

_SALT: Final = "tickets.approval"
_LINK_AGE: Final = timedelta(days=90)
_LEADS: Final = (Role.LEAD.value, Role.ADMINISTRATOR.value)
MOST_APPROVERS: Final = 50


@dataclass(frozen=True, slots=True)
class Approvers:
    """Who is asked, and in whose place where the one meant cannot."""

    people: list[User]
    instead_of: str


def may_decide(person: User, organization_id: int) -> bool:
    """Whether somebody is active and belongs to the organization. Queries: 1.

    Superusers belong everywhere.
    """
    if not person.is_active:
        return False
    member = Membership.objects.filter(user=person, organization_id=organization_id)
    return person.is_superuser or member.exists()


def approvers_of(step: ApprovalStep, approval: Approval, ticket: Ticket) -> Approvers:
    """The people of a step: those it names, else its delegate, else the leads. Queries: 1 to 5.

    Nobody approves what they asked for themselves, neither the requester nor whoever asked. For one
    person who is away their stand-in is asked, else the step's delegate; without either, they are.
    """
    home = ticket.organization_id
    partial = {ticket.requester_id, approval.asked_by_id}
    meant = [one for one in _named(step, home) if one.pk not in partial]
    instead_of = _words(step)
    delegate = step.delegate
    if delegate and (delegate.pk in partial or not may_decide(delegate, home)):
        delegate = None
    if meant and step.approver_kind == ApproverKind.PERSON:
        profile = _away(meant[0], home)
        stand_in = profile.stand_in if profile else None
        if stand_in and (stand_in.pk in partial or not may_decide(stand_in, home)):
            stand_in = None
        if profile and (stand_in or delegate):
            return Approvers([one for one in (stand_in or delegate,) if one], instead_of)
    if meant:
        return Approvers(meant, "")
    if delegate:
        return Approvers([delegate], instead_of)
    return Approvers([one for one in leads_of(home) if one.pk not in partial], instead_of)


def _away(person: User, organization_id: int) -> AgentProfile | None:
    rows = AgentProfile.objects.filter(organization_id=organization_id, user=person)
    profile = rows.select_related("stand_in").first()
    return profile if profile is not None and profile.is_away(now()) else None


def _words(step: ApprovalStep) -> str:
    if step.person is not None:
        return step.person.display_name
    return str(step.team or step.get_approver_kind_display())


def _named(step: ApprovalStep, organization_id: int) -> list[User]:
    if step.approver_kind == ApproverKind.PERSON:
        person = step.person
        return [person] if person and may_decide(person, organization_id) else []
    if step.approver_kind == ApproverKind.LEADS:
        return leads_of(organization_id)
    if step.team is None:
        return []
    team = User.objects.filter(
        is_active=True,
        team_memberships__team=step.team,
        pk__in=Membership.objects.filter(organization_id=organization_id).values("user"),
    )
    return list(team.order_by("pk")[:MOST_APPROVERS])


def leads_of(organization_id: int) -> list[User]:
    """Active leads and administrators of an organization. Queries: 1."""
    members = Membership.objects.filter(organization_id=organization_id, role__in=_LEADS)
    people = User.objects.filter(is_active=True, pk__in=members.values("user"))
    return list(people.order_by("pk")[:MOST_APPROVERS])


def approvals_on(ticket: Ticket) -> QuerySet[Approval]:
    """A ticket's requests with their answers, newest first. Queries: 2 when read."""
    votes = ApprovalVote.objects.select_related("person").order_by("position", "pk")
    return (
        ticket.approvals.select_related("policy", "asked_by")
        .prefetch_related(Prefetch("votes", votes))
        .order_by("-pk")
    )


def votes_of(user: User) -> QuerySet[ApprovalVote]:
    """What a person is or was asked, what waits first. Queries: 1 when read."""
    return (
        ApprovalVote.objects.filter(person=user)
        .select_related("approval__policy", "approval__ticket__requester", "approval__asked_by")
        .defer("approval__ticket__search")
        .order_by("state", "-pk")
    )


def open_votes_of(user: User) -> QuerySet[ApprovalVote]:
    """What waits for a person's answer now. Queries: 1 when read."""
    return votes_of(user).filter(state=VoteState.ASKED, approval__state=ApprovalState.WAITING)


def policies_of(organization_id: int) -> QuerySet[ApprovalPolicy]:
    """Definitions that can be asked. Queries: 1 when read."""
    steps = ApprovalStep.objects.filter(policy=OuterRef("pk"))
    active = ApprovalPolicy.objects.filter(organization_id=organization_id, is_active=True)
    return active.filter(Exists(steps))


def due_approvals() -> list[tuple[int, int]]:
    """(organization, approval) that need attention: overdue, to remind, or an approver left."""
    moment = now()
    left = ApprovalVote.objects.filter(approval=OuterRef("pk"), state=VoteState.ASKED).filter(
        Q(person__is_active=False)
        | ~Q(person__is_superuser=True)
        & ~Exists(
            Membership.objects.filter(
                user=OuterRef("person"), organization_id=OuterRef("organization_id")
            )
        )
    )
    due = Q(due_at__lte=moment) | Q(remind_at__lte=moment) | Exists(left)
    rows = Approval.objects.filter(due, state=ApprovalState.WAITING)
    return list(rows.order_by("due_at").values_list("organization_id", "pk")[:500])


def link_token(vote: ApprovalVote) -> str:
    """The signed mark that stands for one vote in a mail."""
    return signing.dumps([vote.organization_id, vote.pk, vote.nonce], salt=_SALT, compress=False)


def read_token(token: str) -> tuple[int, int, str] | None:
    """(organization, vote, nonce) of a genuine mark, or None."""
    try:
        organization_id, vote_id, nonce = signing.loads(token, salt=_SALT, max_age=_LINK_AGE)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return int(organization_id), int(vote_id), str(nonce)


def problems_of(step: ApprovalStep, organization_id: int) -> str:
    """Why a step cannot work as it is configured, or "". Queries: 1 or 2."""
    if step.approver_kind == ApproverKind.PERSON:
        if step.person is None:
            return _("Choose the person who decides.")
        if not may_decide(step.person, organization_id):
            return _("%(name)s has left or does not belong to this organization.") % {
                "name": step.person
            }
    elif step.approver_kind == ApproverKind.TEAM and step.team is None:
        return _("Choose the team that decides.")
    if step.delegate is not None and not may_decide(step.delegate, organization_id):
        return _("%(name)s has left or does not belong to this organization.") % {
            "name": step.delegate
        }
    people = len(_named(step, organization_id))
    if not people:
        return _("Nobody could decide this step.")
    if step.quorum > people:
        return _("Only %(count)d people can be asked, fewer than must agree.") % {"count": people}
    return ""
