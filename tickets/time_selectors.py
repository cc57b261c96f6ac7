"""Reads of time entries, each with its number of queries."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from omnidesk.accounts.models import Organization, User
from tickets.models import Ticket, TimeEntry, Timer

# A cell that begins with one of these is a formula to a spreadsheet.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
COLUMNS = ("day", "ticket", "subject", "person", "e-mail", "minutes", "billable", "note")


@dataclass(frozen=True, slots=True)
class TimeSpent:
    """A ticket's entries and sums in minutes, and the reader's running timer."""

    entries: list[TimeEntry]
    total: int
    billable: int
    timer: Timer | None


def time_spent(
    ticket: Ticket, user: User, *, entries: bool = True, timer: bool = True
) -> TimeSpent:
    """Queries: 2 (entries, timer), less each that the caller knows to be none."""
    found = list(ticket.time_entries.select_related("person")) if entries else []
    running = Timer.objects.filter(person=user).select_related("ticket") if timer else None
    return TimeSpent(
        found,
        sum(entry.minutes for entry in found),
        sum(entry.minutes for entry in found if entry.is_billable),
        running.first() if running is not None else None,
    )


def month_rows(organization: Organization, month: date) -> Iterator[list[str | int]]:
    """One organization's entries of the month as cells, header first. Queries: 1."""
    start = month.replace(day=1)
    end = date(start.year + start.month // 12, start.month % 12 + 1, 1)
    yield list(COLUMNS)
    rows = TimeEntry.objects.filter(organization=organization, day__gte=start, day__lt=end)
    for entry in rows.select_related("ticket", "person").order_by("day", "pk").iterator():
        yield [
            entry.day.isoformat(),
            entry.ticket.number,
            safe_cell(entry.ticket.subject),
            safe_cell(entry.person.display_name),
            safe_cell(entry.person.email),
            entry.minutes,
            "yes" if entry.is_billable else "no",
            safe_cell(entry.note),
        ]


def safe_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
