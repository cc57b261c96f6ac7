"""One turn of the ai-worker: a waiting ticket, and others of its organization that wait with it.

What waits at the same time is taken, loaded, embedded and applied together: for one ticket that is
sixty statements and ten transactions, for thirty-two hardly more. Tickets that need no model
outside are finished first; those in doubt share its calls where they may. Whoever comes alone is
read at once and alone. What goes wrong with one ticket is noted on its own row and costs no other
its turn: where something that is done together fails, each is tried by itself.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import NamedTuple, TypeVar

from django.conf import settings

from ai.actions import queue
from ai.actions.queue import Claim
from ai.actions.running import propose_runbooks
from ai.actions.verdict import Read, apply_readings
from ai.db import release
from ai.engine.embed import PACKAGED_MODEL
from ai.engine.types import EngineError
from ai.models import Enrichment
from ai.pipeline.case import Case, load_cases
from ai.pipeline.claude import may_share, second_opinions
from ai.pipeline.think import Thought, begin, finish, look_together
from ai.reading import Proposal, Reading
from ai.routes import has_service
from ai.runtime import Runtime, RuntimeUnavailable, runtime
from ai.worth import worths_of
from omnidesk.core import tally
from omnidesk.core.tenancy import organization_scope

logger = logging.getLogger(__name__)
# Tickets read in one turn: more save nothing any more, and the first waits for the last.
READ_TOGETHER = 32
# Where a model outside is asked, so that other threads ask it about others at the same time.
CALLS_A_TURN = 2
# Long before a claim counts as a dead worker's.
RENEW_SECONDS = 60.0

Result = TypeVar("Result")


class Held(NamedTuple):
    """A claimed row with what the local models think of its ticket."""

    claim: Claim
    thought: Thought


class Decided(NamedTuple):
    """The same after the second opinion."""

    claim: Claim
    thought: Thought
    proposals: list[Proposal]


def take_turn(claim: Claim, organization_id: int) -> list[int]:
    """Read the claimed row's ticket and what waits with it; the tickets whose reading counts."""
    loaded = _load(claim, organization_id)
    with _sparing() if len(loaded) > 1 else nullcontext():
        return _read(loaded, organization_id)


@contextmanager
def _sparing() -> Iterator[None]:
    """Where several wait, other turns sort and keep while this one embeds."""
    try:
        embedder = runtime().embedder
    except RuntimeUnavailable:
        # Each row will say so.
        yield
        return
    with embedder.sparing():
        yield


def _read(loaded: Sequence[tuple[Claim, Case]], organization_id: int) -> list[int]:
    taken = time.monotonic()
    held = _begin(loaded, organization_id)
    sure = [Decided(*one, one.thought.proposals) for one in held if one.thought.doubt is None]
    kept = _finish(sure, organization_id)
    doubted = [one for one in held if one.thought.doubt is not None]
    shared = [one for one in doubted if _shares(one.thought)]
    alone = [one for one in doubted if not _shares(one.thought)]
    most = settings.AI_TRIAGE_TOGETHER
    calls = [shared[at : at + most] for at in range(0, len(shared), most)]
    calls += [[one] for one in alone]
    for done, group in enumerate(calls):
        if time.monotonic() - taken > RENEW_SECONDS:
            taken = time.monotonic()
            _renew([one.claim for rest in calls[done:] for one in rest], organization_id)
        kept += _finish(_asked(group, organization_id), organization_id)
    return kept


def _load(claim: Claim, organization_id: int) -> list[tuple[Claim, Case]]:
    """The claimed row and its company with their tickets; the row alone where that fails."""

    def all_of_them() -> list[tuple[Claim, Case]]:
        with organization_scope(organization_id):
            company = (
                queue.claim_company(claim, organization_id, _most() - 1) if _most() > 1 else []
            )
            return _cases([claim, *company])

    def one() -> list[tuple[Claim, Case]]:
        with organization_scope(organization_id):
            return _cases([claim])

    try:
        # What fails here takes the company's claims back with it.
        found = all_of_them()
    except Exception:
        logger.exception("loading_together_failed", extra={"enrichment": claim.enrichment_id})
        found = _noted(claim, organization_id, one) or []
    release()
    return found


def _cases(claims: Sequence[Claim]) -> list[tuple[Claim, Case]]:
    cases = load_cases([claim.enrichment_id for claim in claims])
    return [(one, cases[one.enrichment_id]) for one in claims if one.enrichment_id in cases]


def _most() -> int:
    """How many tickets a turn may have."""
    if not has_service("triage"):
        return READ_TOGETHER
    shared = settings.AI_TRIAGE_TOGETHER
    return min(READ_TOGETHER, shared * CALLS_A_TURN) if shared > 1 else 1


def _begin(loaded: Sequence[tuple[Claim, Case]], organization_id: int) -> list[Held]:
    """The local readings of those where nothing went wrong."""
    found: list[Held] = []
    share = 0.0
    if len(loaded) > 1:
        share = look_together([case for _claim, case in loaded])
    for claim, case in loaded:

        def work(case: Case = case) -> Thought:
            return begin(runtime(), case, embedding=share)

        thought = _noted(claim, organization_id, work)
        if thought is not None:
            found.append(Held(claim, thought))
    return found


def _shares(thought: Thought) -> bool:
    is_allowed = settings.AI_TRIAGE_TOGETHER > 1
    return is_allowed and thought.doubt is not None and may_share(thought.doubt)


def _asked(group: Sequence[Held], organization_id: int) -> list[Decided]:
    """The group with the second opinion: by one call, or alone."""
    began = time.perf_counter()
    doubts = [one.thought.doubt for one in group if one.thought.doubt is not None]
    try:
        opinions = second_opinions(doubts)
    except Exception as error:
        if len(group) == 1:
            _note(group[0].claim, organization_id, error)
            return []
        # None of them may be lost: each is tried by itself.
        logger.exception("shared_call_failed", extra={"tickets": len(group)})
        return [decided for one in group for decided in _asked([one], organization_id)]
    took = round((time.perf_counter() - began) * 1000, 2)
    for one in group:
        one.thought.watch.timings["claude"] = took
    return [Decided(*one, told) for one, told in zip(group, opinions, strict=True)]


def _finish(done: Sequence[Decided], organization_id: int) -> list[int]:
    """Order, draft and keep; the tickets whose reading counts."""
    if not done:
        return []
    try:
        worths = worths_of([found for one in done for found in one.thought.found])
    except Exception as error:  # noqa: BLE001 - noted on the row, or tried one by one
        return _apart(done, organization_id, error)
    read: list[Read] = []
    for claim, thought, proposals in done:

        def work(thought: Thought = thought, told: list[Proposal] = proposals) -> Reading:
            return finish(runtime(), thought, told, worths)

        reading = _noted(claim, organization_id, work)
        if reading is not None:
            read.append(Read(claim, thought.case.ticket_id, reading))
    try:
        with organization_scope(organization_id):
            kept = apply_readings(read)
    except Exception as error:  # noqa: BLE001 - noted on the row, or tried one by one
        return _apart(done, organization_id, error)
    for one in read:
        _count(runtime(), one.reading)
    _propose([one for one in read if one.ticket_id in kept], organization_id)
    return kept


def _apart(done: Sequence[Decided], organization_id: int, error: Exception) -> list[int]:
    """Each by itself after something failed for all; a single one has failed."""
    if len(done) == 1:
        _note(done[0].claim, organization_id, error)
        return []
    logger.warning("readings_apart", exc_info=error, extra={"tickets": len(done)})
    return [pk for one in done for pk in _finish([one], organization_id)]


def _propose(read: Sequence[Read], organization_id: int) -> None:
    """Apart: what is proposed beside a reading must not take the reading back."""
    if not read:
        return
    similar = {one.ticket_id: one.reading.details.get("similar", ()) for one in read}
    try:
        with organization_scope(organization_id):
            propose_runbooks(
                similar=similar, organization_id=organization_id, label=read[0].reading.label
            )
    except Exception:
        logger.exception("runbooks_not_proposed", extra={"tickets": len(read)})


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


def _renew(claims: Sequence[Claim], organization_id: int) -> None:
    with organization_scope(organization_id):
        queue.renew(claims)
    release()


def _noted(claim: Claim, organization_id: int, work: Callable[[], Result]) -> Result | None:
    """What `work` returns; None where it went wrong, which is noted on the claimed row."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - noted on the row
        _note(claim, organization_id, error)
    return None


def _note(claim: Claim, organization_id: int, error: Exception) -> None:
    """The claimed row says what went wrong and waits again, or is given up."""
    if isinstance(error, RuntimeUnavailable):
        logger.error("ai_unavailable", extra={"reason": error.message})
        with organization_scope(organization_id):
            queue.give_back(claim, error=error.message, seconds=30)
    elif isinstance(error, EngineError):
        _failed(claim, organization_id, error.message, permanent=error.permanent)
    else:
        logger.error("enrichment_failed", exc_info=error, extra={"enrichment": claim.enrichment_id})
        _failed(claim, organization_id, f"{type(error).__name__}: {error}", permanent=False)


def _failed(claim: Claim, organization_id: int, error: str, *, permanent: bool) -> None:
    tally.count(tally.AI_REQUESTS, "read", settings.EMBEDDING_MODEL or PACKAGED_MODEL, "failed")
    with organization_scope(organization_id):
        row = Enrichment.objects.select_related("ticket").filter(pk=claim.enrichment_id).first()
        if row is not None:
            queue.fail(claim, ticket=row.ticket, error=error, permanent=permanent)
