"""Following a ticket, by hand or because a colleague mentioned one."""

from django.db import transaction
from django.utils.translation import gettext as _

from omnidesk.accounts.models import User
from tickets.access import audience
from tickets.actions.base import Actor, FieldChange, InvalidChange, locked, record
from tickets.mentions import Mentionable, mentioned
from tickets.models import Mention, Message, Ticket, Watch
from tickets.setup_selectors import agents_of


@transaction.atomic
def follow(*, ticket: Ticket, actor: Actor, user: User) -> Ticket:
    """Let `user` hear of what happens on the ticket; twice is once.

    Raises `InvalidChange` for somebody who does not work on tickets of its organization.
    """
    ticket = locked(ticket)
    if not audience(ticket, [user.pk], desk_only=True):
        raise InvalidChange(
            _("%(name)s is not an agent of this organization.") % {"name": user}, "user"
        )
    row, created = Watch.objects.get_or_create(
        ticket=ticket, user=user, defaults={"organization_id": ticket.organization_id}
    )
    if created:
        record(ticket, actor, _change("ticket.followed", row.user), activity=False)
    return ticket


@transaction.atomic
def unfollow(*, ticket: Ticket, actor: Actor, user: User) -> Ticket:
    """Let `user` hear no more of the ticket than their part in it asks for; twice is once."""
    ticket = locked(ticket)
    deleted, _rows = Watch.objects.filter(ticket=ticket, user=user).delete()
    if deleted:
        record(ticket, actor, _change("ticket.unfollowed", user), activity=False)
    return ticket


def _change(verb: str, user: User) -> FieldChange:
    return FieldChange(verb, "follower", None, user.email)


def note_mentions(ticket: Ticket, message: Message) -> list[str]:
    """Let the colleagues whom a note names follow the locked ticket; their addresses, in order.

    Only agents of the ticket's organization can be named. Queries: none without an `@`.
    """
    text = message.text
    if "@" not in text:
        return []
    agents = {agent.pk: agent for agent in agents_of(ticket.organization_id)}
    known = [Mentionable(pk, agent.name, agent.email) for pk, agent in agents.items()]
    named = mentioned(text, known)
    Watch.objects.bulk_create(
        (
            Watch(organization_id=ticket.organization_id, ticket=ticket, user_id=user_id)
            for user_id in named
        ),
        ignore_conflicts=True,
    )
    Mention.objects.bulk_create(
        Mention(organization_id=ticket.organization_id, message=message, user_id=user_id)
        for user_id in named
    )
    return [agents[user_id].email for user_id in named]
