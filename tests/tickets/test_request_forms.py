"""The request catalogue: tiles, forms, the tickets they open, and sending twice."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections

from omnidesk.accounts.models import User
from omnidesk.core.tenancy import organization_scope
from tests.api.conftest import Client as ApiClient
from tests.cast import Cast
from tests.tickets.views.conftest import SignIn, sign_in
from tickets.actions.request_forms import Request, submit_form
from tickets.models import (
    CustomField,
    FormGroup,
    FormItem,
    FormSubmission,
    FormTicket,
    RequestForm,
    Ticket,
)

__all__ = ["sign_in"]

NEEDS = [
    {"value": "laptop", "label": {"en": "Laptop", "de": "Notebook"}},
    {"value": "sap", "label": {"en": "SAP access"}},
]


def build(cast: Cast, **more: Any) -> RequestForm:
    """The form "New colleague", with a laptop and an SAP ticket under it."""
    place = cast.nordwerk
    with organization_scope(place.pk):
        form = RequestForm.objects.create(
            organization=place, key="colleague", title={"en": "New colleague", "de": "Neu hier"},
            summary={"en": "Onboarding"}, subject="{form}: {new_name}", category=cast.vpn,
            icon="person-plus", **more,
        )  # fmt: skip
        fields = [
            CustomField(key="new_name", kind="text", label={"en": "Name"}),
            CustomField(key="needs", kind="choices", label={"en": "Needs"}, options=NEEDS),
            CustomField(
                key="sap_role", kind="text", label={"en": "SAP role"},
                shown_when=[{"field": "needs", "values": ["sap"]}],
            ),
            CustomField(key="budget", kind="number", label={"en": "Budget"}, is_desk_only=True),
        ]  # fmt: skip
        for position, field in enumerate(fields):
            field.organization, field.is_on_every_ticket = place, False
            field.full_clean()
            field.save()
            FormItem.objects.create(
                organization=place, form=form, field=field, position=position,
                is_required=field.key in {"new_name", "sap_role"},
            )  # fmt: skip
        FormItem.objects.create(
            organization=place, form=form, text={"en": "Five days **ahead**."}, position=9
        )
        for need, words in (("laptop", "Laptop for {new_name}"), ("sap", "SAP: {sap_role}")):
            FormTicket.objects.create(
                organization=place, form=form, subject=words, category=cast.printing,
                opened_when=[{"field": "needs", "values": [need]}],
            )  # fmt: skip
    return form


@pytest.fixture
def form(cast: Cast) -> RequestForm:
    return build(cast)


def api(user: User) -> ApiClient:
    client = ApiClient()
    client.force_login(user)
    return client


def subjects(cast: Cast) -> list[str]:
    with organization_scope(cast.nordwerk.pk):
        return list(Ticket.objects.order_by("number").values_list("subject", flat=True))


def test_the_front_page_shows_the_forms_under_their_headings(
    cast: Cast, form: RequestForm, sign_in: SignIn
) -> None:
    with organization_scope(cast.nordwerk.pk):
        group = FormGroup.objects.create(organization=cast.nordwerk, name={"en": "People"})
        RequestForm.objects.update(group=group)
    page = sign_in(cast.dana).get("/").content.decode()
    assert "People" in page
    assert 'href="/new/colleague/"' in page
    assert "Onboarding" in page
    assert "colleague/" not in sign_in(cast.charlie).get("/").content.decode()


def test_a_form_asks_tells_and_opens_its_tickets(
    cast: Cast, form: RequestForm, sign_in: SignIn
) -> None:
    dana = sign_in(cast.dana)
    page = dana.get("/new/colleague/").content.decode()
    assert "Five days <strong>ahead</strong>." in page
    assert "data-when" in page
    assert "f_budget" not in page
    given = {
        "token": str(uuid4()),
        "f_new_name": "Kim Berg",
        "f_needs": ["laptop", "sap"],
        "f_sap_role": "Buyer",
        "note": "Desk by the window.",
        "attachments": SimpleUploadedFile("plan.txt", b"floor plan"),
    }
    answer = dana.post("/new/colleague/", given, follow=True)
    assert subjects(cast) == ["New colleague: Kim Berg", "Laptop for Kim Berg", "SAP: Buyer"]
    with organization_scope(cast.nordwerk.pk):
        first, laptop, _sap = Ticket.objects.order_by("number")
        assert first.description == (
            "Name: Kim Berg\nNeeds: Laptop, SAP access\nSAP role: Buyer\n\nDesk by the window."
        )
        assert first.custom_fields["needs"] == ["laptop", "sap"]
        assert (first.category, first.team) == (cast.vpn, cast.network)
        assert first.attachments.get().name == "plan.txt"
        assert f"Part of request {first.number}" in laptop.description
        assert laptop.category == cast.printing
    assert answer.redirect_chain == [(f"/tickets/{first.number}/", 302)]
    alice = sign_in(cast.alice)
    assert b"Opened with this request" in alice.get(f"/desk/t/{first.number}/").content
    assert b"Part of a request" in alice.get(f"/desk/t/{laptop.number}/").content


def test_a_further_ticket_is_opened_only_when_its_condition_holds(
    cast: Cast, form: RequestForm, sign_in: SignIn
) -> None:
    # A browser without script sends the hidden field too: it is left out.
    given = {"f_new_name": "Kim", "f_needs": ["laptop"], "f_sap_role": "Buyer"}
    sign_in(cast.dana).post("/new/colleague/", given)
    assert subjects(cast) == ["New colleague: Kim", "Laptop for Kim"]
    with organization_scope(cast.nordwerk.pk):
        assert "sap_role" not in Ticket.objects.order_by("number")[0].custom_fields


def test_every_error_stands_at_its_field_and_nothing_typed_is_lost(
    cast: Cast, form: RequestForm, sign_in: SignIn
) -> None:
    given = {"f_new_name": " ", "f_needs": ["sap", "yacht"], "note": "Keep me"}
    answer = sign_in(cast.dana).post("/new/colleague/", given)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="id_f_new_name_error"' in page
    assert 'id="id_f_needs_error"' in page
    assert "Keep me" in page
    assert 'role="alert"' in page
    assert page.count("autofocus") == 1
    assert subjects(cast) == []


def test_values_with_braces_are_text_never_templates(
    cast: Cast, form: RequestForm, sign_in: SignIn
) -> None:
    sign_in(cast.dana).post("/new/colleague/", {"f_new_name": "{requester_email} {0}"})
    assert subjects(cast) == ["New colleague: {requester_email} {0}"]


def test_sending_twice_opens_once(cast: Cast, form: RequestForm, sign_in: SignIn) -> None:
    given = {"token": str(uuid4()), "f_new_name": "Kim", "f_needs": ["laptop"]}
    dana = sign_in(cast.dana)
    first = dana.post("/new/colleague/", given)
    again = dana.post("/new/colleague/", given)
    assert first["Location"] == again["Location"]
    assert len(subjects(cast)) == 2


def test_two_clicks_at_once_open_once(live_cast: Cast) -> None:
    form, token = build(live_cast), uuid4()

    def send(_try: int) -> int:
        try:
            with organization_scope(live_cast.nordwerk.pk):
                request = Request(token=token, values={"new_name": "Kim", "needs": ["laptop"]})
                return submit_form(form=form, person=live_cast.dana, request=request).pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        numbers = set(pool.map(send, range(4)))
    assert len(numbers) == 1
    assert len(subjects(live_cast)) == 2
    with organization_scope(live_cast.nordwerk.pk):
        assert FormSubmission.objects.count() == 1


def test_another_person_s_token_is_their_own(
    cast: Cast, form: RequestForm, sign_in: SignIn
) -> None:
    given = {"token": str(UUID(int=7)), "f_new_name": "Kim"}
    sign_in(cast.dana).post("/new/colleague/", given)
    sign_in(cast.bob).post("/new/colleague/", given)
    assert len(subjects(cast)) == 2


def test_a_form_for_the_desk_is_not_there_for_requesters(cast: Cast, sign_in: SignIn) -> None:
    build(cast, visible_to="agent")
    dana = sign_in(cast.dana)
    assert dana.get("/new/colleague/").status_code == 404
    assert dana.post("/new/colleague/", {"f_new_name": "Kim"}).status_code == 404
    assert b"/new/colleague/" not in dana.get("/").content
    page = sign_in(cast.alice).get("/new/colleague/").content.decode()
    assert "f_budget" in page


def test_forms_that_are_off_or_elsewhere_are_not_there(
    cast: Cast, form: RequestForm, sign_in: SignIn
) -> None:
    assert sign_in(cast.charlie).get("/new/colleague/").status_code == 404
    with organization_scope(cast.nordwerk.pk):
        RequestForm.objects.update(is_active=False)
    assert sign_in(cast.dana).get("/new/colleague/").status_code == 404


def test_the_api_lists_describes_and_sends_forms(cast: Cast, form: RequestForm) -> None:
    dana = api(cast.dana)
    assert [f["key"] for f in dana.get("/api/v1/forms/").json()] == ["colleague"]
    asked = dana.get("/api/v1/forms/colleague/", headers={"Accept-Language": "de"}).json()
    assert [f["key"] for f in asked["asks"]] == ["new_name", "needs", "sap_role"]
    assert asked["asks"][0]["required"] is True
    assert {f["key"] for f in dana.get("/api/v1/fields/").json()} == {
        "new_name", "needs", "sap_role",
    }  # fmt: skip
    wrong = dana.post("/api/v1/forms/colleague/", {"values": {"budget": 1, "needs": "laptop"}})
    text = str(dana.problem(wrong, 400, "invalid")["errors"])
    assert "budget" in text
    assert "Needs: This takes a list" in text
    assert "Name: Fill this in." in text
    token = str(uuid4())
    body = {"values": {"new_name": "Kim", "needs": ["laptop"]}, "token": token}
    sent = dana.post("/api/v1/forms/colleague/", body)
    assert sent.status_code == 201
    assert len(sent.json()["further"]) == 1
    assert dana.post("/api/v1/forms/colleague/", body).json() == sent.json()
    wrongs: list[Any] = [{"values": []}, {"token": "x"}, {"more": 1}, {"note": 5}, []]
    for nonsense in wrongs:
        dana.problem(dana.post("/api/v1/forms/colleague/", nonsense), 400, "invalid")
    charlie = api(cast.charlie)
    charlie.problem(charlie.get("/api/v1/forms/colleague/"), 404, "not-found")
    charlie.problem(charlie.get("/api/v1/forms/?organization=nordwerk"), 400, "invalid")


def test_a_template_that_nothing_fills_is_refused(cast: Cast, form: RequestForm) -> None:
    with organization_scope(cast.nordwerk.pk):
        form.subject = "{form}: {colour}"
        with pytest.raises(ValidationError, match="colour"):
            form.full_clean()
        further = FormTicket.objects.all()[0]
        further.opened_when = [{"field": "colour", "values": ["red"]}]
        with pytest.raises(ValidationError, match="colour"):
            further.full_clean()
        with pytest.raises(ValidationError):
            FormItem(organization=cast.nordwerk, form=form).full_clean()


def test_a_field_that_was_deleted_leaves_the_form_usable(
    cast: Cast, form: RequestForm, sign_in: SignIn
) -> None:
    with organization_scope(cast.nordwerk.pk):
        CustomField.objects.filter(key="needs").delete()
    sign_in(cast.dana).post("/new/colleague/", {"f_new_name": "Kim"})
    assert subjects(cast) == ["New colleague: Kim"]


def test_the_administration_builds_a_form(cast: Cast, sign_in: SignIn) -> None:
    root = sign_in(cast.admin)
    with organization_scope(cast.nordwerk.pk):
        field = CustomField.objects.create(
            organization=cast.nordwerk, key="room", kind="text", label={"en": "Room"}
        )
    given = {
        "organization": cast.nordwerk.pk, "key": "move", "title_0": "Move", "subject": "{rom}",
        "icon": "box", "position": 0, "visible_to": "requester", "urgency": "low", "impact": "low",
        "is_active": "on", "items-TOTAL_FORMS": 1, "items-INITIAL_FORMS": 0,
        "items-0-position": 0, "items-0-field": field.pk, "further-TOTAL_FORMS": 1,
        "further-INITIAL_FORMS": 0, "further-0-position": 0, "further-0-subject": "{room} {x}",
        "further-0-opened_when": "", "further-0-text": "",
    }  # fmt: skip
    page = root.post("/admin/tickets/requestform/add/", given).content.decode()
    assert "Nothing fills {rom}" in page
    given |= {"subject": "Move to {room}"}
    page = root.post("/admin/tickets/requestform/add/", given).content.decode()
    assert "Nothing fills {x}" in page
    done = root.post("/admin/tickets/requestform/add/", {**given, "further-0-subject": "{room}"})
    assert done.status_code == 302
    with organization_scope(cast.nordwerk.pk):
        assert FormItem.objects.get().organization_id == cast.nordwerk.pk
