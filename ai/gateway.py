"""The only door through which text leaves for a model: policy, budget, ledger, tries, order.

`ask` returns None wherever nobody outside may, can or does answer; the caller then answers with
what this installation has. Nothing here raises for a service that fails.
"""

import logging
import random
import time
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from django.conf import settings
from django.db.models import Sum

from ai.db import release
from ai.engine import wire
from ai.engine.llm import LLMError, Usage
from ai.engine.llm_base import TextModel
from ai.engine.types import EngineError
from ai.models import ModelCall, Policy
from ai.providers import Choice, choices_for
from ai.spending import note
from omnidesk.accounts.models import Organization
from omnidesk.core import tally
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope

logger = logging.getLogger(__name__)
# A service that asks for longer is not waited for: the next one is asked.
LONGEST_WAIT = 5.0
MOMENT = timedelta(microseconds=1)


class Answered(Protocol):
    """What every answer of a `TextModel` has."""

    @property
    def usage(self) -> Usage: ...


A = TypeVar("A", bound=Answered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked for whom. `sent` are the masked words that leave; the ledger keeps them within
    the whole request, as it went over the wire.

    ticket_ids: of one call for several tickets, all of them, in their order, without `ticket_id`.
    route: who is asked instead of those of the purpose.
    """

    organization_id: int
    purpose: str
    sent: str
    masked_values: int = 0
    ticket_id: int | None = None
    ticket_ids: tuple[int, ...] = ()
    route: str = ""


@dataclass(slots=True)
class Outcome:
    """Why nobody outside answered: "policy", "budget", "no_service" or "failed".

    was_answered: whether a service did, but not usably.
    """

    reason: str = ""
    was_answered: bool = False
    errors: list[str] = field(default_factory=list)


def ask(
    question: Question, call: Callable[[TextModel], A], outcome: Outcome | None = None
) -> A | None:
    """The first usable answer, or None; `outcome` is told why."""
    told = outcome if outcome is not None else Outcome()
    choices = choices_for(question.purpose, question.route)
    if not choices:
        told.reason = "no_service"
        return None
    refusal = _refusal(question.organization_id)
    if refusal:
        told.reason = refusal
        return None
    for choice in choices:
        answer = _try(question, choice, call, told)
        if answer is not None:
            return answer
    told.reason = "failed"
    return None


def _refusal(organization_id: int) -> str:
    """Why nothing may leave for this organization now, or "". Queries: 2-3."""
    with organization_scope(organization_id):
        policy = Policy.objects.filter(organization_id=organization_id).first()
        if policy is None:
            return ""
        if policy.external == Policy.External.NEVER:
            return "policy"
        if policy.daily_cost is None and policy.daily_tokens is None:
            return ""
        spent = _spent_today(organization_id)
    release()
    over_cost = policy.daily_cost is not None and spent[0] >= float(policy.daily_cost)
    over_tokens = policy.daily_tokens is not None and spent[1] >= policy.daily_tokens
    return "budget" if over_cost or over_tokens else ""


def _spent_today(organization_id: int) -> tuple[float, int]:
    calls = ModelCall.objects.filter(
        organization_id=organization_id, at__gte=start_of_day(organization_id)
    )
    sums = calls.aggregate(cost=Sum("cost_usd"), into=Sum("tokens_in"), out=Sum("tokens_out"))
    return float(sums["cost"] or 0), int(sums["into"] or 0) + int(sums["out"] or 0)


def start_of_day(organization_id: int) -> datetime:
    """Midnight where the organization is."""
    zone = zoneinfo.ZoneInfo(Organization.objects.get(pk=organization_id).timezone)
    return now().astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _try(
    question: Question, choice: Choice, call: Callable[[TextModel], A], told: Outcome
) -> A | None:
    """One service, at most `AI_TRIES` times, as long as waiting may help."""
    for attempt in range(settings.AI_TRIES):
        row = _row(question, choice)
        try:
            answer = _call(row, choice, call)
        except LLMError as error:
            _note_failure(row, error)
            _keep(row)
            told.errors.append(error.message)
            told.was_answered |= error.answered
            wait = _pause(error, attempt)
            if wait is None:
                return None
            time.sleep(wait)
        except EngineError as error:
            # The circuit is open: nothing was sent, so there is nothing to account for.
            logger.info("model_paused", extra={"provider": choice.name, "reason": error.message})
            told.errors.append(error.message)
            return None
        else:
            _account(row, answer.usage)
            _keep(row)
            return answer
    return None


def _call(row: ModelCall, choice: Choice, call: Callable[[TextModel], A]) -> A:
    """The service's answer; the row keeps what went over the wire, whatever becomes of it."""
    with wire.recording() as tape:
        try:
            return choice.breaker.call(lambda: call(choice.service))
        finally:
            if tape.sent:
                row.sent, row.sent_bytes = wire.kept(tape.sent), len(tape.sent)
            # It was told masked words alone; what it makes up is masked as well.
            row.received = wire.masked(wire.kept(tape.received))
            row.received_bytes = len(tape.received)


def _pause(error: LLMError, attempt: int) -> float | None:
    """Seconds until another try makes sense; None where it does not."""
    is_last = attempt + 1 >= settings.AI_TRIES
    # A service that answered nonsense is asked no second time: it was paid once.
    if is_last or error.permanent or error.answered:
        return None
    wait = error.retry_after
    if wait is None:
        # Spread, so that many callers do not come back together.
        wait = settings.AI_RETRY_SECONDS * 2**attempt * random.uniform(0.5, 1.0)
    return wait if wait <= LONGEST_WAIT else None


def _row(question: Question, choice: Choice) -> ModelCall:
    return ModelCall(
        organization_id=question.organization_id,
        ticket_id=question.ticket_id,
        tickets=list(question.ticket_ids),
        operation=question.purpose,
        provider=choice.name,
        model=choice.model,
        status=ModelCall.Status.OK,
        sent=question.sent,
        sent_bytes=len(question.sent.encode()),
        masked_values=question.masked_values,
    )


def _note_failure(row: ModelCall, error: LLMError) -> None:
    row.error = error.message
    if error.usage is None:
        row.status = ModelCall.Status.FAILED
        return
    row.status = ModelCall.Status.REFUSED if error.permanent else ModelCall.Status.INVALID
    _account(row, error.usage)


def _account(row: ModelCall, usage: Usage) -> None:
    row.tokens_in, row.tokens_out = usage.input_tokens, usage.output_tokens
    row.cost_usd, row.milliseconds = usage.cost or 0, usage.milliseconds


def _keep(row: ModelCall) -> None:
    """Written at once and apart: what was sent was sent, whatever becomes of the answer."""
    tally.count(tally.AI_REQUESTS, row.operation, row.model, row.status)
    seconds = row.milliseconds / 1000
    tally.observe(tally.AI_SECONDS, seconds, row.operation, row.model, "false")
    note(float(row.cost_usd), row.tokens_in, row.tokens_out)
    with organization_scope(row.organization_id):
        row.save()
    release()
