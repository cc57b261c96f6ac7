"""What a person makes of a suggestion. Each decision is logged and becomes an example."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from ai.actions.verdict import current_value
from ai.models import Suggestion
from omnidesk.accounts.models import Team, User
from omnidesk.core.clock import now
from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record
from tickets.actions.triage import Edit, edit_ticket
from tickets.choices import Urgency
from tickets.models import Category, Change, Ticket

State = Suggestion.State
DECISION_VERBS = "ticket.suggestion_"


@transaction.atomic
def accept_suggestion(*, suggestion: Suggestion, user: User) -> Suggestion:
    """Set the proposed value in the person's name. Accepting twice changes nothing."""
    ticket, row = _lock(suggestion)
    if row.state == State.ACCEPTED:
        return row
    _refuse_decided(row)
    return _decide_value(ticket, row, user, row.object_id or row.value, State.ACCEPTED)


@transaction.atomic
def correct_suggestion(*, suggestion: Suggestion, user: User, value: str) -> Suggestion:
    """Set another value; `value` is an urgency, or the primary key of a category or team.

    Raises `InvalidChange` for a value this ticket cannot have.
    """
    ticket, row = _lock(suggestion)
    _refuse_decided(row)
    wanted: int | str = value
    if row.field != Suggestion.Field.URGENCY:
        if not value.isdigit():
            raise InvalidChange(_("Choose one of the list."), row.field)
        wanted = int(value)
    same = wanted == (row.object_id or row.value)
    return _decide_value(ticket, row, user, wanted, State.ACCEPTED if same else State.CORRECTED)


@transaction.atomic
def reject_suggestion(*, suggestion: Suggestion, user: User) -> Suggestion:
    """Say no; the same value is not proposed again on this ticket."""
    ticket, row = _lock(suggestion)
    if row.state == State.REJECTED:
        return row
    _refuse_decided(row)
    return _settle(ticket, row, user, State.REJECTED)


@transaction.atomic
def use_draft(*, suggestion: Suggestion, user: User) -> Suggestion:
    """Note that the person took the draft into their reply; sending stays their own act."""
    ticket, row = _lock(suggestion)
    if row.field != Suggestion.Field.DRAFT:
        raise InvalidChange(_("This is not a draft."), "draft")
    if row.state == State.ACCEPTED:
        return row
    _refuse_decided(row)
    return _settle(ticket, row, user, State.ACCEPTED)


@transaction.atomic
def undo_decision(*, suggestion: Suggestion, user: User) -> Suggestion:
    """Open a decided suggestion again and put back what the decision had changed.

    A field that somebody has changed since stays as it is.
    """
    ticket, row = _lock(suggestion)
    if row.state not in {State.ACCEPTED, State.CORRECTED, State.REJECTED}:
        return row
    if ticket.suggestions.filter(field=row.field, state=State.PROPOSED).exists():
        raise InvalidChange(_("A newer suggestion is open."), row.field)
    ticket = _put_back(ticket, Actor.person(user), row.previous or {})
    row.state, row.decided_at, row.decided_by = State.PROPOSED, None, None
    row.corrected_value, row.corrected_object_id, row.previous = "", None, None
    row.save()
    _mark(ticket, row.field, State.PROPOSED)
    change = FieldChange(DECISION_VERBS + "reopened", row.field, None, _short(row.value))
    record(ticket, Actor.person(user), change)
    return row


@transaction.atomic
def settle_by_hand(*, ticket: Ticket, field: str) -> Suggestion | None:
    """Settle the open suggestion of a field that a person has just set by the property menu."""
    ticket = locked(ticket)
    row = (
        Suggestion.objects.select_for_update(of=("self",))
        .filter(ticket=ticket, field=field, state=State.PROPOSED)
        .first()
    )
    last = (
        Change.objects.filter(ticket=ticket, field=field)
        .select_related("actor")
        .order_by("-pk")
        .first()
    )
    # A decision in the panel sets the field as well: it has settled its suggestion itself.
    if row is None or last is None or last.verb.startswith(DECISION_VERBS) or last.actor is None:
        return None
    value, object_id = current_value(ticket, field)
    if (value, object_id) == (row.value, row.object_id):
        return _settle(ticket, row, last.actor, State.ACCEPTED)
    row.corrected_value, row.corrected_object_id = value, object_id
    return _settle(ticket, row, last.actor, State.CORRECTED)


def _lock(suggestion: Suggestion) -> tuple[Ticket, Suggestion]:
    ticket = locked(suggestion.ticket)
    row = Suggestion.objects.select_for_update(of=("self",)).get(pk=suggestion.pk, ticket=ticket)
    return ticket, row


def _refuse_decided(row: Suggestion) -> None:
    if not row.is_open:
        raise InvalidChange(_("This suggestion is no longer open."), row.field)


def _decide_value(
    ticket: Ticket, row: Suggestion, user: User, wanted: int | str, state: State
) -> Suggestion:
    before = _values(ticket)
    edit = _edit_for(ticket, row.field, wanted)
    ticket = edit_ticket(ticket=ticket, actor=Actor.person(user), edit=edit)
    after = _values(ticket)
    changed = [name for name in before if before[name] != after[name]]
    row.previous = {
        "before": {name: before[name] for name in changed},
        "after": {name: after[name] for name in changed},
    }
    if state == State.CORRECTED:
        row.corrected_value, row.corrected_object_id = current_value(ticket, row.field)
    row = _settle(ticket, row, user, state)
    if row.field == Suggestion.Field.CATEGORY and "team" in changed:
        _settle_routed(ticket, user)
    return row


def _settle_routed(ticket: Ticket, user: User) -> None:
    """The category brought its team along: an open suggestion of that very team is answered."""
    row = ticket.suggestions.filter(
        field=Suggestion.Field.TEAM, state=State.PROPOSED, object_id=ticket.team_id
    ).first()
    if row is not None:
        _settle(ticket, row, user, State.ACCEPTED)


def _settle(ticket: Ticket, row: Suggestion, user: User, state: State) -> Suggestion:
    row.state, row.decided_at, row.decided_by = state, now(), user
    row.save()
    _mark(ticket, row.field, state)
    new = row.corrected_value if state == State.CORRECTED else row.value
    change = FieldChange(
        DECISION_VERBS + state.value,
        row.field,
        _short(row.value) if state != State.ACCEPTED else None,
        _short(new) if state != State.REJECTED else None,
        detail={"suggestion": row.pk, "band": row.band},
    )
    record(ticket, Actor.person(user), change)
    return row


def _mark(ticket: Ticket, field: str, state: State) -> None:
    """Repeat the decision in the ticket's verdict, for lists and the API."""
    entry = ticket.ai_verdict.get(field)
    if isinstance(entry, dict):
        ticket.ai_verdict = {**ticket.ai_verdict, field: {**entry, "state": state.value}}
    elif field == Suggestion.Field.DRAFT:
        ticket.ai_verdict = {**ticket.ai_verdict, "draft": state == State.PROPOSED}


def _values(ticket: Ticket) -> dict[str, Any]:
    return {
        "category": ticket.category_id,
        "team": ticket.team_id,
        "urgency": ticket.urgency,
        "priority": ticket.priority,
    }


def _edit_for(ticket: Ticket, field: str, wanted: int | str) -> Edit:
    if field == Suggestion.Field.URGENCY:
        if wanted not in Urgency.values:
            raise InvalidChange(_("Choose one of the list."), field)
        return Edit(urgency=str(wanted))
    if field == Suggestion.Field.CATEGORY:
        return Edit(category=_category(ticket, wanted))
    if field == Suggestion.Field.TEAM:
        return Edit(team=_team(ticket, wanted))
    raise InvalidChange(_("A draft is used, not accepted."), field)


def _category(ticket: Ticket, wanted: int | str) -> Category:
    rows = Category.objects.filter(organization_id=ticket.organization_id, is_active=True)
    found = rows.filter(pk=wanted).first()
    if found is None:
        raise InvalidChange(_("This category does not exist any more."), "category")
    return found


def _team(ticket: Ticket, wanted: int | str) -> Team:
    rows = Team.objects.filter(organization_id=ticket.organization_id, is_active=True)
    found = rows.filter(pk=wanted).first()
    if found is None:
        raise InvalidChange(_("This team does not exist any more."), "team")
    return found


def _put_back(ticket: Ticket, actor: Actor, previous: dict[str, Any]) -> Ticket:
    before, after = previous.get("before", {}), previous.get("after", {})
    now_values = _values(ticket)
    keep = {name for name in before if now_values.get(name) == after.get(name)}
    values: dict[str, Any] = {name: before[name] for name in keep}
    if not values:
        return ticket
    organization = {"organization_id": ticket.organization_id}
    if "category" in values:
        found = Category.objects.filter(pk=values["category"], **organization).first()
        values["category"] = found
    if "team" in values:
        values["team"] = Team.objects.filter(pk=values["team"], **organization).first()
    return edit_ticket(ticket=ticket, actor=actor, edit=Edit(**values))


def _short(text: str) -> str:
    """A draft's text stays out of the log: its first words say which one."""
    return text if len(text) <= 120 else text[:117] + "..."
