"""The websocket: says what changed, never what it says now."""

from collections import deque
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.core.exceptions import PermissionDenied
from django.http import Http404

from omnidesk.accounts.devices import session_group
from omnidesk.accounts.models import User
from omnidesk.accounts.roles import Role
from omnidesk.core.tenancy import organization_scope, replace_scope
from tickets.access import access_ticket
from tickets.live import desk_group, person_group, ticket_group

# A browser watches a ticket, a list and itself; more is somebody probing.
MOST_SUBSCRIPTIONS = 50
KEPT_MESSAGES = 200
SIGN_IN_NEEDED = 4401


class LiveConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """One browser's connection: subscribe, hear, resume.

    Each message to the client carries a rising `seq`. After a lost connection the client sends
    `resume`; what happened on another connection is not kept, so the answer is `resync` and the
    client refetches what it shows.
    """

    async def connect(self) -> None:
        """Accept signed-in people only; everybody hears their own group."""
        self.seq = 0
        self.sent: deque[dict[str, Any]] = deque(maxlen=KEPT_MESSAGES)
        self.groups_by_channel: dict[str, str] = {}
        user = self.scope.get("user")
        if not isinstance(user, User) or not user.is_active:
            await self.accept()
            await self.close(SIGN_IN_NEEDED)
            return
        self.user = user
        await self.accept()
        self.own_groups = {person_group(user.pk)}
        if key := getattr(self.scope.get("session"), "session_key", None):
            self.own_groups.add(session_group(key))
        for group in self.own_groups:
            await self.channel_layer.group_add(group, self.channel_name)

    async def disconnect(self, code: int) -> None:
        """Leave every group."""
        if not hasattr(self, "user"):
            return
        for group in {*self.own_groups, *self.groups_by_channel.values()}:
            await self.channel_layer.group_discard(group, self.channel_name)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Dispatch on `type`; an unknown or malformed message is answered, not fatal."""
        kind = content.get("type") if isinstance(content, dict) else None
        handlers = {
            "subscribe": self.on_subscribe,
            "unsubscribe": self.on_unsubscribe,
            "presence": self.on_presence,
            "resume": self.on_resume,
            "ping": self.on_ping,
        }
        handler = handlers.get(kind) if isinstance(kind, str) else None
        if handler is None:
            await self.say({"type": "error", "detail": "Unknown message type."})
            return
        await handler(content)

    @classmethod
    async def decode_json(cls, text_data: str) -> Any:
        """Malformed JSON becomes an unknown message instead of a closed connection."""
        try:
            return await super().decode_json(text_data)
        except ValueError:
            return None

    async def on_subscribe(self, content: dict[str, Any]) -> None:
        """Join the group of `channel`, authorised like a read."""
        channel = str(content.get("channel", ""))[:80]
        if len(self.groups_by_channel) >= MOST_SUBSCRIPTIONS:
            await self.say({"type": "error", "channel": channel, "detail": "Too many channels."})
            return
        found = await self.group_of(channel)
        if found is None:
            await self.say({"type": "error", "channel": channel, "detail": "No such channel."})
            return
        group, version = found
        self.groups_by_channel[channel] = group
        await self.channel_layer.group_add(group, self.channel_name)
        answer: dict[str, Any] = {"type": "subscribed", "channel": channel}
        # Read again after joining: a page that is older asks anew, and nothing falls between.
        if version is not None and (again := await self.group_of(channel)):
            answer["version"] = again[1]
        await self.say(answer)

    async def on_unsubscribe(self, content: dict[str, Any]) -> None:
        """Leave the group of `channel` unless another subscription shares it."""
        group = self.groups_by_channel.pop(str(content.get("channel", "")), None)
        if group and group not in self.groups_by_channel.values():
            await self.channel_layer.group_discard(group, self.channel_name)

    async def on_presence(self, content: dict[str, Any]) -> None:
        """Tell a ticket's other watchers that this person views it or writes."""
        number = content.get("ticket")
        group = self.groups_by_channel.get(f"ticket:{number}")
        activity = content.get("activity")
        if group is None or activity not in {"viewing", "replying", "gone"}:
            return
        payload = {
            "type": "presence",
            "ticket": number,
            "activity": activity,
            "person": {
                "id": self.user.pk,
                "name": self.user.display_name,
                "initials": self.user.initials,
            },
        }
        await self.channel_layer.group_send(group, {"type": "news", "payload": payload})

    async def on_resume(self, content: dict[str, Any]) -> None:
        """Repeat what this connection sent after `since`, or ask for a fresh look."""
        since = content.get("since")
        if isinstance(since, int) and self.sent and self.sent[0]["seq"] <= since + 1 <= self.seq:
            for message in [m for m in self.sent if m["seq"] > since]:
                await self.send_json(message)
            return
        await self.say({"type": "resync"})

    async def on_ping(self, content: dict[str, Any]) -> None:
        """Keep proxies awake."""
        await self.say({"type": "pong"})

    async def session_over(self, event: dict[str, Any]) -> None:
        """Somebody signed this session out from elsewhere."""
        await self.close(SIGN_IN_NEEDED)

    async def news(self, event: dict[str, Any]) -> None:
        """Pass on what a group was told."""
        await self.say(event["payload"])

    async def say(self, payload: dict[str, Any]) -> None:
        """Send `payload` with the next `seq`."""
        self.seq += 1
        message = {**payload, "seq": self.seq}
        self.sent.append(message)
        await self.send_json(message)

    @database_sync_to_async  # type: ignore[untyped-decorator]
    def group_of(self, channel: str) -> tuple[str, int | None] | None:
        """The group behind `ticket:42`, `queue:mine` or `org:7`, if this person may read it.

        With the ticket's version as it is now; None for the other channels.
        """
        kind, _, name = channel.partition(":")
        with organization_scope((), user_id=self.user.pk):
            user = User.objects.get(pk=self.user.pk)
            replace_scope(user.visible_organization_ids())
            if kind == "ticket":
                try:
                    ticket = access_ticket(user, name)
                except (Http404, PermissionDenied):
                    return None
                return ticket_group(ticket.pk), ticket.version
            if kind == "org" and name.isdigit() and len(name) < 19:
                may = user.has_role(int(name), Role.AGENT)
                return (desk_group(int(name)), None) if may else None
            if kind == "queue" and name == "mine":
                return person_group(user.pk), None
        return None
