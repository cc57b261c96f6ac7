"""Drafts: kept per person, never written over unseen, with their files."""

import uuid
from io import BytesIO
from typing import Any

import pytest

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn, htmx
from tickets.access import readable_attachments
from tickets.actions.attach import NewFile
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.drafts import (
    DraftChanged,
    Writing,
    add_draft_files,
    discard_draft,
    drop_draft_file,
    save_draft,
    send_now,
)
from tickets.actions.merge import merge_tickets
from tickets.choices import MessageKind
from tickets.copies import read_copies
from tickets.draft_selectors import draft_files
from tickets.models import Attachment, Draft, Message, Ticket

REPLY, NOTE = MessageKind.PUBLIC, MessageKind.INTERNAL


def test_a_draft_is_its_writers_alone_and_one_per_kind(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        for user, kind in ((cast.alice, REPLY), (cast.alice, NOTE), (cast.bob, REPLY)):
            save_draft(ticket=ticket, user=user, kind=kind, text=f"{user} {kind}", revision=None)
        assert Draft.objects.filter(ticket=ticket).count() == 3
        assert Draft.objects.get(person=cast.bob).text == "Bob Lead public"


def test_another_window_is_not_written_over(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        here: dict[str, Any] = {"ticket": ticket, "user": cast.alice, "kind": REPLY}
        first = save_draft(**here, text="One", revision=None)
        assert first is not None
        second = save_draft(**here, text="Two", revision=first.revision)
        assert second is not None
        for known in (None, uuid.uuid4()):
            with pytest.raises(DraftChanged) as other:
                save_draft(**here, text="Three", revision=known)
            assert other.value.draft is not None
            assert other.value.draft.text == "Two"
        assert Draft.objects.get().text == "Two"


def test_what_was_sent_does_not_come_back_as_a_draft(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        draft = save_draft(ticket=ticket, user=cast.alice, kind=REPLY, text="Hi", revision=None)
        assert draft is not None
        send_now(ticket=ticket, user=cast.alice, writing=Writing(kind=REPLY, text="Hi"))
        assert not Draft.objects.exists()
        with pytest.raises(DraftChanged) as gone:
            save_draft(
                ticket=ticket, user=cast.alice, kind=REPLY, text="Hi", revision=draft.revision
            )
        assert gone.value.draft is None


def test_an_empty_draft_is_none(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        here: dict[str, Any] = {"ticket": ticket, "user": cast.alice, "kind": REPLY}
        draft = save_draft(**here, text="One", revision=None)
        assert draft is not None
        assert save_draft(**here, text=" ", revision=draft.revision) is None
        assert not Draft.objects.exists()


def test_files_of_a_draft_are_unseen_and_go_with_it(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        here: dict[str, Any] = {"ticket": ticket, "user": cast.alice, "kind": REPLY}
        add_draft_files(**here, files=[NewFile("a.txt", b"a"), NewFile("b.txt", b"b")])
        assert not readable_attachments(cast.bob, ticket).exists()
        assert not readable_attachments(cast.dana, ticket).exists()
        first = Attachment.objects.get(name="a.txt")
        drop_draft_file(user=cast.bob, ticket=ticket, attachment_id=first.pk)
        assert Attachment.objects.count() == 2
        drop_draft_file(user=cast.alice, ticket=ticket, attachment_id=first.pk)
        ids = draft_files(cast.alice, ticket, REPLY)
        writing = Writing(kind=REPLY, text="", attachment_ids=ids)
        send_now(ticket=ticket, user=cast.alice, writing=writing)
        sent = Message.objects.get(is_opening=False)
        assert [file.name for file in sent.attachments.all()] == ["b.txt"]
        assert [file.name for file in readable_attachments(cast.dana, ticket)] == ["b.txt"]


def test_too_many_files_are_refused(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
        here: dict[str, Any] = {"ticket": ticket, "user": cast.alice, "kind": REPLY}
        add_draft_files(**here, files=[NewFile(f"{i}.txt", b"x") for i in range(10)])
        with pytest.raises(InvalidChange, match="10 files"):
            add_draft_files(**here, files=[NewFile("more.txt", b"x")])
        discard_draft(**here)
        assert not Attachment.objects.exists()


def test_a_merge_leaves_a_draft_where_it_was_written(cast: Cast) -> None:
    with organization_scope(cast.nordwerk.pk):
        loser, winner = cast.ticket("One"), cast.ticket("Two")
        add_draft_files(ticket=loser, user=cast.alice, kind=REPLY, files=[NewFile("a.txt", b"a")])
        merge_tickets(loser=loser, winner=winner, actor=Actor.person(cast.bob))
        assert Attachment.objects.get().ticket == loser


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("", []),
        ("Jo@Other.example", ["jo@other.example"]),
        ("a@x.example; b@x.example, a@X.example", ["a@x.example", "b@x.example"]),
        ("Jo Doe <jo@x.example>, dana@nordwerk.example", ["jo@x.example"]),
    ],
)
def test_addresses_are_read_from_a_line(typed: str, read: list[str]) -> None:
    assert read_copies(typed, requester="dana@nordwerk.example") == read


@pytest.mark.parametrize("typed", ["nonsense", "a@x.example, b@", "a@b\r\nBcc: c@d.example@"])
def test_what_is_no_address_is_named(typed: str) -> None:
    with pytest.raises(Exception, match="is not an e-mail address"):
        read_copies(typed, requester="dana@nordwerk.example")


class TestPages:
    """The same through the browser's requests."""

    @pytest.fixture
    def ticket(self, cast: Cast) -> Ticket:
        with organization_scope(cast.nordwerk.pk):
            return cast.ticket()

    def test_it_is_saved_told_of_and_shown_again(
        self, cast: Cast, ticket: Ticket, sign_in: SignIn
    ) -> None:
        client = sign_in(cast.alice)
        url = f"/desk/t/{ticket.number}/draft/"
        first = client.post(url, {"text": "Half a sen", "revision": "", "cc": "jo@x.example, b@"})
        revision = first.json()["revision"]
        page = client.get(f"/desk/t/{ticket.number}/").content.decode()
        assert "Half a sen</textarea>" in page
        assert 'value="jo@x.example"' in page
        clash = client.post(url, {"text": "Other", "revision": ""}).json()
        assert clash["text"] == "Half a sen"
        assert "another window" in clash["clash"]
        rows = client.get("/desk/v/open/").content.decode()
        assert "Draft" in rows
        gone = client.post(url, {"text": "", "revision": revision}).json()
        assert gone == {"revision": ""}
        others = sign_in(cast.bob).get(f"/desk/t/{ticket.number}/")
        assert b"Half a sen" not in others.content

    def test_files_come_and_go(self, cast: Cast, ticket: Ticket, sign_in: SignIn) -> None:
        client = sign_in(cast.alice)
        url = f"/desk/t/{ticket.number}/draft/files/"
        file = BytesIO(b"hello")
        file.name = "log.txt"
        there = client.post(url, {"attachments": file, "kind": "public"}, headers=htmx())
        assert b"log.txt" in there.content
        assert there.headers["X-Draft-Revision"]
        empty = BytesIO(b"")
        empty.name = "none.txt"
        refused = client.post(url, {"attachments": empty, "kind": "public"})
        assert "empty" in refused.json()["problem"]
        with organization_scope(cast.nordwerk.pk):
            pk = Attachment.objects.get().pk
        assert b"log.txt" not in client.post(f"{url}{pk}/drop/", {"kind": "public"}).content

    def test_others_organizations_find_nothing(
        self, cast: Cast, ticket: Ticket, sign_in: SignIn
    ) -> None:
        client = sign_in(cast.charlie)
        for path in ("draft/", "draft/discard/", "draft/files/", "held/1/undo/"):
            answer = client.post(f"/desk/t/{ticket.number}/{path}", {"text": "x"})
            assert answer.status_code == 404, path
