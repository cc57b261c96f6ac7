"""Reads around notifications: who follows, what waits, how it is said."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from omnidesk.accounts.models import User
from omnidesk.core.text import valid_timezone
from tickets.access import visible_tickets
from tickets.models import LetterLine, Notification, Ticket
from tickets.notices import Kind

FALLBACK_ZONE = "UTC"


def current_zone_of(user: User) -> str:
    """The person's time zone, or UTC where none (or none that is known) is set."""
    return user.timezone if user.timezone and valid_timezone(user.timezone) else FALLBACK_ZONE


def followers(ticket: Ticket) -> QuerySet[User]:
    """Who follows a ticket, in order of name. Queries: 1 when read."""
    return User.objects.filter(watches__ticket=ticket, is_active=True).order_by("name", "pk")


def readable_notifications(user: User) -> QuerySet[Notification]:
    """A person's notifications about tickets that they may see now, newest first.

    Access that ended since hides the line; being asked for an approval is itself the access.
    Queries: 1 when read.
    """
    seen = Q(ticket__in=visible_tickets(user).values("pk")) | Q(kind=Kind.APPROVAL)
    return (
        Notification.objects.filter(seen, user=user)
        .select_related("ticket", "ticket__team", "ticket__status", "ticket__organization")
        .defer("ticket__search", "ticket__description")
    )


def unread_count(user: User) -> int:
    """How many lines wait. Queries: 1."""
    return readable_notifications(user).filter(read_at=None).count()


def told(row: Notification | LetterLine, count: int = 1) -> str:
    """The line in the reader's language: who did what, without the ticket's subject."""
    return notice_words(row.kind, row.actor_name, count, team=row.ticket.team, detail=row.detail)


def notice_words(
    kind: str, actor_name: str, count: int, *, team: object = None, detail: str = ""
) -> str:
    """One sentence about `count` happenings of a `kind`."""
    who = actor_name or _("The system")
    name = str(team or _("your team"))
    if kind == Kind.TEAM_TICKET and count > 1:
        return ngettext(
            "%(count)d new ticket in %(team)s", "%(count)d new tickets in %(team)s", count
        ) % {"team": name, "count": count}
    if kind == Kind.REPLIED and count > 1:
        return ngettext("%(count)d new answer", "%(count)d new answers", count) % {"count": count}
    if kind == Kind.SLA_BREACHED and count > 1:
        return ngettext(
            "%(count)d promised time has passed", "%(count)d promised times have passed", count
        ) % {"count": count}
    if kind == Kind.SLA_WARNED and count > 1:
        return ngettext(
            "%(count)d promised time comes near", "%(count)d promised times come near", count
        ) % {"count": count}
    if kind == Kind.PROPOSAL and count > 1:
        return ngettext(
            "%(count)d proposed article waits", "%(count)d proposed articles wait", count
        ) % {"count": count}
    sentences = {
        Kind.TEAM_TICKET: _("New ticket in %(team)s"),
        Kind.REPLIED: _("%(who)s answered"),
        Kind.ASSIGNED: _("%(who)s assigned this to you"),
        Kind.MENTIONED: _("%(who)s mentioned you"),
        Kind.FOLLOWED: _("%(who)s wrote or changed something"),
        Kind.STATUS: _("New status: %(detail)s"),
        Kind.ANSWERED: _("%(who)s answered you"),
        Kind.SLA_WARNED: _("A promised time comes near: %(detail)s"),
        Kind.SLA_BREACHED: _("A promised time has passed: %(detail)s"),
        Kind.APPROVAL: _("%(who)s asks for your approval: %(detail)s"),
        Kind.DECIDED: _("Decided: %(detail)s"),
        Kind.UNDELIVERED: _("Your answer could not be delivered: %(detail)s"),
        Kind.RUNBOOK: _("Runbook: %(detail)s"),
        Kind.WOKEN: _("The snooze is over"),
        Kind.RULE: "%(detail)s",
        Kind.PROPOSAL: _("A proposed article waits: %(detail)s"),
        Kind.RATE: _("How did we do? Two clicks are enough"),
    }
    sentence = sentences.get(Kind(kind), "%(detail)s")
    return str(sentence) % {"who": who, "team": name, "detail": detail or "-"}


def mentionable(users: Sequence[User]) -> list[str]:
    """How colleagues are named after an `@`."""
    return [user.display_name for user in users]
