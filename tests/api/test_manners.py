"""What every endpoint has in common: slashes, problems, bodies, correlation ids."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.views import View

from omnidesk.accounts.keys import create_key
from omnidesk.core.api.views import ApiView
from omnidesk.core.tenancy import organization_scope
from tests.api.conftest import Client
from tests.cast import Cast
from tickets.models import Ticket

URL = "/api/v1/tickets/"
GIVEN = {"subject": "Printer jams", "description": "The printer on floor 2 jams."}


@pytest.mark.parametrize("path", ["/api/v1/tickets", "/api/v1/tickets/"])
def test_a_post_keeps_its_body_with_and_without_the_slash(alice: Client, path: str) -> None:
    assert alice.post(path, GIVEN).status_code == 201
    assert alice.get(path, {"page_size": 1}).status_code == 200


def test_the_slash_is_optional_everywhere(alice: Client, ticket: Ticket) -> None:
    for path in ("users/me", "auth/user", f"tickets/{ticket.number}", "schema", "docs"):
        assert alice.get(f"/api/v1/{path}").status_code == 200, path


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["/api/v1/nothing/", "/api/v1/nothing", "/api/v2/tickets/"])
def test_an_unknown_address_is_a_problem(client: Client, db: None, method: str, path: str) -> None:
    response = getattr(client, method)(path)
    body = client.problem(response, 404, "not-found")
    assert body["detail"] == "There is nothing at this address."


@pytest.mark.parametrize(
    "body", ["{", "[1,", '{"subject": NaN}', "é".encode("latin-1"), "[" * 9999]
)
def test_malformed_json_is_explained(alice: Client, body: str | bytes) -> None:
    response = alice.post(URL, body, content_type="application/json")
    alice.problem(response, 400, "malformed")


def test_a_huge_body_is_refused(cast: Cast, alice: Client, client: Client) -> None:
    _, secret = create_key(user=cast.alice, name="x")
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    body = b'{"subject": "' + b"x" * (3 * 2**20) + b'"}'
    for caller in (alice, client):
        response = caller.post(URL, body, content_type="application/json")
        problem = caller.problem(response, 413, "too-large")
        assert "3 MB" in problem["detail"]


def test_a_method_that_is_not_offered_says_which_are(alice: Client) -> None:
    response = alice.delete(URL)
    alice.problem(response, 405, "method-not-allowed")
    assert {"GET", "POST"} <= {method.strip() for method in response["Allow"].split(",")}


@pytest.mark.parametrize("content_type", ["text/xml", "multipart/form-data; boundary=x"])
def test_other_content_is_refused(alice: Client, content_type: str) -> None:
    response = alice.post(URL, b"<a/>", content_type=content_type)
    alice.problem(response, 415, "unsupported-media-type")


def test_other_formats_are_not_offered(alice: Client) -> None:
    response = alice.get(URL, headers={"Accept": "application/xml"})
    alice.problem(response, 406, "not-acceptable")


@pytest.mark.parametrize(
    ("sent", "kept"), [("order-4711", True), ("x", False), ("a b\r\nc-long-enough", False)]
)
def test_a_sane_correlation_id_is_kept(client: Client, db: None, sent: str, kept: bool) -> None:
    response = client.get(URL, headers={"X-Correlation-ID": sent})
    assert (response["X-Correlation-ID"] == sent) is kept
    assert response.json()["correlation_id"] == response["X-Correlation-ID"]


def test_a_crash_is_a_problem_and_undoes_the_request(
    cast: Cast, alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*args: Any, **kwargs: Any) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("tickets.api.tickets.shown", crash)
    alice.raise_request_exception = False
    body = alice.problem(alice.post(URL, GIVEN), 500, "server-error")
    assert "secret" not in str(body)
    with organization_scope(cast.nordwerk.pk):
        assert not Ticket.objects.exists()


def test_a_browser_session_needs_the_csrf_token(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.alice)
    body = client.problem(client.post(URL, GIVEN), 403, "forbidden")
    assert "CSRF" in body["detail"]


def test_a_wrong_host_is_a_problem(client: Client, db: None) -> None:
    response = client.get(URL, headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


def test_answers_in_the_caller_s_language(client: Client, db: None) -> None:
    response = client.get(URL, headers={"Accept-Language": "de"})
    assert response["Content-Language"] == "de"


def _views(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        path = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns, path)
        elif path.startswith("api/v1/"):
            yield path, getattr(pattern.callback, "view_class", None)


def test_every_endpoint_has_our_manners() -> None:
    others = {
        path: view
        for path, view in _views(get_resolver().url_patterns, "")
        if not (isinstance(view, type) and issubclass(view, ApiView))
    }
    # The document and its page answer no data.
    allowed = {"api/v1/schema/", "api/v1/docs/"}
    # Webhooks of other systems prove themselves by signatures, on plain views.
    strangers = {path for path in others if not path.startswith("api/v1/webhooks/")}
    assert strangers == allowed
    assert all(view is None or issubclass(view, View) for view in others.values())


def test_every_endpoint_refuses_strangers(client: Client, cast: Cast) -> None:
    open_to_all = {
        "api/v1/schema/", "api/v1/docs/", "api/v1/auth/register/", "api/v1/auth/login/",
        "api/v1/auth/refresh/",
    }  # fmt: skip
    for path, _view in _views(get_resolver().url_patterns, ""):
        if path in open_to_all or path.startswith("api/v1/webhooks/"):
            continue
        address = path
        for kind in ("str", "int", "slug", "path", "uuid"):
            while f"<{kind}:" in address:
                before, _, rest = address.partition(f"<{kind}:")
                value = "00000000-0000-0000-0000-000000000000" if kind == "uuid" else "1"
                address = before + value + rest.partition(">")[2]
        for method in (client.get, client.post):
            response = method(f"/{address}")
            assert response.status_code in {401, 405}, (path, response.status_code)
            assert response["Content-Type"] == "application/problem+json"
