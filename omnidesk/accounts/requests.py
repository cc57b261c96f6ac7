"""Requests as our middleware leaves them, typed for views."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from omnidesk.accounts.models import User


class DeskRequest(HttpRequest):
    """A signed-in person's request: correlation id, htmx details, database scope are set."""

    user: User
    htmx: HtmxDetails
    correlation_id: str
