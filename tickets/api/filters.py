"""Query parameters of the ticket list."""

from typing import Any

from django.db.models import Case, IntegerField, Q, Value, When
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from omnidesk.core.api.pagination import Ordering
from omnidesk.core.api.serializers import OneOrMany, PageQuery, Text
from omnidesk.core.clock import now
from tickets.choices import Priority, Source, StatusCategory, Urgency
from tickets.field_selectors import PREFIX
from tickets.models import TicketQuerySet
from tickets.selectors import TicketFilter, filter_tickets
from tickets.sla import SlaState, in_sla_state


def _rank(field: str, levels: list[str]) -> Case:
    whens = [When(**{field: level}, then=Value(rank)) for rank, level in enumerate(levels)]
    return Case(*whens, default=Value(-1), output_field=IntegerField())


ORDERINGS = {
    "created_at": Ordering("created_at"),
    "updated_at": Ordering("updated_at"),
    "last_activity_at": Ordering("last_activity_at"),
    "number": Ordering("number", int),
    "urgency": Ordering(_rank("urgency", Urgency.values), int),
    "priority": Ordering(_rank("priority", Priority.values), int),
}
DEFAULT_ORDERING = "-created_at"


def _many(choices: Any = None, *, split: bool = True, **options: Any) -> OneOrMany:
    child = serializers.ChoiceField(choices=choices) if choices else Text(max_length=200)
    return OneOrMany(child=child, required=False, split=split, **options)


class TicketQuery(PageQuery):
    """Filters, named after fields. Repeat a parameter, or separate values by commas.

    `field.<key>=` filters by a custom field, for example `field.cost_centre=4711`.
    """

    family = PREFIX
    status = _many(help_text=_("Status keys."))
    status_category = _many(StatusCategory.choices)
    category = _many(split=False, help_text=_("Category names; repeat for several."))
    urgency = _many(Urgency.choices)
    priority = _many(Priority.choices)
    team = _many(help_text=_("Short names."))
    assignee = Text(required=False, max_length=254, help_text=_("Address, id, `me` or `none`."))
    requester = Text(required=False, max_length=254, help_text=_("Address, id or `me`."))
    organization = _many(help_text=_("Short names or ids."))
    source = _many(Source.choices)  # type: ignore[assignment]
    tag = _many(split=False, help_text=_("Tags; repeat for several."))
    created_after = serializers.DateTimeField(required=False)
    created_before = serializers.DateTimeField(required=False)
    updated_after = serializers.DateTimeField(required=False)
    sla = serializers.ChoiceField(choices=SlaState.choices, required=False)
    q = Text(required=False, max_length=500, help_text=_("Words in subject or description."))


def wanted_fields(request: Request) -> dict[str, list[str]]:
    """The custom fields that a list is filtered by: key -> one of these values."""
    query = request.query_params
    return {
        name.removeprefix(PREFIX): query.getlist(name) for name in query if name.startswith(PREFIX)
    }


def filtered(tickets: TicketQuerySet, query: dict[str, Any], user_id: int) -> TicketQuerySet:
    """`tickets` that match `query`; adds no query of its own."""
    given = {name: query[name] for name in TicketFilter.__slots__ if name in query}
    for role in ("assignee", "requester"):
        if given.get(role) == "me":
            given[role] = str(user_id)
    if places := given.pop("organization", None):
        ids = [int(place) for place in places if place.isascii() and place.isdigit()][:100]
        small = [i for i in ids if i < 2**63]
        tickets = tickets.filter(Q(organization__slug__in=places) | Q(organization_id__in=small))
    if state := query.get("sla"):
        tickets = tickets.filter(in_sla_state(state, now()))
    return filter_tickets(tickets, TicketFilter(**given))
