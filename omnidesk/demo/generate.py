"""`generate()`: the whole demo desk, the same for the same moment and seed.

Texts, people and the order of tickets depend on the day and the seed only. Within a day, the
newest tickets keep their distance from `now`, so that a fresh installation has a queue whose top
is minutes old.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from omnidesk.demo import timing
from omnidesk.demo.attachments import attachment
from omnidesk.demo.content.desk import CATEGORIES, ORGANIZATIONS, TEAMS
from omnidesk.demo.content.library import articles
from omnidesk.demo.content.people import MONITORING, PEOPLE
from omnidesk.demo.conversation import Conversation, converse, team_of
from omnidesk.demo.mix import Outcome, Plan, plans
from omnidesk.demo.types import (
    DemoArticle,
    DemoAttachment,
    DemoDesk,
    DemoPerson,
    DemoRole,
    DemoStatus,
    DemoTicket,
)
from omnidesk.demo.writing import Writer

CLOSED_AFTER = timedelta(days=5)
# Longer texts may not occur twice; a "thank you" may.
UNIQUE_FROM = 60
_ATTEMPTS = 200
_STATUS = {
    Outcome.NEW: DemoStatus.NEW,
    Outcome.OPEN: DemoStatus.OPEN,
    Outcome.PENDING: DemoStatus.PENDING,
    Outcome.ON_HOLD: DemoStatus.ON_HOLD,
    Outcome.REOPENED: DemoStatus.OPEN,
}


def generate(now: datetime, seed: int = 7) -> DemoDesk:
    """Write the demo desk as it would look at `now` (aware; seconds are dropped)."""
    moment = now.astimezone(UTC).replace(second=0, microsecond=0)
    return DemoDesk(
        generated_for=moment,
        organizations=ORGANIZATIONS,
        teams=TEAMS,
        people=PEOPLE,
        categories=CATEGORIES,
        articles=_articles(moment),
        tickets=_tickets(moment, seed),
    )


def _articles(now: datetime) -> tuple[DemoArticle, ...]:
    return tuple(
        DemoArticle(
            organization=article.organization,
            key=article.key,
            language=article.language,
            title=article.title,
            body=article.body,
            category=article.category,
            author_email=article.author_email,
            published_at=timing.day_start(now) - timedelta(days=article.age_days, hours=-10),
            public=True,
        )
        for article in articles()
    )


def _tickets(now: datetime, seed: int) -> tuple[DemoTicket, ...]:
    used: set[str] = set()
    found: list[DemoTicket] = []
    for index, plan in enumerate(plans(now, seed)):
        ticket = _unused(plan, now, f"{seed}:{index}", used)
        used.update(_texts(ticket))
        found.append(ticket)
    # Sorted last: the newest tickets move with `now`, and texts must not depend on that.
    return tuple(sorted(found, key=lambda ticket: ticket.created_at))


def _unused(plan: Plan, now: datetime, name: str, used: set[str]) -> DemoTicket:
    """Write until no text of the ticket has been written before."""
    for attempt in range(_ATTEMPTS):
        ticket = _ticket(plan, now, Random(f"{name}:{attempt}"))
        if used.isdisjoint(_texts(ticket)):
            return ticket
    raise ValueError(f"The texts of {plan.scenario.key} do not suffice for one more ticket.")


def _texts(ticket: DemoTicket) -> list[str]:
    """What has to be unique: subject, description and every longer message."""
    said = (message.text for message in ticket.messages)
    long_texts = (text for text in (ticket.description, *said) if len(text) >= UNIQUE_FROM)
    return [ticket.subject, *long_texts]


def _ticket(plan: Plan, now: datetime, rng: Random) -> DemoTicket:
    scenario = plan.scenario
    writer = Writer(
        rng=rng,
        language=scenario.language,
        requester=plan.requester,
        colleague=_colleague(rng, plan.requester),
        created_at=plan.created_at,
        slots=scenario.slots,
    )
    source = scenario.source or rng.choices(("portal", "email", "api"), (50, 45, 5))[0]
    index = plan.variant if plan.variant is not None else rng.randrange(len(scenario.problems))
    subject = scenario.pick(scenario.subjects, index, rng)
    description = writer.opening(scenario.problems[index], source=source)
    said = converse(plan, index, writer, rng, now)
    return DemoTicket(
        organization=plan.requester.organization,
        scenario=scenario.key,
        subject=writer.render(subject),
        description=description,
        requester_email=plan.requester.email,
        category=scenario.category,
        team=team_of(plan),
        urgency=scenario.urgency,
        impact=scenario.impact,
        language=scenario.language,
        source=source,
        status=_status(plan, said, now),
        created_at=plan.created_at,
        messages=said.messages,
        assignee_email=said.assignee.email if said.assignee else None,
        tags=_tags(plan),
        first_response_at=said.first_response_at,
        resolved_at=said.resolved_at,
        attachments=_attachments(plan, rng),
        article=_article(plan),
    )


def _status(plan: Plan, said: Conversation, now: datetime) -> DemoStatus:
    if said.resolved_at is None:
        return _STATUS[plan.outcome]
    waited = now - said.resolved_at
    return DemoStatus.CLOSED if waited >= CLOSED_AFTER else DemoStatus.RESOLVED


def _tags(plan: Plan) -> tuple[str, ...]:
    came_back = plan.outcome in {Outcome.REOPENED, Outcome.SOLVED_AGAIN}
    return (*plan.scenario.tags, "reopened") if came_back else plan.scenario.tags


def _article(plan: Plan) -> str | None:
    """The scenario's article where the requester's organization has it."""
    return next(
        (
            article.key
            for article in articles()
            if article.key == plan.scenario.article
            and article.organization == plan.requester.organization
        ),
        None,
    )


def _attachments(plan: Plan, rng: Random) -> tuple[DemoAttachment, ...]:
    name = plan.scenario.attachment
    if name:
        chosen = name
    elif not plan.scenario.by_machine and rng.random() < 0.07:
        chosen = "screenshot.png"
    else:
        return ()
    return (
        attachment(chosen, rng=rng, at=plan.created_at, device=plan.requester.device or "server"),
    )


def _colleague(rng: Random, person: DemoPerson) -> DemoPerson:
    """Somebody to be mentioned: from the same organization, of the same language if there is."""
    others = [
        other
        for other in PEOPLE
        if other.organization == person.organization
        and other.role is DemoRole.REQUESTER
        and other not in (person, MONITORING)
    ]
    near = [other for other in others if other.language == person.language]
    return rng.choice(near or others)
