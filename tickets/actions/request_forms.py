"""Sending a form of the catalogue: one ticket, and further ones under it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from omnidesk.accounts.models import User
from tickets.actions.attach import NewFile
from tickets.actions.base import Actor, log
from tickets.actions.checklists import attach_matching
from tickets.actions.fields import acts_for_desk, new_fields
from tickets.actions.intake import Body, Triage, open_ticket
from tickets.choices import Source
from tickets.field_selectors import facts_about
from tickets.field_texts import fill, shown
from tickets.fields import FieldRule, facts_of, in_words
from tickets.form_selectors import form_items, form_rules
from tickets.models import FormSubmission, FormTicket, RequestForm, SubmittedTicket, Ticket
from tickets.models.field import conditions_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody filled in; `token` makes sending it twice one request."""

    token: UUID
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    note: str = ""
    files: Sequence[NewFile] = ()


@transaction.atomic
def submit_form(
    *, form: RequestForm, person: User, request: Request, source: Source = Source.PORTAL
) -> Ticket:
    """Open the form's tickets and return the first; a token that was sent returns its ticket.

    Raises `InvalidFields` naming what does not fit: then nothing is opened.
    """
    submission, is_new = FormSubmission.objects.get_or_create(
        person=person,
        token=request.token,
        defaults={"organization_id": form.organization_id, "form": form},
    )
    if not is_new and submission.ticket is not None:
        return submission.ticket
    actor = Actor.person(person)
    by_desk = acts_for_desk(actor, form.organization_id)
    rules = form_rules(form_items(form), by_desk=by_desk)
    values = new_fields(
        form.organization_id,
        actor,
        request.values,
        category=form.category,
        complete=True,
        rules=rules,
    )
    words = _words(form, person, rules, values, request.note)
    ticket = _first(form, person, request, source, rules, values, words)
    log(ticket, actor, *attach_matching(ticket, form=form))
    submission.ticket = ticket
    submission.save(update_fields=["ticket"])
    facts = {**facts_about(form.category), **facts_of(values)}
    for row in form.further.select_related("category__default_team", "team"):
        if all(condition.holds(facts) for condition in conditions_of(row.opened_when)):
            child = _further(row, ticket, person, source, words)
            SubmittedTicket.objects.create(
                organization_id=form.organization_id, submission=submission, ticket=child
            )
    return ticket


def _words(
    form: RequestForm, person: User, rules: Sequence[FieldRule], values: Mapping[str, Any],
    note: str,
) -> dict[str, str]:  # fmt: skip
    """What templates may name, in the language the person reads."""
    language, zone = get_language() or "en", ZoneInfo(person.timezone or "UTC")
    known = {r.key: shown(r, values[r.key], language, zone) for r in rules if r.key in values}
    return {
        **known,
        "requester": person.display_name,
        "requester_email": person.email,
        "form": in_words(form.title, language, form.key),
        "note": note,
    }


def _first(
    form: RequestForm, person: User, request: Request, source: Source,
    rules: Sequence[FieldRule], values: dict[str, Any], words: Mapping[str, str],
) -> Ticket:  # fmt: skip
    language = get_language() or "en"
    lines = [f"{r.name(language)}: {words[r.key]}" for r in rules if r.key in values]
    text = "\n".join([*lines, *(["", request.note] if request.note.strip() else [])])
    return open_ticket(
        organization_id=form.organization_id,
        requester=person,
        subject=fill(form.subject, words) or words["form"],
        body=Body(text=text.strip() or words["form"], files=request.files),
        source=source,
        actor=Actor.person(person),
        triage=Triage(
            category=form.category,
            team=form.team,
            urgency=form.urgency,
            impact=form.impact,
            custom_fields=values,
        ),
    )


def _further(
    row: FormTicket, parent: Ticket, person: User, source: Source, words: Mapping[str, str]
) -> Ticket:
    part = _("Part of request %(number)d: %(subject)s") % {
        "number": parent.number,
        "subject": parent.subject,
    }
    text = fill(row.text, words).strip() or parent.description
    return open_ticket(
        organization_id=parent.organization_id,
        requester=person,
        subject=fill(row.subject, words) or parent.subject,
        body=Body(text=f"{text}\n\n{part}"),
        source=source,
        actor=Actor.person(person),
        triage=Triage(
            category=row.category, team=row.team, urgency=parent.urgency, impact=parent.impact
        ),
    )
