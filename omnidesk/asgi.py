"""HTTP and websocket entry point."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omnidesk.settings")
# Before anything that imports models.
http_application = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.urls import path  # noqa: E402

from integrations.api.lane import FastLane  # noqa: E402
from omnidesk.core.boot import refuse_unsafe_start  # noqa: E402
from tickets.consumers import LiveConsumer  # noqa: E402

refuse_unsafe_start()

application = ProtocolTypeRouter(
    {
        "http": FastLane(http_application),
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(URLRouter([path("ws/", LiveConsumer.as_asgi())]))
        ),
    }
)
