"""HTTP and websocket entry point."""

import os

import django
from channels.routing import ProtocolTypeRouter, URLRouter

from omnidesk.core import memory

memory.begin()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omnidesk.settings")
# Before anything that imports models.
django.setup(set_prefix=False)

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.urls import get_resolver, path  # noqa: E402

from integrations.api.lane import FastLane  # noqa: E402
from omnidesk.core.boot import refuse_unsafe_start  # noqa: E402
from omnidesk.core.handler import OneThreadHandler  # noqa: E402
from tickets.consumers import LiveConsumer  # noqa: E402

refuse_unsafe_start()

application = ProtocolTypeRouter(
    {
        "http": FastLane(OneThreadHandler()),
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(URLRouter([path("ws/", LiveConsumer.as_asgi())]))
        ),
    }
)

# All views and their forms: the first visitor does not wait for them.
_ = get_resolver().url_patterns
memory.settle()
