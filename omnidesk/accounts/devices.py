"""Where a person is signed in: naming the program, listing the sessions, ending one."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from allauth.usersessions.models import UserSession
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from omnidesk.accounts.models import User

# The first that stands in what a browser sends; most name the others as well.
BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("Vivaldi", "Vivaldi"), ("SamsungBrowser", "Samsung"),
    ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "ChromeOS"),
    ("Windows", "Windows"), ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip
PHONES = frozenset({"iPhone", "iPad", "Android"})


@dataclass(frozen=True, slots=True)
class Device:
    """One session of a person. `is_here`: it is the one that asks.

    `seen` is right to a few minutes.
    """

    pk: int
    name: str
    is_phone: bool
    address: str
    since: datetime
    seen: datetime
    is_here: bool


def device_words(user_agent: str) -> str:
    """A browser and its system in words, else what the program calls itself."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or user_agent.partition("/")[0][:40] or _("A program")


def devices_of(request: HttpRequest, user: User) -> list[Device]:
    """The living sessions of a person, this one first, then the last seen.

    Dead ones are forgotten.
    """
    key = request.session.session_key
    if key and not UserSession.objects.filter(session_key=key).exists():
        # It began before sessions were listed.
        UserSession.objects.create_from_request(request)
    rows = UserSession.objects.purge_and_list(user)
    rows.sort(key=lambda row: (row.session_key != key, -row.last_seen_at.timestamp()))
    return [
        Device(
            pk=row.pk,
            name=device_words(row.user_agent),
            is_phone=any(mark in row.user_agent for mark in PHONES),
            address=row.ip,
            since=row.created_at,
            seen=row.last_seen_at,
            is_here=row.session_key == key,
        )
        for row in rows
    ]


@transaction.atomic
def sign_out_there(*, user: User, keeping: str | None, pk: int | None = None) -> int:
    """End one of a person's sessions, or with no `pk` all of them, but never `keeping`.

    What was open there asks to sign in at its next request; its live channel is closed at once.
    Returns how many ended.
    """
    rows = UserSession.objects.filter(user=user).exclude(session_key=keeping or "")
    if pk is not None:
        rows = rows.filter(pk=pk)
    ended = list(rows)
    for row in ended:
        row.end()
    transaction.on_commit(lambda: close_channels([row.session_key for row in ended]), robust=True)
    return len(ended)


def session_group(session_key: str) -> str:
    """Group of the live channels of one session; the key itself goes nowhere."""
    return f"session.{sha256(session_key.encode()).hexdigest()[:32]}"


def close_channels(session_keys: list[str]) -> None:
    """Have the live channels of ended sessions closed."""
    async_to_sync(_close)([session_group(key) for key in session_keys])


async def _close(groups: list[str]) -> None:
    layer = get_channel_layer()
    for group in groups:
        await layer.group_send(group, {"type": "session.over"})
