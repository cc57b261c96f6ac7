"""The ledger of what left the installation and came back: as a file, and of one ticket."""

import csv
import json
from collections.abc import Iterator

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from ai.ledger_selectors import FIELDS, calls_of, calls_on
from omnidesk.accounts.models import Organization
from omnidesk.accounts.requests import DeskRequest
from omnidesk.accounts.roles import Role
from tickets.access import access_ticket
from tickets.time_selectors import safe_cell
from tickets.views.frame import desk_page

CSV = "csv"


class _Lines(list[str]):
    """A file whose writes are kept."""

    def write(self, line: str) -> None:
        """Keep one line."""
        self.append(line)


@require_GET
@desk_page
def export(request: DeskRequest, slug: str) -> HttpResponse:
    """An organization's calls, newest first, as JSON lines or CSV; for its administrators."""
    places = Organization.objects.filter(pk__in=request.user.staffed_organization_ids())
    organization = places.filter(slug=slug).first()
    if organization is None or not request.user.has_role(organization.pk, Role.ADMINISTRATOR):
        raise Http404(_("There is no such ledger here."))
    rows = calls_of(organization.pk)
    if request.GET.get("format") == CSV:
        body, kind, ending = _as_csv(rows), "text/csv", "csv"
    else:
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        body, kind, ending = "".join(lines), "application/x-ndjson", "jsonl"
    response = HttpResponse(body, content_type=f"{kind}; charset=utf-8")
    name = f"ai-ledger-{organization.slug}.{ending}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_GET
@desk_page
def calls(request: DeskRequest, number: int) -> HttpResponse:
    """What left for one ticket and came back, call by call, byte for byte."""
    ticket = access_ticket(request.user, number, need="work")
    found, total = calls_on(ticket)
    context = {"ticket": ticket, "calls": found, "total": total, "nav_key": "open"}
    return render(request, "ai/calls.html", context)


def _as_csv(rows: Iterator[dict[str, str | int]]) -> str:
    """With the byte order mark, without which spreadsheets do not take it for UTF-8."""
    lines = _Lines(["\ufeff"])
    writer = csv.writer(lines)
    writer.writerow(FIELDS)
    writer.writerows([safe_cell(str(value)) for value in row.values()] for row in rows)
    return "".join(lines)
