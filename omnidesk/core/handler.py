"""A request's whole way in one thread: middleware and views are plain functions here."""

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class OneThreadHandler(ASGIHandler):
    """Django's handler, but for its way back to the event loop before every view.

    Django calls a view by the loop even where all middleware before it waits in a thread. With
    this project's plain views that is two more changes of thread a request, each of which waits
    for its turn among the others.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        """Build the chain of plain functions, whatever the caller says."""
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """The response, worked out in the request's own thread."""
        return await sync_to_async(self.get_response, thread_sensitive=True)(request)
