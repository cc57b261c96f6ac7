"""Cursor pagination by key and primary key: stable while rows come and go, exact with ties."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import Combinable
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.utils.urls import replace_query_param

DEFAULT_SIZE = 25
LARGEST_SIZE = 100
LARGEST_KEY = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Ordering:
    """A column or expression that never is NULL, and the Python type of its values."""

    by: str | Combinable
    kind: type[datetime] | type[int] = datetime


@dataclass(frozen=True, slots=True)
class Cursor:
    """The row at which a page begins or, going `backwards`, ends; that row is not on it."""

    ordering: str
    value: datetime | int
    pk: int
    backwards: bool


class Page:
    """One page of `queryset`, sorted by one of `orderings` (name -> `Ordering`)."""

    def __init__(
        self,
        request: Request,
        queryset: QuerySet[Any],
        orderings: Mapping[str, Ordering],
        default: str,
    ) -> None:
        self.request = request
        name = request.query_params.get("ordering") or default
        self.ordering = orderings.get(name.removeprefix("-")) or _refuse_ordering(orderings)
        self.name = name
        cursor = _read(request.query_params.get("cursor", ""), name, self.ordering)
        self.rows, self.next, self.previous = self._fetch(queryset, cursor)

    def _fetch(
        self, queryset: QuerySet[Any], cursor: Cursor | None
    ) -> tuple[list[Any], str | None, str | None]:
        backwards = cursor is not None and cursor.backwards
        descending = self.name.startswith("-") != backwards
        by = F(self.ordering.by) if isinstance(self.ordering.by, str) else self.ordering.by
        rows = queryset.annotate(page_key=by)
        if cursor is not None:
            step = "lt" if descending else "gt"
            rows = rows.filter(
                Q(**{f"page_key__{step}": cursor.value})
                | Q(**{"page_key": cursor.value, f"pk__{step}": cursor.pk})
            )
        sign = "-" if descending else ""
        size = page_size(self.request)
        found = list(rows.order_by(f"{sign}page_key", f"{sign}pk")[: size + 1])
        more, found = len(found) > size, found[:size]
        if backwards:
            found.reverse()
        has_next = backwards or more
        has_previous = more if backwards else cursor is not None
        return (
            found,
            self._link(found[-1], backwards=False) if found and has_next else None,
            self._link(found[0], backwards=True) if found and has_previous else None,
        )

    def _link(self, row: Any, *, backwards: bool) -> str:
        value = row.page_key
        key = value.isoformat() if isinstance(value, datetime) else value
        packed = json.dumps([self.name, key, row.pk, int(backwards)]).encode()
        cursor = base64.urlsafe_b64encode(packed).decode().rstrip("=")
        return replace_query_param(self.request.build_absolute_uri(), "cursor", cursor)

    def response(self, serializer: type[BaseSerializer[Any]], **context: Any) -> Response:
        """`{next, previous, results}`."""
        results = serializer(self.rows, many=True, context={"request": self.request, **context})
        return Response({"next": self.next, "previous": self.previous, "results": results.data})


def page_size(request: Request) -> int:
    """How many rows the caller wants: 1 to 100, 25 by default; more than 100 means 100."""
    given = request.query_params.get("page_size", "")
    if not given:
        return DEFAULT_SIZE
    if not given.isascii() or not given.isdigit() or len(given) > 9 or int(given) < 1:
        raise ValidationError({"page_size": [_("A whole number from 1 to 100.")]})
    return min(int(given), LARGEST_SIZE)


def _refuse_ordering(orderings: Mapping[str, Ordering]) -> Ordering:
    known = ", ".join(orderings)
    raise ValidationError({"ordering": [_("One of %(known)s.") % {"known": known}]})


def _read(text: str, ordering: str, expected: Ordering) -> Cursor | None:
    if not text:
        return None
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        name, key, pk, backwards = json.loads(packed)
        value = datetime.fromisoformat(key) if expected.kind is datetime else int(key)
        if name != ordering or not 0 < int(pk) <= LARGEST_KEY:
            raise ValueError(text)
        if isinstance(value, datetime):
            value.utctimetuple()
        elif abs(value) > LARGEST_KEY:
            raise ValueError(text)
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError):
        raise ValidationError(
            {"cursor": [_("This cursor does not belong to this list and ordering.")]}
        ) from None
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValidationError({"cursor": [_("This cursor cannot be read.")]})
    return Cursor(name, value, int(pk), bool(backwards))
