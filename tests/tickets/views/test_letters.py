"""HTML of other people: in a frame of its own, and nothing is fetched before somebody asks."""

import pytest
from lxml import html

from integrations.channels.email.html import sanitise
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn
from tickets.actions.attach import NewFile
from tickets.actions.base import Actor
from tickets.actions.intake import Body, open_ticket
from tickets.actions.reply import reply
from tickets.choices import Source
from tickets.models import Message, Ticket

MAIL = """<p onclick="x()">Hello <b>desk</b></p><script>alert(1)</script><img src="cid:shot">
<img src="https://spy.example/a.gif?who=1&amp;x=2" alt="Logo"><form action="/out"></form>"""
PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de")


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    """What came by mail with a picture of its own and one from elsewhere, answered by the desk."""
    with organization_scope(cast.nordwerk.pk):
        shot = NewFile("shot.png", PNG, True, "shot")
        body = Body(text="Hello desk", html=sanitise(MAIL).markup, files=[shot])
        row = open_ticket(
            organization_id=cast.nordwerk.pk, requester=cast.dana, subject="Hello", body=body,
            source=Source.EMAIL, actor=Actor.person(cast.dana),
        )  # fmt: skip
        reply(ticket=row, actor=Actor.person(cast.alice), text="**Which** one?")
        return row


def letter_of(ticket: Ticket) -> str:
    with organization_scope(ticket.organization_id):
        return f"/letters/{Message.objects.get(ticket=ticket, is_opening=True).pk}/"


def test_a_letter_stands_in_a_sandbox_and_what_the_desk_wrote_on_the_page(
    cast: Cast, ticket: Ticket, sign_in: SignIn
) -> None:
    url = letter_of(ticket)
    for client, path in (
        (sign_in(cast.alice), f"/desk/t/{ticket.number}/"),
        (sign_in(cast.dana), f"/tickets/{ticket.number}/"),
    ):
        page = html.fromstring(client.get(path).content.decode())
        (frame,) = page.xpath("//iframe")
        assert frame.get("src") == url
        assert "scripts" not in frame.get("sandbox")
        assert "same-origin" in frame.get("sandbox")
        (asking,) = page.xpath(f"//a[@target='{frame.get('name')}']")
        assert asking.get("href") == f"{url}?pictures"
        assert "1 picture is left out" in asking.getparent().text_content()
        assert page.xpath("//strong[text()='Which']")


def test_pictures_from_elsewhere_are_fetched_once_somebody_asks(
    cast: Cast, ticket: Ticket, sign_in: SignIn
) -> None:
    client, url = sign_in(cast.alice), letter_of(ticket)
    before = client.get(url)
    policy = before.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "img-src 'self';" in policy
    assert "allow-scripts" not in policy
    assert before.headers["Referrer-Policy"] == "no-referrer"
    page = before.content.decode()
    assert "spy.example" not in page
    assert "Picture left out" in page
    assert html.fromstring(page).xpath("//img/@alt") == ["shot.png"]
    for nothing in ("<script", "onclick", "<form"):
        assert nothing not in page
    after = client.get(f"{url}?pictures")
    assert "img-src 'self' https: http:;" in after.headers["Content-Security-Policy"]
    sources = html.fromstring(after.content.decode()).xpath("//img/@src")
    assert sources[1:] == ["https://spy.example/a.gif?who=1&x=2"]


def test_a_letter_is_its_readers_alone(cast: Cast, ticket: Ticket, sign_in: SignIn) -> None:
    url = letter_of(ticket)
    assert sign_in(cast.dana).get(url).status_code == 200
    assert sign_in(cast.charlie).get(url).status_code == 404
    assert sign_in(cast.alice).get("/letters/0/").status_code == 404
