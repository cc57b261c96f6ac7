"""Time helpers. Everything is stored in UTC; zones matter only when shown."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime


def now() -> datetime:
    """The current time, aware, UTC: the one place that reads the clock."""
    return datetime.now(UTC)


def http_date(moment: datetime) -> str:
    """RFC 9110 date of an aware time, for `Last-Modified` and `Date`."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def parse_mail_date(value: str) -> datetime | None:
    """Aware UTC time of an RFC 5322 date, or None where it cannot be read."""
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None
