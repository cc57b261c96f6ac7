"""OData V2 as SAP speaks it: dates, guids, strings, errors, pages. Pure."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

_DATE: Final = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{1,4})?\)/")
_GUID: Final = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
_SHOWN: Final = (
    "%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S", "%d.%m.%Y, %H:%M:%S", "%Y/%m/%d %H:%M:%S",
)  # fmt: skip
DAY: Final = timedelta(days=1)


def to_utc(value: object) -> datetime | None:
    """The moment of `/Date(1487945581000+0060)/`; the offset only says how to show it."""
    found = _DATE.fullmatch(str(value or "").strip())
    if found is None:
        return None
    try:
        return datetime.fromtimestamp(int(found[1]) / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def has_no_time(moment: datetime) -> bool:
    """Whether only the day is known: some systems keep no more."""
    return moment == moment.replace(hour=0, minute=0, second=0, microsecond=0)


def shown_to_utc(text: object, zone: ZoneInfo) -> datetime | None:
    """The moment of a time formatted for people, None where it cannot be read."""
    for shape in _SHOWN:
        try:
            moment = datetime.strptime(str(text or "").strip(), shape)  # noqa: DTZ007
        except ValueError:
            continue
        return moment.replace(tzinfo=zone).astimezone(UTC)
    return None


def datetime_literal(moment: datetime) -> str:
    """For filters."""
    return f"datetime'{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}'"


def string_literal(text: str) -> str:
    """A string in an address; quotes are doubled."""
    return "'" + text.replace("'", "''") + "'"


def guid(value: object) -> str:
    """A guid with dashes, in lower case; '' for anything else."""
    text = str(value or "").strip().lower()
    if not _GUID.fullmatch(text):
        return ""
    bare = text.replace("-", "")
    return "-".join((bare[:8], bare[8:12], bare[12:16], bare[16:20], bare[20:]))


def problem_of(body: bytes) -> tuple[str, str]:
    """(code, words) of an error, JSON or XML; ('', '') where there is neither.

    The first detail says more than the error itself.
    """
    text = body.decode("utf-8", "replace")
    try:
        error = json.loads(text)["error"]
        inner = error.get("innererror") or {}
        details = inner.get("errordetails") if isinstance(inner, Mapping) else None
        first = details[0] if isinstance(details, list) and details else {}
        value = error.get("message")
        words = value.get("value") if isinstance(value, Mapping) else value
        code = str(first.get("code") or error.get("code") or "")
        # The lock is told in the outer code; a detail must not hide it.
        outer = str(error.get("code") or "")
        return (outer if outer == LOCKED else code), str(first.get("message") or words or "")
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        named = re.search(r"<code[^>]*>([^<]{1,80})</code>", text)
        said = re.search(r"<message[^>]*>([^<]{1,400})</message>", text)
        return (named[1] if named else ""), (said[1] if said else "")


LOCKED: Final = "CRM_ORDER/013"


def results(found: Any) -> list[dict[str, Any]]:
    """Rows of a collection; a lone entity counts as one row."""
    inside = found.get("d") if isinstance(found, Mapping) else None
    if isinstance(inside, list):
        rows = inside
    elif isinstance(inside, Mapping):
        rows = inside.get("results", [inside])
    else:
        rows = []
    return [one for one in rows if isinstance(one, dict)]
