"""Custom fields on tickets: through the actions, the page, the portal, the API and the import."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from omnidesk.accounts.models import Organization, User
from omnidesk.core.tenancy import organization_scope
from tests.api.conftest import Client as ApiClient
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn, htmx, sign_in
from tickets.actions.base import Actor
from tickets.actions.fields import InvalidFields
from tickets.actions.intake import Triage
from tickets.actions.triage import Edit, edit_ticket
from tickets.choices import ActorKind
from tickets.models import CustomField, Ticket

__all__ = ["sign_in"]


def define(organization: Organization, key: str, kind: str = "text", **more: Any) -> CustomField:
    with organization_scope(organization.pk):
        row = CustomField(
            organization=organization, key=key, kind=kind, label={"en": key.title()}, **more
        )
        row.full_clean()
        row.save()
        return row


def api(user: User) -> ApiClient:
    client = ApiClient()
    client.force_login(user)
    return client


@pytest.fixture
def asset(cast: Cast) -> CustomField:
    return define(
        cast.nordwerk, "asset", "pattern", pattern=r"NW-[LP]\d{4}", help={"en": "On the sticker"}
    )


@pytest.fixture
def cost(cast: Cast) -> CustomField:
    return define(cast.nordwerk, "cost", "number", is_desk_only=True, unit="EUR")


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    with organization_scope(cast.nordwerk.pk):
        return cast.ticket()


def test_an_edit_merges_by_key_and_logs_each_change(
    cast: Cast, asset: CustomField, cost: CustomField, ticket: Ticket
) -> None:
    alice = Actor.person(cast.alice)
    with organization_scope(cast.nordwerk.pk):
        edit_ticket(ticket=ticket, actor=alice, edit=Edit(custom_fields={"asset": "NW-L0001"}))
        edit_ticket(ticket=ticket, actor=alice, edit=Edit(custom_fields={"cost": 5}))
        done = edit_ticket(ticket=ticket, actor=alice, edit=Edit(custom_fields={"asset": None}))
        assert done.custom_fields == {"cost": 5}
        log = list(ticket.changes.filter(verb="ticket.fields_changed").order_by("pk"))
        assert [(c.old, c.new) for c in log] == [
            ({"asset": None}, {"asset": "NW-L0001"}),
            ({"cost": None}, {"cost": 5}),
            ({"asset": "NW-L0001"}, {"asset": None}),
        ]  # fmt: skip
        version = done.version
        same = edit_ticket(ticket=ticket, actor=alice, edit=Edit(custom_fields={"cost": 5}))
        assert same.version == version


def test_one_wrong_field_stores_none_of_them(
    cast: Cast, asset: CustomField, ticket: Ticket
) -> None:
    wrong = Edit(custom_fields={"asset": "L1", "colour": "red"}, urgency="high")
    with organization_scope(cast.nordwerk.pk):
        with pytest.raises(InvalidFields) as refusal:
            edit_ticket(ticket=ticket, actor=Actor.person(cast.alice), edit=wrong)
        ticket.refresh_from_db()
    assert refusal.value.errors.keys() == {"asset", "colour"}
    assert (ticket.custom_fields, ticket.urgency) == ({}, "medium")


def test_another_organization_s_definition_means_nothing_here(cast: Cast, ticket: Ticket) -> None:
    define(cast.lumen, "atelier")
    with organization_scope([cast.nordwerk.pk, cast.lumen.pk]), pytest.raises(InvalidFields):
        edit_ticket(
            ticket=ticket, actor=Actor.person(cast.alice), edit=Edit(custom_fields={"atelier": "1"})
        )


def test_a_person_field_takes_members_of_the_organization_alone(cast: Cast, ticket: Ticket) -> None:
    define(cast.nordwerk, "boss", "person")
    rule = Actor.machine(ActorKind.RULE, "Rule")
    with organization_scope([cast.nordwerk.pk, cast.lumen.pk]):
        done = edit_ticket(
            ticket=ticket, actor=rule, edit=Edit(custom_fields={"boss": cast.bob.email})
        )
        assert done.custom_fields == {"boss": cast.bob.email}
        with pytest.raises(InvalidFields):
            edit_ticket(
                ticket=ticket, actor=rule, edit=Edit(custom_fields={"boss": cast.charlie.email})
            )


def test_a_condition_sees_the_category_of_the_same_edit(cast: Cast, ticket: Ticket) -> None:
    define(cast.nordwerk, "tray", shown_when=[{"field": "category", "values": ["Printing"]}])
    alice = Actor.person(cast.alice)
    with organization_scope(cast.nordwerk.pk):
        with pytest.raises(InvalidFields):
            edit_ticket(ticket=ticket, actor=alice, edit=Edit(custom_fields={"tray": "2"}))
        done = edit_ticket(
            ticket=ticket,
            actor=alice,
            edit=Edit(category=cast.printing, custom_fields={"tray": "2"}),
        )
    assert done.custom_fields == {"tray": "2"}


def test_the_desk_edits_fields_on_the_page_and_keeps_what_was_typed(
    cast: Cast, asset: CustomField, ticket: Ticket, sign_in: SignIn
) -> None:
    alice = sign_in(cast.alice)
    url = f"/desk/t/{ticket.number}/fields/"
    page = alice.get(f"/desk/t/{ticket.number}/").content.decode()
    assert "On the sticker" in page
    wrong = alice.post(url, {"f_asset": "my laptop"}, headers=htmx("ticket-fields"))
    body = wrong.content.decode()
    assert wrong.status_code == 422
    assert "This does not have the form that is asked for." in body
    assert 'value="my laptop"' in body
    assert "autofocus" in body
    whole = alice.post(url, {"f_asset": "my laptop"})
    assert (whole.status_code, b"<html" in whole.content) == (422, True)
    saved = alice.post(url, {"f_asset": "NW-L4711"}, headers=htmx("ticket-fields"))
    assert b"NW-L4711" in saved.content
    values = alice.get(f"/desk/t/{ticket.number}/part/field_values/").content
    assert b"NW-L4711" in values
    assert b"Alice Agent changed Asset" in alice.get(f"/desk/t/{ticket.number}/").content
    assert sign_in(cast.dana).post(url, {"f_asset": ""}).status_code == 403
    assert sign_in(cast.charlie).post(url, {"f_asset": ""}).status_code == 404


def test_a_removed_definition_leaves_its_value_readable(
    cast: Cast, asset: CustomField, ticket: Ticket, sign_in: SignIn
) -> None:
    actor = Actor.person(cast.alice)
    with organization_scope(cast.nordwerk.pk):
        edit_ticket(ticket=ticket, actor=actor, edit=Edit(custom_fields={"asset": "NW-L0007"}))
        CustomField.objects.all().delete()
    assert b"NW-L0007" in sign_in(cast.alice).get(f"/desk/t/{ticket.number}/").content
    assert b"NW-L0007" not in sign_in(cast.dana).get(f"/tickets/{ticket.number}/").content


def test_the_portal_asks_what_every_ticket_needs(
    cast: Cast, cost: CustomField, sign_in: SignIn
) -> None:
    define(cast.nordwerk, "room", is_required=True)
    define(cast.nordwerk, "since", "date")
    define(cast.nordwerk, "hidden", is_on_every_ticket=False, is_required=True)
    dana = sign_in(cast.dana)
    page = dana.get("/new/").content.decode()
    assert "f_room" in page
    assert "f_cost" not in page
    assert "f_hidden" not in page
    given = {"subject": "Screen", "text": "Black.", "f_since": "yesterday"}
    refused = dana.post("/new/", given)
    body = refused.content.decode()
    assert refused.status_code == 422
    assert 'id="id_f_room_error"' in body
    assert 'id="id_f_since_error"' in body
    assert "yesterday" in body
    # A field that only the desk sets is not read, even when somebody adds it by hand.
    good = {**given, "f_since": "2026-02-03", "f_room": "B 12", "f_cost": "7"}
    dana.post("/new/", good)
    with organization_scope(cast.nordwerk.pk):
        opened = Ticket.objects.get(subject="Screen")
    assert opened.custom_fields == {"room": "B 12", "since": "2026-02-03"}
    assert b"B 12" in dana.get(f"/tickets/{opened.number}/").content


def test_the_api_checks_shows_and_filters(
    cast: Cast, asset: CustomField, cost: CustomField
) -> None:
    alice, dana = api(cast.alice), api(cast.dana)
    given = {"subject": "x", "description": "y"}
    wrong = alice.post("/api/v1/tickets/", {**given, "custom_fields": {"asset": 7, "nope": 1}})
    text = str(alice.problem(wrong, 400, "invalid")["errors"]["custom_fields"])
    assert "Asset: This takes text." in text
    assert "nope: There is no such field." in text
    own = {**given, "requester_email": cast.dana.email}
    fields = {"asset": "NW-L0001", "cost": 12}
    number = alice.post("/api/v1/tickets/", {**own, "custom_fields": fields}).json()["number"]
    url = f"/api/v1/tickets/{number}/"
    assert alice.get(url).json()["custom_fields"] == fields
    assert dana.get(url).json()["custom_fields"] == {"asset": "NW-L0001"}
    assert b"NW-L0001" not in dana.get(url + "history/").content
    echo = alice.get(url).json()
    assert alice.put(url, echo).json()["custom_fields"] == fields
    patched = alice.patch(url, {"custom_fields": {"cost": None}}).json()
    assert patched["custom_fields"] == {"asset": "NW-L0001"}
    found = alice.get("/api/v1/tickets/?field.asset=NW-L0001").json()["results"]
    assert [t["number"] for t in found] == [number]
    assert alice.get("/api/v1/tickets/?field.asset=NW-L0002").json()["results"] == []
    for query in ("field.nope=1", "field.cost=many", "field.asset=%00", "field.=1"):
        alice.problem(alice.get(f"/api/v1/tickets/?{query}"), 400, "invalid")
    dana.problem(dana.get("/api/v1/tickets/?field.cost=12"), 400, "invalid")


def test_the_api_demands_required_fields_of_new_tickets(cast: Cast) -> None:
    define(cast.nordwerk, "room", is_required=True)
    alice = api(cast.alice)
    refused = alice.post("/api/v1/tickets/", {"subject": "x", "description": "y"})
    assert "Fill this in" in str(alice.problem(refused, 400, "invalid")["errors"])


def test_a_mail_is_never_refused_for_a_required_field(cast: Cast) -> None:
    define(cast.nordwerk, "room", is_required=True)
    with organization_scope(cast.nordwerk.pk):
        assert cast.ticket(triage=Triage()).custom_fields == {}


def test_the_import_reads_columns_into_fields(
    live_cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    define(live_cast.nordwerk, "seats", "number")
    file = tmp_path / "old.csv"
    file.write_text("Title,Body,Seats\nA,First,3\nB,Second,many\nC,Third,\n")
    options = ["--subject=Title", "--description=Body", "--organization=nordwerk"]
    call_command("import_tickets", str(file), *options, "--field=seats=Seats")
    told = capsys.readouterr().out
    assert "2 tickets imported" in told
    assert "line 3: seats: This takes a number." in told
    with organization_scope(live_cast.nordwerk.pk):
        stored = {t.subject: t.custom_fields for t in Ticket.objects.all()}
    assert stored == {"A": {"seats": 3}, "C": {}}
    call_command("import_tickets", str(file), *options, "--field=seats=Seats")
    assert "0 tickets imported" in capsys.readouterr().out
    for wrong in ("--field=seats", "--field=nope=Seats"):
        with pytest.raises(CommandError):
            call_command("import_tickets", str(file), *options, wrong)


def test_the_administration_says_what_is_wrong_with_a_definition(
    cast: Cast, sign_in: SignIn
) -> None:
    root = sign_in(cast.admin)
    given = {
        "organization": cast.nordwerk.pk, "key": "asset", "kind": "pattern", "label_0": "Asset",
        "pattern": "(a+)+", "position": 0, "options": "", "shown_when": "category = Coffee",
        "required_when": "no condition", "default": "", "unit": "",
    }  # fmt: skip
    page = root.post("/admin/tickets/customfield/add/", given).content.decode()
    assert "could take too long" in page
    assert "is no condition" in page
    given |= {"pattern": r"NW-\d{4}", "required_when": "", "shown_when": "category = Printing"}
    assert root.post("/admin/tickets/customfield/add/", given).status_code == 302
    with organization_scope(cast.nordwerk.pk):
        row = CustomField.objects.get()
    assert row.label == {"en": "Asset"}
    assert row.shown_when == [{"field": "category", "values": ["Printing"]}]
    assert (
        "category = Printing"
        in root.get(f"/admin/tickets/customfield/{row.pk}/change/").content.decode()
    )
