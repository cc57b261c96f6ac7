"""A websocket client for consumers, on asgiref's communicator.

(The one in `channels.testing` imports a second web server, which nothing else here needs.)
"""

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator


class Socket:
    """One browser's connection to an ASGI application, as a signed-in `user`."""

    def __init__(
        self, application: Any, user: Any, path: str = "/ws/", session: Any = None
    ) -> None:
        scope = {"type": "websocket", "path": path, "headers": [], "subprotocols": [], "user": user}
        scope["session"] = session
        # Untyped in asgiref.
        self.communicator: Any = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]

    async def open(self) -> "Socket":
        """Connect; fails the test where the server refuses."""
        await self.communicator.send_input({"type": "websocket.connect"})
        answer = await self.event()
        assert answer["type"] == "websocket.accept", answer
        return self

    async def event(self) -> dict[str, Any]:
        """The next ASGI event; fails the test after three seconds of silence."""
        event = await self.communicator.receive_output(3)
        assert isinstance(event, dict)
        return event

    async def is_silent(self) -> bool:
        """Whether nothing arrives for a moment."""
        return bool(await self.communicator.receive_nothing(0.2))

    async def say(self, text: str) -> None:
        """Send raw text."""
        await self.communicator.send_input({"type": "websocket.receive", "text": text})

    async def hear(self) -> dict[str, Any]:
        """The next message, decoded; fails the test after three seconds of silence."""
        event = await self.event()
        assert event["type"] == "websocket.send", event
        message = json.loads(event["text"])
        assert isinstance(message, dict)
        return message

    async def ask(self, **message: Any) -> dict[str, Any]:
        """Send one message and return the next one that arrives."""
        await self.say(json.dumps(message))
        return await self.hear()

    async def hang_up(self) -> None:
        """Disconnect and wait for the consumer to finish."""
        await self.communicator.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.communicator.wait(3)
