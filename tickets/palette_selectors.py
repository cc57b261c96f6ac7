"""What the palette finds while somebody types: places, tickets, people, articles, actions."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from omnidesk.accounts.models import User
from tickets.access import desk_tickets, readable_articles
from tickets.choices import Priority
from tickets.models import Article, Ticket
from tickets.portal_selectors import search_articles
from tickets.search_selectors import numbered_tickets, typed_tickets
from tickets.setup_selectors import desk_setups
from tickets.view_selectors import View, desk_views

MOST = 6
MOST_ACTIONS = 8
# A sign at the beginning asks for one kind alone.
SIGNS = {">": "actions", "#": "tickets", "@": "people"}


@dataclass(frozen=True, slots=True)
class Act:
    """Something that can be done to the tickets at hand: what `desk:bulk` takes, or an address."""

    words: str
    icon: str
    do: str = ""
    url: str = ""
    keys: str = ""


@dataclass(slots=True)
class Found:
    """Everything for one text. `words` is the text without its sign."""

    words: str
    only: str = ""
    actions: list[Act] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    people: list[User] = field(default_factory=list)
    articles: list[Article] = field(default_factory=list)
    places: list[View] = field(default_factory=list)


def palette(user: User, text: str, numbers: Sequence[str]) -> Found:
    """What fits `text`; actions only where tickets are at hand.

    Queries: 0 to 3, and 1 or 2 for a number that another system may have given.
    """
    only = SIGNS.get(text[:1], "")
    words = text[1:].strip() if only else text.strip()
    found = Found(words, only)
    if numbers and only in ("", "actions"):
        found.actions = _fitting(user, words)[: MOST_ACTIONS if words or only else 4]
    if not words:
        return found
    if only in ("", "tickets"):
        typed = typed_tickets(desk_tickets(user), words)[:MOST]
        both = {row.pk: row for row in (*numbered_tickets(user, words), *typed)}
        found.tickets = list(both.values())[:MOST]
    if only in ("", "people"):
        found.people = _people(user, words)
    if not only:
        found.articles = list(search_articles(readable_articles(user), words)[:4])
        folded = words.casefold()
        found.places = [v for v in desk_views(user) if folded in str(v.name).casefold()][:4]
    return found


def _fitting(user: User, words: str) -> list[Act]:
    parts = words.casefold().split()
    acts = _actions(user)
    return [act for act in acts if all(part in act.words.casefold() for part in parts)]


def _actions(user: User) -> list[Act]:
    setups = desk_setups(user)
    assign, status = _("Assign to %(name)s"), _("Set status to %(name)s")
    people = {agent.pk: agent.display_name for s in setups for agent in s.agents}
    return [
        Act(_("Assign to me"), "person", "assignee:me", keys="I"),
        Act(_("Resolve"), "check", "status:solved", keys="E"),
        Act(_("Reply to all"), "reply", url=reverse("desk:bulk_answer")),
        Act(_("Change several"), "pencil", url=reverse("desk:bulk_edit")),
        *(Act(status % {"name": _(s.name)}, "circle", f"status:{s.pk}")
          for setup in setups for s in setup.statuses),
        *(Act(_("Set priority to %(name)s") % {"name": name}, "flag", f"priority:{key}")
          for key, name in Priority.choices),
        *(Act(_("Set category to %(name)s") % {"name": c.name}, "tag", f"category:{c.pk}")
          for setup in setups for c in setup.categories),
        *(Act(_("Route to %(name)s") % {"name": t.name}, "people", f"team:{t.pk}")
          for setup in setups for t in setup.teams),
        *(Act(assign % {"name": name}, "person", f"assignee:{pk}")
          for pk, name in people.items()),
        Act(_("Assign to nobody"), "person", "assignee:"),
    ]  # fmt: skip


def _people(user: User, words: str) -> list[User]:
    """People of the organizations that this person works for. Queries: 1."""
    parts = words.split()[:4]
    named = Q()
    for part in parts:
        named &= Q(name__icontains=part) | Q(email__icontains=part)
    here = Q(memberships__organization_id__in=user.staffed_organization_ids())
    people = User.objects.filter(here, named, is_active=True).distinct()
    return list(people.only("name", "email", "site").order_by("name", "pk")[:MOST])
