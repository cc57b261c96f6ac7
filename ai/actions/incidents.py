"""What a person makes of a surge: an incident with its tickets, a question, updates to everybody.

Every mail leaves once: the question by a unique row for each person, an update by its own key
(`tickets.actions.incident_news`).
"""

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from django.db import transaction
from django.utils.translation import gettext as _

from ai.events import SurgeChanged
from ai.incident_words import heard, question_text
from ai.models import Surge, SurgeMember
from omnidesk.accounts.models import Team, User
from omnidesk.core.clock import now
from omnidesk.core.events import publish
from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record
from tickets.actions.incident_news import Told, show_incident, tell_incident
from tickets.actions.intake import Body, Triage, open_ticket
from tickets.actions.links import link_tickets, unlink_tickets
from tickets.actions.reply import reply
from tickets.choices import ActorKind, Impact, Source, Urgency
from tickets.linking import LinkKind, Relation
from tickets.models import Category, Message, StatusNotice, Ticket, TicketLink, TicketType

MANY_PEOPLE = 10
Answer = SurgeMember.Answer
Row = TypeVar("Row", Category, Team)


@transaction.atomic
def declare_incident(*, surge: Surge, user: User, subject: str, text: str) -> Ticket:
    """Open the parent ticket and make the surge's tickets its children.

    Pressed twice it answers the same incident. Raises `InvalidChange` for an empty subject or
    text, or where somebody said meanwhile that it is no incident.
    """
    surge = _held(surge)
    if surge.state == Surge.State.DECLARED and surge.ticket is not None:
        return surge.ticket
    if surge.state == Surge.State.DISMISSED:
        raise InvalidChange(_("Somebody said meanwhile that this is no incident."))
    members = _members(surge)
    parent = open_ticket(
        organization_id=surge.organization_id,
        requester=user,
        subject=subject,
        body=Body(text=text),
        source=Source.AGENT,
        actor=Actor.person(user),
        triage=_triage(surge, members),
    )
    surge.state, surge.ticket = Surge.State.DECLARED, parent
    surge.decided_at, surge.decided_by = now(), user
    surge.save()
    numbers = _link(surge, members, user)
    people = len({member.person_id for member in members})
    detail = {"tickets": numbers, "people": people, "surge": surge.pk}
    record(
        locked(parent),
        Actor.person(user),
        FieldChange("ticket.incident_declared", detail=detail),
        activity=False,
    )
    _announce(surge)
    return parent


@transaction.atomic
def link_new_members(*, surge: Surge, user: User) -> int:
    """Make tickets that were noticed later part of the incident; returns how many."""
    surge = _held(surge)
    _check_declared(surge)
    waiting = [member for member in _members(surge) if not member.is_linked]
    linked = _link(surge, [m for m in waiting if m.answer != Answer.OTHER], user)
    _announce(surge)
    return len(linked)


@transaction.atomic
def ask_affected(*, surge: Surge, user: User) -> Told:
    """Ask each person of the incident once whether theirs is the same problem."""
    surge = _held(surge)
    parent = _check_declared(surge)
    members = _members(surge)
    done = {member.person_id for member in members if member.asked_at or member.answered_at}
    told, refused = 0, []
    for member in _one_each(members):
        if member.person_id in done:
            continue
        text = question_text(member, surge, parent)
        try:
            with transaction.atomic():
                member.question = reply(ticket=member.ticket, actor=_machine(parent), text=text)
        except InvalidChange:
            refused.append(member.ticket.number)
            continue
        member.asked_at = now()
        member.save(update_fields=["question", "asked_at"])
        told += 1
    if told:
        _note(parent, user, "ticket.incident_asked", {"people": told})
    _announce(surge)
    return Told(told, tuple(refused))


@transaction.atomic
def broadcast(*, surge: Surge, user: User, text: str, key: str, stage: str = "") -> Told:
    """Tell every affected person what is new, each by one mail; the status page says it too.

    `key` names this update: sent again with the same key, nothing leaves.
    """
    surge = _held(surge)
    parent = _check_declared(surge)
    told = tell_incident(ticket=parent, author=user, text=text, key=key, stage=stage)
    _announce(surge)
    return told


@transaction.atomic
def show_on_status_page(*, surge: Surge, user: User) -> StatusNotice:
    """Tell of the incident on the status page; pressed twice it is told once."""
    return show_incident(ticket=_check_declared(_held(surge)), author=user)


@transaction.atomic
def answer_membership(*, member: SurgeMember, same: bool, actor: Actor) -> bool:
    """Keep whether a ticket belongs to the incident; what does not is taken out of it.

    Returns whether anything changed: the same answer again changes nothing.
    """
    surge = _held(member.surge)
    member = SurgeMember.objects.select_related("ticket").get(pk=member.pk)
    answer = Answer.SAME if same else Answer.OTHER
    if member.answer == answer:
        return False
    member.answer, member.answered_at = answer.value, now()
    if surge.ticket is not None:
        member.is_linked = _relink(surge.ticket, member, actor) if same else False
        if not same:
            _unlink(surge.ticket, member.ticket, actor)
        detail = {"same": same, "number": surge.ticket.number}
        record(
            locked(member.ticket),
            actor,
            FieldChange("ticket.incident_answered", detail=detail),
            activity=False,
        )
    member.save()
    _announce(surge)
    return True


def hear_answer(*, ticket_id: int, message_id: int) -> bool:
    """Take a short yes or no that answers the incident's question; returns whether it was one."""
    asked = SurgeMember.objects.filter(
        ticket=ticket_id, asked_at__isnull=False, answer=Answer.NONE
    ).select_related("surge", "ticket")
    member = asked.first()
    if member is None:
        return False
    message = Message.objects.select_related("author").get(pk=message_id)
    same = heard(message.text)
    if same is None or message.author is None:
        return False
    return answer_membership(member=member, same=same, actor=Actor.person(message.author))


def _held(surge: Surge) -> Surge:
    """The surge under its row lock: one decision at a time."""
    Surge.objects.select_for_update().filter(pk=surge.pk).values_list("pk").get()
    return Surge.objects.select_related("ticket").get(pk=surge.pk)


def _check_declared(surge: Surge) -> Ticket:
    if surge.state != Surge.State.DECLARED or surge.ticket is None:
        raise InvalidChange(_("This is no incident yet."))
    return surge.ticket


def _members(surge: Surge) -> list[SurgeMember]:
    """Its tickets, the binned ones left out, oldest first. Queries: 1."""
    rows = surge.members.filter(ticket__deleted_at=None).select_related(
        "ticket__category", "ticket__team", "person"
    )
    return list(rows.order_by("ticket__created_at", "pk"))


def _one_each(members: Sequence[SurgeMember]) -> list[SurgeMember]:
    """Each person's oldest open ticket of the incident: whoever wrote three gets one mail."""
    found: dict[int, SurgeMember] = {}
    for member in members:
        if member.is_linked and not member.ticket.is_settled:
            found.setdefault(member.person_id, member)
    return list(found.values())


def _triage(surge: Surge, members: Sequence[SurgeMember]) -> Triage:
    """What most of the tickets say: category and team of the most, urgency of the worst."""
    tickets = [member.ticket for member in members]
    order = Urgency.values
    many = len({member.person_id for member in members}) >= MANY_PEOPLE
    kinds = TicketType.objects.filter(organization_id=surge.organization_id, is_active=True)
    return Triage(
        type=kinds.filter(key="incident").first(),
        category=_most([ticket.category for ticket in tickets if ticket.category]),
        team=_most([ticket.team for ticket in tickets if ticket.team]),
        urgency=max((t.urgency for t in tickets), key=order.index, default=Urgency.HIGH.value),
        impact=(Impact.HIGH if many else Impact.MEDIUM).value,
        language=surge.language,
    )


def _most(rows: Sequence[Row]) -> Row | None:
    counted = Counter(rows).most_common(1)
    return counted[0][0] if counted else None


def _link(surge: Surge, members: Sequence[SurgeMember], user: User) -> list[int]:
    """Make tickets children; one that is part of another ticket already stays there."""
    numbers = []
    for member in members:
        if surge.ticket is None or not _relink(surge.ticket, member, Actor.person(user)):
            continue
        numbers.append(member.ticket.number)
        SurgeMember.objects.filter(pk=member.pk).update(is_linked=True)
    return numbers


def _relink(parent: Ticket, member: SurgeMember, actor: Actor) -> bool:
    try:
        with transaction.atomic():
            link_tickets(
                ticket=parent, actor=actor, other=member.ticket, relation=Relation.PARENT_OF
            )
    except InvalidChange:
        return False
    return True


def _unlink(parent: Ticket, child: Ticket, actor: Actor) -> None:
    link = TicketLink.objects.filter(source=parent, target=child, kind=LinkKind.PARENT).first()
    if link is not None:
        unlink_tickets(ticket=child, actor=actor, link=link)


def _machine(parent: Ticket) -> Actor:
    return Actor.machine(ActorKind.SYSTEM, f"#{parent.number}")


def _note(parent: Ticket, user: User, verb: str, detail: dict[str, int]) -> None:
    change = FieldChange(verb, detail=detail)
    record(locked(parent), Actor.person(user), change, activity=False)


def _announce(surge: Surge) -> None:
    publish(SurgeChanged(organization_id=surge.organization_id, surge_id=surge.pk))
