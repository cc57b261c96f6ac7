"""GET, POST tickets/{number}/attachments/, and the files themselves."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from tests.api.conftest import Client
from tickets.models import Ticket

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + b"\x00" * 64


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def url(ticket: Ticket) -> str:
    return f"/api/v1/tickets/{ticket.number}/attachments/"


def upload(client: Client, url: str, *files: tuple[str, bytes], **options: Any) -> Any:
    parts = [SimpleUploadedFile(name, content) for name, content in files]
    return client.post(url, {"file": parts}, format="multipart", **options)


def test_it_reads_the_type_from_the_bytes_and_not_from_the_name(alice: Client, url: str) -> None:
    response = upload(alice, url, ("../../page.html", PNG), ("shot.png", b"<script>1</script>"))
    assert response.status_code == 201, response.content
    png, text = response.json()
    assert (png["name"], png["content_type"]) == ("page.html", "image/png")
    assert (text["name"], text["content_type"]) == ("shot.png", "text/plain")
    assert text["size"] == 18
    assert alice.get(url).json()["results"] == [png, text]
    assert alice.get(f"{url}{png['id']}/").json() == png


def test_its_bytes_come_back_as_a_download_that_cannot_run(alice: Client, url: str) -> None:
    [row] = upload(alice, url, ("Ünicode “x”.txt", b"hello")).json()
    response = alice.get(row["url"])
    assert response.content == b"hello"
    assert response["Content-Disposition"].startswith("attachment; filename")
    assert response["Content-Type"] == "text/plain"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    unchanged = alice.get(row["url"], headers={"If-None-Match": response["ETag"]})
    assert unchanged.status_code == 304


def test_a_file_over_the_limit_is_refused_with_a_clear_sentence(alice: Client, url: str) -> None:
    response = upload(alice, url, ("film.bin", b"\x00" * (11 * 2**20)))
    body = alice.problem(response, 413, "too-large")
    assert body["detail"] == "“film.bin” has 11.0 MB. A file may have at most 10 MB."
    assert body["errors"] == {"file": [body["detail"]]}
    assert alice.get(url).json()["results"] == []


def test_a_request_far_over_the_limit_is_refused_before_it_is_unpacked(
    alice: Client, url: str
) -> None:
    response = alice.post(
        url,
        b"--x\r\n",
        content_type="multipart/form-data; boundary=x",
        headers={"Content-Length": str(10**12)},
    )
    alice.problem(response, 413, "too-large")


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({}, "file"),
        ({"file": "text, no file"}, "file"),
        ({"file": SimpleUploadedFile("empty.txt", b"")}, "file"),
        ({"file": SimpleUploadedFile("a.txt", b"a"), "colour": "red"}, "colour"),
    ],
)
def test_wrong_forms_are_explained(
    alice: Client, url: str, parts: dict[str, Any], field: str
) -> None:
    response = alice.post(url, parts, format="multipart")
    assert field in alice.problem(response, 400, "invalid")["errors"]


def test_too_many_files_at_once_are_refused(alice: Client, url: str) -> None:
    response = upload(alice, url, *[(f"{i}.txt", b"x") for i in range(6)])
    assert "file" in alice.problem(response, 400, "invalid")["errors"]


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded"]
)
def test_it_takes_forms_alone(alice: Client, url: str, content_type: str) -> None:
    response = alice.post(url, b"{}", content_type=content_type)
    alice.problem(response, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--x"),
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense"),
        ("multipart/form-data; boundary=é", b"--x\r\n"),
    ],
)
def test_a_broken_form_is_explained(
    alice: Client, url: str, content_type: str, body: bytes
) -> None:
    response = alice.post(url, body, content_type=content_type)
    assert response.status_code == 400, response.content
    assert response["Content-Type"] == "application/problem+json"


def test_requesters_upload_to_their_ticket_and_others_to_none(
    dana: Client, charlie: Client, url: str
) -> None:
    [row] = upload(dana, url, ("photo.png", PNG)).json()
    assert dana.get(f"{url}{row['id']}/").status_code == 200
    charlie.problem(upload(charlie, url, ("x.txt", b"x")), 404, "not-found")
    charlie.problem(charlie.get(url), 404, "not-found")
    charlie.problem(charlie.get(f"{url}{row['id']}/content/"), 404, "not-found")


def test_a_file_of_another_ticket_is_not_here(alice: Client, dana: Client, url: str) -> None:
    [row] = upload(alice, url, ("x.txt", b"x")).json()
    other = dana.post("/api/v1/tickets/", {"subject": "Other", "description": "Other"}).json()
    path = f"/api/v1/tickets/{other['number']}/attachments/{row['id']}/"
    alice.problem(alice.get(path), 404, "not-found")


def test_a_retried_upload_is_kept_once(alice: Client, url: str) -> None:
    first = upload(alice, url, ("x.txt", b"x"), headers={"Idempotency-Key": "upload-1"})
    again = upload(alice, url, ("x.txt", b"x"), headers={"Idempotency-Key": "upload-1"})
    assert again.status_code == 201
    assert again.json() == first.json()
    assert len(alice.get(url).json()["results"]) == 1
    other = upload(alice, url, ("x.txt", b"y"), headers={"Idempotency-Key": "upload-1"})
    alice.problem(other, 422, "idempotency-key-reused")


def test_uploads_have_a_limit_of_their_own(alice: Client, url: str, settings: Settings) -> None:
    settings.LIMITS = {**settings.LIMITS, "uploads": 2}
    for _ in range(2):
        assert upload(alice, url, ("x.txt", b"x")).status_code == 201
    alice.problem(upload(alice, url, ("x.txt", b"x")), 429, "rate-limited")
    assert alice.get(url).status_code == 200
