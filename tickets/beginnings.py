"""What a new ticket of an organization begins with, kept in this process while it holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from tickets.choices import StatusCategory, priority_of
from tickets.kept import Kept
from tickets.models import ChecklistTemplate, PriorityCell, Rule, Status, TicketType


@dataclass(frozen=True, slots=True)
class Beginnings:
    """Rows for reading alone: every ticket that is opened in this process shares them.

    `starts` are the statuses in which tickets of a type begin, `usual` the one of all others; None
    where the organization was never set up. `listed` are the categories that bring a checklist.
    """

    type: TicketType | None
    starts: Mapping[int, Status]
    usual: Status | None
    priorities: Mapping[tuple[str, str], str]
    listed: frozenset[int]
    has_rules: bool

    def status(self, kind: TicketType | None) -> Status | None:
        """The status that a new ticket of a type begins in."""
        return self.starts.get(kind.pk, self.usual) if kind is not None else self.usual

    def priority(self, urgency: str, impact: str) -> str:
        """By the organization's matrix, else by the standard one."""
        return self.priorities.get((urgency, impact)) or priority_of(urgency, impact)


def beginnings_of(organization_id: int, version: UUID | None) -> Beginnings:
    """The organization's under its configuration's `version`. Queries: 0; 5 after a change."""
    return _KEPT.of(organization_id, version)


def _read(organization_id: int) -> Beginnings:
    here = {"organization_id": organization_id}
    rows = TicketType.objects.filter(**here).select_related("start")
    types = list(rows.order_by("-is_default", "position"))
    usual = Status.objects.filter(**here, category=StatusCategory.OPEN)
    cells = PriorityCell.objects.filter(**here).values_list("urgency", "impact", "priority")
    lists = ChecklistTemplate.objects.filter(**here, is_active=True)
    rules = Rule.objects.filter(**here, kind=Rule.Kind.EVENT, is_active=True)
    return Beginnings(
        type=next((one for one in types if one.is_active), None),
        starts={
            one.pk: one.start
            for one in types
            if one.start is not None and one.start.category == StatusCategory.OPEN
        },
        usual=usual.order_by("-is_default", "position").first(),
        priorities={(urgency, impact): priority for urgency, impact, priority in cells},
        listed=frozenset(
            pk for pk in lists.values_list("category_id", flat=True) if pk is not None
        ),
        has_rules=rules.exists(),
    )


_KEPT = Kept(_read)
