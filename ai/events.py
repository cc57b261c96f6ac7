"""Facts of the AI that others hear after commit. Ids only."""

from dataclasses import dataclass

from omnidesk.core.events import Event


@dataclass(frozen=True, kw_only=True, slots=True)
class SurgeChanged(Event):
    """A surge was noticed, grew, or somebody decided what it is."""

    surge_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ProposalsChanged(Event):
    """An article was proposed, or a proposal waits no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerHeld(Event):
    """An automatic answer leaves in so many `seconds` unless somebody stops it."""

    answer_id: int
    seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeDue(Event):
    """An automatic answer waits until its requester has typed in a code, which is to be mailed."""

    answer_id: int
