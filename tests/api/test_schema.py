"""The OpenAPI document and its page."""

import json
from typing import Any

import pytest
from django.core.management import call_command
from drf_spectacular.validation import validate_schema

from tests.api.conftest import Client

ACCEPT = "application/vnd.oai.openapi+json"


@pytest.fixture
def document(client: Client, db: None) -> dict[str, Any]:
    response = client.get("/api/v1/schema/", headers={"Accept": ACCEPT})
    return dict(json.loads(response.content))


def test_it_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate_schema(document)  # type: ignore[no-untyped-call]


def test_it_is_made_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")
    assert "Warning" not in capsys.readouterr().err


def test_it_names_every_endpoint(document: dict[str, Any]) -> None:
    paths = document["paths"]
    assert paths["/api/v1/tickets/"].keys() >= {"get", "post"}
    assert paths["/api/v1/tickets/{number}/"].keys() >= {"get", "put", "patch", "delete"}
    names = {
        "auth/register/", "auth/login/", "auth/refresh/", "auth/logout/", "auth/user/",
        "auth/user/password/", "users/", "users/me/", "users/me/keys/", "system/info/",
        "tickets/{number}/responses/", "tickets/{number}/history/",
        "tickets/{number}/attachments/", "tickets/{number}/reprocess/",
        "tickets/{number}/restore/",
    }  # fmt: skip
    assert {f"/api/v1/{name}" for name in names} <= paths.keys()


def test_every_operation_tells_of_problems_and_is_named_once(document: dict[str, Any]) -> None:
    operations = [
        operation
        for path in document["paths"].values()
        for method, operation in path.items()
        if method in {"get", "post", "put", "patch", "delete"}
    ]
    assert all("default" in operation["responses"] for operation in operations)
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))


def test_it_names_the_ways_to_sign_in(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert schemes["bearer"] == {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    assert schemes["apiKey"]["name"] == "Authorization"


def test_filters_and_headers_are_documented(document: dict[str, Any]) -> None:
    listing = document["paths"]["/api/v1/tickets/"]["get"]["parameters"]
    assert {p["name"] for p in listing} >= {"q", "urgency", "cursor", "ordering", "If-None-Match"}
    posting = document["paths"]["/api/v1/tickets/"]["post"]["parameters"]
    assert "Idempotency-Key" in {p["name"] for p in posting}


def test_the_page_needs_nothing_from_elsewhere(client: Client, db: None) -> None:
    response = client.get("/api/v1/docs/", headers={"Accept": "text/html"})
    page = response.content.decode()
    assert response.status_code == 200
    assert "<style" not in page
    assert "https://" not in page
    assert "unsafe" not in response["Content-Security-Policy"]
    script = client.get("/api/v1/docs/?script=", headers={"Accept": "*/*"})
    assert script["Content-Type"].startswith("application/javascript")
