"""The gate: from a person to the tickets, messages and files they may see or work on.

Views, the API and the websocket fetch through here and nowhere else. Another organization's
ticket is `TicketNotFound`, exactly like a number that was never given.
"""

from collections.abc import Iterable
from typing import Literal

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from omnidesk.accounts.models import Membership, Organization, User
from omnidesk.accounts.roles import STAFF_ROLES, Role
from tickets.choices import MessageKind
from tickets.models import Article, ArticleFile, Attachment, Message, Ticket, TicketQuerySet

Need = Literal["read", "write", "work", "manage"]
# The column is a bigint: a longer number cannot exist and must not reach the database.
LARGEST_NUMBER = 2**63 - 1


class TicketNotFound(Http404):
    """No such ticket as far as this person may know."""

    def __init__(self, number: object) -> None:
        super().__init__(_("There is no ticket %(number)s here.") % {"number": number})


def visible_tickets(user: User, *, deleted: bool = False) -> TicketQuerySet:
    """Every ticket `user` may read: their own, and those of organizations they work for or read."""
    own = Q(requester=user, organization_id__in=user.visible_organization_ids())
    read = user.staffed_organization_ids() | user.read_organization_ids()
    tickets = Ticket.objects.filter(own | Q(organization_id__in=read))
    return tickets.filter(deleted_at__isnull=False) if deleted else tickets.alive()


def desk_tickets(user: User) -> TicketQuerySet:
    """The tickets `user` works on as an agent."""
    return Ticket.objects.alive().filter(organization_id__in=user.staffed_organization_ids())


def access_ticket(
    user: User,
    number: int | str,
    *,
    need: Need = "read",
    lock: bool = False,
    deleted: bool = False,
    lean: bool = False,
) -> Ticket:
    """The ticket with `number`, if `user` may do what they `need`.

    `read` is the requester's, the desk's, and theirs who may read all of the organization;
    `write` (answer, close) the requester's and the desk's; `work` (notes, assignment, triage) an
    agent's; `manage` (delete, restore) an administrator's. `lock` holds the row until the
    transaction ends. `lean` reads it without what a setup has (`put_relations`).

    Raises `TicketNotFound` or `PermissionDenied`.
    """
    value = _number(number)
    tickets = visible_tickets(user, deleted=deleted)
    if lean:
        tickets = tickets.select_related("type", "pending_reason", "requester").defer("search")
    else:
        tickets = tickets.with_row_relations()
    ticket = tickets.filter(number=value).first()
    if ticket is not None and lock:
        ticket = tickets.lock(ticket.pk).filter(number=value).first()
    if ticket is None:
        raise TicketNotFound(number)
    if need == "write" and not writes_on(user, ticket):
        raise PermissionDenied(_("Only its requester and the service desk can do this."))
    if need == "work" and not works_on(user, ticket):
        raise PermissionDenied(_("Only the service desk can do this."))
    if need == "manage" and not user.has_role(ticket.organization_id, Role.ADMINISTRATOR):
        raise PermissionDenied(_("Only an administrator can do this."))
    return ticket


def _number(number: int | str) -> int:
    try:
        value = int(number)
    except (TypeError, ValueError):
        raise TicketNotFound(number) from None
    if not 0 < value <= LARGEST_NUMBER:
        raise TicketNotFound(number)
    return value


def works_on(user: User, ticket: Ticket) -> bool:
    """Whether `user` is an agent of the ticket's organization."""
    return user.has_role(ticket.organization_id, Role.AGENT)


def writes_on(user: User, ticket: Ticket) -> bool:
    """Whether `user` answers on the ticket: its requester, or an agent of its organization."""
    return ticket.requester_id == user.pk or works_on(user, ticket)


def readable_messages(user: User, ticket: Ticket) -> QuerySet[Message]:
    """The conversation as `user` may read it: internal notes are the desk's alone."""
    messages = ticket.messages.select_related("author").prefetch_related("attachments")
    if works_on(user, ticket):
        return messages
    return messages.exclude(kind=MessageKind.INTERNAL)


def readable_attachments(user: User, ticket: Ticket) -> QuerySet[Attachment]:
    """The files `user` may open: those of internal notes are the desk's alone.

    A file without a message yet is its uploader's and the desk's: it may go into a note. One of
    a draft is its writer's alone.
    """
    files = ticket.attachments.filter(Q(draft=None) | Q(uploaded_by=user))
    if works_on(user, ticket):
        return files
    sent = Q(message__isnull=False) | Q(uploaded_by=user)
    return files.filter(sent, is_internal=False).exclude(message__kind=MessageKind.INTERNAL)


def readable_articles(user: User) -> QuerySet[Article]:
    """Published articles for requesters; every article for those who work there."""
    published = Q(
        state=Article.State.PUBLISHED,
        is_public=True,
        organization_id__in=user.visible_organization_ids(),
    )
    return Article.objects.filter(
        published | Q(organization_id__in=user.staffed_organization_ids())
    ).select_related("category")


def access_article_file(user: User, pk: int) -> ArticleFile:
    """A file of an article that `user` may read; anything else is not there. Queries: 1."""
    row = ArticleFile.objects.filter(pk=pk, article__in=readable_articles(user)).first()
    if row is None:
        raise Http404
    return row


def home_organization(user: User) -> Organization:
    """Where a ticket that `user` opens belongs: their own organization first.

    Raises `PermissionDenied` for a person without any membership.
    """
    organization_id = home_id(user)
    if not organization_id:
        raise PermissionDenied(_("You do not belong to an organization yet. Ask your IT desk."))
    return Organization.objects.get(pk=organization_id)


def home_id(user: User) -> int:
    """Id of that organization, 0 for a person without any membership. Queries: 0."""
    roles = user.roles()
    candidates = sorted(roles, key=lambda o: (roles[o] != Role.REQUESTER, o))
    return next(iter(candidates or sorted(user.visible_organization_ids())), 0)


def access_attachment(user: User, attachment_id: int) -> Attachment:
    """One file that `user` may open; anything else is not there. Queries: 2 and more."""
    row = Attachment.objects.select_related("ticket").filter(pk=attachment_id).first()
    if row is None:
        raise Http404
    ticket = access_ticket(user, row.ticket.number)
    if not readable_attachments(user, ticket).filter(pk=row.pk).exists():
        raise Http404
    return row


def access_message(user: User, message_id: int) -> Message:
    """One message that `user` may read; anything else is not there. Queries: 3 and more."""
    row = Message.objects.select_related("ticket").filter(pk=message_id).first()
    if row is None:
        raise Http404
    ticket = access_ticket(user, row.ticket.number)
    found = readable_messages(user, ticket).filter(pk=row.pk).first()
    if found is None:
        raise Http404
    return found


def audience(ticket: Ticket, user_ids: Iterable[int], *, desk_only: bool = False) -> list[User]:
    """Those of `user_ids` who are active and may see `ticket` now. Queries: 1.

    The desk of its organization, and its requester unless it is for the `desk_only`; nobody at
    all for a ticket in the bin.
    """
    if ticket.deleted_at is not None:
        return []
    members = Membership.objects.filter(organization_id=ticket.organization_id)
    who = Q(is_superuser=True) | Q(pk__in=members.filter(role__in=STAFF_ROLES).values("user"))
    if not desk_only:
        who |= Q(pk=ticket.requester_id, pk__in=members.values("user"))
    return list(User.objects.filter(who, pk__in=set(user_ids), is_active=True))
