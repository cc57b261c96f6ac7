"""The demo desk as data: complete, varied, in order, and the same every time."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from omnidesk.demo.content.library import articles, scenarios
from omnidesk.demo.generate import UNIQUE_FROM, generate
from omnidesk.demo.types import (
    OPEN_STATUSES,
    DemoDesk,
    DemoRole,
    DemoStatus,
    DemoTicket,
    DemoVisibility,
)

FRIDAY = datetime(2026, 11, 20, 14, 35, tzinfo=UTC)
MOMENTS = (
    FRIDAY,
    datetime(2026, 11, 22, 0, 3, tzinfo=UTC),  # just past midnight on a Sunday
    datetime(2027, 3, 1, 6, 0, tzinfo=UTC),
)


@cache
def desk(now: datetime = FRIDAY) -> DemoDesk:
    return generate(now)


def test_it_has_the_promised_size() -> None:
    found = desk()
    assert len(found.tickets) == 300
    assert len(found.organizations) == 2
    assert len([c for c in found.categories if c.organization == "nordwerk"]) == 12
    assert len(found.articles) >= 28
    roles = Counter(person.role for person in found.people)
    assert roles[DemoRole.AGENT] + roles[DemoRole.LEAD] == 14
    assert roles[DemoRole.REQUESTER] == 45 + 1  # and the monitoring system
    assert len(scenarios()) >= 110


def test_four_languages_have_their_share() -> None:
    count = Counter(ticket.language for ticket in desk().tickets)
    assert count == {"en": 135, "de": 90, "fr": 45, "es": 30}
    assert {article.language for article in articles()} == {"en", "de", "fr", "es"}


def test_about_55_tickets_are_open() -> None:
    count = Counter(ticket.status for ticket in desk().tickets)
    assert 50 <= sum(count[status] for status in OPEN_STATUSES) <= 60
    assert all(count[status] for status in DemoStatus)
    assert sum(ticket.assignee_email is None for ticket in desk().tickets) >= 12
    assert sum("reopened" in ticket.tags for ticket in desk().tickets) == 8
    assert sum(bool(ticket.attachments) for ticket in desk().tickets) >= 20


def test_the_surge_is_eleven_tickets_of_the_last_two_days() -> None:
    surge = [t for t in desk().tickets if t.scenario.startswith("surge-")]
    assert len(surge) == 11
    assert len({ticket.requester_email for ticket in surge}) == 11
    assert len({ticket.language for ticket in surge}) == 4
    assert all(timedelta(0) < FRIDAY - ticket.created_at < timedelta(days=2) for ticket in surge)
    assert all(ticket.status in OPEN_STATUSES for ticket in surge)


def test_the_same_moment_gives_the_same_desk() -> None:
    assert generate(FRIDAY) == generate(FRIDAY)


def test_within_a_day_only_times_move() -> None:
    def written(now: datetime) -> set[tuple[str, str, str]]:
        return {(t.subject, t.description, t.requester_email) for t in desk(now).tickets}

    assert written(FRIDAY) == written(FRIDAY.replace(hour=9, minute=2))


def test_another_seed_gives_another_desk() -> None:
    assert generate(FRIDAY, seed=8).tickets != desk().tickets


@pytest.mark.parametrize("now", MOMENTS)
def test_no_text_occurs_twice(now: datetime) -> None:
    subjects = Counter(ticket.subject for ticket in desk(now).tickets)
    said = Counter(ticket.description for ticket in desk(now).tickets)
    said.update(m.text for t in desk(now).tickets for m in t.messages if len(m.text) >= UNIQUE_FROM)
    assert [text for text, count in (subjects + said).items() if count > 1] == []


@pytest.mark.parametrize("now", MOMENTS)
def test_things_happen_in_order_and_before_now(now: datetime) -> None:
    for ticket in desk(now).tickets:
        moments = [ticket.created_at, *(message.at for message in ticket.messages)]
        assert moments == sorted(set(moments)), ticket.subject
        assert moments[-1] < now, ticket.subject
        assert now - ticket.created_at < timedelta(days=61)
        assert all(moment.tzinfo is UTC for moment in moments)


def test_every_reply_of_an_agent_follows_a_word_of_the_requester() -> None:
    for ticket in desk().tickets:
        public = [m for m in ticket.messages if m.visibility is DemoVisibility.PUBLIC]
        for message in public:
            if message.author_email != ticket.requester_email:
                assert message.at > ticket.created_at
        first = next((m for m in public if m.author_email != ticket.requester_email), None)
        assert ticket.first_response_at == (first.at if first else None)


def test_only_settled_tickets_have_a_solution() -> None:
    for ticket in desk().tickets:
        settled = ticket.status not in OPEN_STATUSES
        assert (ticket.resolved_at is not None) is settled
        if ticket.status is DemoStatus.NEW:
            assert ticket.messages == ()
            assert ticket.assignee_email is None


def test_every_address_is_invented() -> None:
    for person in desk().people:
        assert person.email.endswith(("@nordwerk.example", "@atelier-lumen.example"))
    texts = [t.description + "".join(m.text for m in t.messages) for t in desk().tickets]
    texts += [article.body for article in desk().articles]
    for text in texts:
        for word in text.replace("\n", " ").split():
            if "@" in word:
                assert ".example" in word


def test_every_reference_leads_somewhere() -> None:
    found = desk()
    people = {person.email: person for person in found.people}
    teams = {(team.organization, team.key) for team in found.teams}
    categories = {(c.organization, c.key): c for c in found.categories}
    keys = {(article.organization, article.key) for article in found.articles}
    assert all((c.organization, c.team) in teams for c in found.categories)
    for article in found.articles:
        assert article.author_email in people
        assert (article.organization, article.category) in categories
    for ticket in found.tickets:
        assert people[ticket.requester_email].organization == ticket.organization
        assert categories[ticket.organization, ticket.category].team == ticket.team
        assert ticket.article is None or (ticket.organization, ticket.article) in keys
        for message in ticket.messages:
            author = people[message.author_email]
            assert ticket.organization in (author.organization, *author.also_in)
    known = {article.key for article in articles()}
    assert {s.article for s in scenarios() if s.article} <= known


def test_most_articles_answer_some_ticket() -> None:
    used = {ticket.article for ticket in desk().tickets if ticket.article}
    assert len(used) >= 0.9 * len(desk().articles)
    answered = sum(ticket.article is not None for ticket in desk().tickets)
    assert answered >= 0.4 * len(desk().tickets)


@pytest.mark.parametrize("now", MOMENTS)
def test_no_place_is_left_unfilled(now: datetime) -> None:
    for ticket in desk(now).tickets:
        for text in (ticket.subject, ticket.description, *(m.text for m in ticket.messages)):
            assert "{" not in text
            assert "}" not in text
            assert "#" not in text
            assert "@+" not in text


def test_people_write_in_working_hours_mostly() -> None:
    zones = {person.email: ZoneInfo(person.time_zone) for person in desk().people}
    by_people = [t for t in desk().tickets if t.source != "monitoring"]
    local = [t.created_at.astimezone(zones[t.requester_email]) for t in by_people]
    weekdays = sum(moment.weekday() < 5 for moment in local)
    daytime = sum(6 <= moment.hour < 19 for moment in local)
    assert weekdays >= 0.93 * len(local)
    assert daytime >= 0.88 * len(local)


def test_german_goes_on_in_lower_case_after_the_greeting() -> None:
    openings = [
        paragraph
        for ticket in desk().tickets
        if ticket.language == "de"
        for message in ticket.messages
        if message.text.startswith("Guten Tag")
        for paragraph in message.text.split("\n\n")[1:2]
    ]
    assert openings
    for word in ("Bitte", "Tritt", "Haben", "Welche", "Der ", "Die ", "Wir "):
        assert not [text for text in openings if text.startswith(word)]


def test_attachments_are_small_and_what_they_say() -> None:
    files = [file for ticket in desk().tickets for file in ticket.attachments]
    for file in files:
        assert 0 < len(file.content) < 20_000
        if file.content_type == "image/png":
            assert file.content.startswith(b"\x89PNG")
        else:
            assert file.content.decode().startswith("# device")


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.key)
def test_every_situation_can_be_told_to_its_end(scenario: object) -> None:
    found = next(s for s in scenarios() if s is scenario)
    assert found.subjects
    assert found.problems
    assert found.surge or found.fix
    assert found.reopen == () or found.language in {"en", "de"}
    if found.paired:
        assert len(found.subjects) == len(found.problems)


def test_articles_have_steps_or_sections() -> None:
    for article in desk().articles:
        assert len(article.body.split()) > 45, article.key
        assert any(mark in article.body for mark in ("\n1. ", "1. ", "\n- ", "- ")), article.key


def _of(status: DemoStatus) -> list[DemoTicket]:
    return [ticket for ticket in desk().tickets if ticket.status is status]


def test_a_pending_ticket_waits_for_its_requester() -> None:
    for ticket in _of(DemoStatus.PENDING):
        last = ticket.messages[-1]
        assert last.visibility is DemoVisibility.PUBLIC
        assert last.author_email != ticket.requester_email
