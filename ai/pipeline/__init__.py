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
from ai.runtime import runtime
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
    reading = think(loaded, case)
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
