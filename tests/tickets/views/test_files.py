"""A look at a file before it is saved: nothing of it runs in our pages."""

from typing import Any

import pytest

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn, htmx
from tickets.actions.attach import NewFile
from tickets.actions.base import Actor
from tickets.actions.reply import add_note
from tickets.models import Attachment, Ticket

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de")


@pytest.fixture
def files(cast: Cast) -> dict[str, Attachment]:
    contents = {
        "log.txt": b"<script>alert(1)</script>\n" + b"x" * 70_000,
        "page.html": b"<html><script>alert(1)</script></html>",
        "a.pdf": PDF,
        "a.png": PNG,
        "a.bin": b"\x00\x01",
    }
    with organization_scope(cast.nordwerk.pk):
        ticket: Ticket = cast.ticket()
        new = [NewFile(name, content) for name, content in contents.items()]
        add_note(ticket=ticket, actor=Actor.person(cast.bob), text="Files", files=new)
        return {row.name: row for row in Attachment.objects.all()}


def test_each_kind_is_shown_as_what_it_is(
    cast: Cast, files: dict[str, Attachment], sign_in: SignIn
) -> None:
    client = sign_in(cast.alice)

    def look(name: str) -> str:
        return client.get(f"/desk/files/{files[name].pk}/", headers=htmx()).content.decode()

    text = look("log.txt")
    assert "&lt;script&gt;" in text
    assert "<script>" not in text
    assert "Only the beginning is shown." in text
    assert "&lt;html&gt;" in look("page.html")
    assert "<img" in look("a.png")
    assert "?view" in look("a.pdf")
    assert "no view of this kind" in look("a.bin")
    assert "<html" in client.get(f"/desk/files/{files['a.bin'].pk}/").content.decode()


def test_only_a_pdf_leaves_the_sandbox_and_only_where_asked(
    cast: Cast, files: dict[str, Attachment], sign_in: SignIn
) -> None:
    client = sign_in(cast.alice)
    for name, row in files.items():
        for query in ("", "?view"):
            answer: Any = client.get(f"/files/{row.pk}/{query}")
            viewed = name == "a.pdf" and bool(query)
            assert ("sandbox" in answer.headers["Content-Security-Policy"]) != viewed
            inline = viewed or name == "a.png"
            assert answer.headers["Content-Disposition"].startswith("inline") == inline
            b"".join(answer.streaming_content)


def test_others_see_nothing(cast: Cast, files: dict[str, Attachment], sign_in: SignIn) -> None:
    for user, status in ((cast.charlie, 404), (cast.dana, 302)):
        answer = sign_in(user).get(f"/desk/files/{files['a.png'].pk}/")
        assert answer.status_code == status
