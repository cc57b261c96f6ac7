"""An answer written by the service and prompt that a backtest tries: never kept, never sent."""

from collections.abc import Sequence

from ai import gateway
from ai.access import Audience
from ai.engine.answering import Answer, from_model
from ai.engine.llm import draft_message
from ai.engine.types import NoDraft, Passage
from ai.pipeline.answering import Asked, mask, restored
from ai.pipeline.case import Case
from ai.runtime import Runtime

PURPOSE = "draft"


def written_outside(
    runtime: Runtime, case: Case, offered: Sequence[Passage], language: str
) -> Answer | NoDraft:
    """What the service writes out of the passages; only masked text leaves, by the usual door."""
    asked = Asked(
        organization_id=case.organization_id,
        audience=Audience(),
        text=case.question,
        kinds=(),
        names=(case.requester_name,),
    )
    masked = mask(asked, offered)
    if masked is None:
        return NoDraft("failed", "The texts could not be masked.")
    hidden, question, sources = masked
    told = gateway.Outcome()
    manner = case.options.manner.words
    reply = gateway.ask(
        gateway.Question(
            organization_id=case.organization_id,
            purpose=PURPOSE,
            sent=draft_message(question, sources, language, manner),
            masked_values=len(hidden.mapping),
            ticket_id=case.ticket_id,
            route=case.trial.route,
        ),
        lambda model: model.draft(
            question, sources, language=language, system=case.trial.prompt, manner=manner
        ),
        told,
    )
    if reply is None:
        return NoDraft(told.reason, "; ".join(told.errors))
    if not reply.sentences:
        return NoDraft("unanswered", "The sources do not answer it.")
    written = from_model(reply, sources, runtime.batcher, language=language)
    return written if isinstance(written, NoDraft) else restored(written, hidden, offered)
