"""An uploaded file becomes passages with places, is found, and leaves without a trace."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from ai import documents as reading
from ai import lexicon, tasks
from ai.access import Audience
from ai.actions.documents import MOST_ATTEMPTS, add_document, claim_document, keep_passages
from ai.answers import search
from ai.engine.documents.cut import Piece
from ai.engine.retrieve import passages
from ai.finding import find
from ai.models import Document, DocumentPassage, IndexEntry
from ai.runtime import Runtime
from omnidesk.accounts.models import Membership, User
from omnidesk.accounts.roles import Role
from omnidesk.core.tenancy import organization_scope
from tests.ai.engine import document_files as files
from tests.cast import Cast
from tickets.actions.attach import NewFile
from tickets.actions.base import InvalidChange

MANUAL = files.docx()
QUESTION = "How do I reset the token of the VPN client?"


@pytest.fixture(autouse=True)
def _own_media(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


Upload = Callable[..., Document]


@pytest.fixture
def upload(cast: Cast) -> Upload:
    def put(
        content: bytes | None = None, name: str = "vpn_manual.docx", *, is_public: bool = False
    ) -> Document:
        with organization_scope(cast.nordwerk.pk):
            return add_document(
                organization_id=cast.nordwerk.pk,
                user=cast.admin,
                file=NewFile(name, MANUAL if content is None else content),
                is_public=is_public,
            )

    return put


def read(cast: Cast, row: Document) -> Document:
    tasks.read_document(cast.nordwerk.pk, row.pk)
    with organization_scope(cast.nordwerk.pk):
        return Document.objects.get(pk=row.pk)


def found_by(cast: Cast, *, staffed: bool) -> list[int]:
    own, others = ([cast.nordwerk.pk], []) if staffed else ([], [cast.nordwerk.pk])
    hits = search(own, QUESTION, kinds=["document"], limit=5, exclude=[], public=others)
    return [hit["object_id"] for hit in hits]


def test_a_document_is_read_found_with_its_place_and_gone_with_its_passages(
    cast: Cast, models: Runtime, upload: Upload
) -> None:
    row = read(cast, upload(files.pdf("Welcome to the company.", QUESTION[:-1] + ": dial 999.")))
    assert (row.state, row.kind, row.units, row.language) == ("ready", "pdf", 2, "en")
    [best, *_] = passages(
        find(
            models, QUESTION, Audience((cast.nordwerk.pk,)), kinds=["document"], limit=5, floor=0.3
        )
    )
    assert (best.object_id, best.place, best.title) == (row.pk, "page:2", "vpn manual")
    assert found_by(cast, staffed=True) == [row.pk]
    stored = Path(row.file.path)
    assert stored.exists()
    admin = Client()
    admin.force_login(cast.admin)
    assert admin.delete(reverse("api-document", args=[row.pk])).status_code == 204
    tasks.index_objects(cast.nordwerk.pk, "document", [row.pk])
    assert found_by(cast, staffed=True) == []
    assert models.store.count(organizations=[cast.nordwerk.pk]) == 0
    with organization_scope(cast.nordwerk.pk):
        assert not DocumentPassage.objects.exists()
        assert not IndexEntry.objects.exists()


def test_a_requester_is_told_only_what_is_public_and_an_outsider_nothing(
    cast: Cast, models: Runtime, upload: Upload
) -> None:
    hidden = read(cast, upload())
    told = b"Reset the VPN token in the self-service portal of the VPN client."
    shown = read(cast, upload(told, "faq.txt", is_public=True))
    assert set(found_by(cast, staffed=True)) == {hidden.pk, shown.pk}
    assert found_by(cast, staffed=False) == [shown.pk]
    assert search([cast.lumen.pk], QUESTION, kinds=["document"], limit=5, exclude=[]) == []


def test_while_the_ai_is_away_words_find_the_document_with_the_same_eyes(
    cast: Cast, upload: Upload
) -> None:
    row = upload()
    with organization_scope(cast.nordwerk.pk):
        reading.read_document(cast.nordwerk.pk, row.pk)
        own = lexicon.search([cast.nordwerk.pk], "token gateway", kinds=["document"])
        others = lexicon.search([], "token gateway", kinds=["document"], public=[cast.nordwerk.pk])
    assert [hit.object_id for hit in own] == [row.pk]
    assert others == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (files.locked_pdf("secret", "Hidden"), "encrypted"),
        (files.docx()[:1000], "broken"),
        (files.archive({"word/document.xml": b" " * 40 * 2**20}), "bomb"),
        (b"MZ\x90\x00\x03\x00\x00\x00\x04", "unknown"),
    ],
)
def test_a_file_that_cannot_be_read_says_so_on_its_page(
    cast: Cast, upload: Upload, content: bytes, problem: str
) -> None:
    row = read(cast, upload(content, "offer.docx"))
    assert (row.state, row.problem) == ("failed", problem)
    alice = Client()
    alice.force_login(cast.alice)
    page = alice.get(reverse("ai:document", args=[row.pk])).content.decode()
    assert row.get_problem_display() in page
    assert reverse("ai:document_change", args=[row.pk]) not in page


def test_a_stored_file_that_is_gone_is_no_riddle(cast: Cast, upload: Upload) -> None:
    row = upload()
    Path(row.file.path).unlink()
    assert read(cast, row).problem == "lost"


def test_the_same_file_is_kept_once(cast: Cast, upload: Upload) -> None:
    upload()
    with pytest.raises(InvalidChange, match="vpn manual"):
        upload()


def test_a_dead_reader_gives_the_document_back_three_times(cast: Cast, upload: Upload) -> None:
    row = upload()
    for _ in range(MOST_ATTEMPTS):
        with organization_scope(cast.nordwerk.pk):
            assert claim_document(row.pk) is not None
        reading.documents_to_nudge(all_running=True)
    with organization_scope(cast.nordwerk.pk):
        row.refresh_from_db()
    assert (row.state, row.problem) == ("failed", "crashed")


def test_a_slow_reader_whose_document_was_given_away_keeps_nothing(
    cast: Cast, upload: Upload
) -> None:
    row = upload()
    with organization_scope(cast.nordwerk.pk):
        slow = claim_document(row.pk)
    reading.documents_to_nudge(all_running=True)
    with organization_scope(cast.nordwerk.pk):
        assert slow is not None
        assert claim_document(row.pk) is not None
        kept = keep_passages(
            slow, kind="txt", units=0, language="en", pieces=[Piece("", "", "Old")]
        )
        assert not kept
        assert not row.passages.exists()


def test_a_document_that_a_running_worker_holds_is_left_alone(cast: Cast, upload: Upload) -> None:
    row = upload()
    with organization_scope(cast.nordwerk.pk):
        assert claim_document(row.pk) is not None
    assert reading.documents_to_nudge() == []


def test_the_sweep_indexes_what_was_read_but_never_indexed(
    cast: Cast, models: Runtime, upload: Upload
) -> None:
    row = upload()
    assert reading.read_document(cast.nordwerk.pk, row.pk)
    assert found_by(cast, staffed=True) == []
    tasks.index_fill([cast.nordwerk.pk])
    assert found_by(cast, staffed=True) == [row.pk]


# --- Pages and API ------------------------------------------------------------------------------


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def administrator(cast: Cast) -> Client:
    with organization_scope(cast.nordwerk.pk):
        Membership.objects.filter(user=cast.bob).update(role=Role.ADMINISTRATOR)
    return client_of(cast.bob)


def part(name: str = "manual.docx") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, MANUAL)


def test_an_administrator_uploads_on_the_page_and_sees_it_waiting(
    cast: Cast, administrator: Client
) -> None:
    answer = administrator.post(
        reverse("ai:documents"),
        {"file": part(), "title": "VPN", "organization": cast.nordwerk.pk},
        follow=True,
    )
    assert answer.status_code == 200
    assert "Waiting" in answer.content.decode()


def test_an_agent_sees_no_form_and_may_upload_nothing(cast: Cast) -> None:
    alice = client_of(cast.alice)
    assert 'name="file"' not in alice.get(reverse("ai:documents")).content.decode()
    answer = alice.post(reverse("ai:documents"), {"file": part(), "organization": cast.nordwerk.pk})
    assert answer.status_code == 422
    assert alice.post("/api/v1/documents/", {"file": part()}).status_code == 403


def test_a_refused_upload_stands_beside_its_field(cast: Cast, administrator: Client) -> None:
    answer = administrator.post(
        reverse("ai:documents"), {"title": "VPN", "organization": cast.nordwerk.pk}
    )
    assert answer.status_code == 422
    assert "Choose a file." in answer.content.decode()
    assert 'value="VPN"' in answer.content.decode()


def test_the_api_takes_lists_shows_and_removes(administrator: Client) -> None:
    made = administrator.post("/api/v1/documents/", {"file": part(), "title": "VPN"})
    assert made.status_code == 202
    body = made.json()
    assert (body["title"], body["state"], body["problem"]) == ("VPN", "pending", "")
    again = administrator.post("/api/v1/documents/", {"file": part("x.docx")})
    assert again.status_code == 400
    assert "file" in again.json()["errors"]
    assert [row["id"] for row in administrator.get("/api/v1/documents/").json()["results"]] == [
        body["id"]
    ]
    assert administrator.get(f"/api/v1/documents/{body['id']}/").json()["name"] == "manual.docx"
    assert administrator.delete(f"/api/v1/documents/{body['id']}/").status_code == 204
    assert administrator.get(f"/api/v1/documents/{body['id']}/").status_code == 404


def test_other_organizations_and_requesters_see_nothing_of_a_desk_document(
    cast: Cast, upload: Upload
) -> None:
    row = upload()
    for person in (cast.charlie, cast.dana):
        client = client_of(person)
        assert client.get(f"/api/v1/documents/{row.pk}/").status_code == 404
        assert client.get("/api/v1/documents/").json()["results"] == []
        assert client.delete(f"/api/v1/documents/{row.pk}/").status_code == 404
    assert (
        client_of(cast.charlie).get(reverse("ai:document_file", args=[row.pk])).status_code == 404
    )
    assert client_of(cast.alice).delete(f"/api/v1/documents/{row.pk}/").status_code == 403


def test_the_original_is_saved_never_shown(cast: Cast, upload: Upload) -> None:
    row = upload(b"<html><script>alert(1)</script></html>", "page.html")
    answer = client_of(cast.alice).get(reverse("ai:document_file", args=[row.pk]))
    assert answer["Content-Disposition"] == 'attachment; filename="page.html"'
    assert answer["Content-Type"] == "application/octet-stream"
    assert io.BytesIO(answer.getvalue()).read().startswith(b"<html>")


def test_the_list_costs_the_same_whatever_its_length(
    cast: Cast, upload: Upload, django_assert_max_num_queries: Callable[..., object]
) -> None:
    alice = client_of(cast.alice)
    alice.get(reverse("ai:documents"))
    for number in range(12):
        upload(f"Text {number}".encode(), f"{number}.txt")
    # Session, person, memberships, scope (3), documents with their count (2), the frame's own.
    with django_assert_max_num_queries(14):  # type: ignore[attr-defined]
        page = alice.get(reverse("ai:documents")).content.decode()
    assert page.count('<th scope="row">') == 12
