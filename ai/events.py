"""Facts of the AI that others hear after commit. Ids only."""

from dataclasses import dataclass

from omnidesk.core.events import Event


@dataclass(frozen=True, kw_only=True, slots=True)
class SurgeChanged(Event):
    """A surge was noticed, grew, or somebody decided what it is."""

    surge_id: int
