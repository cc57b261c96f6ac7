"""Running something from a ticket."""

from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.tickets.test_runbooks import ON, again, book, propose
from tests.tickets.views.conftest import SignIn, htmx
from tickets.models import RunbookRun


def test_the_form_rehearses_and_runs(cast: Cast, sign_in: SignIn) -> None:
    runbook = book(cast)
    with organization_scope(cast.nordwerk.pk):
        ticket = cast.ticket()
    client = sign_in(cast.alice)
    url = f"/desk/t/{ticket.number}/runbooks/{runbook.pk}/"
    assert url.encode() in client.get(f"/desk/t/{ticket.number}/side/").content
    assert b'name="switch"' in client.get(url).content
    page = client.post(url, {**ON, "do": "preview"})
    assert b"Would set the switch vpn to on." in page.content
    with organization_scope(cast.nordwerk.pk):
        assert not RunbookRun.objects.exists()
    refused = client.post(url, {**ON, "switch": "!", "do": "run"})
    assert refused.status_code == 422
    assert b"does not have the form" in refused.content
    assert client.post(url, {**ON, "do": "run"}).status_code == 302
    side = client.get(f"/desk/t/{ticket.number}/side/").content
    assert b"Would set the switch vpn to on." in side


def test_a_proposal_is_declined_beside_the_ticket(cast: Cast, sign_in: SignIn) -> None:
    run = propose(cast, book(cast, for_machines=True), machine=True)
    client = sign_in(cast.alice)
    url = f"/desk/t/{run.ticket.number}/runs/{run.pk}/"
    assert client.post(url, {"do": "explode"}).status_code == 404
    part = client.post(url, {"do": "decline"}, headers=htmx("side-panel")).content
    assert b"Refused" in part
    assert again(run).state == "refused"
    assert client.post(url, {"do": "undo"}, headers=htmx("side-panel")).status_code == 200
    assert again(run).state == "refused"


def test_it_is_the_desk_s_alone(cast: Cast, sign_in: SignIn) -> None:
    run = propose(cast, book(cast))
    number = run.ticket.number
    for path in (f"runbooks/{run.runbook_id}/", f"runs/{run.pk}/"):
        url = f"/desk/t/{number}/{path}"
        assert sign_in(cast.dana).post(url, {"do": "start"}).status_code == 403
        assert sign_in(cast.charlie).post(url, {"do": "start"}).status_code == 404
