"""Every request has a correlation id, a database scope and a language of its own."""

import json
import logging
import sys

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from omnidesk.accounts.models import Organization
from omnidesk.core.middleware import scope_middleware
from omnidesk.core.tenancy import current_organizations
from omnidesk.logs import hide_secrets, logging_config
from tests.cast import Cast


def test_a_sane_correlation_id_is_kept_and_answered(client: Client, db: None) -> None:
    answer = client.get("/health/live", headers={"X-Correlation-ID": "order-4711-abc"})
    assert answer["X-Correlation-ID"] == "order-4711-abc"


@pytest.mark.parametrize("offered", ["", "short", "x" * 65, "bad\tvalue1", "<script>alert"])
def test_any_other_correlation_id_is_replaced(client: Client, db: None, offered: str) -> None:
    answer = client.get("/health/live", headers={"X-Correlation-ID": offered})
    assert answer["X-Correlation-ID"] != offered
    assert len(answer["X-Correlation-ID"]) == 32


def scope_seen_by(request: HttpRequest) -> frozenset[int]:
    seen: list[frozenset[int]] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(current_organizations())
        return HttpResponse()

    scope_middleware(view)(request)
    return seen[0]


def test_a_person_sees_the_organizations_they_belong_to(cast: Cast, rf: RequestFactory) -> None:
    request = rf.get("/")
    for user, expected in (
        (cast.dana, {cast.nordwerk.pk}),
        (cast.charlie, {cast.lumen.pk}),
        (cast.admin, {cast.nordwerk.pk, cast.lumen.pk}),
    ):
        request.user = user
        assert scope_seen_by(request) == expected


def test_a_closed_organization_is_out_of_everybodys_scope(cast: Cast, rf: RequestFactory) -> None:
    Organization.objects.filter(pk=cast.nordwerk.pk).update(is_active=False)
    request = rf.get("/")
    request.user = cast.dana
    assert scope_seen_by(request) == frozenset()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("status", "kept"), [(200, True), (422, True), (500, False)])
def test_a_failed_request_leaves_nothing_half_done(
    status: int, kept: bool, live_cast: Cast, rf: RequestFactory
) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        Organization.objects.filter(pk=live_cast.lumen.pk).update(name="Renamed")
        return HttpResponse(status=status)

    request = rf.get("/")
    request.user = live_cast.admin
    scope_middleware(view)(request)
    assert (Organization.objects.get(pk=live_cast.lumen.pk).name == "Renamed") is kept
    assert not connection.in_atomic_block


def test_logs_are_json_with_the_correlation_id_and_without_secrets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    event = hide_secrets(None, "info", {"event": "login", "password": "hunter2", "user": "a"})
    assert event == {"event": "login", "password": "[hidden]", "user": "a"}
    config = logging_config(as_json=True)
    formatter = config["formatters"]["structured"]
    build = formatter.pop("()")
    record = logging.LogRecord("omnidesk", logging.INFO, __file__, 1, "ticket_opened", (), None)
    line = json.loads(build(**formatter).format(record))
    assert (line["event"], line["level"], line["logger"]) == ("ticket_opened", "info", "omnidesk")
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_logged_error_shows_no_local_variables(as_json: bool) -> None:
    formatter = logging_config(as_json=as_json)["formatters"]["structured"]
    build = formatter.pop("()")
    try:
        what_they_wrote = "my bank pin is 1234"
        raise ValueError(len(what_they_wrote))
    except ValueError:
        record = logging.LogRecord(
            "omnidesk", logging.ERROR, __file__, 1, "failed", (), sys.exc_info()
        )
    line = build(**formatter).format(record)
    assert "ValueError: 19" in line
    assert "bank pin is 1234" not in line.replace('what_they_wrote = "my bank pin is 1234"', "")


@pytest.mark.parametrize("as_json", [True, False])
def test_what_an_error_quotes_is_masked(as_json: bool) -> None:
    formatter = logging_config(as_json=as_json)["formatters"]["structured"]
    build = formatter.pop("()")
    said = "no reply from dana.private@mail.example, password: Zebra-4711!"
    try:
        raise ValueError(said)
    except ValueError:
        record = logging.LogRecord("omnidesk", logging.ERROR, "x.py", 1, "f", (), sys.exc_info())
    record.reason = said
    line = build(**formatter).format(record)
    assert line.count("[EMAIL_1], password: [SECRET_1]!") == 2
    assert "dana.private" not in line
    assert "Zebra" not in line


def test_ready_names_every_part(client: Client, db: None) -> None:
    answer = client.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["parts"] == {"database": "ok", "migrations": "ok", "redis": "ok"}


def test_ready_names_the_part_that_is_away(client: Client, db: None, settings: Settings) -> None:
    away = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": away}
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["parts"]["redis"] == "ConnectionError"
    assert answer.json()["parts"]["database"] == "ok"
