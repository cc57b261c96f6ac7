"""What stands in attached files is found at the desk once it is read, by who may read it."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings

from ai import attachments, tasks
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope
from tests.ai.engine import document_files as files
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn, sign_in
from tickets.actions.attach import NewFile
from tickets.actions.attachment_texts import CLAIM, MOST_ATTEMPTS, claim_file, keep_file_text
from tickets.actions.base import Actor
from tickets.actions.drafts import add_draft_files
from tickets.actions.reply import add_note, reply
from tickets.choices import MessageKind
from tickets.models import Attachment, AttachmentText, Ticket

__all__ = ["sign_in"]
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 32


@pytest.fixture(autouse=True)
def _own_media(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def ticket_with(cast: Cast, *given: NewFile) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket("Something is wrong", "See the file.")
        if given:
            add_note(ticket=ticket, actor=Actor.person(cast.bob), text="Here.", files=list(given))
        return ticket


def read_all() -> int:
    """Read what waits, as the worker does; how many files that were."""
    waiting = attachments.files_to_nudge(recent_only=True)
    for organization_id, attachment_id in waiting:
        tasks.read_attachment(organization_id, attachment_id)
    return len(waiting)


def kept(cast: Cast) -> dict[str, tuple[str, str]]:
    with organization_scope(cast.nordwerk.pk):
        rows = AttachmentText.objects.values_list("attachment__name", "state", "problem")
        return {name: (state, problem) for name, state, problem in rows}


def test_words_in_files_are_found_and_marked(cast: Cast, sign_in: SignIn) -> None:
    log = NewFile("crash.log", b"boot ok\nfatal: heliotrope module missing\n")
    letter = NewFile("letter.pdf", files.pdf("First page.", "The quincunx is broken."))
    first = ticket_with(cast, log, NewFile("photo.png", PNG), NewFile("junk.bin", b"\x00\x01" * 99))
    second = ticket_with(cast, letter)
    assert read_all() == 3
    assert read_all() == 0
    assert kept(cast) == {
        "crash.log": ("read", ""), "letter.pdf": ("read", ""), "junk.bin": ("none", "unknown"),
    }  # fmt: skip
    alice = sign_in(cast.alice)
    for words, ticket, name in (
        ("heliotrope", first, "crash.log"),
        ("quincunx", second, "letter.pdf"),
    ):
        page = alice.get("/desk/search/", {"q": words}).content.decode()
        assert f"<mark>{words}</mark>" in page
        assert (page.count("data-row "), name in page) == (1, True)
        assert f"row-{ticket.number}" in page
        stranger = sign_in(cast.charlie).get("/desk/search/", {"q": words}).content
        assert b"data-row " not in stranger


def test_a_drafts_file_is_read_once_it_was_sent(cast: Cast) -> None:
    ticket = ticket_with(cast)
    with organization_scope(cast.nordwerk.pk):
        add_draft_files(
            ticket=ticket, user=cast.alice, kind=MessageKind.PUBLIC,
            files=[NewFile("plan.txt", b"the secret plan")],
        )  # fmt: skip
        [file] = Attachment.objects.values_list("pk", flat=True)
    assert read_all() == 0
    assert not attachments.read_file(cast.nordwerk.pk, file)
    with organization_scope(cast.nordwerk.pk):
        reply(ticket=ticket, actor=Actor.person(cast.alice), text="Here.", attachment_ids=[file])
    assert read_all() == 1
    assert kept(cast) == {"plan.txt": ("read", "")}


def test_a_dead_reader_is_followed_by_another_but_not_for_ever(cast: Cast) -> None:
    ticket_with(cast, NewFile("a.txt", b"words"))
    with organization_scope(cast.nordwerk.pk):
        file = Attachment.objects.get()
        first = claim_file(file)
        assert first is not None
        assert claim_file(file) is None
        assert attachments.files_to_nudge(recent_only=True) == []
        for _attempt in range(MOST_ATTEMPTS - 1):
            AttachmentText.objects.update(claimed_at=now() - CLAIM - timedelta(seconds=1))
            assert len(attachments.files_to_nudge(recent_only=True)) == 1
            assert claim_file(file) is not None
        assert not keep_file_text(first, "Of a reader that woke up late")
        AttachmentText.objects.update(claimed_at=now() - CLAIM - timedelta(seconds=1))
        assert claim_file(file) is None
    assert kept(cast) == {"a.txt": ("none", "crashed")}


def test_a_lost_file_is_no_error_of_the_queue(cast: Cast) -> None:
    ticket_with(cast, NewFile("a.txt", b"words"))
    with organization_scope(cast.nordwerk.pk):
        file = Attachment.objects.get()
        file.file.storage.delete(file.file.name or "")
    assert read_all() == 1
    assert kept(cast) == {"a.txt": ("none", "lost")}
