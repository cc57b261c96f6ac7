"""Asking for approval, answering, and what follows.

Everything happens under the ticket's row lock: of two answers at once the second decides on what
the first left, and a request ends once.
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.events import publish
from omnidesk.core.text import clean_text, one_line
from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record
from tickets.actions.lifecycle import set_status
from tickets.actions.notify import Notice, notify
from tickets.approval_rules import Tally, tally
from tickets.approval_selectors import Approvers, approvers_of, may_decide
from tickets.choices import ActorKind
from tickets.events import ApprovalDecided
from tickets.models import (
    Approval,
    ApprovalPolicy,
    ApprovalState,
    ApprovalStep,
    ApprovalVote,
    Expiry,
    Ticket,
    VoteState,
)
from tickets.notices import Kind

LONGEST_TEXT: Final = 5000
SYSTEM: Final = Actor.machine(ActorKind.SYSTEM, "OmniDesk")


@transaction.atomic
def ask_approval(
    *, ticket: Ticket, actor: Actor, policy: ApprovalPolicy, question: str
) -> Approval:
    """Ask those whom `policy` names whether something may be done on the ticket.

    Raises `InvalidChange` for an empty question, a policy that is off or another organization's,
    one that was asked already and waits, and where a step leads to nobody.
    """
    ticket = locked(ticket)
    question = _question(ticket, policy, question)
    moment = now()
    remind = policy.remind_hours
    approval = Approval.objects.create(
        organization_id=ticket.organization_id,
        ticket=ticket,
        policy=policy,
        question=question,
        asked_by=actor.user,
        asked_label=one_line(actor.label, 150),
        created_at=moment,
        due_at=moment + timedelta(hours=policy.deadline_hours),
        remind_at=moment + timedelta(hours=remind) if remind else None,
    )
    detail = {"approval": approval.pk, "name": policy.name}
    asked = FieldChange("ticket.approval_asked", detail=detail)
    record(ticket, actor, asked, *_open_next(approval, ticket))
    return approval


def _question(ticket: Ticket, policy: ApprovalPolicy, question: str) -> str:
    question = clean_text(question, LONGEST_TEXT).strip()
    if not question:
        raise InvalidChange(_("Say what should be approved."), "question")
    if policy.organization_id != ticket.organization_id:
        raise InvalidChange(_("This belongs to another organization."), "policy")
    if not policy.is_active:
        raise InvalidChange(_("“%(name)s” is switched off.") % {"name": policy}, "policy")
    waiting = Approval.objects.filter(ticket=ticket, policy=policy, state=ApprovalState.WAITING)
    if waiting.exists():
        raise InvalidChange(_("“%(name)s” is asked already.") % {"name": policy}, "policy")
    return question


def _open_next(approval: Approval, ticket: Ticket) -> list[FieldChange]:
    """Ask the people of the next position; returns what to log (who stands in for whom)."""
    steps = list(approval.policy.steps.select_related("person", "delegate", "team"))
    positions = sorted({step.position for step in steps if step.position > approval.position})
    if not positions:
        raise InvalidChange(_("“%(name)s” asks nobody.") % {"name": approval.policy}, "policy")
    approval.position = positions[0]
    approval.save(update_fields=["position"])
    changes: list[FieldChange] = []
    for step in steps:
        if step.position == approval.position:
            found = approvers_of(step, approval, ticket)
            changes += _ask(approval, ticket, step, found)
    return changes


def _ask(
    approval: Approval, ticket: Ticket, step: ApprovalStep, found: Approvers
) -> list[FieldChange]:
    if not found.people:
        raise InvalidChange(
            _("Step %(step)s of “%(name)s” leads to nobody who could decide.")
            % {"step": step.position, "name": approval.policy},
            "policy",
        )
    _invite(approval, step.pk, step.position, step.quorum, found.people, found.instead_of, step)
    _tell(approval, ticket, found.people)
    if not found.instead_of:
        return []
    detail = {
        "approval": approval.pk,
        "instead_of": found.instead_of,
        "people": [one.email for one in found.people],
    }
    return [FieldChange("ticket.approval_passed_on", detail=detail)]


def _invite(
    approval: Approval, group: int, position: int, quorum: int, people: Sequence[User],
    instead_of: str, step: ApprovalStep | None,
) -> None:  # fmt: skip
    ApprovalVote.objects.bulk_create(
        (
            ApprovalVote(
                organization_id=approval.organization_id,
                approval=approval,
                step=step,
                group=group,
                position=position,
                quorum=quorum,
                person=one,
                instead_of=one_line(instead_of, 150),
                nonce=secrets.token_hex(16),
                asked_at=now(),
            )
            for one in people
        ),
        ignore_conflicts=True,
    )


def _tell(approval: Approval, ticket: Ticket, people: Sequence[User]) -> None:
    notify(
        Notice(
            kind=Kind.APPROVAL,
            ticket=ticket,
            people=[one.pk for one in people],
            actor_name=approval.asked_label,
            about=f"approval:{approval.pk}",
            detail=one_line(approval.question, 200),
            invited=True,
        )
    )


@transaction.atomic
def answer_approval(
    *, vote: ApprovalVote, person: User, agrees: bool, comment: str = "", via: str = "page"
) -> Approval:
    """Give one person's answer, once. The caller holds the organization's scope.

    `via` is page, mail, portal or api. Raises `InvalidChange` where it is somebody else's, was
    answered, or is no longer asked.
    """
    ticket = locked(vote.approval.ticket)
    vote = ApprovalVote.objects.select_related("approval__policy").get(pk=vote.pk)
    approval = vote.approval
    if vote.person_id != person.pk or not may_decide(person, approval.organization_id):
        raise InvalidChange(_("You are not asked for this."))
    if vote.state != VoteState.ASKED or approval.state != ApprovalState.WAITING:
        raise InvalidChange(_("This is answered or no longer needed."))
    vote.state = VoteState.APPROVED.value if agrees else VoteState.REJECTED.value
    vote.comment = clean_text(comment, LONGEST_TEXT)
    vote.via, vote.answered_at = via, now()
    vote.save(update_fields=["state", "comment", "via", "answered_at"])
    detail = {"approval": approval.pk, "name": approval.policy.name, "comment": vote.comment}
    detail |= {"via": via, "instead_of": vote.instead_of}
    said = FieldChange("ticket.approval_answered", "approval", None, vote.state, detail)
    actor = Actor.person(person)
    record(ticket, actor, said)
    _go_on(approval, ticket, actor)
    return approval


def _go_on(approval: Approval, ticket: Ticket, actor: Actor) -> None:
    """Decide, open the next step, or keep waiting, after an answer was written."""
    votes = list(approval.votes.filter(position=approval.position))
    results = []
    for group in {vote.group for vote in votes}:
        of = [vote for vote in votes if vote.group == group and vote.state != VoteState.VOID]
        if not of:
            continue
        states = [vote.state for vote in of]
        yes, no = states.count(VoteState.APPROVED), states.count(VoteState.REJECTED)
        results.append(tally(quorum=of[0].quorum, people=len(of), yes=yes, no=no))
    if Tally.NO in results:
        _decide(approval, ticket, actor, ApprovalState.REJECTED, "")
    elif results and all(one is Tally.YES for one in results):
        later = approval.policy.steps.filter(position__gt=approval.position).exists()
        if not later:
            _decide(approval, ticket, actor, ApprovalState.APPROVED, "")
            return
        _void(approval)
        try:
            with transaction.atomic():
                changes = _open_next(approval, ticket)
        except InvalidChange as problem:
            # The answer stands; a step that leads to nobody cannot agree.
            _decide(approval, ticket, SYSTEM, ApprovalState.REJECTED, str(problem))
            return
        record(locked(ticket), SYSTEM, *changes)


def _void(approval: Approval) -> None:
    open_votes = approval.votes.filter(state=VoteState.ASKED)
    open_votes.update(state=VoteState.VOID)


def _decide(
    approval: Approval, ticket: Ticket, actor: Actor, state: ApprovalState, reason: str
) -> None:
    approval.state, approval.decided_at = state.value, now()
    approval.reason = one_line(reason, 300)
    approval.save(update_fields=["state", "decided_at", "reason"])
    _void(approval)
    detail = {"approval": approval.pk, "name": approval.policy.name, "reason": approval.reason}
    decided = FieldChange("ticket.approval_decided", "approval", "waiting", state.value, detail)
    ticket = locked(ticket)
    record(ticket, actor, decided)
    if state is not ApprovalState.WITHDRAWN:
        _apply(approval, ticket)
    publish(
        ApprovalDecided(
            organization_id=approval.organization_id,
            ticket_id=ticket.pk,
            approval_id=approval.pk,
            approved=state is ApprovalState.APPROVED,
        )
    )
    if approval.asked_by_id:
        notify(
            Notice(
                kind=Kind.DECIDED,
                ticket=ticket,
                people=[approval.asked_by_id],
                by=actor.user.pk if actor.user else None,
                about=f"approval:{approval.pk}",
                detail=f"{approval.policy.name}: {approval.get_state_display()}",
            )
        )


def _apply(approval: Approval, ticket: Ticket) -> None:
    """Move the ticket as the definition says; a workflow that forbids it is said, not fatal."""
    policy = approval.policy
    approved = approval.state == ApprovalState.APPROVED
    status = policy.approved_status if approved else policy.rejected_status
    if status is None:
        return
    try:
        with transaction.atomic():
            set_status(ticket=ticket, actor=SYSTEM, status=status)
    except InvalidChange as problem:
        approval.reason = one_line(f"{approval.reason} {problem}", 300)
        approval.save(update_fields=["reason"])


@transaction.atomic
def withdraw_approval(*, approval: Approval, actor: Actor) -> Approval:
    """Take a question back. Raises `InvalidChange` where it is decided already."""
    ticket = locked(approval.ticket)
    approval = Approval.objects.select_related("policy").get(pk=approval.pk)
    if approval.state != ApprovalState.WAITING:
        raise InvalidChange(_("This is answered or no longer needed."))
    _decide(approval, ticket, actor, ApprovalState.WITHDRAWN, "")
    return approval


@transaction.atomic
def attend_approval(*, approval_id: int) -> None:
    """End, remind or pass on one waiting request whose time has come; twice is once."""
    found = Approval.objects.select_related("ticket", "organization").filter(pk=approval_id).first()
    if found is None:
        return
    ticket = locked(found.ticket)
    approval = Approval.objects.select_related("policy").get(pk=approval_id)
    if approval.state != ApprovalState.WAITING:
        return
    moment = now()
    with translation.override(found.organization.language):
        if approval.due_at <= moment:
            agreed = approval.policy.on_expiry == Expiry.APPROVE
            state = ApprovalState.APPROVED if agreed else ApprovalState.REJECTED
            _decide(approval, ticket, SYSTEM, state, _("Nobody decided in time."))
            return
        _replace_leavers(approval, ticket)
        if approval.remind_at and approval.remind_at <= moment:
            approval.remind_at = None
            approval.save(update_fields=["remind_at"])
            asked = User.objects.filter(
                approval_votes__approval=approval, approval_votes__state=VoteState.ASKED
            )
            _tell(approval, ticket, list(asked))


def _replace_leavers(approval: Approval, ticket: Ticket) -> None:
    """Whoever cannot decide any more is replaced by the step's delegate or the leads."""
    votes = approval.votes.filter(state=VoteState.ASKED).select_related("person", "step")
    for vote in votes:
        if may_decide(vote.person, approval.organization_id):
            continue
        vote.state = VoteState.VOID.value
        vote.save(update_fields=["state"])
        found = approvers_of(vote.step, approval, ticket) if vote.step else Approvers([], "")
        known = set(approval.votes.filter(group=vote.group).values_list("person_id", flat=True))
        fresh = [one for one in found.people if one.pk not in known]
        instead = found.instead_of or vote.person.display_name
        _invite(approval, vote.group, vote.position, vote.quorum, fresh[:1], instead, vote.step)
        _tell(approval, ticket, fresh[:1])
        detail = {
            "approval": approval.pk,
            "instead_of": vote.person.display_name,
            "people": [one.email for one in fresh[:1]],
        }
        record(locked(ticket), SYSTEM, FieldChange("ticket.approval_passed_on", detail=detail))
        if not approval.votes.filter(group=vote.group).exclude(state=VoteState.VOID).exists():
            _decide(
                approval, ticket, SYSTEM, ApprovalState.REJECTED, _("Nobody is left to decide.")
            )
            return
    if approval.state == ApprovalState.WAITING:
        _go_on(approval, ticket, SYSTEM)
