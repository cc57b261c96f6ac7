"""Room for the strips on top of the desk's pages, which come with requests of their own.

Where the last page had one, the next keeps room for it: nothing moves down when it comes. Where a
page kept none, it comes below everything until the next page: nothing moves down either.
"""

from contextlib import suppress

from django.core.cache import cache
from django.http import HttpRequest
from redis.exceptions import RedisError

from omnidesk.accounts.models import User
from omnidesk.accounts.requests import DeskRequest

# In the session: the strips that had something to say last time.
SESSION = "desk_strips"
# The first page of a session goes by what the same desk's people saw last, at most a day ago.
SECONDS = 86_400


def _key(user: User) -> str:
    desks = "-".join(map(str, sorted(user.staffed_organization_ids())))
    return f"desk-strips.{int(user.is_lead)}.{desks[:180]}"


def strip_places(request: HttpRequest) -> list[str]:
    """The strips to keep room for."""
    kept = request.session.get(SESSION)
    if kept is None and isinstance(request.user, User):
        # Without a cache a page keeps no room, and is whole.
        with suppress(RedisError, OSError):
            kept = cache.get(_key(request.user))
    return list(kept or [])


def keep_place(request: DeskRequest, strip: str, *, shown: bool) -> None:
    """Remember whether a strip had something to say."""
    kept = strip_places(request)
    now = sorted({*kept, strip} if shown else {*kept} - {strip})
    if SESSION not in request.session or now != kept:
        request.session[SESSION] = now
        with suppress(RedisError, OSError):
            cache.set(_key(request.user), now, SECONDS)


def has_place(request: HttpRequest) -> bool:
    """Whether the page that asks for a strip keeps room for it."""
    return request.GET.get("place") == "1"
