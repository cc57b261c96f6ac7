"""The audit of what programs did by the Model Context Protocol."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from integrations.mcpcalls import McpCall
from omnidesk.accounts.models import User
from omnidesk.core.text import one_line
from tickets.access import home_id
from tickets.models import Ticket

LONGEST_TEXT: Final = 200  # characters of each argument
MOST_ARGUMENTS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A call as it came: who, by what, which tool. `number` is the ticket it was about."""

    user: User
    credential: str
    client: str
    tool: str
    arguments: Mapping[str, Any]
    number: int | None = None


def note_call(called: Called, *, refused: str = "", milliseconds: int = 0) -> McpCall | None:
    """Write the call down, in the ticket's organization or the person's own.

    None for a person without any organization: they have nothing that a tool could touch.
    """
    organization_id = _organization(called)
    if not organization_id:
        return None
    context = structlog.contextvars.get_contextvars()
    return McpCall.objects.create(
        organization_id=organization_id,
        user=called.user,
        credential=called.credential[:100],
        client=one_line(called.client, 120),
        tool=called.tool[:60],
        arguments=_short(called.arguments),
        outcome=McpCall.Outcome.REFUSED if refused else McpCall.Outcome.DONE,
        words=one_line(refused, 300),
        ticket_number=called.number,
        milliseconds=milliseconds,
        correlation_id=str(context.get("correlation_id", ""))[:64],
    )


def _organization(called: Called) -> int:
    home = home_id(called.user)
    if called.number is None:
        return home
    rows = Ticket.objects.filter(
        number=called.number, organization_id__in=called.user.visible_organization_ids()
    )
    return rows.values_list("organization_id", flat=True).first() or home


def _short(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Readable beginnings: this is a record of what happened, not a second copy of the texts."""
    kept = list(arguments.items())[:MOST_ARGUMENTS]
    return {one_line(str(name), 60): one_line(str(value), LONGEST_TEXT) for name, value in kept}
