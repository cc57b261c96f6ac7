"""Names of the websocket groups and what is sent to them: never ticket text."""

from collections.abc import Sequence
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from omnidesk.core.clock import now


def ticket_group(ticket_id: int) -> str:
    """Group of everybody who looks at one ticket."""
    return f"ticket.{ticket_id}"


def desk_group(organization_id: int) -> str:
    """Group of an organization's agents: lists and counts."""
    return f"desk.{organization_id}"


def person_group(user_id: int) -> str:
    """Group of one person's own browsers."""
    return f"person.{user_id}"


def tell(groups: list[str], payload: dict[str, Any]) -> None:
    """Send `payload` to every browser in `groups`; `type` is the client's, `at` is added."""
    async_to_sync(_send)(groups, {"type": "news", "payload": {**payload, "at": now().isoformat()}})


async def _send(groups: list[str], message: dict[str, Any]) -> None:
    # One event loop, hence one connection, for all groups.
    layer = get_channel_layer()
    for group in groups:
        await layer.group_send(group, message)


def tell_each(news: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Send each group its own payload, over one connection; `at` is added, `verbs` if missing."""
    at = now().isoformat()
    async_to_sync(_send_each)([(group, {"verbs": [], **told, "at": at}) for group, told in news])


async def _send_each(news: list[tuple[str, dict[str, Any]]]) -> None:
    layer = get_channel_layer()
    for group, payload in news:
        await layer.group_send(group, {"type": "news", "payload": payload})
