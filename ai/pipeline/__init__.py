"""The only translator between tickets and the engine: rows in, a `Reading` out, actions after.

`take_turn` loads a ticket in one short scope, thinks without any transaction, and applies the
result in one transaction that needs the claim on the enrichment row to hold still.
"""

from ai.pipeline.turn import take_turn

__all__ = ["take_turn"]
