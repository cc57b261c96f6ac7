"""Macros: shown filled in before they do anything, applied in one go, taken back where possible."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from omnidesk.accounts.models import Team, User
from omnidesk.core.clock import now
from omnidesk.core.errors import BadInput
from tickets.actions.acting import fresh, say
from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record
from tickets.actions.lifecycle import set_status
from tickets.actions.triage import Edit, edit_ticket
from tickets.automation.filling import filled
from tickets.automation.options import missing, wanted_by_steps
from tickets.automation.registry import Doing, Step, parse_steps
from tickets.models import Category, Macro, MacroUse, PendingReason, Status, Ticket


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing a macro also does, staged until the answer is sent."""

    icon: str
    words: str


@dataclass(frozen=True, slots=True)
class Preview:
    """A macro as it would be on one ticket; `problem` says why it cannot be used."""

    macro: Macro
    text: str
    effects: tuple[Effect, ...]
    problem: str = ""


def preview_macro(*, macro: Macro, ticket: Ticket, user: User) -> Preview:
    """The filled text and the effects, without doing anything. Queries: 0 to 5."""
    try:
        steps = _steps(macro)
    except BadInput as error:
        return Preview(macro, "", (), str(error))
    words = say(steps, macro.organization_id)
    effects = (
        Effect(step.kind.icon, said)
        for step, said in zip(steps, words, strict=True)
        if not step.kind.idle(ticket, step.params)
    )
    return Preview(macro, filled(macro.text, ticket, user), tuple(effects))


def _steps(macro: Macro) -> tuple[Step, ...]:
    steps = parse_steps(macro.actions, macros=True)
    if missing(macro.organization_id, wanted_by_steps(steps)):
        raise BadInput(_("This macro names something that does not exist any more."))
    return steps


@transaction.atomic
def apply_macro(*, macro: Macro, ticket: Ticket, user: User) -> MacroUse:
    """Do what a macro does besides its text: all of it or, with `BadInput`, nothing.

    The text itself is sent by the composer, as whoever sends it has changed it. Returns the
    record by which `undo_macro` takes the fields back.
    """
    if not macro.is_active or macro.organization_id != ticket.organization_id:
        raise InvalidChange(_("There is no such macro here."), "macro")
    ticket = locked(ticket)
    steps, actor = _steps(macro), Actor.person(user)
    before, doing = snapshot(ticket), Doing(actor)
    for step in steps:
        step.kind.apply(fresh(ticket), step.params, doing)
    ticket = fresh(ticket)
    after = snapshot(ticket)
    changed = [name for name in before if before[name] != after[name]]
    Macro.objects.filter(pk=macro.pk).update(used_count=F("used_count") + 1)
    detail = {"macro": macro.pk, "name": macro.name}
    record(ticket, actor, FieldChange("ticket.macro_used", detail=detail), activity=False)
    return MacroUse.objects.create(
        organization_id=ticket.organization_id,
        macro=macro,
        ticket=ticket,
        actor=user,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
        created_at=now(),
    )


@transaction.atomic
def undo_macro(*, use: MacroUse, user: User) -> list[str]:
    """Set back the fields a macro changed, each only if nobody changed it since; returns which.

    Notes, linked tickets and answers stay: they have been read. A second time does nothing.
    """
    use = MacroUse.objects.select_for_update().get(pk=use.pk)
    if use.undone_at is not None:
        return []
    ticket, actor = locked(use.ticket), Actor.person(user)
    current = snapshot(ticket)
    back = {n: v for n, v in use.before.items() if current.get(n) == use.after.get(n)}
    for name, value in back.items():
        _RESTORE[name](ticket, actor, value)
    use.undone_at = now()
    use.save()
    return sorted(back)


def snapshot(ticket: Ticket) -> dict[str, Any]:
    """The fields that can be set back, as JSON. Queries: 1 (tags)."""
    return {
        "status": ticket.status.key,
        "reason": ticket.pending_reason.key if ticket.pending_reason else None,
        "urgency": ticket.urgency,
        "impact": ticket.impact,
        "priority": ticket.priority,
        "category": ticket.category_id,
        "team": ticket.team_id,
        "assignee": ticket.assignee_id,
        "tags": sorted(ticket.tags.values_list("name", flat=True)),
    }


Restore = Callable[[Ticket, Actor, Any], object]


def _edits(name: str, read: Callable[[Any], Any] = lambda value: value) -> Restore:
    def restore(ticket: Ticket, actor: Actor, value: Any) -> None:
        edit_ticket(ticket=ticket, actor=actor, edit=Edit(**{name: read(value)}))

    return restore


def _status(ticket: Ticket, actor: Actor, value: Any) -> None:
    status = Status.objects.filter(organization_id=ticket.organization_id, key=value).first()
    if status is not None:
        set_status(ticket=ticket, actor=actor, status=status)


def _reason(ticket: Ticket, actor: Actor, value: Any) -> None:
    fresh_one = fresh(ticket)
    rows = PendingReason.objects.filter(organization_id=ticket.organization_id, key=value or "")
    reason = rows.first()
    if reason is not None and fresh_one.status_category == "pending":
        set_status(ticket=fresh_one, actor=actor, status=fresh_one.status, reason=reason)


_RESTORE: Mapping[str, Restore] = {
    "status": _status,
    "reason": _reason,
    # Levels before the priority that follows from them.
    "urgency": _edits("urgency"),
    "impact": _edits("impact"),
    "priority": _edits("priority"),
    "category": _edits("category", lambda pk: Category.objects.filter(pk=pk).first()),
    "team": _edits("team", lambda pk: Team.objects.filter(pk=pk).first()),
    "assignee": _edits("assignee", lambda pk: User.objects.filter(pk=pk).first()),
    "tags": _edits("tags"),
}
