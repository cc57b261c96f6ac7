"""Category, urgency, impact, team, assignee, tags: what a ticket is and who works on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from omnidesk.accounts.models import Team, User
from omnidesk.accounts.roles import Role
from omnidesk.core.events import publish
from omnidesk.core.text import one_line
from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record, record_many
from tickets.actions.catalog import first_status, get_or_create_tags
from tickets.actions.checklists import attach_matching
from tickets.actions.fields import checked_fields
from tickets.actions.levels import priority_for
from tickets.actions.lifecycle import move
from tickets.actions.types import workflow_of
from tickets.choices import Impact, Priority, StatusCategory, Urgency
from tickets.events import ReprocessRequested, TicketAssigned, TicketClassified
from tickets.models import Category, Status, Ticket, TicketTag, TicketType


class _Unset:
    """Marks an argument that was not given, where None means "none"."""


UNSET = _Unset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """The fields to change; what is left out stays as it is."""

    subject: str | _Unset = UNSET
    type: TicketType | _Unset = UNSET
    category: Category | _Unset | None = UNSET
    urgency: str | _Unset = UNSET
    impact: str | _Unset = UNSET
    priority: str | _Unset = UNSET
    team: Team | _Unset | None = UNSET
    assignee: User | _Unset | None = UNSET
    language: str | _Unset = UNSET
    tags: list[str] | _Unset = UNSET
    custom_fields: dict[str, Any] | _Unset = UNSET


@transaction.atomic
def edit_ticket(*, ticket: Ticket, actor: Actor, edit: Edit) -> Ticket:
    """Change several fields at once, one log row each; equal values change nothing.

    Urgency or impact set the priority by the matrix unless the edit names one. Custom fields
    are merged by key, None removes one. Raises `InvalidChange` naming the field.
    """
    ticket = locked(ticket)
    changes = [
        *_set_texts(ticket, edit),
        *_set_type(ticket, edit),
        *_set_category(ticket, actor, edit),
        *_set_levels(ticket, actor, edit),
        *_set_owners(ticket, actor, edit),
        *_set_tags(ticket, edit),
        *_set_fields(ticket, actor, edit),
    ]
    record(ticket, actor, *changes)
    return ticket


def set_category(*, ticket: Ticket, actor: Actor, category: Category | None) -> Ticket:
    """Sort a ticket; without a team it goes to the category's default team."""
    return edit_ticket(ticket=ticket, actor=actor, edit=Edit(category=category))


def set_urgency(*, ticket: Ticket, actor: Actor, urgency: str) -> Ticket:
    """Set the urgency and the priority that follows from it."""
    return edit_ticket(ticket=ticket, actor=actor, edit=Edit(urgency=urgency))


def set_priority(*, ticket: Ticket, actor: Actor, priority: str) -> Ticket:
    """Set the priority by hand, against the matrix."""
    return edit_ticket(ticket=ticket, actor=actor, edit=Edit(priority=priority))


def assign(*, ticket: Ticket, actor: Actor, assignee: User | None) -> Ticket:
    """Give the ticket to an agent of its organization, or to nobody."""
    return edit_ticket(ticket=ticket, actor=actor, edit=Edit(assignee=assignee))


def assign_team(*, ticket: Ticket, actor: Actor, team: Team | None) -> Ticket:
    """Route the ticket to a team; an assignee outside the team stays (hand-over is explicit)."""
    return edit_ticket(ticket=ticket, actor=actor, edit=Edit(team=team))


def _set_texts(ticket: Ticket, edit: Edit) -> list[FieldChange]:
    changes = []
    if not isinstance(edit.subject, _Unset):
        subject = one_line(edit.subject)
        if not subject:
            raise InvalidChange(_("Enter a subject."), "subject")
        changes += _set(ticket, "ticket.renamed", "subject", subject)
    if not isinstance(edit.language, _Unset):
        changes += _set(ticket, "ticket.language_set", "language", one_line(edit.language, 8))
    return changes


def _set_type(ticket: Ticket, edit: Edit) -> list[FieldChange]:
    """Another type; a status that it does not have becomes its first one of the same stage."""
    kind = edit.type
    if isinstance(kind, _Unset) or kind.pk == ticket.type_id:
        return []
    if kind.organization_id != ticket.organization_id:
        raise InvalidChange(_("This type belongs to another organization."), "type")
    old, ticket.type = ticket.type, kind
    changes = [FieldChange("ticket.type_changed", "type", old.key if old else None, kind.key)]
    stages = workflow_of(ticket).stages
    if ticket.status.key not in stages:
        rows = Status.objects.filter(organization_id=ticket.organization_id, key__in=list(stages))
        alike = rows.filter(category=ticket.status_category).order_by("-is_default", "position")
        if ticket.status_category == StatusCategory.OPEN or not alike.exists():
            changes += move(ticket, first_status(kind, ticket.organization_id))
        else:
            changes += move(ticket, alike[0])
    return changes


def _set_fields(ticket: Ticket, actor: Actor, edit: Edit) -> list[FieldChange]:
    if isinstance(edit.custom_fields, _Unset) or not edit.custom_fields:
        return []
    old = ticket.custom_fields
    ticket.custom_fields = checked_fields(ticket, actor, edit.custom_fields)
    changed = [key for key in edit.custom_fields if old.get(key) != ticket.custom_fields.get(key)]
    before, after = ({k: v.get(k) for k in changed} for v in (old, ticket.custom_fields))
    return [FieldChange("ticket.fields_changed", "custom_fields", before, after)] if changed else []


def _set(ticket: Ticket, verb: str, field: str, value: Any) -> list[FieldChange]:
    old = getattr(ticket, field)
    if old == value:
        return []
    setattr(ticket, field, value)
    return [FieldChange(verb, field, old, value)]


def _set_category(ticket: Ticket, actor: Actor, edit: Edit) -> list[FieldChange]:
    category = edit.category
    if isinstance(category, _Unset) or (category and category.pk) == ticket.category_id:
        return []
    if category is not None and category.organization_id != ticket.organization_id:
        raise InvalidChange(_("This category belongs to another organization."), "category")
    old, ticket.category = ticket.category, category
    names = (old.name if old else None, category.name if category else None)
    _announce_classified(ticket, actor, "category", *names)
    changes = [FieldChange("ticket.categorised", "category", *names)]
    if category and category.default_team_id and ticket.team_id is None:
        ticket.team = category.default_team
        changes.append(FieldChange("ticket.routed", "team", None, str(category.default_team)))
    return [*changes, *attach_matching(ticket)]


def _set_levels(ticket: Ticket, actor: Actor, edit: Edit) -> list[FieldChange]:
    changes: list[FieldChange] = []
    for field, value, known in (
        ("urgency", edit.urgency, Urgency.values),
        ("impact", edit.impact, Impact.values),
        ("priority", edit.priority, Priority.values),
    ):
        if isinstance(value, _Unset):
            continue
        if value not in known:
            raise InvalidChange(
                _("“%(value)s” is not one of %(known)s.")
                % {"value": value, "known": ", ".join(known)},
                field,
            )
        old = getattr(ticket, field)
        done = _set(ticket, f"ticket.{field}_changed", field, value)
        if done and field == "urgency":
            _announce_classified(ticket, actor, "urgency", old, value)
        changes += done
    if changes and isinstance(edit.priority, _Unset):
        level = priority_for(ticket.organization_id, ticket.urgency, ticket.impact)
        changes += _set(ticket, "ticket.priority_changed", "priority", level)
    return changes


def _set_owners(ticket: Ticket, actor: Actor, edit: Edit) -> list[FieldChange]:
    changes: list[FieldChange] = []
    team, assignee = edit.team, edit.assignee
    if not isinstance(team, _Unset) and (team and team.pk) != ticket.team_id:
        if team is not None and team.organization_id != ticket.organization_id:
            raise InvalidChange(_("This team belongs to another organization."), "team")
        names = (str(ticket.team) if ticket.team else None, str(team) if team else None)
        ticket.team = team
        _announce_classified(ticket, actor, "team", *names)
        changes.append(FieldChange("ticket.routed", "team", *names))
    if not isinstance(assignee, _Unset) and (assignee and assignee.pk) != ticket.assignee_id:
        if assignee is not None and not assignee.has_role(ticket.organization_id, Role.AGENT):
            raise InvalidChange(
                _("%(name)s is not an agent of this organization.") % {"name": assignee}, "assignee"
            )
        old = ticket.assignee
        ticket.assignee = assignee
        changes.append(
            FieldChange(
                "ticket.assigned",
                "assignee",
                old.email if old else None,
                assignee.email if assignee else None,
            )
        )
    if changes:
        publish(
            TicketAssigned(
                organization_id=ticket.organization_id,
                ticket_id=ticket.pk,
                assignee_id=ticket.assignee_id,
                team_id=ticket.team_id,
            )
        )
    return changes


def _set_tags(ticket: Ticket, edit: Edit) -> list[FieldChange]:
    if isinstance(edit.tags, _Unset):
        return []
    wanted = get_or_create_tags(ticket.organization_id, edit.tags)
    old = sorted(ticket.tags.values_list("name", flat=True))
    new = sorted(tag.name for tag in wanted)
    if old == new:
        return []
    TicketTag.objects.filter(ticket=ticket).exclude(tag__in=wanted).delete()
    TicketTag.objects.bulk_create(
        (
            TicketTag(organization_id=ticket.organization_id, ticket=ticket, tag=tag)
            for tag in wanted
        ),
        ignore_conflicts=True,
    )
    return [FieldChange("ticket.tagged", "tags", old, new)]


def _announce_classified(
    ticket: Ticket, actor: Actor, field: str, old: str | None, new: str | None
) -> None:
    publish(
        TicketClassified(
            organization_id=ticket.organization_id,
            ticket_id=ticket.pk,
            field=field,
            old=old,
            new=new,
            by=actor.kind.value,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The AI's latest word on a ticket: `state`, what lists and the API show, the language."""

    state: str
    shown: dict[str, Any]
    language: str = ""


@transaction.atomic
def record_verdict(
    *, ticket: Ticket, state: str, verdict: dict[str, Any], language: str = "", actor: Actor
) -> Ticket:
    """Keep the AI's latest word on a ticket, for lists and the API; decides nothing by itself."""
    ticket = locked(ticket)
    _put_verdict(ticket, Verdict(state=state, shown=verdict, language=language))
    record(ticket, actor, FieldChange("ticket.ai_" + state), activity=False)
    return ticket


@transaction.atomic
def record_verdicts(verdicts: Sequence[tuple[Ticket, Verdict]], *, actor: Actor) -> None:
    """The same for several tickets of one organization, which the caller has locked."""
    for ticket, verdict in verdicts:
        _put_verdict(ticket, verdict)
    lines = [(ticket, FieldChange("ticket.ai_" + verdict.state)) for ticket, verdict in verdicts]
    record_many(lines, actor, fields=("ai_state", "ai_verdict", "language"))


def _put_verdict(ticket: Ticket, verdict: Verdict) -> None:
    given = ticket.ai_verdict.get("given")
    ticket.ai_state = verdict.state
    ticket.ai_verdict = {**verdict.shown, **({"given": given} if given else {})}
    if verdict.language and not ticket.language:
        ticket.language = verdict.language


@transaction.atomic
def request_reprocess(*, ticket: Ticket, actor: Actor) -> Ticket:
    """Have the AI read the ticket again."""
    ticket = locked(ticket)
    ticket.ai_state = "pending"
    record(ticket, actor, FieldChange("ticket.ai_asked_again"), activity=False)
    publish(ReprocessRequested(organization_id=ticket.organization_id, ticket_id=ticket.pk))
    return ticket


@transaction.atomic
def leave_unread(*, ticket: Ticket) -> None:
    """Note that the AI does not read this ticket: it was over before its turn came."""
    Ticket.objects.filter(pk=ticket.pk, ai_state="pending").update(ai_state="off")
