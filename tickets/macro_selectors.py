"""Which macros an agent is offered on a ticket."""

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import Http404

from omnidesk.accounts.models import Team, User
from tickets.models import Macro, Ticket

MOST_OFFERED = 100


def offered_macros(user: User, ticket: Ticket, words: str = "") -> QuerySet[Macro]:
    """Everybody's, their teams' and their own, in the ticket's language first, most used first.

    `words` must all be in the name or the text. Queries: 1 when read.
    """
    teams = Team.objects.filter(team_memberships__user=user).values("pk")
    macros = Macro.objects.filter(
        Q(owner=None) | Q(owner=user),
        Q(team=None) | Q(team__in=teams),
        organization_id=ticket.organization_id,
        is_active=True,
    )
    for word in words.replace("\x00", "").split()[:8]:
        macros = macros.filter(Q(name__icontains=word) | Q(text__icontains=word))
    fits = Case(
        When(language=ticket.language, then=Value(0)),
        When(language="", then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    return macros.select_related("team").order_by(fits, "-used_count", "name", "pk")[:MOST_OFFERED]


def macro_for(user: User, ticket: Ticket, pk: int) -> Macro:
    """One macro that is offered to `user` on `ticket`; anything else is not there."""
    teams = Team.objects.filter(team_memberships__user=user).values("pk")
    found = Macro.objects.filter(
        Q(owner=None) | Q(owner=user),
        Q(team=None) | Q(team__in=teams),
        pk=pk,
        organization_id=ticket.organization_id,
        is_active=True,
    ).first()
    if found is None:
        raise Http404
    return found
