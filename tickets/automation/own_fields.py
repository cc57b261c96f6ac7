"""An organization's custom fields as fields of its rules' conditions."""

from collections.abc import Iterable

from django.utils.translation import get_language

from tickets.conditions import Field, add_field_source
from tickets.conditions.own import own_field
from tickets.field_selectors import field_rules


@add_field_source
def own_fields(organization_id: int) -> Iterable[Field]:
    """One field per definition (queries: 1)."""
    language = get_language() or "en"
    for rule in field_rules(organization_id):
        yield own_field(rule, language, changes=True)
