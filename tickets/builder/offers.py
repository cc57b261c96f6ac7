"""What a control offers: the options of each source are read once for a whole drawing."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from tickets.automation.options import OPEN, Pairs, names_of, options
from tickets.conditions import Catalogue, catalogue

# Several values out of a longer list than this are typed, one a line, where the list is open.
Options = list[tuple[str, str]]


@dataclass
class Offers:
    """The lists of one organization (queries: one per source that is drawn)."""

    organization_id: int
    _lists: dict[str, Pairs] = field(default_factory=dict)

    @cached_property
    def fields(self) -> Catalogue:
        """Every field a condition may ask about."""
        return catalogue(self.organization_id)

    def of(self, source: str, chosen: list[str]) -> Options:
        """The options of a source; what is chosen but not there any more is named as such."""
        if source not in self._lists:
            self._lists[source] = options(self.organization_id, source)
        offered = [(str(key), words) for key, words in self._lists[source]]
        known = {key for key, _words in offered}
        extra = [one for one in chosen if one and one not in known]
        if extra and source not in OPEN:
            offered += self._beyond(source, extra)
        return offered

    def is_open(self, source: str) -> bool:
        """Whether values that are not in the list may be typed."""
        return source in OPEN

    def _beyond(self, source: str, keys: list[str]) -> Options:
        """Rows that a long list left out, and those that are gone."""
        wanted: set[Any] = {int(key) if key.isdecimal() and len(key) < 19 else key for key in keys}
        names = names_of(self.organization_id, {source: wanted}).get(source, {})
        found = {str(key): words for key, words in names.items()}
        return [(key, found.get(key) or _("%(key)s (not there any more)") % {"key": key})
                for key in keys]  # fmt: skip
