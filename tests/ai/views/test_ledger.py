"""/desk/ai/ledger/<organization>/: what left and what came back, as a file."""

import csv
import io
import json

import pytest
from django.test import Client
from django.urls import reverse

from ai.models import ModelCall
from omnidesk.accounts.actions import add_member
from omnidesk.accounts.models import User
from omnidesk.accounts.roles import Role
from omnidesk.core.tenancy import organization_scope
from tests.ai.views.test_panel import signed_in
from tests.cast import Cast
from tickets.models import Ticket

SENT, RECEIVED = "=1+1 said [NAME_1]", '{"category": "Zugänge"}'


@pytest.fixture
def administrator(cast: Cast) -> Client:
    """Somebody who administers Nordwerk, with one call in each organization's ledger."""
    with organization_scope([cast.nordwerk.pk, cast.lumen.pk]):
        chief = User.objects.create_user("chief@nordwerk.example", name="Chief")
        add_member(organization=cast.nordwerk, user=chief, role=Role.ADMINISTRATOR)
        ticket = cast.ticket()
        for organization, sent in ((cast.nordwerk, SENT), (cast.lumen, "of another house")):
            ModelCall.objects.create(
                organization=organization, ticket=ticket if sent == SENT else None, status="ok",
                operation="triage", provider="anthropic", model="m", sent=sent, received=RECEIVED,
                sent_bytes=18, received_bytes=24, cost_usd="0.001",
            )  # fmt: skip
    return signed_in(chief)


def test_an_administrator_takes_their_own_ledger_along(cast: Cast, administrator: Client) -> None:
    url = reverse("ai:ledger", args=[cast.nordwerk.slug])
    response = administrator.get(url)
    assert response["Content-Disposition"] == 'attachment; filename="ai-ledger-nordwerk.jsonl"'
    (row,) = [json.loads(line) for line in response.content.decode().splitlines()]
    assert (row["sent"], row["received"], row["received_bytes"]) == (SENT, RECEIVED, 24)
    assert isinstance(row["ticket"], int)
    assert row["tickets"] == ""
    table = administrator.get(url, {"format": "csv"}).content.decode("utf-8-sig")
    (line,) = csv.DictReader(io.StringIO(table))
    assert line["sent"] == "'" + SENT, "no spreadsheet may take it for a formula"
    assert line["received"] == RECEIVED


def test_a_call_for_several_tickets_names_them_all(cast: Cast, administrator: Client) -> None:
    with organization_scope(cast.nordwerk.pk):
        call = ModelCall.objects.get()
        ModelCall.objects.update(ticket=None, tickets=[cast.ticket().pk, call.ticket_id])
        numbers = Ticket.objects.order_by("number").values_list("number", flat=True)
        wanted = " ".join(str(number) for number in numbers)
    response = administrator.get(reverse("ai:ledger", args=[cast.nordwerk.slug]))
    (row,) = [json.loads(line) for line in response.content.decode().splitlines()]
    assert (row["ticket"], row["tickets"]) == ("", wanted)


def test_a_ticket_s_calls_are_read_byte_for_byte(cast: Cast, administrator: Client) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "Dear <b>[PERSON_1]</b>"}]}
    with organization_scope(cast.nordwerk.pk):
        call = ModelCall.objects.get(operation="triage")
        assert call.ticket is not None
        number = call.ticket.number
        call.pk, call.operation, call.sent = None, "draft", json.dumps(body)
        call.save()
    page = signed_in(cast.alice).get(reverse("ai:calls", args=[number])).content.decode()
    assert "Draft: m" in page
    assert "Dear &lt;b&gt;[PERSON_1]" in page
    assert "&quot;messages&quot;" in page
    # A row of an earlier release holds the words alone.
    assert "=1+1 said [NAME_1]" in page
    assert "of another house" not in page
    for person, status in ((cast.charlie, 404), (cast.dana, 302)):
        url = reverse("ai:calls", args=[number])
        assert signed_in(person).get(url).status_code == status


def test_nobody_else_does(cast: Cast, administrator: Client) -> None:
    assert administrator.get(reverse("ai:ledger", args=[cast.lumen.slug])).status_code == 404
    for person in (cast.alice, cast.bob):
        response = signed_in(person).get(reverse("ai:ledger", args=[cast.nordwerk.slug]))
        assert response.status_code == 404
