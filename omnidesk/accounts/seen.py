"""When a signed-in device was last at work: noted every few minutes, not at each request."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest, HttpResponseBase

from omnidesk.core.clock import now

EVERY = timedelta(minutes=5)
MOST = 10_000

# Session key -> when this process noted it. Each process notes by itself; the statement writes
# nothing where another one did so.
_noted: dict[str, datetime] = {}


def seen_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Note that the session is at work, before the request's transaction begins.

    Inside it the row would stay locked until the answer, and what the same browser asks for
    beside it would wait.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        key = request.session.session_key
        if key and _is_due(key) and request.user.is_authenticated:
            remember(key)
            rows = UserSession.objects.filter(session_key=key, last_seen_at__lt=now() - EVERY)
            rows.update(last_seen_at=now())
        return get_response(request)

    return middleware


def _is_due(key: str) -> bool:
    noted = _noted.get(key)
    return noted is None or noted < now() - EVERY


def remember(key: str) -> None:
    """Take a session for noted. When too many are, all are forgotten: each costs one look."""
    if len(_noted) >= MOST:
        _noted.clear()
    _noted[key] = now()


def on_sign_in(*, request: HttpRequest | None = None, **_more: Any) -> None:
    """A session that begins was seen by beginning."""
    if request is not None and request.session.session_key:
        remember(request.session.session_key)


user_logged_in.connect(on_sign_in, dispatch_uid="omnidesk.accounts.seen")
