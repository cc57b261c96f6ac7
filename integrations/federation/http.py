"""From a failed call at the door to what it means for a channel."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from integrations.federation.port import RemoteTrouble, shape_of
from omnidesk.core.clock import parse_mail_date
from omnidesk.core.http import HttpProblem, PrivateAddress

# Seconds of a version that may still change without a new name: stamps have whole seconds.
_GRAIN: Final = 2
_ZONES: Final = 900  # offsets of time zones are multiples of a quarter of an hour


logger = structlog.get_logger(__name__)


def note_skipped(system: str, row: object) -> None:
    """A row of a list that names no ticket: logged by its shape, the others go on."""
    logger.warning("federation_row_skipped", system=system, shape=shape_of(row))


def trouble(problem: HttpProblem) -> RemoteTrouble:
    """The same failure in the federation's words.

    Away, busy or misaddressed concerns the whole channel; an error 500 may be one record's.
    """
    everywhere = (
        problem.status in {0, 429, 502, 503, 504}
        or isinstance(problem, PrivateAddress)
        or 300 <= problem.status < 400
    )
    return RemoteTrouble(
        problem.message,
        permanent=problem.permanent and not everywhere,
        uncertain=problem.uncertain,
        retry_after=problem.retry_after or (30 if problem.status == 429 else 0),
        everywhere=everywhere,
    )


def settled(version: str, changed_at: datetime | None, server_date: str) -> str:
    """The version, marked with ~ while the ticket may change again within the same second.

    A marked version never equals a listed one, so the next look reads the ticket once more.
    Compared modulo the grid of time zones: a wrongly set zone does no harm here.
    """
    moment = (parse_mail_date(server_date) if server_date else None) or datetime.fromtimestamp(
        time.time(), UTC
    )
    if changed_at is None:
        return version
    age = (moment - changed_at) / timedelta(seconds=1)
    return f"{version}~" if (age + 1) % _ZONES < _GRAIN + 1 else version
