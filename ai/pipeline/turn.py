"""One turn of the ai-worker: a waiting ticket, and others that wait where one call serves them all.

A ticket that needs no model outside is finished at once. One that does looks whether others of its
organization wait already: those are read as well, until enough of them are in doubt, nothing waits
any more or `HOLD_SECONDS` have passed. Where nothing waits, it is asked about at once and alone.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from django.conf import settings

from ai.actions import queue
from ai.actions.queue import Claim
from ai.actions.running import propose_runbook
from ai.actions.verdict import apply_reading
from ai.db import release
from ai.engine.embed import PACKAGED_MODEL
from ai.engine.types import EngineError
from ai.models import Enrichment
from ai.pipeline.case import load_case
from ai.pipeline.claude import may_share, second_opinion, second_opinions
from ai.pipeline.think import Thought, begin, finish
from ai.reading import Proposal, Reading
from ai.runtime import Runtime, RuntimeUnavailable, runtime
from omnidesk.core import tally
from omnidesk.core.tenancy import organization_scope
from tickets.models import Ticket

logger = logging.getLogger(__name__)
# What the first ticket in doubt waits for company that is there already.
HOLD_SECONDS = 1.5
# Waiting rows looked at for each place in a call: most tickets are in no doubt.
LOOKED_AT = 4

Result = TypeVar("Result")
Held = tuple[Claim, Thought]


def take_turn(claim: Claim, organization_id: int) -> list[int]:
    """Read the claimed row's ticket and whatever shares its call; the tickets whose reading counts.

    What goes wrong with one ticket is noted on its own row.
    """
    kept: list[int] = []
    first = _begin(claim, organization_id)
    if first is None:
        return kept
    if not _shares(first):
        return _alone((claim, first), organization_id)
    held, later = [(claim, first)], []
    until = time.monotonic() + HOLD_SECONDS
    for other in _waiting(organization_id):
        thought = _begin(other, organization_id)
        if thought is None:
            continue
        if thought.doubt is None:
            kept += _alone((other, thought), organization_id)
        elif _shares(thought):
            held.append((other, thought))
        else:
            later.append((other, thought))
        if len(held) >= settings.AI_TRIAGE_TOGETHER or time.monotonic() > until:
            break
    kept += _together(held, organization_id)
    for one in later:
        kept += _alone(one, organization_id)
    return kept


def _shares(thought: Thought) -> bool:
    is_allowed = settings.AI_TRIAGE_TOGETHER > 1
    return is_allowed and thought.doubt is not None and may_share(thought.doubt)


def _waiting(organization_id: int) -> Iterator[Claim]:
    """Rows of the organization that wait now, the longest first, each taken as it is asked for."""
    with organization_scope(organization_id):
        ids = queue.waiting_ids(organization_id, settings.AI_TRIAGE_TOGETHER * LOOKED_AT)
    release()
    for pk in ids:
        with organization_scope(organization_id):
            claim = queue.claim(pk)
        if claim is not None:
            yield claim


def _begin(claim: Claim, organization_id: int) -> Thought | None:
    """The local reading, or None where it failed."""

    def work() -> Thought:
        loaded = runtime()
        with organization_scope(organization_id):
            case = load_case(claim.enrichment_id)
        release()
        return begin(loaded, case)

    return _noted(claim, organization_id, work)


def _alone(one: Held, organization_id: int) -> list[int]:
    claim, thought = one

    def work() -> list[int]:
        with thought.watch.step("claude"):
            proposals = second_opinion(thought.doubt, thought.proposals)
        return _finish(claim, thought, proposals)

    return _noted(claim, organization_id, work) or []


def _together(held: Sequence[Held], organization_id: int) -> list[int]:
    if len(held) == 1:
        return _alone(held[0], organization_id)
    began = time.perf_counter()
    try:
        opinions = second_opinions([thought.doubt for _claim, thought in held if thought.doubt])
    except Exception:  # intended: none of them may be lost, each is tried by itself
        logger.exception("shared_call_failed", extra={"tickets": len(held)})
        return [pk for one in held for pk in _alone(one, organization_id)]
    took = round((time.perf_counter() - began) * 1000, 2)
    kept: list[int] = []
    for (claim, thought), proposals in zip(held, opinions, strict=True):
        thought.watch.timings["claude"] = took
        work = partial(_finish, claim, thought, proposals)
        kept += _noted(claim, organization_id, work) or []
    return kept


def _finish(claim: Claim, thought: Thought, proposals: list[Proposal]) -> list[int]:
    loaded, case = runtime(), thought.case
    reading = finish(loaded, thought, proposals)
    _count(loaded, reading)
    with organization_scope(case.organization_id):
        ticket = Ticket.objects.get(pk=case.ticket_id)
        kept = apply_reading(claim=claim, ticket=ticket, reading=reading)
    if not kept:
        return []
    # Apart: what is proposed beside a reading must not take the reading back.
    with organization_scope(case.organization_id):
        similar = reading.details.get("similar", ())
        ticket = Ticket.objects.get(pk=case.ticket_id)
        propose_runbook(ticket=ticket, similar=similar, label=reading.label)
    return [case.ticket_id]


def _count(loaded: Runtime, reading: Reading) -> None:
    """For the metrics: the steps' times, and how sure it was."""
    model, gpu = loaded.model_name, str(loaded.has_gpu).lower()
    for step, milliseconds in reading.timings.items():
        tally.observe(tally.AI_SECONDS, milliseconds / 1000, step, model, gpu)
    seconds = sum(reading.timings.values()) / 1000
    tally.observe(tally.AI_SECONDS, seconds, "read", model, gpu)
    tally.count(tally.AI_REQUESTS, "read", model, "ok")
    for proposal in reading.proposals:
        tally.observe(
            tally.AI_CONFIDENCE, proposal.choice.confidence, proposal.field, proposal.source
        )


def _noted(claim: Claim, organization_id: int, work: Callable[[], Result]) -> Result | None:
    """What `work` returns; None where it went wrong: the claimed row then says so and waits again,
    or is given up."""
    try:
        return work()
    except RuntimeUnavailable as error:
        logger.error("ai_unavailable", extra={"reason": error.message})
        with organization_scope(organization_id):
            queue.give_back(claim, error=error.message, seconds=30)
    except EngineError as error:
        _failed(claim, organization_id, error.message, permanent=error.permanent)
    except Exception as error:
        logger.exception("enrichment_failed", extra={"enrichment": claim.enrichment_id})
        _failed(claim, organization_id, f"{type(error).__name__}: {error}", permanent=False)
    return None


def _failed(claim: Claim, organization_id: int, error: str, *, permanent: bool) -> None:
    tally.count(tally.AI_REQUESTS, "read", settings.EMBEDDING_MODEL or PACKAGED_MODEL, "failed")
    with organization_scope(organization_id):
        ticket = Enrichment.objects.select_related("ticket").get(pk=claim.enrichment_id).ticket
        queue.fail(claim, ticket=ticket, error=error, permanent=permanent)
