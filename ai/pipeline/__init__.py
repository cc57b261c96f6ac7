"""The only translator between tickets and the engine: rows in, a `Reading` out, actions after.

`read` loads a ticket in one short scope, thinks without any transaction, and applies the result
in one transaction that needs the claim on the enrichment row to hold still.
"""

from ai.actions.queue import Claim
from ai.actions.running import propose_runbook
from ai.actions.verdict import apply_reading
from ai.db import release
from ai.pipeline.case import load_case
from ai.pipeline.think import think
from ai.reading import Reading
from ai.runtime import Runtime, runtime
from omnidesk.core import tally
from omnidesk.core.tenancy import organization_scope
from tickets.models import Ticket


def read(claim: Claim, organization_id: int) -> bool:
    """Read the claimed enrichment's ticket; returns whether the result was kept.

    Raises `EngineError` for what the caller should note on the row.
    """
    loaded = runtime()
    with organization_scope(organization_id):
        case = load_case(claim.enrichment_id)
    release()
    with tally.timed_ai("read", loaded.model_name, gpu=loaded.has_gpu):
        reading = think(loaded, case)
    _count(loaded, reading)
    with organization_scope(organization_id):
        ticket = Ticket.objects.get(pk=case.ticket_id)
        kept = apply_reading(claim=claim, ticket=ticket, reading=reading)
    if kept:
        # Apart: what is proposed beside a reading must not take the reading back.
        with organization_scope(organization_id):
            similar = reading.details.get("similar", ())
            ticket = Ticket.objects.get(pk=case.ticket_id)
            propose_runbook(ticket=ticket, similar=similar, label=reading.label)
    return kept


def _count(loaded: Runtime, reading: Reading) -> None:
    """For the metrics: the steps' times, and how sure it was."""
    model, gpu = loaded.model_name, str(loaded.has_gpu).lower()
    for step, milliseconds in reading.timings.items():
        tally.observe(tally.AI_SECONDS, milliseconds / 1000, step, model, gpu)
    for proposal in reading.proposals:
        tally.observe(
            tally.AI_CONFIDENCE, proposal.choice.confidence, proposal.field, proposal.source
        )
