"""The cast of most tests: two organizations, and people who may and may not.

Alice is an agent, Bob a lead, Dana a requester of Nordwerk; Charlie is an outsider: an agent of
another organization, who must never see anything of Nordwerk's.
"""

from dataclasses import dataclass

from allauth.account.models import EmailAddress

from omnidesk.accounts.actions import add_member, add_to_team, create_organization
from omnidesk.accounts.models import Organization, Team, User
from omnidesk.accounts.roles import Role
from tickets.actions.base import Actor
from tickets.actions.catalog import set_up_organization
from tickets.actions.intake import Body, Triage, open_ticket
from tickets.choices import Source
from tickets.models import Category, Ticket

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Cast:
    """Everybody, with the organizations, teams and categories they work in."""

    nordwerk: Organization
    lumen: Organization
    alice: User
    bob: User
    dana: User
    charlie: User
    admin: User
    network: Team
    vpn: Category
    printing: Category

    def ticket(
        self,
        subject: str = "VPN drops every few minutes",
        text: str = "Since this morning the VPN disconnects every five minutes.",
        *,
        triage: Triage | None = None,
        source: Source = Source.PORTAL,
    ) -> Ticket:
        """A ticket that Dana opened; call inside a scope of Nordwerk."""
        return open_ticket(
            organization_id=self.nordwerk.pk,
            requester=self.dana,
            subject=subject,
            body=Body(text=text),
            source=source,
            actor=Actor.person(self.dana),
            triage=triage,
        )


def person(email: str, name: str, *, superuser: bool = False) -> User:
    """Someone who can sign in with `PASSWORD`."""
    create = User.objects.create_superuser if superuser else User.objects.create_user
    # What they send goes at once; tests of taking back say otherwise.
    user = create(email, PASSWORD, name=name, undo_seconds=0)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def hire() -> Cast:
    """Create the whole cast; the caller holds a system or organization scope."""
    nordwerk = create_organization(
        name="Nordwerk", slug="nordwerk", domains=["nordwerk.example"], timezone="Europe/Berlin"
    )
    lumen = create_organization(name="Atelier Lumen", slug="lumen", domains=["lumen.example"])
    for organization in (nordwerk, lumen):
        set_up_organization(organization)
    alice = person("alice@nordwerk.example", "Alice Agent")
    bob = person("bob@nordwerk.example", "Bob Lead")
    dana = person("dana@nordwerk.example", "Dana Requester")
    charlie = person("charlie@lumen.example", "Charlie Outsider")
    admin = person("root@omnidesk.example", "Ada Admin", superuser=True)
    for user, role in ((alice, Role.AGENT), (bob, Role.LEAD), (dana, Role.REQUESTER)):
        add_member(organization=nordwerk, user=user, role=role)
    add_member(organization=lumen, user=charlie, role=Role.AGENT)
    network = Team.objects.create(organization=nordwerk, name="Network & VPN", slug="network")
    add_to_team(team=network, user=alice)
    return Cast(
        nordwerk=nordwerk,
        lumen=lumen,
        alice=alice,
        bob=bob,
        dana=dana,
        charlie=charlie,
        admin=admin,
        network=network,
        vpn=Category.objects.create(
            organization=nordwerk,
            name="VPN & remote",
            description="VPN client, remote access, connection from home.",
            default_team=network,
        ),
        printing=Category.objects.create(
            organization=nordwerk, name="Printing", description="Printers, toner, paper jam."
        ),
    )
