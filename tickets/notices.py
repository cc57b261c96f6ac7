"""What people are told of, by which medium and when: pure rules, no ORM.

A notice goes to the page at once and by the other media after a short pause, so that what happens
in one go becomes one mail, one text message, one call; quiet hours move all of these and digests
move the mail, never the page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """What a notice is about."""

    ASSIGNED = "assigned", _("A ticket is assigned to me")
    TEAM_TICKET = "team_ticket", _("My team gets a new ticket")
    REPLIED = "replied", _("The requester answers on a ticket of mine")
    MENTIONED = "mentioned", _("A colleague mentions me")
    FOLLOWED = "followed", _("Something new on a ticket that I follow")
    STATUS = "status", _("The status of my ticket changes")
    ANSWERED = "answered", _("The service desk answers me")
    SLA_WARNED = "sla_warned", _("A promised time comes near")
    SLA_BREACHED = "sla_breached", _("A promised time has passed")
    APPROVAL = "approval", _("My approval is asked for")
    DECIDED = "decided", _("An approval that I asked for is decided")
    UNDELIVERED = "undelivered", _("An answer of mine could not be delivered")
    RUNBOOK = "runbook", _("A runbook that I started has ended")
    RULE = "rule", _("A rule of the desk tells me something")
    WOKEN = "woken", _("A ticket that I snoozed comes back")
    RATE = "rate", _("I am asked how it was")
    PROPOSAL = "proposal", _("A proposed article waits for me")


class Medium(models.TextChoices):
    """Ways to tell somebody. The last two are offered where they are possible (`media.py`)."""

    PAGE = "page", _("On the page")
    EMAIL = "email", _("By e-mail")
    SMS = "sms", _("By text message")
    WEBHOOK = "webhook", _("By webhook")


class Digest(models.TextChoices):
    """How e-mails are gathered."""

    OFF = "off", _("Each at once")
    HOURLY = "hourly", _("One mail an hour")
    DAILY = "daily", _("One mail a day")


# What a requester may be told of; all the rest is the desk's.
FOR_REQUESTERS: Final = frozenset(
    {Kind.STATUS, Kind.ANSWERED, Kind.APPROVAL, Kind.DECIDED, Kind.RATE}
)
# Off by e-mail unless the person asks for it. An answer itself is mailed to its requester anyway.
_QUIET_BY_MAIL: Final = frozenset(
    {Kind.STATUS, Kind.ANSWERED, Kind.FOLLOWED, Kind.TEAM_TICKET, Kind.PROPOSAL}
)
# These cannot wait for a digest, only for the end of the quiet hours.
_PRESSING: Final = frozenset({Kind.SLA_WARNED, Kind.SLA_BREACHED, Kind.APPROVAL})
# Nobody gets these who did not ask for them.
ON_REQUEST: Final = frozenset({Medium.SMS, Medium.WEBHOOK})
PAUSE: Final = timedelta(seconds=60)
# Between two text messages to one person: a storm is a few messages, never hundreds.
TEXT_GAP: Final = timedelta(minutes=5)
DAILY_AT: Final = time(8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What one person wants. `choices` maps medium -> kind -> on, where it differs from ours."""

    choices: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    digest: str = Digest.OFF.value
    quiet_from: time | None = None
    quiet_to: time | None = None
    zone: str = "UTC"

    def wants(self, kind: str, medium: str) -> bool:
        """Whether a notice of `kind` goes out by `medium`."""
        chosen = self.choices.get(medium, {}).get(kind)
        return by_default(kind, medium) if chosen is None else bool(chosen)

    def gathers(self, kind: str) -> bool:
        """Whether a mail of `kind` waits for the digest."""
        return self.digest != Digest.OFF and kind not in _PRESSING

    def mail_due(self, kind: str, moment: datetime) -> datetime:
        """When a mail about something that happened at `moment` may leave (aware, UTC)."""
        due = self._digest_after(moment) if self.gathers(kind) else moment + PAUSE
        return self.after_quiet(due)

    def text_due(self, moment: datetime, last: datetime | None) -> datetime:
        """When a text message about `moment` may leave; `last` is when the one before it went."""
        due = moment + PAUSE
        return self.after_quiet(max(due, last + TEXT_GAP) if last else due)

    def call_due(self, moment: datetime) -> datetime:
        """When a webhook may be told of what happened at `moment`."""
        return self.after_quiet(moment + PAUSE)

    def after_quiet(self, moment: datetime) -> datetime:
        """`moment`, or the end of the quiet hours that it falls into."""
        begin, end = self.quiet_from, self.quiet_to
        if begin is None or end is None or begin == end:
            return moment
        zone = ZoneInfo(self.zone)
        local = moment.astimezone(zone)
        at = local.time()
        over_midnight = begin > end
        quiet = at >= begin or at < end if over_midnight else begin <= at < end
        if not quiet:
            return moment
        day = local.date() + timedelta(days=1 if over_midnight and at >= begin else 0)
        over = datetime.combine(day, end, tzinfo=zone).astimezone(UTC)
        # Where the clocks are set back the wall time comes twice: quiet lasts until the second.
        return over if over > moment else over + timedelta(hours=1)

    def _digest_after(self, moment: datetime) -> datetime:
        zone = ZoneInfo(self.zone)
        local = moment.astimezone(zone)
        if self.digest == Digest.HOURLY:
            # In UTC arithmetic, so that no hour is skipped or doubled when clocks change.
            into_hour = timedelta(
                minutes=local.minute, seconds=local.second, microseconds=local.microsecond
            )
            return moment.astimezone(UTC) - into_hour + timedelta(hours=1)
        day = local.date() + timedelta(days=0 if local.time() < DAILY_AT else 1)
        return datetime.combine(day, DAILY_AT, tzinfo=zone).astimezone(UTC)


def by_default(kind: str, medium: str) -> bool:
    """What somebody gets who never chose."""
    if medium in ON_REQUEST:
        return False
    return medium == Medium.PAGE or kind not in _QUIET_BY_MAIL
