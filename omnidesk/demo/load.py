"""Writes the demo desk into the database: people, teams, categories, articles, then tickets.

Rows are written in bulk, past the actions on purpose: nobody may get a mail about invented
tickets, and their history lies in the past. No event is published; the AI's own sweep finds what
it has not read.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from integrations.actions import set_up_mail_channel
from omnidesk.accounts.actions import create_organization
from omnidesk.accounts.models import Membership, Organization, Team, TeamMembership, User
from omnidesk.accounts.roles import Role
from omnidesk.core.tenancy import organization_scope
from omnidesk.demo.content.desk import NORDWERK
from omnidesk.demo.content.people import AGENT_EMAIL, LEAD_EMAIL, REQUESTER_EMAIL
from omnidesk.demo.load_clocks import set_demo_times
from omnidesk.demo.load_forms import write_forms
from omnidesk.demo.load_routine import write_routine
from omnidesk.demo.load_tickets import write_tickets
from omnidesk.demo.types import DemoDesk
from tickets.actions.catalog import set_up_organization
from tickets.models import Article, Category

# The accounts a visitor may sign in with; everybody else has no usable password.
SIGN_IN = (AGENT_EMAIL, LEAD_EMAIL, REQUESTER_EMAIL)


@dataclass(slots=True)
class Loaded:
    """What was written, by the demo desk's keys."""

    organizations: dict[str, Organization] = field(default_factory=dict[str, Organization])
    people: dict[str, User] = field(default_factory=dict[str, User])
    teams: dict[tuple[str, str], Team] = field(default_factory=dict[tuple[str, str], Team])
    categories: dict[tuple[str, str], Category] = field(
        default_factory=dict[tuple[str, str], Category]
    )


def is_loaded() -> bool:
    """Whether the demo organization is there already."""
    return Organization.objects.filter(slug=NORDWERK).exists()


def load(desk: DemoDesk, *, password: str) -> Loaded:
    """Write the whole desk in one transaction; `password` opens the three accounts of `SIGN_IN`."""
    loaded = Loaded()
    with organization_scope(()):
        _write_organizations(desk, loaded)
        _write_people(desk, loaded, password)
        _write_teams(desk, loaded)
        _write_categories(desk, loaded)
        _write_articles(desk, loaded)
        write_forms(
            loaded.organizations[NORDWERK],
            {key: row for (place, key), row in loaded.categories.items() if place == NORDWERK},
            {key: row for (place, key), row in loaded.teams.items() if place == NORDWERK},
        )
        write_tickets(
            desk,
            organizations=loaded.organizations,
            people=loaded.people,
            teams=loaded.teams,
            categories=loaded.categories,
        )
        # Last, so that no rule is asked about what lies in the past.
        write_routine(
            loaded.organizations[NORDWERK],
            {key: row for (place, key), row in loaded.teams.items() if place == NORDWERK},
            loaded.people[LEAD_EMAIL],
        )
    return loaded


def _write_organizations(desk: DemoDesk, loaded: Loaded) -> None:
    for one in desk.organizations:
        organization = create_organization(
            name=one.name,
            slug=one.key,
            domains=[one.domain],
            language=one.language,
            timezone=one.time_zone,
        )
        set_up_organization(organization)
        set_demo_times(organization)
        set_up_mail_channel(organization, one.support_email, name=one.name)
        loaded.organizations[one.key] = organization


def _write_people(desk: DemoDesk, loaded: Loaded, password: str) -> None:
    hashed = make_password(password)
    User.objects.bulk_create(
        (
            User(
                email=person.email,
                name=person.name,
                job_title=person.job_title,
                site=person.site,
                language=person.language,
                timezone=person.time_zone,
                password=hashed if person.email in SIGN_IN else make_password(None),
            )
            for person in desk.people
        ),
        # Somebody may have registered one of these addresses before: they stay as they are.
        ignore_conflicts=True,
    )
    emails = [person.email for person in desk.people]
    loaded.people = {user.email: user for user in User.objects.filter(email__in=emails)}
    EmailAddress.objects.bulk_create(
        (
            EmailAddress(user=loaded.people[email], email=email, verified=True, primary=True)
            for email in SIGN_IN
        ),
        ignore_conflicts=True,
    )
    _write_memberships(desk, loaded)


def _write_memberships(desk: DemoDesk, loaded: Loaded) -> None:
    rows = [
        Membership(
            organization=loaded.organizations[key],
            user=loaded.people[person.email],
            role=person.role.value,
        )
        for person in desk.people
        for key in (person.organization, *person.also_in)
    ]
    rows += [
        Membership(
            organization=loaded.organizations[NORDWERK], user=user, role=Role.ADMINISTRATOR.value
        )
        for user in User.objects.filter(is_superuser=True).exclude(email__in=loaded.people)
    ]
    Membership.objects.bulk_create(rows)


def _write_teams(desk: DemoDesk, loaded: Loaded) -> None:
    teams = Team.objects.bulk_create(
        Team(
            organization=loaded.organizations[team.organization],
            name=team.name,
            slug=team.key,
            description=team.description,
        )
        for team in desk.teams
    )
    for one, team in zip(desk.teams, teams, strict=True):
        loaded.teams[one.organization, one.key] = team
    TeamMembership.objects.bulk_create(
        TeamMembership(
            organization_id=team.organization_id, team=team, user=loaded.people[person.email]
        )
        for (organization, key), team in loaded.teams.items()
        for person in desk.people
        if organization in (person.organization, *person.also_in) and _works_in(person.teams, key)
    )


def _works_in(teams: tuple[str, ...], key: str) -> bool:
    # Agents lent to the client organization join its only team.
    return key in teams or (key == "support" and bool(teams))


def _write_categories(desk: DemoDesk, loaded: Loaded) -> None:
    categories = Category.objects.bulk_create(
        Category(
            organization=loaded.organizations[category.organization],
            name=category.name,
            description=category.description,
            default_team=loaded.teams[category.organization, category.team],
        )
        for category in desk.categories
    )
    for one, category in zip(desk.categories, categories, strict=True):
        loaded.categories[one.organization, one.key] = category


def _write_articles(desk: DemoDesk, loaded: Loaded) -> None:
    articles = Article.objects.bulk_create(
        Article(
            organization=loaded.organizations[article.organization],
            title=article.title,
            slug=article.key,
            body=article.body,
            language=article.language,
            category=loaded.categories[article.organization, article.category],
            state=Article.State.PUBLISHED.value,
            is_public=article.public,
            author=loaded.people[article.author_email],
        )
        for article in desk.articles
    )
    for one, article in zip(desk.articles, articles, strict=True):
        article.created_at = article.updated_at = one.published_at
    Article.objects.bulk_update(articles, ["created_at", "updated_at"])
