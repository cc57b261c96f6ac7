"""Where a person is signed in, and signing out there."""

from datetime import datetime, timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from lxml import html

from omnidesk.accounts import seen
from omnidesk.accounts.devices import device_words
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from tests.cast import PASSWORD, Cast

PAGE = "/account/devices/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)


def entered(user: User, agent: str) -> Client:
    """A browser in which somebody filled the sign-in form."""
    client = Client(headers={"User-Agent": agent})
    given = {"login": user.email, "password": PASSWORD}
    assert client.post("/account/sign-in/", given).status_code == 302
    return client


def names(client: Client) -> list[str]:
    """The devices as the page lists them."""
    page = html.fromstring(client.get(PAGE).content.decode())
    return [str(one.text_content()) for one in page.xpath("//ul[@class='devices']/li//strong")]


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        (IPHONE, "Safari on iPhone"),
        ("curl/8.5.0", "curl"),
        ("", "A program"),
    ],
)
def test_a_device_is_named_in_words(agent: str, words: str) -> None:
    assert device_words(agent) == words


def times(agent: str) -> datetime:
    found: datetime = UserSession.objects.get(user_agent=agent).last_seen_at
    return found


def test_it_is_told_when_a_device_was_last_seen(cast: Cast) -> None:
    here, there = entered(cast.dana, FIREFOX), entered(cast.dana, IPHONE)
    UserSession.objects.update(last_seen_at=now() - timedelta(days=1))
    page = html.fromstring(here.get(PAGE).content.decode())
    own, other = page.xpath("//ul[@class='devices']/li")
    assert own.get("aria-current") == "true"
    assert "This device" in own.text_content()
    assert "Last seen yesterday" in " ".join(other.text_content().split())
    # Signing in counted as seen: within minutes no request writes it again.
    assert times(IPHONE) < now() - timedelta(hours=23)
    # A process that did not see it yet writes it, once.
    seen._noted.clear()
    there.get("/offline/")
    assert times(IPHONE) > now() - timedelta(minutes=1)
    UserSession.objects.update(last_seen_at=now() - timedelta(days=1))
    there.get("/offline/")
    assert times(IPHONE) < now() - timedelta(hours=23)


@pytest.mark.parametrize("who", ["alice", "dana"])
def test_one_signs_out_elsewhere_and_stays_here(cast: Cast, who: str) -> None:
    user: User = getattr(cast, who)
    here, there = entered(user, FIREFOX), entered(user, IPHONE)
    assert names(here) == ["Firefox on Windows", "Safari on iPhone"]
    row = UserSession.objects.get(user_agent=IPHONE)
    answer = here.post(PAGE, {"end": str(row.pk)}, follow=True)
    assert b"Signed out on 1 device" in answer.content
    assert names(here) == ["Firefox on Windows"]
    assert there.get(PAGE).status_code == 302


def test_all_others_end_at_once_and_this_one_only_by_signing_out(cast: Cast) -> None:
    here, *others = (entered(cast.dana, agent) for agent in (FIREFOX, IPHONE, "curl/8"))
    own = UserSession.objects.get(user_agent=FIREFOX)
    assert (
        b"Nobody is signed in there" in here.post(PAGE, {"end": str(own.pk)}, follow=True).content
    )
    here.post(PAGE, {"end": "others"})
    assert [other.get(PAGE).status_code for other in others] == [302, 302]
    assert here.get(PAGE).status_code == 200


def test_nobody_ends_anothers_session(cast: Cast) -> None:
    entered(cast.alice, FIREFOX)
    row = UserSession.objects.get(user=cast.alice)
    dana = entered(cast.dana, IPHONE)
    for wish in (str(row.pk), "others", "x"):
        dana.post(PAGE, {"end": wish})
    assert UserSession.objects.filter(pk=row.pk).exists()
    assert names(dana) == ["Safari on iPhone"]


def test_a_session_from_before_is_listed_and_strangers_see_none(cast: Cast) -> None:
    client = Client(headers={"User-Agent": FIREFOX})
    client.force_login(cast.alice)
    assert names(client) == ["Firefox on Windows"]
    assert Client().get(PAGE).status_code == 302
