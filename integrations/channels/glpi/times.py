"""GLPI's times have no zone: `YYYY-MM-DD HH:MM:SS` on the server's clock. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_FORMAT: Final = "%Y-%m-%d %H:%M:%S"


def to_utc(value: object, zone: ZoneInfo) -> datetime | None:
    """The moment, or None for an empty or strange value. v2 gives ISO times, which work too."""
    text = str(value or "").strip()
    if not text or text.startswith("0000"):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC)


def to_glpi(moment: datetime, zone: ZoneInfo) -> str:
    """A moment on the server's clock; an hour earlier while clocks go back, so nothing hides."""
    local = moment.astimezone(zone)
    later = (moment + timedelta(hours=3)).astimezone(zone)
    earlier = (moment - timedelta(hours=3)).astimezone(zone)
    offsets = [one.utcoffset() or timedelta() for one in (earlier, later)]
    if offsets[1] < offsets[0]:
        local -= offsets[0] - offsets[1]
    return local.strftime(_FORMAT)
