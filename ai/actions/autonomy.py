"""Levels of categories: earned on evidence and a lead's word, lost by themselves."""

from typing import Final

import structlog
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from ai.automatic_words import fall_words
from ai.engine import autonomy as rules
from ai.models import AutomaticAnswer, Autonomy, AutonomyChange, Level
from omnidesk.accounts.models import Membership, User
from omnidesk.accounts.roles import Role
from omnidesk.core.clock import now
from omnidesk.core.text import one_line
from tickets.actions.base import InvalidChange
from tickets.actions.notify import Notice, notify
from tickets.models import Category, Ticket
from tickets.notices import Kind

logger = structlog.get_logger(__name__)
Outcome = AutomaticAnswer.Outcome
State = AutomaticAnswer.State
MOST_CASES: Final = 300
LEADS: Final = (Role.LEAD.value, Role.ADMINISTRATOR.value)
_BAD: Final = {
    Outcome.REJECTED.value,
    Outcome.PERSON.value,
    Outcome.OTHER.value,
    Outcome.MISSORTED.value,
}


def judged_cases(category_id: int, row: Autonomy | None) -> list[rules.Judged]:
    """What counts for the category now, newest first. Queries: 1."""
    answers = AutomaticAnswer.objects.filter(category=category_id, is_right__isnull=False)
    if row is not None and row.counted_from is not None:
        answers = answers.filter(created_at__gte=row.counted_from)
    fields = ("confidence", "is_right", "reopened_at", "outcome", "state")
    return [
        rules.Judged(
            confidence=one.confidence,
            right=bool(one.is_right),
            reopened=one.reopened_at is not None,
            bad=one.outcome in _BAD,
            sent=one.state == State.SENT,
        )
        for one in answers.exclude(text="").only(*fields).order_by("-pk")[:MOST_CASES]
    ]


@transaction.atomic
def raise_level(*, category: Category, user: User) -> Autonomy:
    """One level up, where the evidence is enough and a lead wants it. Raises `InvalidChange`."""
    if not user.has_role(category.organization_id, Role.LEAD):
        raise InvalidChange(_("Only a lead can approve this."))
    row = _held(category)
    wanted = rules.above(row.level)
    if not wanted:
        raise InvalidChange(_("This category sends already."))
    found = rules.reached(judged_cases(category.pk, row), wanted)
    if found is None:
        raise InvalidChange(_("The evidence is not enough yet."))
    row.approved_by, row.approved_at = user, now()
    row.evidence, row.floor = found.as_json(), found.floor
    return _move(row, wanted, user, "evidence", "")


@transaction.atomic
def lower_level(*, category: Category, user: User, words: str) -> Autonomy:
    """One level down because a lead wants it; what waits is not sent. Raises `InvalidChange`."""
    if not user.has_role(category.organization_id, Role.LEAD):
        raise InvalidChange(_("Only a lead can do this."))
    row = _held(category)
    if row.level == Level.SUGGEST:
        raise InvalidChange(_("This category only suggests already."))
    said = one_line(words, 300) or _("Lowered by a lead")
    return _move(row, rules.below(row.level), user, "", said)


@transaction.atomic
def review(*, category_id: int, ticket: Ticket) -> Autonomy | None:
    """Let a category fall whose newest answers were bad, and tell the leads; None: it stands.

    `ticket` is the one that brought it up: the leads' notice leads there.
    """
    category = Category.objects.get(pk=category_id)
    if not Autonomy.objects.filter(category=category).exclude(level=Level.SUGGEST).exists():
        return None
    row = _held(category)
    cases = judged_cases(category_id, row)
    reason = rules.must_fall(row.level, cases)
    if not reason:
        return None
    row.evidence = rules.standing(cases[: rules.WINDOW]).as_json()
    row.counted_from = now()
    row = _move(row, rules.below(row.level), None, reason, "")
    with translation.override(category.organization.language):
        words = fall_words(category.name, row.level, reason)
    leads = Membership.objects.filter(organization_id=row.organization_id, role__in=LEADS)
    notify(
        Notice(
            kind=Kind.RULE,
            ticket=ticket,
            people=list(leads.values_list("user_id", flat=True)),
            actor_name="AI",
            about=f"autonomy:{category.pk}",
            detail=words,
        )
    )
    logger.warning("autonomy_fell", category=category.pk, level=row.level, reason=reason)
    return row


def _held(category: Category) -> Autonomy:
    """The category's row under its lock: one change at a time."""
    Autonomy.objects.get_or_create(
        category=category, defaults={"organization_id": category.organization_id}
    )
    return Autonomy.objects.select_for_update(of=("self",)).get(category=category)


def _move(row: Autonomy, level: str, user: User | None, reason: str, words: str) -> Autonomy:
    old, row.level = row.level, level
    row.save()
    AutonomyChange.objects.create(
        organization_id=row.organization_id,
        category_id=row.category_id,
        old=old,
        new=level,
        by=user,
        reason=reason,
        words=words,
        evidence=row.evidence,
    )
    if level != Level.SEND:
        waiting = AutomaticAnswer.objects.filter(
            category=row.category_id, state__in=[State.HELD, State.ASKED]
        )
        why = "level" if user else "fell"
        waiting.update(state=State.STOPPED, reason=why, settled_at=now(), code_hash="")
    return row


@transaction.atomic
def record_judgement(
    *, answer_id: int, outcome: str, is_right: bool | None, likeness: float | None
) -> AutomaticAnswer:
    """Keep how an answer compares with what people wrote; a category may fall by it."""
    rows = AutomaticAnswer.objects.filter(pk=answer_id)
    hold_category(rows.values_list("category_id", flat=True).get())
    list(rows.select_for_update().values_list("pk"))
    answer = rows.select_related("ticket").get()
    answer.outcome, answer.likeness, answer.judged_at = outcome, likeness, now()
    # What came back once was no good, whatever was written later.
    came_back = answer.reopened_at is not None and is_right is not None
    answer.is_right = False if came_back else is_right
    answer.save(update_fields=["outcome", "likeness", "judged_at", "is_right"])
    review(category_id=answer.category_id, ticket=answer.ticket)
    return answer


def hold_category(category_id: int) -> None:
    """Lock a category's row, where it has one: before any answer's, as everybody does."""
    list(Autonomy.objects.select_for_update().filter(category=category_id).values_list("pk"))
