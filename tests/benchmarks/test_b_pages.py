"""Pages and API over HTTP, one keep-alive connection each."""

from collections.abc import Callable, Iterator
from contextlib import closing

import httpx2
import pytest

from tests.benchmarks.desk import AGENT, REQUESTER, Installation
from tests.benchmarks.figures import Figures, Sample, timed
from tests.benchmarks.material import tickets

pytestmark = pytest.mark.bench
WORDS = ("printer error", "VPN", "password locked", "docking station slow", "SAP", "calendar")


@pytest.fixture
def client(full_desk: Installation, request: pytest.FixtureRequest) -> Iterator[httpx2.Client]:
    """A browser of the person that the test names."""
    with closing(full_desk.signed_in(request.param)) as found:
        yield found


@pytest.fixture(scope="module")
def program(full_desk: Installation) -> Iterator[httpx2.Client]:
    """A script with an agent's key."""
    with closing(full_desk.program(AGENT)) as found:
        yield found


def get(client: httpx2.Client, address: Callable[[int], str]) -> Callable[[int], object]:
    def call(number: int) -> None:
        answer = client.get(address(number))
        assert answer.status_code == 200, (answer.status_code, answer.url)

    return call


def empty_answer(desk: Installation) -> Sample:
    """The same server, Django and middleware, with a view that does nothing."""
    with httpx2.Client(base_url=desk.url) as client:
        return timed(get(client, lambda _: "/health/live"))


@pytest.mark.parametrize("client", [AGENT], indirect=True)
def test_desk_pages(full_desk: Installation, client: httpx2.Client, figures: Figures) -> None:
    [(count,)] = full_desk.ask("SELECT count(*) FROM tickets_ticket")
    figures.group(f"Desk, {count:,} tickets")
    raw = empty_answer(full_desk)
    figures.calls("empty view (raw)", raw)
    with full_desk.database() as connection:
        figures.calls("SELECT 1 (raw)", timed(lambda _: connection.execute("SELECT 1")))
    # With conversations, read by the AI: the demo desk's own.
    rows = full_desk.ask(
        "SELECT t.number FROM tickets_ticket t JOIN accounts_organization o"
        " ON o.id = t.organization_id WHERE o.slug = 'nordwerk' AND t.message_count > 1"
        " AND t.ai_state = 'done' ORDER BY t.number LIMIT 40"
    )
    numbers = [int(number) for (number,) in rows]
    pages: dict[str, Callable[[int], str]] = {
        "list, open tickets": lambda n: "/desk/v/open/",
        "list, all tickets": lambda n: f"/desk/v/all/?page={n % 9 + 1}",
        "list, all tickets, as a table": lambda n: "/desk/v/all/?layout=table",
        "ticket page": lambda n: f"/desk/t/{numbers[n % len(numbers)]}/",
        "ticket beside its list": lambda n: f"/desk/v/all/{numbers[n % len(numbers)]}/",
        "the AI's panel (fragment)": lambda n: f"/desk/ai/panel/{numbers[n % len(numbers)]}/",
        "search": lambda n: f"/desk/search/?q={WORDS[n % len(WORDS)]}",
    }
    for name, address in pages.items():
        figures.calls(name, timed(get(client, address)), raw)


@pytest.mark.parametrize("client", [REQUESTER], indirect=True)
def test_portal_pages(full_desk: Installation, client: httpx2.Client, figures: Figures) -> None:
    figures.group("Portal")
    raw = empty_answer(full_desk)
    figures.calls("home", timed(get(client, lambda _: "/")), raw)
    figures.calls("my tickets", timed(get(client, lambda _: "/tickets/")), raw)


def test_api(full_desk: Installation, program: httpx2.Client, figures: Figures) -> None:
    figures.group("API")
    raw = empty_answer(full_desk)
    listing = timed(get(program, lambda _: "/api/v1/tickets/?page_size=25"))
    figures.calls("list of 25", listing, raw)
    first = program.get("/api/v1/tickets/?page_size=1").json()["results"][0]
    one = f"/api/v1/tickets/{first['number']}/"
    figures.calls("one ticket", timed(get(program, lambda _: one)), raw)
    known = {"If-None-Match": program.get(one).headers["ETag"]}

    def unchanged(_: int) -> None:
        assert program.get(one, headers=known).status_code == 304

    figures.calls("one ticket, unchanged (304)", timed(unchanged), raw)

    def search(number: int) -> None:
        query = {"query": WORDS[number % len(WORDS)] + f" since {number}"}
        answer = program.post("/api/v1/ai/search-similar/", json=query)
        assert answer.status_code == 200, answer.text
        assert not answer.json()["degraded"]

    figures.calls("search by meaning (asks the ai-worker)", timed(search), raw)
    new = tickets(40, seed=4)

    def create(number: int) -> None:
        subject, description, _ = new[number]
        given = {"subject": subject, "description": description}
        answer = program.post("/api/v1/tickets/", json=given)
        assert answer.status_code == 201, answer.text

    figures.calls("create a ticket", timed(create), raw, "while the AI reads the ones before")
    full_desk.quiet()
