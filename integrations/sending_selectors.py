"""Reading how an answer was sent."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from integrations.models import Delivery, Step

# A line of the log that is no state: a person asked for one more try.
AGAIN: Final = "again"


@dataclass(frozen=True, slots=True)
class LogLine:
    """One step of an answer on its way; `tries` counts from 1, 0 where nothing was tried."""

    at: datetime
    what: str
    tries: int
    words: str


def log_of(delivery: Delivery) -> list[LogLine]:
    """What happened to an answer, the latest first."""
    named = {**dict(Step.choices), Step.QUEUED: _("To be tried again"), AGAIN: _("Asked for again")}
    return [
        LogLine(
            at=datetime.fromisoformat(one["at"]),
            what=str(named.get(one["what"], one["what"])),
            tries=int(one["try"]),
            words=str(one["words"]),
        )
        for one in reversed(delivery.log)
    ]
